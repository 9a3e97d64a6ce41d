variable "domain" {
  description = "A name such as stt.example.com; the Route 53 zone that it lies in; a certificate where there is one already."
  type = object({
    name            = string
    zone_id         = string
    certificate_arn = optional(string)
  })

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain.name))
    error_message = "Write a domain name such as stt.example.com."
  }
}

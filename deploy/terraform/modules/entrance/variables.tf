variable "name" {
  description = "What every name begins with, such as stt-prod."
  type        = string
}

variable "vpc_id" {
  description = "Network of the load balancer."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets in at least two zones."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the load balancer: its allow-list of addresses is there."
  type        = string
}

variable "domain" {
  description = "Name of the UI, such as stt.example.com; the Route 53 zone that it lies in; a certificate where there is one already."
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

variable "sign_in_prefix" {
  description = "What the sign-in page's address begins with, unique in the region."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", var.sign_in_prefix)) && !can(regex("aws|amazon|cognito", var.sign_in_prefix))
    error_message = "Write lower-case letters, digits and hyphens; aws, amazon and cognito are reserved."
  }
}

variable "access_log_bucket" {
  description = "Bucket for the load balancer's access logs."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the firewall's log."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the firewall's log is kept."
  type        = number
}

variable "requests_per_5_minutes" {
  description = "Requests of one address in five minutes, above which it is refused."
  type        = number
  default     = 3000

  validation {
    condition     = var.requests_per_5_minutes >= 100
    error_message = "The firewall counts from 100 on."
  }
}

variable "protected" {
  description = "Whether the load balancer and the users must be unlocked before they can be deleted."
  type        = bool
  default     = true
}

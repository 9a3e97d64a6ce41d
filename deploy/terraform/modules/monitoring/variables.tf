variable "name" {
  description = "What every name begins with, such as stt-prod; also the namespace of the pipeline's metrics."
  type        = string
}

variable "account" {
  description = "Partition, number and region that ARNs are made of."
  type = object({
    partition = string
    id        = string
    region    = string
  })
}

variable "kms_key_arn" {
  description = "Key that encrypts alerts and the log of interruptions."
  type        = string
}

variable "alert_emails" {
  description = "Who is told; each confirms once by a link."
  type        = list(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for one in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[a-z]+$", one))])
    error_message = "Name at least one address: an alarm that nobody hears is none."
  }
}

variable "margin_h" {
  description = "Hours before the deadline by which the work is to end; a forecast within them is an alarm."
  type        = number
}

variable "database" {
  description = "Identifier of the database, null for one that was brought along; its storage in GB."
  type = object({
    identifier = optional(string)
    storage_gb = optional(number, 20)
  })
}

variable "load_balancer" {
  description = "The load balancer and its targets as CloudWatch names them."
  type        = map(string)
}

variable "with_service" {
  description = "Whether there is the service that transcribes on demand: the dashboard shows it."
  type        = bool
  default     = false
}

variable "runbook_url" {
  description = "Where the runbook is read; each alarm says so."
  type        = string

  validation {
    condition     = startswith(var.runbook_url, "https://")
    error_message = "Write an address that begins with https://."
  }
}

variable "log_retention_days" {
  description = "Days that interruptions are kept."
  type        = number
}

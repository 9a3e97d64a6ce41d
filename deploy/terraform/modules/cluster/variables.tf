variable "name" {
  description = "Name of the cluster, such as stt-prod."
  type        = string
}

variable "vpc_id" {
  description = "Network in which the code server has a name."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that logs of tasks are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827 or 3653 days."
  }
}

variable "roles" {
  description = "Kinds of tasks; each has a log group."
  type        = set(string)
}

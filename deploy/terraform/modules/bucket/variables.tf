variable "name" {
  description = "Name of the bucket, unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "Write 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "encryption" {
  description = "Key that encrypts the objects; null for S3's own keys."
  type        = object({ kms_key_arn = string })
  default     = null
}

variable "access_log_bucket" {
  description = "Bucket that takes this one's access logs; null for none."
  type        = string
  default     = null
}

variable "expire_days" {
  description = "Days after which objects go, by prefix; the empty prefix is the whole bucket."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire_days) : days >= 1])
    error_message = "Keep objects at least a day."
  }
}

variable "archive_days" {
  description = "Days after which objects move to Intelligent-Tiering; null for never."
  type        = number
  default     = null
}

variable "old_version_days" {
  description = "Days that a replaced or deleted version can still be had back."
  type        = number
  default     = 30

  validation {
    condition     = var.old_version_days >= 1
    error_message = "Keep old versions at least a day."
  }
}

variable "statements" {
  description = "More statements of the bucket's policy."
  type        = any
  default     = []
}

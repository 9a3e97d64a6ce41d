variable "name" {
  description = "Identifier of the instance, such as stt-prod."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the database."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts storage, logs, insights and password."
  type        = string
}

variable "size" {
  description = "Instance class, storage in GB and how far it may grow by itself, days of backups, zones."
  type = object({
    instance_class  = string
    storage_gb      = optional(number, 20)
    max_storage_gb  = optional(number, 100)
    backup_days     = optional(number, 14)
    multi_az        = optional(bool, true)
    deletion_locked = optional(bool, true)
  })

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.size.instance_class))
    error_message = "Write an instance class such as db.t4g.small."
  }

  validation {
    condition     = var.size.storage_gb >= 20 && var.size.max_storage_gb > var.size.storage_gb
    error_message = "Storage begins at 20 GB and must have room to grow."
  }

  validation {
    condition     = var.size.backup_days >= 7 && var.size.backup_days <= 35
    error_message = "Keep backups for 7 to 35 days."
  }
}

variable "engine_version" {
  description = "Major version of Postgres; minor ones come by themselves."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^1[4-9]$", var.engine_version))
    error_message = "Write a major version such as 17."
  }
}

variable "rotation" {
  description = "When the password changes: services are replaced within minutes by their health checks, runs at work are repeated."
  type        = string
  default     = "cron(0 13 ? 1,4,7,10 TUE#1 *)"

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.rotation))
    error_message = "Write cron(…) or rate(…), as Secrets Manager reads them, in UTC."
  }
}

variable "log_retention_days" {
  description = "Days that the server's log is kept."
  type        = number
}

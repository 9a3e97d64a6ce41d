variable "name" {
  description = "Name of the workgroup, such as stt-prod."
  type        = string
}

variable "database" {
  description = "Name of the Glue database."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.database))
    error_message = "Write lower-case letters, digits and underscores."
  }
}

variable "lake_bucket" {
  description = "Bucket of the lake; results of queries lie in it below athena/."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts results."
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

variable "scan_limit_gb" {
  description = "Most that one query may scan; Athena stops it there."
  type        = number
  default     = 20

  validation {
    condition     = var.scan_limit_gb >= 1 && var.scan_limit_gb <= 1000
    error_message = "Write 1 to 1000 GB."
  }
}

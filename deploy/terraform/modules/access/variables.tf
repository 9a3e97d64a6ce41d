variable "name" {
  description = "What every name begins with, such as stt-prod."
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

variable "vpc" {
  description = "The network, its prefix list of S3, and where HTTPS from tasks may go besides: its endpoints, or everywhere behind a NAT."
  type = object({
    id                  = string
    s3_prefix_list_id   = string
    https_targets_cidrs = list(string)
  })
}

variable "allowed_cidrs" {
  description = "Addresses that may open the UI."
  type        = list(string)

  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for one in var.allowed_cidrs : can(cidrnetmask(one))])
    error_message = "Write at least one IPv4 range, such as 203.0.113.0/24."
  }

  validation {
    condition     = alltrue([for one in var.allowed_cidrs : tonumber(split("/", one)[1]) >= 8])
    error_message = "A range of less than /8 is no list of addresses: the UI is not for the whole internet."
  }
}

variable "places" {
  description = "Buckets and prefixes that the roles read and write. A prefix is empty or ends with a slash."
  type = object({
    recordings_bucket      = string
    recordings_prefix      = string
    recordings_kms_key_arn = optional(string)
    lake_bucket            = string
    logs_bucket            = string
    glue_database          = string
    repository             = string
  })
}

variable "database" {
  description = "Group of a database that was brought along, and the ARN of its secret; null where the module database makes one, named as `name`."
  type = object({
    security_group_id = string
    secret_arn        = string
  })
  default = null
}

variable "with_service" {
  description = "Whether there is the service that transcribes on demand: a role and a group more."
  type        = bool
  default     = false
}

variable "with_fallback" {
  description = "Whether runs may ask Amazon Transcribe (STT_FALLBACK)."
  type        = bool
  default     = false
}

variable "prefix" {
  description = "What the names of all buckets begin with, such as stt-prod-111111111111."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts recordings, lake and logs."
  type        = string
}

variable "existing_recordings_bucket" {
  description = "Bucket that recordings land in already; null makes one."
  type        = string
  default     = null
}

variable "retention_days" {
  description = "Days that recordings, checkpoints and transcripts are kept; null for ever."
  type = object({
    recordings  = optional(number, 730)
    checkpoints = optional(number, 400)
    transcripts = optional(number)
    logs        = optional(number, 365)
  })
  default = {}

  validation {
    condition = alltrue([
      for days in values(var.retention_days) : days == null ? true : days >= 30
    ])
    error_message = "Keep everything at least 30 days: a week is processed again within them."
  }
}


variable "name" {
  description = "Name of the budget, such as stt-prod."
  type        = string
}

variable "monthly_usd" {
  description = "What a month may cost."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "Write the USD of a month; RUNBOOK.md has a table to begin with."
  }
}

variable "tags" {
  description = "Tags that its costs carry; each must be activated once as a cost allocation tag."
  type        = map(string)
}

variable "topic_arn" {
  description = "Who is told."
  type        = string
}

variable "name" {
  description = "Name of the repository of images."
  type        = string
}

variable "kept_releases" {
  description = "Releases that are kept to roll back to."
  type        = number
  default     = 30

  validation {
    condition     = var.kept_releases >= 5
    error_message = "Keep at least five releases to roll back to."
  }
}

variable "kept_commits" {
  description = "Images of commits that are kept."
  type        = number
  default     = 20
}

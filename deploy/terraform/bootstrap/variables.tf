variable "account_id" {
  description = "Number of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Write the account's 12 digits."
  }
}

variable "region" {
  description = "Region of state and images, that of the sites too."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Write a region such as eu-west-3."
  }
}

variable "owner" {
  description = "Who answers for the costs, as a tag."
  type        = string
}

variable "repository" {
  description = "Name of the repository of images."
  type        = string
  default     = "stt-pipeline"
}

variable "github_repository" {
  description = "Owner and name on GitHub, whose releases may be pushed and deployed; null where CodeBuild does it."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null ? true : can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github_repository))
    error_message = "Write owner/name."
  }
}

variable "source_repository" {
  description = "What CodeBuild builds: host, address and connection of a Git repository; null where GitHub Actions does it."
  type = object({
    host           = optional(string, "GITHUB")
    url            = string
    connection_arn = string
  })
  default = null
}

variable "environments" {
  description = "Sites that releases are rolled out to."
  type        = set(string)
  default     = ["dev", "stage", "prod"]

  validation {
    condition     = alltrue([for one in var.environments : contains(["dev", "stage", "prod"], one)])
    error_message = "Write dev, stage or prod."
  }
}

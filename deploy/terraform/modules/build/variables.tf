variable "name" {
  description = "Name of the project."
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

variable "source_repository" {
  description = "The Git host and the repository's address. CodeCommit takes no new customers: GitHub, GitLab and Bitbucket are named by their own words, any other host is mirrored to one of them. The connection is made once by hand in the console."
  type = object({
    host           = optional(string, "GITHUB")
    url            = string
    connection_arn = string
  })

  validation {
    condition     = contains(["GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED", "BITBUCKET"], var.source_repository.host)
    error_message = "Write GITHUB, GITHUB_ENTERPRISE, GITLAB, GITLAB_SELF_MANAGED or BITBUCKET."
  }

  validation {
    condition     = can(regex("^https://.+\\.git$", var.source_repository.url))
    error_message = "Write the address as https://….git."
  }

  validation {
    condition     = can(regex("^arn:[a-z-]+:code(connections|star-connections):", var.source_repository.connection_arn))
    error_message = "Write the ARN of the connection to the Git host."
  }
}

variable "repository" {
  description = "Address and ARN of the repository of images."
  type = object({
    url = string
    arn = string
  })
}

variable "log_retention_days" {
  description = "Days that logs of builds are kept."
  type        = number
  default     = 365
}

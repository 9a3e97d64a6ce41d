variable "name" {
  description = "What every name begins with, such as stt-prod; also that of the cluster."
  type        = string
}

variable "region" {
  description = "Region of the tasks."
  type        = string
}

variable "image" {
  description = "The image of every task, by digest."
  type        = string

  validation {
    condition     = can(regex("^[^@:]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest, repository@sha256:…; a tag may change its meaning."
  }
}

variable "tasks" {
  description = "CPU units (1,024 are a vCPU) and MiB of each kind of task. `run` is what a run gets that asks for nothing."
  type = map(object({
    cpu    = number
    memory = number
  }))

  validation {
    condition     = toset(keys(var.tasks)) == toset(["webserver", "daemon", "code", "run"])
    error_message = "Give the sizes of webserver, daemon, code and run."
  }

  validation {
    condition = alltrue([
      for size in values(var.tasks) : contains(lookup(local.fargate_memory, size.cpu, []), size.memory)
    ])
    error_message = "Fargate has no task of that size: 1024 CPU units go with 2048 to 8192 MiB, 2048 with 4096 to 16384, 4096 with 8192 to 30720."
  }
}

locals {
  # MiB that Fargate gives to so many CPU units (AWS, ECS developer guide, task size).
  fargate_memory = {
    256   = tolist([512, 1024, 2048])
    512   = range(1024, 4097, 1024)
    1024  = range(2048, 8193, 1024)
    2048  = range(4096, 16385, 1024)
    4096  = range(8192, 30721, 1024)
    8192  = range(16384, 61441, 4096)
    16384 = range(32768, 122881, 8192)
  }
}

variable "webservers" {
  description = "Least and most web servers; between them the load decides."
  type = object({
    least = optional(number, 1)
    most  = optional(number, 3)
  })
  default = {}

  validation {
    condition     = var.webservers.least >= 1 && var.webservers.most >= var.webservers.least
    error_message = "At least one web server, and no fewer at most than at least."
  }
}

variable "max_concurrent_runs" {
  description = "Tasks at once: what the account's Fargate quota and the budget allow."
  type        = number

  validation {
    condition     = var.max_concurrent_runs >= 2 && var.max_concurrent_runs <= 1000
    error_message = "Write 2 to 1000: a date that is published must not wait for the shards of another."
  }
}

variable "settings" {
  description = "The pipeline's settings, by their whole names; settings.py says what each means."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^STT_[A-Z_]+$", name))])
    error_message = "Settings begin with STT_."
  }
}

variable "logs_bucket" {
  description = "Bucket for what steps print."
  type        = string
}

variable "database" {
  description = "Where Postgres answers, and the ARN of the secret whose key `password` opens it."
  type = object({
    host       = string
    port       = number
    user       = string
    database   = string
    secret_arn = string
  })
}

variable "database_ca" {
  description = "Certificates that the database's own is signed with, PEM."
  type        = string

  validation {
    condition     = startswith(trimspace(var.database_ca), "-----BEGIN CERTIFICATE-----") && length(var.database_ca) < 8192
    error_message = "Give the PEM certificates of RDS in this region, less than 8 kB."
  }
}

variable "access" {
  description = "Outputs of the module access: roles, security groups, key."
  type = object({
    role_arns          = map(string)
    execution_role_arn = string
    security_group_ids = map(string)
    kms_key_arn        = string
  })
}

variable "account" {
  description = "Partition and number that ARNs are made of."
  type = object({
    partition = string
    id        = string
  })
}

variable "network" {
  description = "Subnets of the tasks, and whether they need public addresses to reach AWS."
  type = object({
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
  })
}

variable "cluster_arn" {
  description = "Cluster of the services."
  type        = string
}

variable "code_registry_arn" {
  description = "Where the code server registers its address."
  type        = string
}

variable "target_group_arn" {
  description = "Targets of the load balancer."
  type        = string
}

variable "name" {
  description = "What every name begins with, such as stt-prod; also that of the cluster and of the metrics' namespace."
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

variable "image" {
  description = "The image of the tasks, by digest: the site's one image."
  type        = string

  validation {
    condition     = can(regex("^[^@:]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest, repository@sha256:…; a tag may change its meaning."
  }
}

variable "service" {
  description = "Its address; who may ask: API keys as name:sha256-of-the-key, an OIDC issuer that tasks can reach, or both; a task's CPU units and MiB; least and most tasks, where 0 lets it sleep; audio seconds that a task may hold before another one starts; STT_SERVE_ settings."
  type = object({
    domain = object({
      name            = string
      zone_id         = string
      certificate_arn = optional(string)
    })
    api_keys       = optional(list(string), [])
    oidc           = optional(object({ issuer = string, audience = string }))
    cpu            = optional(number, 2048)
    memory         = optional(number, 4096)
    least          = optional(number, 0)
    most           = optional(number, 4)
    queue_s_a_task = optional(number, 300)
    settings       = optional(map(string), {})
  })

  validation {
    condition     = length(var.service.api_keys) > 0 || var.service.oidc != null
    error_message = "Give API keys or an OIDC issuer: a service that anybody may ask is refused."
  }

  validation {
    condition     = alltrue([for one in var.service.api_keys : can(regex("^[a-z0-9_-]+:[0-9a-f]{64}$", one))])
    error_message = "Write each key as name:sha256 of the key, never the key itself."
  }

  validation {
    condition     = var.service.least >= 0 && var.service.most >= max(1, var.service.least)
    error_message = "At least 0 tasks, at most one or more, and no fewer at most than at least."
  }

  validation {
    condition     = alltrue([for name in keys(var.service.settings) : startswith(name, "STT_SERVE_")])
    error_message = "Settings of the service begin with STT_SERVE_; the others are the site's."
  }
}

variable "settings" {
  description = "The pipeline's settings, by their whole names."
  type        = map(string)
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

variable "network" {
  description = "Network and private subnets of the tasks."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
}

variable "cluster_arn" {
  description = "Cluster of the service."
  type        = string
}

variable "load_balancer" {
  description = "Output of the module entrance: the load balancer that the UI has, which this one shares."
  type = object({
    listener_arn = string
    dns_name     = string
    zone_id      = string
    dimension    = string
  })
}

variable "topic_arn" {
  description = "Topic of all alerts."
  type        = string
}

variable "runbook_url" {
  description = "Where the runbook is read; each alarm says so."
  type        = string
}

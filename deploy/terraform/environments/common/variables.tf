variable "environment" {
  description = "dev, stage or prod; what every name begins with is stt-ENVIRONMENT."
  type        = string

  validation {
    condition     = contains(["dev", "stage", "prod"], var.environment)
    error_message = "Write dev, stage or prod."
  }
}

variable "account_id" {
  description = "Number of the AWS account that this site lies in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Write the account's 12 digits."
  }
}

variable "region" {
  description = "Region of everything, such as eu-west-3."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Write a region such as eu-west-3."
  }
}

variable "owner" {
  description = "Who answers for the costs: a team or an address, as a tag."
  type        = string
}

variable "repository" {
  description = "Name of the repository of images that bootstrap has made."
  type        = string
  default     = "stt-pipeline"
}

variable "image_digest" {
  description = "Digest of the image that runs; RUNBOOK.md says how it is read back after a release."
  type        = string

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "Write sha256: and 64 hexadecimal digits."
  }
}

variable "domain" {
  description = "Name of the UI, its Route 53 zone, and a certificate where there is one already."
  type = object({
    name            = string
    zone_id         = string
    certificate_arn = optional(string)
  })
}

variable "allowed_cidrs" {
  description = "Addresses that may open the UI."
  type        = list(string)
}

variable "alert_emails" {
  description = "Who hears alarms."
  type        = list(string)
}

variable "runbook_url" {
  description = "Where deploy/RUNBOOK.md is read."
  type        = string
}

variable "monthly_usd" {
  description = "What a month may cost."
  type        = number
}

variable "network" {
  description = "Addresses of the network, and in how many zones AWS's endpoints stand; not used where one is brought along."
  type = object({
    cidr           = string
    endpoint_zones = optional(number, 2)
  })
}

variable "availability_zones" {
  description = "Two or three zones of the region."
  type        = list(string)

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "The zones must lie in the region."
  }
}

variable "existing_network" {
  description = "A network to use instead: its id, subnets, the region's prefix list of S3, and where HTTPS from tasks goes: the addresses of its endpoints, or 0.0.0.0/0 behind a NAT."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    public_subnet_ids  = list(string)
    s3_prefix_list_id  = string
    https_cidrs        = list(string)
  })
  default = null
}

variable "recordings" {
  description = "Prefix of recordings in their bucket; a bucket, and its key, to use instead of a new one."
  type = object({
    prefix          = optional(string, "calls")
    existing_bucket = optional(string)
    kms_key_arn     = optional(string)
  })
  default = {}

  validation {
    condition     = !startswith(var.recordings.prefix, "/") && !endswith(var.recordings.prefix, "/")
    error_message = "Write the prefix without a slash at either end."
  }
}

variable "retention_days" {
  description = "Days that recordings, checkpoints, transcripts and logs of access are kept; null for ever."
  type = object({
    recordings  = optional(number, 730)
    checkpoints = optional(number, 400)
    transcripts = optional(number)
    logs        = optional(number, 365)
  })
  default = {}
}

variable "log_retention_days" {
  description = "Days that logs of tasks, database, network and firewall are kept."
  type        = number
  default     = 365
}

variable "database" {
  description = "Instance class, storage, backups and zones of Postgres; not used where one is brought along."
  type = object({
    instance_class  = string
    storage_gb      = optional(number, 20)
    max_storage_gb  = optional(number, 100)
    backup_days     = optional(number, 14)
    multi_az        = optional(bool, true)
    deletion_locked = optional(bool, true)
  })
}

variable "existing_database" {
  description = "A Postgres to use instead, the group that guards it, and a secret whose key `password` opens it."
  type = object({
    host              = string
    port              = optional(number, 5432)
    user              = string
    database          = string
    secret_arn        = string
    security_group_id = string
  })
  default = null
}

variable "tasks" {
  description = "CPU units (1,024 are a vCPU) and MiB of webserver, daemon, code and run."
  type = map(object({
    cpu    = number
    memory = number
  }))
}

variable "webservers" {
  description = "Least and most web servers."
  type = object({
    least = optional(number, 1)
    most  = optional(number, 3)
  })
  default = {}
}

variable "max_concurrent_runs" {
  description = "Tasks at once."
  type        = number
}

variable "scan_limit_gb" {
  description = "Most that one query may scan."
  type        = number
  default     = 20
}

variable "service" {
  description = "Transcription on demand: its name, who may ask (api_keys as name:sha256-of-the-key, oidc), its size, least (0: it sleeps) and most tasks, STT_SERVE_ settings. Null, the default: there is none."
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
  default = null
}

variable "protected" {
  description = "Whether load balancer and users must be unlocked before they can be deleted."
  type        = bool
  default     = true
}

variable "settings" {
  description = "The pipeline's other settings by their whole names, such as STT_TIMEZONE; settings.py says what each means."
  type        = map(string)

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.settings["STT_FIRST_DATE"])) && can(formatdate("YYYY", "${var.settings["STT_FIRST_DATE"]}T00:00:00Z"))
    error_message = "Write STT_FIRST_DATE as a date, such as 2026-01-05: Athena lists partitions from it on."
  }

  validation {
    condition     = can(tonumber(var.settings["STT_MAX_SHARDS"])) && tonumber(var.settings["STT_MAX_SHARDS"]) <= var.max_concurrent_runs
    error_message = "STT_MAX_SHARDS is at most max_concurrent_runs: more shards would only wait."
  }

  validation {
    condition     = can(regex("^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-2][0-9]:[0-5][0-9]$", lookup(var.settings, "STT_DEADLINE", "Mon 08:00")))
    error_message = "Write STT_DEADLINE as a weekday and a time, such as Mon 08:00."
  }
}

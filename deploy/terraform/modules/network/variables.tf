variable "name" {
  description = "What every name begins with, such as stt-prod."
  type        = string
}

variable "account_id" {
  description = "Number of the account."
  type        = string
}

variable "region" {
  description = "Region of the network."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && tonumber(split("/", var.cidr)[1]) <= 20
    error_message = "Write an IPv4 range of at least /20, such as 10.20.0.0/16: each task has an address."
  }
}

variable "availability_zones" {
  description = "Two or three zones of the region; a load balancer and a database want two."
  type        = list(string)

  validation {
    condition     = length(distinct(var.availability_zones)) >= 2 && length(var.availability_zones) <= 3
    error_message = "Name two or three different zones, such as eu-west-3a and eu-west-3b."
  }
}

variable "endpoint_zones" {
  description = "In how many of the zones the endpoints of AWS's services stand; each costs by the hour."
  type        = number
  default     = 2

  validation {
    condition     = var.endpoint_zones >= 1 && var.endpoint_zones <= 3
    error_message = "Write 1 to 3."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
}

variable "with_fallback" {
  description = "Whether tasks reach Amazon Transcribe too."
  type        = bool
  default     = false
}

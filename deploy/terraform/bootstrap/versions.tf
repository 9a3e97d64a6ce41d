# Applied once an account, by a person, with its state on that person's machine; then moved into the
# bucket that it has made (RUNBOOK.md, "Deploy").
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      application = "stt-pipeline"
      site        = "stt-bootstrap"
      owner       = var.owner
      managed_by  = "terraform"
    }
  }
}

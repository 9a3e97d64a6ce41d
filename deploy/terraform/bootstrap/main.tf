data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  arn       = "arn:${local.partition}"
  here      = "${var.region}:${var.account_id}"
}

# --- State -------------------------------------------------------------------------------------

resource "aws_kms_key" "state" {
  # checkov:skip=CKV2_AWS_64: the default policy of a key: this account's own policies decide
  description             = "State of Terraform"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

module "access_logs" {
  source      = "../modules/bucket"
  name        = "stt-state-access-logs-${var.account_id}"
  expire_days = { "" = 365 }
  statements = [{
    Sid       = "AccessLogsOfS3"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.arn}:s3:::stt-state-access-logs-${var.account_id}/s3/*"
    Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  }]
}

# The lock lies in it too, as an object beside each state: no table is needed.
module "state" {
  source            = "../modules/bucket"
  name              = "stt-state-${var.account_id}"
  encryption        = { kms_key_arn = aws_kms_key.state.arn }
  access_log_bucket = module.access_logs.name
  old_version_days  = 365
}

# --- Images ------------------------------------------------------------------------------------

module "registry" {
  source = "../modules/registry"
  name   = var.repository
}

module "build" {
  source            = "../modules/build"
  count             = var.source_repository == null ? 0 : 1
  name              = var.repository
  account           = { partition = local.partition, id = var.account_id, region = var.region }
  source_repository = var.source_repository
  repository        = { url = module.registry.url, arn = module.registry.arn }
}

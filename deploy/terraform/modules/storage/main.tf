# Where recordings land, where tables are published, and the logs of both.

data "aws_partition" "current" {}

locals {
  # Names are made here, not by AWS: policies that name them can be read, and checked, before they exist.
  names = {
    recordings  = var.existing_recordings_bucket == null ? "${var.prefix}-recordings" : var.existing_recordings_bucket
    lake        = "${var.prefix}-lake"
    logs        = "${var.prefix}-logs"
    access_logs = "${var.prefix}-access-logs"
  }
  access_logs_arn = "arn:${data.aws_partition.current.partition}:s3:::${local.names.access_logs}"
}

module "access_logs" {
  source      = "../bucket"
  name        = local.names.access_logs
  expire_days = var.retention_days.logs == null ? {} : { "" = var.retention_days.logs }
  statements = [
    {
      Sid       = "AccessLogsOfS3"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.access_logs_arn}/s3/*"
    },
    {
      Sid       = "AccessLogsOfTheLoadBalancer"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.access_logs_arn}/load-balancer/*"
    },
  ]
}

module "recordings" {
  source            = "../bucket"
  count             = var.existing_recordings_bucket == null ? 1 : 0
  name              = local.names.recordings
  encryption        = { kms_key_arn = var.kms_key_arn }
  access_log_bucket = module.access_logs.name
  archive_days      = 30
  expire_days       = var.retention_days.recordings == null ? {} : { "" = var.retention_days.recordings }
}

module "lake" {
  source            = "../bucket"
  name              = local.names.lake
  encryption        = { kms_key_arn = var.kms_key_arn }
  access_log_bucket = module.access_logs.name
  expire_days = merge(
    # The service removes its own jobs sooner, where it is awake.
    { "athena/" = 7, "lake/_work/serving/" = 8 },
    var.retention_days.checkpoints == null ? {} : { "lake/_work/results/" = var.retention_days.checkpoints },
    var.retention_days.transcripts == null ? {} : { "lake/" = var.retention_days.transcripts },
  )
}

module "logs" {
  source            = "../bucket"
  name              = local.names.logs
  encryption        = { kms_key_arn = var.kms_key_arn }
  access_log_bucket = module.access_logs.name
  expire_days       = var.retention_days.logs == null ? {} : { "" = var.retention_days.logs }
}

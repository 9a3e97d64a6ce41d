# One site: dev, stage and prod are this file with values of their own, and a state of their own.

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
  region = var.region
  # A plan against another account than the one meant ends here.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}

data "aws_partition" "current" {}

locals {
  name = "stt-${var.environment}"

  account = {
    partition = data.aws_partition.current.partition
    id        = var.account_id
    region    = var.region
  }

  tags = {
    application = "stt-pipeline"
    environment = var.environment
    site        = local.name
    owner       = var.owner
    managed_by  = "terraform"
  }

  network = var.existing_network == null ? {
    vpc_id             = module.network[0].vpc_id
    private_subnet_ids = module.network[0].private_subnet_ids
    public_subnet_ids  = module.network[0].public_subnet_ids
    s3_prefix_list_id  = module.network[0].s3_prefix_list_id
    https_cidrs        = [var.network.cidr]
    } : {
    vpc_id             = var.existing_network.vpc_id
    private_subnet_ids = var.existing_network.private_subnet_ids
    public_subnet_ids  = var.existing_network.public_subnet_ids
    s3_prefix_list_id  = var.existing_network.s3_prefix_list_id
    https_cidrs        = var.existing_network.https_cidrs
  }

  database = var.existing_database == null ? module.database[0].connection : {
    host       = var.existing_database.host
    port       = var.existing_database.port
    user       = var.existing_database.user
    database   = var.existing_database.database
    secret_arn = var.existing_database.secret_arn
  }

  image = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/${var.repository}@${var.image_digest}"

  recordings_prefix = var.recordings.prefix == "" ? "" : "${var.recordings.prefix}/"
  glue_database     = replace(local.name, "-", "_")
  with_fallback     = lookup(var.settings, "STT_FALLBACK", "none") != "none"
}

module "access" {
  source        = "../../modules/access"
  name          = local.name
  account       = local.account
  allowed_cidrs = var.allowed_cidrs
  with_service  = var.service != null
  with_fallback = local.with_fallback

  vpc = {
    id                  = local.network.vpc_id
    s3_prefix_list_id   = local.network.s3_prefix_list_id
    https_targets_cidrs = local.network.https_cidrs
  }

  places = {
    recordings_bucket      = module.storage.names.recordings
    recordings_prefix      = local.recordings_prefix
    recordings_kms_key_arn = var.recordings.kms_key_arn
    lake_bucket            = module.storage.names.lake
    logs_bucket            = module.storage.names.logs
    glue_database          = local.glue_database
    repository             = var.repository
  }

  database = var.existing_database == null ? null : {
    security_group_id = var.existing_database.security_group_id
    secret_arn        = var.existing_database.secret_arn
  }
}

module "network" {
  source             = "../../modules/network"
  count              = var.existing_network == null ? 1 : 0
  name               = local.name
  account_id         = var.account_id
  region             = var.region
  cidr               = var.network.cidr
  availability_zones = var.availability_zones
  endpoint_zones     = var.network.endpoint_zones
  with_fallback      = local.with_fallback
  kms_key_arn        = module.access.kms_key_arn
  log_retention_days = var.log_retention_days
}

module "storage" {
  source                     = "../../modules/storage"
  prefix                     = "${local.name}-${var.account_id}"
  kms_key_arn                = module.access.kms_key_arn
  existing_recordings_bucket = var.recordings.existing_bucket
  retention_days             = var.retention_days
}

module "database" {
  source             = "../../modules/database"
  count              = var.existing_database == null ? 1 : 0
  name               = local.name
  subnet_ids         = local.network.private_subnet_ids
  security_group_id  = module.access.security_group_ids["database"]
  kms_key_arn        = module.access.kms_key_arn
  size               = var.database
  log_retention_days = var.log_retention_days
}

module "cluster" {
  source             = "../../modules/cluster"
  name               = local.name
  vpc_id             = local.network.vpc_id
  kms_key_arn        = module.access.kms_key_arn
  log_retention_days = var.log_retention_days
  roles              = keys(module.access.role_arns)
}

module "entrance" {
  source             = "../../modules/entrance"
  name               = local.name
  vpc_id             = local.network.vpc_id
  subnet_ids         = local.network.public_subnet_ids
  security_group_id  = module.access.security_group_ids["entrance"]
  domain             = var.domain
  sign_in_prefix     = "${local.name}-${var.account_id}"
  access_log_bucket  = module.storage.names.access_logs
  kms_key_arn        = module.access.kms_key_arn
  log_retention_days = var.log_retention_days
  protected          = var.protected

  depends_on = [module.storage]
}

module "catalog" {
  source        = "../../modules/catalog"
  name          = local.name
  database      = local.glue_database
  lake_bucket   = module.storage.names.lake
  kms_key_arn   = module.access.kms_key_arn
  account       = local.account
  scan_limit_gb = var.scan_limit_gb
}

module "dagster" {
  source              = "../../modules/dagster"
  name                = local.name
  region              = var.region
  account             = { partition = local.account.partition, id = local.account.id }
  image               = local.image
  tasks               = var.tasks
  webservers          = var.webservers
  max_concurrent_runs = var.max_concurrent_runs
  settings            = local.settings
  logs_bucket         = module.storage.names.logs
  database            = local.database
  database_ca         = file("${path.module}/../common/rds-ca/${var.region}.pem")
  access              = module.access
  cluster_arn         = module.cluster.arn
  code_registry_arn   = module.cluster.code_registry_arn
  target_group_arn    = module.entrance.target_group_arn

  network = {
    subnet_ids = local.network.private_subnet_ids
  }
}

module "service" {
  source        = "../../modules/service"
  count         = var.service == null ? 0 : 1
  name          = local.name
  account       = local.account
  image         = local.image
  service       = var.service
  settings      = local.settings
  access        = module.access
  cluster_arn   = module.cluster.arn
  load_balancer = module.entrance.load_balancer
  topic_arn     = module.monitoring.topic_arn
  runbook_url   = var.runbook_url

  network = {
    vpc_id     = local.network.vpc_id
    subnet_ids = local.network.private_subnet_ids
  }
}

module "monitoring" {
  source             = "../../modules/monitoring"
  name               = local.name
  account            = local.account
  kms_key_arn        = module.access.kms_key_arn
  alert_emails       = var.alert_emails
  margin_h           = tonumber(local.settings.STT_DEADLINE_MARGIN_H)
  load_balancer      = module.entrance.dimensions
  with_service       = var.service != null
  runbook_url        = var.runbook_url
  log_retention_days = var.log_retention_days

  database = {
    identifier = var.existing_database == null ? local.name : null
    storage_gb = var.database.storage_gb
  }
}

module "budget" {
  source      = "../../modules/budget"
  name        = local.name
  monthly_usd = var.monthly_usd
  tags        = { site = local.name }
  topic_arn   = module.monitoring.topic_arn
}

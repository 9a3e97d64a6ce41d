# What is too long or too late for an environment: the instance, and the database's certificates.

locals {
  deploy = "${path.module}/../../.."

  # Without its comments: a parameter holds 4 kB for nothing.
  dagster_yaml = jsonencode(yamldecode(templatefile("${local.deploy}/dagster.yaml", {
    subnets          = jsonencode(var.network.subnet_ids)
    security_groups  = jsonencode([var.access.security_group_ids["run"]])
    assign_public_ip = var.network.assign_public_ip ? "ENABLED" : "DISABLED"
  })))

  parameter_arn = "arn:${var.account.partition}:ssm:${var.region}:${var.account.id}:parameter"
  parameters = {
    DAGSTER_YAML = "/${var.name}/dagster-yaml"
    DATABASE_CA  = "/${var.name}/database-ca"
  }
}

resource "aws_ssm_parameter" "dagster_yaml" {
  name        = local.parameters.DAGSTER_YAML
  description = "The Dagster instance, made of deploy/dagster.yaml"
  type        = "SecureString"
  key_id      = var.access.kms_key_arn
  tier        = "Intelligent-Tiering"
  value       = local.dagster_yaml
}

resource "aws_ssm_parameter" "database_ca" {
  name        = local.parameters.DATABASE_CA
  description = "Certificates that the database's own is signed with"
  type        = "SecureString"
  key_id      = var.access.kms_key_arn
  tier        = "Intelligent-Tiering"
  value       = var.database_ca
}

# What was released last: deploy/release.py changes it, `terraform apply` reads it back as image_digest.
resource "aws_ssm_parameter" "released" {
  name        = "/${var.name}/released-image"
  description = "The image that runs, by digest"
  type        = "SecureString"
  key_id      = var.access.kms_key_arn
  value       = var.image

  lifecycle {
    ignore_changes = [value]
  }
}

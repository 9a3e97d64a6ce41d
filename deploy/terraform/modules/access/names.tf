# ARNs by name: a policy can be read, and checked in a plan, before anything of it exists.

locals {
  roles = setunion(["webserver", "daemon", "code", "run"], var.with_service ? ["serve"] : [])

  role_names     = { for role in local.roles : role => "${var.name}-${role}" }
  execution_name = "${var.name}-execution"

  arn       = "arn:${var.account.partition}"
  here      = "${var.account.region}:${var.account.id}"
  role_arns = { for role, name in local.role_names : role => "${local.arn}:iam::${var.account.id}:role/${name}" }
  execution = "${local.arn}:iam::${var.account.id}:role/${local.execution_name}"
  key_alias = "alias/${var.name}"
  topic     = "${local.arn}:sns:${local.here}:${var.name}-alerts"
  cluster   = "${local.arn}:ecs:${local.here}:cluster/${var.name}"
  tasks     = "${local.arn}:ecs:${local.here}:task/${var.name}/*"
  families  = "${local.arn}:ecs:${local.here}:task-definition/${var.name}"
  log_group = "${local.arn}:logs:${local.here}:log-group:/${var.name}"

  recordings = "${local.arn}:s3:::${var.places.recordings_bucket}"
  lake       = "${local.arn}:s3:::${var.places.lake_bucket}"
  logs       = "${local.arn}:s3:::${var.places.logs_bucket}"
}

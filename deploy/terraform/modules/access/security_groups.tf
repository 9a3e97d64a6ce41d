# One group a role: who may open a connection to whom. What is not here is closed.

locals {
  groups = merge(
    {
      entrance  = "Load balancer of the UI"
      webserver = "Dagster's web server"
      daemon    = "Dagster's daemon"
      code      = "Code server: schedules and sensors"
      run       = "Runs and shards"
      database  = "Postgres"
    },
    var.with_service ? { serve = "Transcription on demand" } : {},
  )

  ports = { webserver = 3000, code = 4000, serve = 8080, database = 5432 }

  # from > to, on the port of the latter.
  connections = merge(
    {
      "entrance-webserver" = { from = "entrance", to = "webserver" }
      "webserver-code"     = { from = "webserver", to = "code" }
      "daemon-code"        = { from = "daemon", to = "code" }
      "webserver-database" = { from = "webserver", to = "database" }
      "daemon-database"    = { from = "daemon", to = "database" }
      "code-database"      = { from = "code", to = "database" }
      "run-database"       = { from = "run", to = "database" }
    },
    var.with_service ? { "entrance-serve" = { from = "entrance", to = "serve" } } : {},
  )

  group_ids = merge(
    { for role, group in aws_security_group.this : role => group.id },
    var.database == null ? {} : { database = var.database.security_group_id },
  )
}

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5: attached by the modules dagster, service, database and entrance
  for_each    = { for role, what in local.groups : role => what if role != "database" || var.database == null }
  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.vpc.id
  tags        = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_egress_rule" "to_role" {
  for_each                     = local.connections
  security_group_id            = local.group_ids[each.value.from]
  referenced_security_group_id = local.group_ids[each.value.to]
  description                  = "To the ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = local.ports[each.value.to]
  to_port                      = local.ports[each.value.to]
}

resource "aws_vpc_security_group_ingress_rule" "from_role" {
  for_each                     = local.connections
  security_group_id            = local.group_ids[each.value.to]
  referenced_security_group_id = local.group_ids[each.value.from]
  description                  = "From the ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = local.ports[each.value.to]
  to_port                      = local.ports[each.value.to]
}

resource "aws_vpc_security_group_egress_rule" "aws_services" {
  for_each = {
    for pair in setproduct(local.roles, var.vpc.https_targets_cidrs) : "${pair[0]} ${pair[1]}" => pair
  }
  security_group_id = local.group_ids[each.value[0]]
  description       = "AWS's services"
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each          = local.roles
  security_group_id = local.group_ids[each.key]
  description       = "S3"
  prefix_list_id    = var.vpc.s3_prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each          = toset(var.allowed_cidrs)
  security_group_id = local.group_ids["entrance"]
  description       = "People, by HTTPS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# The load balancer asks Cognito who somebody is; Cognito has no addresses of its own.
resource "aws_vpc_security_group_egress_rule" "sign_in" {
  security_group_id = local.group_ids["entrance"]
  description       = "Sign-in"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

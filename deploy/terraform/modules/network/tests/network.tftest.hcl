mock_provider "aws" {}

variables {
  name               = "stt-test"
  account_id         = "111111111111"
  region             = "eu-west-3"
  cidr               = "10.20.0.0/16"
  availability_zones = ["eu-west-3a", "eu-west-3b"]
  endpoint_zones     = 1
  kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  log_retention_days = 365
}

run "tasks_have_no_way_out_but_the_endpoints" {
  command = apply

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch])
    error_message = "A private subnet gives public addresses."
  }

  assert {
    condition     = aws_route.internet.route_table_id == aws_route_table.public.id && aws_route_table.public.id != aws_route_table.private.id
    error_message = "The private subnets have a route to the internet."
  }

  assert {
    condition     = toset([for one in aws_route_table_association.private : one.route_table_id]) == toset([aws_route_table.private.id])
    error_message = "A private subnet uses another route table."
  }
}

run "endpoints_of_what_a_task_needs_to_start" {
  command = apply

  assert {
    condition = alltrue([
      for needed in ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"] :
      contains(keys(aws_vpc_endpoint.service), needed)
    ])
    error_message = "A task cannot start without the endpoints of images, logs and secrets."
  }

  assert {
    condition     = alltrue([for one in aws_vpc_endpoint.service : length(one.subnet_ids) == 1 && one.private_dns_enabled])
    error_message = "Endpoints stand in one zone here, under the services' own names."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == var.cidr
    error_message = "Endpoints answer others than this network."
  }
}

run "subnets_do_not_overlap" {
  command = apply

  assert {
    condition     = length(distinct([for one in concat(values(aws_subnet.private), values(aws_subnet.public)) : one.cidr_block])) == 4
    error_message = "Two subnets have the same addresses."
  }
}

run "a_network_too_small_is_refused" {
  command = plan

  variables {
    cidr = "10.20.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "one_zone_is_refused" {
  command = plan

  variables {
    availability_zones = ["eu-west-3a", "eu-west-3a"]
  }

  expect_failures = [var.availability_zones]
}

mock_provider "aws" {}

variables {
  name        = "stt-test"
  vpc_id      = "vpc-1"
  kms_key_arn = "arn:aws:kms:eu-west-3:111111111111:key/1"
  roles       = ["webserver", "daemon", "code", "run"]
}

run "tasks_are_on_demand_unless_they_ask_for_spot" {
  command = apply

  assert {
    condition     = toset(aws_ecs_cluster_capacity_providers.this.capacity_providers) == toset(["FARGATE", "FARGATE_SPOT"])
    error_message = "Runs cannot choose between Spot and on demand."
  }

  assert {
    condition     = [for one in aws_ecs_cluster_capacity_providers.this.default_capacity_provider_strategy : one.capacity_provider] == ["FARGATE"]
    error_message = "A task that asks for nothing can be taken away."
  }
}

run "every_role_has_a_log_with_an_end_and_a_key" {
  command = apply

  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.role : group.retention_in_days >= 30 && group.kms_key_id == var.kms_key_arn
    ])
    error_message = "A log is kept for ever, or not encrypted."
  }

  assert {
    condition     = alltrue([for role in var.roles : aws_cloudwatch_log_group.role[role].name == "/stt-test/${role}"])
    error_message = "A log group is not where the roles may write."
  }
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

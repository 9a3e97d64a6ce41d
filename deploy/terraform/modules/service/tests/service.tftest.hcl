mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      domain_validation_options = [{
        domain_name           = "transcribe.example.com"
        resource_record_name  = "_1.transcribe.example.com"
        resource_record_type  = "CNAME"
        resource_record_value = "_2.acm-validations.aws"
      }]
    }
  }
}

variables {
  name    = "stt-test"
  account = { partition = "aws", id = "111111111111", region = "eu-west-3" }
  image   = "111111111111.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  service = {
    domain   = { name = "transcribe.example.com", zone_id = "Z1" }
    api_keys = ["crm:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]
  }
  settings = { STT_LAKE_URI = "s3://lake/lake" }
  access = {
    role_arns          = { serve = "arn:aws:iam::111111111111:role/stt-test-serve" }
    execution_role_arn = "arn:aws:iam::111111111111:role/stt-test-execution"
    security_group_ids = { serve = "sg-1" }
    kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  }
  network     = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
  cluster_arn = "arn:aws:ecs:eu-west-3:111111111111:cluster/stt-test"
  load_balancer = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-west-3:111111111111:listener/app/stt-test/1/2"
    dns_name     = "stt-test-1.eu-west-3.elb.amazonaws.com"
    zone_id      = "Z2"
    dimension    = "app/stt-test/1"
  }
  topic_arn   = "arn:aws:sns:eu-west-3:111111111111:stt-test-alerts"
  runbook_url = "https://example.com/RUNBOOK.md"
}

run "it_answers_by_its_own_name_on_the_listener_that_speaks_tls" {
  command = apply

  assert {
    condition = (
      aws_lb_listener_rule.serve.listener_arn == var.load_balancer.listener_arn &&
      one(aws_lb_listener_rule.serve.condition).host_header[0].values == toset(["transcribe.example.com"]) &&
      aws_lb_listener_certificate.this.listener_arn == var.load_balancer.listener_arn
    )
    error_message = "The service takes the UI's requests, or has no certificate on the listener."
  }
}

run "the_least_busy_task_is_asked_and_a_full_queue_kills_none" {
  command = apply

  assert {
    condition     = aws_lb_target_group.serve.load_balancing_algorithm_type == "least_outstanding_requests"
    error_message = "Requests go round, whoever is busy."
  }

  assert {
    condition     = aws_lb_target_group.serve.health_check[0].path == "/readyz" && aws_lb_target_group.serve.health_check[0].matcher == "200,429"
    error_message = "Tasks are not asked whether they can work, or are replaced for being busy."
  }
}

run "it_sleeps_and_is_woken_by_refusals" {
  command = apply

  assert {
    condition     = aws_appautoscaling_target.serve.min_capacity == 0 && aws_ecs_service.serve.desired_count == 0
    error_message = "A task runs though nobody asks."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.step["wake"].metric_name == "HTTPCode_ELB_503_Count" &&
      aws_cloudwatch_metric_alarm.step["wake"].alarm_actions == toset([aws_appautoscaling_policy.step["wake"].arn]) &&
      one(aws_appautoscaling_policy.step["wake"].step_scaling_policy_configuration[0].step_adjustment).scaling_adjustment == 1
    )
    error_message = "Nothing wakes the service: with no task there is no queue to follow."
  }

  assert {
    condition = (
      one(aws_appautoscaling_policy.step["rest"].step_scaling_policy_configuration[0].step_adjustment).scaling_adjustment == 0 &&
      aws_cloudwatch_metric_alarm.step["rest"].treat_missing_data == "notBreaching" &&
      aws_cloudwatch_metric_alarm.step["rest"].statistic == "Maximum"
    )
    error_message = "A task that has not reported yet is put to sleep, or one that works while others do not."
  }
}

run "the_queue_is_followed_up_and_never_to_nothing" {
  command = apply

  assert {
    condition = (
      aws_appautoscaling_policy.queue.target_tracking_scaling_policy_configuration[0].disable_scale_in &&
      aws_appautoscaling_policy.queue.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name == "ServeQueueS"
    )
    error_message = "The queue is not followed, or its end takes the last task away."
  }

  assert {
    condition = anytrue([
      for one in aws_cloudwatch_metric_alarm.fewer.metric_query : startswith(coalesce(one.expression, "-"), "IF(tasks > 1,")
    ])
    error_message = "The last task is taken away while somebody asks."
  }
}

run "with_one_task_at_least_it_never_sleeps" {
  command = apply

  variables {
    service = {
      domain   = { name = "transcribe.example.com", zone_id = "Z1" }
      api_keys = ["crm:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]
      least    = 1
    }
  }

  assert {
    condition     = length(aws_appautoscaling_policy.step) == 0 && aws_appautoscaling_target.serve.min_capacity == 1
    error_message = "A service that is to be awake sleeps."
  }
}

run "a_task_has_time_to_end_and_no_right_to_more" {
  command = apply

  assert {
    condition = alltrue([
      for one in jsondecode(aws_ecs_task_definition.serve.container_definitions) :
      one.stopTimeout == 120 && one.readonlyRootFilesystem && one.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "A task ends before it has handed its work back, or may write its own image."
  }

  assert {
    condition     = [for one in aws_ecs_service.serve.capacity_provider_strategy : one.capacity_provider] == ["FARGATE"]
    error_message = "Spot takes a task away that a caller waits for."
  }
}

run "keys_are_a_secret_and_new_keys_new_tasks" {
  command = apply

  assert {
    condition = alltrue([
      for one in jsondecode(aws_ecs_task_definition.serve.container_definitions) :
      one.secrets == [{ name = "STT_SERVE_API_KEYS", valueFrom = "arn:aws:ssm:eu-west-3:111111111111:parameter/stt-test/serve-api-keys" }] &&
      !strcontains(jsonencode(one.environment), "2cf24dba")
    ])
    error_message = "Keys lie in the task definition."
  }

  assert {
    condition     = aws_ssm_parameter.api_keys[0].type == "SecureString" && aws_ssm_parameter.api_keys[0].key_id == var.access.kms_key_arn
    error_message = "Keys are not encrypted."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.serve.container_definitions)[0].dockerLabels["stt.api-keys"] == sha256(var.service.api_keys[0])
    error_message = "Tasks go on with keys that were taken back."
  }
}

run "every_alarm_for_people_is_heard_and_says_where_to_read_on" {
  command = apply

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.people :
      alarm.alarm_actions == toset([var.topic_arn]) && endswith(alarm.alarm_description, "https://example.com/RUNBOOK.md#alarm-${name}")
    ])
    error_message = "An alarm tells nobody, or has no page in the runbook."
  }
}

run "a_service_for_everybody_is_refused" {
  command = plan

  variables {
    service = { domain = { name = "transcribe.example.com", zone_id = "Z1" } }
  }

  expect_failures = [var.service]
}

run "a_key_in_the_open_is_refused" {
  command = plan

  variables {
    service = { domain = { name = "transcribe.example.com", zone_id = "Z1" }, api_keys = ["crm:hunter2"] }
  }

  expect_failures = [var.service]
}

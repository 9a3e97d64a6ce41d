mock_provider "aws" {}

variables {
  name    = "stt-test"
  region  = "eu-west-3"
  account = { partition = "aws", id = "111111111111" }
  image   = "111111111111.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  tasks = {
    webserver = { cpu = 512, memory = 2048 }
    daemon    = { cpu = 512, memory = 1024 }
    code      = { cpu = 512, memory = 2048 }
    run       = { cpu = 2048, memory = 4096 }
  }
  max_concurrent_runs = 6
  settings            = { STT_CATALOG = "glue" }
  logs_bucket         = "stt-test-logs"
  database = {
    host       = "stt-test.x.eu-west-3.rds.amazonaws.com"
    port       = 5432
    user       = "dagster"
    database   = "dagster"
    secret_arn = "arn:aws:secretsmanager:eu-west-3:111111111111:secret:rds!db-1"
  }
  database_ca = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"
  access = {
    role_arns = {
      webserver = "arn:aws:iam::111111111111:role/stt-test-webserver"
      daemon    = "arn:aws:iam::111111111111:role/stt-test-daemon"
      code      = "arn:aws:iam::111111111111:role/stt-test-code"
      run       = "arn:aws:iam::111111111111:role/stt-test-run"
    }
    execution_role_arn = "arn:aws:iam::111111111111:role/stt-test-execution"
    security_group_ids = { webserver = "sg-1", daemon = "sg-2", code = "sg-3", run = "sg-4" }
    kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  }
  network           = { subnet_ids = ["subnet-1", "subnet-2"] }
  cluster_arn       = "arn:aws:ecs:eu-west-3:111111111111:cluster/stt-test"
  code_registry_arn = "arn:aws:servicediscovery:eu-west-3:111111111111:service/srv-1"
  target_group_arn  = "arn:aws:elasticloadbalancing:eu-west-3:111111111111:targetgroup/stt-test/1"
}

run "a_run_starts_in_private_subnets_behind_its_own_group" {
  command = apply

  assert {
    condition = (
      jsondecode(aws_ssm_parameter.dagster_yaml.value).run_launcher.config.run_task_kwargs.networkConfiguration ==
      { awsvpcConfiguration = { subnets = ["subnet-1", "subnet-2"], securityGroups = ["sg-4"], assignPublicIp = "DISABLED" } }
    )
    error_message = "Runs start elsewhere than in the private subnets."
  }
}

run "only_runs_are_on_spot" {
  command = apply

  assert {
    condition = [
      for one in jsondecode(aws_ssm_parameter.dagster_yaml.value).run_launcher.config.run_task_kwargs.capacityProviderStrategy : one.capacityProvider
    ] == ["FARGATE_SPOT"]
    error_message = "Runs are not on Spot unless they say so."
  }

  assert {
    condition = alltrue(flatten([
      for service in aws_ecs_service.this : [
        for one in service.capacity_provider_strategy : one.capacity_provider == "FARGATE"
      ]
    ]))
    error_message = "A service can be taken away by Spot."
  }
}

run "every_container_has_two_minutes_to_end_and_no_right_to_more" {
  command = apply

  assert {
    condition = alltrue(flatten([
      for definition in aws_ecs_task_definition.this : [
        for one in jsondecode(definition.container_definitions) :
        one.stopTimeout == 120 && one.readonlyRootFilesystem && one.linuxParameters.capabilities.drop == ["ALL"] && strcontains(one.image, "@sha256:")
      ]
    ]))
    error_message = "A container ends in less than two minutes, may write its own image, or is named by a tag."
  }
}

run "health_checks_ask_the_pipeline_itself" {
  command = apply

  assert {
    condition = alltrue([
      for role, definition in aws_ecs_task_definition.this :
      reverse(jsondecode(definition.container_definitions))[0].healthCheck.command == ["CMD", "stt-pipeline", "doctor", "--of", role]
      if role != "run"
    ])
    error_message = "A service is healthy whatever it does."
  }
}

run "two_daemons_never_run_at_once" {
  command = apply

  assert {
    condition     = aws_ecs_service.this["daemon"].deployment_maximum_percent == 100 && aws_ecs_service.this["daemon"].desired_count == 1
    error_message = "Two daemons launch every run twice."
  }

  assert {
    condition     = alltrue([for one in aws_ecs_service.this : one.deployment_circuit_breaker[0].rollback])
    error_message = "A version that does not start stays."
  }
}

run "no_secret_lies_in_an_environment" {
  command = apply

  assert {
    condition = alltrue(flatten([
      for definition in aws_ecs_task_definition.this : [
        for one in jsondecode(definition.container_definitions) : [
          for variable in one.environment : !strcontains(lower(variable.name), "password")
        ]
      ]
    ]))
    error_message = "A password lies in a task definition."
  }

  assert {
    condition = alltrue(flatten([
      for definition in aws_ecs_task_definition.this : [
        for one in jsondecode(definition.container_definitions) : [
          for secret in one.secrets : secret.valueFrom == "arn:aws:secretsmanager:eu-west-3:111111111111:secret:rds!db-1:password::"
          if secret.name == "DAGSTER_POSTGRES_PASSWORD"
        ]
      ]
    ]))
    error_message = "The password comes from elsewhere than the database's secret."
  }
}

run "a_size_that_fargate_has_not_is_refused" {
  command = plan

  variables {
    tasks = {
      webserver = { cpu = 512, memory = 2048 }
      daemon    = { cpu = 512, memory = 1024 }
      code      = { cpu = 512, memory = 2048 }
      run       = { cpu = 4096, memory = 4096 }
    }
  }

  expect_failures = [var.tasks]
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    image = "111111111111.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline:latest"
  }

  expect_failures = [var.image]
}

run "a_setting_of_another_name_is_refused" {
  command = plan

  variables {
    settings = { LAKE_URI = "s3://lake" }
  }

  expect_failures = [var.settings]
}

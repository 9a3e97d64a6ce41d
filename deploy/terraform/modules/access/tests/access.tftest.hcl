mock_provider "aws" {}

variables {
  name          = "stt-test"
  account       = { partition = "aws", id = "111111111111", region = "eu-west-3" }
  vpc           = { id = "vpc-1", s3_prefix_list_id = "pl-1", https_targets_cidrs = ["10.20.0.0/16"] }
  allowed_cidrs = ["203.0.113.0/24"]
  places = {
    recordings_bucket = "calls"
    recordings_prefix = "calls/"
    lake_bucket       = "lake"
    logs_bucket       = "logs"
    glue_database     = "stt_test"
    repository        = "stt-pipeline"
  }
}

run "recordings_are_never_written" {
  command = apply

  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.task : [
        for one in jsondecode(policy.policy).Statement : alltrue([
          for action in flatten([one.Action]) : contains(["s3:GetObject", "s3:ListBucket"], action)
        ]) if strcontains(jsonencode(one.Resource), ":::calls")
      ]
    ]))
    error_message = "A role may do more with recordings than read them."
  }
}

run "only_the_daemon_passes_roles_and_only_two" {
  command = apply

  assert {
    condition = [
      for role, policy in aws_iam_role_policy.task : role if strcontains(policy.policy, "iam:PassRole")
    ] == ["daemon"]
    error_message = "Another role than the daemon's passes roles."
  }

  assert {
    condition = [
      for one in jsondecode(aws_iam_role_policy.task["daemon"].policy).Statement : toset(one.Resource)
      if one.Action == "iam:PassRole"
      ] == [toset([
        "arn:aws:iam::111111111111:role/stt-test-run",
        "arn:aws:iam::111111111111:role/stt-test-execution",
    ])]
    error_message = "The daemon may pass other roles than those of a run."
  }
}

run "no_policy_has_a_wildcard_for_an_action" {
  command = apply

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(aws_iam_role_policy.task), [aws_iam_role_policy.execution]) : [
        for one in jsondecode(policy.policy).Statement : !strcontains(jsonencode(one.Action), "*")
      ]
    ]))
    error_message = "A policy allows actions by wildcard."
  }

  assert {
    condition = toset(flatten([
      for policy in concat(values(aws_iam_role_policy.task), [aws_iam_role_policy.execution]) : [
        for one in jsondecode(policy.policy).Statement : one.Action if one.Resource == "*"
      ]
    ])) == toset(["ecs:DescribeTaskDefinition", "ecr:GetAuthorizationToken"])
    error_message = "Only two actions, which know no resource, are allowed on all."
  }
}

run "the_key_is_for_this_account_alone" {
  command = apply

  assert {
    condition = alltrue([
      for one in jsondecode(aws_kms_key.this.policy).Statement : !strcontains(jsonencode(one.Principal), "*")
    ])
    error_message = "The key's policy names everybody."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key is never rotated."
  }
}

run "nobody_reaches_the_database_but_dagster" {
  command = apply

  assert {
    condition = toset([
      for one in aws_vpc_security_group_ingress_rule.from_role : one.description if one.from_port == 5432
    ]) == toset(["From the webserver", "From the daemon", "From the code", "From the run"])
    error_message = "Others than Dagster's processes reach the database."
  }

  assert {
    condition     = [for one in aws_vpc_security_group_ingress_rule.people : one.cidr_ipv4] == ["203.0.113.0/24"]
    error_message = "The UI is open to others than the list says."
  }
}

run "without_the_service_it_has_no_role" {
  command = apply

  assert {
    condition     = !contains(keys(aws_iam_role.task), "serve") && !contains(keys(output.security_group_ids), "serve")
    error_message = "A role waits for a service that is not there."
  }
}

run "the_service_writes_its_jobs_and_nothing_else" {
  command = apply

  variables {
    with_service = true
  }

  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.task["serve"].policy).Statement : one.Resource
      if length(setsubtract(flatten([one.Action]), ["s3:GetObject", "s3:ListBucket"])) > 0
    ])) == toset(["arn:aws:s3:::lake/lake/_work/serving/*", "arn:aws:s3:::lake/lake/_work/locks/serving*"])
    error_message = "The service may change more than its own jobs."
  }

  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.task["serve"].policy).Statement : one.Action
    ])) == toset(["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"])
    error_message = "The service may do more than read recordings and keep jobs."
  }

  assert {
    condition = [
      for one in aws_vpc_security_group_ingress_rule.from_role : one.description
      if one.security_group_id == output.security_group_ids["serve"]
    ] == ["From the entrance"]
    error_message = "Others than the load balancer reach the service."
  }
}

run "the_password_is_that_of_this_database" {
  command = apply

  assert {
    condition = anytrue([
      for one in jsondecode(aws_iam_role_policy.execution.policy).Statement :
      one.Action == "secretsmanager:GetSecretValue" &&
      try(one.Condition.StringEquals["secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn"], "") == "arn:aws:rds:eu-west-3:111111111111:db:stt-test"
    ])
    error_message = "Tasks may read the passwords of other databases."
  }
}

run "a_ui_for_the_whole_internet_is_refused" {
  command = plan

  variables {
    allowed_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "without_the_fallback_nobody_asks_amazon_transcribe" {
  command = apply

  assert {
    condition = !anytrue([
      for policy in values(aws_iam_role_policy.task) : strcontains(policy.policy, "transcribe:")
    ])
    error_message = "A role may spend on a service that nobody asked for."
  }
}

run "the_fallback_asks_into_the_lake_and_finds_its_own_jobs" {
  command = apply

  variables {
    with_fallback = true
  }

  assert {
    condition = [
      for role, policy in aws_iam_role_policy.task : role if strcontains(policy.policy, "transcribe:")
    ] == ["code", "run"]
    error_message = "Others than runs, and the sensor that hands calls over, ask Amazon Transcribe."
  }

  assert {
    condition = anytrue([
      for one in jsondecode(aws_iam_role_policy.task["run"].policy).Statement :
      try(one.Condition.StringEquals["transcribe:OutputBucketName"], "") == "lake"
    ])
    error_message = "Answers may be written elsewhere than in the lake."
  }
}

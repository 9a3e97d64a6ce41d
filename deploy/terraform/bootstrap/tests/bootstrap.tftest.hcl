mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  account_id        = "111111111111"
  region            = "eu-west-3"
  owner             = "data-platform"
  github_repository = "example/stt-pipeline"
}

run "each_role_is_for_one_subject_of_one_repository" {
  command = apply

  assert {
    condition = alltrue([
      for role in aws_iam_role.github : startswith(
        jsondecode(role.assume_role_policy).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"],
        "repo:example/stt-pipeline:",
      )
    ])
    error_message = "Other repositories may take a role."
  }

  assert {
    condition     = jsondecode(aws_iam_role.github["deploy-prod"].assume_role_policy).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"] == "repo:example/stt-pipeline:environment:prod"
    error_message = "prod is deployed without its environment's approval."
  }
}

run "a_deployment_of_dev_cannot_touch_prod" {
  command = apply

  assert {
    condition     = !strcontains(aws_iam_role_policy.github["deploy-dev"].policy, "stt-prod")
    error_message = "The role of dev reaches prod."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.github["push"].policy, "iam:PassRole")
    error_message = "Who pushes images passes roles."
  }
}

run "state_is_kept_and_encrypted" {
  command = apply

  assert {
    condition     = output.state == "stt-state-111111111111" && aws_kms_key.state.enable_key_rotation
    error_message = "The state is not where the environments look for it."
  }
}

run "without_github_there_is_no_way_in_for_it" {
  command = plan

  variables {
    github_repository = null
  }

  assert {
    condition     = length(aws_iam_role.github) == 0 && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "GitHub may sign in although nobody said so."
  }
}

run "a_repository_without_owner_is_refused" {
  command = plan

  variables {
    github_repository = "stt-pipeline"
  }

  expect_failures = [var.github_repository]
}

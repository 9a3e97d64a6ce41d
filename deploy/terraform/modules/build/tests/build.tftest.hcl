mock_provider "aws" {}

variables {
  name    = "stt-pipeline"
  account = { partition = "aws", id = "111111111111", region = "eu-west-3" }
  source_repository = {
    url            = "https://github.com/example/stt-pipeline.git"
    connection_arn = "arn:aws:codeconnections:eu-west-3:111111111111:connection/1"
  }
  repository = {
    url = "111111111111.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline"
    arn = "arn:aws:ecr:eu-west-3:111111111111:repository/stt-pipeline"
  }
}

run "pushes_to_one_repository_alone" {
  command = apply

  assert {
    condition = alltrue([
      for one in jsondecode(aws_iam_role_policy.this.policy).Statement : one.Resource == var.repository.arn
      if contains(flatten([one.Action]), "ecr:PutImage")
    ])
    error_message = "Builds may push to other repositories."
  }
}

run "is_cached_and_started_by_a_release" {
  command = apply

  assert {
    condition     = contains(one(aws_codebuild_project.this.cache).modes, "LOCAL_DOCKER_LAYER_CACHE")
    error_message = "Every build begins from nothing."
  }

  assert {
    condition = anytrue(flatten([
      for group in aws_codebuild_webhook.this.filter_group : [
        for one in group.filter : one.type == "HEAD_REF" && startswith(one.pattern, "^refs/tags/v")
      ]
    ]))
    error_message = "Other pushes than releases are built."
  }
}

run "codecommit_is_refused" {
  command = plan

  variables {
    source_repository = {
      host           = "CODECOMMIT"
      url            = "https://git-codecommit.eu-west-3.amazonaws.com/v1/repos/x.git"
      connection_arn = "arn:aws:codeconnections:eu-west-3:111111111111:connection/1"
    }
  }

  expect_failures = [var.source_repository]
}

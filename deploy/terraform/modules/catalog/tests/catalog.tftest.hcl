mock_provider "aws" {}

variables {
  name        = "stt-test"
  database    = "stt_test"
  lake_bucket = "stt-test-lake"
  kms_key_arn = "arn:aws:kms:eu-west-3:111111111111:key/1"
  account     = { partition = "aws", id = "111111111111", region = "eu-west-3" }
}

run "a_query_has_a_limit_that_nobody_can_lift" {
  command = apply

  assert {
    condition = (
      aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 20 * pow(2, 30) &&
      aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    )
    error_message = "A query may scan everything."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS"
    error_message = "Results are not encrypted with the key."
  }
}

run "analysts_see_no_work_in_progress_and_write_no_table" {
  command = apply

  assert {
    condition = !anytrue(flatten([
      for one in jsondecode(aws_iam_policy.analyst.policy).Statement : [
        for resource in flatten([one.Resource]) :
        endswith(resource, ":::stt-test-lake/*") || strcontains(resource, "_work") || strcontains(resource, "references")
      ]
    ]))
    error_message = "Analysts read more than the published tables."
  }

  assert {
    condition = alltrue(flatten([
      for one in jsondecode(aws_iam_policy.analyst.policy).Statement : [
        for resource in flatten([one.Resource]) : resource == "arn:aws:s3:::stt-test-lake/athena/*"
      ] if contains(flatten([one.Action]), "s3:PutObject")
    ]))
    error_message = "Analysts may write elsewhere than their results."
  }
}

run "a_database_of_a_wrong_name_is_refused" {
  command = plan

  variables {
    database = "stt-test"
  }

  expect_failures = [var.database]
}

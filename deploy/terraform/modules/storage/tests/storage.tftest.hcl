mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  prefix      = "stt-test-111111111111"
  kms_key_arn = "arn:aws:kms:eu-west-3:111111111111:key/1"
}

run "an_existing_bucket_of_recordings_is_left_alone" {
  command = apply

  variables {
    existing_recordings_bucket = "phone-system-recordings"
  }

  assert {
    condition     = length(module.recordings) == 0 && output.names.recordings == "phone-system-recordings"
    error_message = "A bucket is made although one was brought along."
  }
}

run "makes_four_buckets_by_name" {
  command = apply

  assert {
    condition     = length(module.recordings) == 1 && output.names.lake == "stt-test-111111111111-lake"
    error_message = "The buckets are not those of the site."
  }
}

run "retention_below_a_month_is_refused" {
  command = plan

  variables {
    retention_days = { checkpoints = 3 }
  }

  expect_failures = [var.retention_days]
}

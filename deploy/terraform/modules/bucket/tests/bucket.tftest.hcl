mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name        = "stt-test-1-lake"
  encryption  = { kms_key_arn = "arn:aws:kms:eu-west-3:111111111111:key/1" }
  expire_days = { "athena/" = 7 }
}

run "is_private_versioned_and_encrypted" {
  command = apply

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket can be made public."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Old versions are not kept."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.encryption.kms_key_arn
    error_message = "Objects are not encrypted with the key."
  }
}

run "nobody_may_without_tls_and_nobody_is_allowed_by_wildcard" {
  command = apply

  assert {
    condition = anytrue([
      for one in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      one.Effect == "Deny" && one.Condition.Bool["aws:SecureTransport"] == "false"
    ])
    error_message = "Requests without TLS are not denied."
  }

  assert {
    condition = !anytrue([
      for one in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      one.Effect == "Allow" && strcontains(jsonencode(one.Principal), "*")
    ])
    error_message = "The policy allows everybody something."
  }
}

run "objects_go_when_said" {
  command = apply

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      rule.id == "expire-athena" && rule.filter[0].prefix == "athena/" && rule.expiration[0].days == 7
    ])
    error_message = "Results of queries are kept for ever."
  }
}

run "a_name_that_is_none_is_refused" {
  command = plan

  variables {
    name = "Not_A_Bucket"
  }

  expect_failures = [var.name]
}

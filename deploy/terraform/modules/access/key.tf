# One key for what is stored: buckets, database, logs, topics, parameters, passwords.

locals {
  key_users = {
    # What each service of AWS does with the key in its own name, and on whose behalf.
    "logs.${var.account.region}.amazonaws.com" = {
      ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn}:logs:${local.here}:log-group:*" }
    }
    "cloudwatch.amazonaws.com" = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    "events.amazonaws.com"     = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    "budgets.amazonaws.com"    = { StringEquals = { "aws:SourceAccount" = var.account.id } }
  }
}

resource "aws_kms_key" "this" {
  description             = "Recordings, transcripts, runs and logs of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "AccountDecidesByItsOwnPolicies"
          Effect    = "Allow"
          Principal = { AWS = "${local.arn}:iam::${var.account.id}:root" }
          Action    = "kms:*"
          Resource  = "*" # In the policy of a key this is the key.
        },
        {
          Sid       = "RolesReadAndWrite"
          Effect    = "Allow"
          Principal = { AWS = concat(values(local.role_arns), [local.execution]) }
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = "*"
        },
      ],
      [
        for service, condition in local.key_users : {
          Sid       = "Service${title(split(".", service)[0])}"
          Effect    = "Allow"
          Principal = { Service = service }
          Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
          Resource  = "*"
          Condition = condition
        }
      ],
    )
  })

  # A key's policy names only roles that exist.
  depends_on = [aws_iam_role.task, aws_iam_role.execution]
}

resource "aws_kms_alias" "this" {
  name          = local.key_alias
  target_key_id = aws_kms_key.this.key_id
}

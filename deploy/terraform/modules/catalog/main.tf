# Where the tables are found, how much a query may read, and what analysts may do. The pipeline makes the
# tables themselves, from its schemas.

locals {
  arn  = "arn:${var.account.partition}"
  here = "${var.account.region}:${var.account.id}"
  lake = "${local.arn}:s3:::${var.lake_bucket}"

  published = ["recordings", "transcripts", "segments", "words", "transcript_quality", "weekly_readiness"]
}

resource "aws_glue_catalog_database" "this" {
  name        = var.database
  description = "Transcripts of recorded calls, published by stt_pipeline."
}

resource "aws_athena_workgroup" "this" {
  name        = var.name
  description = "Queries over the transcripts"

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1073741824

    result_configuration {
      output_location       = "s3://${var.lake_bucket}/athena/"
      expected_bucket_owner = var.account.id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

# Attach it to the people who ask. Work in progress, references and recordings are not in it.
resource "aws_iam_policy" "analyst" {
  name        = "${var.name}-analyst"
  description = "Queries over the transcripts of ${var.name}"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Ask"
        Effect = "Allow"
        Action = [
          "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup",
          "athena:StartQueryExecution", "athena:StopQueryExecution",
        ]
        Resource = "${local.arn}:athena:${local.here}:workgroup/${var.name}"
      },
      {
        Sid    = "FindTables"
        Effect = "Allow"
        Action = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
        Resource = [
          "${local.arn}:glue:${local.here}:catalog",
          "${local.arn}:glue:${local.here}:database/${var.database}",
          "${local.arn}:glue:${local.here}:table/${var.database}/*",
        ]
      },
      {
        Sid      = "ReadTables"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for table in local.published : "${local.lake}/lake/${table}/*"]
      },
      {
        Sid       = "ListTablesAndResults"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.lake
        Condition = { StringLike = { "s3:prefix" = concat(["athena/*"], [for table in local.published : "lake/${table}/*"]) } }
      },
      {
        Sid      = "FindTheBucket"
        Effect   = "Allow"
        Action   = "s3:GetBucketLocation"
        Resource = local.lake
      },
      {
        Sid      = "KeepResults"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.lake}/athena/*"
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "${local.arn}:kms:${local.here}:key/*"
        Condition = {
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/${var.name}" }
          StringEquals               = { "kms:ViaService" = "s3.${var.account.region}.amazonaws.com" }
        }
      },
    ]
  })
}

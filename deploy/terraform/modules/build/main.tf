# Builds, scans and pushes the image of a tag, as deploy/buildspec.yml says.

locals {
  log_group = "/${var.name}/build"
  logs      = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.log_group}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_kms_key" "this" {
  description             = "Logs and cache of builds of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecidesByItsOwnPolicies"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
        Action    = "kms:*"
        Resource  = "*" # In the policy of a key this is the key.
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = local.logs } }
      },
    ]
  })
}

resource "aws_iam_role" "this" {
  name = "${var.name}-build"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "codebuild.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "build"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.logs}:log-stream:*"
      },
      {
        Sid      = "ReadTheSource"
        Effect   = "Allow"
        Action   = ["codeconnections:GetConnectionToken", "codeconnections:UseConnection"]
        Resource = var.source_repository.connection_arn
      },
      {
        Sid      = "LogInToTheRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*" # It has no resource; what may be pushed is said below.
      },
      {
        Sid    = "PushAndReadScans"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
          "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = var.repository.arn
      },
    ]
  })
}

resource "aws_codebuild_project" "this" {
  # checkov:skip=CKV_AWS_316: building an image in a build needs Docker, and Docker a privileged build
  name           = var.name
  description    = "Tests, builds, scans and pushes the image of a tag"
  service_role   = aws_iam_role.this.arn
  encryption_key = aws_kms_key.this.arn
  build_timeout  = 90

  source {
    type            = var.source_repository.host
    location        = var.source_repository.url
    buildspec       = "deploy/buildspec.yml"
    git_clone_depth = 0

    auth {
      type     = "CODECONNECTIONS"
      resource = var.source_repository.connection_arn
    }
  }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  # Layers of the last build on this machine; those of the last release come from the registry.
  cache {
    type  = "LOCAL"
    modes = ["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE"]
  }

  environment {
    type            = "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_LARGE"
    image           = "aws/codebuild/standard:7.0"
    privileged_mode = true

    environment_variable {
      name  = "REPOSITORY"
      value = var.repository.url
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this.name
    }
  }
}

# A tag that begins with v is a release.
resource "aws_codebuild_webhook" "this" {
  project_name = aws_codebuild_project.this.name
  build_type   = "BUILD"

  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PUSH"
    }

    filter {
      type    = "HEAD_REF"
      pattern = "^refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+$"
    }
  }
}

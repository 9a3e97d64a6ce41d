# Images, each tag for ever the same bytes.

resource "aws_kms_key" "this" {
  # checkov:skip=CKV2_AWS_64: the default policy of a key: this account's own policies decide
  description             = "Images of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = false

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Releases to roll back to"
        selection    = { tagStatus = "tagged", tagPrefixList = ["v"], countType = "imageCountMoreThan", countNumber = var.kept_releases }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Commits"
        selection    = { tagStatus = "tagged", tagPrefixList = ["commit-"], countType = "imageCountMoreThan", countNumber = var.kept_commits }
        action       = { type = "expire" }
      },
      {
        rulePriority = 3
        description  = "What no tag names"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
    ]
  })
}

mock_provider "aws" {}

variables {
  name = "stt-pipeline"
}

run "a_tag_never_changes_its_image" {
  command = apply

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag can be moved to another image."
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push && !aws_ecr_repository.this.force_delete
    error_message = "Images are not scanned, or go with the repository."
  }
}

run "releases_outlive_commits" {
  command = apply

  assert {
    condition = alltrue([
      for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules :
      rule.selection.countNumber >= 5
    ])
    error_message = "Too little is kept to roll back to."
  }
}

run "one_release_is_too_few" {
  command = plan

  variables {
    kept_releases = 1
  }

  expect_failures = [var.kept_releases]
}

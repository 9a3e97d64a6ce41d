mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_acm_certificate" {
    defaults = {
      domain_validation_options = [{
        domain_name           = "stt.example.com"
        resource_record_name  = "_1.stt.example.com"
        resource_record_type  = "CNAME"
        resource_record_value = "_2.acm-validations.aws"
      }]
    }
  }

  mock_resource "aws_cloudformation_stack" {
    defaults = { outputs = { Arn = "arn:aws:wafv2:eu-west-3:111111111111:regional/webacl/stt/1" } }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      address            = "stt.x.eu-west-3.rds.amazonaws.com"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-3:111111111111:secret:rds!db-1", kms_key_id = "1", secret_status = "active" }]
    }
  }
}

variables {
  account_id         = "111111111111"
  region             = "eu-west-3"
  owner              = "data-platform"
  image_digest       = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  domain             = { name = "stt.example.com", zone_id = "Z1" }
  availability_zones = ["eu-west-3a", "eu-west-3b"]
  allowed_cidrs      = ["203.0.113.0/24"]
  alert_emails       = ["ops@example.com"]
  runbook_url        = "https://example.com/RUNBOOK.md"
}

run "zones_of_another_region_are_refused" {
  command = plan

  variables {
    availability_zones = ["us-east-1a", "us-east-1b"]
  }

  expect_failures = [var.availability_zones]
}

run "more_shards_than_tasks_are_refused" {
  command = plan

  variables {
    max_concurrent_runs = 2
  }

  expect_failures = [var.settings]
}

run "the_whole_site_can_be_made" {
  command = apply

  assert {
    condition     = output.ui == "https://stt.example.com" && output.buckets.lake == "stt-${var.environment}-111111111111-lake"
    error_message = "The site is not the one that was asked for."
  }
}

run "nothing_is_transcribed_on_demand_unless_asked_for" {
  command = apply

  assert {
    condition     = output.service == null && !contains(output.cluster.services, "serve")
    error_message = "There is a service that nobody asked for."
  }
}

run "a_service_has_a_name_beside_the_ui" {
  command = apply

  variables {
    service = {
      domain   = { name = "transcribe.example.com", zone_id = "Z1" }
      api_keys = ["crm:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]
    }
  }

  assert {
    condition     = output.service == "https://transcribe.example.com" && output.cluster.families["serve"] == "stt-${var.environment}-serve"
    error_message = "The service is not the one that was asked for."
  }
}

mock_provider "aws" {
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
}

variables {
  domain = { name = "stt.example.com", zone_id = "Z1" }
}

run "a_name_is_proven_in_its_own_zone" {
  command = apply

  assert {
    condition     = aws_route53_record.proof[0].zone_id == "Z1" && aws_route53_record.proof[0].name == "_1.stt.example.com"
    error_message = "The certificate is never proven."
  }
}

run "a_certificate_brought_along_is_used" {
  command = apply

  variables {
    domain = { name = "stt.example.com", zone_id = "Z1", certificate_arn = "arn:aws:acm:eu-west-3:111111111111:certificate/1" }
  }

  assert {
    condition     = length(aws_acm_certificate.this) == 0 && output.arn == "arn:aws:acm:eu-west-3:111111111111:certificate/1"
    error_message = "A certificate is made although one was brought along."
  }
}

run "a_name_that_is_no_domain_is_refused" {
  command = plan

  variables {
    domain = { name = "https://stt", zone_id = "Z1" }
  }

  expect_failures = [var.domain]
}

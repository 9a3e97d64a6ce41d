mock_provider "aws" {
  mock_resource "aws_cloudformation_stack" {
    defaults = {
      outputs = { Arn = "arn:aws:wafv2:eu-west-3:111111111111:regional/webacl/stt-test/1" }
    }
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
}

variables {
  name               = "stt-test"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_id  = "sg-1"
  domain             = { name = "stt.example.com", zone_id = "Z1" }
  sign_in_prefix     = "stt-test-111111111111"
  access_log_bucket  = "stt-test-access-logs"
  kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  log_retention_days = 365
}

run "nobody_passes_without_signing_in" {
  command = apply

  assert {
    condition     = [for one in aws_lb_listener.https.default_action : one.type] == ["authenticate-cognito", "forward"]
    error_message = "Requests are forwarded before somebody has signed in."
  }

  assert {
    condition     = aws_lb_listener.https.default_action[0].authenticate_cognito[0].on_unauthenticated_request == "authenticate"
    error_message = "Who is not signed in passes."
  }

  assert {
    condition     = aws_cognito_user_pool.this.mfa_configuration == "ON" && aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "Anybody can sign up, or no second factor is asked for."
  }
}

run "it_speaks_tls_alone" {
  command = apply

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && strcontains(aws_lb_listener.https.ssl_policy, "TLS13")
    error_message = "The listener takes old TLS, or none."
  }
}

run "one_address_cannot_ask_without_end" {
  command = apply

  assert {
    condition = anytrue([
      for rule in jsondecode(aws_cloudformation_stack.firewall.template_body).Resources.Firewall.Properties.Rules :
      try(rule.Statement.RateBasedStatement.Limit, 0) == 3000 && can(rule.Action.Block)
    ])
    error_message = "There is no limit on requests."
  }
}

run "a_health_check_that_asks_dagster" {
  command = apply

  assert {
    condition     = aws_lb_target_group.webserver.health_check[0].path == "/server_info" && aws_lb_target_group.webserver.health_check[0].matcher == "200"
    error_message = "The load balancer does not ask the web server how it is."
  }

  assert {
    condition     = aws_lb_target_group.webserver.load_balancing_algorithm_type == "least_outstanding_requests"
    error_message = "Requests go round, whoever is busy."
  }
}

run "a_certificate_brought_along_is_used" {
  command = apply

  variables {
    domain = { name = "stt.example.com", zone_id = "Z1", certificate_arn = "arn:aws:acm:eu-west-3:111111111111:certificate/1" }
  }

  assert {
    condition     = aws_lb_listener.https.certificate_arn == "arn:aws:acm:eu-west-3:111111111111:certificate/1"
    error_message = "Another certificate is used than the one brought along."
  }
}

run "a_name_that_is_no_domain_is_refused" {
  command = plan

  variables {
    domain = { name = "https://stt", zone_id = "Z1" }
  }

  expect_failures = [var.domain]
}

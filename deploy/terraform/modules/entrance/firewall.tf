# A limit on requests of one address, and what AWS knows to be attacks.
#
# A stack of CloudFormation: the schema of the provider's own aws_wafv2_web_acl is not one that can be
# checked without AWS; this template is, by cfn-lint.

locals {
  seen = { CloudWatchMetricsEnabled = true, SampledRequestsEnabled = true }

  managed = ["AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesAmazonIpReputationList"]

  firewall = {
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Firewall of the UI of ${var.name}"
    Resources = {
      Firewall = {
        Type = "AWS::WAFv2::WebACL"
        Properties = {
          Name             = var.name
          Scope            = "REGIONAL"
          DefaultAction    = { Allow = {} }
          VisibilityConfig = merge(local.seen, { MetricName = var.name })
          Rules = concat(
            [{
              Name             = "rate-of-one-address"
              Priority         = 0
              Action           = { Block = {} }
              Statement        = { RateBasedStatement = { AggregateKeyType = "IP", Limit = var.requests_per_5_minutes } }
              VisibilityConfig = merge(local.seen, { MetricName = "${var.name}-rate" })
            }],
            [
              for place, name in local.managed : {
                Name             = name
                Priority         = place + 1
                OverrideAction   = { None = {} }
                Statement        = { ManagedRuleGroupStatement = { VendorName = "AWS", Name = name } }
                VisibilityConfig = merge(local.seen, { MetricName = "${var.name}-${name}" })
              }
            ],
          )
        }
      }
    }
    Outputs = { Arn = { Value = { "Fn::GetAtt" = ["Firewall", "Arn"] } } }
  }
}

resource "aws_cloudformation_stack" "firewall" {
  # checkov:skip=CKV_AWS_124: Terraform waits for the stack and says what failed; it sends no events to anybody
  name          = "${var.name}-firewall"
  template_body = jsonencode(local.firewall)
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_cloudformation_stack.firewall.outputs["Arn"]
}

# WAF writes only to groups whose name begins so.
resource "aws_cloudwatch_log_group" "firewall" {
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_cloudformation_stack.firewall.outputs["Arn"]
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }
}

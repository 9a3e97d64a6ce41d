# Spot interruptions are events of ECS: kept in a log, and counted from it.

locals {
  interruptions = "/aws/events/${var.name}-interruptions"
  interruptions_arn = join(":", [
    "arn", var.account.partition, "logs", var.account.region, var.account.id, "log-group", local.interruptions,
  ])
  cluster = "arn:${var.account.partition}:ecs:${var.account.region}:${var.account.id}:cluster/${var.name}"
}

resource "aws_cloudwatch_event_rule" "interruption" {
  name        = "${var.name}-interruption"
  description = "A task was taken away by Spot"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [local.cluster]
      lastStatus = ["STOPPED"]
      stopCode   = ["SpotInterruption"]
    }
  })
}

resource "aws_cloudwatch_log_group" "interruptions" {
  name              = local.interruptions
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudwatch_event_target" "interruption" {
  rule = aws_cloudwatch_event_rule.interruption.name
  arn  = aws_cloudwatch_log_group.interruptions.arn
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  policy_name = "${var.name}-events"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.interruptions_arn}:*"
    }]
  })
}

resource "aws_cloudwatch_log_metric_filter" "interruptions" {
  name           = "spot-interruptions"
  log_group_name = aws_cloudwatch_log_group.interruptions.name
  pattern        = "{ $.detail.stopCode = \"SpotInterruption\" }"

  metric_transformation {
    namespace     = var.name
    name          = "SpotInterruptions"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# A release whose health checks failed, which ECS has taken back.
resource "aws_cloudwatch_event_rule" "rolled_back" {
  name        = "${var.name}-rolled-back"
  description = "A deployment failed and was rolled back"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Deployment State Change"]
    resources   = [{ prefix = "arn:${var.account.partition}:ecs:${var.account.region}:${var.account.id}:service/${var.name}/" }]
    detail      = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
  })
}

resource "aws_cloudwatch_event_target" "rolled_back" {
  rule = aws_cloudwatch_event_rule.rolled_back.name
  arn  = aws_sns_topic.alerts.arn
}

# Each alarm has a heading of its own in RUNBOOK.md: what it means, and the first three things to do.

locals {
  # Names of the pipeline's own metrics are those of stt_pipeline/domain/metrics.py; a check compares them.
  pipeline_alarms = {
    deadline-risk = {
      what      = "The week may not be ready with its margin before the meeting"
      metric    = "SlackHours", statistic = "Minimum", operator = "LessThanThreshold"
      threshold = var.margin_h, period = 900, periods = 2, missing = "notBreaching"
    }
    deadline-missed = {
      what      = "The deadline has passed and dates are missing"
      metric    = "DatesMissing", statistic = "Maximum", operator = "GreaterThanThreshold"
      threshold = 0, period = 900, periods = 1, missing = "notBreaching"
    }
    runs-failed = {
      what      = "A run failed, and is not repeated"
      metric    = "RunsFailed", statistic = "Sum", operator = "GreaterThanThreshold"
      threshold = 0, period = 300, periods = 1, missing = "notBreaching"
    }
    daemon-silent = {
      what      = "No sensor has looked for half an hour: schedules do not fire either"
      metric    = "SensorLooks", statistic = "Sum", operator = "LessThanThreshold"
      threshold = 1, period = 900, periods = 2, missing = "breaching"
    }
  }

  database_alarms = {
    for name, alarm in {
      database-storage = {
        what   = "The database has less than a fifth of its storage left"
        metric = "FreeStorageSpace", operator = "LessThanThreshold", threshold = var.database.storage_gb * 1073741824 / 5
      }
      database-busy = {
        what   = "The database's processors have been busy for half an hour"
        metric = "CPUUtilization", operator = "GreaterThanThreshold", threshold = 85
      }
    } : name => alarm if var.database.identifier != null
  }
}

resource "aws_cloudwatch_metric_alarm" "pipeline" {
  for_each            = local.pipeline_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}. ${var.runbook_url}#alarm-${each.key}"
  namespace           = var.name
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each            = local.database_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}. ${var.runbook_url}#alarm-${each.key}"
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = var.database.identifier }
  statistic           = "Average"
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = 900
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "ui" {
  alarm_name          = "${var.name}-ui-down"
  alarm_description   = "No web server is healthy. ${var.runbook_url}#alarm-ui-down"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = var.load_balancer
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 10
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

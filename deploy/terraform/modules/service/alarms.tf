# For people; each has a heading of its own in RUNBOOK.md.

locals {
  dimensions = {
    LoadBalancer = var.load_balancer.dimension
    TargetGroup  = aws_lb_target_group.serve.arn_suffix
  }

  alarms = {
    service-down = {
      what      = "Callers have found no task for ten minutes: the service does not wake"
      metric    = local.refused, dimensions = { LoadBalancer = var.load_balancer.dimension }
      statistic = "Sum", threshold = 0, period = 60, periods = 10
    }
    service-behind = {
      what      = "Each task has held more than four times what it should for a quarter of an hour"
      metric    = local.queue, dimensions = {}
      statistic = "Average", threshold = 4 * var.service.queue_s_a_task, period = 300, periods = 3
    }
    service-errors = {
      what      = "The service answers with errors of its own"
      metric    = { namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count" }, dimensions = local.dimensions
      statistic = "Sum", threshold = 5, period = 300, periods = 2
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "people" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}. ${var.runbook_url}#alarm-${each.key}"
  namespace           = each.value.metric.namespace
  metric_name         = each.value.metric.name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

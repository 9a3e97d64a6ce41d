# From none to many and back. With no task nobody can report a queue: the load balancer's own refusals
# wake the first one. From then on ServeQueueS is followed: the most audio seconds that a process has
# held since its last report, once a minute, zeros too.

locals {
  refused = { namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_503_Count" }
  queue   = { namespace = var.name, name = "ServeQueueS" }

  # Name: what it is for, its alarm, and the step. Silence of the service moves nothing (notBreaching):
  # a task that is waking has not reported yet, and must not be put to sleep for it.
  steps = {
    for name, step in {
      # 503 is what a target group without a task answers. The web server's, while it has none, count too.
      wake = {
        what   = "Somebody asked and no task was there"
        metric = local.refused, dimensions = { LoadBalancer = var.load_balancer.dimension }
        stat   = "Sum", operator = "GreaterThanThreshold", threshold = 0, periods = 1
        kind   = "ChangeInCapacity", change = 1, cooldown = 300
      }
      rest = {
        what   = "Nobody has asked for a quarter of an hour"
        metric = local.queue, dimensions = {}
        stat   = "Maximum", operator = "LessThanThreshold", threshold = 1, periods = 15
        kind   = "ExactCapacity", change = 0, cooldown = 60
      }
    } : name => step if var.service.least == 0
  }
}

resource "aws_appautoscaling_target" "serve" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.name}/${aws_ecs_service.serve.name}"
  min_capacity       = var.service.least
  max_capacity       = var.service.most
}

resource "aws_appautoscaling_policy" "step" {
  for_each           = local.steps
  name               = each.key
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.serve.service_namespace
  scalable_dimension = aws_appautoscaling_target.serve.scalable_dimension
  resource_id        = aws_appautoscaling_target.serve.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = each.value.kind
    cooldown                = each.value.cooldown
    metric_aggregation_type = "Maximum"

    step_adjustment {
      scaling_adjustment          = each.value.change
      metric_interval_lower_bound = each.key == "wake" ? "0" : null
      metric_interval_upper_bound = each.key == "rest" ? "0" : null
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "step" {
  for_each            = local.steps
  alarm_name          = "${var.name}-service-${each.key}"
  alarm_description   = "${each.value.what}. ${var.runbook_url}#transcription-on-demand"
  namespace           = each.value.metric.namespace
  metric_name         = each.value.metric.name
  dimensions          = each.value.dimensions
  statistic           = each.value.stat
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.step[each.key].arn]
}

# More tasks as long as each holds more than it should. It takes none away: it could take the last one.
resource "aws_appautoscaling_policy" "queue" {
  name               = "queue"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.serve.service_namespace
  scalable_dimension = aws_appautoscaling_target.serve.scalable_dimension
  resource_id        = aws_appautoscaling_target.serve.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.service.queue_s_a_task
    disable_scale_in   = true
    scale_out_cooldown = 60

    customized_metric_specification {
      namespace   = local.queue.namespace
      metric_name = local.queue.name
      statistic   = "Average"
    }
  }
}

# Of several tasks one goes at a time, while they hold a tenth of what they may.
resource "aws_appautoscaling_policy" "fewer" {
  name               = "fewer"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.serve.service_namespace
  scalable_dimension = aws_appautoscaling_target.serve.scalable_dimension
  resource_id        = aws_appautoscaling_target.serve.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 300
    metric_aggregation_type = "Average"

    step_adjustment {
      scaling_adjustment          = -1
      metric_interval_upper_bound = "0"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "fewer" {
  alarm_name          = "${var.name}-service-fewer"
  alarm_description   = "More than one task, and little to do. ${var.runbook_url}#transcription-on-demand"
  comparison_operator = "LessThanThreshold"
  threshold           = var.service.queue_s_a_task / 10
  evaluation_periods  = 15
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.fewer.arn]

  metric_query {
    id          = "spare"
    label       = "Audio that a task holds, of more than one task"
    expression  = "IF(tasks > 1, held, ${var.service.queue_s_a_task})"
    return_data = true
  }

  metric_query {
    id = "held"
    metric {
      namespace   = local.queue.namespace
      metric_name = local.queue.name
      stat        = "Average"
      period      = 60
    }
  }

  metric_query {
    id = "tasks"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HealthyHostCount"
      dimensions  = local.dimensions
      stat        = "Minimum"
      period      = 60
    }
  }
}

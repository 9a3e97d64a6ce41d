locals {
  services = {
    webserver = { count = var.webservers.least, healthy_percent = 100, most_percent = 200 }
    # Two daemons would launch everything twice: the old one ends before the new one starts.
    daemon = { count = 1, healthy_percent = 0, most_percent = 100 }
    code   = { count = 1, healthy_percent = 100, most_percent = 200 }
  }
}

resource "aws_ecs_service" "this" {
  for_each                           = local.services
  name                               = each.key
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.this[each.key].arn
  desired_count                      = each.value.count
  deployment_minimum_healthy_percent = each.value.healthy_percent
  deployment_maximum_percent         = each.value.most_percent
  health_check_grace_period_seconds  = each.key == "webserver" ? 180 : null
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = true

  # A service is never taken away by Spot: only runs are.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [var.access.security_group_ids[each.key]]
    assign_public_ip = var.network.assign_public_ip
  }

  # A version whose health checks fail is replaced by the one before.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "load_balancer" {
    for_each = each.key == "webserver" ? [var.target_group_arn] : []
    content {
      target_group_arn = load_balancer.value
      container_name   = "webserver"
      container_port   = 3000
    }
  }

  dynamic "service_registries" {
    for_each = each.key == "code" ? [var.code_registry_arn] : []
    content {
      registry_arn = service_registries.value
    }
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  # Containers name them, and do not start without.
  depends_on = [aws_ssm_parameter.dagster_yaml, aws_ssm_parameter.database_ca]
}

resource "aws_appautoscaling_target" "webserver" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.name}/${aws_ecs_service.this["webserver"].name}"
  min_capacity       = var.webservers.least
  max_capacity       = var.webservers.most
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.webserver.service_namespace
  scalable_dimension = aws_appautoscaling_target.webserver.scalable_dimension
  resource_id        = aws_appautoscaling_target.webserver.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

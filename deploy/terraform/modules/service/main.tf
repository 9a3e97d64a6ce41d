# Transcription on demand: a name of its own on the UI's load balancer, and tasks of the one image.
#
# Callers are programs: no sign-in page stands before them, the service itself asks for a key or a token.
# The load balancer's firewall and its list of addresses hold for them too.

module "certificate" {
  source = "../certificate"
  domain = var.service.domain
}

resource "aws_lb_listener_certificate" "this" {
  listener_arn    = var.load_balancer.listener_arn
  certificate_arn = module.certificate.arn
}

resource "aws_lb_target_group" "serve" {
  # checkov:skip=CKV_AWS_378: inside the private subnets, from the load balancer's group to the service's alone
  name                          = "${var.name}-serve"
  vpc_id                        = var.network.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = local.port
  load_balancing_algorithm_type = "least_outstanding_requests"
  # A task that leaves answers what it was asked before it is told to stop.
  deregistration_delay = 120

  health_check {
    path = "/readyz"
    # 429 says that the queue is full: ECS would replace a task for being busy, and lose its work's time.
    matcher             = "200,429"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 6
  }
}

resource "aws_lb_listener_rule" "serve" {
  listener_arn = var.load_balancer.listener_arn
  priority     = 10

  condition {
    host_header {
      values = [var.service.domain.name]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.serve.arn
  }
}

resource "aws_route53_record" "serve" {
  zone_id = var.service.domain.zone_id
  name    = var.service.domain.name
  type    = "A"

  alias {
    name                   = var.load_balancer.dns_name
    zone_id                = var.load_balancer.zone_id
    evaluate_target_health = false
  }
}

resource "aws_ecs_service" "serve" {
  name                               = "serve"
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.serve.arn
  desired_count                      = var.service.least
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 180
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = true

  # Callers wait for it: Spot takes no task of it away.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets         = var.network.subnet_ids
    security_groups = [var.access.security_group_ids["serve"]]
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.serve.arn
    container_name   = "serve"
    container_port   = local.port
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  # A target group has a service only once a listener has it; the container names the parameter.
  depends_on = [aws_lb_listener_rule.serve, aws_ssm_parameter.api_keys]
}

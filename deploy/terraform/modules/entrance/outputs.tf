output "url" {
  description = "Address of the UI."
  value       = "https://${var.domain.name}"
}

output "target_group_arn" {
  description = "Targets of the load balancer, once its listener has them."
  value       = aws_lb_target_group.webserver.arn
  depends_on  = [aws_lb_listener.https]
}

output "load_balancer" {
  description = "The load balancer, for names beside the UI's: its listener, where records point, its name in CloudWatch."
  value = {
    listener_arn = aws_lb_listener.https.arn
    dns_name     = aws_lb.this.dns_name
    zone_id      = aws_lb.this.zone_id
    dimension    = aws_lb.this.arn_suffix
  }
}

output "dimensions" {
  description = "The load balancer and its targets as CloudWatch names them."
  value = {
    LoadBalancer = aws_lb.this.arn_suffix
    TargetGroup  = aws_lb_target_group.webserver.arn_suffix
  }
}

output "user_pool_id" {
  description = "Where people are added."
  value       = aws_cognito_user_pool.this.id
}

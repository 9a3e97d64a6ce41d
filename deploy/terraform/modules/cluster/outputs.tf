output "arn" {
  description = "ARN of the cluster."
  value       = aws_ecs_cluster.this.arn
  depends_on  = [aws_ecs_cluster_capacity_providers.this, aws_cloudwatch_log_group.role]
}

output "code_registry_arn" {
  description = "Where the code server registers its address."
  value       = aws_service_discovery_service.code.arn
}

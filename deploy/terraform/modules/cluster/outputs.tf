output "arn" {
  description = "ARN of the cluster."
  value       = aws_ecs_cluster.this.arn
}

output "code_registry_arn" {
  description = "Where the code server registers its address."
  value       = aws_service_discovery_service.code.arn
}

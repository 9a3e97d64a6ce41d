output "url" {
  description = "Address of the service."
  value       = "https://${var.service.domain.name}"
}

output "family" {
  description = "Its task definition."
  value       = aws_ecs_task_definition.serve.family
}

output "name" {
  description = "Name of the service in the cluster."
  value       = aws_ecs_service.serve.name
}

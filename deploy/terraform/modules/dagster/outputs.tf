output "families" {
  description = "Task definitions of each role."
  value       = { for role, definition in aws_ecs_task_definition.this : role => definition.family }
}

output "services" {
  description = "Names of the services."
  value       = keys(local.services)
}

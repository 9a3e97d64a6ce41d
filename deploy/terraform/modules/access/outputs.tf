output "kms_key_arn" {
  description = "Key of everything stored."
  value       = aws_kms_key.this.arn
}

output "role_arns" {
  description = "Role of each kind of task: webserver, daemon, code, run, and serve where there is the service."
  value       = local.role_arns
  # An ARN by name says nothing of order: tasks start once the roles may do what they are to.
  depends_on = [aws_iam_role.task, aws_iam_role_policy.task]
}

output "execution_role_arn" {
  description = "Role with which ECS starts tasks."
  value       = local.execution
  depends_on  = [aws_iam_role.execution, aws_iam_role_policy.execution]
}

output "security_group_ids" {
  description = "Group of each role."
  value       = local.group_ids
}

output "alerts_topic_arn" {
  description = "Topic that the code server may publish to; the module monitoring makes it."
  value       = local.topic
}

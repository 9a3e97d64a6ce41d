output "state" {
  description = "Bucket of the states: terraform init -backend-config=bucket=…"
  value       = module.state.name
}

output "registry" {
  description = "Where images are pushed to."
  value       = module.registry.url
}

output "github_roles" {
  description = "Roles of GitHub Actions, for the variables AWS_PUSH_ROLE and AWS_DEPLOY_ROLE of the repository and its environments."
  value       = { for name, role in aws_iam_role.github : name => role.arn }
}

output "analyst_policy_arn" {
  description = "Policy to attach to those who query."
  value       = aws_iam_policy.analyst.arn
}

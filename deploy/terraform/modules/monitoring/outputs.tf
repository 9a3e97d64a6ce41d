output "topic_arn" {
  description = "Topic of all alerts."
  value       = aws_sns_topic.alerts.arn
}

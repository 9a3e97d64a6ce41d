output "names" {
  description = "Names of the buckets: recordings, lake, logs, access_logs."
  value       = local.names
}

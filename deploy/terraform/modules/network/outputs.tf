output "vpc_id" {
  description = "Id of the network."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Subnets of tasks and database."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer."
  value       = [for subnet in aws_subnet.public : subnet.id]
}

output "s3_prefix_list_id" {
  description = "Addresses of S3, for the groups of tasks."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}

output "arn" {
  description = "The certificate, once it is valid."
  value       = local.own ? aws_acm_certificate_validation.this[0].certificate_arn : var.domain.certificate_arn
}

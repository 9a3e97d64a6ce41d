output "connection" {
  description = "Where the database answers, and the secret whose key `password` opens it."
  value = {
    host       = aws_db_instance.this.address
    port       = 5432
    user       = local.user
    database   = local.database
    secret_arn = aws_db_instance.this.master_user_secret[0].secret_arn
  }
}

# What may be brought along instead of created; any of the three by itself.
recordings = {
  existing_bucket = "phone-system-recordings"
  prefix          = "exports/calls"
  kms_key_arn     = "arn:aws:kms:eu-west-3:111111111111:key/00000000-0000-0000-0000-000000000000"
}

existing_network = {
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  public_subnet_ids  = ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]
  s3_prefix_list_id  = "pl-0123456789abcdef0"
  https_cidrs        = ["10.1.0.0/16"]
}

existing_database = {
  host              = "postgres.example.internal"
  user              = "dagster"
  database          = "dagster"
  secret_arn        = "arn:aws:secretsmanager:eu-west-3:111111111111:secret:dagster-AbCdEf"
  security_group_id = "sg-0123456789abcdef0"
}

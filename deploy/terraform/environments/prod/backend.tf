# Made by bootstrap, whose output `state` says the bucket: terraform init -backend-config=bucket=…
terraform {
  backend "s3" {
    key          = "stt-prod.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

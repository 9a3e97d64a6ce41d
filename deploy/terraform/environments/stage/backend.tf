# Made by bootstrap, whose output `state` says the bucket: terraform init -backend-config=bucket=…
terraform {
  backend "s3" {
    key          = "stt-stage.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

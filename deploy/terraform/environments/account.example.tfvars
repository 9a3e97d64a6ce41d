# What only you know. Copy it beside terraform.tfvars as account.auto.tfvars, which Git ignores.
account_id    = "111111111111"
region        = "eu-west-3"
owner         = "data-platform"
image_digest  = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
domain        = { name = "stt.example.com", zone_id = "Z0000000EXAMPLE" }
availability_zones = ["eu-west-3a", "eu-west-3b"]
allowed_cidrs = ["203.0.113.0/24"]
alert_emails  = ["data-platform@example.com"]
runbook_url   = "https://github.com/example/stt-pipeline/blob/main/deploy/RUNBOOK.md"

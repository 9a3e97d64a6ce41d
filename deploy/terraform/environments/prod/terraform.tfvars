# 100 agents, 500 call-hours a day; for 1,000 agents RUNBOOK.md says which numbers grow.
environment = "prod"
monthly_usd = 900

network = {
  cidr           = "10.22.0.0/16"
  endpoint_zones = 2
}

database = {
  instance_class = "db.t4g.medium"
  storage_gb     = 50
  max_storage_gb = 500
}

tasks = {
  webserver = { cpu = 1024, memory = 2048 }
  daemon    = { cpu = 1024, memory = 2048 }
  code      = { cpu = 1024, memory = 4096 }
  run       = { cpu = 2048, memory = 4096 }
}

max_concurrent_runs = 64

settings = {
  STT_FIRST_DATE        = "2026-11-02"
  STT_TIMEZONE          = "Europe/Paris"
  STT_DEADLINE          = "Mon 08:00"
  STT_DEADLINE_MARGIN_H = "6"
  STT_LANGUAGES         = "fr,en"
  STT_CHANNELS          = "left=agent,right=customer"
  STT_MAX_WER           = "0.20"
  STT_MAX_SHARDS        = "60"
}

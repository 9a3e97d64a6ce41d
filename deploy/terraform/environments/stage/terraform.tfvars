# As prod, for a tenth of its calls.
environment = "stage"
monthly_usd = 500

network = {
  cidr           = "10.21.0.0/16"
  endpoint_zones = 1
}

database = {
  instance_class = "db.t4g.small"
  backup_days    = 7
}

tasks = {
  webserver = { cpu = 512, memory = 2048 }
  daemon    = { cpu = 512, memory = 1024 }
  code      = { cpu = 1024, memory = 2048 }
  run       = { cpu = 2048, memory = 4096 }
}

max_concurrent_runs = 10

settings = {
  STT_FIRST_DATE = "2026-11-02"
  STT_MAX_SHARDS = "8"
}

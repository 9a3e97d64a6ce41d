# Small, in one zone, gone without a question.
environment = "dev"
monthly_usd = 350
protected   = false

network = {
  cidr           = "10.20.0.0/16"
  endpoint_zones = 1
}

database = {
  instance_class  = "db.t4g.micro"
  backup_days     = 7
  multi_az        = false
  deletion_locked = false
}

tasks = {
  webserver = { cpu = 512, memory = 2048 }
  daemon    = { cpu = 512, memory = 1024 }
  code      = { cpu = 512, memory = 2048 }
  run       = { cpu = 2048, memory = 4096 }
}

max_concurrent_runs = 6

settings = {
  STT_FIRST_DATE = "2026-11-02"
  STT_MAX_SHARDS = "4"
}

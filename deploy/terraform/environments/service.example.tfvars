# Transcription on demand, beside account.auto.tfvars as service.auto.tfvars: off where this is not said.
service = {
  domain = { name = "transcribe.example.com", zone_id = "Z0000000EXAMPLE" }
  # NAME:SHA256 of each caller's key: openssl rand -hex 32 makes one, printf %s KEY | sha256sum its hash.
  api_keys = ["crm:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]
  settings = { STT_SERVE_MAX_MINUTES = "240" }
}

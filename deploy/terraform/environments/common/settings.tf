# The pipeline's settings: what this site makes, then what its variable file says.

locals {
  settings = merge(
    {
      STT_RECORDINGS_URI    = trimsuffix("s3://${module.storage.names.recordings}/${local.recordings_prefix}", "/")
      STT_LAKE_URI          = "s3://${module.storage.names.lake}/lake"
      STT_REFERENCES_URI    = "s3://${module.storage.names.lake}/references"
      STT_CATALOG           = "glue"
      STT_GLUE_DATABASE     = local.glue_database
      STT_ATHENA_WORKGROUP  = local.name
      STT_SHARD_RUNS        = "true"
      STT_ALERT_SNS_TOPIC   = module.access.alerts_topic_arn
      STT_UI_URL            = module.entrance.url
      STT_METRICS_NAMESPACE = local.name
      STT_DEADLINE_MARGIN_H = "6"
    },
    var.settings,
  )
}

output "ui" {
  description = "Where Dagster's UI is."
  value       = module.entrance.url
}

output "user_pool" {
  description = "Where people are added: aws cognito-idp admin-create-user --user-pool-id …"
  value       = module.entrance.user_pool_id
}

output "buckets" {
  description = "Where recordings land, where tables and references lie, and logs."
  value       = module.storage.names
}

output "analyst_policy" {
  description = "Policy for those who query, and the workgroup that they choose."
  value = {
    arn       = module.catalog.analyst_policy_arn
    workgroup = local.name
    database  = local.glue_database
  }
}

output "cluster" {
  description = "Cluster, services and task definitions, as deploy/release.py takes them."
  value = {
    name     = local.name
    services = concat(module.dagster.services, module.service[*].name)
    families = merge(module.dagster.families, { for one in module.service : one.name => one.family })
  }
}

output "service" {
  description = "Where recordings are transcribed on demand; null where that is off."
  value       = one(module.service[*].url)
}

output "network" {
  description = "Subnets and group of a task that is started by hand."
  value = {
    subnets        = local.network.private_subnet_ids
    security_group = module.access.security_group_ids["run"]
  }
}

output "alerts_topic" {
  description = "Topic of all alerts."
  value       = module.monitoring.topic_arn
}

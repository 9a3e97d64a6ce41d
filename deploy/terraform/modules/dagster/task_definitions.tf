locals {
  home = "/var/lib/stt/dagster"

  # Writes the files that Dagster and libpq want, then becomes the command that ECS, or a run's launch, names.
  entry_point = ["sh", "-c", join("\n", [
    "set -eu",
    "mkdir -p \"$DAGSTER_HOME\"",
    "printf '%s' \"$DAGSTER_YAML\" > \"$DAGSTER_HOME/dagster.yaml\"",
    "printf '%s' \"$WORKSPACE_YAML\" > \"$DAGSTER_HOME/workspace.yaml\"",
    "printf '%s' \"$DATABASE_CA\" > \"$PGSSLROOTCERT\"",
    "exec \"$@\"",
  ]), "start"]

  environment = merge(
    yamldecode(file("${local.deploy}/environment.yaml")),
    {
      AWS_REGION                      = var.region
      DAGSTER_HOME                    = local.home
      DAGSTER_ECS_CLUSTER             = var.name
      DAGSTER_ECS_RUN_TASK_DEFINITION = "${var.name}-run"
      DAGSTER_MAX_CONCURRENT_RUNS     = tostring(var.max_concurrent_runs)
      DAGSTER_LOGS_BUCKET             = var.logs_bucket
      DAGSTER_CODE_SERVER_HOST        = "code.${var.name}.internal"
      DAGSTER_CODE_SERVER_PORT        = "4000"
      DAGSTER_POSTGRES_HOST           = var.database.host
      DAGSTER_POSTGRES_PORT           = tostring(var.database.port)
      DAGSTER_POSTGRES_USER           = var.database.user
      DAGSTER_POSTGRES_DB             = var.database.database
      PGSSLMODE                       = "verify-full"
      PGSSLROOTCERT                   = "${local.home}/database-ca.pem"
      WORKSPACE_YAML                  = file("${local.deploy}/workspace.yaml")
    },
    var.settings,
  )

  secrets = merge(
    { for name, parameter in local.parameters : name => "${local.parameter_arn}${parameter}" },
    { DAGSTER_POSTGRES_PASSWORD = "${var.database.secret_arn}:password::" },
  )

  common = {
    image       = var.image
    essential   = true
    entryPoint  = local.entry_point
    environment = [for name, value in local.environment : { name = name, value = value }]
    secrets     = [for name, source in local.secrets : { name = name, valueFrom = source }]
    # Spot gives two minutes; a worker keeps each recording that it has finished.
    stopTimeout            = 120
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    # The image declares both as volumes, so that they belong to its user.
    mountPoints = [
      { sourceVolume = "home", containerPath = "/var/lib/stt", readOnly = false },
      { sourceVolume = "scratch", containerPath = "/tmp", readOnly = false },
    ]
    # A change of these files replaces the tasks that were started with them.
    dockerLabels = { "stt.dagster-yaml" = filesha256("${local.deploy}/dagster.yaml") }
  }

  commands = {
    webserver = ["dagster-webserver", "--host", "0.0.0.0", "--port", "3000", "-w", "${local.home}/workspace.yaml"]
    daemon    = ["dagster-daemon", "run", "-w", "${local.home}/workspace.yaml"]
    code = [
      "dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000",
      "--module-name", "stt_pipeline.definitions", "--location-name", "stt_pipeline",
    ]
    # A run names its own command; this one says whether a run could work here.
    run = ["stt-pipeline", "doctor", "--of", "worker"]
  }

  ports = { webserver = 3000, code = 4000 }

  containers = {
    for role, command in local.commands : role => merge(
      local.common,
      {
        name    = role
        command = command
        logConfiguration = {
          logDriver = "awslogs"
          options = {
            "awslogs-group"         = "/${var.name}/${role}"
            "awslogs-region"        = var.region
            "awslogs-stream-prefix" = role
          }
        }
        portMappings = [
          for owner, port in local.ports : { containerPort = port, protocol = "tcp" } if owner == role
        ]
      },
      # ECS restarts a service whose health check fails; a run ends by itself.
      { for field, value in { healthCheck = local.health_checks[role] } : field => value if role != "run" },
      { for field, value in { dependsOn = [{ containerName = "migrate", condition = "SUCCESS" }] } : field => value if role == "daemon" },
    )
  }

  health_checks = {
    for role in keys(local.commands) : role => {
      command     = ["CMD", "stt-pipeline", "doctor", "--of", role]
      interval    = 60
      timeout     = 45
      retries     = 3
      startPeriod = 180
    }
  }

  # Makes or changes Dagster's tables before the daemon of a new version starts.
  migrate = merge(local.common, {
    name             = "migrate"
    essential        = false
    command          = ["dagster", "instance", "migrate"]
    portMappings     = []
    logConfiguration = local.containers["daemon"].logConfiguration
  })
}

resource "aws_ecs_task_definition" "this" {
  for_each                 = local.containers
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.tasks[each.key].cpu
  memory                   = var.tasks[each.key].memory
  task_role_arn            = var.access.role_arns[each.key]
  execution_role_arn       = var.access.execution_role_arn
  container_definitions    = jsonencode(concat([for first in [local.migrate] : first if each.key == "daemon"], [each.value]))
  # A run that was launched before goes on with the revision that it began with; a roll back needs the last one.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "home"
  }

  volume {
    name = "scratch"
  }
}

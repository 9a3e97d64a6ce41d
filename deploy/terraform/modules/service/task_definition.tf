locals {
  port = 8080

  # Names of the settings are those of stt_pipeline/settings.py; a check compares them.
  environment = merge(
    yamldecode(file("${path.module}/../../../environment.yaml")),
    { AWS_REGION = var.account.region },
    var.settings,
    # Less than the load balancer's idle time-out: the caller hears the service's own words.
    { STT_SERVE_TIMEOUT_S = "280" },
    var.service.oidc == null ? {} : {
      STT_SERVE_OIDC_ISSUER   = var.service.oidc.issuer
      STT_SERVE_OIDC_AUDIENCE = var.service.oidc.audience
    },
    var.service.settings,
  )

  keys_parameter = "/${var.name}/serve-api-keys"
  keys_arn       = "arn:${var.account.partition}:ssm:${var.account.region}:${var.account.id}:parameter${local.keys_parameter}"
  has_keys       = length(var.service.api_keys) > 0

  container = {
    name        = "serve"
    image       = var.image
    essential   = true
    command     = ["stt-pipeline", "serve", "--host", "0.0.0.0", "--port", tostring(local.port)]
    environment = [for name, value in local.environment : { name = name, value = value }]
    secrets     = [for arn in [local.keys_arn] : { name = "STT_SERVE_API_KEYS", valueFrom = arn } if local.has_keys]
    # It needs 30 s: it finishes what it holds, or hands it back as a job that is still queued.
    stopTimeout            = 120
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    portMappings           = [{ containerPort = local.port, protocol = "tcp" }]
    # The image declares both as volumes, so that they belong to its user; uploads are streamed to /tmp.
    mountPoints = [
      { sourceVolume = "home", containerPath = "/var/lib/stt", readOnly = false },
      { sourceVolume = "scratch", containerPath = "/tmp", readOnly = false },
    ]
    # Alive; whether it is ready to work is asked by the load balancer.
    healthCheck = {
      command = [
        "CMD", "python3", "-c",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:${local.port}/healthz', timeout=10)",
      ]
      interval    = 30
      timeout     = 15
      retries     = 3
      startPeriod = 180
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = "/${var.name}/serve"
        "awslogs-region"        = var.account.region
        "awslogs-stream-prefix" = "serve"
      }
    }
    # Other keys replace the tasks that were started with these.
    dockerLabels = { "stt.api-keys" = sha256(join(",", var.service.api_keys)) }
  }
}

resource "aws_ssm_parameter" "api_keys" {
  count       = local.has_keys ? 1 : 0
  name        = local.keys_parameter
  description = "Who may ask the service: name:sha256 of each key"
  type        = "SecureString"
  key_id      = var.access.kms_key_arn
  tier        = "Intelligent-Tiering"
  value       = join(",", var.service.api_keys)
}

resource "aws_ecs_task_definition" "serve" {
  family                   = "${var.name}-serve"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.service.cpu
  memory                   = var.service.memory
  task_role_arn            = var.access.role_arns["serve"]
  execution_role_arn       = var.access.execution_role_arn
  container_definitions    = jsonencode([local.container])
  # A roll back needs the last one.
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

locals {
  push = [
    {
      Sid      = "LogInToTheRegistry"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*" # It has no resource; what may be pushed is said below.
    },
    {
      Sid    = "PushAndReadScans"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage",
        "ecr:UploadLayerPart",
      ]
      Resource = "${local.arn}:ecr:${local.here}:repository/${var.repository}"
    },
  ]

  # What deploy/release.py asks for, and no more: it changes images, not infrastructure.
  deploy = {
    for one in var.environments : one => [
      {
        Sid       = "ReadTaskDefinitions"
        Effect    = "Allow"
        Action    = "ecs:DescribeTaskDefinition"
        Resource  = "*" # ECS knows no narrower resource for it.
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        # Nor for these: what a definition may run as is said by the roles that may be passed.
        Sid       = "ChangeTaskDefinitions"
        Effect    = "Allow"
        Action    = ["ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        Sid       = "TagTaskDefinitionsAsTheyAreMade"
        Effect    = "Allow"
        Action    = "ecs:TagResource"
        Resource  = "${local.arn}:ecs:${local.here}:task-definition/stt-${one}-*:*"
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
      },
      {
        Sid      = "RollServices"
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:UpdateService"]
        Resource = "${local.arn}:ecs:${local.here}:service/stt-${one}/*"
      },
      {
        Sid       = "TryOneTask"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = "${local.arn}:ecs:${local.here}:task-definition/stt-${one}-run:*"
        Condition = { ArnEquals = { "ecs:cluster" = "${local.arn}:ecs:${local.here}:cluster/stt-${one}" } }
      },
      {
        Sid       = "WatchThatTask"
        Effect    = "Allow"
        Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
        Resource  = "${local.arn}:ecs:${local.here}:task/stt-${one}/*"
        Condition = { ArnEquals = { "ecs:cluster" = "${local.arn}:ecs:${local.here}:cluster/stt-${one}" } }
      },
      {
        Sid    = "PassTheRolesOfTheSite"
        Effect = "Allow"
        Action = "iam:PassRole"
        Resource = [
          for role in ["webserver", "daemon", "code", "run", "serve", "execution"] :
          "${local.arn}:iam::${var.account_id}:role/stt-${one}-${role}"
        ]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "SayWhatRuns"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter", "ssm:PutParameter"]
        Resource = "${local.arn}:ssm:${local.here}:parameter/stt-${one}/released-image"
      },
      {
        Sid      = "EncryptIt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "${local.arn}:kms:${local.here}:key/*"
        Condition = {
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/stt-${one}" }
          StringEquals               = { "kms:ViaService" = "ssm.${var.region}.amazonaws.com" }
        }
      },
    ]
  }
}

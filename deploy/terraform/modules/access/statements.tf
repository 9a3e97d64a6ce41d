# What each role may do. Recordings are read by all who need them, and written by none.

#
# IfExists: a request for an object that is not there is a listing to IAM, without a prefix. Denied, it
# would be a 403 where the pipeline reads 404 for "not yet".

locals {
  read_recordings = concat(
    [
      {
        Sid       = "ListRecordings"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.recordings
        Condition = { StringLikeIfExists = { "s3:prefix" = "${var.places.recordings_prefix}*" } }
      },
      {
        Sid      = "ReadRecordings"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.recordings}/${var.places.recordings_prefix}*"
      },
    ],
    [
      # A bucket that was brought along may have a key of its own.
      for key in compact([var.places.recordings_kms_key_arn]) : {
        Sid      = "DecryptRecordings"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
      }
    ],
  )

  use_lake = [
    {
      Sid       = "ListLake"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = local.lake
      Condition = { StringLikeIfExists = { "s3:prefix" = ["lake/*", "references/*", "models/*"] } }
    },
    {
      Sid      = "ReadReferencesAndModels"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = ["${local.lake}/references/*", "${local.lake}/models/*"]
    },
    {
      Sid      = "WriteLake"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${local.lake}/lake/*"
    },
    {
      Sid      = "RemoveWorkInProgress"
      Effect   = "Allow"
      Action   = "s3:DeleteObject"
      Resource = "${local.lake}/lake/_work/*"
    },
  ]

  # The service keeps jobs in its own corner of the lake's private part, and locks there: no table, no
  # checkpoint, no reference.
  use_serving = [
    {
      Sid       = "ListJobs"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = local.lake
      Condition = { StringLikeIfExists = { "s3:prefix" = ["lake/_work/serving/*", "models/*"] } }
    },
    {
      Sid      = "ReadModels"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.lake}/models/*"
    },
    {
      Sid      = "KeepJobs"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      Resource = ["${local.lake}/lake/_work/serving/*", "${local.lake}/lake/_work/locks/serving*"]
    },
  ]

  # Amazon Transcribe reads recordings and writes answers as the role that asks. To ask it knows no
  # narrower resource; what is asked for lies in the lake, and is found again by its name.
  use_fallback = [
    for one in [
      {
        Sid       = "AskForTranscripts"
        Effect    = "Allow"
        Action    = "transcribe:StartTranscriptionJob"
        Resource  = "*"
        Condition = { StringEquals = { "transcribe:OutputBucketName" = var.places.lake_bucket } }
      },
      {
        Sid       = "MakeVocabularies"
        Effect    = "Allow"
        Action    = "transcribe:CreateVocabulary"
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = var.account.region } }
      },
      {
        Sid    = "FindTranscripts"
        Effect = "Allow"
        Action = ["transcribe:GetTranscriptionJob", "transcribe:GetVocabulary"]
        Resource = [
          "${local.arn}:transcribe:${local.here}:transcription-job/stt-pipeline-*",
          "${local.arn}:transcribe:${local.here}:vocabulary/stt-pipeline-*",
        ]
      },
    ] : one if var.with_fallback
  ]

  # The launcher asks for the definition of a run when it starts; ECS knows no narrower resource for it.
  see_runs = [
    {
      Sid       = "ReadTaskDefinitions"
      Effect    = "Allow"
      Action    = "ecs:DescribeTaskDefinition"
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.account.region } }
    },
    {
      Sid       = "WatchAndStopRuns"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource  = local.tasks
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster } }
    },
  ]

  statements = {
    webserver = concat(local.see_runs, [
      {
        Sid       = "ListWhatStepsSaid"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.logs
        Condition = { StringLikeIfExists = { "s3:prefix" = "compute-logs/*" } }
      },
      {
        Sid      = "ReadWhatStepsSaid"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.logs}/compute-logs/*"
      },
    ])

    daemon = concat(local.see_runs, [
      {
        Sid       = "StartRuns"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = "${local.families}-run:*"
        Condition = { ArnEquals = { "ecs:cluster" = local.cluster } }
      },
      {
        Sid       = "TagRunsAsTheyStart"
        Effect    = "Allow"
        Action    = "ecs:TagResource"
        Resource  = local.tasks
        Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } }
      },
      {
        Sid       = "GiveRunsTheirTwoRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [local.role_arns["run"], local.execution]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "QuoteTheLogOfALostRun"
        Effect   = "Allow"
        Action   = "logs:GetLogEvents"
        Resource = "${local.log_group}/run:log-stream:*"
      },
    ])

    code = concat(local.see_runs, local.read_recordings, local.use_lake, local.use_fallback, [
      {
        Sid      = "Alert"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = local.topic
      },
    ])

    serve = concat(local.read_recordings, local.use_serving)

    run = concat(local.read_recordings, local.use_lake, local.use_fallback, [
      {
        Sid      = "KeepWhatStepsSay"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = "${local.logs}/compute-logs/*"
      },
      {
        Sid    = "RegisterTables"
        Effect = "Allow"
        Action = ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"]
        Resource = [
          "${local.arn}:glue:${local.here}:catalog",
          "${local.arn}:glue:${local.here}:database/${var.places.glue_database}",
          "${local.arn}:glue:${local.here}:table/${var.places.glue_database}/*",
        ]
      },
    ])
  }

  start_tasks = [
    {
      Sid      = "LogInToTheRegistry"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*" # It has no resource; what may be pulled is said below.
    },
    {
      Sid      = "PullTheImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "${local.arn}:ecr:${local.here}:repository/${var.places.repository}"
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [for role in local.roles : "${local.log_group}/${role}:log-stream:*"]
    },
    {
      Sid      = "ReadParameters"
      Effect   = "Allow"
      Action   = "ssm:GetParameters"
      Resource = "${local.arn}:ssm:${local.here}:parameter/${var.name}/*"
    },
    local.read_password,
  ]

  # RDS names its secret by chance, and tags it with the instance: the tag says which one.
  read_password = {
    for field, value in {
      Sid      = "ReadThePassword"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.database == null ? "${local.arn}:secretsmanager:${local.here}:secret:rds!db-*" : var.database.secret_arn
      Condition = var.database == null ? {
        StringEquals = {
          "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn" = "${local.arn}:rds:${local.here}:db:${var.name}"
        }
      } : null
    } : field => value if value != null
  }
}

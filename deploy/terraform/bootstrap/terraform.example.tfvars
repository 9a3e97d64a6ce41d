account_id        = "111111111111"
region            = "eu-west-3"
owner             = "data-platform"
github_repository = "example/stt-pipeline"

# A role for each kind of task, and one for ECS itself, which starts them.

locals {
  by_tasks_of_this_account = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
}

resource "aws_iam_role" "task" {
  for_each           = local.roles
  name               = local.role_names[each.key]
  description        = "Tasks of the ${each.key} of ${var.name}"
  assume_role_policy = local.by_tasks_of_this_account
}

resource "aws_iam_role_policy" "task" {
  for_each = local.roles
  name     = each.key
  role     = aws_iam_role.task[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements[each.key]
  })
}

resource "aws_iam_role" "execution" {
  name               = local.execution_name
  description        = "Starts the tasks of ${var.name}: image, secrets, log streams"
  assume_role_policy = local.by_tasks_of_this_account
}

resource "aws_iam_role_policy" "execution" {
  name = "start-tasks"
  role = aws_iam_role.execution.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.start_tasks
  })
}

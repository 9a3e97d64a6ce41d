mock_provider "aws" {}

variables {
  name               = "stt-test"
  account            = { partition = "aws", id = "111111111111", region = "eu-west-3" }
  kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  alert_emails       = ["ops@example.com"]
  margin_h           = 6
  database           = { identifier = "stt-test", storage_gb = 50 }
  load_balancer      = { LoadBalancer = "app/stt-test/1", TargetGroup = "targetgroup/stt-test/2" }
  runbook_url        = "https://example.com/RUNBOOK.md"
  log_retention_days = 365
}

run "every_alarm_is_heard_and_says_where_to_read_on" {
  command = apply

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.pipeline), values(aws_cloudwatch_metric_alarm.database), [aws_cloudwatch_metric_alarm.ui]) :
      alarm.alarm_actions == toset([aws_sns_topic.alerts.arn]) && strcontains(alarm.alarm_description, "https://example.com/RUNBOOK.md#alarm-")
    ])
    error_message = "An alarm tells nobody, or has no page in the runbook."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.pipeline["daemon-silent"].treat_missing_data == "breaching"
    error_message = "A daemon that is gone sends no metric, and no alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.database["database-storage"].threshold == 10 * pow(2, 30)
    error_message = "The database is full before the alarm."
  }
}

run "the_topic_is_for_this_account_alone" {
  command = apply

  assert {
    condition = alltrue([
      for one in jsondecode(aws_sns_topic_policy.alerts.policy).Statement :
      !strcontains(jsonencode(one.Principal), "*") && one.Condition.StringEquals["aws:SourceAccount"] == "111111111111"
    ])
    error_message = "Other accounts may send alerts."
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == var.kms_key_arn
    error_message = "Alerts are not encrypted."
  }
}

run "a_database_brought_along_has_its_own_alarms" {
  command = apply

  variables {
    database = {}
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.database) == 0
    error_message = "Alarms watch a database that is not ours."
  }
}

run "nobody_to_tell_is_refused" {
  command = plan

  variables {
    alert_emails = []
  }

  expect_failures = [var.alert_emails]
}

mock_provider "aws" {}

variables {
  name        = "stt-test"
  monthly_usd = 300
  tags        = { site = "stt-test" }
  topic_arn   = "arn:aws:sns:eu-west-3:111111111111:stt-test-alerts"
}

run "warns_before_the_money_is_gone" {
  command = apply

  assert {
    condition = toset([
      for one in aws_budgets_budget.this.notification : "${one.notification_type} ${one.threshold}"
    ]) == toset(["ACTUAL 80", "FORECASTED 100"])
    error_message = "Nobody hears of the budget in time."
  }

  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).values == tolist(["user:site$stt-test"])
    error_message = "The budget counts other costs than this site's."
  }
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    monthly_usd = 0
  }

  expect_failures = [var.monthly_usd]
}

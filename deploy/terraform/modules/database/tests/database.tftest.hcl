mock_provider "aws" {
  mock_resource "aws_db_instance" {
    defaults = {
      address            = "stt-test.x.eu-west-3.rds.amazonaws.com"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-3:111111111111:secret:rds!db-1", kms_key_id = "1", secret_status = "active" }]
    }
  }
}

variables {
  name               = "stt-test"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_id  = "sg-1"
  kms_key_arn        = "arn:aws:kms:eu-west-3:111111111111:key/1"
  size               = { instance_class = "db.t4g.small" }
  log_retention_days = 365
}

run "is_private_encrypted_and_kept" {
  command = apply

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted
    error_message = "The database is public, or not encrypted."
  }

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && aws_db_instance.this.backup_retention_period >= 7
    error_message = "The database can be lost."
  }

  assert {
    condition     = anytrue([for one in aws_db_parameter_group.this.parameter : one.name == "rds.force_ssl" && one.value == "1"])
    error_message = "Connections without TLS are accepted."
  }
}

run "no_password_is_written_anywhere" {
  command = apply

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "Terraform knows a password."
  }

  assert {
    condition     = output.connection.secret_arn == "arn:aws:secretsmanager:eu-west-3:111111111111:secret:rds!db-1"
    error_message = "The secret is not the one that RDS keeps."
  }
}

run "backups_of_three_days_are_refused" {
  command = plan

  variables {
    size = { instance_class = "db.t4g.small", backup_days = 3 }
  }

  expect_failures = [var.size]
}

run "a_rotation_that_is_no_schedule_is_refused" {
  command = plan

  variables {
    rotation = "every quarter"
  }

  expect_failures = [var.rotation]
}

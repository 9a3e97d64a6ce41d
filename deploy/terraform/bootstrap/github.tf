# GitHub Actions signs in by OIDC: no key of AWS lies on GitHub.

locals {
  github = "token.actions.githubusercontent.com"

  # Who may take which role, as GitHub's token says it: tags push images, approved environments deploy.
  subjects = var.github_repository == null ? {} : merge(
    { push = "repo:${var.github_repository}:ref:refs/tags/v*" },
    { for one in var.environments : "deploy-${one}" => "repo:${var.github_repository}:environment:${one}" },
  )

  policies = merge({ push = local.push }, { for one in var.environments : "deploy-${one}" => local.deploy[one] })
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.github_repository == null ? 0 : 1
  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  # checkov:skip=CKV_AWS_393: it cannot read each.value; tests/bootstrap.tftest.hcl asserts repository and subject
  for_each             = local.subjects
  name                 = "stt-github-${each.key}"
  description          = "GitHub Actions: ${each.key}"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "${local.arn}:iam::${var.account_id}:oidc-provider/${local.github}" }
      Condition = {
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike   = { "token.actions.githubusercontent.com:sub" = each.value }
      }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "github" {
  for_each = local.subjects
  name     = each.key
  role     = aws_iam_role.github[each.key].name
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })
}

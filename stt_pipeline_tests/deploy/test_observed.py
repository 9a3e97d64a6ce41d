"""What is watched is what is told: names of metrics, words of AWS, pages of the runbook."""

import json
import re
from typing import Any

from stt_pipeline.domain.metrics import METRICS
from stt_pipeline_tests.deploy.aws_words import allowed
from stt_pipeline_tests.deploy.containers import tasks_of
from stt_pipeline_tests.deploy.paths import DEPLOY
from stt_pipeline_tests.deploy.terraform import Plan, Resource

COUNTED_BY_AWS = {"SpotInterruptions"}
"""A filter of the log of events makes it, no line of the pipeline's."""

WORDS = {
    "aws_appautoscaling_target.service_namespace": ("application-autoscaling", "ServiceNamespace"),
    "aws_appautoscaling_policy.policy_type": ("application-autoscaling", "PolicyType"),
    "aws_appautoscaling_policy.step_scaling_policy_configuration.adjustment_type": (
        "application-autoscaling",
        "AdjustmentType",
    ),
    "aws_appautoscaling_policy.step_scaling_policy_configuration.metric_aggregation_type": (
        "application-autoscaling",
        "MetricAggregationType",
    ),
    "aws_budgets_budget.budget_type": ("budgets", "BudgetType"),
    "aws_budgets_budget.time_unit": ("budgets", "TimeUnit"),
    "aws_budgets_budget.notification.notification_type": ("budgets", "NotificationType"),
    "aws_budgets_budget.notification.threshold_type": ("budgets", "ThresholdType"),
    "aws_cloudwatch_metric_alarm.comparison_operator": ("cloudwatch", "ComparisonOperator"),
    "aws_cloudwatch_metric_alarm.statistic": ("cloudwatch", "Statistic"),
    "aws_cloudwatch_metric_alarm.metric_query.metric.stat": ("cloudwatch", "Statistic"),
    "aws_codebuild_project.environment.compute_type": ("codebuild", "ComputeType"),
    "aws_codebuild_project.environment.type": ("codebuild", "EnvironmentType"),
    "aws_codebuild_project.source.type": ("codebuild", "SourceType"),
    "aws_codebuild_project.cache.modes": ("codebuild", "CacheMode"),
    "aws_codebuild_webhook.filter_group.filter.type": ("codebuild", "WebhookFilterType"),
    "aws_cognito_user_pool.mfa_configuration": ("cognito-idp", "UserPoolMfaType"),
    "aws_cognito_user_pool_client.allowed_oauth_flows": ("cognito-idp", "OAuthFlowType"),
    "aws_ecr_repository.image_tag_mutability": ("ecr", "ImageTagMutability"),
    "aws_ecr_repository.encryption_configuration.encryption_type": ("ecr", "EncryptionType"),
    "aws_ecs_service.propagate_tags": ("ecs", "PropagateTags"),
    "aws_flow_log.traffic_type": ("ec2", "TrafficType"),
    "aws_lb.load_balancer_type": ("elbv2", "LoadBalancerTypeEnum"),
    "aws_lb_listener.protocol": ("elbv2", "ProtocolEnum"),
    "aws_lb_listener.default_action.type": ("elbv2", "ActionTypeEnum"),
    "aws_lb_target_group.target_type": ("elbv2", "TargetTypeEnum"),
    "aws_route53_record.type": ("route53", "RRType"),
    "aws_s3_bucket_lifecycle_configuration.rule.status": ("s3", "ExpirationStatus"),
    "aws_s3_bucket_lifecycle_configuration.rule.transition.storage_class": (
        "s3",
        "TransitionStorageClass",
    ),
    "aws_s3_bucket_ownership_controls.rule.object_ownership": ("s3", "ObjectOwnership"),
    "aws_s3_bucket_versioning.versioning_configuration.status": ("s3", "BucketVersioningStatus"),
    "aws_service_discovery_service.dns_config.dns_records.type": ("servicediscovery", "RecordType"),
    "aws_ssm_parameter.tier": ("ssm", "ParameterTier"),
    "aws_ssm_parameter.type": ("ssm", "ParameterType"),
    "aws_vpc_endpoint.vpc_endpoint_type": ("ec2", "VpcEndpointType"),
}
"""Attributes that hold a word of AWS's own, and which enumeration of botocore's models it is of."""


def _values(value: Any, path: list[str]) -> list[str]:
    if isinstance(value, list):
        return [found for one in value for found in _values(one, path)]
    if path:
        return _values((value or {}).get(path[0]), path[1:])
    return [] if value is None else [value]


def words_found(plan: Plan) -> list[tuple[str, str]]:
    """Every value of these attributes, with the attribute's name."""
    found = []
    for name in WORDS:
        kind, *path = name.split(".")
        for one in plan.of(kind):
            found += [(name, value) for value in _values(one.values, path)]
    return found


def word_faults(plan: Plan) -> list[str]:
    """Values that AWS does not know."""
    return [
        f"{name}: {value!r}"
        for name, value in words_found(plan)
        if value not in allowed(*WORDS[name])
    ]


def test_every_word_is_one_that_aws_knows(created: Plan, bootstrap: Plan) -> None:
    assert word_faults(created) == []
    assert word_faults(bootstrap) == []
    found = {name for plan in (created, bootstrap) for name, _ in words_found(plan)}
    assert found >= WORDS.keys() - {"aws_route53_record.type"}


def _watched(alarm: Resource) -> list[tuple[str, str]]:
    """Namespace and name of the metric of an alarm, or of each that its expression is of."""
    if alarm.values["metric_name"]:
        return [(alarm.values["namespace"], alarm.values["metric_name"])]
    queries = [metric for query in alarm.values["metric_query"] for metric in query["metric"]]
    return [(metric["namespace"], metric["metric_name"]) for metric in queries]


def metric_faults(plan: Plan) -> list[str]:
    """Metrics that the dashboard or an alarm shows and nothing tells, and the reverse."""
    told = {metric.name for metric in METRICS} | COUNTED_BY_AWS
    [board] = plan.of("aws_cloudwatch_dashboard")
    [settings] = {one.values["dashboard_name"] for one in plan.of("aws_cloudwatch_dashboard")}
    widgets = json.loads(board.values["dashboard_body"])["widgets"]
    lines = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    alarms = [
        (namespace, name)
        for one in plan.of("aws_cloudwatch_metric_alarm")
        for namespace, name in _watched(one)
        if not namespace.startswith("AWS/")
    ]
    shown = {(line[0], line[1]) for line in lines} | set(alarms)
    wrong = [f"{name} is shown and never told" for _, name in shown if name not in told]
    wrong += [f"{name} is told and never shown" for name in told - {name for _, name in shown}]
    wrong += [f"{space} is no namespace of ours" for space, _ in shown if space != settings]
    return sorted(wrong)


def test_the_dashboard_and_the_alarms_show_what_the_pipeline_tells(created: Plan) -> None:
    assert metric_faults(created) == []


def test_the_pipeline_tells_in_the_namespace_that_is_watched(brought: Plan) -> None:
    [board] = brought.of("aws_cloudwatch_dashboard")
    for role in ("run", "serve"):
        told = tasks_of(brought)[role].environment["STT_METRICS_NAMESPACE"]
        assert told == board.values["dashboard_name"]


def test_every_alarm_has_its_page_in_the_runbook(created: Plan) -> None:
    runbook = (DEPLOY / "RUNBOOK.md").read_text()
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("#")
    }
    alarms = created.of("aws_cloudwatch_metric_alarm")
    assert len(alarms) >= 7
    for one in alarms:
        page = one.values["alarm_description"].rpartition("#")[2]
        assert page in headings, f"{one.values['alarm_name']} has no heading in RUNBOOK.md"

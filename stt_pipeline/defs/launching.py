"""How runs are asked for: job, run key, size and capacity of the task. Decides no date."""

import datetime as dt
import json
from collections.abc import Callable

import dagster as dg

from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.jobs import DATE_JOB, FIND_JOB, PUBLISH_JOB, SHARD_JOB
from stt_pipeline.defs.partitions import CALL_DATE, SHARD
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.tasks import planned
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.planning.shard_steps import Step
from stt_pipeline.domain.planning.task_options import CONTROL_CAPACITY, DatePlan
from stt_pipeline.domain.planning.task_sizes import CONTROL_SIZE, TaskSize
from stt_pipeline.domain.planning.ticks import Ask

PLAN_TAG = "stt/plan"
"""Id of the shard plan that a run is of."""

FINISHED_TAG = "stt/finished"
"""How many recordings of the date had a result when the run was asked for."""

WHY_TAG = "stt/asked_for"

_PROVIDERS = {Capacity.SPOT: "FARGATE_SPOT", Capacity.ON_DEMAND: "FARGATE"}
"""The capacities as ECS names them."""

_FIRST = {"dagster/priority": "1"}
"""Runs that list or publish a date are short, and do not wait behind another date's shards."""


def task_tags(size: TaskSize, how: Capacity) -> dict[str, str]:
    """Tags that give a run's ECS task its size and capacity; no other launcher reads them."""
    strategy = [{"capacityProvider": _PROVIDERS[how], "weight": 1}]
    kwargs = json.dumps({"capacityProviderStrategy": strategy})
    return {**size.tags, "ecs/run_task_kwargs": kwargs}


def finished(pipeline: Pipeline, call_date: str) -> dict[str, str]:
    """The tag of how far the date is: what a run got done is the difference later."""
    return {FINISHED_TAG: str(len(pipeline.results(call_date).finished()))}


def date_requests(
    pipeline: Pipeline, ask: Ask, run_key: Callable[[dt.date], str]
) -> list[dg.RunRequest]:
    """A run of each date asked for, of the job that takes it through the flow, or begins to."""
    if not ask.dates:
        return []
    is_sharded = pipeline.settings.shard_runs
    tasks = {} if is_sharded else _tasks(pipeline, [date for date, _ in ask.dates])
    return [
        dg.RunRequest(
            run_key=run_key(date),
            job_name=FIND_JOB if is_sharded else DATE_JOB,
            partition_key=date.isoformat(),
            tags={
                **_tags_of(tasks.get(date)),
                **finished(pipeline, date.isoformat()),
                **(_FIRST if is_sharded else {}),
                WHY_TAG: why,
            },
        )
        for date, why in ask.dates
    ]


def _tasks(pipeline: Pipeline, dates: list[dt.date]) -> dict[dt.date, DatePlan]:
    """One task a date, planned together, the first deadline counting for all."""
    left = [backlog.date_load(pipeline, date).backlog for date in dates]
    left_s = min((due.left_s(pipeline, date) for date in dates), default=0.0)
    return {one.call_date: one for one in planned(pipeline, left, left_s, max_tasks=1).dates}


def _tags_of(option: DatePlan | None) -> dict[str, str]:
    if option:
        return task_tags(option.size, option.capacity)
    return task_tags(CONTROL_SIZE, CONTROL_CAPACITY)


def step_requests(
    pipeline: Pipeline, call_date: str, plan: ShardPlan, step: Step
) -> list[dg.RunRequest]:
    """The runs of a step of a date's plan."""
    common = {PLAN_TAG: plan.id, WHY_TAG: step.why}
    if step.shards or step.publishes:
        common |= finished(pipeline, call_date)
    tags = _tags_of(plan.tasks)
    requests = [
        dg.RunRequest(
            run_key=f"{plan.id}|{shard}",
            job_name=SHARD_JOB,
            partition_key=dg.MultiPartitionKey({CALL_DATE: call_date, SHARD: str(shard)}),
            tags={**tags, **common},
        )
        for shard in step.shards
    ]
    if step.publishes:
        tags = _tags_of(None)
        requests.append(
            dg.RunRequest(
                run_key=f"{plan.id}|publish",
                job_name=PUBLISH_JOB,
                partition_key=call_date,
                tags={**tags, **common, **_FIRST},
            )
        )
    return requests

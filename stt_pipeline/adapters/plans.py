"""Shard plans as one JSON object a date of the lake. Plans nothing."""

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.shard_plan import ShardPlan

_PLAN = TypeAdapter(ShardPlan)


class PlanStore:
    """The newest shard plan of each call date."""

    def __init__(self, lake: Store) -> None:
        """Plans lie under `_work/plans/`."""
        self._lake = lake

    def read(self, call_date: str) -> ShardPlan | None:
        """The date's plan, or None."""
        data = self._lake.read(self._key(call_date))
        return None if data is None else _PLAN.validate_json(data)

    def write(self, call_date: str, plan: ShardPlan) -> None:
        """Replaces the date's plan."""
        self._lake.write(self._key(call_date), _PLAN.dump_json(plan))

    @staticmethod
    def _key(call_date: str) -> str:
        return f"_work/plans/call_date={call_date}.json"

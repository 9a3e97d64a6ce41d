"""Worlds drawn for the tests, and promises to keep in them."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.simulation.weeks import Scenario
from stt_pipeline.domain.simulation.world import World, draw_week

PARIS = ZoneInfo("Europe/Paris")
MONDAY = dt.date(2026, 11, 16)


@pytest.fixture
def scenario() -> Scenario:
    """100 agents, 64 tasks, six hours of margin."""
    return Scenario(100, Limits(64), PARIS, Deadline.parse("Mon 08:00"), 6.0)


def make_world(agents: int = 100, seed: int = 1, monday: dt.date = MONDAY) -> World:
    """A drawn week."""
    return draw_week(monday, agents, PARIS, random.Random(seed))

"""How many calls a call centre of so many agents has, where nothing was seen of it. Reads none."""

import datetime as dt
from typing import Final

AGENT_CALL_HOURS: Final = 5.0
"""Call-hours of an agent on a weekday: 100 agents make 500."""

WEEKDAY_SHARE: Final = (1.1, 1.0, 1.0, 0.95, 0.95, 0.4, 0.0)
"""Calls of Monday to Sunday as a share of an average weekday's; closed on Sunday."""

CHANNELS: Final = 2

CALL_S: Final = 360.0
"""Mean length of a call."""

LONGEST_CALL_S: Final = 7200.0
"""Where a call ends at the latest."""


def call_hours(agents: int, call_date: dt.date) -> float:
    """Call-hours to expect of so many agents on a date."""
    return agents * AGENT_CALL_HOURS * WEEKDAY_SHARE[call_date.weekday()]

"""The weekly deadline as a weekday and a time. Knows no clock and no calendar."""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Deadline:
    """A time of a weekday in the week after the calls; weekday 0 is Monday."""

    weekday: int
    time: dt.time

    @classmethod
    def parse(cls, text: str) -> "Deadline":
        """Reads `Mon 08:00`; raises ValueError with the form wanted."""
        match = re.fullmatch(rf"({'|'.join(_DAYS)}) (\d{{2}}):(\d{{2}})", text)
        if match is None or int(match[2]) > 23 or int(match[3]) > 59:
            raise ValueError("write a weekday and a time, such as Mon 08:00")
        return cls(_DAYS.index(match[1]), dt.time(int(match[2]), int(match[3])))

    def after_week(self, monday: dt.date, zone: ZoneInfo) -> dt.datetime:
        """The moment by which the week that begins on `monday` must be ready."""
        day = monday + dt.timedelta(days=7 + self.weekday)
        return dt.datetime.combine(day, self.time, tzinfo=zone)

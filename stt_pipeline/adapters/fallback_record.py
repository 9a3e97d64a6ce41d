"""What the fallback spent in a week, and which calls are handed over to it. Decides nothing."""

import datetime as dt
from collections.abc import Callable, Iterable

from pydantic import TypeAdapter

from stt_pipeline.domain.call_dates import week_of
from stt_pipeline.domain.planning.fallback import Spending
from stt_pipeline.domain.ports import Store

_SPENDING = TypeAdapter(Spending)
_ETAGS = TypeAdapter(list[str])


class WeeklyBudget:
    """Implements Budget: so many USD a week of the calendar, over all runs that share the lake."""

    def __init__(self, lake: Store, budget_usd: float, today: Callable[[], dt.date]) -> None:
        """Weeks lie under `_work/fallback/spending/`; `today` is in the zone of the settings."""
        self._lake = lake
        self.budget_usd = budget_usd
        self._today = today

    def spent_usd(self) -> float:
        """In this week so far, with what is at work."""
        return self._read(week_of(self._today())).usd

    def take(self, what: str, usd: float) -> str | None:
        """See Budget; one run at a time reads and writes, so that two never spend the same rest."""
        with self._lake.locked("fallback_spending", on_wait=lambda: None):
            week = week_of(self._today())
            before = self._read(week)
            after = before.with_job(what, usd, self.budget_usd)
            if after is None:
                return (
                    f"it costs {usd:.4f} USD, and {before.usd:.4f} of the {self.budget_usd:.2f} a "
                    f"week of STT_FALLBACK_BUDGET_USD are spent in {week}"
                )
            if after is not before:
                self._lake.write(self._key(week), _SPENDING.dump_json(after, indent=1))
            return None

    def _read(self, week: str) -> Spending:
        data = self._lake.read(self._key(week))
        return Spending() if data is None else _SPENDING.validate_json(data)

    @staticmethod
    def _key(week: str) -> str:
        return f"_work/fallback/spending/week={week}.json"


class HandedOver:
    """Recordings of a date that the local engine leaves to the other one, by etag."""

    def __init__(self, lake: Store, call_date: dt.date, fingerprint: str) -> None:
        """`fingerprint` is the local engine's: another one leaves none of them."""
        self._lake = lake
        self._key = f"_work/fallback/handed_over/call_date={call_date}/engine={fingerprint}.json"

    def read(self) -> set[str]:
        """Their etags."""
        data = self._lake.read(self._key)
        return set() if data is None else set(_ETAGS.validate_json(data))

    def add(self, etags: Iterable[str]) -> None:
        """Leaves these too."""
        self._change(lambda known: known.union(etags))

    def take_back(self, etags: Iterable[str]) -> None:
        """Leaves these no longer."""
        self._change(lambda known: known.difference(etags))

    def _change(self, change: Callable[[set[str]], set[str]]) -> None:
        with self._lake.locked("fallback_handed_over", on_wait=lambda: None):
            known = self.read()
            if (changed := change(known)) != known:
                self._lake.write(self._key, _ETAGS.dump_json(sorted(changed)))

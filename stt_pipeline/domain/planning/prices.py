"""Prices as data, each with its date and region, from prices.toml; nothing here is measured."""

import math
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final

MIN_BILLED_S: Final = 60.0
"""Fargate bills a task by the second, from the pull of its image on, at least a minute."""


class Capacity(StrEnum):
    """How a task is paid: Spot can be taken away with two minutes' notice."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True)
class FargatePrice:
    """USD an hour of Linux x86 tasks in a region, as listed in a month.

    `assumed` says where a price comes from that is not listed.
    """

    region: str
    capacity: str
    listed: str
    vcpu_hour_usd: float
    gb_hour_usd: float
    assumed: str = ""

    def cpu_cost_usd(self, cpu_s: float, gb_per_vcpu: float = 2.0) -> float:
        """Cost of CPU seconds on tasks with that much memory a vCPU, fully used."""
        return cpu_s / 3600 * self.task_hour_usd(1, gb_per_vcpu)

    def task_hour_usd(self, vcpus: float, memory_gb: float) -> float:
        """Cost of a task of that size for an hour."""
        return vcpus * self.vcpu_hour_usd + memory_gb * self.gb_hour_usd


def _listed() -> dict[str, Any]:
    file = resources.files("stt_pipeline.domain.planning").joinpath("prices.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


_PRICES: Final = _listed()

REGION: Final[str] = _PRICES["region"]
"""The region whose prices are counted."""

FARGATE: Final = tuple(FargatePrice(**row) for row in _PRICES["fargate"])


def fargate_price(capacity: str, region: str = REGION) -> FargatePrice:
    """The price of a capacity in a region; raises KeyError where prices.toml has none."""
    for price in FARGATE:
        if (price.capacity, price.region) == (capacity, region):
            return price
    raise KeyError(f"prices.toml has no Fargate price for {capacity} in {region}")


FARGATE_BY_CAPACITY: Final = {capacity: fargate_price(capacity) for capacity in Capacity}
"""The prices of REGION."""

DEFAULT_PRICE: Final = FARGATE_BY_CAPACITY[Capacity.ON_DEMAND]
"""On demand: the dearest that the call centre would pay."""


@dataclass(frozen=True)
class OutsidePrice:
    """USD a minute of a call, whatever its channels, as listed in a month.

    Billed by the second, at least `least_s` a request. https://aws.amazon.com/transcribe/pricing/
    """

    name: str
    listed: str
    minute_usd: float
    least_s: float

    def call_usd(self, duration_s: float) -> float:
        """Cost of one call."""
        return max(self.least_s, math.ceil(duration_s)) / 60 * self.minute_usd


OUTSIDE: Final = OutsidePrice(**_PRICES["outside_service"])

OUTSIDE_SERVICE: Final = OUTSIDE.name

OUTSIDE_SERVICE_USD_PER_HOUR: Final = OUTSIDE.minute_usd * 60
"""Of a call, whatever its channels."""


@dataclass(frozen=True)
class AthenaPrice:
    """USD for the data that a query scans in a region, as listed in a month.

    Scanned megabytes are rounded up, and a query counts as `least_mb` at least; megabytes and
    terabytes are powers of two. https://aws.amazon.com/athena/pricing/
    """

    region: str
    listed: str
    tb_scanned_usd: float
    least_mb: int

    def query_cost_usd(self, scanned_bytes: int) -> float:
        """Cost of one query."""
        scanned_mb = max(self.least_mb, -(-scanned_bytes // 2**20))
        return scanned_mb / 2**20 * self.tb_scanned_usd


ATHENA: Final = AthenaPrice(**_PRICES["athena"])

"""Prices as data, each with its date and region; nothing here is measured or fetched."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FargatePrice:
    """USD an hour of Linux x86 tasks in a region, as listed in a month."""

    region: str
    capacity: str
    listed: str
    vcpu_hour_usd: float
    gb_hour_usd: float

    def cpu_cost_usd(self, cpu_s: float, gb_per_vcpu: float = 2.0) -> float:
        """Cost of CPU seconds on tasks with that much memory a vCPU, fully used."""
        return cpu_s / 3600 * (self.vcpu_hour_usd + gb_per_vcpu * self.gb_hour_usd)


FARGATE = (
    FargatePrice("eu-west-3", "on-demand", "2026-09", 0.0486, 0.0053),
    FargatePrice("us-east-1", "on-demand", "2026-09", 0.04048, 0.004445),
    FargatePrice("us-east-1", "spot", "2026-09", 0.01289, 0.001415),
)

DEFAULT_PRICE = FARGATE[0]
"""Paris, on demand: the dearest that the call centre would pay."""

OUTSIDE_SERVICE_USD_PER_HOUR = 0.36
"""Amazon Transcribe batch, 0.006 USD a minute, September 2026."""

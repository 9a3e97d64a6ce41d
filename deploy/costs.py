"""Writes the cost table of RUNBOOK.md: what a month costs at 100 and 1,000 agents, with each sum.

python deploy/costs.py            prints the table
python deploy/costs.py --write    puts it into RUNBOOK.md
"""

import datetime as dt
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stt_pipeline.domain.metrics import METRICS
from stt_pipeline.domain.planning.load import call_hours
from stt_pipeline.domain.planning.prices import (
    DEFAULT_PRICE,
    OUTSIDE_SERVICE,
    OUTSIDE_SERVICE_USD_PER_HOUR,
)

HERE = Path(__file__).parent
RUNBOOK = HERE / "RUNBOOK.md"
BEGIN, END = "<!-- costs -->\n", "<!-- /costs -->"

SPOT_USD, ON_DEMAND_USD = 0.0024, 0.0071
"""A call-hour of two channels, starts and interruptions counted: README.md, simulated weeks."""

CALL_HOUR_GB = 2 * 8000 * 3600 / 1e9
"""Two channels of 8 kHz mu-law."""

LAKE_GB = (0.179 + 3.9) / 6000
"""Of a call-hour: tables and checkpoints of 60,000 calls of six minutes (make bench-scale)."""

ENDPOINTS, ZONES, ALARMS, INSIGHTS_METRICS = 8, 2, 7, 30

SERVE_VCPUS, SERVE_MEMORY_GB, SERVE_ALARMS = 2, 4, 8
"""A task of transcription on demand, and the alarms that wake, follow and watch it."""

SERVE_HOURS_A_WEEK = 50
"""Of a task that is awake while somebody is at work, and sleeps at night."""


@dataclass(frozen=True)
class Scale:
    """A call centre, and what environments/prod has to be for it."""

    agents: int
    vcpus: int
    memory_gb: int
    database: str
    storage_gb: int
    log_gb: int


SCALES = (
    Scale(100, vcpus=3, memory_gb=8, database="db.t4g.medium", storage_gb=50, log_gb=5),
    Scale(1000, vcpus=4, memory_gb=12, database="db.t4g.large", storage_gb=200, log_gb=40),
)


@dataclass(frozen=True)
class Line:
    """One cost: how it is reckoned, and USD a month."""

    what: str
    how: str
    usd: float


def lines(scale: Scale, price: dict[str, Any]) -> list[Line]:
    """Every cost of a month."""
    hours, two = price["hours_a_month"], 2
    monday = dt.date(2026, 11, 16)
    week = sum(call_hours(scale.agents, monday + dt.timedelta(days=day)) for day in range(7))
    calls = week * price["weeks_a_month"]
    day_hours = DEFAULT_PRICE.task_hour_usd(scale.vcpus, scale.memory_gb)
    instance = price["rds_hour_usd"][scale.database]
    watched = len(METRICS) + 1 + INSIGHTS_METRICS
    balancer = price["load_balancer_hour_usd"] + price["load_balancer_unit_hour_usd"]
    recorded = calls * CALL_HOUR_GB
    return [
        Line("transcription on Spot", f"{calls:,.0f} call-hours x {SPOT_USD}", calls * SPOT_USD),
        Line(
            "web server, daemon, code server",
            f"{scale.vcpus} vCPU, {scale.memory_gb} GB: {day_hours:.4f} x {hours} h",
            day_hours * hours,
        ),
        Line(
            "database, two zones",
            f"{two} x ({instance} x {hours} h + {scale.storage_gb} GB x "
            f"{price['rds_storage_gb_month_usd']})",
            two * (instance * hours + scale.storage_gb * price["rds_storage_gb_month_usd"]),
        ),
        Line(
            "endpoints of AWS's services",
            f"{ENDPOINTS} x {ZONES} zones x {price['endpoint_hour_usd']} x {hours} h",
            ENDPOINTS * ZONES * price["endpoint_hour_usd"] * hours,
        ),
        Line("load balancer", f"{balancer:.4f} x {hours} h", balancer * hours),
        Line(
            "firewall",
            f"{price['firewall_month_usd']:g} + 3 rules x {price['firewall_rule_month_usd']:g}",
            price["firewall_month_usd"] + 3 * price["firewall_rule_month_usd"],
        ),
        Line(
            "metrics, alarms, dashboard",
            f"{watched} x {price['metric_month_usd']} + {ALARMS} x {price['alarm_month_usd']} + "
            f"{price['dashboard_month_usd']:g}",
            watched * price["metric_month_usd"]
            + ALARMS * price["alarm_month_usd"]
            + price["dashboard_month_usd"],
        ),
        Line(
            "logs", f"{scale.log_gb} GB x {price['log_gb_usd']}", scale.log_gb * price["log_gb_usd"]
        ),
        Line(
            "key, password",
            f"{price['key_month_usd']:g} + {price['secret_month_usd']}",
            price["key_month_usd"] + price["secret_month_usd"],
        ),
        Line(
            "tables and checkpoints, each month kept",
            f"{calls * LAKE_GB:,.1f} GB x {price['s3_gb_month_usd']}",
            calls * LAKE_GB * price["s3_gb_month_usd"],
        ),
        Line(
            "recordings, each month kept",
            f"{recorded:,.0f} GB x {price['s3_gb_month_usd']}",
            recorded * price["s3_gb_month_usd"],
        ),
    ]


def on_demand(price: dict[str, Any]) -> list[Line]:
    """What transcription on demand adds to a site that asks for it, by how much it sleeps."""
    hour_usd = DEFAULT_PRICE.task_hour_usd(SERVE_VCPUS, SERVE_MEMORY_GB)
    alarms_usd = SERVE_ALARMS * price["alarm_month_usd"]
    awake_h = SERVE_HOURS_A_WEEK * price["weeks_a_month"]
    task = f"{SERVE_VCPUS} vCPU, {SERVE_MEMORY_GB} GB: {hour_usd:.4f}"
    alarms = f"{SERVE_ALARMS} alarms x {price['alarm_month_usd']}"
    return [
        Line("more, transcription on demand that sleeps", alarms, alarms_usd),
        Line(
            f"the same with a task awake {SERVE_HOURS_A_WEEK} h a week",
            f"{task} x {awake_h:.0f} h + {alarms}",
            hour_usd * awake_h + alarms_usd,
        ),
        Line(
            "the same with a task always awake",
            f"{task} x {price['hours_a_month']} h + {alarms}",
            hour_usd * price["hours_a_month"] + alarms_usd,
        ),
    ]


def table() -> str:
    """The table as Markdown."""
    price = tomllib.loads((HERE / "prices.toml").read_text())
    columns = [lines(scale, price) for scale in SCALES]
    heads = [f"{scale.agents:,} agents" for scale in SCALES]
    rows = [f"| a month | {heads[0]} | USD | {heads[1]} | USD |", "|---|---|---|---|---|"]
    for pair in zip(*columns, strict=True):
        cells = [cell for line in pair for cell in (line.how, f"{line.usd:,.2f}")]
        rows.append(f"| {pair[0].what} | {' | '.join(cells)} |")
    sums = [sum(line.usd for line in column) for column in columns]
    rows.append(f"| **all** | | **{sums[0]:,.0f}** | | **{sums[1]:,.0f}** |")
    calls = [column[0].usd / SPOT_USD for column in columns]
    each = [f"{total / hours:.4f}" for total, hours in zip(sums, calls, strict=True)]
    rows.append(f"| a call-hour, all in all | | {each[0]} | | {each[1]} |")
    demand = [f"{hours * (ON_DEMAND_USD - SPOT_USD):,.0f}" for hours in calls]
    more = f"x ({ON_DEMAND_USD} - {SPOT_USD})"
    rows.append(f"| more, all of it on demand | {more} | {demand[0]} | | {demand[1]} |")
    rows += [
        f"| {line.what} | {line.how} | {line.usd:,.2f} | | {line.usd:,.2f} |"
        for line in on_demand(price)
    ]
    outside = [f"{hours * OUTSIDE_SERVICE_USD_PER_HOUR:,.0f}" for hours in calls]
    rows.append(
        f"| {OUTSIDE_SERVICE} instead of the first line | x {OUTSIDE_SERVICE_USD_PER_HOUR:g} | "
        f"{outside[0]} | | {outside[1]} |"
    )
    return "\n".join(rows) + "\n"


def written(text: str) -> str:
    """The runbook with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        RUNBOOK.write_text(written(RUNBOOK.read_text()))
    else:
        sys.stdout.write(table())

"""`stt-pipeline plan` on a real site: what is found, done and left, and the simulated weeks."""

import datetime as dt
import json
from zoneinfo import ZoneInfo

import pytest

from stt_pipeline.domain.call_dates import dates_of, last_full_week, week_of
from stt_pipeline_tests.domain.simulation.test_weeks import KEYS
from stt_pipeline_tests.flows.conftest import WEEK, Make, Site
from stt_pipeline_tests.flows.test_command_line import assert_refused
from stt_pipeline_tests.speech.sounds import silence


def test_the_plan_follows_the_work(site: Site, short_call: Make) -> None:
    # Only recent dates are measured, so the calls are of the week that ended last.
    week = last_full_week(dt.datetime.now(ZoneInfo("Europe/Paris")).date())
    first, second, *_ = (date.isoformat() for date in dates_of(week))
    call = short_call(1)
    site.put_call(first, "C1", call.samples)
    seconds = len(call.samples) / 8_000
    found = json.loads(site.command("plan", "--week", week, "--json").out)
    monday = found["dates"][0]

    assert found["measured_dates"] == 0
    assert found["cpu_s_per_audio_min"] == 3.8
    assert monday["recordings"] == monday["tasks"] == 1
    assert not monday["published"]
    # Not probed yet: its bytes are taken for 8 kHz mu-law.
    assert monday["left_channel_h"] * 3600 == pytest.approx(seconds, abs=2)
    assert monday["finish_low"] < monday["finish_likely"] < monday["finish_high"]

    assert site.run(first).code == 0
    site.put_call(first, "C2", silence(60.0))
    site.put_call(second, "C3", silence(120.0))
    after = json.loads(site.command("plan", "--week", week, "--json").out)
    monday, tuesday, *_ = after["dates"]

    assert after["measured_dates"] == 1
    assert after["cpu_s_per_audio_min"] != 3.8
    assert monday["recordings"] == 2
    assert monday["channel_h"] * 3600 == pytest.approx(seconds + 60, abs=2)
    assert monday["left_channel_h"] * 3600 == pytest.approx(60, abs=2)
    assert not monday["published"]
    assert tuesday["left_channel_h"] * 3600 == pytest.approx(120, abs=2)

    assert site.run(first).code == 0
    table = site.command("plan", "--week", week).out
    line = next(line for line in table.splitlines() if first in line)
    assert "published" in line


def test_a_week_of_other_size_needs_no_recordings(site: Site) -> None:
    week = json.loads(site.command("plan", "--agents", "1000", "--json").out)

    assert [date["audio_h"] for date in week["dates"]] == [5500, 5000, 5000, 4750, 4750, 2000, 0]
    assert all(date["expected"] and date["slack_h"] > 6 for date in week["dates"][:6])
    assert week["warnings"] == []
    shown = site.command("plan", "--agents", "1000")
    assert shown.code == 0
    assert "All ends in time." in shown.out
    assert "the prior, nothing measured yet" in shown.out
    assert "no price of eu-west-3 at hand" in shown.out


def test_the_plan_says_what_the_paid_engine_may_spend_and_has_spent(site: Site) -> None:
    week = week_of(dt.datetime.now(ZoneInfo("Europe/Paris")).date())
    spent = site.lake / "_work" / "fallback" / "spending" / f"week={week}.json"
    spent.parent.mkdir(parents=True)
    spent.write_text('{"usd_by_job": {"stt-pipeline-1": 0.25, "stt-pipeline-2": 0.5}}')
    paid = {
        "STT_FALLBACK": "amazon-transcribe",
        "STT_FALLBACK_FOR": "failed,late",
        "STT_FALLBACK_BUDGET_USD": "20",
    }
    planned = json.loads(site.command("plan", "--week", WEEK, "--json", **paid).out)
    assert planned["fallback"] == {
        "engine": "amazon-transcribe",
        "for": ["failed", "late"],
        "budget_usd": 20.0,
        "spent_usd": 0.75,
        "usd_per_call_hour": 0.36,
    }
    shown = site.command("plan", "--week", WEEK, **paid).out
    assert "for what failed here or would be late: 0.75 of 20.00 USD" in " ".join(shown.split())
    assert json.loads(site.command("plan", "--week", WEEK, "--json").out)["fallback"] is None


def test_too_few_tasks_are_said(site: Site) -> None:
    ended = site.command("plan", "--agents", "1000", STT_MAX_SHARDS="1", STT_SHARD_MINUTES="5")

    assert ended.code == 0
    assert "After the deadline: " in ended.out
    assert "No allowed size makes the deadline for sure" in ended.out


def test_simulated_weeks_have_their_figures_and_the_same_each_time(site: Site) -> None:
    first, second = (
        site.command("plan", "--simulate", "3", "--agents", "100", "--json") for _ in range(2)
    )
    figures = json.loads(first.out)

    assert list(figures) == KEYS
    assert (figures["weeks"], figures["agents"]) == (3, 100)
    assert first.out == second.out
    shown = site.command("plan", "--simulate", "3", "--agents", "100", "--seed", "5")
    assert shown.code == 0
    assert "Slack to the deadline" in shown.out


def test_wrong_requests_are_refused(site: Site) -> None:
    alone = site.command("plan", "--simulate", "3")
    week = site.command("plan", "--week", "2026-W60")
    margin = site.command("plan", STT_DEADLINE_MARGIN_H="-1")

    assert_refused(alone, "--simulate WEEKS --agents N")
    assert_refused(week, "'2026-W60' is not a week", "2026-W47")
    assert_refused(margin, "STT_DEADLINE_MARGIN_H='-1'", "greater than or equal to 0")

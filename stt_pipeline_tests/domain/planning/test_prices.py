"""Prices are data: what is listed, what is assumed, and what a task costs."""

import pytest

from stt_pipeline.domain.planning.prices import (
    DEFAULT_PRICE,
    FARGATE,
    FARGATE_BY_CAPACITY,
    OUTSIDE_SERVICE_USD_PER_HOUR,
    REGION,
    Capacity,
    FargatePrice,
    fargate_price,
)


def test_the_prices_of_september_2026() -> None:
    listed = {
        (one.region, one.capacity): (one.vcpu_hour_usd, one.gb_hour_usd)
        for one in FARGATE
        if not one.assumed
    }

    assert listed == {
        ("eu-west-3", "on-demand"): (0.0486, 0.0053),
        ("us-east-1", "on-demand"): (0.04048, 0.004445),
        ("us-east-1", "spot"): (0.01289, 0.001415),
    }
    assert {one.listed for one in FARGATE} == {"2026-09"}
    assert pytest.approx(0.36) == OUTSIDE_SERVICE_USD_PER_HOUR


def test_spot_in_paris_is_assumed_at_the_share_of_virginia_and_says_so() -> None:
    paris, virginia = (fargate_price(Capacity.SPOT, one) for one in ("eu-west-3", "us-east-1"))
    full_paris, full_virginia = (
        fargate_price(Capacity.ON_DEMAND, one) for one in ("eu-west-3", "us-east-1")
    )

    assert "us-east-1" in paris.assumed
    for unit in ("vcpu_hour_usd", "gb_hour_usd"):
        share = getattr(virginia, unit) / getattr(full_virginia, unit)
        assert getattr(paris, unit) / getattr(full_paris, unit) == pytest.approx(share, rel=0.002)


def test_what_is_counted_are_the_prices_of_one_region() -> None:
    assert REGION == "eu-west-3"
    assert {price.region for price in FARGATE_BY_CAPACITY.values()} == {REGION}
    assert fargate_price("on-demand", "eu-west-3") == DEFAULT_PRICE


def test_a_task_costs_its_vcpus_and_its_memory() -> None:
    price = FargatePrice("here", "spot", "2026-09", vcpu_hour_usd=3.0, gb_hour_usd=0.25)

    assert price.task_hour_usd(4, 8) == 14.0
    assert price.cpu_cost_usd(7200.0) == 7.0


def test_a_region_without_a_price_is_no_zero() -> None:
    with pytest.raises(KeyError, match=r"prices.toml has no Fargate price for spot in mars-1"):
        fargate_price("spot", "mars-1")

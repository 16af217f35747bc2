"""What is paid to tenants who move to a smaller home, beside the bedrooms that it frees."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from cbl_engine.compare.comparing import compare
from cbl_engine.compare.downsizing import further_bedrooms
from cbl_engine.compare.findings import findings, headlines
from cbl_engine.report import comparison_page, comparison_sheets
from cbl_engine.simulate.kpi import told_by
from cbl_engine.simulate.summary import BY_NAME, over_worlds

PAID = "{weights: {first: 1000, further: 500}, assumed: the lever}"
SCENARIO = f"""
title: A small borough
scheme: sheffield
world: {{households: 150, homes: 400}}
start: 2026-04-06
weeks: 30
replications: 3
seed: 1
parameters:
  tenancies.end_per_year: {{rate: 0.2, assumed: a test}}
variants:
  money:
    title: Money alone
    parameters: {{downsizing.payment: {PAID}}}
  help:
    title: Help with money
    parameters: {{downsizing.incentive: {{number: 40, assumed: the lever}}, downsizing.payment: {PAID}}}
  from_july:
    title: Money alone, from a day on
    changes: [{{on: 2026-07-20, parameters: {{downsizing.payment: {PAID}}}}}]
"""


@pytest.fixture(scope="module")
def paid(tmp_path_factory):
    path = tmp_path_factory.mktemp("paid") / "paid.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return compare(path)


def test_money_alone_changes_no_world_and_is_all_deadweight(paid):
    base, money = (paid.simulations[name, "central"].frames for name in ("base", "money"))
    assert all(base[name].equals(money[name]) for name in base)
    row = paid.difference("money", "downsizing_paid")
    assert row["base"] == 0 < row["mean"]
    assert paid.difference("money", "downsizing_paid", "would have asked anyway")["mean"] == row["mean"]
    assert 0 < paid.difference("from_july", "downsizing_paid")["mean"] < row["mean"]


def test_a_further_bedroom_costs_the_money_more_over_the_bedrooms_more(paid):
    rows = {row["variant"]: row for row in further_bedrooms(paid).iter_rows(named=True)}
    assert rows["money"]["each"] is None
    assert rows["money"]["why_not"] == "no more bedrooms are freed than in the base"
    assert rows["money"]["anyway"] == 1
    help_ = rows["help"]
    assert help_["why_not"] is None
    assert help_["each"] == paid.difference("help", "downsizing_paid")["mean"] / (
        paid.difference("help", "bedrooms_freed")["mean"])
    assert 500 <= help_["for_a_bedroom"] <= 1000 < help_["each"]
    assert 0 < help_["anyway"] < 1


def test_findings_page_and_workbook_say_it(paid):
    said = findings(paid)
    assert any("100% of the money to tenants who would have asked anyway" in line
               and "not known: no more bedrooms are freed than in the base" in line
               for line in said["money"])
    each = further_bedrooms(paid).filter(variant="help")["each"].item()
    assert any(f"beyond the base's costs £{each:,.0f} in payments (the mean money over the mean bedrooms"
               in line for line in said["help"])
    own = over_worlds(BY_NAME["downsizing_per_bedroom"], told_by(paid.simulations["help", "central"]))
    assert any(f"£{own['mean'].item():,.0f} is paid for each bedroom freed (mean of the worlds' own averages)"
               in line for line in said["help"])
    assert "downsizing_paid" in headlines(paid)["kpi"].to_list()
    page = comparison_page(paid)
    account = page[page.index("<h3>Housing Revenue Account</h3>"):page.index("<h3>General Fund</h3>")]
    assert "Paid to tenants who move to a smaller home: would have asked anyway" in account
    assert f"£{each:,.0f} in payments" in account
    assert comparison_sheets(paid)["further_bedrooms"]["variant"].to_list() == ["money", "help", "from_july"]


def test_bedrooms_that_are_not_compared_give_no_cost(paid):
    rows = paid.differences.filter(pl.col("kpi") != "bedrooms_freed")
    found = further_bedrooms(replace(paid, differences=rows))
    assert found["each"].null_count() == found.height == 3
    assert set(found["why_not"]) == {"bedrooms freed are not among the outcomes compared"}


def test_where_nobody_pays_nothing_is_said_of_it(comparison):
    assert further_bedrooms(comparison).is_empty()
    assert not comparison.differences["kpi"].str.starts_with("downsizing").any()
    assert "further_bedrooms" not in comparison_sheets(comparison)
    assert "each bedroom freed" not in comparison_page(comparison)

"""Bids of a month judged by the rules of bidding, and one household's question before it bids.

200,000 bids of 20,000 households on 2,000 adverts, whatever ``--size`` says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from benchmarks.contest import data
from benchmarks.contest.ours import SCHEME
from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.may_bid import may_bid
from cbl_engine.scheme import load_scheme
from cbl_engine.scheme.bidding import Bidding
from cbl_engine.shortlist import prepare

SIZE = data.Size(applications=20_000, adverts=2_000, bids=200_000, cycles=4, wards=24)
RULES = {
    "window": {
        "label": "All week but an hour", "opens": {"day": "monday", "time": "01:00"},
        "closes": {"day": "sunday", "time": "23:59"},
    },
    "caps": {
        "a_week": {"label": "Three a week", "bids": 3, "per": "cycle"},
        "at_once": {"label": "Five at once", "bids": 5, "per": "live", "withdrawn": "spent"},
    },
    "frozen": {"leading": {"label": "Stands first", "while": "first", "may_not": "bid"}},
}


@pytest.fixture(scope="module")
def month():
    tables = {name: pl.from_arrow(table) for name, table in data.make(SIZE).items()}
    scheme = load_scheme(SCHEME)
    versions = tuple(
        version.model_copy(update={"bidding": Bidding.model_validate(RULES)})
        for version in scheme.versions
    )
    scheme = replace(scheme, versions=versions)
    register = {"applications": tables["applications"]}
    return scheme, register, tables["adverts"], tables["bids"]


def test_judging_every_bid(benchmark, month):
    scheme, register, adverts, bids = month
    judge = Judge(scheme, register, adverts)
    found = benchmark.pedantic(
        lambda: judge_bids(judge, adverts, bids, {}, until=data.AS_AT), rounds=5, warmup_rounds=1
    )
    assert found.height == bids.height
    assert "a_week" in found["rule"].unique().to_list()


def test_one_households_question(benchmark, month):
    scheme, register, adverts, bids = month
    judge, prepared = Judge(scheme, register, adverts), prepare(scheme, register, data.AS_AT)
    advert = adverts.row(0, named=True)
    found = benchmark.pedantic(
        lambda: may_bid(
            judge, prepared, bids, {}, advert["id"], 0, advert["closes_at"] - timedelta(hours=1)
        ),
        rounds=10, warmup_rounds=1,
    )
    assert found.standing is not None

"""Weeks in which a household could bid, and in which it did: what fits of bidders are made from."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from cbl_engine.compare.backtest.seen import seen_in_history
from cbl_engine.compare.calibrate.bidding import bid_weeks
from cbl_engine.compare.calibrate.history import History

SINCE = date(2025, 1, 6)
WEEKS = 20


def _history(*, bids=(), outcomes=(), homes=None, statuses=None):
    closes = [datetime(2025, 1, 12, 12) + timedelta(weeks=w) for w in range(WEEKS)]
    frames = {
        "applications": pl.DataFrame({
            "id": ["A"], "status": ["active"], "registered_on": [SINCE - timedelta(days=9)],
            "bedroom_need": [2]}),
        "adverts": pl.DataFrame({
            "id": [f"W{w}" for w in range(WEEKS)], "bedrooms": [2] * WEEKS, "closes_at": closes,
            "home": [f"H{w}" for w in range(WEEKS)], "status": statuses or ["closed"] * WEEKS}),
        "bids": pl.DataFrame(
            [(f"W{week}", "A", closes[week] - timedelta(days=1), by,
              closes[week] + timedelta(days=gone[0]) if gone else None) for week, by, *gone in bids],
            {"advert": pl.String, "application": pl.String, "placed_at": pl.Datetime("us"),
             "placed_by": pl.String, "withdrawn_at": pl.Datetime("us")}, orient="row"),
        "homes": homes if homes is not None else pl.DataFrame(
            {"id": [f"H{w}" for w in range(WEEKS)], "bedrooms": [2] * WEEKS}),
    }
    if outcomes:
        frames["outcomes"] = pl.DataFrame(
            [(f"o{n}", on, what, act, "A", "W1") for n, (on, what, act) in enumerate(outcomes)],
            {"id": pl.String, "on": pl.Date, "what": pl.String, "act": pl.String,
             "application": pl.String, "advert": pl.String}, orient="row")
    return History(frames, SINCE, SINCE + timedelta(weeks=WEEKS), frozenset())


def _weeks(history):
    rows, _ = bid_weeks(history)
    return rows.select("weeks", "bid_weeks").row(0)


def test_bids_by_an_officer_are_the_households_and_automatic_ones_are_not():
    history = _history(bids=[(2, "applicant"), (3, "officer"), (4, "automatic")])
    assert _weeks(history) == (WEEKS, 2)


def test_adverts_that_were_withdrawn_or_drafts_are_none_that_could_be_bid_for():
    statuses = ["withdrawn", "draft"] + ["closed"] * (WEEKS - 2)
    assert _weeks(_history(bids=[(0, "applicant"), (5, "applicant")], statuses=statuses)) == (WEEKS - 2, 1)


def test_a_bid_counts_that_stood_when_its_advert_closed():
    """One taken back a day before the close, one a day after it, one taken back and placed again."""
    history = _history(bids=[(2, "applicant", -1), (3, "applicant", 1), (4, "applicant", -1),
                             (4, "applicant")])
    assert _weeks(history) == (WEEKS, 2)
    assert "2 left out: bids withdrawn before their advert closed" in bid_weeks(history)[1]
    assert seen_in_history(history.frames, SINCE, history.until).tables["adverts"]["bids"].sum() == 2


def test_weeks_at_whose_close_it_was_under_offer_do_not_count():
    """Named on the Monday after the second close, refused two weeks later: two closes in between."""
    history = _history(bids=[(1, "applicant"), (2, "applicant"), (9, "applicant")], outcomes=[
        (date(2025, 1, 20), "approved", "offer"), (date(2025, 2, 3), "refused", None)])
    assert _weeks(history) == (WEEKS - 2, 2)


def test_weeks_whose_homes_are_kept_for_some_do_not_count():
    homes = pl.DataFrame({"id": [f"H{w}" for w in range(WEEKS)], "bedrooms": [2] * WEEKS,
                          "minimum_age": [55] * 5 + [None] * (WEEKS - 5),
                          "access_category": ["general"] * (WEEKS - 3) + ["A2"] * 3})
    assert _weeks(_history(homes=homes, bids=[(0, "applicant"), (7, "applicant")])) == (WEEKS - 8, 1)

"""Bids that the engine places for households."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from cbl_engine.offers.automatic import automatic_bids
from tests.offers.recorded import record_of
from tests.offers.small_bidding import advert, at, bid, judge_of
from tests.shortlist.small import frame

SUNDAY = date(2024, 5, 12)
AUTO = "  choice: {auto: {label: x, bids: automatic}}\n"
WISHES_ALONE = AUTO + "  automatic: {label: x}\n"
SUITS = AUTO + "  automatic: {label: x, suits: fits}\n"
ADVERTS = [advert("b"), advert("c"), advert("d")]


def placed(
    bidding: str = SUITS,
    adverts: list[dict[str, Any]] | None = None,
    bids: list[dict[str, Any]] | None = None,
    applications: dict[str, dict[str, Any]] | None = None,
    wishes: list[dict[str, Any]] | None = None,
    on: date = SUNDAY,
    not_eligible: tuple[tuple[str, str], ...] = (),
    areas: list[dict[str, Any]] | None = None,
    **record: list[dict[str, Any]],
) -> list[tuple[str, str]]:
    """Application and advert of each bid the engine places; rules and moments are looked at too."""
    given = adverts if adverts is not None else ADVERTS
    judge = judge_of(bidding, given, applications)

    def eligible(pairs: pl.DataFrame) -> pl.Series:
        return pl.Series([(p, a) not in not_eligible for a, p in pairs.iter_rows()], dtype=pl.Boolean)

    beside = {
        table: frame(table, rows)
        for table, rows in (("wishes", wishes), ("areas", areas)) if rows is not None
    }
    found = automatic_bids(
        judge, judge.given_adverts, frame("bids", bids or []), record_of(**record), eligible, on,
        beside,
    )
    closes = {a["id"]: a["closes_at"] for a in given}
    assert all(moment == closes[a] for a, moment in found.select("advert", "placed_at").iter_rows())
    return found.select("application", "advert").rows()


def test_a_household_without_a_bid_is_bid_for_at_the_close():
    assert placed() == [("p", "b")]


def test_not_before_the_last_closing_day_of_the_cycle():
    adverts = [advert("early", closes=3), *ADVERTS]
    assert placed(adverts=adverts, on=date(2024, 5, 9)) == []
    assert placed(adverts=adverts, on=date(2024, 5, 10)) == []
    assert placed(adverts=adverts) == [("p", "b")]


def test_a_draft_has_no_closing_day():
    adverts = [advert("b", closes=3), advert("draft", status="draft")]
    assert placed(adverts=adverts, on=date(2024, 5, 9)) == [("p", "b")]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([bid("early", 1)], []),
        ([bid("b", 1, placed_by="officer")], []),
        ([bid("b", 1, placed_by="automatic")], [("p", "b")]),
        ([bid("early", 1, withdrawn_at=at(2))], [("p", "b")]),
        ([bid("b", 1, withdrawn_at=at(2))], [("p", "c")]),
        ([bid("next", 1)], [("p", "b")]),
        ([bid("b", 8)], [("p", "b")]),
    ],
)
def test_who_has_a_bid_of_its_own_that_counts_is_not_bid_for(own, expected):
    adverts = [advert("early", closes=3), advert("next", closes=9), *ADVERTS]
    assert placed(adverts=adverts, bids=own) == expected


def test_a_bid_of_its_own_that_was_set_aside_does_not_count():
    assert placed(bids=[bid("b", -40)]) == [("p", "b")]


def test_the_best_wish_decides_then_the_closing_time_then_the_advert():
    adverts = [
        advert("b", property_type="flat"), advert("c", property_type="house", closes_at=at(6, 13)),
        advert("d", property_type="house"), advert("e", property_type="bungalow"),
    ]
    wishes = [
        {"application": "p", "rank": 1, "property_type": "house"},
        {"application": "p", "rank": 2, "property_type": "flat"},
    ]
    three = AUTO + "  automatic: {label: x, most: 3}\n"
    assert placed(three, adverts, wishes=wishes) == [("p", "b"), ("p", "c"), ("p", "d")]
    two = AUTO + "  automatic: {label: x, most: 2}\n"
    assert placed(two, adverts, wishes=wishes) == [("p", "c"), ("p", "d")]
    assert placed(adverts=adverts, wishes=wishes) == [("p", "d")]


def test_a_wish_is_met_by_what_lies_in_its_area():
    areas = [{"id": "town"}, {"id": "north", "parent": "town"}, {"id": "far"}]
    adverts = [advert("b", area="far"), advert("c", area="north"), advert("d", area=None)]
    wishes = [{"application": "p", "rank": 1, "area": "town"}]
    assert placed(adverts=adverts, wishes=wishes, areas=areas) == [("p", "c")]
    assert placed(adverts=adverts, wishes=wishes) == []


def test_a_wish_for_anything_is_met_by_every_advert():
    assert placed(WISHES_ALONE, wishes=[{"application": "p", "rank": 1}]) == [("p", "b")]


def test_without_wishes_what_suits_decides_and_without_either_nothing():
    adverts = [advert("b", bedrooms=2), advert("c")]
    assert placed(adverts=adverts) == [("p", "c")]
    assert placed(WISHES_ALONE, adverts) == []
    assert placed(WISHES_ALONE, adverts, wishes=[{"application": "q", "rank": 1}]) == []


def test_what_suits_must_be_met_beside_a_wish():
    adverts = [advert("b", bedrooms=2), advert("c")]
    assert placed(adverts=adverts, wishes=[{"application": "p", "rank": 1}]) == [("p", "c")]


def test_nobody_is_bid_for_where_it_is_not_eligible():
    assert placed(not_eligible=(("p", "b"),)) == [("p", "c")]


@pytest.mark.parametrize(
    ("kind", "automatic", "expected"),
    [("own", True, []), ("none", True, []), ("council", True, [("p", "b")]),
     ("council", False, []), ("automatic", True, [("p", "b")])],
)
def test_whose_choice_leaves_it_to_the_engine(kind, automatic, expected):
    text = f"  choice: {{auto: {{label: x, bids: {kind}}}}}\n"
    text += "  automatic: {label: x}\n" if automatic else ""
    assert placed(text, wishes=[{"application": "p", "rank": 1}]) == expected


def test_who_lost_its_choice_is_bid_for():
    led = [{"application": "p", "consequence": "led", "since": SUNDAY, "council_bids": True}]
    own = "  choice: {own: {label: x, bids: own}}\n  automatic: {label: x, suits: fits}\n"
    assert placed(own, consequences=led) == [("p", "b")]


def test_rules_that_stand_against_a_bid_stand_against_the_engines():
    barred = [{"application": "p", "consequence": "barred", "since": SUNDAY, "may_not_bid": True}]
    assert placed(consequences=barred) == []
    offers = [{"id": "o", "application": "p", "offered_on": date(2024, 5, 7)}]
    frozen = SUITS + "  frozen: {busy: {label: x, while: offered, may_not: bid}}\n"
    assert placed(frozen, offers=offers) == []
    only = "  choice: {auto: {label: x, bids: automatic, only: fits}}\n  automatic: {label: x, most: 9}\n"
    adverts = [advert("b", bedrooms=2), advert("c")]
    assert placed(only, adverts, wishes=[{"application": "p", "rank": 1}]) == [("p", "c")]


def test_the_engine_places_no_more_than_the_caps_allow():
    text = AUTO + "  automatic: {label: x, suits: fits, most: 3}\n"
    assert placed(text) == [("p", "b"), ("p", "c"), ("p", "d")]
    capped = text + "  caps: {two: {label: x, bids: 2, per: cycle, withdrawn: spent}}\n"
    assert placed(capped) == [("p", "b"), ("p", "c")]
    adverts = [advert("early", closes=3), *ADVERTS]
    spent = [bid("early", 1, withdrawn_at=at(2))]
    assert placed(capped, adverts, spent) == [("p", "b")]


def test_the_window_does_not_bind_the_engine():
    window = "  window: {label: x, opens: {day: monday, time: '09:00'}, closes: {day: monday, time: '10:00'}}\n"
    assert placed(SUITS + window) == [("p", "b")]


def test_a_household_that_is_not_active_is_not_bid_for():
    suspended = {"p": {"local": True, "bedroom_need": 1, "status": "suspended"}}
    assert placed(applications=suspended) == []


def test_the_order_of_rows_changes_nothing():
    households = {who: {"local": True, "bedroom_need": 1} for who in "srqp"}
    wishes = [{"application": who, "rank": n} for n, who in enumerate("pqrs", start=1)]
    found = placed(applications=households, wishes=wishes, adverts=ADVERTS[::-1])
    assert found == placed(applications=dict(reversed(households.items())), wishes=wishes[::-1])
    assert sorted(found) == [(who, "b") for who in "pqrs"]

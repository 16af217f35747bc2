"""Bids that households must place, and did not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cbl_engine.offers.duties import missed_duties
from tests.offers.recorded import record_of
from tests.offers.small_bidding import bid, judge_of
from tests.shortlist.small import frame

SUNDAY = date(2024, 5, 12)
DUTY = (
    "  duties: {bid: {label: x, bids: 2, months: 3, then: warned}}\n"
    "consequences: {warned: {label: x, review: true}}\n"
)
OLD = {"p": {"registered_on": date(2024, 2, 12), "local": True}}


def missed(
    bids: list[dict[str, Any]],
    applications: dict[str, dict[str, Any]] | None = None,
    on: date = SUNDAY,
    bidding: str = DUTY,
    **record: list[dict[str, Any]],
) -> list[tuple[str, str, str]]:
    """Who missed which duty, and what is proposed."""
    judge = judge_of(bidding, [], OLD if applications is None else applications)
    return missed_duties(judge, frame("bids", bids), record_of(**record), on).rows()


def test_too_few_bids_are_missed_on_the_last_day_of_a_cycle():
    assert missed([bid("a", 1)]) == [("p", "bid", "warned")]
    assert missed([bid("a", 1)], on=date(2024, 5, 11)) == []
    assert missed([bid("a", 1), bid("b", 2)]) == []


def test_several_bids_on_one_advert_are_one():
    assert missed([bid("a", 1), bid("a", 2)]) == [("p", "bid", "warned")]


def test_bids_of_the_engine_are_not_the_households_own():
    own = [bid("a", 1), bid("b", 2, placed_by="officer")]
    assert missed(own) == []
    own[1]["placed_by"] = "automatic"
    assert missed(own) == [("p", "bid", "warned")]


def test_months_are_looked_back_on_up_to_the_day():
    in_time = [bid("a", -83), bid("b", 6)]
    assert in_time[0]["placed_at"].date() == date(2024, 2, 13)
    assert missed(in_time) == []
    assert missed([bid("a", -84), bid("b", 6)]) == [("p", "bid", "warned")]
    assert missed([bid("a", 5), bid("b", 7)]) == [("p", "bid", "warned")]


def test_who_joined_lately_or_is_not_active_or_is_not_meant_misses_nothing():
    lately = {"p": {"registered_on": date(2024, 2, 13)}, "q": {"registered_on": None}}
    assert missed([], lately) == []
    assert missed([], {"p": OLD["p"] | {"status": "suspended"}}) == []
    for_debtors = DUTY.replace("months: 3", "months: 3, when: ask")
    assert missed([], {"p": OLD["p"] | {"in_debt": None}}, bidding=for_debtors) == []
    assert missed([], {"p": OLD["p"] | {"in_debt": True}}, bidding=for_debtors) != []


@pytest.mark.parametrize(
    ("proposal", "again"),
    [
        ({"on": date(2023, 1, 1), "status": "open"}, False),
        ({"on": date(2024, 2, 13), "status": "declined"}, False),
        ({"on": date(2024, 2, 12), "status": "declined"}, True),
        ({"on": date(2024, 5, 5), "status": "approved", "offer": "o"}, True),
        ({"on": date(2024, 5, 5), "status": "open", "what": "other"}, True),
        ({"on": date(2024, 5, 5), "status": "open", "application": "q"}, True),
    ],
)
def test_what_was_proposed_is_not_proposed_again_within_the_months(proposal: dict, again: bool):
    row = {"id": "P1", "application": "p", "what": "warned", **proposal}
    assert bool(missed([], proposals=[row])) is again

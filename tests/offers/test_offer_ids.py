"""Ids of offers: no two offers have the same one, whatever adverts, homes and households are called."""

from __future__ import annotations

import pytest

from cbl_engine.errors import PropertyError
from cbl_engine.offers import events as e
from cbl_engine.offers.properties import verify
from cbl_engine.offers.record import Record
from tests.offers.week import Week, day


def test_adverts_and_households_with_strokes_in_their_ids_have_offers_of_their_own():
    week = Week().households("1/2 2").advert("A", bids="1/2").advert("A/1", bids="2").run()
    assert {(o["id"], o["advert"], o["application"]) for o in week.table("offers")} == {
        ("A/1/2/1", "A", "1/2"), ("A/1/2/2", "A/1", "2")}
    week.approve(8, "offer", "A/1", "2").run(until=8)
    assert week.steps() == {("A", "1/2"): "proposed", ("A/1", "2"): "offered"}


def test_an_advert_called_as_a_home_is_and_a_direct_let_of_that_home():
    week = Week("criteria: {all: {label: x, when: bedroom_need >= 0}}\n"
                "direct_lets: {decant: {label: x, permitted_by: x, part_6: false, fit: [all]}}\n"
                "offers: {one_at_a_time: false}")
    week.household("ann").advert("1001", bids="ann", home="home").add("homes", id="home", bedrooms=2)
    week.add("homes", id="1001", bedrooms=2)
    week.add("direct_lets", id="D1", application="ann", home="1001", kind="decant", on=day(7)).run()
    assert {(o["id"], o["route"]) for o in week.table("offers")} == {
        ("1001/ann/1", "bid"), ("1001/ann/2", "direct")}


def test_an_offer_that_is_begun_twice_breaks_a_property():
    week = Week().household("ann").advert("elm", bids="ann").run()
    again = next(event for event in week.events if isinstance(event, e.OfferProposed))
    with pytest.raises(PropertyError, match="elm/ann/1 is begun twice"):
        verify(week.scheme, Record(), week.record, [*week.events, again], week.rows,
               numbers=range(1, len(week.events) + 2))

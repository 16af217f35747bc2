"""Cases of faults that were found and put right."""

from __future__ import annotations

import pytest

from cbl_engine.errors import TableError
from tests.offers.week import Week, moment

EQUALS = "profiles: {only: {label: x, order: [{tie: human}]}}\n"


def test_of_equals_one_who_was_given_another_home_that_day_cannot_be_chosen_again() -> None:
    """One home on offer at a time, though the officer names her twice on one day."""
    week = Week(EQUALS).households("ann bob").advert("elm", bids="ann bob")
    week.advert("oak", bids="ann bob").outcome(7, "chosen", "elm", "ann", by="Olu")
    week.outcome(7, "chosen", "oak", "ann", by="Olu")
    with pytest.raises(TableError, match=r"oak, application ann.*lapsed"):
        week.run(until=7)


def test_a_correction_at_midnight_voids_the_bids_of_the_day_that_ends_with_it() -> None:
    """It is of that day, and is written down once."""
    week = Week().household("ann").advert("elm", bids="ann", corrected_at=moment(5)).run(until=8)
    assert week.kinds().count("advert_corrected") == 1
    assert [row["rule"] for row in week.table("bids_set_aside")] == ["void"]


def test_a_correction_that_comes_late_still_voids_the_bids() -> None:
    """It was made on a day that the record has closed."""
    week = Week().household("ann").advert("elm", bids="ann").run(until=5)
    week.add("adverts", id="elm", status="open", home="home elm", opens_at=moment(3),
             closes_at=moment(6.5), corrected_at=moment(4.5)).run(until=8)
    assert week.kinds().count("advert_corrected") == 1
    assert [row["rule"] for row in week.table("bids_set_aside")] == ["void"]


def test_when_the_advert_is_withdrawn_nothing_of_its_list_is_waited_for() -> None:
    """The hold ends with it."""
    week = Week("checks: {verified: {label: x}}\n").household("ann").advert("elm", bids="ann")
    week.run(until=7)
    assert week.held() == [("elm", "ann", "verified")]
    week.outcome(8, "advert_withdrawn", "elm", reason="sold", by="Olu").run(until=9)
    assert week.held() == []

"""Who may be let to in law is asked until a tenancy is signed, and of direct lets that allocate."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.offers.week import Week

IN_LAW = "immigration_status_in_law"
OFFERS = """
offers: {answer: {days: 3}}
direct_lets:
  move: {label: x, permitted_by: Clause 4}
  decant: {label: x, permitted_by: "Housing Act 1996, s.159(4A)", part_6: false}
"""


def _person(week: Week, household: str, **more: Any) -> None:
    own = {"id": f"{household}1", "application": household, "relationship": "applicant",
           "date_of_birth": date(1980, 1, 1), "immigration_status": "not_subject",
           "habitually_resident": True}
    week.add("people", **(own | more))


def _week(**ann: Any) -> Week:
    week = Week(OFFERS, keep_going=True).households("ann ben").advert("elm", "ann ben")
    _person(week, "ben")
    _person(week, "ann", **ann)
    return week


def test_a_home_is_offered_past_who_may_not_be_let_to_and_waits_for_who_is_not_known() -> None:
    assert _week(immigration_status="not_eligible").run().proposed() == [("offer", "elm", "ben", None)]
    week = _week(immigration_status=None).run()
    assert (week.proposed(), week.held()) == ([], [("elm", "ann", IN_LAW)])


@pytest.mark.parametrize("status", ["not_eligible", None])
def test_no_tenancy_is_signed_by_whom_the_law_bars_since_the_offer(status: str | None) -> None:
    week = _week().approve(7, "offer", "elm", "ann").outcome(8, "accepted", "elm", "ann").run(8)
    _person(week, "ann", immigration_status=status)
    _person(week, "ben")
    week.outcome(9, "signed", "elm", "ann").run(9)
    assert week.steps()["elm", "ann"] == "accepted"
    (left_out,) = week.cycle.quarantined
    assert (left_out["clash"], "section 160ZA" in left_out["why"]) == ("hard_stop", True)
    asked = [("bypass", "elm", "ann", IN_LAW)]
    assert (week.proposed(), week.held()) == (
        (asked, []) if status else ([], [("elm", "ann", IN_LAW)]))


def test_nobody_may_let_whom_the_law_bars_stand() -> None:
    week = _week().approve(7, "offer", "elm", "ann").outcome(8, "accepted", "elm", "ann").run(8)
    _person(week, "ann", immigration_status="not_eligible")
    _person(week, "ben")
    week.run(9).decline(10, "bypass", "elm", "ann").run(10)
    assert week.proposed() == [("bypass", "elm", "ann", IN_LAW)]


def test_a_direct_let_that_allocates_is_asked_and_one_outside_part_6_is_not() -> None:
    week = Week(OFFERS).households("ann").add("homes", id="h1", bedrooms=2).add("homes", id="h2", bedrooms=2)
    _person(week, "ann", immigration_status="not_eligible")
    for home, kind in (("h1", "move"), ("h2", "decant")):
        week.add("direct_lets", id=kind, on=date(2024, 6, 6), application="ann", home=home, kind=kind)
    week.run()
    assert week.proposed() == [("direct_let", None, "ann", "decant")]

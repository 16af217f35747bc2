"""Where two rules of offers meet: what one of them must not hide or undo of the other."""

from __future__ import annotations

from tests.offers.week import Week, day, moment

DIRECT = "direct_lets: {move: {label: x, permitted_by: Clause 9}}\n"
TWO_CHECKS = "checks: {a: {label: x, before: let}, b: {label: x, before: let}}"
AUTOMATIC = """
bidding: {choice: {all: {label: x, bids: automatic}}, automatic: {label: x, suits: any_home}}
criteria: {any_home: {label: x, when: advert.bedrooms >= 1}}
"""


def test_a_direct_let_waits_while_the_household_has_another_home_on_offer() -> None:
    """One at a time: approved, it goes on once the other has ended."""
    week = Week(DIRECT).households("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.add("homes", id="fir", bedrooms=2)
    week.add("direct_lets", id="d", application="ann", home="fir", kind="move", on=day(7))
    week.outcome(8, "approved", None, "ann", home="fir", act="direct_let", by="Olu").run(until=8)
    assert week.steps() == {("elm", "ann"): "offered", (None, "ann"): "proposed"}
    week.outcome(9, "withdrew", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "withdrew", (None, "ann"): "offered"}


def test_a_check_that_an_officer_let_stand_hides_no_other() -> None:
    """Of two that failed after acceptance each is decided; then the home may be signed for."""
    week = Week(TWO_CHECKS).households("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").outcome(8, "accepted", "elm", "ann")
    week.check("ann", "a", "refused", since=8).check("ann", "b", "refused", since=8)
    week.decline(9, "bypass", "elm", "ann", reason="a").run(until=9)
    assert week.proposed() == [("bypass", "elm", "ann", "b")]
    week.decline(10, "bypass", "elm", "ann", reason="b")
    week.outcome(11, "signed", "elm", "ann").run(until=11)
    assert week.steps() == {("elm", "ann"): "let"}


def test_the_engine_bids_for_no_home_that_was_withdrawn_or_held_back() -> None:
    """Its one bid goes to a home that may be had."""
    week = Week(AUTOMATIC).household("ann").advert("ash", bedrooms=3).advert("elm").advert("oak")
    week.outcome(4, "advert_withdrawn", "elm").run(until=6)
    assert (week.status("ash"), week.status("elm")) == ("held_back", "withdrawn")
    assert week.steps() == {("oak", "ann"): "proposed"}


def test_passing_over_for_a_rule_lapses_when_the_rule_stops_nobody_any_more() -> None:
    """Suspended after acceptance, and active again before anybody decided."""
    week = Week().households("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "accepted", "elm", "ann").run(until=8)
    week.add("applications", id="ann", status="suspended", band="B").run(until=9)
    assert week.proposed() == [("bypass", "elm", "ann", "not_active")]
    week.add("applications", id="ann", status="active", band="B").run(until=10)
    assert week.proposed() == []


def test_bidders_are_told_of_a_correction_on_the_day_the_advert_opened() -> None:
    """Its bids of that day are void."""
    week = Week().households("ann").advert("elm", bids="ann", corrected_at=moment(3.9)).run(until=6)
    assert week.cycle is not None
    assert week.cycle.telling["void_bids"] == [{"advert": "elm", "application": "ann"}]
    assert week.steps() == {}

"""Rules of bidding as a cycle applies them: set aside, placed for a household, asked for."""

from __future__ import annotations

import pytest

from cbl_engine.errors import TableError
from tests.offers.week import Week, day, moment

OUT = "consequences: {barred: {label: x, bar_months: 1}, look: {label: x, review: true}}\n"


def test_a_bid_that_breaks_a_rule_is_set_aside_under_its_name_and_ranks_nowhere() -> None:
    """One bid in a cycle: the second."""
    week = Week("bidding: {caps: {weekly: {label: x, bids: 1, per: cycle}}}").households("ann bob")
    week.advert("elm", bids="ann bob").advert("oak").bid("oak", "ann", 5).run(until=6)
    assert [(b["advert"], b["application"], b["rule"]) for b in week.table("bids_set_aside")] == [
        ("oak", "ann", "weekly")
    ]
    assert week.status("oak") == "unlet"


def test_a_withdrawn_and_a_superseded_bid_are_set_aside_by_name() -> None:
    """The later of two counts."""
    week = Week().households("ann bob").advert("elm", bids="ann").bid("elm", "ann", 5)
    week.bid("elm", "bob", 4, withdrawn_at=None).bid("elm", "bob", 5).run(until=6)
    rules = sorted((b["application"], b["rule"]) for b in week.table("bids_set_aside"))
    assert rules == [("ann", "superseded"), ("bob", "superseded")]


def test_the_engine_bids_for_a_household_that_has_not_bid_itself() -> None:
    """Placed at the closing moment, last in time; it is in the record as any bid is."""
    week = Week("""
criteria: {in_band_a: {label: x, when: "band = 'A'"}}
bidding:
  choice: {helped: {label: x, when: in_band_a, bids: automatic}}
  automatic: {label: x, suits: in_band_a}
""").household("ann").household("bob", band="A").advert("elm", bids="ann").run(until=6)
    assert week.steps() == {("elm", "bob"): "proposed"}
    assert [e.rule for e in week.events if e.kind == "bid_placed"] == ["helped"]
    assert week.cycle.telling["automatic_bids"] == [{"advert": "elm", "application": "bob"}]
    assert [(b["application"], b["placed_by"]) for b in week.table("bids")] == [
        ("ann", None), ("bob", "automatic"),
    ]


def test_a_consequence_keeps_bids_from_counting_while_it_lasts() -> None:
    """Barred for a month."""
    week = Week(OUT + "offers: {refusals: {one: {label: x, after: 1, then: barred}}}")
    week.household("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.approve(8, "consequence", household="ann")
    week.advert("oak", bids="ann", opens=10, closes=13.5)
    week.advert("fir", bids="ann", opens=45, closes=48.5).run(until=48)
    assert [(b["advert"], b["rule"]) for b in week.table("bids_set_aside")] == [("oak", "barred")]
    assert week.steps()["fir", "ann"] == "proposed"


def test_too_few_bids_propose_a_consequence_once_on_the_last_day_of_a_cycle() -> None:
    """Weeks end on Sunday the 9th; declined, it is not proposed again within the months."""
    week = Week(OUT + "bidding: {duties: {monthly: {label: x, months: 1, then: look}}}")
    week.households("ann bob").advert("elm", bids="ann").run(until=8)
    assert not [p for p in week.proposed() if p[0] == "consequence"]
    week.run(until=9)
    assert [p for p in week.proposed() if p[0] == "consequence"] == [
        ("consequence", None, "bob", "look")
    ]
    week.decline(10, "consequence", household="bob").run(until=23)
    assert not [p for p in week.proposed() if p[0] == "consequence" and p[2] == "bob"]


def test_who_missed_a_duty_may_have_bid_before_bids_were_kept_and_that_is_told() -> None:
    duty = OUT + "bidding: {duties: {monthly: {label: x, months: 1, then: look}}}"
    bob = {"application": "bob", "consequence": "look", "duty": "monthly"}
    week = Week(duty).household("bob").run(until=9)
    assert week.cycle.telling == {"duties_before_bids_were_kept": [bob | {"since": None}]}
    for first, told in ((-21, [bob | {"since": day(-21)}]), (-22, None)):
        week = Week(duty).households("ann bob", registered_on=day(-22)).advert("elm", bids="ann")
        week.advert("oak", bids="ann", opens=first - 0.5, closes=first + 2).run(until=9)
        assert ("consequence", None, "bob", "look") in week.proposed()
        assert week.cycle.telling.get("duties_before_bids_were_kept") == told


def test_first_come_first_served_is_an_order_of_bids() -> None:
    """The earliest bid, whatever the band."""
    week = Week("profiles: {only: {label: x, order: [{bid_time: first}]}}")
    week.household("ann", band="A").household("bob", band="C")
    week.advert("elm").bid("elm", "bob", 4).bid("elm", "ann", 5).run(until=6)
    assert week.steps() == {("elm", "bob"): "proposed"}
    assert week.table("advert_states")[0]["closed_on"] == day(6)


def test_a_bid_on_an_advert_that_is_held_back_takes_no_place() -> None:
    """One bid in a cycle: the advert that never opened spends it no more than one withdrawn does."""
    week = Week("bidding: {caps: {weekly: {label: x, bids: 1, per: cycle}}}").household("ann")
    week.advert("elm", bids="ann", bedrooms=3).advert("oak").bid("oak", "ann", 5).run(until=6)
    assert (week.status("elm"), week.table("bids_set_aside")) == ("held_back", [])
    assert week.steps() == {("oak", "ann"): "proposed"}


def test_a_bid_on_an_advert_that_opens_after_all_counts() -> None:
    """Put right before it closes."""
    week = Week("bidding: {caps: {weekly: {label: x, bids: 1, per: cycle}}}").household("ann")
    week.advert("elm", bids="ann", bedrooms=3).run(until=5)
    assert week.status("elm") == "held_back"
    week.add("homes", id="home elm", bedrooms=3).run(until=6)
    assert week.steps() == {("elm", "ann"): "proposed"}


def test_rows_without_what_says_whose_place_they_take_are_refused() -> None:
    week = Week().household("ann", valid_from=day(1)).run(until=2).household("ann")
    with pytest.raises(TableError, match=r"applications\.valid_from: the column is missing"):
        week.run(until=3)


def _withdraws(week: Week, household: str, at: float, placed: float) -> Week:
    return week.bid("elm", household, placed, withdrawn_at=moment(at))


def test_bids_on_an_advert_withdrawn_before_its_close_are_on_record_as_set_aside() -> None:
    week = Week().households("ann bob").advert("elm", bids="ann bob").advert("oak", bids="bob")
    week.outcome(5, "advert_withdrawn", "elm").run(until=7)
    assert [(b["advert"], b["application"], b["rule"]) for b in week.table("bids_set_aside")] == [
        ("elm", "ann", "advert_withdrawn"), ("elm", "bob", "advert_withdrawn")]
    assert week.steps() == {("oak", "bob"): "proposed"}


def test_who_withdraws_after_the_close_is_passed_over_and_told() -> None:
    week = Week().households("ann bob").advert("elm").bid("elm", "ann", 4).bid("elm", "bob", 4)
    week.run(until=7)
    assert week.steps() == {("elm", "ann"): "proposed"}
    _withdraws(week, "ann", 8.5, 4).run(until=9)
    assert week.cycle.telling["withdrawn_bids"] == [{"advert": "elm", "application": "ann"}]
    assert week.passed() == [("elm", "ann", "bid_withdrawn")]
    assert week.steps() == {("elm", "ann"): "outranked", ("elm", "bob"): "proposed"}
    assert "withdrawn_bids" not in week.run(until=10).cycle.telling


def test_a_withdrawal_before_the_close_that_is_heard_of_later_is_dealt_with_on_the_first_day() -> None:
    week = Week().households("ann bob").advert("elm", bids="bob").bid("elm", "ann", 4).run(until=7)
    _withdraws(week, "ann", 5, 4).run(until=9)
    assert week.cycle.telling["withdrawn_bids"] == [{"advert": "elm", "application": "ann"}]
    assert [e.on for e in week.events if e.kind == "passed_over"] == [day(8)]
    assert week.steps()["elm", "bob"] == "proposed"


def test_who_has_another_bid_that_stands_keeps_its_place() -> None:
    """The first of two bids was superseded; one that was set aside for a rule stands for nothing."""
    week = Week().households("ann").advert("elm").bid("elm", "ann", 4).bid("elm", "ann", 5)
    week.run(until=7)
    _withdraws(week, "ann", 8, 5).run(until=9)
    assert week.steps() == {("elm", "ann"): "proposed"}
    week = Week("bidding: {window: {label: x, opens: {day: monday, time: '00:00'}, "
                "closes: {day: tuesday, time: '12:00'}}}")
    week.household("ann").advert("elm").bid("elm", "ann", 3.5).bid("elm", "ann", 5).run(until=7)
    assert week.steps() == {("elm", "ann"): "proposed"}
    _withdraws(week, "ann", 8, 3.5).run(until=9)
    assert week.passed() == [("elm", "ann", "bid_withdrawn")]


def test_an_offer_that_waits_for_its_answer_waits_on_and_an_accepted_one_for_a_decision() -> None:
    week = Week().households("ann bob").advert("elm").bid("elm", "ann", 4).bid("elm", "bob", 4)
    week.approve(7, "offer", "elm", "ann").run(until=8)
    _withdraws(week, "ann", 9, 4).run(until=9)
    assert week.cycle.telling["withdrawn_bids"] == [{"advert": "elm", "application": "ann"}]
    assert week.steps() == {("elm", "ann"): "offered"}
    week.outcome(10, "accepted", "elm", "ann").run(until=10)
    assert week.proposed() == [("bypass", "elm", "ann", "bid_withdrawn")]

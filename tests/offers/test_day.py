"""What happens in a day, in its order."""

from __future__ import annotations

import pytest

from cbl_engine.errors import BadInput, TableError
from tests.offers.week import Week, day, moment

TARGETS = """
criteria: {is_local: {label: x, when: local}}
local_lettings_plans:
  new_estate: {label: x, targets: [{label: x, criterion: is_local, share: 0.5}]}
"""


def two_bidders(scheme: str = "", **options) -> Week:
    """One home, two bidders."""
    return Week(scheme, **options).households("ann bob").advert("elm", bids="ann bob")


def test_a_week_from_advert_to_letting() -> None:
    """Opened, closed, proposed, approved, offered, accepted, let."""
    week = two_bidders()
    week.let("elm", "ann").run(until=10)
    assert week.steps() == {("elm", "ann"): "let"}
    assert week.status("elm") == "let"
    (letting,) = week.table("lettings")
    assert (letting["signed_on"], letting["home"], letting["bids"], letting["position"]) == (
        day(9), "home elm", 2, 1,
    )
    assert [k for k in week.kinds() if k not in ("taken_in", "begun", "cycle_begun")] == [
        "advert_opened", "advert_closed", "offer_proposed", "proposed", "decided", "offer_moved",
        "offer_moved", "let_to",
    ]


def test_a_day_without_anything_leaves_no_trace() -> None:
    """Two more weeks of nothing add one cycle and no more."""
    week = two_bidders().run(until=7)
    before = len(week.events)
    week.run(until=21)
    assert [event.kind for event in week.events[before:]] == ["cycle_begun"]


def test_the_first_cycle_begins_on_the_earliest_day_anything_is_dated() -> None:
    """An advert that opened on the 3rd opens on the 3rd, though the cycle is run on the 20th."""
    week = two_bidders().run(until=20)
    on = {event.kind: event.on for event in week.events}
    assert (on["advert_opened"], on["advert_closed"]) == (day(3), day(6))


def test_a_day_that_is_over_cannot_be_run_again() -> None:
    """The record moves forward only."""
    week = two_bidders().run(until=7)
    with pytest.raises(TableError, match="stands at the end of 2024-06-07"):
        week.run(until=7)


def test_an_outcome_may_wait_for_another_of_its_day() -> None:
    """Accepted is written before approved, on the same day: it is found later in the day."""
    week = two_bidders()
    week.outcome(7, "accepted", "elm", "ann").approve(7, "offer", "elm", "ann").run(until=7)
    assert week.steps() == {("elm", "ann"): "accepted"}


def test_outcomes_are_taken_in_order_of_id_not_of_rows() -> None:
    """Two answers on one day: the lower id comes first."""
    week = two_bidders().approve(7, "offer", "elm", "ann").run(until=7)
    week.outcome(8, "withdrew", "elm", "ann", id="z2")
    week.outcome(8, "accepted", "elm", "ann", id="z1").run(until=8)
    assert week.steps()["elm", "ann"] == "withdrew"
    assert week.offer("elm", "ann")["answered_on"] == day(8)


def test_a_deadline_is_over_on_the_day_after_its_last() -> None:
    """Three days from the 7th: the 10th is in time, on the 11th passing over is proposed."""
    week = two_bidders("offers: {answer: {days: 3}}").approve(7, "offer", "elm", "ann")
    week.run(until=10)
    assert week.offer("elm", "ann")["due_on"] == day(10)
    assert week.proposed() == []
    week.run(until=11)
    assert week.proposed() == [("bypass", "elm", "ann", "no_reply")]
    week.run(until=20)
    assert week.proposed() == [("bypass", "elm", "ann", "no_reply")]


def test_an_answer_comes_before_the_deadline_is_looked_at() -> None:
    """Outcomes are the first thing in a day."""
    week = two_bidders("offers: {answer: {days: 3}}").approve(7, "offer", "elm", "ann")
    week.outcome(11, "accepted", "elm", "ann").run(until=12)
    assert week.steps()["elm", "ann"] == "accepted"
    assert week.proposed() == []


def test_an_advert_that_does_not_agree_with_its_home_is_held_back_until_put_right() -> None:
    """It opens on the day the home's record is put right; bids count from its own opening on."""
    week = Week().households("ann")
    week.advert("elm", bids="ann", closes=13.5, bedrooms=3).run(until=4)
    assert week.status("elm") == "held_back"
    week.add("homes", id="home elm", bedrooms=3).run(until=5)
    assert week.status("elm") == "open"
    assert week.kinds().count("advert_held_back") == 1


def test_an_advert_closes_on_its_day_by_londons_clock() -> None:
    """Half past midnight on the 7th in London is the 6th in UTC."""
    week = Week().households("ann").advert("elm", bids="ann", closes=7.0 + 0.5 / 24).run(until=6)
    assert week.status("elm") == "open"
    week.run(until=7)
    assert week.status("elm") == "closed"


def test_the_list_is_as_at_the_close() -> None:
    """A band raised after the close changes no place."""
    week = two_bidders().run(until=6)
    week.add("applications", id="bob", status="active", band="A", registered_on=day(1),
             priority_date=day(1))
    week.approve(7, "offer", "elm", "ann").run(until=7)
    assert week.steps() == {("elm", "ann"): "offered"}


def test_an_advert_without_bids_and_one_without_an_eligible_bidder() -> None:
    """Each ends with its own reason."""
    week = Week("criteria: {is_local: {label: x, when: local}}\neligible: [is_local]")
    week.household("ann", local=False).advert("elm").advert("oak", bids="ann").run(until=6)
    assert {a["advert"]: (a["status"], a["unlet_because"]) for a in week.table("advert_states")} == {
        "elm": ("unlet", "no_bids"), "oak": ("unlet", "no_eligible"),
    }


def test_an_advert_put_right_voids_the_bids_placed_before_and_their_bidders_are_told() -> None:
    """A new bid counts."""
    week = two_bidders()
    week.add("adverts", id="fir", status="open", home="home fir", opens_at=moment(3),
             closes_at=moment(6.5), corrected_at=moment(5.25)).add("homes", id="home fir")
    week.bid("fir", "ann", 4).bid("fir", "bob", 4.5).bid("fir", "bob", 5.5).run(until=6)
    assert week.cycle.telling["void_bids"] == [
        {"advert": "fir", "application": "ann"}, {"advert": "fir", "application": "bob"},
    ]
    assert [(b["application"], b["rule"]) for b in week.table("bids_set_aside")
            if b["advert"] == "fir"] == [("ann", "void"), ("bob", "void")]
    assert next(a["bids"] for a in week.table("advert_states") if a["advert"] == "fir") == 1


def test_an_outcome_puts_an_advert_right_for_the_whole_day() -> None:
    """Without a moment of its own, every bid up to the end of that day is void."""
    week = two_bidders().outcome(4, "advert_corrected", "elm").bid("elm", "bob", 5).run(until=6)
    rules = [(b["application"], b["rule"]) for b in week.table("bids_set_aside")]
    assert rules == [("ann", "void"), ("bob", "void")]
    assert week.steps() == {("elm", "bob"): "proposed"}


def test_a_withdrawn_advert_ends_its_offers() -> None:
    """And nobody else is asked."""
    week = two_bidders().approve(7, "offer", "elm", "ann").outcome(8, "advert_withdrawn", "elm")
    week.run(until=9)
    assert week.steps() == {("elm", "ann"): "advert_withdrawn"}
    assert week.status("elm") == "withdrawn"


def test_an_advert_whose_own_row_says_withdrawn_is_withdrawn() -> None:
    """As by an outcome."""
    week = two_bidders().run(until=7)
    week.add("adverts", id="elm", status="withdrawn", home="home elm", opens_at=moment(3),
             closes_at=moment(6.5)).run(until=8)
    assert week.status("elm") == "withdrawn"
    assert week.steps() == {("elm", "ann"): "advert_withdrawn"}


def test_a_group_of_homes_lets_each_of_them_down_one_list() -> None:
    """Homes by id; who is beyond them waits."""
    week = Week().households("ann bob cat")
    for home in ("h2", "h1"):
        week.add("homes", id=home, home_group="court", bedrooms=2)
    week.advert("elm", bids="ann bob cat", home_group="court")
    week.let("elm", "ann").approve(7, "offer", "elm", "bob").run(until=9)
    assert {o["application"]: (o["home"], o["step"]) for o in week.table("offers")} == {
        "ann": ("h1", "let"), "bob": ("h2", "offered"),
    }
    assert week.status("elm") == "closed"


def test_an_officer_may_name_another_home_of_the_group() -> None:
    """The other household has the home left."""
    week = Week().households("ann bob")
    for home in ("h1", "h2"):
        week.add("homes", id=home, home_group="court")
    week.advert("elm", bids="ann bob", home_group="court")
    week.approve(7, "offer", "elm", "ann", home="h2").run(until=7)
    assert {o["application"]: o["home"] for o in week.table("offers")} == {"ann": "h2", "bob": "h1"}


def test_a_target_that_is_behind_reserves_the_home_and_others_wait() -> None:
    """The first home goes past whoever is not local; the second is anyone's."""
    week = Week(TARGETS).household("ann", local=False).household("bob", local=True)
    week.household("cat", local=True)
    week.advert("elm", bids="ann bob cat", local_lettings_plan="new_estate")
    week.let("elm", "bob").run(until=9)
    assert week.steps() == {("elm", "bob"): "let"}
    assert [(c["quota"], c["whole"], c["part"]) for c in week.table("ledger")] == [
        ("new_estate: is_local", 1, 1)
    ]
    week.advert("oak", bids="ann cat", opens=10, closes=13.5, local_lettings_plan="new_estate")
    week.run(until=14)
    assert week.steps()["oak", "ann"] == "proposed"


def test_whoever_waits_for_a_target_is_asked_when_nobody_who_meets_it_is_left() -> None:
    """The local household refuses; then the other is next."""
    week = Week(TARGETS + "offers: {passing_over: {}}")
    week.household("ann", local=False).household("bob", local=True)
    week.advert("elm", bids="ann bob", local_lettings_plan="new_estate")
    week.approve(7, "offer", "elm", "bob").outcome(8, "withdrew", "elm", "bob").run(until=8)
    assert week.steps() == {("elm", "bob"): "withdrew", ("elm", "ann"): "proposed"}


def test_a_quota_chooses_the_profile_of_an_advert_without_one() -> None:
    """The advert is ranked under what the quota chose."""
    week = Week("""
profiles:
  need: {label: x, order: [{band: [A, B, C]}, {date: priority_date}]}
  waiting: {label: x, order: [{date: priority_date}]}
default_profile: need
advertising: {quotas: {waiters: {label: Waiting, on: adverts, share: 1, profile: waiting}}}
""")
    week.household("ann", band="C").household("bob", band="A").advert("elm", bids="ann bob")
    week.run(until=6)
    assert week.steps() == {("elm", "ann"): "proposed"}
    (advert,) = week.table("advert_states")
    assert (advert["profile"], advert["quota"]) == ("waiting", "waiters")


def test_bad_input_stops_before_anything_is_written() -> None:
    """A bid for an advert that is not there."""
    week = two_bidders().bid("nowhere", "ann")
    with pytest.raises(BadInput):
        week.run(until=7)
    assert week.record.events == 0


def test_rungs_of_the_ladder_are_proposed_in_turn_along_the_chain() -> None:
    """First again, then wider; an officer writes the new advert."""
    week = Week("advertising: {ladder: [{label: x, step: readvertise}, {label: x, step: direct_let}]}").households("ann")
    week.advert("elm").run(until=6)
    assert week.proposed() == [("rung", "elm", None, "readvertise")]
    week.approve(7, "rung", "elm")
    week.advert("elm2", home="home elm", readvert_of="elm", opens=8, closes=13.5).run(until=14)
    assert week.proposed() == [("rung", "elm2", None, "direct_let")]
    assert {a["advert"]: a["rung"] for a in week.table("advert_states")} == {"elm": 1, "elm2": 0}


def test_a_rung_that_is_declined_is_not_proposed_again() -> None:
    """The home stays where it is."""
    week = Week("advertising: {ladder: [{label: x, step: readvertise}]}").advert("elm")
    week.decline(7, "rung", "elm").run(until=9)
    assert week.proposed() == []
    assert week.status("elm") == "unlet"


def test_a_bid_that_comes_when_the_list_is_made_is_set_aside_and_told() -> None:
    """Placed in time, and handed in a day after the close; one withdrawn since is no late bid."""
    week = two_bidders().household("cat").run(until=7)
    week.bid("elm", "cat", 5)
    week.bid("elm", "ann", 3.5, withdrawn_at=moment(7.5)).run(until=8)
    assert [(b["application"], b["rule"]) for b in week.table("bids_set_aside")] == [
        ("cat", "closed")
    ]
    assert week.cycle.telling == {
        "late_bids": [{"advert": "elm", "application": "cat"}],
        "withdrawn_bids": [{"advert": "elm", "application": "ann"}],
    }
    assert week.steps() == {("elm", "ann"): "outranked", ("elm", "bob"): "proposed"}


def test_an_advert_that_comes_late_closes_on_the_first_day() -> None:
    """Its moment lies in a day that is over."""
    week = two_bidders().run(until=7)
    week.advert("oak", bids="bob").run(until=8)
    assert {a["advert"]: a["closed_on"] for a in week.table("advert_states")} == {
        "elm": day(6), "oak": day(8),
    }


def test_a_direct_let_that_comes_late_is_proposed_on_the_first_day() -> None:
    """Asked for in a week that is over."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}").household("ann")
    week.advert("elm").run(until=7)
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h",
                                  kind="decant", on=day(4)).run(until=9)
    (proposal,) = week.table("proposals")
    assert (proposal["act"], proposal["on"]) == ("direct_let", day(8))


def test_a_whole_table_takes_the_place_of_what_stood() -> None:
    """A household that left the register is in it no more; otherwise only news are taken in."""
    week = two_bidders().household("cat").run(until=5)
    week.households("ann bob").run(until=6, whole=("applications",))
    assert week.record.tables["applications"]["id"].to_list() == ["ann", "bob"]
    taken = [e for e in week.cycle.events if e.kind == "taken_in" and e.table == "applications"]
    assert [(e.rows, e.whole) for e in taken] == [(2, True)]


@pytest.mark.parametrize("order", ["close", "offer"])
def test_a_household_that_left_the_register_after_the_close_is_passed_over(order: str) -> None:
    """It has no row any more; the next is asked."""
    week = Week(f"""
criteria: {{in_band_a: {{label: x, when: "band = 'A'"}}}}
checks: {{suitable: {{label: x}}}}
offers: {{order: {order}, final: {{label: x, when: in_band_a, duties: [main],
                                  suitability: suitable, warning: suitable}}}}
""")
    week.households("ann bob cat").check("ann", "suitable").check("cat", "suitable", id="c")
    week.advert("elm", bids="ann bob cat").run(until=6)
    week.households("ann cat").approve(7, "offer", "elm", "ann").outcome(8, "withdrew", "elm", "ann")
    week.run(until=8, whole=("applications",))
    assert week.steps()["elm", "cat"] == "proposed"
    assert ("elm", "bob", "not_active") in week.passed() or order == "offer"


def test_what_is_given_twice_is_taken_in_once() -> None:
    """The same folder, a week later: nothing is news, and outcomes do not happen again."""
    week = two_bidders().approve(7, "offer", "elm", "ann")
    rows = dict(week._new)
    week.run(until=7)
    week._new.update(rows)
    week.run(until=8)
    assert [e.kind for e in week.cycle.events] == ["cycle_begun"]

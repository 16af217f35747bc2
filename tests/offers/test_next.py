"""Who is next for a home to let."""

from __future__ import annotations

import pytest

from tests.offers.week import Week, day

PASSING = "offers: {passing_over: {unsafe: Not safe there}}"
ADULTS = """
facts: {grown_up: {label: x, any_member: age >= 18}}
criteria: {has_adult: {label: x, when: grown_up}}
eligible: [has_adult]
offers: {judged_at: {has_adult: offered}}
"""
STAGES = """
criteria: {is_local: {label: x, when: local}, is_not_local: {label: x, when: not local}}
profiles:
  only:
    label: x
    stages:
      - {eligible: [is_local], order: [{date: priority_date}], next_stage_when: WHEN}
      - {eligible: [is_not_local], order: [{date: priority_date}]}
"""
TIES = "profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}"
CHECKED = "checks: {verified: {label: x, MORE}}"


def test_the_first_on_the_list_is_next_then_the_next() -> None:
    """Down the list as each ends."""
    week = Week(PASSING).households("ann bob cat").advert("elm", bids="ann bob cat")
    week.decline(7, "offer", "elm", "ann", reason="unsafe").run(until=7)
    assert week.steps() == {("elm", "ann"): "declined", ("elm", "bob"): "proposed"}
    week.approve(8, "offer", "elm", "bob").outcome(9, "withdrew", "elm", "bob").run(until=9)
    assert week.steps()["elm", "cat"] == "proposed"


def test_a_list_is_exhausted_when_everyone_is_passed_over_or_refused() -> None:
    """Then the home was not let."""
    week = Week().households("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "withdrew", "elm", "ann").run(until=8)
    (advert,) = week.table("advert_states")
    assert (advert["status"], advert["unlet_because"]) == ("unlet", "exhausted")


def test_a_household_that_is_not_active_is_passed_over_for_as_long_as_that_lasts() -> None:
    """Active again before the home was offered further: it is back on the list."""
    week = Week(PASSING).households("ann bob cat").advert("elm", bids="ann bob cat").run(until=6)
    week.add("applications", id="bob", status="suspended", band="B")
    assert week.steps() == {("elm", "ann"): "proposed"}
    week.decline(7, "offer", "elm", "ann", reason="unsafe").run(until=7)
    assert ("elm", "bob") not in week.steps()
    assert ("elm", "bob", "not_active") in week.passed()
    week.add("applications", id="bob", status="active", band="B").run(until=8)
    assert ("elm", "bob", "not_active") not in week.passed()
    week.decline(9, "offer", "elm", "cat", reason="unsafe").run(until=9)
    assert week.steps()["elm", "bob"] == "proposed"


@pytest.mark.parametrize(("when", "asked_last"), [("no_letting", True), ("no_eligible", False)])
def test_a_household_of_a_later_stage_than_was_known_waits_for_those_before(when: str, asked_last: bool) -> None:
    """Held among local people, and known since not to be one: those who are come first, and cat before dan."""
    hold = STAGES.replace("when: local}", "when: local, when_unknown: hold}", 1)
    hold = hold.replace("WHEN", when).replace("eligible: [is_not_local], ", "")
    week = Week(hold).household("ann", local=None).household("bob", local=True)
    week.household("cat", local=None).household("dan", local=False)
    week.advert("elm", bids="ann bob cat dan").run(until=7)
    assert (week.held(), week.steps()) == ([("elm", "ann", "is_local")], {})
    week.household("ann", local=False).household("cat", local=False).run(until=8)
    assert week.steps() == {("elm", "bob"): "proposed"}
    assert week.passed() == [("elm", "ann", "is_local")]
    week.approve(9, "offer", "elm", "bob").outcome(10, "withdrew", "elm", "bob").run(until=10)
    assert (("elm", "ann") in week.steps()) is asked_last
    assert (week.status("elm") == "unlet") is not asked_last


def test_a_household_under_offer_elsewhere_is_passed_over_until_that_ends() -> None:
    """It is back for homes not yet offered, and this one is offered to another already."""
    week = Week().households("ann bob").advert("elm", bids="ann").advert("oak", bids="ann bob")
    week.run(until=7)
    assert week.passed() == [("oak", "ann", "under_offer")]
    week.approve(8, "offer", "elm", "ann").outcome(9, "withdrew", "elm", "ann").run(until=9)
    assert week.passed() == []
    assert week.steps() == {
        ("elm", "ann"): "withdrew", ("oak", "bob"): "proposed",
    }


def test_without_one_at_a_time_a_household_may_be_offered_several() -> None:
    """Each list goes to its first."""
    week = Week("offers: {one_at_a_time: false}").households("ann bob")
    week.advert("elm", bids="ann").advert("oak", bids="ann bob").run(until=7)
    assert week.steps() == {("elm", "ann"): "proposed", ("oak", "ann"): "proposed"}


def test_a_criterion_judged_again_that_is_not_met_passes_over() -> None:
    """Met at the close, not met when the home is to be offered, a day later."""
    week = Week("""
criteria: {is_local: {label: x, when: local}}
eligible: [is_local]
offers: {judged_at: {is_local: offered}, passing_over: {other: Other}}
""")
    week.household("ann", local=True).household("bob", local=True).household("cat", local=True)
    week.advert("elm", bids="ann bob cat").run(until=6)
    week.add("applications", id="bob", status="active", local=False, band="B")
    week.decline(7, "offer", "elm", "ann", reason="other").run(until=7)
    assert week.steps()["elm", "cat"] == "proposed"
    (passed,) = [p for p in week.table("passed_over") if p["application"] == "bob"]
    assert (passed["reason"], passed["kind"], passed["by"]) == ("is_local", "criterion", None)
    assert not any(act == "bypass" for act, *_ in week.proposed())


def test_a_criterion_not_judged_again_is_as_at_the_close() -> None:
    """Nothing that changed since the close matters."""
    week = Week("criteria: {is_local: {label: x, when: local}}\neligible: [is_local]" + "\n"
                + PASSING)
    week.household("ann", local=True).household("bob", local=True)
    week.advert("elm", bids="ann bob").run(until=6)
    week.add("applications", id="bob", status="active", local=False, band="B")
    week.decline(7, "offer", "elm", "ann", reason="unsafe").run(until=7)
    assert week.steps()["elm", "bob"] == "proposed"


def test_a_home_waits_for_a_fact_that_the_list_holds_for() -> None:
    """Nobody else is asked; once it is known, the household goes on or is passed over."""
    week = Week("criteria: {is_local: {label: x, when: local, when_unknown: hold}}\n"
                "eligible: [is_local]")
    week.household("ann").household("bob", local=True).advert("elm", bids="ann bob").run(until=8)
    assert (week.held(), week.steps()) == ([("elm", "ann", "is_local")], {})
    other = Week("criteria: {is_local: {label: x, when: local, when_unknown: hold}}\n"
                 "eligible: [is_local]")
    other.household("ann").household("bob", local=True).advert("elm", bids="ann bob").run(until=8)
    week.add("applications", id="ann", status="active", local=True, band="B").run(until=9)
    assert (week.held(), week.steps()) == ([], {("elm", "ann"): "proposed"})
    other.add("applications", id="ann", status="active", local=False, band="B").run(until=9)
    assert other.held() == []
    assert other.steps() == {("elm", "bob"): "proposed"}
    assert other.passed() == [("elm", "ann", "is_local")]


def test_a_home_waits_for_a_key_that_holds() -> None:
    """A date that ranks, not known."""
    week = Week("profiles: {only: {label: x, order: [{date: priority_date, when_unknown: hold}]}}")
    week.household("ann", priority_date=None).advert("elm", bids="ann").run(until=7)
    assert week.held() == [("elm", "ann", "date: priority_date")]
    week.add("applications", id="ann", status="active", priority_date=day(1)).run(until=8)
    assert week.steps() == {("elm", "ann"): "proposed"}


@pytest.mark.parametrize("when", ["no_eligible", "no_letting"])
def test_the_next_stage_is_asked_as_the_scheme_says(when: str) -> None:
    """After the only one of the first stage withdrew."""
    week = Week(STAGES.replace("WHEN", when))
    week.household("ann", local=True).household("bob", local=False)
    week.advert("elm", bids="ann bob").approve(7, "offer", "elm", "ann")
    week.outcome(8, "withdrew", "elm", "ann").run(until=8)
    asked = ("elm", "bob") in week.steps()
    assert asked is (when == "no_letting")
    assert week.status("elm") == ("closed" if asked else "unlet")


def test_the_next_stage_is_asked_when_nobody_in_the_first_was_eligible() -> None:
    """By either rule."""
    week = Week(STAGES.replace("WHEN", "no_eligible")).household("bob", local=False)
    week.advert("elm", bids="bob").run(until=7)
    assert week.steps() == {("elm", "bob"): "proposed"}


def test_a_stage_waits_while_the_one_before_can_fill_every_home() -> None:
    """Three may view one home, and only one stands in the first stage: the second waits."""
    week = Week(STAGES.replace("WHEN", "no_letting") + "offers: {viewing: {label: x, together: 3}}")
    week.household("ann", local=True).household("bob", local=False)
    week.advert("elm", bids="ann bob").run(until=8)
    assert week.steps() == {("elm", "ann"): "proposed"}


def test_equals_wait_for_an_officer_who_names_one() -> None:
    """Nobody is taken by id; whoever is named is proposed, and the others stay."""
    week = Week(TIES).households("ann bob cat").advert("elm", bids="bob ann cat").run(until=7)
    assert week.steps() == {}
    assert week.proposed() == [("tie", "elm", None, "ann, bob, cat")]
    week.outcome(8, "chosen", "elm", "cat", by="Olu").run(until=8)
    assert week.steps() == {("elm", "cat"): "proposed"}
    week.approve(9, "offer", "elm", "cat").outcome(9, "withdrew", "elm", "cat").run(until=9)
    assert week.proposed() == [("tie", "elm", None, "ann, bob")]


def test_equals_are_no_tie_when_there_are_homes_for_all() -> None:
    """Two homes, two equals."""
    week = Week(TIES).households("ann bob")
    for home in ("h1", "h2"):
        week.add("homes", id=home, home_group="court")
    week.advert("elm", bids="ann bob", home_group="court").run(until=7)
    assert sorted(week.steps()) == [("elm", "ann"), ("elm", "bob")]
    assert not any(act == "tie" for act, *_ in week.proposed())


def test_a_group_that_another_key_orders_is_no_tie() -> None:
    """A lottery leaves no equals."""
    week = Week("profiles: {only: {label: x, order: [{band: [A, B, C]}, {lottery: advert}]}}")
    week.households("ann bob cat").advert("elm", bids="ann bob cat").run(until=7)
    assert list(week.steps().values()) == ["proposed"]


def test_an_equal_that_gets_another_home_leaves_no_tie() -> None:
    """One of two equals is next for a home of its own."""
    week = Week(TIES).households("ann bob")
    week.advert("elm", bids="ann bob").advert("oak", bids="ann").run(until=7)
    assert week.steps() == {("oak", "ann"): "proposed", ("elm", "bob"): "proposed"}
    assert week.table("passed_over")[0]["reason"] == "under_offer"


WANTED = [("household", "oak"), ("homes", "oak"), ("advert", "elm")]


@pytest.mark.parametrize(("by_whom", "home"), WANTED)
def test_a_household_next_for_several_homes_gets_one(by_whom: str, home: str) -> None:
    """Ann stands first on both, and would rather have oak."""
    week = Week(f"offers: {{choosing: {{by_whom: {by_whom}}}}}").households("ann bob")
    week.advert("elm", bids="ann bob").advert("oak", bids="ann bob")
    week.add("preferences", application="ann", advert="oak", rank=1).run(until=6)
    other = "elm" if home == "oak" else "oak"
    assert week.steps() == {(home, "ann"): "proposed", (other, "bob"): "proposed"}


def test_without_preferences_a_household_wants_what_it_bid_for_first() -> None:
    """Oak was bid for before elm."""
    week = Week("offers: {choosing: {by_whom: household}}").household("ann")
    week.advert("elm").advert("oak").bid("oak", "ann", 4).bid("elm", "ann", 5).run(until=6)
    assert week.steps() == {("oak", "ann"): "proposed"}


@pytest.mark.parametrize(("by", "home"), [("largest", "oak"), ("fewest_bids", "elm")])
def test_the_council_takes_homes_in_its_own_order(by: str, home: str) -> None:
    """The largest first; the one with fewest bids first."""
    week = Week(f"offers: {{choosing: {{by_whom: council, by: [{by}]}}}}").households("ann bob")
    week.advert("elm", bids="ann").add("homes", id="big", bedrooms=4)
    week.advert("oak", bids="ann bob", home="big").run(until=6)
    assert week.steps()[home, "ann"] == "proposed"


def test_an_open_offer_is_not_taken_back_for_a_better_one() -> None:
    """Oak closes a week later; ann has an offer of elm."""
    week = Week("offers: {choosing: {by_whom: household}}").households("ann bob")
    week.advert("elm", bids="ann").advert("oak", bids="ann bob", opens=7, closes=13.5)
    week.add("preferences", application="ann", advert="oak", rank=1).run(until=14)
    assert week.steps() == {("elm", "ann"): "proposed", ("oak", "bob"): "proposed"}


@pytest.mark.parametrize(("order", "second"), [("close", "bob"), ("offer", "cat")])
def test_the_order_is_as_at_the_close_or_as_at_the_day(order: str, second: str) -> None:
    """Cat is put in band A after the close; ann's offer ends the day after."""
    week = Week(f"offers: {{order: {order}, passing_over: {{other: Other}}}}")
    week.households("ann bob cat").advert("elm", bids="ann bob cat").run(until=6)
    week.add("applications", id="cat", status="active", band="A", priority_date=day(3))
    week.decline(7, "offer", "elm", "ann", reason="other").run(until=7)
    assert week.steps() == {("elm", "ann"): "declined", ("elm", second): "proposed"}


def test_outranked_only_those_to_whom_nothing_was_offered() -> None:
    """A new band does not take an open offer from anybody."""
    week = Week("offers: {order: offer}").households("ann bob").advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "ann").run(until=7)
    week.add("applications", id="bob", status="active", band="A", priority_date=day(3))
    week.run(until=8)
    assert week.steps() == {("elm", "ann"): "offered"}


def test_ranked_on_the_day_a_proposal_that_nobody_approved_gives_way() -> None:
    """Bob leads by the day of the decision; under the order of the close ann stays next."""
    for order, second in (("close", {}), ("offer", {("elm", "bob"): "proposed"})):
        week = Week(f"offers: {{order: {order}}}").households("ann bob")
        week.advert("elm", bids="ann bob").run(until=6)
        week.add("applications", id="bob", status="active", band="A", priority_date=day(3))
        week.run(until=7)
        first = "outranked" if second else "proposed"
        assert week.steps() == {("elm", "ann"): first, **second}


def test_an_approval_of_the_day_on_which_another_leads_clashes() -> None:
    """Bob's own approval of that day holds; to decline ann's needs no place."""
    week = Week("offers: {order: offer}").households("ann bob").advert("elm", bids="ann bob")
    week.run(until=6)
    week.add("applications", id="bob", status="active", band="A", priority_date=day(3))
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.run(until=7, keep_going=True)
    (left,) = week.cycle.quarantined
    assert left["clash"] == "after_the_end"
    assert "another household that may be asked stood above by then" in left["why"]
    assert week.steps() == {("elm", "ann"): "outranked", ("elm", "bob"): "offered"}


def test_who_gave_way_is_asked_again_when_its_turn_comes() -> None:
    """Bob leads and withdraws: ann is next again, by a proposal of her own."""
    week = Week("offers: {order: offer}").households("ann bob").advert("elm", bids="ann bob")
    week.run(until=6)
    week.add("applications", id="bob", status="active", band="A", priority_date=day(3)).run(until=7)
    week.outcome(8, "withdrew", "elm", "bob").run(until=8)
    assert week.steps() == {("elm", "ann"): "proposed", ("elm", "bob"): "withdrew"}
    assert week.offer("elm", "ann")["id"] == "elm/ann/2"


def test_a_proposal_gives_way_to_one_who_is_held_and_to_nobody_who_is_passed_over() -> None:
    """Bob leads without his check: the home waits for it. Were he suspended, ann would stay next."""
    for status, ann in (("active", "outranked"), ("suspended", "proposed")):
        week = Week("checks: {verified: {label: x, hold: {days: 3}}}\noffers: {order: offer}")
        week.households("ann bob").check("ann", "verified").advert("elm", bids="ann bob").run(until=6)
        week.add("applications", id="bob", status=status, band="A", priority_date=day(3))
        week.run(until=7)
        assert week.steps() == {("elm", "ann"): ann}
        assert week.held() == ([("elm", "bob", "verified")] if status == "active" else [])


def test_of_several_homes_the_proposal_placed_lowest_gives_way() -> None:
    """Two homes, three bidders: who comes to the head takes the place of the lower one alone."""
    week = Week("offers: {order: offer}").households("ann bob cat")
    week.add("homes", id="h1", bedrooms=2, home_group="g").add("homes", id="h2", bedrooms=2, home_group="g")
    week.advert("elm", bids="ann bob cat", home_group="g").run(until=6)
    assert week.steps() == {("elm", "ann"): "proposed", ("elm", "bob"): "proposed"}
    week.add("applications", id="cat", status="active", band="A", priority_date=day(3)).run(until=7)
    assert week.steps() == {
        ("elm", "ann"): "proposed", ("elm", "bob"): "outranked", ("elm", "cat"): "proposed"}


def test_a_proposal_whose_household_has_no_place_any_more_gives_way() -> None:
    """Ann is not eligible on the day; bob is next."""
    week = Week("criteria: {here: {label: x, when: local}}\neligible: [here]\noffers: {order: offer}")
    week.households("ann bob", local=True).advert("elm", bids="ann bob").run(until=6)
    week.add("applications", id="ann", status="active", band="B", local=False).run(until=7)
    assert week.steps() == {("elm", "ann"): "outranked", ("elm", "bob"): "proposed"}


def test_a_failed_check_is_proposed_as_passing_over_with_its_result() -> None:
    """The home waits until an officer decides; then the next is asked."""
    week = Week(CHECKED.replace("MORE", "before: offered")).households("ann bob")
    week.check("ann", "verified", "refused", id="r1").check("bob", "verified")
    week.advert("elm", bids="ann bob").run(until=8)
    assert (week.steps(), week.proposed()) == ({}, [("bypass", "elm", "ann", "verified")])
    week.approve(9, "bypass", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "bob"): "proposed"}
    (passed,) = week.table("passed_over")
    assert (passed["kind"], passed["reason"], passed["evidence"], passed["by"]) == (
        "check", "verified", "r1", "Olu",
    )


def passed_over_wrongly() -> Week:
    """Ann passed over on r1; bob is next, and nobody approved that yet."""
    week = Week(CHECKED.replace("MORE", "before: offered")).households("ann bob")
    week.check("ann", "verified", "refused", id="r1").check("bob", "verified")
    week.advert("elm", bids="ann bob").run(until=6)
    week.approve(7, "bypass", "elm", "ann").run(until=7)
    assert week.steps() == {("elm", "bob"): "proposed"}
    return week


def test_a_passing_over_that_was_wrong_is_undone_while_the_home_is_not_let() -> None:
    """The result is put right: ann is next, and the proposal below her gives way."""
    week = passed_over_wrongly().check("ann", "verified", id="r1")
    week.outcome(8, "undone", "elm", "ann", act="bypass", by="Mo").run(until=8)
    assert week.steps() == {("elm", "bob"): "outranked", ("elm", "ann"): "proposed"}
    (passed,) = week.table("passed_over")
    assert (passed["until"], week.passed()) == (day(8), [])
    (back,) = [e for e in week.events if e.kind == "passing_over_ended"]
    assert (back.by, back.outcome) == ("Mo", "o002")


def test_undone_though_the_result_still_stands_it_is_decided_again() -> None:
    """Nothing was put right: passing over is proposed anew."""
    week = passed_over_wrongly()
    week.outcome(8, "undone", "elm", "ann", act="bypass", by="Mo").run(until=8)
    assert week.proposed() == [("bypass", "elm", "ann", "verified")]


def test_an_offer_that_was_approved_goes_on_when_a_passing_over_is_undone() -> None:
    """Bob has the offer; when he refuses, ann is next."""
    week = passed_over_wrongly().check("ann", "verified", id="r1")
    week.approve(8, "offer", "elm", "bob")
    week.outcome(9, "undone", "elm", "ann", act="bypass", by="Mo").run(until=9)
    assert week.steps() == {("elm", "bob"): "offered"}
    week.outcome(10, "offer_withdrawn", "elm", "bob").run(until=10)
    assert week.steps()["elm", "ann"] == "proposed"


def test_an_offer_that_was_declined_is_undone_as_well() -> None:
    """The officer's own passing over, with the offer it ended."""
    week = Week(PASSING).households("ann bob").advert("elm", bids="ann bob")
    week.decline(7, "offer", "elm", "ann", reason="unsafe").run(until=7)
    week.outcome(8, "undone", "elm", "ann", act="bypass", by="Mo").run(until=8)
    assert week.steps() == {("elm", "ann"): "proposed", ("elm", "bob"): "outranked"}


@pytest.mark.parametrize(("then", "clash"), [("nobody", "no_officer"), ("let", "home_let"),
                                             ("not passed over", "no_such_proposal")])
def test_what_cannot_be_undone_clashes(then: str, clash: str) -> None:
    """Without an officer, once the home is let, or where nothing was decided."""
    week = passed_over_wrongly()
    if then == "let":
        week.let("elm", "bob", on=8)
    by = {} if then == "nobody" else {"by": "Mo"}
    household = "bob" if then == "not passed over" else "ann"
    week.outcome(11, "undone", "elm", household, act="bypass", **by).run(until=11, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == [clash]


def test_a_missing_check_holds_the_home_until_its_deadline() -> None:
    """Two days; then passing over is proposed, and nobody else was asked meanwhile."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 2}")).households("ann bob")
    week.check("bob", "verified").advert("elm", bids="ann bob").run(until=8)
    assert (week.steps(), week.held()) == ({}, [("elm", "ann", "verified")])
    assert week.table("holds")[0]["until"] == day(8)
    week.run(until=9)
    assert (week.held(), week.proposed()) == ([], [("bypass", "elm", "ann", "verified")])
    week.check("ann", "verified", since=10, id="late").run(until=10)
    assert week.steps() == {("elm", "ann"): "proposed"}
    assert week.proposed("lapsed") == [("bypass", "elm", "ann", "verified")]


def test_a_missing_check_without_a_deadline_waits_on() -> None:
    """Until the result comes."""
    week = Week(CHECKED.replace("MORE", "before: offered")).households("ann bob")
    week.advert("elm", bids="ann bob").run(until=25)
    assert (week.held(), week.proposed()) == ([("elm", "ann", "verified")], [])


def test_a_missing_check_is_proposed_as_passing_over_where_the_scheme_says() -> None:
    """At once."""
    week = Week(CHECKED.replace("MORE", "missing: bypass")).households("ann bob")
    week.check("bob", "verified").advert("elm", bids="ann bob").run(until=6)
    assert week.proposed() == [("bypass", "elm", "ann", "verified")]


def test_a_household_referred_is_held_until_another_result() -> None:
    """Cleared two days later."""
    week = Week(CHECKED.replace("MORE", "before: offered")).household("ann")
    week.check("ann", "verified", "refer", id="a").advert("elm", bids="ann").run(until=7)
    assert week.held() == [("elm", "ann", "verified")]
    week.check("ann", "verified", since=8, id="b").run(until=8)
    assert week.steps() == {("elm", "ann"): "proposed"}


def test_passing_over_that_is_declined_holds_the_home() -> None:
    """And is not proposed again for the same result."""
    week = Week(CHECKED.replace("MORE", "before: offered")).households("ann bob")
    week.check("ann", "verified", "refused", id="a").check("bob", "verified")
    week.advert("elm", bids="ann bob").decline(7, "bypass", "elm", "ann").run(until=12)
    assert (week.steps(), week.held(), week.proposed()) == ({}, [("elm", "ann", "verified")], [])


def test_a_household_first_on_an_earlier_list_may_be_kept_from_others() -> None:
    """`first`: while elm is not settled it is offered nothing else, whatever it stands on there."""
    week = Week("""
bidding: {frozen: {leads: {label: x, while: first, may_not: be_listed}}}
offers: {one_at_a_time: false}
checks: {verified: {label: x}}
""")
    week.households("ann bob").check("bob", "verified").advert("elm", bids="ann")
    week.advert("oak", bids="ann bob", closes=13.5).run(until=14)
    assert week.held() == [("elm", "ann", "verified")]
    assert week.steps() == {("oak", "bob"): "proposed"}
    assert week.passed() == [("oak", "ann", "under_offer")]


def test_a_list_declared_exhausted_comes_back_with_whom_it_had_passed_over() -> None:
    """Until another step was decided for the home, whoever is free again is asked."""
    week = Week("advertising: {ladder: [{label: x, step: readvertise}]}").household("ann")
    week.advert("elm", bids="ann").advert("oak", bids="ann").run(until=6)
    assert (week.steps(), week.status("oak")) == ({("elm", "ann"): "proposed"}, "unlet")
    week.approve(7, "offer", "elm", "ann").outcome(8, "withdrew", "elm", "ann").run(until=8)
    assert week.steps()["oak", "ann"] == "proposed"
    assert week.status("oak") == "closed"
    assert ("rung", "oak", None, "readvertise") in week.proposed("lapsed")


def test_the_same_whatever_the_order_of_rows() -> None:
    """Every table upside down."""
    def built() -> Week:
        week = Week(TIES).households("ann bob cat dan")
        week.advert("elm", bids="ann bob").advert("oak", bids="cat").advert("fir", bids="dan cat")
        return week.outcome(7, "chosen", "elm", "bob", by="Olu").approve(7, "offer", "oak", "cat")

    one, other = built(), built()
    for rows in other._new.values():
        rows.reverse()
    one.run(until=9)
    other.run(until=9)
    assert one.events == other.events
    for name, frame in one.record.tables.items():
        assert frame.equals(other.record.tables[name]), name


def test_who_stands_below_the_last_one_asked_is_not_passed_over() -> None:
    """Bob is suspended and cat too: only bob stands above somebody who was asked."""
    week = Week(PASSING).households("ann bob cat dan eve").advert("elm", bids="ann bob cat dan eve")
    week.run(until=6)
    for name, status in (("bob", "suspended"), ("dan", "suspended")):
        week.add("applications", id=name, status=status, band="B", priority_date=day(1))
    week.run(until=7)
    assert week.passed() == []
    week.decline(8, "offer", "elm", "ann", reason="unsafe").run(until=8)
    assert week.steps()["elm", "cat"] == "proposed"
    assert week.passed() == [("elm", "ann", "unsafe"), ("elm", "bob", "not_active")]


def test_an_equal_who_is_no_longer_active_leaves_the_tie() -> None:
    """Three equals, one suspended after the close: the tie is of two; then there is none."""
    week = Week(TIES).households("ann bob cat").advert("elm", bids="ann bob cat").run(until=6)
    week.add("applications", id="bob", status="suspended", band="B").run(until=7)
    assert week.proposed() == [("tie", "elm", None, "ann, cat")]
    week.add("applications", id="ann", status="suspended", band="B").run(until=8)
    assert week.steps() == {("elm", "cat"): "proposed"}
    assert week.proposed() == [("offer", "elm", "cat", None)]

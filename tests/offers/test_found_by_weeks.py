"""What random weeks found (``tests/offers/weeks``): a case for each fault that was put right."""

from __future__ import annotations

from datetime import date

from cbl_engine.offers.deadlines import last_day
from cbl_engine.scheme.offers import Within
from tests.offers.week import Week, day

TIED = "profiles: {only: {label: x, order: [{tie: human}]}}\n"
LOCAL = "criteria: {is_local: {label: x, when: local, when_unknown: hold}}\n"


def test_one_of_equals_is_named_for_a_home_that_a_plan_reserves() -> None:
    """Ann ranks above them and meets no target: she waits, and that is written down."""
    week = Week(LOCAL + """
profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}
local_lettings_plans:
  plan: {label: x, targets: [{label: x, criterion: is_local, share: 1}]}
""")
    week.household("ann", band="A", local=False).households("bob cat", local=True)
    week.advert("elm", bids="ann bob cat", local_lettings_plan="plan").run()
    assert week.proposed() == [("tie", "elm", None, "bob, cat")]
    week.outcome(8, "chosen", "elm", "cat", by="Olu").run(until=8)
    assert week.steps() == {("elm", "cat"): "proposed"}
    began = next(event for event in week.events if event.kind == "offer_proposed")
    assert began.reserved == ("is_local",)


def test_one_of_equals_who_was_named_waits_for_what_is_not_known() -> None:
    """The offer is approved; nothing is offered until it is known that bob is local."""
    week = Week(LOCAL + "eligible: [is_local]\n" + TIED)
    week.household("ann", local=True).household("bob")
    week.advert("elm", bids="ann bob").run()
    week.outcome(8, "chosen", "elm", "bob", by="Olu").approve(8, "offer", "elm", "bob").run(until=9)
    assert week.steps() == {("elm", "bob"): "proposed"}
    assert week.held() == [("elm", "bob", "is_local")]
    week.household("bob", local=True).run(until=10)
    assert week.steps() == {("elm", "bob"): "offered"}


def test_silence_is_proposed_no_longer_once_somebody_answers() -> None:
    """Late, and before anybody decided: the acceptance stands."""
    week = Week("offers: {answer: {days: 1}, silence: refused}").households("ann bob")
    week.advert("elm", bids="ann bob").approve(7, "offer", "elm", "ann").run(until=9)
    assert week.proposed() == [("bypass", "elm", "ann", "no_reply")]
    week.outcome(10, "accepted", "elm", "ann")
    week.approve(11, "bypass", "elm", "ann", reason="no_reply").run(until=11, keep_going=True)
    assert week.steps() == {("elm", "ann"): "accepted"}
    assert [q["clash"] for q in week.cycle.quarantined] == ["after_the_end"]


def test_a_time_from_a_viewing_long_ago_starts_with_the_offer() -> None:
    """Ann saw it on the 8th; bob, who had first refusal, withdrew on the 20th."""
    within = Within(days=3, starts="viewed")
    assert last_day(within, date(2024, 6, 11), date(2024, 6, 8)) == date(2024, 6, 11)
    assert last_day(within, date(2024, 6, 12), date(2024, 6, 8)) == date(2024, 6, 15)
    week = Week("offers: {viewing: {label: x, together: 2}, answer: {days: 3, starts: viewed}}")
    week.households("bob ann").advert("elm", bids="bob ann")
    week.approve(7, "offer", "elm", "bob").approve(7, "offer", "elm", "ann")
    week.outcome(8, "viewed", "elm", "bob").outcome(8, "viewed", "elm", "ann")
    week.outcome(20, "withdrew", "elm", "bob").run(until=20)
    assert week.offer("elm", "ann")["due_on"] == day(23)


def test_who_was_passed_over_for_good_is_not_named_of_equals() -> None:
    """Bob comes level with ann after passing her over was proposed; that is decided first."""
    week = Week("checks: {verified: {label: x}}\noffers: {order: offer}\n"
                "profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}")
    week.household("ann", band="A").household("bob")
    week.check("ann", "verified", "refused").check("bob", "verified")
    week.advert("elm", bids="ann bob").run()
    assert week.proposed() == [("bypass", "elm", "ann", "verified")]
    week.household("bob", band="A").run(until=8)
    assert week.proposed()[1:] == [("tie", "elm", None, "ann, bob")]
    week.approve(9, "bypass", "elm", "ann", reason="verified")
    week.outcome(9, "chosen", "elm", "ann", by="Olu").run(until=9, keep_going=True)
    assert week.steps() == {("elm", "bob"): "proposed"}


def test_nobody_is_named_of_those_who_came_whom_a_check_stops() -> None:
    """Bob's check was refused since he was invited; cat may be named."""
    week = Week(TIED + "checks: {verified: {label: x}}\n"
                "offers: {viewing: {label: x, together: 2}}").households("bob cat")
    week.check("bob", "verified").check("cat", "verified").advert("elm", bids="bob cat")
    week.approve(7, "offer", "elm", "bob").approve(7, "offer", "elm", "cat")
    week.outcome(8, "viewed", "elm", "bob").outcome(8, "viewed", "elm", "cat").run(until=8)
    assert week.proposed() == [("tie", "elm", None, "bob, cat")]
    week.check("bob", "verified", "refused", since=9)
    week.outcome(9, "chosen", "elm", "bob", by="Olu").run(until=9, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == ["not_next"]
    week.outcome(10, "chosen", "elm", "cat", by="Olu").run(until=10)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "cat"): "offered"}


def test_passing_over_by_a_check_lapses_for_a_visitor_who_is_not_first() -> None:
    """Bob came and is held; ann, above him and back on the list, is asked. His result comes on the last day."""
    week = Week("checks: {verified: {label: x, hold: {days: 3}}}\n"
                "offers: {viewing: {label: x, together: 2}}").household("ann", status="suspended")
    week.household("bob").check("ann", "verified")
    week.advert("elm", bids="ann bob").approve(7, "offer", "elm", "bob")
    week.outcome(8, "viewed", "elm", "bob").run(until=8)
    assert week.held() == [("elm", "bob", "verified")]
    week.household("ann").run(until=9)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "proposed"}
    week.check("bob", "verified", since=11).run(until=13)
    assert week.held() == []
    assert [what for act, *_, what in week.proposed() if act == "bypass"] == []


def test_a_home_advertised_three_times_is_proposed_once() -> None:
    """Ann, alone on two lists, is active again when nobody took it from the third."""
    week = Week().household("ann", status="suspended").households("bob cat dan")
    for n, (name, bids) in enumerate((("elm", "ann bob"), ("elm2", "ann cat"), ("elm3", "dan"))):
        again = {"home": "home elm", "readvert_of": "elm" if n == 1 else "elm2"} if n else {}
        opens = 3 + 7 * n
        week.advert(name, bids=bids, opens=opens, closes=opens + 3.5, **again)
        last = bids.split()[-1]
        week.approve(opens + 4, "offer", name, last).outcome(opens + 5, "withdrew", name, last)
    week.run(until=22)
    assert {week.status(name) for name in ("elm", "elm2", "elm3")} == {"unlet"}
    week.household("ann").run(until=23)
    assert [key for key, step in week.steps().items() if step == "proposed"] == []
    (home,) = {o["home"] for o in week.table("offers")}
    assert home == "home elm"


def test_equals_who_came_first_for_a_target_alone_are_not_chosen_once_it_is_met() -> None:
    """One home of the plan is for local people. Oak was let to one that day, so ann, above the two, is next."""
    week = Week("criteria: {is_local: {label: x, when: local}}\n"
                "local_lettings_plans:\n"
                "  plan: {label: x, targets: [{label: x, criterion: is_local, number: 1}]}\n"
                "profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}")
    week.household("ann", band="A", local=False).household("bob", local=True).household("cat", local=True)
    week.household("dan", local=True)
    week.advert("elm", bids="ann bob cat", local_lettings_plan="plan")
    week.advert("oak", bids="dan", local_lettings_plan="plan").run()
    assert ("tie", "elm", None, "bob, cat") in week.proposed()
    week.approve(8, "offer", "oak", "dan").outcome(9, "accepted", "oak", "dan").run(until=9)
    week.outcome(10, "signed", "oak", "dan").outcome(10, "chosen", "elm", "bob", by="Olu")
    week.run(until=10, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == ["after_the_end"]  # the choice lapsed with that
    assert week.steps() == {("oak", "dan"): "let", ("elm", "ann"): "proposed"}


def test_who_an_officer_waits_for_is_held_again_when_it_is_back() -> None:
    """Passing ann over was declined; she had an offer elsewhere for a day. Bob waits below her."""
    week = Week("checks: {verified: {label: x, missing: bypass}}").households("ann bob")
    week.check("bob", "verified").advert("elm", bids="ann bob")
    week.decline(7, "bypass", "elm", "ann", reason="verified").run()
    assert week.held() == [("elm", "ann", "verified")]
    week.household("ann", status="suspended").run(until=8)
    assert week.held() == []
    assert week.steps() == {("elm", "bob"): "proposed"}
    week.household("ann").outcome(9, "withdrew", "elm", "bob").run(until=9)
    assert week.held() == [("elm", "ann", "verified")]


def test_a_letting_that_fell_through_was_no_open_offer_while_it_stood() -> None:
    """Ann bid for oak on the 12th, after she signed for elm and before that was undone."""
    week = Week("bidding: {frozen: {busy: {label: x, while: accepted, may_not: bid}}}")
    week.households("ann bob").advert("elm", bids="ann").let("elm", "ann")
    week.advert("oak", opens=10, closes=13.5).bid("oak", "ann", 12)
    week.outcome(13, "undone", "elm", "ann").run(until=13)
    assert week.table("bids_set_aside") == []
    assert ("oak", "ann") in week.steps()

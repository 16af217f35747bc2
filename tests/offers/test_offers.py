"""Offers: from approval to letting, what ends them, and what follows."""

from __future__ import annotations

import pytest

from cbl_engine.errors import TableError
from tests.offers.week import Week, day, moment

NOMINATED = """
landlords: {acorn: {label: x}, birch: {label: x, answer: {days: 9}}}
nominations: {label: x, answer: {days: 2}, at_once: N}
"""
VIEWING = "offers: {viewing: {label: x, together: 2, within: {days: 2}}}"
REASONS = "reasons: {too_far: Too far from work}"
SUSPEND = """
consequences: {out: {label: x, suspend_months: 6}}
offers:
  reasons: {too_far: Too far from work}
  refusals: {two: {label: x, after: 2, then: out}}
"""
FINAL = """
criteria: {in_band_a: {label: x, when: "band = 'A'"}}
checks: {suitable: {label: x}}
offers: {final: {label: x, when: in_band_a, duties: [main], suitability: suitable,
                  warning: suitable}}
"""


def nominated(n: int = 1, landlord: str = "acorn", bids: str = "ann bob cat") -> Week:
    """A home of another landlord; bidders approved on the 7th."""
    week = Week(NOMINATED.replace("N", str(n))).households("ann bob cat")
    return week.advert("elm", bids=bids, landlord=landlord)


def offered(scheme: str = "", bids: str = "ann bob") -> Week:
    """One home, offered to ann on the 7th."""
    week = Week(scheme).households("ann bob").advert("elm", bids=bids)
    return week.approve(7, "offer", "elm", "ann")


def refusing(scheme: str, times: int, *, local: bool | None = None, **refusal) -> Week:
    """Ann refuses so many homes, one a week."""
    week = Week(scheme).household("ann", local=local)
    for n in range(times):
        start = 3 + 7 * n
        week.advert(f"elm{n}", bids="ann", opens=start, closes=start + 2.5)
        week.approve(start + 3, "offer", f"elm{n}", "ann")
        week.outcome(start + 4, "refused", f"elm{n}", "ann", **refusal)
    return week.run(until=3 + 7 * times)


def test_a_home_of_another_landlord_is_nominated_to_first() -> None:
    """The landlord's result takes the offer on."""
    week = nominated().approve(7, "offer", "elm", "ann").run(until=7)
    offer = week.offer("elm", "ann")
    assert (offer["step"], offer["nominated_on"], offer["due_on"]) == ("nominated", day(7), day(9))
    week.outcome(8, "landlord_accepted", "elm", "ann").run(until=8)
    assert (week.steps()["elm", "ann"], week.offer("elm", "ann")["offered_on"]) == ("offered", day(8))


def test_a_landlords_own_time_to_answer_goes_before_the_councils() -> None:
    """Nine days."""
    week = nominated(landlord="birch").approve(7, "offer", "elm", "ann").run(until=7)
    assert week.offer("elm", "ann")["due_on"] == day(16)


def test_a_home_of_a_landlord_without_an_agreement_is_not_nominated_to() -> None:
    """It is offered at once."""
    week = nominated(landlord="council").approve(7, "offer", "elm", "ann").run(until=7)
    assert week.steps() == {("elm", "ann"): "offered"}


def test_a_landlord_may_reject_with_a_reason() -> None:
    """The next is nominated; words of the landlord are in the outcome, not in the record's events."""
    week = nominated().approve(7, "offer", "elm", "ann")
    week.outcome(8, "landlord_rejected", "elm", "ann", reason="something said").run(until=8)
    assert week.steps() == {("elm", "ann"): "landlord_rejected", ("elm", "bob"): "proposed"}
    assert week.offer("elm", "ann")["reason"] is None


def test_as_many_as_at_once_are_named_for_a_home_and_the_landlord_takes_one() -> None:
    """Those not chosen end when the home is let; until then the others wait."""
    week = nominated(2).approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.run(until=7)
    assert week.steps() == {("elm", "ann"): "nominated", ("elm", "bob"): "nominated"}
    week.outcome(8, "landlord_accepted", "elm", "bob").outcome(9, "landlord_accepted", "elm", "ann")
    week.run(until=9)
    assert week.steps() == {("elm", "bob"): "offered", ("elm", "ann"): "attended"}
    week.outcome(10, "accepted", "elm", "bob").outcome(11, "signed", "elm", "bob").run(until=11)
    assert week.steps() == {("elm", "bob"): "let", ("elm", "ann"): "not_chosen"}


def test_a_landlord_without_a_result_is_proposed_as_silent() -> None:
    """Approved, the offer ends so; the next is named."""
    week = nominated().approve(7, "offer", "elm", "ann").run(until=10)
    assert week.proposed() == [("bypass", "elm", "ann", "landlord_silent")]
    week.approve(11, "bypass", "elm", "ann").run(until=11)
    assert week.steps() == {("elm", "ann"): "landlord_silent", ("elm", "bob"): "proposed"}


def test_several_view_and_the_highest_of_those_who_come_is_offered_the_home() -> None:
    """Two invited; both come; the others wait as attended and end not chosen."""
    week = Week(VIEWING).households("ann bob cat").advert("elm", bids="ann bob cat")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob").run(until=7)
    assert week.steps() == {("elm", "ann"): "invited", ("elm", "bob"): "invited"}
    week.outcome(8, "viewed", "elm", "bob").run(until=8)
    assert week.steps()["elm", "bob"] == "attended"
    week.outcome(9, "viewed", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "offered", ("elm", "bob"): "attended"}
    week.outcome(10, "accepted", "elm", "ann").outcome(11, "signed", "elm", "ann").run(until=11)
    assert week.steps() == {("elm", "ann"): "let", ("elm", "bob"): "not_chosen"}


def test_when_the_first_of_a_viewing_refuses_the_next_who_came_is_offered_the_home() -> None:
    """Nobody else is invited first."""
    week = Week(VIEWING).households("ann bob cat").advert("elm", bids="ann bob cat")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.outcome(8, "viewed", "elm", "ann").outcome(8, "viewed", "elm", "bob")
    week.outcome(9, "withdrew", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "withdrew", ("elm", "bob"): "offered"}


def test_who_does_not_come_is_out_and_when_the_time_is_over_the_others_go_on() -> None:
    """Ann has not come by the 9th: bob is offered the home on the 10th, and ann's end is proposed."""
    week = Week(VIEWING).households("ann bob").advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.outcome(8, "viewed", "elm", "bob").run(until=9)
    assert week.steps()["elm", "bob"] == "attended"
    week.run(until=10)
    assert week.steps() == {("elm", "ann"): "invited", ("elm", "bob"): "offered"}
    assert week.proposed() == [("bypass", "elm", "ann", "absent")]
    week.outcome(11, "absent", "elm", "ann").run(until=11)
    assert week.steps()["elm", "ann"] == "absent"
    assert week.proposed() == []


def test_equals_who_came_to_a_viewing_wait_for_an_officer() -> None:
    """Two of one tie group, one home."""
    week = Week("profiles: {only: {label: x, order: [{tie: human}]}}\n" + VIEWING)
    week.households("ann bob").advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.outcome(8, "viewed", "elm", "ann").outcome(8, "viewed", "elm", "bob").run(until=8)
    assert week.proposed() == [("tie", "elm", None, "ann, bob")]
    week.outcome(9, "chosen", "elm", "bob", by="Olu").run(until=9)
    assert week.steps() == {("elm", "ann"): "attended", ("elm", "bob"): "offered"}


def test_time_to_answer_may_start_with_the_viewing() -> None:
    """Viewed on the 8th, offered on the 9th when the other came: three days from the 8th."""
    week = Week("offers: {viewing: {label: x, together: 2}, answer: {days: 3, starts: viewed}}")
    week.households("ann bob").advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.outcome(8, "viewed", "elm", "ann").outcome(9, "viewed", "elm", "bob").run(until=9)
    assert week.offer("elm", "ann")["due_on"] == day(11)


@pytest.mark.parametrize("what", ["withdrew", "offer_withdrawn"])
def test_an_offer_ends_by_what_people_do(what: str) -> None:
    """And the next is asked the same day."""
    week = offered().outcome(8, what, "elm", "ann").run(until=8)
    assert week.steps() == {("elm", "ann"): what, ("elm", "bob"): "proposed"}


def test_silence_is_passed_over_where_the_scheme_says_bypass() -> None:
    """It is no refusal."""
    week = offered("offers: {answer: {days: 1}}").approve(9, "bypass", "elm", "ann").run(until=9)
    assert (week.steps()["elm", "ann"], week.offer("elm", "ann")["counts"]) == ("no_reply", False)


def test_silence_counts_as_a_refusal_where_the_scheme_says_so() -> None:
    """Once the proposal is approved."""
    week = offered("offers: {answer: {days: 1}, silence: refused}").run(until=9)
    assert week.steps()["elm", "ann"] == "offered"
    week.approve(10, "bypass", "elm", "ann").run(until=10)
    assert (week.steps()["elm", "ann"], week.offer("elm", "ann")["counts"]) == ("no_reply", True)


def test_silence_that_is_declined_leaves_the_offer_open() -> None:
    """And is not proposed again."""
    week = offered("offers: {answer: {days: 1}}").decline(9, "bypass", "elm", "ann").run(until=15)
    assert (week.steps(), week.proposed()) == ({("elm", "ann"): "offered"}, [])


def test_no_contact_is_proposed_as_passing_over() -> None:
    """With what the scheme asks to be tried."""
    week = offered("offers: {contact: {label: x, attempts: 2, channels: 2}}")
    week.outcome(8, "no_contact", "elm", "ann", attempts=2, channels=2, adjustments_checked=True)
    week.run(until=8)
    assert week.proposed() == [("bypass", "elm", "ann", "no_contact")]
    week.approve(9, "bypass", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "no_contact", ("elm", "bob"): "proposed"}


@pytest.mark.parametrize(
    ("given", "counts", "open_"),
    [
        ({"reason": "too_far"}, False, False),
        ({"reasonable": True, "by": "Olu"}, False, False),
        ({"reasonable": False, "by": "Olu"}, True, False),
        ({"reason": "said in words"}, False, True),
        ({}, False, True),
    ],
)
def test_a_refusal_counts_unless_for_a_listed_reason_or_judged_reasonable(
    given: dict, counts: bool, open_: bool
) -> None:
    """Without either it is proposed and waits."""
    week = offered(f"offers: {{{REASONS}}}").outcome(8, "refused", "elm", "ann", **given)
    week.run(until=8)
    assert week.offer("elm", "ann")["counts"] is counts
    assert (("refusal_counts", "elm", "ann", None) in week.proposed()) is open_
    assert week.steps() == {("elm", "ann"): "refused", ("elm", "bob"): "proposed"}


@pytest.mark.parametrize(
    ("what", "row", "counts", "reasonable"),
    [
        ("approved", {"act": "refusal_counts"}, True, None),
        ("declined", {"act": "refusal_counts"}, False, None),
        ("judged", {"reasonable": True}, False, True),
        ("judged", {"reasonable": False}, True, False),
    ],
)
def test_an_officer_settles_whether_a_refusal_counts(
    what: str, row: dict, counts: bool, reasonable: bool | None
) -> None:
    """By approving, declining or judging it."""
    week = offered().outcome(8, "refused", "elm", "ann")
    week.outcome(9, what, "elm", "ann", by="Olu", **row).run(until=9)
    offer = week.offer("elm", "ann")
    assert (offer["counts"], offer["reasonable"]) == (counts, reasonable)
    assert not any(act == "refusal_counts" for act, *_ in week.proposed())


def test_refusals_that_count_add_up_to_a_consequence() -> None:
    """After the second it is proposed; approved, the household is suspended for six months."""
    week = refusing(SUSPEND, 2, reasonable=False, by="Olu")
    assert week.proposed() == [("consequence", None, "ann", "out")]
    week.approve(18, "consequence", household="ann").advert("fir", bids="ann", opens=17, closes=20.5)
    week.run(until=20)
    (held,) = week.table("consequences")
    assert (held["status"], held["since"], str(held["until"])) == (
        "suspended", day(18), "2024-12-18",
    )
    assert held["because"] == ["elm0/ann/1", "elm1/ann/1"]
    assert week.passed() == [("fir", "ann", "not_active")]


def suspended(scheme: str = SUSPEND) -> Week:
    """Ann's consequence begins on the 18th; she bids for a home that closes on the 20th."""
    week = refusing(scheme, 2, reasonable=False, by="Olu").approve(18, "consequence", household="ann")
    return week.advert("fir", bids="ann", opens=17, closes=20.5)


@pytest.mark.parametrize("then", ["suspend_months: 6", "cancel: true"])
def test_a_consequence_is_lifted_by_an_officer_and_bidding_is_open_again(then: str) -> None:
    """Suspended or cancelled: from that day it holds no longer, and the bid stands."""
    week = suspended(SUSPEND.replace("suspend_months: 6", then)).run(until=18)
    week.outcome(19, "undone", household="ann", act="consequence", by="Mo").run(until=20)
    (held,) = week.table("consequences")
    assert (held["until"], held["by"]) == (day(19), "Olu")
    (event,) = [e for e in week.events if e.kind == "consequence_lifted"]
    assert (event.since, event.by, event.outcome) == (day(18), "Mo", "o006")
    assert (week.passed(), week.steps()["fir", "ann"]) == ([], "proposed")
    assert [offer["counts"] for offer in week.table("offers")[:2]] == [True, True]


def test_a_consequence_that_began_twice_on_a_day_is_lifted_whole() -> None:
    """The refusals of two weeks, each proposing it, were both decided on one day."""
    week = refusing(EVERY, 2, reasonable=False, by="Olu")
    week.approve(20, "consequence", household="ann", id="a1").approve(20, "consequence", household="ann", id="a2")
    week.outcome(21, "undone", None, "ann", act="consequence", by="Mo").run(until=21)
    assert [(c["since"], c["until"]) for c in week.table("consequences")] == [(day(20), day(21))] * 2
    assert week.kinds().count("consequence_lifted") == 1


def test_of_several_consequences_in_force_the_reason_names_the_one_that_is_lifted() -> None:
    """Without it the outcome clashes; the other one holds on."""
    scheme = SUSPEND.replace(
        "refusals: {", "refusals: {each: {label: x, after: 1, then: look}, "
    ).replace("consequences: {", "consequences: {look: {label: x, bar_months: 3}, ")
    week = refusing(scheme, 2, reasonable=False, by="Olu")
    for name in ("look", "out"):
        week.approve(18, "consequence", household="ann", reason=name)
    week.outcome(19, "undone", household="ann", act="consequence", by="Mo")
    week.outcome(20, "undone", household="ann", act="consequence", by="Mo", reason="look")
    week.run(until=20, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == ["which_one"]
    assert [(h["consequence"], h["until"] == day(20)) for h in week.table("consequences")] == [
        ("look", True), ("out", False)]


@pytest.mark.parametrize(("row", "clash"), [
    ({"household": "ann"}, "no_officer"), ({"household": "bob", "by": "Mo"}, "no_such_proposal"),
    ({"household": "ann", "by": "Mo", "on": 21}, "after_the_end"),
])
def test_what_is_no_consequence_in_force_is_not_lifted(row: dict, clash: str) -> None:
    """Without an officer, of another household, or lifted before."""
    week = suspended()
    if clash == "after_the_end":
        week.outcome(19, "undone", household="ann", act="consequence", by="Mo")
    row = {"on": 19, **row}
    week.outcome(row.pop("on"), "undone", act="consequence", **row).run(until=21, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == [clash]


EVERY = SUSPEND.replace("after: 2", "after: 1, every: true")


def judged_anew(week: Week, on: int, advert: str, **row) -> Week:
    """Ann's refusal of a home, by Mo."""
    return week.outcome(on, "undone", advert, "ann", **({"act": "refusal_counts", "by": "Mo"} | row))


def test_a_refusal_judged_anew_counts_no_longer_and_what_rests_on_it_is_told() -> None:
    """The suspension that counted it holds on until it is lifted; the next refusal is the second."""
    week = suspended().run(until=18)
    judged_anew(week, 19, "elm0", reasonable=True).run(until=19)
    assert [(o["counts"], o["reasonable"]) for o in week.table("offers")] == [(False, True), (True, False)]
    assert week.cycle.telling == {"consequences_resting_on_a_refusal": [
        {"application": "ann", "consequence": "out", "since": day(18), "offer": "elm0/ann/1", "left": 1}]}
    event = week.events[-1]
    assert (event.kind, event.by, event.outcome) == ("refusal_judged", "Mo", "o006")
    (held,) = week.table("consequences")
    assert held["until"] > day(30)
    week.outcome(20, "undone", household="ann", act="consequence", by="Mo").run(until=20)
    week.approve(21, "offer", "fir", "ann").run(until=21)
    week.outcome(22, "refused", "fir", "ann", reasonable=False, by="Olu").run(until=22)
    assert week.proposed() == [("consequence", None, "ann", "out")]


def test_a_consequence_that_waits_lapses_with_the_refusal_that_it_needed() -> None:
    """The second of two; of three one is left to spare, and with every each multiple needs its own."""
    week = judged_anew(refusing(SUSPEND, 2, reasonable=False, by="Olu"), 18, "elm0").run(until=18)
    assert (week.proposed(), week.proposed("lapsed")) == ([], [("consequence", None, "ann", "out")])
    week = judged_anew(refusing(SUSPEND, 3, reasonable=False, by="Olu"), 25, "elm0").run(until=25)
    assert len(week.proposed()) == 1
    week = judged_anew(refusing(EVERY, 3, reasonable=False, by="Olu"), 25, "elm0").run(until=25)
    assert (len(week.proposed()), len(week.proposed("lapsed"))) == (2, 1)


def test_with_every_the_count_goes_on_from_the_refusals_that_are_left() -> None:
    """One of two was judged anew, so the next refusal is the second again, and no third."""
    scheme = SUSPEND.replace("after: 2", "after: 2, every: true")
    week = judged_anew(refusing(scheme, 3, reasonable=False, by="Olu"), 25, "elm0").run(until=25)
    assert len(week.proposed()) == 1
    week = judged_anew(refusing(scheme, 1, reasonable=False, by="Olu"), 12, "elm0")
    week.advert("fir", bids="ann", opens=17, closes=20.5).approve(21, "offer", "fir", "ann")
    week.outcome(22, "refused", "fir", "ann", reasonable=False, by="Olu").run(until=22)
    assert week.proposed() == []


@pytest.mark.parametrize(("soft", "local"), [
    ("after: 1, when: loc", False), ("after: 1, when: loc", True), ("after: 2, every: false", False),
])
def test_a_consequence_lapses_by_the_rule_that_proposed_it_and_by_no_other(soft: str, local: bool) -> None:
    """Two rules lead to it: the one after three refusals proposed it, and two are left."""
    scheme = SUSPEND.replace("refusals: {", f"refusals: {{soft: {{label: x, {soft}, then: out}}, ").replace(
        "after: 2,", "after: 3,") + "criteria: {loc: {label: local, when: local}}\n"
    week = refusing(scheme, 3, reasonable=False, by="Olu", local=local)
    n = len(week.proposed())
    judged_anew(week, 25, "elm0").run(until=25)
    assert (week.proposed("lapsed"), len(week.proposed())) == ([("consequence", None, "ann", "out")], n - 1)


def test_what_refusals_add_up_to_lapses_once_fewer_are_left_than_proposed_it() -> None:
    """With every second: four, and a fifth to spare. Of three left, two would have been enough for the first."""
    week = refusing(SUSPEND.replace("after: 2", "after: 2, every: true"), 5, reasonable=False, by="Olu")
    week.approve(40, "consequence", household="ann").run(until=40)
    assert week.table("consequences")[0]["because"] == ["elm0/ann/1", "elm1/ann/1"]
    judged_anew(week, 41, "elm0").run(until=41)
    assert week.proposed() == [("consequence", None, "ann", "out")]
    judged_anew(week, 42, "elm1").run(until=42)
    assert week.proposed() == []


def test_a_later_refusal_takes_the_place_of_one_judged_anew() -> None:
    """Of three the first is judged anew: the second and third lead to what began; without the third, too few."""
    week = judged_anew(refusing(SUSPEND, 3, reasonable=False, by="Olu"), 25, "elm0").run(until=25)
    (waiting,) = [p for p in week.table("proposals") if p["status"] == "open"]
    assert waiting["because"] == ["elm0/ann/1", "elm1/ann/1"]
    later = week.approve(26, "consequence", household="ann").run(until=26)
    assert later.table("consequences")[0]["because"] == ["elm1/ann/1", "elm2/ann/1"]
    week = judged_anew(refusing(SUSPEND, 3, reasonable=False, by="Olu"), 25, "elm0").run(until=25)
    assert judged_anew(week, 26, "elm2").run(until=26).proposed() == []


def test_the_rule_that_proposed_a_consequence_is_on_record_whatever_is_known_of_the_household_since() -> None:
    """One refusal of a local household was enough; that it is no longer local changes no reason."""
    scheme = SUSPEND.replace("refusals: {", "refusals: {local: {label: x, after: 1, when: loc, then: out}, ")
    scheme += "criteria: {loc: {label: local, when: local}}\n"
    week = refusing(scheme, 1, reasonable=False, by="Olu", local=True)
    week.household("ann", local=False).run(until=20)
    week.advert("fir", bids="ann", opens=21, closes=24.5).approve(25, "offer", "fir", "ann")
    week.outcome(26, "refused", "fir", "ann", reasonable=False, by="Olu").run(until=26)
    assert [(p["rule"], p["offer"]) for p in week.table("proposals") if p["act"] == "consequence"] == [
        ("local", "elm0/ann/1"), ("two", "fir/ann/1")]
    judged_anew(week, 27, "fir").run(until=27)
    assert week.proposed() == [("consequence", None, "ann", "out")]


def test_a_refusal_before_the_months_of_a_rule_is_no_reason_of_its_consequence() -> None:
    """Of three in two months, with one month looked back on, the last two led to it."""
    scheme = SUSPEND.replace("after: 2,", "after: 2, months: 1,")
    week = Week(scheme).household("ann")
    for n, start in enumerate((3, 45, 52)):
        week.advert(f"elm{n}", bids="ann", opens=start, closes=start + 2.5)
        week.approve(start + 3, "offer", f"elm{n}", "ann")
        week.outcome(start + 4, "refused", f"elm{n}", "ann", reasonable=False, by="Olu")
    week.approve(57, "consequence", household="ann").run(until=57)
    assert week.table("consequences")[0]["because"] == ["elm1/ann/1", "elm2/ann/1"]
    assert judged_anew(week, 58, "elm0").run(until=58).cycle.telling == {}


@pytest.mark.parametrize(("refusal", "row", "clash"), [
    ({"reasonable": False}, {"by": None}, "no_officer"),
    ({"reasonable": False}, {"advert": "fir"}, "no_such_offer"),
    ({"reasonable": True}, {}, "no_such_proposal"),
    ({}, {}, "wrong_step"),
    ({"reasonable": False}, {"reasonable": False}, "wrong_step"),
])
def test_what_is_no_refusal_that_counts_is_not_judged_anew(refusal: dict, row: dict, clash: str) -> None:
    """Without an officer, of a home never offered, not counted, not yet decided, or found not reasonable again."""
    week = offered().outcome(8, "refused", "elm", "ann", by="Olu", **refusal)
    advert = row.pop("advert", "elm")
    judged_anew(week, 9, advert, **row).run(until=9, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == [clash]


def test_of_several_refusals_that_count_the_home_names_the_one_that_is_judged_anew() -> None:
    """Of direct lets, which have no advert; none of them is open, and a reason is not read."""
    week = Week(SUSPEND + 'direct_lets: {move: {label: x, permitted_by: "clause 1"}}\n').household("ann")
    for n, on in (("1", 3), ("2", 5)):
        week.add("homes", id=n, bedrooms=2)
        week.add("direct_lets", id=n, application="ann", home=n, kind="move", on=day(on), by="Olu")
        week.approve(on, "direct_let", household="ann", home=n)
        week.outcome(on + 1, "refused", household="ann", home=n, reasonable=False, by="Olu")
    week.outcome(8, "undone", household="ann", act="refusal_counts", by="Mo")
    with pytest.raises(TableError, match="2 refusals count for application ann, and its advert and home have to name"):
        week.run(until=8)


def test_one_refusal_or_good_reasons_add_up_to_nothing() -> None:
    """Below the number; and those that do not count."""
    assert refusing(SUSPEND, 1, reasonable=False, by="Olu").proposed() == []
    assert refusing(SUSPEND, 2, reason="too_far").proposed() == []


def test_a_consequence_is_not_proposed_again_for_the_same_offers() -> None:
    """Nor after a third refusal, unless the scheme says every."""
    assert len(_consequences(refusing(SUSPEND, 3, reasonable=False, by="Olu"))) == 1
    every = SUSPEND.replace("after: 2", "after: 1, every: true")
    assert len(_consequences(refusing(every, 3, reasonable=False, by="Olu"))) == 3


def _consequences(week: Week) -> list:
    return [p for p in week.proposed() if p[0] == "consequence"]


def test_of_several_rules_that_are_met_the_last_written_is_proposed() -> None:
    """The second refusal meets both."""
    scheme = SUSPEND.replace(
        "refusals: {", "refusals: {each: {label: x, after: 1, every: true, then: look}, "
    ).replace("consequences: {", "consequences: {look: {label: x, review: true}, ")
    week = refusing(scheme, 2, reasonable=False, by="Olu")
    assert [what for _, _, _, what in _consequences(week)] == ["look", "out"]


def test_where_several_are_proposed_the_decision_has_to_name_one() -> None:
    """Of two that are open the reason says which; without it the decision clashes."""
    scheme = SUSPEND.replace(
        "refusals: {", "refusals: {each: {label: x, after: 1, every: true, then: look}, "
    ).replace("consequences: {", "consequences: {look: {label: x, review: true}, ")
    week = refusing(scheme, 2, reasonable=False, by="Olu")
    with pytest.raises(TableError, match=r"name one: P\d+ \(look\), P\d+ \(out\)"):
        week.approve(18, "consequence", household="ann").run(until=18)
    week = refusing(scheme, 2, reasonable=False, by="Olu")
    week.approve(18, "consequence", household="ann", reason="out").run(until=18)
    assert [held["consequence"] for held in week.table("consequences")] == ["out"]


def test_refusals_are_counted_within_the_months_of_the_rule() -> None:
    """The first is more than a month before the second."""
    scheme = SUSPEND.replace("after: 2", "after: 2, months: 1")
    week = Week(scheme).household("ann")
    for name, start in (("elm", 3), ("oak", 38)):
        week.advert(name, bids="ann", opens=start, closes=start + 2.5)
        week.approve(start + 3, "offer", name, "ann")
        week.outcome(start + 4, "refused", name, "ann", reasonable=False, by="Olu")
    assert _consequences(week.run(until=44)) == []


CONSEQUENCES = [
    ("bar_months: 1", {"may_not_bid": True}, "2024-07-12"),
    ("lose_choice_months: 1", {"council_bids": True}, "2024-07-12"),
    ("bottom_of_band_months: 3", {"place_in_band": -1}, "2024-09-12"),
    ("band: C", {"band": "C"}, None),
    ("down: 1, months: 2", {"band": "C"}, "2024-08-12"),
    ("down: 2", {"band": "C"}, None),
    ("cancel: true", {"status": "closed"}, None),
    ("review: true", {"review": True}, None),
]


@pytest.mark.parametrize(("kind", "fields", "until"), CONSEQUENCES)
def test_each_kind_of_consequence(kind: str, fields: dict, until: str | None) -> None:
    """What it does, and until when."""
    scheme = SUSPEND.replace("suspend_months: 6", kind).replace("after: 2", "after: 1")
    week = refusing(scheme, 1, reasonable=False, by="Olu").approve(12, "consequence", household="ann")
    (held,) = week.run(until=12).table("consequences")
    assert {name: held[name] for name in fields} == fields
    assert (str(held["until"]) if held["until"] else None) == until


def test_a_band_meanwhile_ranks_on_the_next_list_and_ends_on_its_day() -> None:
    """Put into band C for a month, ann stands below bob; a month later above him again."""
    scheme = SUSPEND.replace("suspend_months: 6", "band: C, months: 1").replace("after: 2", "after: 1")
    week = refusing(scheme, 1, reasonable=False, by="Olu").household("bob")
    week.approve(12, "consequence", household="ann")
    week.advert("fir", bids="ann bob", opens=13, closes=16.5).outcome(20, "advert_withdrawn", "fir")
    week.advert("yew", bids="ann bob", opens=43, closes=46.5).run(until=46)
    assert ("fir", "bob") in week.steps()
    assert ("yew", "ann") in week.steps()


def test_a_final_offer_needs_suitability_cleared_by_a_named_officer() -> None:
    """Without a name it is not cleared: the home waits."""
    week = Week(FINAL).household("ann", band="A").household("bob").check("ann", "suitable", id="a")
    week.check("bob", "suitable").advert("elm", bids="ann bob").run(until=7)
    assert (week.held(), week.steps()) == ([("elm", "ann", "suitable")], {})
    week.check("ann", "suitable", since=8, by="Olu", home="home elm", id="b").run(until=8)
    assert week.offer("elm", "ann")["final"] is True


def test_a_final_offer_needs_the_written_warning_as_well() -> None:
    """The home is suitable, and waits until the household has been warned."""
    scheme = FINAL.replace("warning: suitable", "warning: warned").replace(
        "suitable: {label: x}", "suitable: {label: x}, warned: {label: x}"
    )
    week = Week(scheme).household("ann", band="A").check("ann", "suitable", by="Olu")
    week.advert("elm", bids="ann").run(until=7)
    assert week.held() == [("elm", "ann", "warned")]
    week.check("ann", "warned", since=8, by="Olu", id="w").run(until=8)
    assert week.offer("elm", "ann")["final"] is True


def test_refusing_a_final_offer_proposes_that_each_duty_may_end_and_ends_none() -> None:
    """The decision is recorded; nothing about the duty changes."""
    week = Week(FINAL).household("ann", band="A").check("ann", "suitable", by="Olu")
    week.add("duties", application="ann", kind="main", since=day(1))
    week.add("duties", application="ann", kind="relief", since=day(1))
    week.advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "refused", "elm", "ann").run(until=8)
    assert ("duty_may_end", "elm", "ann", "main") in week.proposed()
    assert sum(act == "duty_may_end" for act, *_ in week.proposed()) == 1
    duties = week.record.tables["duties"]
    week.approve(9, "duty_may_end", "elm", "ann").run(until=9)
    assert week.kinds()[-1] == "duty_may_end"
    assert week.record.tables["duties"].equals(duties)


def test_an_offer_that_is_not_final_ends_no_duty() -> None:
    """Band B."""
    week = Week(FINAL).household("ann").check("ann", "suitable", by="Olu")
    week.add("duties", application="ann", kind="main").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").outcome(8, "refused", "elm", "ann").run(until=8)
    assert not any(act == "duty_may_end" for act, *_ in week.proposed())


def test_a_household_may_accept_and_ask_for_a_review_of_suitability() -> None:
    """Accepted, under review; it can be signed."""
    week = offered().outcome(8, "accepted", "elm", "ann", review_requested=True).run(until=8)
    offer = week.offer("elm", "ann")
    assert (offer["step"], offer["under_review"]) == ("accepted", True)
    week.outcome(9, "signed", "elm", "ann").run(until=9)
    assert week.steps()["elm", "ann"] == "let"


def test_signing_closes_in_one_event_all_that_hangs_on_it() -> None:
    """Other offers, other lists, and the lists of an application that shares a tenant."""
    week = Week("offers: {one_at_a_time: false}").households("ann twin bob")
    for n, application in enumerate(("ann", "twin")):
        week.add("people", id=f"p{n}", application=application, identity="the same",
                 relationship="applicant")
    week.advert("elm", bids="ann").advert("oak", bids="ann bob").advert("fir", bids="twin bob")
    week.let("elm", "ann").run(until=9)
    assert week.steps() == {
        ("elm", "ann"): "let", ("oak", "ann"): "housed_elsewhere",
        ("fir", "twin"): "members_unsettled", ("oak", "bob"): "proposed", ("fir", "bob"): "proposed",
    }
    (letting,) = week.table("lettings")
    assert letting["shares_tenant"] == ["twin"]


def _two_applications_of_one(**options) -> Week:
    """ann and twin share an applicant; both are first for a home, and ann is let hers on the 9th."""
    week = Week("offers: {one_at_a_time: false}", **options).households("ann twin bob")
    for n, application in enumerate(("ann", "twin")):
        week.add("people", id=f"p{n}", application=application, identity="the same",
                 relationship="applicant")
    week.advert("elm", bids="ann").advert("fir", bids="twin bob", closes=12.5)
    week.let("elm", "ann")
    return week.run(until=10)


@pytest.mark.parametrize(("identity", "first"), [("another", "twin"), (None, "bob"), ("the same", "bob")])
def test_who_shares_a_tenant_with_a_letting_is_back_once_its_people_are_others(identity, first) -> None:
    """The identity was keyed wrongly; one that is not known settles nothing."""
    week = _two_applications_of_one()
    week.add("people", id="p1", application="twin", identity=identity, relationship="applicant")
    week.run(until=13)
    assert week.steps()["fir", first] == "proposed"
    settled = [e.application for e in week.events if e.kind == "members_settled"]
    assert settled == (["twin"] if first == "twin" else [])
    assert week.table("lettings")[0]["shares_tenant"] == ([] if settled else ["twin"])


def test_that_the_identity_of_those_housed_is_emptied_settles_nothing() -> None:
    """Their facts go once they are housed; the same person is still on the other application."""
    week = _two_applications_of_one()
    week.add("people", id="p0", application="ann", identity=None, relationship="applicant").run(until=13)
    assert week.steps()["fir", "bob"] == "proposed"
    assert "members_settled" not in week.kinds()


def test_an_application_that_joins_after_the_signing_is_a_later_move_though_it_comes_with_it() -> None:
    """The register of the week's end has who was housed on Sunday, and registered anew on Monday."""
    week = Week().household("ann").advert("elm", bids="ann").let("elm", "ann")
    week.household("anew", registered_on=day(10)).advert("fir", bids="anew", opens=11, closes=12.5)
    for n, application in enumerate(("ann", "anew")):
        week.add("people", id=f"p{n}", application=application, identity="the same", relationship="applicant")
    week.run(until=13)
    assert week.steps() == {("elm", "ann"): "let", ("fir", "anew"): "proposed"}


def test_an_offer_that_ended_by_a_letting_to_a_sharer_of_a_tenant_keeps_nobody_from_the_list() -> None:
    week = Week("offers: {one_at_a_time: false, passing_over: {other: x}}").households("ann twin bob")
    for n, application in enumerate(("ann", "twin")):
        week.add("people", id=f"p{n}", application=application, identity="the same",
                 relationship="applicant")
    week.advert("elm", bids="ann").advert("fir", bids="twin bob").let("elm", "ann").run(until=9)
    assert week.steps()["fir", "twin"] == "members_unsettled"
    week.decline(10, "offer", "fir", "bob", reason="other")
    week.add("people", id="p1", application="twin", identity="another", relationship="applicant")
    week.run(until=10)
    assert week.offer("fir", "twin")["id"] == "fir/twin/2"


def test_signing_keeps_what_the_household_had() -> None:
    """Band, dates and need that day."""
    week = offered().outcome(8, "accepted", "elm", "ann")
    week.outcome(9, "signed", "elm", "ann", tenancy_start=day(17)).run(until=9)
    (letting,) = week.table("lettings")
    assert {n: letting[n] for n in ("band", "bedroom_need", "signed_on", "started_on")} == {
        "band": "B", "bedroom_need": 2, "signed_on": day(9), "started_on": day(17),
    }


@pytest.mark.parametrize(("ends", "freed"), [(True, "old home"), (False, None), (None, None)])
def test_the_old_home_is_freed_only_if_the_tenancy_truly_ends(ends, freed) -> None:
    """One of two joint tenants moves: the tenancy goes on."""
    week = Week().household("ann", current_home="old home").advert("elm", bids="ann")
    week.let("elm", "ann", tenancy_ends=ends).run(until=9)
    assert week.table("lettings")[0]["freed_home"] == freed


@pytest.mark.parametrize(("until", "freed"), [(7, "old home"), (None, None)])
def test_a_register_that_has_the_move_already_frees_the_home_it_had_before(until, freed) -> None:
    """The new home is freed by nobody's move into it."""
    week = Week().advert("elm", bids="ann")
    if until is not None:
        week.household("ann", current_home="old home").run(until=until)
    week.household("ann", current_home="home elm")
    week.let("elm", "ann", on=8, tenancy_ends=True).run(until=10)
    assert week.table("lettings")[0]["freed_home"] == freed


def test_a_move_that_falls_through_ends_proposals_of_the_home_it_was_to_free_and_tells_the_others() -> None:
    """Her old home is her tenancy again: nobody is offered it, and who was is named each week."""
    week = Week().household("ann", current_home="home oak").households("bob cat")
    week.add("tenancies", id="t", home="home oak", application="old", start=day(1))
    week.advert("elm", bids="ann").let("elm", "ann", tenancy_ends=True).run(until=9)
    week.advert("oak", bids="bob", opens=9, closes=10.5).run(until=11)
    assert week.steps()["oak", "bob"] == "proposed"
    kept = week.record
    week.outcome(12, "undone", "elm", "ann").run(until=12)
    assert week.steps()["oak", "bob"] == "not_chosen"
    assert "offers_of_homes_let" not in week.cycle.telling
    week.record = kept
    week.approve(12, "offer", "oak", "bob").outcome(13, "undone", "elm", "ann").run(until=13)
    assert week.cycle.telling["offers_of_homes_let"] == [
        {"offer": "oak/bob/1", "home": "home oak", "step": "offered"}]
    assert week.outcome(14, "accepted", "oak", "bob") is week
    with pytest.raises(TableError, match="home home oak is let"):
        week.run(until=14)


def test_a_tenancy_that_the_register_has_before_its_signing_stands_in_nobodys_way_but_others() -> None:
    """The tenancies came with the week's outcomes; the letting falls through, and so does its tenancy."""
    week = offered().outcome(8, "accepted", "elm", "ann")
    week.add("tenancies", id="t", home="home elm", application="ann", start=day(8))
    week.outcome(9, "signed", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "let"}
    week.outcome(10, "undone", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "ann"): "undone", ("elm", "bob"): "proposed"}
    other = offered().outcome(8, "accepted", "elm", "ann")
    other.add("tenancies", id="t", home="home elm", application="bob", start=day(8))
    with pytest.raises(TableError, match="home elm is let: tenancy t is application bob's and has no end"):
        other.run(until=8)
    other.record = offered().run(until=7).record
    other.add("tenancies", id="t", home="home elm", start=day(8)).outcome(8, "accepted", "elm", "ann")
    with pytest.raises(TableError, match="tenancy t names no application"):
        other.run(until=8)


def test_an_acceptance_that_falls_through_goes_on_down_the_list() -> None:
    """The household is out, unless it was the landlord's doing."""
    week = offered().outcome(8, "accepted", "elm", "ann").outcome(9, "undone", "elm", "ann")
    assert week.run(until=9).steps() == {("elm", "ann"): "undone", ("elm", "bob"): "proposed"}
    week = offered().outcome(8, "accepted", "elm", "ann")
    week.outcome(9, "undone", "elm", "ann", reason="landlord").run(until=9)
    assert [o["id"] for o in week.table("offers")] == ["elm/ann/1", "elm/ann/2"]


def test_a_letting_that_falls_through_opens_what_it_closed_offers_excepted() -> None:
    """The household is active again, the home goes on down its list."""
    week = Week("offers: {one_at_a_time: false}").households("ann bob")
    week.advert("elm", bids="ann bob").advert("oak", bids="ann bob")
    week.let("elm", "ann").run(until=9)
    assert week.steps()["oak", "bob"] == "proposed"
    week.outcome(10, "undone", "elm", "ann").run(until=10)
    assert week.steps()["elm", "bob"] == "proposed"
    assert week.steps()["oak", "ann"] == "housed_elsewhere"
    assert week.table("lettings")[0]["undone_on"] == day(10)
    assert week.status("elm") == "closed"
    week.advert("fir", bids="ann", opens=11, closes=13.5).run(until=14)
    assert week.steps()["fir", "ann"] == "proposed"


def test_a_check_before_letting_is_asked_once_the_offer_is_accepted() -> None:
    """Missing: held; failed: passing over is proposed; approved: the offer ends."""
    week = offered("checks: {papers: {label: x, before: let}}").outcome(8, "accepted", "elm", "ann")
    week.run(until=8)
    assert week.held() == [("elm", "ann", "papers")]
    week.check("ann", "papers", "refused", since=9, id="r").run(until=9)
    assert (week.held(), week.proposed()) == ([], [("bypass", "elm", "ann", "papers")])
    week.approve(10, "bypass", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "ann"): "bypassed", ("elm", "bob"): "proposed"}
    assert week.passed() == [("elm", "ann", "papers")]


def test_an_approved_offer_waits_for_a_check_that_ran_out_meanwhile() -> None:
    """Held until another result; nobody else is asked."""
    week = Week("checks: {verified: {label: x}}").households("ann bob")
    week.check("ann", "verified", until=day(8), id="a").check("bob", "verified")
    week.advert("elm", bids="ann bob").approve(9, "offer", "elm", "ann").run(until=9)
    assert (week.steps(), week.held()) == (
        {("elm", "ann"): "proposed"}, [("elm", "ann", "verified")],
    )
    week.check("ann", "verified", since=10, id="b").run(until=10)
    assert (week.steps(), week.held()) == ({("elm", "ann"): "offered"}, [])


def test_a_direct_let_is_proposed_approved_and_let_beside_bids() -> None:
    """By its own route, with its kind."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}").household("ann")
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h",
                                  kind="decant", on=day(5))
    week.run(until=5)
    assert week.proposed() == [("direct_let", None, "ann", "decant")]
    week.approve(6, "direct_let", None, "ann").outcome(7, "accepted", None, "ann", home="h")
    week.outcome(8, "signed", None, "ann", home="h").run(until=8)
    (letting,) = week.table("lettings")
    assert (letting["route"], letting["kind"], letting["home"]) == ("direct", "decant", "h")


def test_a_direct_let_that_is_not_permitted_is_listed_with_the_reason() -> None:
    """And nothing is proposed."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}").household("ann")
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h",
                                  kind="favour", on=day(5)).run(until=5)
    assert week.proposed() == []
    (told,) = week.cycle.telling["direct_lets_refused"]
    assert (told["id"], told["finding"]) == ("d1", "no_such_kind")


DECANT = "direct_lets: {decant: {label: x, permitted_by: s.159, part_6: false}}"


@pytest.mark.parametrize(
    ("status", "part_6", "finding"),
    [
        ("active", True, None), ("under_offer", True, None), ("suspended", True, "not_active"),
        ("awaiting_review", True, "not_active"), ("suspended", False, None),
        ("housed", True, "application_over"), ("housed", False, "application_over"),
        ("closed", False, "application_over"),
    ],
)
def test_who_may_be_let_to_directly_turns_on_the_application_and_on_part_6(
    status: str, part_6: bool, finding: str | None
) -> None:
    """Who is not listed with the reason, is proposed."""
    kind = DECANT if not part_6 else DECANT.replace("part_6: false", "part_6: true")
    week = Week(kind).household("ann", status=status).add("homes", id="h")
    week.add("direct_lets", id="d1", application="ann", home="h", kind="decant", on=day(5))
    week.run(until=5)
    told = [row["finding"] for row in week.cycle.telling.get("direct_lets_refused", [])]
    assert told == ([] if finding is None else [finding])
    assert bool(week.proposed()) is (finding is None)


def test_a_household_housed_by_a_bid_is_not_let_a_home_directly() -> None:
    """The register still has it as active; the record knows better."""
    week = Week(DECANT).household("ann").advert("elm", bids="ann").let("elm", "ann", 7).run(until=9)
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h",
                                  kind="decant", on=day(10)).run(until=10)
    (told,) = week.cycle.telling["direct_lets_refused"]
    assert (told["finding"], week.proposed()) == ("application_over", [])


def test_a_direct_let_ends_when_the_application_is_closed_before_it_is_offered() -> None:
    """An application that is over is offered nothing, approved or not."""
    week = Week(DECANT).household("ann").add("homes", id="h")
    week.add("direct_lets", id="d1", application="ann", home="h", kind="decant", on=day(5))
    week.run(until=5)
    week.household("ann", status="closed").run(until=6)
    assert (week.steps(), week.proposed()) == ({(None, "ann"): "bypassed"}, [])


def test_the_rung_of_a_home_lapses_when_it_is_let_directly() -> None:
    """And is proposed again when that letting falls through."""
    week = Week("advertising: {ladder: [{step: readvertise, label: x}]}\n" + DECANT).household("ann")
    week.advert("elm").run(until=7)
    assert week.proposed() == [("rung", "elm", None, "readvertise")]
    week.add("direct_lets", id="d1", application="ann", home="home elm", kind="decant", on=day(8))
    week.approve(8, "direct_let", None, "ann").outcome(8, "accepted", None, "ann", home="home elm")
    week.outcome(9, "signed", None, "ann", home="home elm").run(until=9)
    assert (week.proposed(), week.proposed("lapsed")) == ([], [("rung", "elm", None, "readvertise")])
    week.outcome(10, "undone", None, "ann", home="home elm").run(until=10)
    assert week.proposed() == [("rung", "elm", None, "readvertise")]


def test_a_direct_let_waits_for_its_checks() -> None:
    """As an offer by a bid does."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}\n"
                "checks: {verified: {label: x, must_pass: true}}").household("ann")
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h",
                                  kind="decant", on=day(5))
    week.approve(6, "direct_let", None, "ann").run(until=7)
    assert week.steps() == {(None, "ann"): "proposed"}
    assert week.held() == [(None, "ann", "verified")]
    week.check("ann", "verified", since=8).run(until=8)
    assert (week.steps(), week.held()) == ({(None, "ann"): "offered"}, [])


PAPERS = "checks: {papers: {label: x, hold: {days: 2}}}\n"


def two_direct_lets() -> Week:
    """Of one household, approved on the 6th; each waits for papers up to the 8th."""
    week = Week(PAPERS + "offers: {one_at_a_time: false}\n" + DECANT).household("ann")
    for home in ("h1", "h2"):
        week.add("homes", id=home).add("direct_lets", id=f"d {home}", application="ann", home=home,
                                       kind="decant", on=day(5))
        week.approve(6, "direct_let", None, "ann", home=home)
    return week


def test_direct_lets_of_one_household_are_held_each_by_its_offer_with_its_deadline() -> None:
    """One ends with its offer, and the other goes on."""
    week = two_direct_lets().run(until=7)
    assert [(h["advert"], h["offer"], h["reason"], h["until"]) for h in week.table("holds")] == [
        (None, "h1/ann/1", "papers", day(8)), (None, "h2/ann/1", "papers", day(8)),
    ]
    week.outcome(8, "withdrew", None, "ann", home="h1").run(until=8)
    assert [h["ended_on"] for h in week.table("holds")] == [day(8), None]


def test_a_direct_let_held_too_long_is_proposed_for_passing_over_and_may_be_left_to_wait() -> None:
    """Declined it waits on, without a deadline; approved its offer ends."""
    week = two_direct_lets().run(until=9)
    assert week.proposed() == [("bypass", None, "ann", "papers")] * 2
    week.decline(10, "bypass", None, "ann", home="h1").approve(10, "bypass", None, "ann", home="h2")
    week.run(until=10)
    assert [(h["offer"], h["until"]) for h in week.table("holds") if h["ended_on"] is None] == [
        ("h1/ann/1", None)]
    assert [(o["home"], o["ended_by"]) for o in week.table("offers")] == [
        ("h1", None), ("h2", "bypassed")]


def test_a_home_freed_by_a_move_can_be_let_again() -> None:
    """Let on record in June, freed by its household's own move, and advertised."""
    week = Week().households("ann bob").advert("elm", bids="ann").let("elm", "ann").run(until=9)
    week.add("applications", id="ann2", status="active", band="B", priority_date=day(1),
             current_home="home elm")
    week.advert("oak", bids="ann2", opens=10, closes=12.5)
    week.let("oak", "ann2", on=13, tenancy_ends=True).run(until=15)
    week.advert("elm2", bids="bob", home="home elm", opens=16, closes=18.5).run(until=18)
    assert week.steps()["elm2", "bob"] == "proposed"
    assert moment(16).date() == day(16)

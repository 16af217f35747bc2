"""A household that is held keeps its place: nobody below it is offered the home meanwhile."""

from __future__ import annotations

import pytest

from cbl_engine.errors import PropertyError, TableError
from cbl_engine.offers import events as e
from cbl_engine.offers.properties import verify
from cbl_engine.offers.record import Record
from tests.offers.week import Week, day

CHECKED = "checks: {verified: {label: x, before: invited, MORE}}\n"
VIEWING = "offers: {viewing: {label: x, together: N, within: {days: 9}}}\n"
NAMED = """
landlords: {acorn: {label: x}}
nominations: {label: x, answer: {days: 9}, at_once: 2}
"""


def viewed(more: str = "hold: {days: 5}", together: int = 2) -> Week:
    """Ann has not been checked, bob and cat have; bob has seen the home by the 8th."""
    week = Week(CHECKED.replace("MORE", more) + VIEWING.replace("N", str(together)))
    week.households("ann bob cat dan").advert("elm", bids="ann bob cat dan")
    for name in ("bob", "cat", "dan"):
        week.check(name, "verified")
    week.approve(7, "offer", "elm", "bob").outcome(8, "viewed", "elm", "bob")
    return week.run(until=8)


def named() -> Week:
    """Ann has not been checked; bob was named and its landlord accepted it on the 8th."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 5}") + NAMED).households("ann bob cat")
    week.advert("elm", bids="ann bob cat", landlord="acorn")
    week.check("bob", "verified").check("cat", "verified")
    week.approve(7, "offer", "elm", "bob").outcome(8, "landlord_accepted", "elm", "bob")
    return week.run(until=8)


def test_a_home_is_not_offered_to_who_came_while_somebody_above_is_held() -> None:
    """Ann's check has five days; nobody below bob is invited meanwhile either."""
    week = viewed().run(until=11)
    assert week.held() == [("elm", "ann", "verified")]
    assert week.steps() == {("elm", "bob"): "attended"}


def test_who_is_cleared_in_time_is_invited_though_another_came_and_the_highest_gets_it() -> None:
    """Ann comes and is offered the home; bob waits on."""
    week = viewed().check("ann", "verified", since=9).run(until=9)
    assert week.held() == []
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "proposed"}
    week.approve(10, "offer", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "invited"}
    week.outcome(11, "viewed", "elm", "ann").run(until=11)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "offered"}


def test_who_came_is_offered_the_home_when_the_one_above_does_not_come() -> None:
    """Ann was cleared and invited."""
    week = viewed().check("ann", "verified", since=9).approve(9, "offer", "elm", "ann").run(until=9)
    week.outcome(10, "absent", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "bob"): "offered", ("elm", "ann"): "absent"}


def test_the_deadline_of_the_hold_limits_the_wait() -> None:
    """Then passing over is proposed, and decides."""
    week = viewed().run(until=12)
    assert (week.held(), week.proposed()) == ([], [("bypass", "elm", "ann", "verified")])
    assert week.steps() == {("elm", "bob"): "attended"}
    week.approve(14, "bypass", "elm", "ann").run(until=14)
    assert week.steps() == {("elm", "bob"): "offered"}


def test_in_unattended_mode_the_home_goes_on_the_day_the_hold_is_over() -> None:
    """Passing over by a check needs no officer there."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 5}") + VIEWING.replace("N", "2"),
                unattended=True)
    week.households("ann bob").advert("elm", bids="ann bob").check("bob", "verified")
    week.outcome(8, "viewed", "elm", "bob").run(until=11)
    assert week.steps() == {("elm", "bob"): "attended"}
    assert week.run(until=12).steps() == {("elm", "bob"): "offered"}


@pytest.mark.parametrize(("decision", "step"), [("approved", "offered"), ("declined", "attended")])
def test_passing_over_that_is_not_decided_keeps_the_home(decision: str, step: str) -> None:
    """Declined, it is held for another result."""
    week = viewed("missing: bypass").run(until=20)
    assert week.proposed() == [("bypass", "elm", "ann", "verified")]
    assert week.steps() == {("elm", "bob"): "attended"}
    week.outcome(21, decision, "elm", "ann", act="bypass", by="Olu").run(until=21)
    assert week.steps() == {("elm", "bob"): step}


def test_who_stands_below_the_first_who_came_is_not_waited_for() -> None:
    """Ann and cat came, bob between them is held: ann is offered the home, and cat waits for bob."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 9}") + VIEWING.replace("N", "3"))
    week.households("ann bob cat dan").advert("elm", bids="ann bob cat dan")
    for name in ("ann", "cat", "dan"):
        week.check(name, "verified").approve(7, "offer", "elm", name)
    week.bid("elm", "dan").outcome(8, "viewed", "elm", "ann").outcome(8, "viewed", "elm", "cat")
    week._new["outcomes"] = [o for o in week._new["outcomes"] if o["application"] != "dan"]
    week.run(until=8)
    assert week.steps() == {("elm", "ann"): "offered", ("elm", "cat"): "attended"}
    week.outcome(9, "withdrew", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "withdrew", ("elm", "cat"): "attended"}
    week.check("bob", "verified", since=10).approve(10, "offer", "elm", "bob").run(until=10)
    assert week.steps()["elm", "bob"] == "invited"
    assert ("elm", "dan") not in week.steps()


def test_of_like_homes_one_is_kept_for_who_is_held_and_the_other_goes_on() -> None:
    """Ann is held; bob gets the first home, cat waits with the second."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 9}") + VIEWING.replace("N", "2"))
    week.households("ann bob cat dan")
    for number in (1, 2):
        week.add("homes", id=f"g{number}", home_group="g")
    week.advert("elm", bids="ann bob cat dan", home_group="g")
    for name in ("bob", "cat", "dan"):
        week.check(name, "verified").approve(7, "offer", "elm", name)
        week.outcome(8, "viewed", "elm", name)
    week.run(until=8)
    assert week.steps() == {
        ("elm", "bob"): "offered", ("elm", "cat"): "attended", ("elm", "dan"): "attended",
    }
    week.check("ann", "verified", since=9).approve(9, "offer", "elm", "ann").run(until=9)
    assert week.offer("elm", "ann")["step"] == "invited"
    assert week.offer("elm", "ann")["home"] == week.offer("elm", "cat")["home"]
    week.outcome(10, "viewed", "elm", "ann").run(until=10)
    assert week.steps()["elm", "ann"] == "offered"


def test_of_those_named_to_a_landlord_nobody_overtakes_who_is_held() -> None:
    """Bob is accepted while ann is held: it waits; ann is named once it is cleared."""
    week = named()
    assert week.steps() == {("elm", "bob"): "attended"}
    week.check("ann", "verified", since=9).approve(9, "offer", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "nominated"}
    week.outcome(10, "landlord_accepted", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "offered"}


def test_who_was_accepted_is_offered_the_home_when_the_landlord_rejects_the_one_above() -> None:
    """Or the hold runs out."""
    week = named().check("ann", "verified", since=9).approve(9, "offer", "elm", "ann").run(until=9)
    week.outcome(10, "landlord_rejected", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "bob"): "offered", ("elm", "ann"): "landlord_rejected"}
    late = named().approve(14, "bypass", "elm", "ann").run(until=14)
    assert late.steps() == {("elm", "bob"): "offered"}


def test_one_who_is_accepted_while_another_above_waits_for_approval_is_not_offered_the_home() -> None:
    """Ann was cleared that morning."""
    week = Week(CHECKED.replace("MORE", "hold: {days: 5}") + NAMED).households("ann bob cat")
    week.advert("elm", bids="ann bob cat", landlord="acorn").check("bob", "verified")
    week.approve(7, "offer", "elm", "bob").check("ann", "verified", since=8).run(until=8)
    assert week.steps() == {("elm", "bob"): "nominated", ("elm", "ann"): "proposed"}
    week.outcome(9, "landlord_accepted", "elm", "bob").run(until=9)
    assert week.steps() == {("elm", "bob"): "attended", ("elm", "ann"): "proposed"}


def test_a_tie_of_those_who_came_is_not_settled_while_somebody_above_is_held() -> None:
    """Bob and cat are equals; ann above them is held."""
    week = Week("profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}\n"
                + CHECKED.replace("MORE", "hold: {days: 5}") + VIEWING.replace("N", "3"))
    week.household("ann", band="A").households("bob cat").advert("elm", bids="ann bob cat")
    for name in ("bob", "cat"):
        week.check(name, "verified").approve(7, "offer", "elm", name)
        week.outcome(8, "viewed", "elm", name)
    week.run(until=8)
    assert week.proposed() == []
    week.outcome(9, "chosen", "elm", "cat", by="Olu")
    with pytest.raises(TableError, match="nothing of the kind tie"):
        week.run(until=9)


def test_who_is_not_on_the_list_any_more_is_not_waited_for() -> None:
    """Ranked on the day: ann, held for a fact, turns out not to be eligible."""
    week = Week("criteria: {is_local: {label: x, when: local, when_unknown: hold}}\n"
                "eligible: [is_local]\n" + VIEWING.replace("N", "2").replace(
                    "{viewing", "{order: offer, viewing"))
    week.household("ann").household("bob", local=True).advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "bob").outcome(8, "viewed", "elm", "bob").run(until=8)
    assert (week.held(), week.steps()) == (
        [("elm", "ann", "is_local")], {("elm", "bob"): "attended"})
    week.add("applications", id="ann", status="active", local=False, band="B").run(until=9)
    assert (week.held(), week.steps()) == ([], {("elm", "bob"): "offered"})


def test_a_home_offered_past_somebody_who_is_held_breaks_property_3() -> None:
    """What the record said before: bob came, and was offered the home."""
    week = viewed()
    moved = e.OfferMoved(on=day(8), offer="elm/bob/1", step="offered")
    with pytest.raises(PropertyError) as error:
        verify(week.scheme, Record(), week.record, [*week.events, moved], week.rows,
               range(1, len(week.events) + 2))
    assert error.value.number == 3


def test_of_equals_who_came_the_one_who_meets_a_target_that_is_behind_comes_first() -> None:
    """Ann was local when both were invited; the others wait, so there is nobody to choose from."""
    week = Week("""
criteria: {is_local: {label: x, when: local, when_unknown: hold}}
profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}
local_lettings_plans:
  plan: {label: x, targets: [{label: x, criterion: is_local, share: 1}]}
""" + VIEWING.replace("N", "2"))
    week.households("ann bob", local=True).advert("elm", bids="ann bob", local_lettings_plan="plan")
    for name in ("ann", "bob"):
        week.approve(7, "offer", "elm", name).outcome(8, "viewed", "elm", name)
    week._new["outcomes"], came = week._new["outcomes"][::2], week._new["outcomes"][1::2]
    week.run(until=7)
    assert week.steps() == {("elm", "ann"): "invited", ("elm", "bob"): "invited"}
    week.household("ann", local=False)
    week._new["outcomes"] += came
    week.run(until=8)
    assert week.proposed() == []
    assert week.steps() == {("elm", "ann"): "attended", ("elm", "bob"): "offered"}

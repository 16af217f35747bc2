"""Cases that officers know, and a naive engine gets wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.offers.week import Week, day

FRAUD = "checks: {fraud: {label: x, must_pass: true, SECOND}}"
ACTIVE = "criteria: {active: {label: x, when: status = 'active'}}\neligible: [active]"
NEED = """
facts: {children: {label: x, count: people, where: age >= 0 and age < 18}}
criteria: {has_child: {label: x, when: children > 0}}
eligible: [has_child]
offers: {judged_at: {has_child: STEP}, passing_over: {other: Other}}
"""


def test_a_band_raised_after_the_close_ranks_only_where_the_scheme_says() -> None:
    """As at the close it changes nothing; ranked on the day it takes the next offer."""
    for order, second in (("close", "bob"), ("offer", "cat")):
        week = Week(f"offers: {{order: {order}, passing_over: {{other: Other}}}}")
        week.households("ann bob cat").advert("elm", bids="ann bob cat").run(until=6)
        week.add("applications", id="cat", status="active", band="A", priority_date=day(1))
        week.decline(7, "offer", "elm", "ann", reason="other").run(until=7)
        assert week.steps()["elm", second] == "proposed"


@pytest.mark.parametrize("step", ["invited", "offered", "let"])
def test_a_birthday_between_close_and_offer(step: str) -> None:
    """The only child is of age on the 7th, the day on which bob would be asked.

    Without viewing, a fact judged at the invitation is judged no more; at the offer or at signing
    it is.
    """
    week = Week(NEED.replace("STEP", step)).households("ann bob cat")
    for name, born in (("ann", 2015), ("bob", 2006), ("cat", 2015)):
        week.add("people", id=f"kid of {name}", application=name, date_of_birth=date(born, 6, 7))
    week.advert("elm", bids="ann bob cat")
    week.decline(7, "offer", "elm", "ann", reason="other").run(until=7)
    asked = "bob" if step == "invited" else "cat"
    assert week.steps()["elm", asked] == "proposed"


def test_a_birth_between_close_and_offer_changes_nothing_that_was_judged_at_the_close() -> None:
    """Not eligible at the close: on no list, whatever is born after."""
    week = Week(NEED.replace("STEP", "offered")).households("ann")
    week.add("people", id="kid", application="ann", expected_on=day(7)).advert("elm", bids="ann")
    week.run(until=6)
    week.add("people", id="kid", application="ann", date_of_birth=day(7)).run(until=8)
    assert (week.steps(), week.status("elm")) == ({}, "unlet")


def test_a_household_suspended_before_its_offer_is_approved_goes_no_further() -> None:
    """Passed over by the rule; the proposal lapses, and the next is asked."""
    week = Week().households("ann bob").advert("elm", bids="ann bob").run(until=6)
    week.add("applications", id="ann", status="suspended", band="B").run(until=7)
    assert week.steps() == {("elm", "ann"): "outranked", ("elm", "bob"): "proposed"}
    assert week.passed() == [("elm", "ann", "not_active")]


def test_a_household_suspended_while_nobody_had_approved_its_offer_comes_back_to_a_list_not_let() -> None:
    """Nobody else is left, and ann is active again before the next rung is decided."""
    week = Week("advertising: {ladder: [{label: Again, step: readvertise}]}").household("ann")
    week.advert("elm", bids="ann").run(until=6)
    week.add("applications", id="ann", status="suspended", band="B").run(until=8)
    assert week.status("elm") == "unlet"
    week.add("applications", id="ann", status="active", band="B").run(until=10)
    assert week.offer("elm", "ann")["step"] == "proposed"
    assert ("offer", "elm", "ann", None) in week.proposed("lapsed")


def test_a_household_suspended_after_it_was_offered_the_home_keeps_the_offer() -> None:
    """To take it back is a decision: its acceptance stands, and signing waits for an officer."""
    week = Week().households("ann bob").advert("elm", bids="ann bob")
    week.approve(7, "offer", "elm", "ann").run(until=7)
    week.add("applications", id="ann", status="suspended", band="B")
    week.outcome(8, "accepted", "elm", "ann").run(until=8)
    assert week.steps() == {("elm", "ann"): "accepted"}
    assert week.proposed() == [("bypass", "elm", "ann", "not_active")]
    week.decline(9, "bypass", "elm", "ann").outcome(10, "signed", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "ann"): "let"}


def test_a_register_that_says_under_offer_because_of_this_offer_stops_nothing() -> None:
    """The council's own system changed the status meanwhile."""
    week = Week().households("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.run(until=7).add("applications", id="ann", status="under_offer", band="B")
    week.outcome(8, "accepted", "elm", "ann").outcome(9, "signed", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "let"}


def test_a_register_that_says_housed_because_of_this_offer_stops_nothing() -> None:
    """It says so before the signing is told; one that closes the application stops it."""
    week = Week().households("ann bob").advert("elm", bids="ann bob").approve(7, "offer", "elm", "ann")
    week.outcome(8, "accepted", "elm", "ann").run(until=8)
    week.add("applications", id="ann", status="housed", band="B").run(until=9)
    assert (week.steps(), week.proposed()) == ({("elm", "ann"): "accepted"}, [])
    week.outcome(10, "signed", "elm", "ann").run(until=10)
    assert week.steps() == {("elm", "ann"): "let"}


def test_a_register_of_the_weeks_end_says_housed_from_the_signing_on() -> None:
    """It comes with the week's approval, acceptance and signing; until then the status on record stands."""
    def came(what: str, **options: Any) -> Week:
        week = Week().households("ann bob").advert("elm", bids="ann bob").run(until=6)
        week.add("applications", id="ann", status="housed", band="B", priority_date=day(1))
        week.approve(7, "offer", "elm", "ann").outcome(8, what, "elm", "ann")
        return week.outcome(9, "signed", "elm", "ann").run(until=9, **options)

    assert came("accepted").steps() == {("elm", "ann"): "let"}
    # She did not sign, so that she was housed otherwise.
    week = came("withdrew", keep_going=True)
    assert [row["status"] for row in week.record.tables["applications"].to_dicts()] == ["housed", "active"]
    assert [row["clash"] for row in week.cycle.quarantined] == ["after_the_end"]


@pytest.mark.parametrize("first", [2, 6, None])
def test_a_register_of_the_weeks_end_says_under_offer_from_the_approval_on(first: int | None) -> None:
    """Until then she is active and on the list, whenever the record began."""
    week = Week(ACTIVE).household("bob").advert("elm", bids="ann bob")
    if first is not None:
        week.household("ann", band="A").run(until=first)
    week.household("ann", status="under_offer", band="A").approve(7, "offer", "elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "offered"}
    assert {row["id"]: row["status"] for row in week.table("applications")} == {
        "ann": "under_offer", "bob": "active"}


def test_what_a_register_of_the_weeks_end_empties_of_those_housed_is_as_it_was_until_the_signing() -> None:
    """Band and dates rank her, and are those of her letting; the home she had is the one she frees."""
    week = Week(ACTIVE).household("ann", band="A", current_home="old").household("bob")
    week.advert("elm", bids="bob ann").run(until=2)
    week.add("applications", id="ann", status="housed", current_home="home elm")
    week.let("elm", "ann", tenancy_ends=True).run(until=9)
    (letting,) = week.table("lettings")
    assert (letting["band"], letting["priority_date"], letting["bedroom_need"], letting["freed_home"]) == (
        "A", date(2020, 1, 1), 2, "old")
    (ann,) = (row for row in week.table("applications") if row["id"] == "ann")
    assert (ann["status"], ann["band"], ann["current_home"]) == ("housed", None, "home elm")


def test_a_household_that_a_consequence_suspended_was_active_until_it_was_approved() -> None:
    """The register of the week's end says so of the day she was offered the home, too."""
    week = Week(
        "consequences: {pause: {label: x, suspend_months: 3}}\noffers: {refusals: {one: {label: x, after: 1, then: pause}}}"
    ).household("ann").advert("elm", bids="ann").run(until=6)
    week.add("applications", id="ann", status="suspended", band="B").approve(7, "offer", "elm", "ann")
    week.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.approve(9, "consequence", None, "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "refused"}
    assert [row["consequence"] for row in week.table("consequences")] == ["pause"]


@pytest.mark.parametrize("first", [2, 6, None])
def test_an_advert_that_is_withdrawn_by_the_weeks_end_was_open_until_the_day_it_was(first: int | None) -> None:
    """What came before the withdrawal stands, and it is withdrawn once."""
    week = Week().households("ann bob")
    if first is not None:
        week.advert("elm", bids="ann bob").run(until=first)
    week.advert("elm", bids="ann bob", status="withdrawn")
    week.approve(7, "offer", "elm", "ann").outcome(8, "refused", "elm", "ann")
    week.outcome(9, "advert_withdrawn", "elm").run(until=10)
    assert week.steps() == {("elm", "ann"): "refused", ("elm", "bob"): "advert_withdrawn"}
    assert week.kinds().count("advert_unlet") == 1
    assert [row["status"] for row in week.table("adverts")] == ["withdrawn"]


def test_homes_that_were_regrouped_are_offered_to_nobody_else_and_the_advert_is_told() -> None:
    """No home without a name is let in their place; an offer that was made goes on."""
    week = Week("offers: {passing_over: {other: x}}").households("ann bob cat")
    for home in ("g1", "g2"):
        week.add("homes", id=home, home_group="G", bedrooms=2)
    week.advert("elm", bids="ann bob cat", home_group="G").run(until=6)
    for home in ("g1", "g2"):
        week.add("homes", id=home, home_group="H", bedrooms=2)
    week.decline(7, "offer", "elm", "bob", reason="other").let("elm", "ann").run(until=9)
    assert week.steps() == {("elm", "ann"): "let", ("elm", "bob"): "declined"}
    assert [row["home"] for row in week.table("lettings")] == ["g1"]
    assert week.cycle.telling == {"adverts_without_homes": [{"advert": "elm", "home_group": "G"}]}


def test_one_person_on_two_applications_is_housed_once() -> None:
    """Joint applicant on one, applicant on the other: both are off every list."""
    week = Week().households("ann joint bob")
    week.add("people", id="1", application="ann", identity="x", relationship="applicant")
    week.add("people", id="2", application="joint", identity="y", relationship="applicant")
    week.add("people", id="3", application="joint", identity="x", joint_applicant=True,
             relationship="partner")
    week.advert("elm", bids="ann").advert("oak", bids="joint bob", closes=10.5)
    week.let("elm", "ann").run(until=10)
    assert week.steps()["oak", "bob"] == "proposed"
    assert ("oak", "joint") not in week.steps()


def test_a_child_on_both_parents_applications_does_not_house_the_other_parent() -> None:
    """The child is no tenant."""
    week = Week().households("mum dad")
    for n, parent in enumerate(("mum", "dad")):
        week.add("people", id=f"p{n}", application=parent, identity=parent,
                 relationship="applicant")
        week.add("people", id=f"c{n}", application=parent, identity="child", relationship="child")
    week.advert("elm", bids="mum").advert("oak", bids="dad", closes=10.5)
    week.let("elm", "mum").run(until=10)
    assert week.steps()["oak", "dad"] == "proposed"
    assert week.table("lettings")[0]["shares_tenant"] == []


def test_an_adult_child_who_stays_is_no_tenant_of_either() -> None:
    """Named on the parents' application and an applicant of its own."""
    week = Week().households("parents son")
    week.add("people", id="1", application="parents", identity="p", relationship="applicant")
    week.add("people", id="2", application="parents", identity="s", relationship="child")
    week.add("people", id="3", application="son", identity="s", relationship="applicant")
    week.advert("elm", bids="parents").let("elm", "parents").run(until=9)
    assert week.table("lettings")[0]["shares_tenant"] == []


def test_one_of_two_joint_tenants_moves_and_the_old_tenancy_goes_on() -> None:
    """Nothing is freed."""
    week = Week().household("ann", current_home="old").advert("elm", bids="ann")
    week.let("elm", "ann", tenancy_ends=False).run(until=9)
    assert week.table("lettings")[0]["freed_home"] is None


def test_fraud_verification_has_no_bypass() -> None:
    """Nothing puts right what must be passed: not declining, not time, not unattended mode."""
    week = Week(FRAUD.replace("SECOND", "hold: {days: 1}"), unattended=True).households("ann bob")
    week.check("bob", "fraud").advert("elm", bids="ann bob").run(until=6)
    assert week.steps() == {}
    week.run(until=8)
    assert week.steps() == {("elm", "bob"): "offered"}
    assert week.passed() == [("elm", "ann", "fraud")]


def test_a_declared_interest_needs_a_second_officer() -> None:
    """A result confirmed by nobody, or by the same, does not count."""
    week = Week(FRAUD.replace("SECOND", "second_officer: true")).households("ann")
    week.check("ann", "fraud", id="a", by="Olu").check("ann", "fraud", id="b", by="Olu",
                                                         confirmed_by="Olu")
    week.advert("elm", bids="ann").run(until=6)
    assert week.held() == [("elm", "ann", "fraud")]
    week.check("ann", "fraud", since=7, id="c", by="Olu", confirmed_by="Kim").run(until=7)
    assert week.steps() == {("elm", "ann"): "proposed"}


def test_a_check_about_one_home_stops_that_home_alone() -> None:
    """Risk is about a person and a place."""
    week = Week("checks: {clear: {label: x, of: home, officer_held: true}}").households("ann bob")
    week.check("ann", "clear", id="a").check("bob", "clear", id="b")
    week.check("ann", "clear", "not_for_this_home", id="n", home="home elm")
    week.advert("elm", bids="ann bob").advert("oak", bids="ann").run(until=6)
    assert week.steps() == {("oak", "ann"): "proposed", ("elm", "bob"): "proposed"}


def test_what_officers_hold_back_is_marked_so_in_the_record() -> None:
    """For whoever writes to others."""
    week = Week("checks: {clear: {label: x, officer_held: true}}").households("ann bob")
    week.check("ann", "clear", "refused", id="a").check("bob", "clear", id="b")
    week.advert("elm", bids="ann bob").approve(7, "bypass", "elm", "ann").run(until=7)
    (passed,) = week.table("passed_over")
    assert passed["officer_held"] is True

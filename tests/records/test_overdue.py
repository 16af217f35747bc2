"""What is waited for, since when and of whom; and times that were not kept."""

from __future__ import annotations

import pytest

from cbl_engine.errors import TableError
from cbl_engine.packs.happened import of_record
from cbl_engine.records.overdue import BREACHES, WAITS, breaches, waits
from cbl_engine.records.waiting import form
from cbl_engine.scheme import scheme_from_text
from tests.offers.week import HEAD, PROFILES, Week, day

NOMINATED = """
landlords: {acorn: {label: x}}
nominations: {label: x, answer: {days: 2}, send: {days: 1}}
"""


def nominated(on: int = 7) -> Week:
    week = Week(NOMINATED).households("ann bob").advert("elm", bids="ann bob", landlord="acorn")
    return week.approve(on, "offer", "elm", "ann")


def waiting(week: Week) -> list[dict]:
    return waits(week.record.tables, week.record.as_at, week.scheme).to_dicts()


def late(week: Week) -> list[dict]:
    return breaches(week.record.tables, week.scheme, week.record.as_at).to_dicts()


def test_a_decision_waits_for_the_council_since_it_was_proposed():
    week = Week().household("ann").advert("elm", bids="ann").run(until=9)
    (row,) = waiting(week)
    assert (row["waits_for"], row["owner"], row["since"], row["days"]) == (
        "decision", "council", day(6), 3)
    assert (row["what"], row["due_on"], row["days_over"]) == (
        "offer: approved or declined", None, None)


def accepted_for_review(**decision) -> Week:
    week = Week("offers: {final: {label: x, when: z, duties: [main], suitability: s, warning: s}}\n"
                "checks: {s: {label: x}}\ncriteria: {z: {label: x, when: \"band = 'B'\"}}")
    week.household("ann").check("ann", "s", by="Olu").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann")
    week.outcome(8, "accepted", "elm", "ann", review_requested=True)
    week.outcome(9, "signed", "elm", "ann")
    if decision:
        week.add("officer_decisions", id="r", application="ann", subject="homelessness_review",
                 stage="decision", **decision)
    return week.run(until=20)


def test_a_review_of_suitability_waits_for_the_council_until_it_is_decided_signed_or_not():
    (row,) = waiting(accepted_for_review())
    assert (row["id"], row["waits_for"], row["owner"], row["since"]) == (
        "elm/ann/1/review", "review", "council", day(8))
    assert row["due_on"] == day(8 + 55)
    (row,) = waiting(accepted_for_review(due_on=day(30)))
    assert row["due_on"] == day(30)
    assert waiting(accepted_for_review(decided_on=day(8))) == []
    (row,) = waiting(accepted_for_review(decided_on=day(7)))
    assert row["waits_for"] == "review"


def test_a_landlords_result_is_its_own_and_overdue_the_day_after_the_last():
    week = nominated().run(until=9)
    row = waiting(week)[0]
    assert (row["waits_for"], row["owner"], row["due_on"], row["days_over"]) == (
        "the landlord's result", "acorn", day(9), None)
    assert late(week) == []
    week.run(until=12)
    assert waiting(week)[0]["days_over"] == 3
    (row,) = late(week)
    assert (row["owner"], row["offer"], row["due_on"], row["done_on"], row["days_over"]) == (
        "acorn", "elm/ann/1", day(9), None, 3)


def test_a_result_that_came_late_is_still_a_breach_with_the_days_it_was_late():
    week = nominated().outcome(13, "landlord_accepted", "elm", "ann").run(until=20)
    (row,) = late(week)
    assert (row["due_on"], row["done_on"], row["days_over"]) == (day(9), day(13), 4)
    assert "acorn" not in [r["owner"] for r in waiting(week)]


def two_named() -> Week:
    """Both are named on the 7th; bob is on offer from the 8th, and ann's landlord answers on the 11th."""
    week = Week(NOMINATED.replace("send: {days: 1}", "at_once: 2")).households("ann bob")
    week.advert("elm", bids="ann bob", landlord="acorn")
    week.approve(7, "offer", "elm", "ann").approve(7, "offer", "elm", "bob")
    week.outcome(8, "landlord_accepted", "elm", "bob").outcome(11, "landlord_accepted", "elm", "ann")
    return week


def test_a_result_on_who_waits_for_another_to_answer_came_on_its_own_day_whatever_becomes_of_it():
    week = two_named().outcome(12, "accepted", "elm", "bob").outcome(15, "signed", "elm", "bob").run(until=15)
    assert (week.offer("elm", "ann")["ended_by"], week.offer("elm", "ann")["viewed_on"]) == ("not_chosen", None)
    (row,) = late(week)
    assert (row["offer"], row["due_on"], row["done_on"], row["days_over"]) == ("elm/ann/1", day(9), day(11), 2)


def test_who_waits_for_another_to_answer_is_told_to_wait_since_its_landlords_result():
    with pytest.raises(TableError, match="offer elm/ann/1 is attended since 2024-06-11"):
        two_named().outcome(12, "accepted", "elm", "ann").run(until=12)


def test_no_result_of_a_landlord_is_told_of_a_nomination_that_ended_without_one():
    week = nominated().outcome(8, "withdrew", "elm", "ann").approve(9, "offer", "elm", "bob")
    week.outcome(10, "landlord_rejected", "elm", "bob").run(until=12)
    named = of_record(week.record, week.scheme).nominations.sort("application")
    assert named.select("application", "named_on", "result_on").rows() == [
        ("ann", day(7), None), ("bob", day(9), day(10))]


def test_a_household_named_too_late_is_the_councils_breach():
    week = nominated(10).run(until=10)
    (row,) = late(week)
    assert (row["owner"], row["what"], row["due_on"], row["done_on"], row["days_over"]) == (
        "council", "nomination", day(7), day(10), 3)


def test_the_decision_on_a_nomination_is_overdue_after_the_last_day_to_send_it():
    """And the council's breach, named since or not; nothing is proposed for it."""
    week = Week(NOMINATED).households("ann bob").advert("elm", bids="ann bob", landlord="acorn")
    week.run(until=7)
    (row,) = waiting(week)
    assert (row["waits_for"], row["due_on"], row["days_over"], late(week)) == (
        "decision", day(7), None, [])
    week.run(until=9)
    (row,) = waiting(week)
    assert (row["owner"], row["due_on"], row["days_over"]) == ("council", day(7), 2)
    (row,) = late(week)
    assert (row["what"], row["offer"], row["advert"], row["due_on"], row["done_on"],
            row["days_over"]) == ("nomination", None, "elm", day(7), None, 2)
    week.approve(10, "offer", "elm", "ann").run(until=10)
    (row,) = late(week)
    assert (row["offer"], row["done_on"], row["days_over"]) == ("elm/ann/1", day(10), 3)


def test_a_second_nomination_and_a_home_of_the_councils_own_have_no_last_day():
    """`send` is about the first household named for a home of a landlord nominated to."""
    week = Week(NOMINATED).households("ann bob").advert("elm", bids="ann bob", landlord="acorn")
    week.advert("oak", bids="bob", landlord="birch").approve(7, "offer", "elm", "ann")
    week.outcome(8, "landlord_rejected", "elm", "ann").run(until=12)
    assert [row["due_on"] for row in waiting(week)] == [None] * len(waiting(week))
    assert {row["advert"] for row in waiting(week)} >= {"oak"}
    assert late(week) == []


def test_a_home_is_named_for_in_time_to_the_landlord_it_has_whether_its_advert_repeats_it_or_not():
    week = Week(NOMINATED).households("ann bob")
    week.add("homes", id="home 1", bedrooms=2, landlord="acorn")
    week.advert("elm", bids="ann", home="home 1")
    week.add("homes", id="home 2", bedrooms=2, landlord="acorn", home_group="mews")
    week.advert("oak", bids="bob", home_group="mews").run(until=9)
    assert [(r["advert"], r["due_on"], r["days_over"]) for r in waiting(week)] == [
        ("elm", day(7), 2), ("oak", day(7), 2)]
    assert [(r["owner"], r["advert"], r["due_on"]) for r in late(week)] == [
        ("council", "elm", day(7)), ("council", "oak", day(7))]


def test_answers_viewings_and_signings_name_who_is_to_act():
    week = Week("offers: {answer: {days: 2}, viewing: {label: x, within: {days: 2}}}")
    week.household("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann").run(until=8)
    assert [(r["waits_for"], r["owner"], r["since"]) for r in waiting(week)] == [
        ("viewing", "ann", day(7))]
    week.outcome(9, "viewed", "elm", "ann").run(until=12)
    first = waiting(week)[0]
    assert (first["waits_for"], first["owner"], first["days_over"]) == ("answer", "ann", 1)


def test_a_hold_is_told_with_its_last_day():
    week = Week("checks: {papers: {label: x, hold: {days: 3}}}")
    week.household("ann").advert("elm", bids="ann").run(until=7)
    (row,) = waiting(week)
    assert (row["waits_for"], row["what"], row["since"], row["due_on"]) == (
        "hold", "papers", day(6), day(9))


def test_nothing_is_waited_for_in_a_record_where_nothing_happened():
    week = Week().household("ann").run(until=3)
    tables = week.record.tables
    assert dict(waits(tables, week.record.as_at).schema) == WAITS
    assert dict(breaches(tables, week.scheme, week.record.as_at).schema) == BREACHES
    assert waiting(week) == late(week) == []


def test_a_consequence_that_the_scheme_has_no_longer_is_said_to_wait_for_being_declined_alone():
    """On the list and in the form; not where the version of the day it was proposed has it, or a later one."""
    rules = ("consequences: {OUT: {label: x, suspend_months: 3}}\n"
             "offers: {refusals: {one: {label: x, after: 1, then: OUT}}}")
    week = Week(rules.replace("OUT", "out")).household("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.run(until=9)
    assert [row["what"] for row in waiting(week)] == ["consequence (out) for refusing elm/ann/1: approved or declined"]
    week.scheme = Week(rules.replace("OUT", "off")).scheme
    said = "consequence (out) for refusing elm/ann/1: declined, for the scheme has it no longer"
    assert [row["what"] for row in waiting(week)] == [said]
    assert form(week.record.tables, week.scheme, day(9))["waits_for"].to_list() == [f"{said}; since 2024-06-08"]
    old, new = (HEAD + PROFILES + rules.replace("OUT", name) for name in ("out", "off"))
    for first, last in ((old, new), (new, old)):
        week.scheme = scheme_from_text([("a.yaml", first.replace("2020-01-01", "2020-01-01, until: 2024-06-10")),
                                        ("b.yaml", last.replace("2020-01-01", "2024-06-10"))])
        assert [row["what"] for row in waiting(week)] == ["consequence (out) for refusing elm/ann/1: approved or declined"]


def test_each_row_of_the_form_names_the_one_thing_that_it_decides():
    """Direct lets of one household by their homes, duties and consequences by their names."""
    week = Week("direct_lets: {moved: {label: x, permitted_by: y, part_6: false}}\n"
                "offers: {final: {label: x, when: z, duties: [main, relief], suitability: s, warning: s}}\n"
                "checks: {s: {label: x, when: z}}\ncriteria: {z: {label: x, when: \"band = 'A'\"}}")
    week.household("ann").household("bob", band="A").check("bob", "s", by="Olu")
    for home in ("one", "two"):
        week.add("homes", id=home, bedrooms=2)
        week.add("direct_lets", id=home, application="ann", home=home, kind="moved", on=day(3), by="Olu")
    for kind in ("main", "relief"):
        week.add("duties", application="bob", kind=kind, since=day(1))
    week.advert("elm", bids="bob").approve(7, "offer", "elm", "bob")
    week.outcome(8, "refused", "elm", "bob", reasonable=False, by="Olu").run(until=8)
    asked = form(week.record.tables)
    assert asked.select("act", "home", "reason").rows() == [
        ("direct_let", "one", None), ("direct_let", "two", None),
        ("duty_may_end", None, "main"), ("duty_may_end", None, "relief")]
    assert waiting(week)[0]["what"] == "direct_let (moved) of home one: approved or declined"
    for row in asked.drop("waits_for", "on", "what", "by").to_dicts():
        week.add("outcomes", on=day(9), what="approved", by="Olu", **row)
    week.run(until=9)
    assert {(p["act"], p["what"]) for p in week.table("proposals") if p["status"] == "open"} == set()

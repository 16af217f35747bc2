"""Proposals and decisions, and outcomes that clash with the record."""

from __future__ import annotations

import pytest

from cbl_engine.errors import TableError
from cbl_engine.scheme.load import scheme_from_text
from tests.offers.week import HEAD, PROFILES, Week, day

CHECKED = "checks: {verified: {label: x, must_pass: MUST, officer_held: true}}"
PASSING = "offers: {passing_over: {unsafe: Not safe there}}"


def offered(scheme: str = "", **options) -> Week:
    """One home, proposed to ann on the 6th, offered on the 7th."""
    week = Week(scheme, **options).households("ann bob").advert("elm", bids="ann bob")
    return week.approve(7, "offer", "elm", "ann")


def clash(week: Week, until: int = 9) -> str:
    """The kind of the one clash that stops a run."""
    record = week.record
    with pytest.raises(TableError) as stopped:
        week.run(until=until)
    assert week.record is record
    (problem,) = stopped.value.problems
    assert problem.where.startswith(("outcomes.", "checks."))
    return problem.kind


def test_nothing_binding_is_done_before_it_is_decided() -> None:
    """Proposed on the 6th, and so it stays."""
    week = Week().households("ann").advert("elm", bids="ann").run(until=25)
    assert week.steps() == {("elm", "ann"): "proposed"}
    assert week.proposed() == [("offer", "elm", "ann", None)]


def test_a_decision_has_a_name_a_day_and_a_reason() -> None:
    """Words that the scheme does not list stay with the outcome."""
    week = Week(PASSING).households("ann").advert("elm", bids="ann")
    week.decline(8, "offer", "elm", "ann", reason="unsafe", by="Olu").run(until=8)
    (proposal,) = week.table("proposals")
    assert {n: proposal[n] for n in ("status", "decided_on", "by", "automated", "reason")} == {
        "status": "declined", "decided_on": day(8), "by": "Olu", "automated": False,
        "reason": "unsafe",
    }
    (passed,) = week.table("passed_over")
    assert (passed["kind"], passed["by"], passed["evidence"]) == ("officer", "Olu", "o001")


def test_an_officer_passes_over_only_for_reasons_that_the_scheme_lists() -> None:
    """Inside Part 6 only the scheme allocates; its clause on exceptions may be named."""
    week = Week(PASSING).households("ann").advert("elm", bids="ann").run(until=6)
    assert clash(week.decline(7, "offer", "elm", "ann", reason="I know them")) == "no_such_reason"
    week = Week("offers: {discretion: Clause 9}").households("ann").advert("elm", bids="ann")
    week.decline(7, "offer", "elm", "ann", reason="discretion").run(until=7)
    assert week.passed() == [("elm", "ann", "discretion")]


def test_a_proposal_lapses_with_what_it_was_about() -> None:
    """The advert was withdrawn before anybody decided."""
    week = Week().households("ann").advert("elm", bids="ann").outcome(7, "advert_withdrawn", "elm")
    week.run(until=7)
    assert week.proposed("lapsed") == [("offer", "elm", "ann", None)]
    assert clash(week.approve(8, "offer", "elm", "ann")) == "after_the_end"


def test_unattended_approves_offers_checks_and_rungs_by_nobody() -> None:
    """Marked as automated; ties, refusals, silence and consequences wait as ever."""
    week = Week("checks: {verified: {label: x}}\n"
                "advertising: {ladder: [{label: x, step: readvertise}]}", unattended=True)
    week.households("ann bob").check("ann", "verified", "refused", id="a")
    week.check("bob", "verified", id="b").advert("elm", bids="ann bob").advert("oak").run(until=6)
    assert week.steps() == {("elm", "bob"): "offered"}
    decided = [(p["act"], p["status"], p["by"], p["automated"]) for p in week.table("proposals")]
    assert sorted(decided) == [
        ("bypass", "approved", None, True), ("offer", "approved", None, True),
        ("rung", "approved", None, True),
    ]
    week.outcome(7, "refused", "elm", "bob").run(until=7)
    assert week.proposed() == [("refusal_counts", "elm", "bob", None)]


def test_unattended_leaves_silence_to_people() -> None:
    """No reply in time."""
    week = Week("offers: {answer: {days: 1}}", unattended=True).households("ann")
    week.advert("elm", bids="ann").run(until=9)
    assert week.proposed() == [("bypass", "elm", "ann", "no_reply")]


def test_unattended_is_off_unless_asked_for_and_the_cycle_says_which() -> None:
    """In the event that begins it."""
    week = Week().advert("elm").run(until=6).run(until=7, unattended=True)
    said = [event.unattended for event in week.events if event.kind == "cycle_begun"]
    assert said == [False, True]


def test_an_acceptance_of_an_offer_that_was_never_made() -> None:
    """Bob was offered nothing."""
    assert clash(offered().outcome(8, "accepted", "elm", "bob")) == "no_such_offer"


def test_a_decision_on_what_was_not_proposed() -> None:
    """No tie, no consequence."""
    assert clash(offered().approve(8, "consequence", household="ann")) == "no_such_proposal"


def test_an_answer_at_a_step_where_there_is_nothing_to_answer() -> None:
    """Signed before it was accepted."""
    assert clash(offered().outcome(8, "signed", "elm", "ann")) == "wrong_step"


def test_an_acceptance_after_the_offer_was_withdrawn_names_what_ended_it() -> None:
    """With the day and the way it ended."""
    week = offered().outcome(8, "offer_withdrawn", "elm", "ann")
    week.outcome(9, "accepted", "elm", "ann")
    with pytest.raises(TableError, match="elm/ann/1 ended on 2024-06-08: offer_withdrawn"):
        week.run(until=9)
    assert clash(week) == "after_the_end"


def test_an_offer_that_was_approved_is_withdrawn_though_it_still_waits_for_a_check() -> None:
    """A direct let; what nobody approved is declined."""
    week = Week("checks: {papers: {label: x, before: offered}}\n"
                "direct_lets: {decant: {label: x, permitted_by: s.159, part_6: false}}").household("bob")
    week.add("homes", id="h1", bedrooms=2)
    week.add("direct_lets", id="d", application="bob", home="h1", kind="decant", on=day(5), by="Olu")
    week.run(until=6).outcome(7, "offer_withdrawn", None, "bob", by="Olu")
    with pytest.raises(TableError, match="h1/bob/1 is proposed since 2024-06-05, and nobody approved it: decline"):
        week.run(until=7)
    week._new.clear()
    week.approve(7, "direct_let", None, "bob").run(until=7)
    assert (week.steps()[None, "bob"], week.held()) == ("proposed", [(None, "bob", "papers")])
    week.outcome(8, "offer_withdrawn", None, "bob", by="Olu").run(until=8)
    assert (week.offer(None, "bob")["ended_by"], week.held()) == ("offer_withdrawn", [])


def test_an_acceptance_of_a_home_that_is_let_by_now() -> None:
    """A tenancy on record, begun the day before."""
    week = offered().run(until=7)
    week.add("tenancies", id="t", home="home elm", start=day(8))
    assert clash(week.outcome(9, "accepted", "elm", "ann")) == "home_let"


def test_a_home_on_offer_to_one_household_is_not_offered_to_another_meanwhile() -> None:
    """Two direct lets of one home: the second waits, and cannot be accepted."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}").households("ann bob")
    week.add("homes", id="h")
    for n, household in enumerate(("ann", "bob")):
        week.add("direct_lets", id=f"d{n}", application=household, home="h", kind="decant",
                 on=day(2))
        week.approve(3, "direct_let", None, household)
    week.outcome(4, "accepted", None, "ann", home="h").run(until=5)
    assert week.steps() == {(None, "ann"): "accepted", (None, "bob"): "attended"}
    assert clash(week.outcome(6, "accepted", None, "bob", home="h")) == "wrong_step"


def test_a_home_named_by_an_officer_that_another_is_offered() -> None:
    """Of a group of two."""
    week = Week().households("ann bob")
    for home in ("h1", "h2"):
        week.add("homes", id=home, home_group="court")
    week.advert("elm", bids="ann bob", home_group="court").approve(7, "offer", "elm", "ann")
    week.run(until=7)
    assert clash(week.approve(8, "offer", "elm", "bob", home="h1")) == "home_let"


def test_an_outcome_dated_after_the_day_the_run_ends_on() -> None:
    """And a check that begins after it."""
    assert clash(offered().outcome(20, "accepted", "elm", "ann")) == "in_the_future"
    assert clash(offered().check("ann", "verified", since=20)) == "in_the_future"


def test_an_outcome_of_a_day_that_is_closed() -> None:
    """Dated on the record's own day."""
    week = offered().run(until=8).outcome(8, "accepted", "elm", "ann")
    assert clash(week) == "before_the_state"


def test_a_decision_without_a_name() -> None:
    """Of any kind."""
    week = Week().households("ann").advert("elm", bids="ann").run(until=6)
    assert clash(week.approve(7, "offer", "elm", "ann", by=None)) == "no_officer"
    week = offered().outcome(8, "refused", "elm", "ann", reasonable=False)
    assert clash(week) == "no_officer"


def test_a_second_officer_who_is_the_first() -> None:
    """However written."""
    week = Week().households("ann").advert("elm", bids="ann").run(until=6)
    assert clash(week.approve(7, "offer", "elm", "ann", second_by="OLU ")) == "own_second"


@pytest.mark.parametrize(
    "short",
    [
        {"attempts": 1, "channels": 2, "adjustments_checked": True},
        {"attempts": 3, "channels": 1, "adjustments_checked": True},
        {"attempts": 3, "channels": 2},
    ],
)
def test_no_contact_with_less_than_was_asked_for(short: dict) -> None:
    """Attempts, channels, adjustments."""
    week = offered("offers: {contact: {label: x, attempts: 3, channels: 2}}")
    assert clash(week.outcome(8, "no_contact", "elm", "ann", **short)) == "contact_short"


def test_no_contact_while_there_is_time_to_answer() -> None:
    """Three days from the 7th."""
    week = offered("offers: {contact: {label: x, within: {days: 3}, adjustments_checked: false}}")
    assert clash(
        week.outcome(9, "no_contact", "elm", "ann", attempts=1, channels=1)
    ) == "contact_short"


def test_chosen_names_one_who_is_not_among_the_equals() -> None:
    """Cat stands below the tie."""
    week = Week("profiles: {only: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}")
    week.households("ann bob").household("cat", band="C").advert("elm", bids="ann bob cat")
    assert clash(week.outcome(7, "chosen", "elm", "cat", by="Olu")) == "not_next"


def two_offers() -> Week:
    """Ann has two offers at once."""
    week = Week("offers: {one_at_a_time: false}").households("ann bob")
    return week.advert("elm", bids="ann bob").advert("oak", bids="ann bob").run(until=6)


def test_a_decision_that_may_be_about_several_offers_clashes_and_lists_them() -> None:
    """Nothing is approved by guessing; the advert says which."""
    week = two_offers().approve(7, "offer", None, "ann")
    with pytest.raises(TableError, match=r"P\d+ \(advert elm\), P\d+ \(advert oak\)"):
        week.run(until=7)
    assert clash(week, 7) == "which_one"
    week = two_offers().approve(7, "offer", "oak", "ann").run(until=7)
    assert week.steps() == {("elm", "ann"): "proposed", ("oak", "ann"): "offered"}


def test_without_an_advert_the_one_that_is_open_is_meant() -> None:
    """The other was decided."""
    week = two_offers().approve(7, "offer", "oak", "ann").approve(8, "offer", None, "ann")
    assert week.run(until=8).steps() == {("elm", "ann"): "offered", ("oak", "ann"): "offered"}


def test_an_answer_that_may_be_about_several_direct_lets_clashes() -> None:
    """The home says which."""
    week = Week("offers: {one_at_a_time: false}\n"
                "direct_lets: {decant: {label: x, permitted_by: s.159}}").household("ann")
    for home in ("h1", "h2"):
        week.add("homes", id=home).add("direct_lets", id=f"d {home}", application="ann", home=home,
                                       kind="decant", on=day(5))
        week.approve(6, "direct_let", None, "ann", home=home)
    week.run(until=6).outcome(7, "accepted", None, "ann")
    with pytest.raises(TableError, match=r"h1/ann/1 \(home h1\), h2/ann/1 \(home h2\)"):
        week.run(until=7)
    assert clash(week, 7) == "which_one"


def test_a_check_that_must_be_passed_stops_declining_and_signing() -> None:
    """And the message does not tell which check officers hold back."""
    week = Week(CHECKED.replace("MUST", "true")).households("ann").check("ann", "verified", "refused")
    week.advert("elm", bids="ann")
    assert clash(week.decline(7, "bypass", "elm", "ann")) == "hard_stop"
    week = Week(CHECKED.replace("MUST", "true")).households("ann")
    week.check("ann", "verified", until=day(9), id="a").advert("elm", bids="ann")
    week.let("elm", "ann")
    with pytest.raises(TableError, match="officer-held reason") as stopped:
        week.run(until=9)
    assert "verified" not in str(stopped.value)
    assert clash(week) == "hard_stop"


def test_all_clashes_of_all_days_are_told_at_once() -> None:
    """Each with the event it clashes with, and the earlier ones that it may follow from."""
    week = offered().outcome(8, "accepted", "elm", "bob").outcome(8, "signed", "elm", "ann")
    week.outcome(9, "signed", "elm", "ann").outcome(9, "viewed", "oak", "cat")
    week.outcome(30, "refused", "elm", "ann").check("cat", "verified", since=29, id="late")
    before = week.record
    with pytest.raises(TableError) as stopped:
        week.run(until=9)
    told = {p.where: (p.kind, p.message) for p in stopped.value.problems}
    assert {where: kind for where, (kind, _) in told.items()} == {
        "outcomes.o006": "in_the_future", "checks.late": "in_the_future",
        "outcomes.o002": "no_such_offer", "outcomes.o003": "wrong_step",
        "outcomes.o004": "wrong_step", "outcomes.o005": "no_such_offer",
    }
    assert told["outcomes.o004"][1] == (
        "signed on 2024-06-09 (advert elm, application ann): offer elm/ann/1 is offered since "
        "2024-06-07; may follow from outcomes.o006, outcomes.o003, outcomes.o002"
    )
    assert "may follow from checks.late" in told["outcomes.o005"][1]
    assert week.record is before


def test_keep_going_leaves_out_what_clashes_and_says_so() -> None:
    """The rest is done; the event names the outcome."""
    week = offered(keep_going=True).outcome(8, "accepted", "elm", "bob")
    week.outcome(8, "accepted", "elm", "ann").outcome(30, "signed", "elm", "ann")
    week.check("ann", "verified", since=29, id="late").run(until=9)
    assert week.steps() == {("elm", "ann"): "accepted"}
    assert [(q["outcome"], q["clash"]) for q in week.cycle.quarantined] == [
        ("o004", "in_the_future"), ("late", "in_the_future"), ("o002", "no_such_offer"),
    ]
    assert [e.outcome for e in week.events if e.kind == "quarantined"] == ["o004", "late", "o002"]
    assert "checks" not in week.record.tables


def test_messages_name_ids_and_never_facts() -> None:
    """The reason given in words is not repeated."""
    week = offered().outcome(8, "refused", "elm", "bob", reason="she has a secret")
    with pytest.raises(TableError) as stopped:
        week.run(until=8)
    assert "secret" not in str(stopped.value)


def test_a_result_of_a_check_that_the_scheme_has_not_clashes() -> None:
    """Its name would count for nothing: with another letter a refusal was no bar to a letting."""
    week = Week(CHECKED.replace("MUST", "true")).household("ann").check("ann", "Verified", "refused", id="c1")
    with pytest.raises(TableError, match="the scheme has no check 'Verified'; it has verified"):
        week.run(until=7)
    assert clash(week, 7) == "no_such_check"
    week = Week(CHECKED.replace("MUST", "true"), keep_going=True).household("ann")
    week.check("ann", "Verified", "refused", id="c1")
    assert week.run(until=7).cycle.quarantined[0]["clash"] == "no_such_check"


REFUSED_ONCE = ("consequences: {OUT: {label: x, suspend_months: 3}}\n"
                "offers: {refusals: {one: {label: x, after: 1, then: OUT}}}\n")
OLD, NEW = (HEAD + PROFILES + REFUSED_ONCE.replace("OUT", name) for name in ("out", "off"))


def refused_once(**options) -> Week:
    """A consequence was proposed on the 8th."""
    week = Week(REFUSED_ONCE.replace("OUT", "out"), **options).household("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    return week.run(until=8).approve(9, "consequence", household="ann")


def test_a_consequence_of_the_version_before_begins_as_it_was_proposed() -> None:
    """The scheme of the day it is approved has another."""
    week = refused_once()
    week.scheme = scheme_from_text([
        ("a.yaml", OLD.replace("2020-01-01", "2020-01-01, until: 2024-06-09")),
        ("b.yaml", NEW.replace("2020-01-01", "2024-06-09")),
    ])
    held = week.run(until=9).table("consequences")
    assert [(c["consequence"], c["status"], c["until"]) for c in held] == [
        ("out", "suspended", day(9).replace(month=9))]


def test_a_consequence_that_no_version_has_any_more_clashes() -> None:
    """It may be declined."""
    week = refused_once()
    week.scheme = scheme_from_text(NEW)
    assert clash(week, 9) == "no_such_consequence"
    week = refused_once(keep_going=True)
    week.scheme = scheme_from_text(NEW)
    assert week.run(until=9).proposed() == [("consequence", None, "ann", "out")]
    assert week.decline(10, "consequence", household="ann").run(until=10).proposed() == []


@pytest.mark.parametrize(("what", "then"), [("approve", "approved"), ("undo", "lapsed")])
def test_a_scheme_that_begins_after_the_proposal_decides_by_its_own_version(what: str, then: str) -> None:
    """The consequence of the 8th is in the file that begins on the 9th: it begins, or lapses."""
    week = Week(REFUSED_ONCE.replace("OUT", "out")).household("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.run(until=8).scheme = scheme_from_text(OLD.replace("2020-01-01", "2024-06-09"))
    if what == "approve":
        week.approve(9, "consequence", household="ann")
    else:
        week.outcome(9, "undone", "elm", "ann", act="refusal_counts", by="Mo")
    assert week.run(until=9).proposed(then)[-1] == ("consequence", None, "ann", "out")


def test_what_neither_the_day_nor_a_scheme_before_the_proposal_has_clashes() -> None:
    """Of the day of the proposal there is no version at all: the row is named, and may be left out."""
    week = refused_once()
    week.scheme = scheme_from_text(NEW.replace("2020-01-01", "2024-06-09"))
    assert clash(week, 9) == "no_such_consequence"

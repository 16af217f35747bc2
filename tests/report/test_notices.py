"""Letters on bids and offers: what was done, why, by which clause, and nothing of anybody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.report import draft_notice, letter_page, notices_due
from cbl_engine.report.undone import outcomes_of, undone_by_officers
from tests.offers.week import Week, day, moment

FINAL = """
sources: {P: {title: Policy}}
criteria: {in_band_a: {label: x, when: "band = 'A'"}}
checks: {suitable: {label: Suitable}, warned: {label: Warned}}
consequences: {out: {label: Out for a while, suspend_months: 6, source: P 9}}
offers:
  source: P 5
  answer: {days: 3, source: P 6}
  reasons: {too_far: Too far from work}
  refusals: {two: {label: Two refusals, after: 2, then: out, source: P 9}}
  final: {label: x, when: in_band_a, duties: [DUTY], suitability: suitable, warning: warned}
"""
RULES = FINAL[:FINAL.index("  final:")].replace("checks: {suitable: {label: Suitable}, warned: {label: Warned}}\n", "")
HELD = """
checks:
  clearance: {label: Clearance of one kind, officer_held: true, hold: {days: 2}}
  fraud: {label: Another kind, officer_held: true, hold: {days: 2}, second_officer: false}
  papers: {label: Papers seen, source: P 4, hold: {days: 2}}
sources: {P: {title: Policy}}
"""


def due(week: Week) -> list[str]:
    return notices_due(week.record, week.scheme)["notice"].to_list()


def letter(week: Week, notice: str):
    return draft_notice(week.record, week.scheme, notice)


def words(week: Week, notice: str) -> str:
    return " ".join(letter(week, notice).text().split())


def offered(scheme: str = RULES, **facts) -> Week:
    week = Week(scheme).household("ann", **facts).household("bob")
    week.advert("elm", bids="ann bob", home="the home")
    week.add("homes", id="the home", bedrooms=2, property_type="flat", area="north", rent_weekly=99.5)
    week.add("areas", id="north", name="Northside", level="ward")
    return week.approve(7, "offer", "elm", "ann")


def passed_over(checks: dict[str, str], until: int = 12) -> Week:
    """Ann has these results of checks and is passed over for the home, by an officer."""
    week = Week(HELD).household("ann").household("bob").advert("elm", bids="ann bob")
    for check in ("clearance", "fraud", "papers"):
        week.check("bob", check)
        if check in checks:
            week.check("ann", check, checks[check])
    return week.approve(until - 2, "bypass", "elm", "ann").run(until=until)


def test_an_offer_says_which_home_by_when_to_answer_and_what_a_refusal_leads_to():
    week = offered().run(until=7)
    assert "offer/elm/ann/1" in due(week)
    text = words(week, "offer/elm/ann/1")
    assert "We offer you a flat with 2 bedrooms in Northside." in text
    assert "Rent: £99.50 a week" in text
    assert "accept or refuse this home, by 10 June 2024. [Policy, 6]" in text
    assert "an officer decides whether the home is offered to somebody else" in text
    assert "does not count: [Policy, 5] - Too far from work." in text
    assert "Two refusals: after 2 refusals that count since it registered" in text
    assert "Refusals of yours that count so far: 0" in text
    assert "You may ask us to review this decision." in text
    assert "This is a final offer" not in text


def test_a_letter_is_a_draft_with_blanks_for_what_nobody_recorded():
    drafted = letter(offered().run(until=7), "offer/elm/ann/1")
    assert drafted.as_dict()["draft"] is True
    assert "address of the home" in drafted.blanks
    assert "service charge a week" in drafted.blanks
    assert "name and post of the officer" in drafted.blanks
    assert letter_page(drafted).count("<mark>[to fill in: ") == len(drafted.blanks)


def test_an_offer_that_was_answered_is_no_letter_any_more():
    week = offered().outcome(8, "accepted", "elm", "ann").run(until=8)
    assert not any(n.startswith("offer/") for n in due(week))


@pytest.mark.parametrize(
    ("duty", "said"),
    [
        ("main", "section 193(7) of the Housing Act 1996. [Housing Act 1996 section 193(7A)]"),
        ("relief", "the main housing duty will then not apply to you."),
        ("prevention", "[to fill in: under which section this is a final offer"),
    ],
)
def test_a_final_offer_carries_the_warning_of_its_duty_and_the_review_of_suitability(duty, said):
    week = offered(FINAL.replace("DUTY", duty), band="A")
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    week.add("duties", application="ann", kind=duty, since=day(1)).run(until=7)
    text = words(week, "offer/elm/ann/1")
    assert "This is a final offer." in text
    assert said in text
    assert "whether this home is suitable for you, whether or not you accept it." in text
    assert "before the end of 21 days, beginning with the day on which you are told" in text
    assert "An officer decides whether a refusal ends a duty" in text


def test_an_invitation_to_view_says_by_when_and_is_no_offer():
    week = Week("offers: {viewing: {label: x, within: {days: 2}}}").household("ann")
    week.advert("elm", bids="ann").approve(7, "offer", "elm", "ann").run(until=7)
    text = words(week, "viewing/elm/ann/1")
    assert "Come to view it by 9 June 2024." in text
    assert "This is no offer yet." in text


def test_a_final_offer_is_warned_of_before_it_is_made():
    week = offered(FINAL.replace("DUTY", "main"), band="A")
    week._new["outcomes"].clear()
    week.run(until=7)
    assert week.held() == [("elm", "ann", "suitable")]
    text = words(week, "warning/elm/ann")
    assert "If we do, it is a final offer." in text
    assert "This is no offer yet." in text
    assert "purposes of section 193(7)" in text


def test_households_stopped_by_different_officer_held_checks_get_the_same_letter():
    """Refused by one, by another, by both, referred or missing: equal to the byte."""
    clear = {"clearance": "cleared", "fraud": "cleared", "papers": "cleared"}
    kinds = [
        clear | {"clearance": "refused"}, clear | {"fraud": "refused"},
        clear | {"clearance": "not_for_this_home"},
        clear | {"clearance": "refused", "fraud": "refused"},
        clear | {"fraud": "refer"}, {"papers": "cleared"}, {"papers": "cleared", "fraud": "cleared"},
    ]
    told, listed = set(), set()
    for checks in kinds:
        week = passed_over(checks)
        listed.add(notices_due(week.record, week.scheme).filter(application="ann").write_csv())
        drafted = letter(week, "passed_over/elm/ann")
        told.add(drafted.text() + drafted.markdown() + letter_page(drafted) + str(drafted.as_dict()))
    (text,), (rows,) = told, listed
    assert "Officer-held reason." in text
    for word in ("clearance", "Clearance", "fraud", "Another kind"):
        assert word not in text + rows


def test_an_accepted_offer_or_a_direct_let_stopped_by_either_check_reads_the_same():
    scheme = """
checks:
  clearance: {label: Clearance of one kind, officer_held: true, before: let, hold: {days: 2}}
  fraud: {label: Another kind, officer_held: true, before: let, hold: {days: 2}}
direct_lets: {move: {label: Planned move, permitted_by: clause 9}}
"""
    told = set()
    for stopped, other in (("clearance", "fraud"), ("fraud", "clearance")):
        week = Week(scheme).household("ann").advert("elm", bids="ann")
        week.household("bob").add("homes", id="oak", bedrooms=2)
        week.add("direct_lets", id="D1", application="bob", home="oak", kind="move", on=day(7))
        for name in ("ann", "bob"):
            week.check(name, stopped, "refused", since=9).check(name, other)
        week.approve(7, "offer", "elm", "ann").outcome(8, "accepted", "elm", "ann")
        week.approve(8, "direct_let", None, "bob").outcome(9, "accepted", None, "bob")
        week.run(until=10)
        assert {p[:3] for p in week.proposed()} == {("bypass", "elm", "ann"), ("bypass", None, "bob")}
        week.approve(11, "bypass", "elm", "ann").approve(11, "bypass", None, "bob").run(until=11)
        own = [n for n in due(week) if n.startswith("passed_over/")]
        assert len(own) == 2
        told.add("".join(letter_page(letter(week, n)) for n in own))
    (text,) = told
    assert text.count("Officer-held reason.") == 2
    assert "learance" not in text


def test_passed_over_by_a_check_gives_its_words_and_clause():
    clear = {"clearance": "cleared", "fraud": "cleared"}
    drafted = letter(passed_over(clear | {"papers": "refused"}), "passed_over/elm/ann")
    text = " ".join(drafted.text().split())
    assert "Papers seen: not passed, or not there in time. [Policy, 4]" in text
    assert drafted.adverse == ("passed over",)
    assert "You may ask us to review this decision." in text


def test_passed_over_by_a_rule_or_an_officer_is_told_in_words():
    week = Week("offers: {passing_over: {wrong_home: The home does not fit}, one_at_a_time: true}")
    week.household("ann").advert("elm", bids="ann")
    week.decline(7, "offer", "elm", "ann", reason="wrong_home").run(until=8)
    assert "An officer decided: The home does not fit." in words(week, "passed_over/elm/ann")


def test_passed_over_while_under_offer_is_said_to_last_as_long_as_that():
    week = Week().household("ann").household("bob")
    week.advert("elm", bids="ann").advert("oak", bids="ann bob", closes=7.5)
    week.approve(6, "offer", "elm", "ann").run(until=8)
    text = words(week, "passed_over/oak/ann")
    assert "You were under consideration for another home on that day." in text
    assert "While this lasts you are passed over for this home." in text


def test_who_had_been_let_another_home_is_told_so_and_not_that_it_was_not_active():
    week = Week().household("ann").household("bob").advert("elm", bids="ann bob")
    week.advert("oak", bids="bob ann", closes=7.5).run(until=6)
    week.let("elm", "ann").approve(9, "offer", "oak", "bob").run(until=10)
    week.outcome(11, "refused", "oak", "bob").run(until=11)
    assert "Another home had been let to you, on 9 June 2024." in words(week, "passed_over/oak/ann")
    assert "not active" not in words(week, "passed_over/oak/ann")


def test_a_landlord_is_called_by_its_name():
    week = offered().add("landlords", id="L05", name="Acorn Homes")
    week.advert("oak", bids="bob", landlord="L05", opens=8, closes=9).run(until=10)
    week.approve(11, "offer", "oak", "bob").run(until=11)
    text = words(week, "offer/oak/bob/1")
    assert "Landlord: Acorn Homes" in text
    assert "L05" not in text


def test_a_landlords_silence_is_told_to_the_household_it_ended_an_offer_of():
    week = Week("landlords: {acorn: {label: x}}\nnominations: {label: x, answer: {days: 2}}")
    week.household("ann").advert("elm", bids="ann", landlord="acorn")
    week.approve(7, "offer", "elm", "ann").approve(10, "bypass", "elm", "ann").run(until=10)
    assert "The landlord gave no answer in the time allowed." in words(
        week, "passed_over/elm/ann/1")


def refusing() -> Week:
    week = Week(RULES).household("ann").household("rival")
    for n in range(2):
        start = 3 + 7 * n
        week.advert(f"elm{n}", bids="ann rival", opens=start, closes=start + 2.5)
        week.approve(start + 3, "offer", f"elm{n}", "ann")
        week.outcome(start + 4, "refused", f"elm{n}", "ann", reasonable=False, by="Olu")
    return week.approve(18, "consequence", household="ann").run(until=18)


def test_a_refusal_that_counts_and_what_follows_are_told_with_their_offers():
    week = refusing()
    text = words(week, "refusal/elm0/ann/1")
    assert "You refused the home on 7 June 2024." in text
    assert "Refusals of yours that count so far: 2" in text
    text = words(week, "consequence/ann/out/2024-06-18")
    assert "Out for a while, from 18 June 2024 until 18 December 2024" in text
    assert "the application is suspended for 6 months" in text
    assert "(offer elm0/ann/1): refused, ended on 7 June 2024" in text
    assert "[Policy, 9]" in text


def test_a_consequence_that_was_lifted_is_told_to_its_household():
    week = refusing().outcome(20, "undone", household="ann", act="consequence", by="Mo").run(until=20)
    text = words(week, "lifted/ann/out/2024-06-18")
    assert "Out for a while, which began on 18 June 2024, is lifted from 20 June 2024." in text
    assert "From 20 June 2024 it no longer keeps you from bidding for homes." in text
    assert "rival" not in text


def test_a_refusal_that_counts_no_longer_is_told_to_its_household():
    week = refusing()
    week.outcome(20, "undone", "elm0", "ann", act="refusal_counts", by="Mo", reasonable=True).run(until=20)
    assert "refusal/elm0/ann/1" not in due(week)
    text = words(week, "judged_anew/elm0/ann/1")
    assert "Your refusal of the home below was counted as a refusal under our scheme." in text
    assert "from 20 June 2024 it does not count" in text
    assert "ask us to review" in text
    assert "rival" not in text
    assert "refusal/elm1/ann/1" in due(week)


@pytest.mark.parametrize(("approved", "told"), [(True, True), (False, False)])
def test_a_refusal_is_told_to_count_no_longer_only_where_it_counted(approved, told):
    """An undoing of one that was found not to count clashes, and is left out."""
    week = offered().outcome(8, "refused", "elm", "ann")
    week.outcome(9, "approved" if approved else "declined", "elm", "ann", act="refusal_counts", by="Olu")
    week.outcome(10, "undone", "elm", "ann", act="refusal_counts", by="Mo").run(until=10, keep_going=True)
    assert bool(week.cycle.quarantined) is not approved
    assert ("judged_anew/elm/ann/1" in due(week)) is told


def test_a_silence_that_counted_as_a_refusal_is_told_to_count_no_longer():
    week = Week("offers: {answer: {days: 1}, silence: refused}").household("ann").household("bob")
    week.advert("elm", bids="ann bob").approve(7, "offer", "elm", "ann").run(until=9)
    week.approve(10, "bypass", "elm", "ann").run(until=10)
    week.outcome(11, "undone", "elm", "ann", act="refusal_counts", by="Mo").run(until=11)
    text = words(week, "judged_anew/elm/ann/1")
    assert "That you gave no answer to our offer of the home below was counted as a refusal" in text


@pytest.mark.parametrize("columns", [["id", "on", "what"], ["id", "on", "what", "application", "by"], None])
def test_outcomes_without_columns_of_decisions_undo_nothing(columns):
    """An office that only ever wrote viewings has no others."""
    given = pl.DataFrame({"id": ["x"], "on": [date(2024, 6, 1)], "what": ["viewed"], "application": ["ann"],
                          "by": ["Mo"]})
    tables = {} if columns is None else {"outcomes": given.select(columns)}
    assert undone_by_officers(tables, "consequence").is_empty()
    assert outcomes_of(tables).height == len(tables)


def test_the_letter_of_a_consequence_that_was_lifted_does_not_say_that_it_ends_by_itself():
    kept = words(refusing(), "consequence/ann/out/2024-06-18")
    assert ("it ends by itself" in kept, "lifted" in kept) == (True, False)
    week = refusing().outcome(20, "undone", household="ann", act="consequence", by="Mo").run(until=20)
    text = words(week, "consequence/ann/out/2024-06-18")
    assert "It was lifted from 20 June 2024: an officer decided so." in text
    assert "by itself" not in text
    assert "These refusals count:" in text


def test_a_refusal_that_was_judged_anew_is_told_to_count_no_longer_where_it_led_to_a_consequence():
    week = refusing().outcome(20, "undone", "elm0", "ann", act="refusal_counts", by="Mo").run(until=20)
    text = words(week, "consequence/ann/out/2024-06-18")
    assert "These refusals counted when it began:" in text
    assert "(offer elm0/ann/1): refused, ended on 7 June 2024. It counts no longer" in text
    assert text.count("counts no longer") == 1


def test_a_consequence_whose_time_was_over_is_not_told_to_be_lifted():
    """An outcome on the very day it ends of itself clashes, and nobody is told."""
    week = refusing().run(until=198)
    week.outcome(201, "undone", household="ann", act="consequence", by="Mo")
    week.run(until=201, keep_going=True)
    assert [q["clash"] for q in week.cycle.quarantined] == ["after_the_end"]
    assert "consequence/ann/out/2024-06-18" in due(week)
    assert not [n for n in due(week) if n.startswith("lifted/")]


def test_no_letter_names_another_household():
    week = refusing()
    own = notices_due(week.record, week.scheme).filter(application="ann")["notice"].to_list()
    assert len(own) == 3
    assert not any("rival" in letter_page(letter(week, n)) for n in own)


def sharing(until: int = 16) -> Week:
    """Ann signs for elm; sam's joint applicant is one of hers, and sam bids for oak."""
    week = Week(RULES).household("ann").household("sam").household("bob")
    for name, household in (("a", "ann"), ("s", "sam")):
        week.add("people", id=name, application=household, relationship="applicant", identity="i1")
    week.advert("elm", bids="ann").let("elm", "ann", on=7)
    week.advert("oak", bids="sam bob", opens=3, closes=12.5)
    return week.run(until=until)


def test_an_application_that_shares_a_tenant_with_a_letting_is_told_and_nothing_of_the_letting():
    week = sharing()
    own = notices_due(week.record, week.scheme).filter(application="sam")["notice"].to_list()
    assert "members/sam" in own
    said = words(week, "members/sam")
    assert "until it is settled with you who is on it" in said
    for notice in own:
        text = words(week, notice)
        assert not any(word in text for word in (" ann", "elm", "Another home", "not active", "let to you"))
    assert "members/ann" not in due(week)
    closed = sharing().add("applications", id="sam", status="closed", band="B").run(until=17)
    assert "members/sam" not in due(closed)


def test_an_offer_lost_until_members_are_settled_is_told_and_nothing_of_the_letting():
    week = Week(RULES).household("ann").household("sam")
    for name, household in (("a", "ann"), ("s", "sam")):
        week.add("people", id=name, application=household, relationship="applicant", identity="i1")
    week.advert("elm", bids="ann").advert("oak", bids="sam")
    week.approve(7, "offer", "oak", "sam").let("elm", "ann", on=8).run(until=10)
    text = words(week, "withdrawn/oak/sam/1")
    assert "our offer of the home below was withdrawn" in text
    assert "It has to be settled with you first who is on your application." in text
    assert not any(word in text for word in (" ann", "elm", "let another"))


def test_letters_about_ids_with_strokes_are_kept_apart():
    week = Week("offers: {passing_over: {wrong_home: The home does not fit}}").household("7").household("1/7")
    week.advert("12", bids="1/7").advert("12/1", bids="7")
    for advert, household in (("12", "1/7"), ("12/1", "7")):
        week.decline(7, "offer", advert, household, reason="wrong_home")
    week.run(until=8)
    assert [n for n in due(week) if n.startswith("passed_over")] == [
        "passed_over/12%2F1/7", "passed_over/12/1%2F7"]


def test_who_was_passed_over_with_an_offer_that_had_been_made_is_not_told_that_it_ends():
    week = Week("offers: {viewing: {label: Viewing, together: 1}}").household("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").run(until=7)
    week.add("applications", id="ann", status="suspended", band="B")
    week.outcome(8, "viewed", "elm", "ann").run(until=8)
    assert week.steps()["elm", "ann"] == "bypassed"
    text = words(week, "passed_over/elm/ann")
    assert "Your application was not active on that day." in text
    assert "While this lasts" not in text


def test_a_review_that_was_asked_for_with_the_acceptance_is_acknowledged_until_it_is_answered():
    scheme = FINAL.replace("DUTY", "main")
    week = offered(scheme, band="A").add("duties", application="ann", kind="main", since=day(1))
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    week.outcome(8, "accepted", "elm", "ann", review_requested=True)
    week.outcome(10, "signed", "elm", "ann").run(until=10)
    text = words(week, "review/elm/ann/1")
    assert "You accepted the home below on 8 June 2024 and asked us to review" in text
    assert "We tell you what we decide by 2 August 2024, or by a later day" in text
    week.add("officer_decisions", id="r", application="ann", subject="homelessness_review",
             stage="decision", decided_on=day(20)).run(until=21)
    assert "review/elm/ann/1" not in due(week)


def test_that_a_duty_may_end_is_told_and_the_duty_goes_on():
    scheme = FINAL.replace("DUTY", "main")
    week = offered(scheme, band="A").add("duties", application="ann", kind="main", since=day(1))
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    week.outcome(8, "refused", "elm", "ann").approve(9, "duty_may_end", "elm", "ann").run(until=9)
    (notice,) = [n for n in due(week) if n.startswith("duty_may_end/")]
    text = words(week, notice)
    assert "may end our main duty to you. The duty has not ended by this letter." in text
    assert "Until then the duty goes on" in text


def refused_final_offer() -> Week:
    """Ann refused the final offer of elm, and an officer found that her duty may end."""
    week = offered(FINAL.replace("DUTY", "main"), band="A")
    week.add("duties", application="ann", kind="main", since=day(1))
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    return week.outcome(8, "refused", "elm", "ann").approve(9, "duty_may_end", "elm", "ann")


def test_that_a_duty_may_end_leaves_the_review_of_suitability_and_is_no_decision_on_an_allocation():
    week = refused_final_offer().run(until=9)
    (notice,) = [n for n in due(week) if n.startswith("duty_may_end/")]
    text = words(week, notice)
    assert "166A" not in text
    assert "You may ask us to review this decision" not in text
    assert "review whether this home is suitable for you" in text
    assert "before the end of 21 days, beginning with the day on which you were told of the offer" in text


def test_a_final_offer_beside_a_finding_that_the_duty_may_end_is_asked_about():
    week = refused_final_offer()
    week.advert("oak", bids="ann", opens=8, closes=10.5).approve(11, "offer", "oak", "ann").run(until=11)
    asked = [b for b in letter(week, "offer/oak/ann/1").blanks if "may be made" in b]
    assert asked == ["whether this final offer may be made: that the refusal of offer elm/ann/1 may end the "
                     "main duty was proposed on 8 June 2024 and is approved"]


@pytest.mark.parametrize("columns", [{}, {"since": day(1)}])
def test_the_warning_of_a_final_offer_is_drafted_without_days_of_duties(columns):
    week = offered(FINAL.replace("DUTY", "main"), band="A")
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    week.add("duties", application="ann", kind="main", **columns).run(until=7)
    duties = week.record.tables["duties"].select("application", "kind", *columns)
    week.record = replace(week.record, tables={**week.record.tables, "duties": duties})
    assert "section 193(7) of the Housing Act 1996" in words(week, "offer/elm/ann/1")


def test_a_household_that_accepted_is_told_that_the_offer_was_withdrawn():
    week = offered().outcome(8, "accepted", "elm", "ann").outcome(9, "offer_withdrawn", "elm", "ann").run(until=9)
    text = words(week, "withdrawn/elm/ann/1")
    assert "On 9 June 2024 our offer of the home below, which you had accepted, was withdrawn." in text
    assert "[to fill in: why the offer is withdrawn, and who decided it]" in text
    assert "You may ask us to review this decision" in text


def test_an_offer_that_waits_when_its_advert_is_withdrawn_is_told_to_be_withdrawn():
    week = offered().outcome(8, "advert_withdrawn", "elm").run(until=8)
    assert "our offer of the home below was withdrawn" in words(week, "withdrawn/elm/ann/1")


def test_a_letting_that_fell_through_is_told_to_its_household():
    week = offered().outcome(8, "accepted", "elm", "ann").outcome(9, "signed", "elm", "ann")
    week.outcome(10, "undone", "elm", "ann", reason="landlord").run(until=10)
    text = words(week, "withdrawn/elm/ann/1")
    assert "On 10 June 2024 the letting of the home below fell through" in text
    assert "You stay on the list for this home." in text


def test_an_invitation_that_is_withdrawn_is_told_and_a_proposal_that_nobody_was_told_of_is_not():
    week = Week("offers: {viewing: {label: x, within: {days: 2}}}").household("ann").household("bob")
    week.advert("elm", bids="ann").advert("oak", bids="bob")
    week.approve(7, "offer", "elm", "ann").outcome(8, "advert_withdrawn", "elm")
    week.outcome(8, "advert_withdrawn", "oak").run(until=8)
    assert [n for n in due(week) if n.startswith("withdrawn/")] == ["withdrawn/elm/ann/1"]
    assert "our invitation to view the home below was withdrawn" in words(week, "withdrawn/elm/ann/1")


def test_a_time_that_the_scheme_does_not_give_is_a_blank_to_confirm():
    week = offered(RULES.replace("answer: {days: 3, source: P 6}", "answer: {days: 3, illustrative: true}"))
    drafted = letter(week.run(until=7), "offer/elm/ann/1")
    assert "not the council" not in drafted.text() + letter_page(drafted)
    assert "confirm or change this, which the scheme does not give" in drafted.blanks


@pytest.mark.parametrize("until", [5, 8])
def test_a_bid_from_before_the_advert_was_put_right_is_told_to_be_void(until):
    week = Week().household("ann").advert("elm", bids="ann", corrected_at=moment(4.5)).run(until=until)
    text = words(week, "void_bid/elm/ann")
    assert "the advert was put right after you had bid" in text
    assert ("bid again before then" in text) == (until == 5)
    assert "[to fill in: what was wrong and what is right]" in text


def test_a_bid_placed_for_a_household_is_told():
    week = Week("""
sources: {P: {title: Policy}}
criteria: {anyone: {label: x, when: "status = 'active'"}}
bidding:
  choice: {theirs: {label: x, when: anyone, bids: automatic}}
  automatic: {label: We bid for you, suits: anyone, source: P 3}
""")
    week.household("ann").advert("elm").run(until=10)
    text = words(week, "automatic_bid/elm/ann")
    assert "On 6 June 2024 a bid for the home below was placed for you, by our system." in text
    assert "We bid for you [Policy, 3]" in text


def test_what_nobody_decided_is_said_to_be_automated():
    week = offered()
    week._new["outcomes"].clear()
    text = words(week.run(until=7, unattended=True), "offer/elm/ann/1")
    assert "decided by our system alone, without a person" in text
    assert "without a person" not in words(offered().run(until=7), "offer/elm/ann/1")


def test_a_letter_the_record_does_not_give_rise_to_is_refused():
    with pytest.raises(BadInput, match="no such letter"):
        letter(offered().run(until=7), "offer/oak/ann/1")


def test_letters_are_the_same_whatever_the_order_of_rows():
    week = refusing()
    turned = {n: f.reverse() for n, f in week.record.tables.items()}
    other = type(week.record)(turned, week.record.as_at)
    assert notices_due(other, week.scheme).equals(notices_due(week.record, week.scheme))

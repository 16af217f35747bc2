"""The draft of a decision letter: grounds, clause, right to a review, and nothing made up."""

from __future__ import annotations

import re

import pytest

from cbl_engine.report import draft_letter, explain_assessment, letter_page
from tests.report.register import SCHEME, WITHOUT_BANDS, assessed_of, replaced, with_rows

REVIEW = SCHEME[SCHEME.index("review:"):]
SILENT = SCHEME.replace(REVIEW, "")


def words(letter):
    return " ".join(letter.text().split())


@pytest.mark.parametrize("application", ["P1", "P2", "P3", "P4", "P5", "P6"])
def test_a_letter_is_a_draft_that_nobody_has_signed(assessed, application):
    letter = draft_letter(assessed, application)
    assert letter.as_dict()["draft"] is True
    for text in (words(letter), letter.markdown(), letter_page(letter)):
        assert "This is not a decision until a named officer has signed it." in text
    assert "name and post of the officer" in letter.blanks
    assert "You may ask us to review this decision." in words(letter)


def test_a_household_that_does_not_qualify_gets_the_ground_with_its_clause(assessed):
    letter = draft_letter(assessed, "P4")
    text = words(letter)
    assert letter.decision == ("You do not qualify to join the housing register.",)
    assert letter.adverse == ("does not qualify", "status closed")
    assert ("The household has a local connection: not known, which counts as failed [Example "
            "allocation scheme, section 2]") in text
    assert "You may apply again" in text
    assert "[Housing Act 1996 section 160ZA (11)]" in text
    assert "band" not in text.lower()
    assert "may bid" not in text


def test_a_letter_under_a_scheme_without_bands_says_nothing_of_a_band_on_record(tmp_path):
    letter = draft_letter(assessed_of(tmp_path, scheme=WITHOUT_BANDS), "P1")
    assert "You have 40 points." in letter.decision
    assert "band" not in letter.text().lower()
    assert "Your points" in letter.text()


def test_a_failed_test_is_the_first_of_the_grounds(tmp_path):
    scheme = SCHEME.replace("where: kind = 'residence' AND current", "where: kind = 'residence' "
                            "AND current\n    if_none: 0")
    text = draft_letter(assessed_of(tmp_path, scheme=scheme), "P4").text()
    why = text[text.index("Whether you may join"):]
    assert next(line for line in why.splitlines() if line.startswith("  - ")).startswith(
        "  - The household has a local connection: no")


def test_reduced_preference_and_a_lower_band_are_adverse_and_explained(assessed):
    letter = draft_letter(assessed, "P3")
    assert letter.adverse == ("reduced preference", "bedrooms needed no longer known",
                              "band lower than on the register", "status awaiting review")
    assert "You are in band C. (Before: B.)" in letter.decision
    assert ("Reduced preference for arrears: no higher than band C [Example allocation scheme, "
            "section 7]") in words(letter)
    assert "Rent arrears: £850" in words(letter)


def test_a_fact_that_several_tests_need_names_each_of_them(tmp_path):
    text = words(draft_letter(assessed_of(tmp_path, replaced("applications", ",none,,,0", ",,,,0")), "P2"))
    for test, met in (("A high medical need", "B"), ("An urgent medical need", "A")):
        assert (f"Medical need agreed, needed for “{test}”. It could change: band {met} if it is met, "
                "band C if not") in text
    assert "The household is overcrowded. It could change: band B if it is met" in text


def test_a_household_is_asked_for_what_it_can_tell_and_what_could_change_something(tmp_path):
    scheme = SCHEME.replace("priority_date: {first: registered_on, up: award,", (
        "priority_date: {first: registered_on, up: submitted,")).replace("arrears > 500", "bedroom_need > 3")
    changes = with_rows("people", "P1-04,P1,1988-01-01,,male,partner,P1-01,,,,",
                        "P1-05,P1,1988-01-01,,male,partner,P1-01,,,,") | {
        "band_history": "application,band,since\nP1,C,2024-05-01\nP1,B,2024-06-01\nP1,C,2024-06-01\n"}
    result = assessed_of(tmp_path, changes, scheme)
    missing = {m.column for m in explain_assessment(result, "P1", "officer").missing}
    assert {"band_history.submitted_on", "bedroom_need", "P1-01.partner_of: two partners"} <= missing
    asked = words(draft_letter(result, "P1")).split("What we still need to know -")[1]
    asked = asked.split("What happens next")[0]
    assert asked.count("artner") == 2  # "More than one partner, or their own partner", and no more
    assert not re.search("band history|Bedroom|Two bands|bedroom need", asked)


def test_a_letter_that_asks_nothing_points_to_no_list(tmp_path):
    history = {"band_history": "application,band,since,until\nP5,C,2024-08-01,2024-09-01\nP5,A,2024-09-15,\n"}
    letter = draft_letter(assessed_of(tmp_path, history), "P5")
    assert letter.decision[-1].endswith("an officer must look at your application again.")
    assert "still need to know" not in letter.text()


def test_a_household_is_not_asked_for_what_changes_nothing_either_way(tmp_path):
    changed = replaced("applications", "P2,active,2025-01-10,C,2025-01-10,1,1,none,,,0",
                       "P2,active,2025-01-10,C,2025-01-10,1,1,none,,,900")
    result = assessed_of(tmp_path, changed)
    assert explain_assessment(result, "P2").missing[0].difference.startswith("none to band or points")
    assert "What we still need to know" not in draft_letter(result, "P2").text()


def test_an_officers_reasons_are_a_blank_and_never_copied(assessed):
    letter = draft_letter(assessed, "P6")
    assert "the reasons for decision O1, as far as they may be told" in letter.blanks
    assert "O2" not in words(letter)
    assert not re.search("Secret|J Smith|MED-17", letter.text() + letter_page(letter))


DECIDED = """\
id,application,field,value,decided_on,since
O1,P1,band,,2026-02-10,2026-02-10
O2,P1,status,deferred,2026-02-10,2026-02-10
O3,P2,bedroom_need,-1,2026-02-10,2026-02-10
O4,P2,band,A,2026-02-01,2026-02-01
O5,P2,band,B,2026-02-10,2026-02-10
"""


def test_who_loses_the_band_is_told_so_and_by_whom(tmp_path):
    result = assessed_of(tmp_path, {"overrides": DECIDED})
    letter = draft_letter(result, "P1")
    assert "You are in no band. (Before: B.)" in letter.decision
    assert "Your status ........... - An officer has decided" in words(letter)
    note = explain_assessment(result, "P1", "officer")
    assert (note.why_status.label, note.why_status.source) == ("An officer has decided", None)
    assert "Held since" not in note.text()


def test_why_a_decision_is_not_in_use_is_said(tmp_path):
    text = " ".join(explain_assessment(
        assessed_of(tmp_path, {"overrides": DECIDED}), "P2", "officer").text().split())
    assert "O3: Bedrooms needed: -1, not in use: it cannot be read" in text
    assert "O4: Band: A, not in use: another stands" in text


def test_one_point_is_a_point(tmp_path):
    scheme = WITHOUT_BANDS.replace("points: 20", "points: 1")
    result = assessed_of(tmp_path, scheme=scheme)
    assert "You have 1 point." in draft_letter(result, "P6").decision
    assert "1 point in all: Urgent medical need 1." in explain_assessment(result, "P6").text()
    assert "1 point" in result.reasons(["P6"])["gives"].to_list()


def test_the_time_for_a_review_is_the_schemes(assessed):
    text = words(draft_letter(assessed, "P1"))
    assert ("Ask within 21 calendar days of the day on which you received the letter. [Example "
            "allocation scheme, section 12]") in text


@pytest.mark.parametrize(
    ("review", "said", "blank"),
    [
        ("", None, "by when a review must be asked for, and what starts the time"),
        ("review: {ask: Write to us.}\n", "Write to us.",
         "by when a review must be asked for, and what starts the time"),
        ("review: {within_days: 21}\n", "Ask within 21", "calendar or working"),
        ("review: {within_days: 21}\n", "Ask within 21", "the letter was sent or received"),
        ("review: {within_days: 1, counted: working, starts: sent, answer_days: 56}\n",
         "Ask within 1 working day of the day on which the letter was sent.", "calendar or working"),
    ],
)
def test_what_no_source_gives_is_a_blank(tmp_path, review, said, blank):
    letter = draft_letter(assessed_of(tmp_path, scheme=SILENT + review), "P1")
    assert blank in letter.blanks
    assert said is None or said in words(letter)
    rights = words(letter).split("If you think this is wrong")[1].split("Signed")[0]
    given = set(re.findall(r"\d+", review))
    numbers = set(re.findall(r"(\d+) (?:calendar|working|\[to fill in: calendar or working\]) days?",
                             rights))
    assert numbers <= given


def test_blanks_are_marked_on_the_page_and_counted(assessed):
    letter = draft_letter(assessed, "P6")
    page = letter_page(letter)
    assert page.count("<mark>[to fill in: ") == len(letter.blanks)
    assert f"To fill in before it is signed: {len(letter.blanks)}," in page
    assert "<script" not in page


def test_a_household_nobody_may_let_to_is_told_so_and_no_more(tmp_path):
    changed = replaced("people", "applicant,,not_subject,true,none,false\nP1-02",
                       "applicant,,not_eligible,true,none,false\nP1-02")
    letter = draft_letter(assessed_of(tmp_path, changed), "P1")
    assert letter.decision == ("You are not eligible: the law does not let us let a home to you.",)
    assert letter.adverse[0] == "not eligible"
    assert "Housing Act 1996 section 160ZA (1), (2)" in words(letter)
    assert "band" not in words(letter).lower()

"""The case note: every step with its reason, and nothing beyond its audience."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from cbl_engine.assess.found import ASSUMED
from cbl_engine.errors import TableError
from cbl_engine.records import run_assessment
from cbl_engine.records.chain import extra_columns
from cbl_engine.report import explain_assessment, note_page
from cbl_engine.report.note_words import CONTRADICTIONS, described
from cbl_engine.scheme import load_scheme
from cbl_engine.tables import LINEAGE_COLUMNS, read_tables
from tests.report.register import (
    AS_AT,
    OVERRIDES,
    REGISTER,
    SCHEME,
    WITHOUT_BANDS,
    assessed_of,
    replaced,
    with_rows,
    write_files,
)


def titles(note):
    return [section.title for section in described(note).sections]


def test_a_note_tells_every_step(assessed):
    note = explain_assessment(assessed, "P1", "officer")
    assert titles(note) == [
        "Outcome", "Facts that were read", "Household", "Bedrooms",
        "Whether the household may join", "Band, points and awards", "Priority date", "Sources",
    ]
    text = " ".join(note.text().split())
    assert "Bedrooms needed. Proposed: 3. On the register: 2. Note: changed" in text
    assert "P1-02: nobody is left with whom the standard lets them share" in text
    assert "The household has a local connection: met [P1 section 2]" in text
    assert ("Band A by: Two needs of Band B. Held besides, and lower: High medical need (band B); "
            "Overcrowding (band B).") in text
    assert "1. Band B from 1 May 2024: the first date, 1 May 2024 (day it joined the register)." in text
    assert "The priority date is 1 May 2024" in text
    assert "This is a proposal." in text


def test_reduced_preference_is_a_step_of_its_own(assessed):
    came = explain_assessment(assessed, "P3").came
    assert came == ("band B by: Overcrowding.",
                    "No higher than band C, and so not band B: Reduced preference for arrears.")


def test_a_raised_band_and_points_are_told(tmp_path):
    more = SCHEME.replace("  otherwise: C\n", """\
    waited: {label: Long wait, when: connected, up: 1, not_above: B}
    ten: {label: Ten points, when: connected, points: 10}
    five: {label: Five points, when: overcrowded, points: 5}
  otherwise: C
""")
    note = explain_assessment(assessed_of(tmp_path, scheme=more), "P1")
    assert note.of("points") == 15
    assert note.came[-1] == "15 points in all: Ten points 10; Five points 5."
    other = explain_assessment(assessed_of(tmp_path, scheme=more), "P5")
    assert other.came == ("No award gives a band: band C, as for everyone without one.",
                          "Raised from band C to band B: Long wait.",
                          "10 points in all: Ten points 10.")
    assert other.of("band") == "B"


@pytest.mark.parametrize("audience", ["officer", "applicant"])
def test_a_note_under_a_scheme_without_bands_leaves_the_band_out(tmp_path, audience):
    note = explain_assessment(assessed_of(tmp_path, scheme=WITHOUT_BANDS), "P1", audience)
    assert "band" not in {f.field for f in note.found}
    assert note.of("points") == 40
    assert "band" not in note.text().lower()


def test_only_a_date_in_the_history_of_bands_is_told_as_an_officers(tmp_path):
    head, *rows = REGISTER["applications"].splitlines()
    dated = [f"{head},priority_date", *(f"{row},2022-03-01" if row.startswith("P1") else f"{row},"
                                        for row in rows)]
    history = {"band_history": "application,band,since,priority_date\nP1,A,2024-05-01,2022-03-01\n"}
    change = {"applications": "\n".join(dated) + "\n"}
    on_row, in_history = (explain_assessment(assessed_of(tmp_path, c), "P1").dates
                          for c in (change, change | history))
    assert "Band B from 1 May 2024: the date on the register, 1 March 2022." in on_row
    assert not any("officer" in step for step in on_row)
    assert "Band A from 1 May 2024: an officer dated it 1 March 2022." in in_history


@pytest.mark.parametrize(
    ("application", "award", "why"),
    [
        ("P5", "medical_urgent", "it ended on 15 September 2025"),
        ("P3", "two_needs", "2 of its awards are needed, and 1 held"),
        ("P2", "overcrowded", "not known, so it awaits review"),
    ],
)
def test_awards_that_were_near_say_what_stood_in_the_way(assessed, application, award, why):
    note = explain_assessment(assessed, application, "officer")
    assert {t.name: t.why for t in note.near} == {award: why}
    assert award not in note.others
    assert "medical_high" in note.others


def test_nothing_awaits_review_in_a_note_that_proposes_another_status(tmp_path):
    """P2 without a local connection does not qualify, and is closed whatever is not known."""
    changes = replaced("connections", "P2,,example,residence,2020-01-01,\n", "") | (
        with_rows("people", "P2-02,P2,2027-01-01,,male,child,,,,,"))
    waits, closed = (explain_assessment(assessed_of(tmp_path, c), "P2", "officer").text()
                     for c in (with_rows("people", "P2-02,P2,2027-01-01,,male,child,,,,,"), changes))
    assert "until then the application awaits review" in " ".join(waits.split())
    assert "Status proposed: closed" in closed
    assert "awaits review" not in closed
    assert "An officer is to settle these before the decision is signed." in closed
    assert "Overcrowding (band B): not known, and is to be settled" in closed
    assert "needed for “The household is overcrowded”, is to be settled" in " ".join(closed.split())


def test_what_a_missing_fact_could_change_is_what_it_does_change(tmp_path):
    """The difference told is found again by assessing with the fact filled in."""
    (missing,) = explain_assessment(assessed_of(tmp_path), "P2").missing
    assert (missing.column, missing.label) == ("overcrowded", "the household is overcrowded")
    assert missing.difference == "band B if it is met, band C if not"
    for value, band in (("true", "B"), ("false", "C")):
        row = "P2,active,2025-01-10,C,2025-01-10,1,1,none,,"
        filled = assessed_of(tmp_path, replaced("applications", f"{row},0", f"{row}{value},0"))
        assert explain_assessment(filled, "P2").of("band") == band


def test_a_difference_says_that_an_officers_decision_stands_all_the_same(tmp_path):
    decided = {"overrides": "id,application,field,value\nO1,P2,band,A\n"}
    (missing,) = explain_assessment(assessed_of(tmp_path, decided), "P2").missing
    assert missing.difference == ("band B if it is met, band C if not, by the rules; an officer's "
                                  "decision stands")


def test_a_missing_day_of_an_award_called_like_its_criterion_is_told_as_the_awards(tmp_path):
    undated = replaced("applications", "urgent,2025-09-01", "urgent,")
    (missing,) = [m for m in explain_assessment(assessed_of(tmp_path, undated), "P6").missing
                  if m.column == "medical_from"]
    assert missing.needed_for == "Urgent medical need"
    assert missing.difference == "when it begins and ends, and with it the band or points"


def test_either_way_an_officers_decision_stands(tmp_path):
    """Band C at most for arrears, so the award makes no difference to the rules."""
    decided = {"overrides": "id,application,field,value\nO1,P2,band,A\n"}
    changed = replaced("applications", "1,1,none,,,0", "1,1,none,,,900")
    (missing,) = [m for m in explain_assessment(assessed_of(tmp_path, decided | changed), "P2").missing
                  if m.column == "overcrowded"]
    assert missing.difference == ("none to band or points: band C either way, by the rules; an "
                                  "officer's decision stands")


def test_a_household_that_may_be_protected_by_law_is_asked(tmp_path):
    head, *rows = REGISTER["applications"].splitlines()
    asked = "\n".join([f"{head},domestic_abuse_move", *(f"{r}," for r in rows)]) + "\n"
    changes = {"applications": asked} | with_rows("connections", "P4,,example,work,2020-01-01,")
    note = explain_assessment(assessed_of(tmp_path, changes), "P4")
    told = {m.column: m for m in note.missing}["domestic_abuse_move"]
    assert told.label == "must move because of domestic abuse"
    assert told.effect == "may be exempt by law"
    assert told.difference == ("if it is so, no test of local connection or residence may shut it "
                               "out")


def test_a_missing_sex_is_a_range_of_bedrooms(assessed):
    (missing,) = explain_assessment(assessed, "P3").missing
    assert missing.label == "sex of P3-02"
    assert missing.difference == "the bedroom need, between 2 and 3"


def test_overrides_say_who_when_why_and_until_when(assessed):
    told = {o.id: o for o in explain_assessment(assessed, "P6", "officer").overrides}
    assert list(told) == ["O2", "O1"]
    one = told["O1"]
    assert (one.stands, one.by, one.reason, one.evidence) == (True, "J Smith", "Secret surgery", "MED-17")
    assert str(one.until) == "2026-12-31"
    assert told["O2"].stands is False
    text = explain_assessment(assessed, "P6", "officer").text()
    assert "Officers' decisions on one field that say different things (O1, O2)" in text
    assert "An officer has decided: 3." in text


def test_an_applicant_sees_that_an_officer_decided_and_nothing_of_the_file(assessed):
    note = explain_assessment(assessed, "P6")
    everything = json.dumps(note.as_dict()) + note.text() + note.markdown() + note_page(note)
    for hidden in ("J Smith", "A Jones", "Secret", "MED-17", "1970", "1 January 1971",
                   "say different things", "medical high"):
        assert hidden not in everything
    assert [o.value for o in note.overrides] == ["2", "3"]
    assert note.audience == "applicant"
    assert "For the applicant." in note_page(note)


def test_ids_stand_as_they_are_and_awards_by_their_labels(tmp_path):
    people = with_rows("people", "b1,P1,2027-01-01,,male,child,,,,,", "2. b,P1,2027-01-01,,male,child,,,,,")
    note = explain_assessment(assessed_of(tmp_path, people), "P1", "officer")
    lines = note.text().splitlines()
    assert "b1 is not counted: not born yet" in lines
    assert "2. b is not counted: not born yet" in lines
    assert "Urgent medical need; Reduced preference for arrears." in lines


def test_a_social_tenant_whom_a_test_of_the_law_spares_is_told_as_that(tmp_path):
    rows = REGISTER["applications"].splitlines()
    homes = [f"{row},{'current_home' if row is rows[0] else 'H9'}" for row in rows]
    people = REGISTER["people"].replace("P5-01,P5,1985-02-02,,female,applicant,,not_subject",
                                        "P5-01,P5,1985-02-02,,female,applicant,,not_eligible")
    tables = {"applications": "\n".join(homes) + "\n", "people": people,
              "homes": "id,bedrooms\nH9,1\n"}
    result = assessed_of(tmp_path, tables)
    spared, ordinary = explain_assessment(result, "P5", "officer"), explain_assessment(result, "P1", "officer")
    gives = {t.name: (t.outcome, t.gives) for t in spared.law}
    words = "a social tenant who moves, whom subsection (5) spares the test"
    assert gives["immigration_status"] == ("met", words)
    assert gives["habitual_residence"] == ("met", None)
    assert f"met ({words})" in " ".join(spared.text().split())
    assert "H9" in {fact.value for fact in spared.facts}
    assert {t.gives for t in ordinary.law} == {None}
    assert "H9" not in {fact.value for fact in ordinary.facts}


def test_the_group_that_the_law_protects_is_for_officers(tmp_path):
    changes = replaced("applications", "overcrowded,arrears\n", "overcrowded,arrears,domestic_abuse_move\n")
    changes = {"applications": changes["applications"].replace(",false,0\nP5", ",false,0,true\nP5")}
    # The other rows are given their empty cell.
    head, *rows = changes["applications"].splitlines()
    rows = [r if r.endswith("true") and r.startswith("P4") else r + "," for r in rows]
    changes = {"applications": "\n".join([head, *rows]) + "\n"}
    assessed = assessed_of(tmp_path, changes | with_rows("connections", "P4,,example,work,2020-01-01,"))
    officer = explain_assessment(assessed, "P4", "officer")
    assert "SI 2025/706" in officer.text()
    note = explain_assessment(assessed, "P4")
    (test,) = note.qualification
    assert (test.outcome, test.gives, test.source) == ("met", "met by law", None)
    everything = json.dumps(note.as_dict()) + note.text()
    assert "abuse" not in everything.lower()
    assert "SI 2025/706" not in everything


def test_no_other_household_is_in_a_note(assessed):
    for application in ("P1", "P2", "P3", "P4", "P5", "P6"):
        for audience in ("officer", "applicant"):
            note = explain_assessment(assessed, application, audience)
            data = note.as_dict() | {"sources": None}
            named = set(re.findall(r"\bP\d(?:-\d\d)?\b", json.dumps(data)))
            assert {n for n in named if not n.startswith(application) and n != "P1"} == set()


def test_every_kind_of_contradiction_has_words():
    page = (Path(__file__).parents[2] / "docs/assessment.md").read_text(encoding="utf-8")
    contract = page.split("## Contradictions")[1].split("## What comes out")[0]
    kinds = set(ASSUMED) | set(re.findall(r"`((?:override|band|born|two|rooms|statuses)_[a-z_]+)`",
                                          page.split("## Overrides")[1].split("## The prio")[0] + contract))
    assert kinds == set(CONTRADICTIONS)


def test_an_application_that_is_not_there_is_one_line(assessed):
    with pytest.raises(TableError, match="there is no such application on this date; given P9"):
        explain_assessment(assessed, "P9")


def test_ids_that_are_numbers_may_be_given_as_text(tmp_path):
    numbers = {t: re.sub(r"\bP(\d)(?!-)(?=,)", r"\1", text) for t, text in REGISTER.items()}
    assessed = run_assessment(*with_whole_numbers(tmp_path, numbers), AS_AT)
    assert explain_assessment(assessed, "3").application == "3"
    assert explain_assessment(assessed, 3).application == "3"
    with pytest.raises(TableError):
        explain_assessment(assessed, "P3")


def with_whole_numbers(folder: Path, texts: dict[str, str]) -> tuple[Path, Path]:
    """The register as Parquet, with ids of applications as whole numbers."""
    file, data = write_files(folder, texts)
    frames = read_tables(data, extra_columns(load_scheme(file)), needs=("applications",)).frames
    numbers = folder / "numbers"
    numbers.mkdir()
    for table, frame in frames.items():
        column = "id" if table == "applications" else "application"
        ids = pl.col(column).cast(pl.Int64) if column in frame.columns else []
        frame.drop(LINEAGE_COLUMNS, strict=False).with_columns(ids).write_parquet(numbers / f"{table}.parquet")
    return file, numbers


def test_the_order_of_rows_changes_no_word(tmp_path, assessed):
    turned = {}
    for table, text in {**REGISTER, "overrides": OVERRIDES}.items():
        head, *rows = text.splitlines()
        turned[table] = "\n".join([head, *reversed(rows)]) + "\n"
    other = assessed_of(tmp_path, turned)
    for application in ("P1", "P3", "P6"):
        assert (explain_assessment(other, application, "officer").text()
                == explain_assessment(assessed, application, "officer").text())


def test_a_page_is_offline_and_escaped(tmp_path):
    changed = SCHEME.replace("label: Overcrowding,", 'label: "<b>Over</b>crowding",')
    page = note_page(explain_assessment(assessed_of(tmp_path, scheme=changed), "P3", "officer"))
    assert "&lt;b&gt;Over&lt;/b&gt;crowding" in page
    assert "<script" not in page
    assert "For officers." in page


@pytest.mark.parametrize("audience", ["public", "OFFICER"])
def test_a_note_for_an_audience_that_there_is_not_is_refused(assessed, audience):
    with pytest.raises(TableError, match="no such audience"):
        explain_assessment(assessed, "P1", audience)

"""A complaint's bundle: chronology, facts known, lists, replay, displaced."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.case_bundle import case_bundle
from cbl_engine.packs.happened import happened
from cbl_engine.records import record_cycle
from cbl_engine.report.subject_access import subject_access
from tests.commands import exit_code
from tests.offers.week import Week
from tests.records import small_record
from tests.records.weeks_on_record import day, fact, on_record

EARLIER = fact("ann", "priority_date", "2020-01-02", "2019-12-01")


@pytest.fixture
def state(tmp_path):
    """bob ranks before ann, wrongly; both bid for elm, and bob is let it."""
    week = Week("offers: {answer: {days: 3}}").households("bob ann cat").advert("elm", bids="bob ann")
    week.approve(7, "offer", "elm", "bob").run(until=8)
    week.outcome(9, "accepted", "elm", "bob").outcome(10, "signed", "elm", "bob").run(until=12)
    return on_record(week, tmp_path).path


def _rows(found, name):
    return next(part.frame for part in found.parts if part.name == name)


def test_the_bundle_has_what_happened_what_was_known_and_who_was_let_each_home(state):
    found = case_bundle(state, "ann")
    assert found.audit.sound
    assert found.replay.reproduced
    [row] = _rows(found, "lists").to_dicts()
    assert (row["advert"], row["position"], row["of"], row["let_to"], row["its_position"]) == (
        "elm", 2, 2, "bob", 1)
    assert "2020-01-02" in " ".join(_rows(found, "known")["facts"]) or "January 2020" in " ".join(
        _rows(found, "known")["facts"])
    assert "finding" not in [part.name for part in found.parts]


def test_days_are_dates_in_every_table_and_in_words_on_the_page(state):
    found = case_bundle(state, "ann")
    chronology, known = _rows(found, "chronology"), _rows(found, "known")
    assert (chronology["day"].dtype, known["from"].dtype) == (pl.Date, pl.Date)
    first = known["from"][0]
    page = found.pages()["index.html"]
    assert f'<th scope="row" class="d">{first.day} {first:%B %Y}</th>' in page
    assert f">{first}<" not in page


REFUSALS = """
criteria: {in_band_a: {label: x, when: "band = 'A'"}}
checks: {suitable: {label: Suitable}, warned: {label: Warned}}
consequences: {out: {label: Out for a while, suspend_months: 6}}
offers:
  answer: {days: 3}
  refusals: {one: {label: One refusal, after: 1, then: out}}
  final: {label: x, when: in_band_a, duties: [main], suitability: suitable, warning: warned}
"""


def _final_offer() -> Week:
    week = Week(REFUSALS).household("ann", band="A").advert("elm", bids="ann")
    week.add("duties", application="ann", kind="main", since=day(1))
    week.check("ann", "suitable", by="Olu").check("ann", "warned", by="Olu")
    return week.approve(7, "offer", "elm", "ann")


def _happened(week, folder):
    found = case_bundle(on_record(week, folder).path, "ann")
    return _rows(found, "chronology")["what_happened"].to_list()


def test_the_chronology_names_who_decided_what_and_until_when(tmp_path):
    week = _final_offer().outcome(8, "refused", "elm", "ann")
    week.approve(9, "refusal_counts", "elm", "ann").approve(9, "duty_may_end", "elm", "ann")
    week.approve(10, "consequence", household="ann").run(until=10)
    happened = _happened(week, tmp_path)
    for line in ("approved by Olu: an offer", "approved by Olu: that the refusal counts", "the refusal counts",
                 "an officer found that a duty may end: main, by Olu", "approved by Olu: a consequence, out",
                 "began: out, until 10 December 2024, by Olu"):
        assert line in happened


def test_an_offer_accepted_and_put_to_review_is_said_to_be_so(tmp_path):
    week = _final_offer().outcome(8, "accepted", "elm", "ann", review_requested=True).run(until=8)
    assert "accepted, with a review of suitability" in _happened(week, tmp_path)


def test_a_week_that_was_run_again_and_rows_left_out_stay_in_the_bundle_and_are_said_to(tmp_path):
    small_record.first_week(tmp_path)
    small_record.second_week(tmp_path)
    (tmp_path / "other.csv").write_text(
        "id,on,what,advert,application,act,by\nA,2026-03-10,approved,AD1,1,offer,Olu\n"
        "B,2026-03-11,signed,AD1,1,,Olu\n")
    again = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 15), tmp_path / "again",
                         outcomes=tmp_path / "other.csv", supersede=True, keep_going=True)
    found = case_bundle(again.folder.path, "1")
    happened = _rows(found, "chronology")["what_happened"].to_list()
    assert any(line.startswith("the tenancy was signed") and line.endswith(
        "(the week was run again: this no longer counts)") for line in happened)
    how = set(_rows(found, "known").filter(table="outcomes")["how"])
    assert how == {"given", "given, in a week that was run again", "left out: it clashed"}
    own = subject_access(again.folder, again.folder.scheme(), "1").sections["outcomes"]
    assert {row["id"]: row["stands"] for row in own if row["id"] in "AB"} == {"A": True, "B": False}


def ranked_anew(folder):
    """Both bid for elm; ann is raised above bob before anything is offered, and elm is ranked anew."""
    week = Week("checks: {verified: {label: x}}\noffers: {order: offer}").households("bob ann")
    week.advert("elm", bids="bob ann").run(until=7)
    week.household("ann", band="A").run(until=8)
    return on_record(week, folder)


def test_a_place_is_told_for_each_day_on_which_the_list_was_ranked(tmp_path):
    folder = ranked_anew(tmp_path)
    rows = _rows(case_bundle(folder.path, "ann"), "lists").to_dicts()
    assert [(row["closed_on"], row["ranked_on"], row["position"], row["of"]) for row in rows] == [
        (day(6), day(6), 2, 2), (day(6), day(8), 1, 2)]
    own = subject_access(folder, folder.scheme(), "ann").sections["shortlisted"]
    assert [(row["ranked_on"], row["position"], row["above"]) for row in own] == [(day(6), 2, 1), (day(8), 1, 0)]


def test_with_facts_put_right_it_says_who_was_displaced(state, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text("corrections:\n" + EARLIER)
    found = case_bundle(state, "ann", facts)
    assert _rows(found, "displaced")["application"].to_list() == ["bob"]
    assert "put_right.html" in found.pages()
    assert "bob" in found.pages()["index.html"]


def test_the_households_own_copy_names_nobody_else(state):
    assert "bob" not in case_bundle(state, "ann").pages()["record.html"]


def test_an_application_of_which_the_record_has_nothing_is_refused(state):
    with pytest.raises(BadInput, match="nothing of such an application"):
        case_bundle(state, "eve")


def test_the_command_writes_pages_tables_and_the_hash_of_each(state, tmp_path, capsys):
    out = tmp_path / "bundle"
    assert exit_code("case-bundle", state, "ann", "--out", out) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["sound"], manifest["reproduced"]) == (True, True)
    assert {"index.html", "replay.html", "record.html", "case.xlsx", "lists.csv"} <= manifest["files"].keys()
    for name, digest in manifest["files"].items():
        assert sha256((out / name).read_bytes()).hexdigest() == digest
    assert pl.read_csv(out / "lists.csv").height == 1
    assert exit_code("case-bundle", state, "eve", "--out", tmp_path / "none") == 2
    assert "nothing of such an application" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_world_of_a_record_is_refused(state):
    with pytest.raises(BadInput, match="a record has no worlds; given 2"):
        happened(state, 2)

"""The pack for a change of scheme: tables, hours, transition, checklist, letters."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import cbl_engine as cbl
from cbl_engine.compare import compare, open_comparison
from cbl_engine.packs.scheme_change import _group_in_words, scheme_change
from cbl_engine.packs.scheme_change_page import (
    rebanding_letter,
    scheme_change_page,
    scheme_change_public_page,
    scheme_change_sheets,
)
from cbl_engine.packs.workload import OfficerTimes, officer_times, workload
from cbl_engine.records import read_register
from cbl_engine.report.movers import movers_page
from cbl_engine.sample import sample_borough_for
from tests.commands import exit_code

AS_AT = date(2026, 3, 1)


@pytest.fixture(scope="module")
def change():
    old, new = cbl.load_scheme("sheffield"), cbl.load_scheme("runnymede")
    return scheme_change(old, new, read_register("riverton", [old, new], None), AS_AT)


def test_every_household_is_one_case_and_hours_are_cases_times_minutes(change):
    rows = change.hours.filter(~pl.col("case").is_in(["review", "all"]))
    assert rows["cases"].sum() == change.movers.frame().height
    for row in change.hours.filter(pl.col("case") != "all").to_dicts():
        assert row["hours"] == pytest.approx(row["cases"] * row["minutes"] / 60)
    assert change.hours["hours"][-1] == pytest.approx(change.hours["hours"][:-1].sum())
    review = change.hours.row(by_predicate=pl.col("case") == "review", named=True)
    lose = change.movers.frame().filter(pl.col("move").is_in(["down", "off"])).height
    assert review["cases"] == pytest.approx(lose * 0.05)


def test_cases_on_the_page_times_minutes_are_its_hours(change):
    shown = re.findall(r'<td class="n">([\d.,]+)</td><td class="n">([\d.]+)</td><td class="n">([\d.,]+)</td><td',
                       scheme_change_page(change).split("Kind of case")[1])
    assert len(shown) == change.hours.height - 1
    for cases, minutes, hours in ((float(n.replace(",", "")) for n in row) for row in shown):
        assert cases * minutes / 60 == pytest.approx(hours, abs=0.06)


def test_one_rule_for_dates_is_told_as_one(change):
    assert "Another date is taken for some, by a rule of their own." in change.transition


def test_shipped_minutes_all_say_that_they_are_assumed(change):
    assert change.hours["assumed"].all()
    assert all("assumed" in source for source in change.hours["source"][:-1])


def test_minutes_without_a_source_or_an_assumption_are_refused():
    case = {"label": "x", "minutes": 1}
    with pytest.raises(ValueError, match="either source or assumed"):
        OfficerTimes.model_validate({"officer_minutes": {"moved": case}})
    with pytest.raises(ValueError, match="share_source or share_assumed"):
        OfficerTimes.model_validate({"officer_minutes": {"review": {**case, "source": "s", "share": 0.1}}})


def test_everything_wrong_in_a_councils_own_minutes_is_told_with_what_was_allowed(tmp_path):
    file = tmp_path / "minutes.yaml"
    file.write_text("officer_minutes:\n  moved: {label: Moved, minutes: -60, sorce: time sheets}\n"
                    "  of_register: {label: Off, minutes: ten, source: time sheets}\n"
                    "  review: {label: Reviews, minutes: 5}\n")
    with pytest.raises(cbl.BadInput) as refused:
        officer_times(file)
    told = [problem.line().split(":", 1)[1] for problem in refused.value.problems]
    assert told == [
        "2:34: officer_minutes.moved.minutes is too small; given -60; allowed: at least 0 and at most 10000",
        "2:39: sorce is not a field of officer_minutes.moved; allowed: source",
        "3:3: officer_minutes.of_register must be no_change, moved, not_known, on_register, off_register, review "
        "or registers_again; given 'of_register'",
        "3:38: officer_minutes.of_register.minutes must be a number; given 'ten'; allowed: at least 0 and at most 10000",
        "4:11: officer_minutes.review: say either source or assumed for the minutes",
    ]


def test_a_councils_own_minutes_take_the_place_of_those_assumed(tmp_path, change):
    file = tmp_path / "minutes.yaml"
    file.write_text("officer_minutes:\n  moved: {label: Moved, minutes: 60, source: time sheets 2026}\n")
    hours = workload(change.movers, officer_times(file))
    assert hours["case"].to_list() == ["moved", "all"]
    assert hours["hours"][0] == hours["cases"][0]
    assert not hours["assumed"].any()


def test_those_who_must_register_again_are_a_share_of_all_who_stay(tmp_path, change):
    file = tmp_path / "minutes.yaml"
    file.write_text("officer_minutes:\n  registers_again: {label: Again, minutes: 30, assumed: a form, "
                    "share: 0.7, share_of: [up, down, same, on], share_source: the last change}\n")
    stay = change.movers.frame().filter(pl.col("move") != "off").height
    row = workload(change.movers, officer_times(file)).row(0, named=True)
    assert row["cases"] == pytest.approx(0.7 * stay)
    assert row["assumed"]


def test_those_who_go_down_or_off_are_those_a_council_would_protect(change):
    told = dict(change.protected.select("move", "loses").iter_rows())
    frame = change.movers.frame()
    assert told["all"] == frame.filter(pl.col("move").is_in(["down", "off"])).height
    assert told.get("same", 0) == 0


def test_the_checklist_has_each_item_of_the_law_with_what_a_person_must_check(change):
    names = [item.name for item in change.checklist]
    assert {"homeless", "unsatisfactory", "medical_welfare", "hardship", "providers", "made_known",
            "equality", "strategies"} <= set(names)
    for item in change.checklist:
        assert item.source.startswith(("Housing Act", "Equality Act", "Children Act"))
        assert item.check
        assert item.seen


def test_what_was_counted_on_the_register_is_not_on_the_publics_page(change):
    public = scheme_change_public_page(change)
    counted = [line for item in change.checklist for line in item.counted]
    assert counted
    assert not any(line in public for line in counted)


def test_the_public_is_not_sent_to_tables_that_its_page_has_not(change):
    said = "Who moves by kind of household is in the tables"
    assert said not in scheme_change_public_page(change)
    assert "Kind of household" in (page := scheme_change_page(change))
    assert said in page


def test_awards_that_speak_of_a_group_are_named_with_how_many_hold_one():
    scheme = cbl.load_scheme("coventry")
    register = sample_borough_for(scheme, households=150, adverts=0, seed=1, close_on=AS_AT)
    found = {i.name: i for i in scheme_change(scheme, scheme, register, AS_AT).checklist}
    assert "words speak of it" in found["homeless"].seen[0]
    assert "households hold one" in found["homeless"].counted[0]


def test_a_scheme_that_stays_moves_nobody():
    scheme = cbl.load_scheme("sheffield")
    found = scheme_change(scheme, scheme, read_register("riverton", [scheme], None), AS_AT)
    assert found.protected["move"].to_list() == ["same", "all"]
    assert not found.changes


SIMULATED = """
title: A small borough
scheme: sheffield
world: {households: 60, homes: 150}
start: 2026-03-02
weeks: 4
replications: 3
variants:
  new: {title: The other scheme, scheme: runnymede}
  late: {title: Seen together, changes: [{on: 2026-03-16, scheme_set: {offers.viewing: {label: x, together: 3}}}]}
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    (folder / "small.yaml").write_text(SIMULATED)
    return compare(folder / "small.yaml", out=folder / "kept")


def test_simulated_findings_stand_with_their_schemes(change, simulated):
    page = scheme_change_page(change, simulated)
    for words in ("from the base: A small borough (scheme sheffield).",
                  "<h3>new: The other scheme (scheme runnymede)</h3>",
                  "<h3>late: Seen together (scheme sheffield; from 16 March 2026 other values at offers.viewing)",
                  "It is another change than that of this pack."):
        assert words in page
    assert "of the two schemes" not in page
    assert scheme_change_page(change, open_comparison(Path(simulated.named[0]).parent / "kept")) == page


def test_findings_of_other_schemes_are_said_to_be_of_others(tmp_path, simulated):
    kept = Path(simulated.named[0]).parent / "kept"
    out = tmp_path / "p.html"
    assert exit_code("scheme-change", "runnymede", "sheffield", "--data", "riverton", "--as-at", "2026-03-01",
                     "--out", out, "--comparison", kept) == 0
    assert "This comparison is not of the two schemes of this pack" in out.read_text()


def test_a_comparison_whose_schemes_are_gone_is_said_not_to_be_known(change, simulated):
    gone = [replace(s, rules=(), scenario=s.scenario.model_copy(update={"scheme": "gone.yaml"}))
            for s in simulated.sides]
    page = scheme_change_page(change, replace(simulated, sides=tuple(gone)))
    assert "of the two schemes of this pack could not be seen" in page


def test_the_officers_page_has_every_part_and_the_publics_no_hours_and_small_counts(change, simulated):
    page = scheme_change_page(change, simulated)
    for head in ("Consultation tables", "Transition", "What it asks of officers", "Legal checklist",
                 "What may follow over the years", "What changes in the rules"):
        assert head in page
    public = scheme_change_public_page(change)
    assert "officer hours" not in public.lower()
    assert "For publication" in public
    flows = change.movers.public()
    assert f">{flows['all'][-1]:,}<" in public


def test_a_rebanding_letter_says_what_was_and_what_is_and_that_it_is_a_draft(change):
    row = change.movers.frame().filter(move="down").row(0, named=True)
    letter = rebanding_letter(change.movers, row["application"])
    text = letter.text()
    assert f"in band {row['band_old']}" in text
    assert "What changes" in text
    assert "DRAFT" in text
    assert letter.adverse


def test_who_goes_off_the_register_is_told_of_no_date_that_ranks(change):
    moves = change.movers.frame().filter(pl.col("date").ne_missing("not known"))
    off, down = (moves.filter(move=move)["application"][0] for move in ("off", "down"))
    assert "The date that ranks your application" not in rebanding_letter(change.movers, off).text()
    assert "The date that ranks your application" in rebanding_letter(change.movers, down).text()


def test_no_date_is_kept_by_who_goes_off_the_register(change):
    frame = change.movers.frame()
    off = frame.filter(move="off")
    assert off["date"].null_count() == off.height > 0
    rows = {row["move"]: row for row in change.protected.to_dicts()}
    dates = ("date_kept", "date_earlier", "date_later", "date_not_known")
    assert {rows["off"][name] for name in dates} == {None}
    assert sum(rows["all"][name] for name in dates) == frame.height - off.height
    assert f">{off.height:,}</td>" + '<td class="n">–</td>' * 4 in scheme_change_page(change)
    assert f"{off.height:,} off the register" in movers_page(change.movers)


@pytest.mark.parametrize("public", [False, True])
def test_the_workbook_says_what_it_is_of_and_for_whom(change, public):
    sheets = scheme_change_sheets(change, public=public, by=None)
    assert next(iter(sheets)) == "about"
    about = dict(sheets["about"].iter_rows())
    assert about["For"].startswith("Publication. An empty count is withheld" if public else "Officers.")
    assert (about["New scheme"], about["As at"]) == (change.movers.after.version.title, "2026-03-01")


def test_the_workbook_names_a_group_that_is_not_known_and_rounds_hours(change):
    sheets = scheme_change_sheets(change, public=False, by=None)
    for name in ("need_new", "household"):
        groups, told = change.movers.counts(name)[name], sheets[f"by_{name}"][name]
        assert told.null_count() == 0
        assert ("not known" in told.cast(pl.String)) == bool(groups.null_count())
    hours = sheets["officer_hours"]["hours"]
    assert hours.equals(hours.round(2))
    assert "not known" in _group_in_words(pl.DataFrame({"household": ["a", None], "all": [2, 1]}))["household"]


def test_the_command_writes_page_workbook_and_letters_or_nothing(tmp_path, capsys):
    out, excel, letters = tmp_path / "p.html", tmp_path / "p.xlsx", tmp_path / "letters"
    given = ("scheme-change", "sheffield", "sheffield", "--data", "riverton", "--as-at", "2026-03-01",
             "--out", out)
    assert exit_code(*given, "--excel", excel, "--letters", letters) == 0
    assert out.is_file()
    assert excel.is_file()
    assert pl.read_csv(letters / "letters.csv").height == 0
    capsys.readouterr()
    assert exit_code(*given[:-1], tmp_path / "q.html", "--excel", tmp_path / "q.csv") == 2
    assert "called as one of another kind; given q.csv" in capsys.readouterr().err
    assert exit_code(*given[:-1], tmp_path / "q.html", "--audience", "public", "--letters", letters) == 2
    assert "letters are about households" in capsys.readouterr().err
    assert exit_code(*given[:-1], tmp_path / "q.html", "--audience", "public", "--comparison", tmp_path) == 2
    assert "--comparison: findings of a comparison are shown to officers alone" in capsys.readouterr().err
    assert not (tmp_path / "q.html").exists()
    assert exit_code(*given[:-1], tmp_path / "r.html", "--audience", "public", "--by", "household") == 0
    assert "one adult" in (tmp_path / "r.html").read_text()


def test_without_the_package_for_workbooks_nothing_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert exit_code("scheme-change", "sheffield", "sheffield", "--data", "riverton", "--as-at", "2026-03-01",
                     "--out", tmp_path / "p.html", "--letters", tmp_path / "letters",
                     "--excel", tmp_path / "p.xlsx") == 2
    assert "an Excel file needs the package xlsxwriter" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

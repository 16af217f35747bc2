"""cbl compare and cbl report."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from cbl_engine.compare import compare, findings
from cbl_engine.compare.comparing import worlds_for
from cbl_engine.compare.findings import MOST, headlines, saved_by_pairing, sign_changes
from cbl_engine.errors import BadInput
from cbl_engine.report import comparison_page, comparison_sheets
from cbl_engine.report.comparison_figures import FEWEST
from cbl_engine.simulate.kpi import told_by
from cbl_engine.simulate.summary import KPIS, values
from tests.commands import exit_code

EXPLODES = """
title: A small borough that nobody leaves
scheme: sheffield
world: {households: 150, homes: 500}
start: 2026-04-06
weeks: 60
replications: 3
parameters:
  arrivals.per_year: {rate: 19.9, assumed: x}
  households.lapse_per_year: {rate: 0.0, assumed: x}
variants:
  one_bid:
    title: One bid a week
    parameters:
      bidding.most_bids: {number: 1, assumed: the lever}
"""


@pytest.fixture(scope="module")
def page(comparison):
    return comparison_page(comparison)


def test_a_kept_comparison_is_opened_with_the_same_differences(small_borough, kept, comparison):
    again = compare(small_borough, out=kept)
    assert again.differences.equals(comparison.differences)
    assert [side.name for side in comparison.sides] == ["base", "one_bid", "early"]
    assert pl.read_csv(kept / "differences.csv").height == comparison.differences.height


def test_sides_simulated_at_once_write_the_same_bytes(small_borough, kept, tmp_path):
    told = []
    compare(small_borough, out=tmp_path / "at once", workers=2,
            said=lambda what, done, of: told.append((what, done / of)))
    ours, theirs = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()}
                    for f in (tmp_path / "at once", kept))
    assert ours == theirs
    # Of three sides two are simulated at once, and the third by both workers.
    assert told[-1] == ("early (central), weeks", 1.0)
    assert "base (central), one_bid (central), weeks" in {what for what, _ in told}
    assert all(0 <= share <= 1 for _, share in told)


def test_what_a_side_comes_upon_is_told_from_its_process_too(tmp_path):
    path = tmp_path / "explodes.yaml"
    path.write_text(EXPLODES, encoding="utf-8")
    with pytest.raises(BadInput) as alone:
        compare(path)
    with pytest.raises(BadInput) as at_once:
        compare(path, workers=2)
    assert str(at_once.value) == str(alone.value)
    assert "the waiting list explodes" in str(alone.value)


def test_findings_say_told_differences_and_what_is_not_told(comparison):
    for variant, lines in findings(comparison).items():
        told = comparison.differences.filter("told", variant=variant)
        assert len(lines) <= MOST + 2
        assert lines[-1].startswith("Not told from luck: ")
        assert lines[0].startswith("Nothing is told from luck.") == told.is_empty()


def test_where_no_world_differs_more_worlds_are_not_asked_for(comparison):
    numbers = ["mean", "low", "high"]
    same = comparison.differences.with_columns(
        *(pl.when(pl.col(n).is_not_null()).then(0.0).alias(n) for n in numbers), told=False)
    lines = findings(replace(comparison, differences=same))["early"]
    assert lines[0] == "No figure differs in any world."


def test_what_is_told_and_not_said_is_said_to_be_where_it_is(comparison):
    rows = comparison.differences.filter(not_reached=0).with_columns(
        told=True, low=pl.col("mean") - 1, high=pl.col("mean") + 1)
    many = replace(comparison, differences=rows)
    more = rows.filter(variant="early").height - MOST
    line = (f"{more} more are told from luck: see cbl compare --full, differences.csv or the workbook of "
            "cbl report.")
    assert line in findings(many)["early"]
    assert line in comparison_page(many)
    sheet = comparison_sheets(many)["findings"].filter(variant="early")
    assert f"{more} more are told from luck: see the sheet differences." in sheet["finding"].to_list()
    assert comparison_sheets(many)["differences"].filter(variant="early")["told"].count() == more + MOST


def test_a_difference_that_is_more_under_one_response_and_less_under_another_changes_sign(comparison):
    row = headlines(comparison).filter(kpi="lettings", variant="early")
    both = pl.concat([
        row.with_columns(response=pl.lit(response), told=pl.lit(value=True), mean=pl.lit(mean))
        for response, mean in (("low", 2.0), ("high", -2.0))])
    other = type(comparison)(comparison.sides, comparison.simulations, both, comparison.named)
    assert sign_changes(other).rows() == [("early", "lettings", "all", ["low"], ["high"])]


def test_what_pairing_saved_is_told_for_each_variant(comparison):
    assert saved_by_pairing(comparison).keys() == {"one_bid", "early"}


def test_the_command_tells_findings_and_headlines(small_borough, kept, capsys):
    assert exit_code("compare", small_borough, "--out", kept) == 0
    out = capsys.readouterr().out
    assert "early: Every void advertised before it is ready" in out
    assert "Not told from luck" in out
    assert re.search(r"Days empty: tenancy, mean \(days\) .* to ", out)
    assert f"Wrote {kept}" in out


def test_an_interval_that_stays_too_wide_is_said_with_how_many_worlds_would_do(
    small_borough, kept, capsys
):
    words = ("compare", small_borough, "--out", kept, "--at-most", 3, "--until")
    assert exit_code(*words, "bids_per_advert=0.01") == 0
    assert re.search(r"3 worlds are too few for the interval on bids_per_advert=0.01; about [\d,]+ would do. "
                     "--at-most is 3, so none was",
                     capsys.readouterr().out)
    assert exit_code(*words, "bids_per_advert=500") == 0
    assert "too few for the interval" not in capsys.readouterr().out
    assert exit_code(*words, "lettings:band Q=0.5") == 2
    assert "no such group" in capsys.readouterr().err


def test_worlds_are_added_where_a_few_happen_to_differ_alike(comparison):
    until = ("lettings", "all", 5.0)
    rows = comparison.differences.filter(kpi="lettings", group="all", response="central")

    def of(**alike):
        return replace(comparison, differences=rows.with_columns(**{
            name: pl.lit(value) for name, value in alike.items()}))

    assert worlds_for(of(mean=0.0, low=0.0, high=0.0), until) == 6
    assert worlds_for(of(mean=0.3, low=0.3, high=0.3 + 1e-16), until) == 6
    assert worlds_for(of(mean=0.0, low=0.0, high=0.0, worlds=6), until) == 0
    assert worlds_for(of(mean=0.0, low=-1.0, high=1.0), until) == 0
    one = rows.with_columns(low=pl.Series([0.0, -1.0]), high=pl.Series([0.0, 1.0]), mean=pl.lit(0.0))
    assert worlds_for(replace(comparison, differences=one), until) == 6


def test_a_figure_that_names_its_groups_has_no_others(comparison):
    for simulation in comparison.simulations.values():
        told = told_by(simulation)
        for kpi in KPIS:
            assert all(kpi.may_have(group) for group in values(kpi, told)["group"].unique())


def test_programs_get_every_difference(small_borough, kept, comparison, capsys):
    assert exit_code("compare", small_borough, "--out", kept, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["differences"]) == comparison.differences.height
    assert told["findings"]["central"].keys() == {"one_bid", "early"}


@pytest.mark.parametrize(("words", "said"), [
    (("--until", "waits=1"), "there is no such figure"),
    (("--until", "lettings"), "not a figure with half a width"),
    (("--until", "lettings=0"), "half a width is above 0"),
    (("--responses", "loud"), "there is no such response"),
    (("--responses", ","), "no response to compare under"),
    (("--responses", ""), "--responses: nothing is given"),
    (("--replications", "2"), "no interval can be told from so few worlds"),
])
def test_what_cannot_be_compared_is_said_before_theexit_code(small_borough, tmp_path, capsys, words, said):
    out = tmp_path / "out"
    assert exit_code("compare", small_borough, "--out", out, *words) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


@pytest.mark.parametrize(("variant", "said"), [
    ("parameters: {bidding.most: {number: 1, assumed: x}}", "there is no such parameter"),
    ("parameters: {bidding.most_bids: {share: 1, assumed: x}}", "is given as share"),
    ("scheme: nowhere", "there is no such scheme"),
    ("scheme_set: {bidding.capz.weekly: 5}", "levers.yaml:12:18: the path leads nowhere"),
    ("scheme_set: {}", "differs from the base in nothing"),
])
def test_a_lever_that_moves_nothing_is_said_before_theexit_code(
    small_borough, tmp_path, capsys, variant, said
):
    path, out = tmp_path / "levers.yaml", tmp_path / "out"
    path.write_text(small_borough.read_text().split("    parameters:")[0] + f"    {variant}\n")
    assert exit_code("compare", path, "--out", out) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_no_scenario_and_a_scenario_alone_are_said(tmp_path, small_borough, capsys):
    assert exit_code("compare") == 2
    assert "a scenario is needed" in capsys.readouterr().err
    alone = tmp_path / "alone.yaml"
    alone.write_text(small_borough.read_text().split("variants:")[0])
    assert exit_code("compare", alone) == 2
    assert "one scenario and no variant" in capsys.readouterr().err


def test_report_writes_the_page_and_the_workbook(kept, tmp_path, capsys):
    page, book = tmp_path / "report.html", tmp_path / "report.xlsx"
    assert exit_code("report", kept, "--out", page, "--excel", book) == 0
    assert capsys.readouterr().out == f"Wrote {page}\nWrote {book}\n"
    first = page.read_bytes(), book.read_bytes()
    assert exit_code("report", kept, "--out", page, "--excel", book) == 0
    assert (page.read_bytes(), book.read_bytes()) == first


def test_a_report_without_the_package_for_workbooks_simulates_nothing(
    small_borough, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    out = tmp_path / "out"
    out.mkdir()
    assert exit_code("report", small_borough, "--out", out / "page.html", "--excel", out / "book.xlsx",
                     "--keep", out / "kept") == 2
    assert "an Excel file needs the package xlsxwriter" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_an_unfinished_folder_is_no_comparison(tmp_path, capsys):
    tmp_path.joinpath("kept").mkdir()
    assert exit_code("report", tmp_path / "kept", "--out", tmp_path / "page.html") == 2
    assert "there is no" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(("words", "said"), [
    (("--weeks", 3, "--replications", 5), "--replications: the folder has been simulated, and is reported "
     "as it is; given 5. Leave it out, or give the scenarios in place of the folder --weeks: the folder"),
    (("--responses", "low"), "--responses: the folder has been simulated"),
    (("--keep", "elsewhere"), "--keep: the folder has been simulated"),
    (("--excel", "z.csv"), "--excel: the file is called as one of another kind; given z.csv; allowed: a name "
     "that ends in .xlsx"),
])
def test_what_a_kept_comparison_cannot_give_is_refused(
    kept, tmp_path, monkeypatch, capsys, words, said
):
    monkeypatch.chdir(tmp_path)
    assert exit_code("report", kept, "--out", "z.html", *words) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_report_says_that_it_takes_a_folder_of_a_comparison(tmp_path, capsys):
    assert exit_code("report", tmp_path / "nowhere", "--out", tmp_path / "z.html") == 2
    assert "there is no such scenario; allowed: the folder of cbl compare --out, a file, or one of" in (
        capsys.readouterr().err)
    assert exit_code("report", tmp_path, "--out", tmp_path / "z.html") == 2
    assert "there is no finished comparison in the folder" in capsys.readouterr().err


def test_the_page_has_every_part_a_committee_asks_for(page):
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert heads == [
        "The question", "What differs", "Charts", "Flows between bands", "Effects by group",
        "Effects by equality group", "What it costs",
        "What it rests on", "What the model does not know", "How it was run",
        "Annex: every value with its source"]
    accounts = re.findall(r"<h3>(Housing Revenue Account|General Fund)</h3>", page)
    assert accounts == ["Housing Revenue Account", "General Fund"]
    assert "assumed: the lever" in page
    assert re.search(r"--replications 3 --weeks 12</pre>", page)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "rect", "line", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_is_offline_and_well_formed_and_every_chart_has_words_and_a_table(page):
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    pictures = [a for tag, a in tags.found if tag == "svg"]
    assert len(pictures) >= 6
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    assert page.count("<desc>") == len(pictures)
    assert page.count("The table of this chart") == len(pictures)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in tags.found}
    assert "@media print" in page


def test_bar_colours_stand_out_from_paper(page):
    def light(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    colours = dict(re.findall(r"\.k(\d+) \{ fill: (#[0-9a-f]{6});", page))  # the last of each counts
    assert len(colours) == 12
    assert all(1.05 / (light(colour) + 0.05) >= 3 for colour in colours.values())


def test_groups_of_a_few_households_are_not_shown(page):
    assert f"under {FEWEST} households" in page


def test_groups_too_small_for_every_figure_are_told_in_one_line(page):
    effects = page.split("<h2>Effects by group</h2>")[1].split("<h2>")[0]
    rows = re.findall(r'<tr><th scope="row">(.+?)</th>(.+?)</tr>', effects)
    assert rows
    for _, cells in rows:
        assert set(re.findall(r'<td class="n">([^<]*)', cells)) - {f"under {FEWEST} households", "–"}
    small = re.findall(f"<p>Under {FEWEST} households in every figure: (.+?)[.]</p>", effects)
    assert len(small) == 2
    assert not {group for line in small for group in line.split(", ")} & {group for group, _ in rows}


def test_a_few_households_without_a_band_are_not_shown(comparison):
    def unbanded(simulation):
        households = simulation.frames["households"].with_columns(
            pl.when(pl.int_range(pl.len()).over("world") >= 2).then("band").alias("band"))
        return replace(simulation, frames={**simulation.frames, "households": households})

    few = replace(comparison, simulations={
        key: unbanded(simulation) for key, simulation in comparison.simulations.items()})
    effects = comparison_page(few).split("<h2>Effects by group</h2>")[1].split("<h2>")[0]
    assert "no band" in effects
    assert '<th scope="row">no band</th>' not in effects


def test_the_workbook_has_the_figures_of_the_page(comparison):
    sheets = comparison_sheets(comparison)
    about = dict(sheets["about"].iter_rows())
    assert about["For"].startswith("Planners")
    assert (about["Base"], about["Variants"]) == ("base", "one_bid; early")
    assert list(sheets) == ["about", "findings", "headlines", "differences", "equality", "levels",
                            "values", "limits"]
    assert sheets["differences"].height == comparison.differences.height
    assert set(sheets["levels"]["scenario"]) == {"base", "one_bid", "early"}
    assert sheets["values"].filter(pl.col("source").is_null(), pl.col("assumed").is_null()).is_empty()
    for name, number in sheets["values"].filter(scenario="base").select("parameter", "number").iter_rows():
        held = comparison.sides[0].parameters[name]
        assert number == (held if isinstance(held, int | float) else None)

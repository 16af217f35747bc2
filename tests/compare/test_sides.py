"""What sides of a comparison are: their responses, where their files lead, and what is refused."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from cbl_engine.compare import compare, findings, open_comparison
from cbl_engine.compare.sides import not_comparable, read_sides
from cbl_engine.report import comparison_page, comparison_sheets
from cbl_engine.shipped import shipped_folder
from tests.commands import exit_code

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.compare import Comparison

PLAIN = """
title: A
scheme: sheffield
world: {households: 200, homes: 600}
start: 2026-04-06
weeks: 8
replications: 3
seed: 5
"""
RESPONDS = PLAIN + """
response: low
policy_changes_on: 2026-04-13
register_again_on: 2026-04-20
variants:
  high:
    title: Strong response
    response: high
"""
BIDS = PLAIN + """
variants:
  one: {title: T, parameters: {bidding.most_bids: {number: 1, assumed: l}}}
"""


def _file(folder: Path, text: str, name: str = "s.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _kinds(*files: Path | str) -> list[str]:
    return [problem.kind for problem in not_comparable(read_sides(files), None, None, files)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    """A comparison whose sides go by different responses, and its folder with a space in its name."""
    folder = tmp_path_factory.mktemp("own responses")
    return folder / "kept", compare(_file(folder, RESPONDS), out=folder / "kept")


def test_each_scenario_keeps_its_own_response(own: tuple[Path, Comparison]) -> None:
    folder, found = own
    simulated = {name: s.scenario.response for (name, _), s in found.simulations.items()}
    assert simulated == {"base": "low", "high": "high"}
    assert found.difference("high", "waiting_at_end")["mean"] < 0
    again = open_comparison(folder)
    assert again.responses == ["own"]
    assert again.differences.equals(found.differences)


def test_the_page_says_which_response_each_scenario_goes_by(own: tuple[Path, Comparison]) -> None:
    page = comparison_page(own[1])
    assert "a response of households of its own (base: low; high: high)" in page
    assert "--responses" not in page


def test_the_command_on_the_page_quotes_paths_with_spaces(own: tuple[Path, Comparison]) -> None:
    assert re.search(r"<pre>cbl compare &#39;.*own responses.*/s.yaml&#39; --replications 3",
                     comparison_page(own[1]))


@pytest.mark.parametrize("responses", ["low", "low,central,high"])
def test_responses_are_refused_where_the_file_sets_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], responses: str
) -> None:
    file, out = _file(tmp_path, RESPONDS), tmp_path / "out"
    assert exit_code("compare", file, "--responses", responses, "--out", out) == 2
    said = capsys.readouterr().err
    assert "s.yaml:10:11: the file says the response itself" in said
    assert "s.yaml:16:15: the file says the response itself" in said
    assert not out.exists()


def test_a_variant_may_differ_in_its_response_alone(tmp_path: Path) -> None:
    assert _kinds(_file(tmp_path, RESPONDS)) == []
    assert _kinds(_file(tmp_path, RESPONDS.replace("response: high", "response: low"))) == [
        "differs_in_nothing"]


def test_the_same_words_in_two_folders_are_two_registers(tmp_path: Path) -> None:
    text = PLAIN.replace("world: {households: 200", "world: {register: reg")
    one, two = (_file(tmp_path / name, text, f"{name}.yaml") for name in ("a", "b"))
    for file in (one, two):
        (file.parent / "reg").mkdir()
    problems = list(not_comparable(read_sides([one, two]), None, None))
    assert [p.kind for p in problems] == ["worlds_differ", "differs_in_nothing"]
    assert str(one.parent / "reg") in problems[0].allowed
    assert str(two.parent / "reg") in problems[0].given


def test_a_folder_is_the_same_however_its_path_is_written(tmp_path: Path) -> None:
    (tmp_path / "reg").mkdir()
    one = _file(tmp_path / "a", PLAIN.replace("world: {households: 200", "world: {register: ../reg"))
    two = _file(tmp_path / "b" / "c", PLAIN.replace(
        "world: {households: 200", "world: {register: ../../a/../reg") + "assess_every: 8\n", "t.yaml")
    assert _kinds(one, two) == []


def test_schemes_differ_by_what_they_say_and_not_by_their_path(tmp_path: Path) -> None:
    text = PLAIN.replace("scheme: sheffield", "scheme: ours.yaml")
    one, two = (_file(tmp_path / name, text, f"{name}.yaml") for name in ("a", "b"))
    shipped = shipped_folder("schemes") / "sheffield.yaml"
    for file in (one, two):
        shutil.copy(shipped, file.parent / "ours.yaml")
    assert _kinds(one, two) == ["differs_in_nothing"]
    theirs = two.parent / "ours.yaml"
    theirs.write_text(theirs.read_text(encoding="utf-8").replace("working_days: 2", "working_days: 3"),
                      encoding="utf-8")
    assert _kinds(one, two) == []


SCHEMES = PLAIN + """
variants:
  v: {title: T, CHANGE}
"""


@pytest.mark.parametrize("change", [
    "scheme_set: {title: Sheffield Property Shop}", "scheme_set: {title: Other, notes: [Of no matter]}",
    "scheme: ours.yaml", "changes: [{on: 2026-04-20, scheme_set: {title: Other}}]",
    "scheme_set: {upkeep.review.months: 6}",
])
def test_a_variant_whose_scheme_differs_in_nothing_that_worlds_go_through_differs_in_nothing(
    tmp_path: Path, change: str
) -> None:
    shutil.copy(shipped_folder("schemes") / "sheffield.yaml", tmp_path / "ours.yaml")
    file = _file(tmp_path, SCHEMES.replace("CHANGE", change))
    assert _kinds(file) == ["differs_in_nothing"]
    assert [side.scenario.policy_changes_on for side in read_sides([file])] == [None, None]


@pytest.mark.parametrize(("scenario", "variant", "responds"), [
    ("", "scheme: runnymede", "2026-04-06"),
    ("", "scheme_set: {bidding.cycle.days: 14}", "2026-04-06"),
    ("", "scheme: runnymede, policy_changes_on: 2026-04-20", "2026-04-20"),
    ("policy_changes_on: 2026-04-13", "scheme: runnymede", "2026-04-13"),
    ("", "scheme_set: {title: Other}, response: high", "None"),
    ("", "changes: [{on: 2026-04-20, scheme: runnymede}]", "None"),  # the change has a day of its own
])
def test_households_respond_to_a_variant_with_other_rules_from_the_first_day(
    tmp_path: Path, scenario: str, variant: str, responds: str
) -> None:
    _, side = read_sides([_file(tmp_path, SCHEMES.replace("CHANGE", variant) + scenario)])
    assert str(side.scenario.policy_changes_on) == responds


NOTED = PLAIN.replace("weeks: 8", "weeks: 2") + """
variants:
  large: {title: T, new_homes: [{on: 2026-04-13, homes: 2, bedrooms: 9}]}
"""


def test_notes_and_rules_not_followed_are_told_of_each_side_by_the_command_the_page_and_the_workbook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert exit_code("compare", _file(tmp_path, NOTED), "--out", out) == 0
    said = capsys.readouterr()
    note = ("large: homes.bedrooms: nobody who waits or may join may be let homes of some sizes, which stand "
            "empty once they come free; given 9 (0 homes, and 2 to come)")
    rule = "Not followed in base, large: offers.answer: nominations.days says how long an answer takes"
    assert said.err.startswith(f"cbl: note: {note}")
    assert rule in " ".join(said.out.split())
    kept = open_comparison(out)
    page, limits = comparison_page(kept), comparison_sheets(kept)["limits"].to_series().to_list()
    for line in (note, rule):
        assert f"<li>{line}" in page
        assert any(text.startswith(line) for text in limits)


@pytest.mark.parametrize("change", [
    "changes: [{on: 2026-05-11, scheme: runnymede}]", "new_homes: [{on: 2026-05-11, homes: 2, bedrooms: 2}]",
    "register_again_on: 2026-05-11",
])
def test_a_variant_whose_change_comes_after_a_shortened_end_is_refused_with_its_place(
    tmp_path: Path, change: str
) -> None:
    file = _file(tmp_path, SCHEMES.replace("CHANGE", change))
    assert _kinds(file) == []
    (problem,) = not_comparable(read_sides([file], weeks=4), None, None, [file])
    assert problem.kind == "differs_in_nothing"
    assert "nothing before the end: what is another comes after it" in problem.message
    assert re.fullmatch(r"2026-05-11 \(s\.yaml:11:\d+\)", problem.given)
    assert problem.allowed == "2026-04-06 to 2026-05-03"


def test_a_change_says_the_same_as_a_file_of_its_own_and_as_a_variant(tmp_path: Path) -> None:
    now = _file(tmp_path, PLAIN, "now.yaml")
    then = _file(tmp_path, PLAIN.replace("sheffield", "runnymede"), "then.yaml")
    _, by_file = read_sides([now, then])
    _, by_variant = read_sides([_file(tmp_path, SCHEMES.replace("CHANGE", "scheme: runnymede"))])
    assert by_file.scenario == by_variant.scenario.model_copy(update={"title": "A"})
    assert str(by_file.scenario.policy_changes_on) == "2026-04-06"
    then.write_text(then.read_text(encoding="utf-8") + "policy_changes_on: 2026-05-04\n", encoding="utf-8")
    assert str(read_sides([now, then])[1].scenario.policy_changes_on) == "2026-05-04"


def test_the_answer_says_from_when_households_respond(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = _file(tmp_path, PLAIN, "now.yaml")
    then = _file(tmp_path, PLAIN.replace("sheffield", "runnymede"), "then.yaml")
    kept, page = tmp_path / "kept", tmp_path / "page.html"
    assert exit_code("compare", now, then, "--weeks", 2, "--out", kept) == 0
    assert "then: A\nHouseholds respond to a change of policy from 2026-04-06 (policy_changes_on)." in (
        capsys.readouterr().out)
    assert exit_code("report", kept, "--out", page) == 0
    assert "then: households respond to a change of policy from 2026-04-06." in page.read_text(
        encoding="utf-8")


@pytest.mark.parametrize("name", ["../esc", "a/b", "..", "'x '", "'a\\b'", "/tmp/x", "''", "'a:b'"])
def test_a_variant_whose_name_is_no_plain_file_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = _file(tmp_path / "s", BIDS.replace("  one:", f"  {name}:"))
    assert exit_code("compare", file, "--out", tmp_path / "out") == 2
    assert "s.yaml:11:3: a variant's name is that of a folder too" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize(("name", "said"), [
    ("1", "s.yaml:11:3: variants.1 must be text; given 1. Put it in quotes"),
    ("true", "s.yaml:11:3: variants.true must be text; given true. Put it in quotes"),
    ("2026-01-01", "s.yaml:11:3: variants.2026-01-01 must be text; given 2026-01-01. Put it in quotes"),
    ("base", "s.yaml:11:3: the scenario itself goes by this name; given base. Give the variant another name"),
    ("a" * 101, "s.yaml:11:3: a variant's name is that of a folder too, and this is too long; given 101 signs "
     f"that begin with {'a' * 20}; allowed: at most 100"),
])
def test_a_variants_name_that_cannot_be_is_said_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert exit_code("compare", _file(tmp_path, BIDS.replace("  one:", f"  {name}:"))) == 2
    err = capsys.readouterr().err
    assert err.startswith("cbl: 1 problem\n")
    assert said in err


@pytest.mark.parametrize("name", ["'1'", "a" * 100])
def test_a_variants_name_may_be_a_number_in_quotes_and_as_long_as_said(tmp_path: Path, name: str) -> None:
    _, side = read_sides([_file(tmp_path, BIDS.replace("  one:", f"  {name}:"))])
    assert side.name == name.strip("'")


def test_a_second_file_called_base_is_said_to_have_the_name_of_the_first(tmp_path: Path) -> None:
    files = [_file(tmp_path, PLAIN, name) for name in ("now.yaml", "base.yaml")]
    assert _kinds(*files) == ["name_of_base", "differs_in_nothing"]


def test_variants_have_names_with_signs_and_spaces(tmp_path: Path) -> None:
    file = _file(tmp_path, BIDS.replace("  one:", "  Un offre, à 2.5:".replace(",", "")))
    assert [side.name for side in read_sides([file])] == ["base", "Un offre à 2.5"]


@pytest.mark.parametrize(("words", "said"), [
    (("--weeks", "0"), "--weeks: there must be at least one; given 0"),
    (("--weeks", "-5"), "--weeks: there must be at least one; given -5"),
    (("--weeks", "999999"), "--weeks: so many cannot be simulated; given 999999; allowed: 1 to 2600"),
    (("--until", "lettings=inf"), "half a width is above 0; given inf"),
    (("--responses", "low,low"), "the response is named twice; given low"),
    (("--until", "void_days:tenancy mean=1"), "until: the figure has no such group; given void_days:tenancy"),
    (("--equality", "nowhere.csv"), "the table cannot be read: there is no such file"),
])
def test_numbers_and_words_that_cannot_be_are_said_before_anything_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], said: str
) -> None:
    assert exit_code("compare", _file(tmp_path, BIDS), "--out", tmp_path / "out", *words) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_bench_policy_refuses_no_weeks(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("bench-policy", "--world", "rural", "--weeks", 0) == 2
    assert "--weeks: there must be at least one; given 0" in capsys.readouterr().err


def test_until_is_of_a_figure_that_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, BIDS + "outcomes: [lettings]\n")
    assert exit_code("compare", file, "--until", "waiting_at_end=3") == 2
    assert ("not among the scenario's outcomes, so it is not compared; given waiting_at_end:all; allowed: "
            "lettings") in capsys.readouterr().err


def test_a_file_where_the_folder_would_be_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, BIDS)
    for command in "compare", "simulate":
        for out in file, file / "below":
            assert exit_code(command, file, "--out", out) == 2
            assert "s.yaml: there is a file where the folder would be" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == BIDS


@pytest.mark.parametrize("words", [
    ("report", "--out", "nowhere/x.html"), ("report", "--out", "x.html", "--excel", "nowhere/x.xlsx"),
    ("simulate", "--page", "nowhere/x.html")])
def test_a_page_that_cannot_be_written_is_said_before_anything_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    file = _file(tmp_path, BIDS)
    monkeypatch.chdir(tmp_path)
    assert exit_code(words[0], file, *words[1:]) == 2
    assert "there is no such folder to write to; given nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "said"), [
    (BIDS.replace("2026-04-06", "9999-12-30"), "s.yaml:5:8: start is too late; given 9999-12-30;"
     " allowed: at most 2200-01-01"),
    (PLAIN + "changes: [{on: 2026-04-13, scheme: nosuch}]\n", "s.yaml:9:36: there is no such scheme"),
    (PLAIN + "variants:\n  v:\n", "s.yaml:10:3: variants.v must be keys with values; given nothing. "
     "Write them on lines below it, further in"),
    (BIDS + 'outcomes: ["void_days:tenancy mean"]\n', "s.yaml:12:12: the figure has no such group; given "
     "void_days:tenancy mean; allowed: tenancy, mean; tenancy, median;"),
    (BIDS + 'outcomes: ["chain_length:witout leakage"]\n', "Did you mean chain_length:without leakage?"),
    (BIDS.replace("parameters:", "scheme: nosuch, parameters:"), "s.yaml:11:27: there is no such scheme"),
])
def test_what_a_file_cannot_say_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    assert exit_code("compare", _file(tmp_path, text)) == 2
    err = capsys.readouterr().err
    assert err.startswith("cbl: 1 problem\n")
    assert said in err


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept comparison of outcomes of which one is reached nowhere, and one nobody has."""
    folder = tmp_path_factory.mktemp("nothing")
    file = _file(folder, BIDS + 'outcomes: [wait_median, "lettings:band Z", adapted_to_need]\n')
    compare(file, out=folder / "kept")
    return folder / "kept"


def test_outcomes_that_no_world_has_are_said_and_not_left_out(nothing: Path) -> None:
    found = open_comparison(nothing)
    assert found.differences["mean"].null_count() == found.differences.height > 0
    said = findings(found)["one"]
    assert any(line.startswith("In no world, or too few, so not compared: lettings: band Z")
               for line in said)
    assert any(re.match(r"Not reached, so not compared: .*opening \(in 3 of 3 worlds\)", line)
               for line in said)


def test_a_comparison_without_a_number_has_a_page_and_a_workbook(
    nothing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, book = tmp_path / "x.html", tmp_path / "x.xlsx"
    assert exit_code("report", nothing, "--out", page, "--excel", book) == 0
    assert "not reached in 3 of 3 worlds" in page.read_text(encoding="utf-8")
    sheet = comparison_sheets(open_comparison(nothing))["differences"]
    assert set(sheet["not_reached"]) == {3}
    capsys.readouterr()


def test_a_kept_file_that_is_cut_off_is_said(
    nothing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = shutil.copytree(nothing, tmp_path / "kept")
    for file, said in ((kept / "base-central-3" / "voids.parquet", "not as it was written"),
                       (kept / "base-central-3" / "manifest.json", "is cut off or damaged"),
                       (kept / "comparison.json", "is cut off or damaged")):
        file.write_bytes(file.read_bytes()[:60])
        assert exit_code("report", kept, "--out", tmp_path / "x.html") == 2
        assert f"{file.name}: the" in (err := capsys.readouterr().err)
        assert said in err
    assert not (tmp_path / "x.html").exists()


def test_a_kept_comparison_is_told_anywhere_whatever_its_paths_were_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(tmp_path, BIDS.replace("scheme: sheffield", "scheme: ours.yaml").replace(
        "{title: T,", "{title: T, scheme: home_link,"))
    ours = tmp_path / "ours.yaml"
    shutil.copy(shipped_folder("schemes") / "sheffield.yaml", ours)
    page = comparison_page(compare(file, out=tmp_path / "kept")).partition("<h2>What it rests on")[0]
    assert "Households by band under the base" in page
    ours.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert comparison_page(open_comparison(tmp_path / "kept")).startswith(page)


def test_the_page_has_the_bands_of_a_new_scheme_that_the_base_has_none_of(tmp_path: Path) -> None:
    text = SCHEMES.replace("CHANGE", "scheme: coventry")
    page = comparison_page(compare(_file(tmp_path, text)))
    effects = page.partition("<h2>Effects by group")[2].partition("<h2>Effects by equality")[0]
    rows = dict(re.findall(r'<th scope="row">(band [^<]+)</th>(.*?)</tr>', effects))
    new = [row for band, row in rows.items() if band in ("band 1", "band 2", "band 3", "band 4")]
    # Nought in the base, and what the variant adds.
    assert any(re.search(r'<td class="n">0<br>.*\+\d', row) for row in new)

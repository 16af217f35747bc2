"""Each command's main path, what it prints for people and programs, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cbl_engine import __version__, run_shortlist
from cbl_engine.cli.app import COMMANDS
from cbl_engine.cli.given import month_of
from cbl_engine.shipped import shipped_folder
from tests.commands import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

    Cbl = Callable[..., tuple[int, str, str]]

SCHEMES = sorted(path.stem for path in shipped_folder("schemes").iterdir())


@pytest.fixture(scope="module")
def shipped() -> pl.DataFrame:
    return run_shortlist("sheffield", "riverton").frame()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    run_shortlist("sheffield", "riverton", out=out)
    return out


def test_shortlist_prints_a_line_for_each_advert(cbl: Cbl, shipped: pl.DataFrame) -> None:
    code, out, err = cbl("shortlist", "sheffield", "--data", "riverton")
    assert (code, err) == (0, "")
    assert all(advert in out for advert in shipped["advert"].unique())
    assert f"{shipped.height:,} bids ranked on 30 adverts" in out
    assert "Properties 1-6 hold, row by row on every bid (checked in " in out


def test_shortlist_prints_one_advert_in_words(cbl: Cbl, shipped: pl.DataFrame) -> None:
    code, out, _ = cbl("shortlist", "sheffield", "--data", "riverton", "--advert", "ADV000003")
    mine = shipped.filter(advert="ADV000003")
    assert code == 0
    assert all(application in out for application in mine["application"])
    assert "priority date" in out
    assert "date: " not in out
    assert "_" not in out


def test_shortlist_for_programs_parses_back(cbl: Cbl, shipped: pl.DataFrame) -> None:
    wanted = shipped.to_dicts()
    code, out, err = cbl("shortlist", "sheffield", "--data", "riverton", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, len(rows)) == (0, "", len(wanted))
    for row, right in zip(rows, wanted, strict=True):
        assert row["application"] == right["application"]
        assert row["position"] == ("" if right["position"] is None else str(right["position"]))
        assert row["failed"] == "|".join(right["failed"])
        assert datetime.fromisoformat(row["placed_at"]) == right["placed_at"]
    code, out, _ = cbl("shortlist", "sheffield", "--data", "riverton", "--format", "json")
    for row, right in zip(json.loads(out), wanted, strict=True):
        assert {k: v for k, v in row.items() if k not in {"placed_at", "bid_time"}} == {
            k: v for k, v in right.items() if k not in {"placed_at", "bid_time"}
        }
        assert datetime.fromisoformat(row["bid_time"]) == right["bid_time"]


def test_shortlist_as_parquet_through_a_pipe(shipped: pl.DataFrame) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cbl_engine.cli", "shortlist", "sheffield", "--data", "riverton",
         "--format", "parquet"],
        capture_output=True, check=True,
    )
    assert pl.read_parquet(io.BytesIO(done.stdout)).equals(shipped)
    assert done.stderr == b""


def test_a_run_folder_is_written_and_not_overwritten(cbl: Cbl, tmp_path: Path) -> None:
    out_folder = tmp_path / "run"
    arguments = ("shortlist", "sheffield", "--data", "riverton", "--out", out_folder)
    code, out, _ = cbl(*arguments)
    assert code == 0
    assert "cbl explain --run" in out
    code, out, err = cbl(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "cbl: 1 problem",
        f"  {out_folder}: the folder is there already. Choose another folder, or replace the run "
        "that is there with --replace",
    ]
    assert cbl(*arguments, "--replace")[0] == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_shipped_scheme_is_valid(cbl: Cbl, scheme: str) -> None:
    code, out, err = cbl("validate", scheme)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("0 problems, ")


def test_the_shipped_borough_is_valid_under_the_scheme_it_was_made_for(cbl: Cbl) -> None:
    code, out, err = cbl("validate", "sheffield", "--data", "riverton")
    assert (code, err) == (0, "")
    assert "applications 1,500" in out.splitlines()[-1]


def test_another_schemes_profiles_and_bands_are_told_of_together(cbl: Cbl) -> None:
    code, out, _ = cbl("validate", "runnymede", "--data", "riverton")
    assert code == 2
    assert [line for line in out.splitlines() if line.startswith("problem: ")]


def test_validate_reports_scheme_and_data_and_lint_together(cbl: Cbl, tmp_path: Path) -> None:
    code, out, _ = cbl("init", tmp_path / "scheme.yaml")
    assert code == 0
    scheme = tmp_path / "scheme.yaml"
    text = scheme.read_text()
    data = tmp_path / "data"
    assert cbl("sample", data, "--households", 60, "--adverts", 3)[0] == 0
    rows = (data / "applications.csv").read_text().splitlines()
    cells = rows[1].split(",")
    cells[rows[0].split(",").index("registered_on")] = "soon"
    (data / "applications.csv").write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")

    scheme.write_text(text.replace("band: [A, B, C]", "band: [A, B]"))
    code, out, err = cbl("validate", scheme, "--data", data)
    assert (code, err) == (2, "")
    problems = [line for line in out.splitlines() if line.startswith("problem: ")]
    assert any("scheme.yaml:" in line for line in problems)
    assert any("registered_on" in line for line in problems)
    assert out.splitlines()[-1].startswith(f"{len(problems)} problems, ")

    scheme.write_text(text)
    bad = tmp_path / "bad.parquet"
    code, out, _ = cbl("validate", scheme, "--data", data, "--format", "json", "--problems", bad)
    found = json.loads(out)
    assert code == 2
    assert {row["level"] for row in found} >= {"problem"}
    assert any(row["level"] in {"note", "warning"} for row in found)
    assert pl.read_parquet(bad).height >= 1
    code, out, _ = cbl("validate", scheme, "--format", "csv")
    assert code == 0
    assert {row["level"] for row in csv.DictReader(io.StringIO(out))} <= {"note", "warning"}


def test_explain_for_each_audience(cbl: Cbl, run_folder: Path, shipped: pl.DataFrame) -> None:
    first, second = shipped.filter(advert="ADV000001")["application"].to_list()[:2]
    which = ("explain", "--run", run_folder, "--advert", "ADV000001", "--application", second)
    code, out, err = cbl(*which)
    assert (code, err) == (0, "")
    assert out.startswith(f"Application {second} on advert ADV000001\n")
    assert first not in out
    assert "priority date: " in out
    code, out, _ = cbl(*which, "--audience", "officer")
    assert first in out
    code, out, _ = cbl(*which, "--audience", "officer", "--format", "json")
    told = json.loads(out)
    assert (told["position"], told["rivals"][0]["application"]) == (2, first)
    code, out, _ = cbl(*which, "--format", "json")
    assert "rivals" not in json.loads(out)


def test_explain_what_is_not_there(cbl: Cbl, run_folder: Path, tmp_path: Path) -> None:
    code, out, err = cbl("explain", "--run", run_folder, "--advert", "no", "--application", "x")
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "cbl: 1 problem"
    code, _, err = cbl("explain", "--run", tmp_path, "--advert", "no", "--application", "x")
    assert code == 2
    assert "this is not a run folder" in err


def test_check_runs_the_cases_shipped_with_a_scheme(cbl: Cbl) -> None:
    """Those of all schemes, without a name, are the gate's own step."""
    code, out, _ = cbl("check", "home_link")
    assert code == 0
    files = [line.split(":")[0] for line in out.splitlines() if " pass" in line]
    assert files == ["home_link.yaml", "home_link_assessment.yaml", "home_link_offers.yaml"]
    assert out.splitlines()[-1].endswith(" cases, 0 failed.")


def test_check_without_cases_runs_those_shipped(cbl: Cbl, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "cases").mkdir()
    monkeypatch.setattr("cbl_engine.shipped.shipped_folder", tmp_path.joinpath)
    code, _, err = cbl("check")
    assert (code, f"{tmp_path}/cases: no .yaml or .yml file here has cases" in err) == (2, True)


def test_check_fails_with_a_case_that_fails(cbl: Cbl, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text("""\
scheme: sheffield
as_at: 2024-10-01
advert: {bedrooms: 2}
defaults: {sizes: [2]}
cases:
  - name: The wrong way round
    applications:
      X: {band: A, priority_date: 2020-01-01}
      Y: {band: B, priority_date: 2020-01-01}
    expect:
      order: [Y, X]
""")
    code, out, err = cbl("check", path)
    assert (code, err) == (1, "")
    assert "The wrong way round" in out
    assert "1 cases, 1 failed." in out
    code, out, _ = cbl("check", path, "--format", "json")
    (row,) = json.loads(out)
    assert (code, row["passed"]) == (1, False)
    assert row["differences"]
    path.write_text(path.read_text().replace("scheme: sheffield", "scheme: nowhere"))
    code, out, err = cbl("check", path)
    assert (code, out) == (2, "")
    assert "nowhere" in err


def test_sample_then_shortlist(cbl: Cbl, tmp_path: Path) -> None:
    data = tmp_path / "borough"
    code, out, _ = cbl("sample", data, "--households", 80, "--adverts", 4, "--seed", 3,
                       "--format", "parquet")
    assert code == 0
    assert f"tables to {data}" in out.splitlines()[-1]
    assert cbl("shortlist", "southend", "--data", data)[0] == 0
    code, _, err = cbl("sample", data)
    assert code == 2
    assert err.splitlines()[1] == f"  {data}: the folder is there already. Choose another folder"


def test_a_borough_that_cannot_be_written_whole_is_not_there(
    cbl: Cbl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, honest, written = tmp_path / "borough", pl.DataFrame.write_csv, []

    def until_full(self: pl.DataFrame, file: Path) -> None:
        written.append(file)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        honest(self, file)

    asked = ("sample", data, "--households", 60, "--adverts", 3)
    monkeypatch.setattr(pl.DataFrame, "write_csv", until_full)
    code, out, err = cbl(*asked)
    assert (code, out, list(tmp_path.iterdir())) == (2, "", [])
    assert err.splitlines()[-1] == f"  {data}: the tables cannot be written: No space left on device"
    monkeypatch.undo()
    assert cbl(*asked)[0] == 0


def test_init_writes_a_scheme_once(cbl: Cbl, tmp_path: Path) -> None:
    out_file = tmp_path / "scheme.yaml"
    code, out, _ = cbl("init", out_file)
    assert (code, out) == (0, f"Wrote {out_file}. Look at it with: cbl validate {out_file}\n")
    assert cbl("validate", out_file)[0] == 0
    out_file.write_text("mine")
    code, out, err = cbl("init", out_file)
    assert (code, out) == (2, "")
    assert err.splitlines()[1] == f"  {out_file}: the file is there already. Choose another file"
    assert out_file.read_text() == "mine"
    spaced = tmp_path / "my council.yaml"
    assert cbl("init", spaced)[1].endswith(f"cbl validate '{spaced}'\n")
    code, _, err = cbl("init", tmp_path / "no" / "scheme.yaml")
    assert code == 2
    assert "the file cannot be written: No such file or directory" in err


def test_init_takes_no_folder_for_a_file(cbl: Cbl, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new"):
        code, _, err = cbl("init", f"{folder}/")
        assert code == 2
        assert err.splitlines()[1] == (
            f"  {folder}: the file of a scheme ends in .yaml or .yml. In a folder that is there: cbl init "
            f"{folder}/scheme.yaml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shortlist", "atlantis", "--data", "riverton"], "atlantis"),
        (["shortlist", "sheffield", "--data", "nowhere"], "nowhere"),
        (["shortlist", "sheffield", "--data", "riverton", "--as-at", "soon"],
         "--as-at: the as-at date cannot be read; given 'soon'; allowed: YYYY-MM-DD, or close"),
        (["shortlist", "sheffield", "--data", "riverton", "--as-at", "1999-01-01"], "1999-01-01"),
        (["shortlist", "sheffield", "--data", "riverton", "--advert", "none"],
         "adverts: there is no such advert, or it is a draft or withdrawn; 1 in all: none"),
        (["validate", "sheffield", "--data", "riverton", "--problems", "/nowhere/x.parquet"],
         "/nowhere/x.parquet: the file cannot be written: No such file or directory"),
        (["sample", "/nowhere/x", "--households", "0"], "households"),
        (["sample", f"{__file__}/x", "--households", "9", "--adverts", "2"],
         "the borough folder cannot be written: Not a directory"),
        (["shortlist", "sheffield", "--data", "riverton", "--as-at", "9999-12-31"],
         "--as-at: the as-at date is too far off to be meant; given '9999-12-31'; allowed: the years "
         "1900 to 2200"),
        (["cycle", "sheffield", "--state", "riverton", "--as-at", "20226-03-03", "--out", "x"],
         "the as-at date cannot be read"),
        (["cycle", "sheffield", "--state", "riverton", "--as-at", "3026-03-03", "--out", "x"],
         "the as-at date is too far off to be meant"),
        (["monthly", "x", "--month", "9999-12", "--out", "x"],
         "--month: the month is too far off to be meant; given '9999-12'"),
        (["monthly", "x", "--month", "2026-13", "--out", "x"],
         "--month: this is not a month; given '2026-13'; allowed: YYYY-MM"),
        (["bid", "sheffield", "P0000001", "AD1", "--data", "riverton", "--at", "9999-12-31T23:59"],
         "--at: the moment is too far off to be meant"),
        (["explain", "--run", "", "--advert", "A"], "--run: nothing is given"),
        (["explain", "--run=", "--advert", "A"], "--run: nothing is given"),
        (["shortlist", "sheffield", "--data", " "], "--data: nothing is given"),
        (["waiting", "a/state", ""], "word 2 after cbl waiting: nothing is given"),
        (["waiting", "--as-at=2024-06-01", "--", "\t"], "word 3 after cbl waiting: nothing is given"),
        (["shortlist", "", "", "--out", ""], "word 2 after cbl shortlist: nothing is given"),
        (["shortlist", "sheffield", "--data", "riverton", "--out", "caf\udce9/run"],
         r"caf\udce9/run: this is not UTF-8 text. Rename the file or folder"),
    ],
)
def test_what_cannot_be_used_is_told_in_lines(cbl: Cbl, arguments: list[str], said: str) -> None:
    code, out, err = cbl(*arguments)
    assert (code, out) == (2, "")
    head, *lines = err.splitlines()
    assert head == f"cbl: {len(lines)} problem" + ("s" if len(lines) != 1 else "")
    assert said in "\n".join(lines)


@pytest.mark.parametrize("arguments", [
    ("replay", "nowhere", "--out"), ("report", "nowhere", "--out"), ("simulate", "nowhere", "--page"),
    ("calibrate", "nowhere", "--page"), ("feedback", "nowhere", "--out"),
    ("backtest", "nowhere", "nowhere", "--until", "2026-01-01", "--page"),
    ("movers", "x", "y", "--data", "nowhere", "--as-at", "2026-01-01", "--out"),
    ("scheme-change", "x", "y", "--data", "nowhere", "--as-at", "2026-01-01", "--out"),
    ("validate", "sheffield", "--data", "riverton", "--report"),
])
def test_a_page_is_written_to_a_name_of_a_page_alone(
    cbl: Cbl, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, out, err = cbl(*arguments, str(tmp_path / "page.xlsx"))
    assert (code, out) == (2, "")
    assert f"{arguments[-1]}: the file is called as one of another kind; given page.xlsx" in err
    assert "allowed: a name that ends in .html" in err
    assert list(tmp_path.iterdir()) == []


def test_a_month_has_its_first_and_its_last_day() -> None:
    assert month_of("2026-02") == (date(2026, 2, 1), date(2026, 2, 28))
    assert month_of("2025-12") == (date(2025, 12, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shortlist"], "SCHEME requires an argument. What it takes: cbl shortlist --help"),
        (["nosuch"], 'Unknown command "nosuch"'),
        (["shortlist", "x", "--data", "y", "--format", "xml"], '"xml" for --format'),
        (["shortlist", "x", "--data", "y", "--seed", "z"], '--seed: unable to convert "z" into int'),
        (["shortlist", "x", "--data", "y", "--data", "z"], "--data specified multiple times"),
        (["describe", "x", "y"], "Unused Tokens: ['y']. What it takes: cbl describe --help"),
    ],
)
def test_a_command_that_cannot_be_read_is_one_problem(
    cbl: Cbl, arguments: list[str], said: str
) -> None:
    code, out, err = cbl(*arguments)
    assert (code, out) == (2, "")
    head, line = err.splitlines()
    assert head == "cbl: 1 problem"
    assert line.startswith("  ")
    assert said in line


def test_a_defect_of_the_engine_has_its_own_exit_code(
    cbl: Cbl, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cbl_engine.errors import PropertyError

    def fail(*_: Any) -> None:
        raise PropertyError(4, "it does not")

    monkeypatch.setattr(sys.modules["cbl_engine.shortlist.run"], "rank", fail)
    code, out, err = cbl("shortlist", "sheffield", "--data", "riverton")
    assert (code, out) == (3, "")
    assert err.startswith("cbl: property 4 does not hold: it does not.")


@pytest.mark.parametrize("kind", [KeyError, OverflowError, pl.exceptions.PanicException])
def test_an_error_that_nobody_foresaw_is_one_line_without_values_and_no_failed_case(
    cbl: Cbl, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def fail(*_: Any) -> None:
        raise kind("P0000001 was born on 1990-02-03")

    monkeypatch.setattr(sys.modules["cbl_engine.shortlist.run"], "rank", fail)
    code, out, err = cbl("shortlist", "sheffield", "--data", "riverton")
    assert (code, out) == (3, "")
    [line] = err.splitlines()
    assert line.startswith(f"cbl: a defect of the engine: {kind.__name__} at cbl_engine.shortlist.run:")
    assert f"version {__version__}. Please report this line" in line
    assert "P0000001" not in line


@pytest.mark.parametrize("arguments", [
    ("shortlist", "sheffield", "--data", "x" * 300), ("simulate", "x" * 300),
    ("shortlist", "sheffield", "--data", "riverton", "--out", "x" * 300)])
def test_a_place_that_the_system_refuses_is_bad_input(cbl: Cbl, arguments: tuple[str, ...]) -> None:
    code, out, err = cbl(*arguments)
    assert (code, out) == (2, "")
    assert "x" * 100 + "...: the system does not allow it: " in err
    assert "x" * 101 not in err


def test_a_working_folder_that_is_gone_is_told(
    cbl: Cbl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    code, out, err = cbl("shortlist", "sheffield", "--data", "riverton", "--out", "run")
    assert (code, out) == (2, "")
    assert "the working folder is there no more" in err


def test_the_traceback_of_a_defect_is_shown_to_who_asks_for_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("nothing")

    monkeypatch.setattr(sys.modules["cbl_engine.shortlist.run"], "rank", fail)
    monkeypatch.setenv("CBL_TRACEBACK", "1")
    assert exit_code("shortlist", "sheffield", "--data", "riverton") == 3
    assert "Traceback" in capsys.readouterr().err


def test_version_and_help(cbl: Cbl) -> None:
    assert cbl("--version")[1].strip() == __version__
    code, out, _ = cbl("--help")
    assert code == 0
    for command in ("shortlist", "validate", "explain", "check", "sample", "init"):
        assert command in out
        assert cbl(command, "--help")[0] == 0


def test_every_command_of_the_list_says_more_by_itself(cbl: Cbl) -> None:
    listed = {path: line for lines in COMMANDS.values() for path, line in lines.items()}
    for path, line in listed.items():
        command = path.split(":")[1].replace("_", "-")
        code, out, _ = cbl(command, "--help")
        assert code == 0
        assert f"cbl {command}" in out
        verb, said = line.split()[0], out[out.index("\n\n") + 2 :]
        assert said.startswith(f"{verb} ")
        assert len(said.splitlines()) > 2


def test_the_list_is_said_without_importing_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cbl_engine.cli", "--help"],
        capture_output=True, text=True, check=True,
    )
    rooms = {path.split(":")[0] for lines in COMMANDS.values() for path in lines}
    assert not {room for room in rooms if f"cbl_engine.cli.{room}\n" in done.stderr}


def test_the_command_as_people_run_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cbl_engine.cli", "validate", str(tmp_path / "none.yaml")],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "none.yaml" in done.stdout + done.stderr

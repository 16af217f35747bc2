"""``cbl replay`` and ``cbl feedback``: what they print, write and refuse, and their exit codes."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.records import run_shortlist

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cbl = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    run_shortlist("sheffield", "riverton", out=out)
    return out


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.yaml"
    path.write_text("""\
corrections:
  - table: applications
    row: P0000332
    column: priority_date
    was: null
    should_be: 2009-02-03
    reason: The date on the first form was never keyed in.
    evidence: <Form> of 3 February 2009
""")
    return path


def test_a_run_as_it_was(cbl: Cbl, run: Path) -> None:
    code, out, _ = cbl("replay", run)
    assert code == 0
    assert "The same in everything: 995 bids on 30 adverts" in out
    code, out, _ = cbl("replay", run, "--format", "json")
    told = json.loads(out)
    assert (code, told["reproduced"], told["audience"]) == (0, True, "applicant")
    assert [t["table"] for t in told["tables"]] == [
        "shortlist", "stage_failures", "set_aside", "bits",
    ]


def test_a_run_that_comes_out_otherwise_has_exit_code_1(
    cbl: Cbl, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cbl_engine.records import RunFolder

    honest = RunFolder.table
    monkeypatch.setattr(
        RunFolder, "table", lambda self, name: honest(self, name).reverse()
    )
    code, out, _ = cbl("replay", run)
    assert code == 1
    assert "shortlist: not the same as recorded." in out


def test_facts_put_right_for_the_applicant_and_for_officers(
    cbl: Cbl, run: Path, facts: Path, tmp_path: Path
) -> None:
    code, out, _ = cbl("replay", run, "--correct", facts, "--out", tmp_path / "page.html")
    assert code == 0
    assert "ADV000003: 26th of 33, held (not known: priority date) then; 12th of 33 now" in out
    page = (tmp_path / "page.html").read_text()
    assert "For the applicant." in page
    assert "&lt;Form&gt; of 3 February 2009" in page
    assert "12th of 33" in page
    assert "Displaced" not in page
    assert "P0000530" not in out + page
    code, out, _ = cbl("replay", run, "--correct", facts, "--audience", "officer",
                       "--out", tmp_path / "officer.html")
    assert "ADV000003 P0000530: 12th of 33 then; 13th of 33 now" in out
    page = (tmp_path / "officer.html").read_text()
    assert "Displaced" in page
    assert "P0000530" in page


def test_facts_put_right_for_programs(cbl: Cbl, run: Path, facts: Path) -> None:
    _, out, _ = cbl("replay", run, "--correct", facts, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["application"], row["position_then"], row["position_now"]) == (
        "P0000332", "26", "12",
    )
    assert row["unknown_then"] == "date: priority_date"
    _, out, _ = cbl("replay", run, "--correct", facts, "--format", "json", "--audience", "officer")
    told = json.loads(out)
    assert told["corrections"] == [{
        "table": "applications", "row": {"id": "P0000332"}, "column": "priority_date", "was": None,
        "should_be": "2009-02-03", "reason": "The date on the first form was never keyed in.",
        "evidence": "<Form> of 3 February 2009",
    }]
    assert (told["adverts"], told["run_again"], told["changed"]) == (30, 1, 1)
    assert told["first"][0] == {"within": 1, "application": "P0000332", "adverts": 1, "then": 0,
                                "now": 0, "held_now": 0}


def test_what_is_wrong_is_a_line_each_and_nothing_is_written(
    cbl: Cbl, run: Path, facts: Path, tmp_path: Path
) -> None:
    facts.write_text(facts.read_text().replace("null", "2019-02-03"))
    code, out, err = cbl("replay", run, "--correct", facts, "--out", tmp_path / "page.html")
    assert (code, out) == (2, "")
    assert err == (
        "cbl: 1 problem\n  facts.yaml:5:10: applications.priority_date of this row was not that in "
        "the run. See what was recorded with cbl replay RUN --template APPLICATION\n"
    )
    assert not (tmp_path / "page.html").exists()


def test_a_template_to_start_from(cbl: Cbl, run: Path) -> None:
    code, out, _ = cbl("replay", run, "--template", "P0000332")
    assert code == 0
    assert "  #   column: priority_date\n  #   was: null\n" in out
    assert cbl("replay", run, "--template", "nobody")[0] == 2


def test_results_for_the_public_and_for_officers(cbl: Cbl, run: Path, tmp_path: Path) -> None:
    code, out, _ = cbl("feedback", run, "--by", "month", "bedrooms", "--out", tmp_path / "p.html")
    assert code == 0
    assert "February 2026" in out
    assert "* withheld" in out
    page = (tmp_path / "p.html").read_text()
    assert "For publication" in page
    assert "All homes" in page or "all homes" in page
    assert "ADV0" not in out + page
    assert "P0000" not in out + page
    _, out, _ = cbl("feedback", run, "--format", "csv")
    rows = pl.read_csv(io.StringIO(out))
    assert rows.columns[:6] == ["row", "month", "area", "bedrooms", "property_type", "adverts"]
    assert rows["bids"][-1] == 995
    code, out, _ = cbl("feedback", run, "--audience", "officer", "--out", tmp_path / "o.html")
    assert code == 0
    assert "ADV000003" in out
    assert "For officers" in (tmp_path / "o.html").read_text()


def test_both_commands_are_listed(cbl: Cbl) -> None:
    _, out, _ = cbl("--help")
    assert "Run a run or a state again" in out
    assert "Publish results" in out

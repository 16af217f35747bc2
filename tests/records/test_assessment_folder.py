"""A register assessed from files: one report of all that is wrong, a folder that is whole or not there."""

from __future__ import annotations

import json
from hashlib import sha256

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import BadInput, RunError
from cbl_engine.records import (
    changes_against_record,
    read_assessment,
    run_assessment,
    run_shortlist,
    summary_by_band,
    write_assessment,
)
from cbl_engine.scheme import load_scheme
from cbl_engine.shipped import shipped_folder
from tests.report.register import (
    AS_AT,
    REGISTER,
    SCHEME,
    WITHOUT_BANDS,
    assessed_of,
    replaced,
    with_rows,
    write_files,
)


def bytes_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_folder_holds_the_frames_and_their_hashes(tmp_path):
    result = run_assessment(*write_files(tmp_path), AS_AT, tmp_path / "out")
    folder = read_assessment(tmp_path / "out")
    assert_frame_equal(folder.table("assessed"), result.assessed)
    assert_frame_equal(folder.table("reasons"), result.reasons())
    assert_frame_equal(folder.table("missing"), result.missing())
    assert_frame_equal(folder.table("contradictions"), result.contradictions)
    assert_frame_equal(folder.table("changes"), changes_against_record(result))
    files = bytes_of(tmp_path / "out")
    assert set(files) == {*folder.manifest["files"], "manifest.json"}
    assert all(sha256(files[n]).hexdigest() == h for n, h in folder.manifest["files"].items())
    assert folder.manifest["as_at"] == "2026-03-01"
    assert folder.manifest["audience"] == "officer"
    assert set(folder.manifest["register"]) == set(REGISTER)


def test_the_order_of_rows_changes_no_byte_and_a_value_changes_the_digest(tmp_path):
    def written(name, changes=None):
        run_assessment(*write_files(tmp_path, changes), AS_AT, tmp_path / name)
        return bytes_of(tmp_path / name)

    turned = {}
    for table, text in REGISTER.items():
        head, *rows = text.splitlines()
        turned[table] = "\n".join([head, *reversed(rows)]) + "\n"
    one = written("one")
    assert written("two", turned) == one
    other = written("three", replaced("people", "1988-03-02", "1988-03-03"))
    digests = [json.loads(f["manifest.json"])["register"] for f in (one, other)]
    assert {t for t in digests[0] if digests[0][t] != digests[1][t]} == {"people"}


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_folder_that_was_changed_is_refused(tmp_path, how):
    run_assessment(*write_files(tmp_path), AS_AT, tmp_path / "out")
    file = tmp_path / "out" / "assessed.parquet"
    if how == "changed":
        file.write_bytes(file.read_bytes() + b" ")
    else:
        file.unlink()
    with pytest.raises(RunError, match=r"assessed.parquet: the file is missing, or has changed"):
        read_assessment(tmp_path / "out")
    with pytest.raises(RunError, match="not the folder of an assessment"):
        read_assessment(tmp_path)


def test_a_folder_is_only_replaced_by_its_own_kind_and_when_asked(tmp_path):
    files = write_files(tmp_path)
    out, run = tmp_path / "out", tmp_path / "run"
    run_assessment(*files, AS_AT, out)
    before = bytes_of(out)
    with pytest.raises(RunError, match="the folder is there already"):
        run_assessment(*files, AS_AT, out)
    run_shortlist("sheffield", "riverton", out=run)
    with pytest.raises(RunError, match=r"Choose another folder$"):
        run_assessment(*files, AS_AT, run, replace=True)
    with pytest.raises(RunError, match=r"Choose another folder$"):
        run_shortlist("sheffield", "riverton", out=out, replace=True)
    assert bytes_of(out) == before
    run_assessment(*files, AS_AT, out, replace=True)
    assert bytes_of(out) == before


@pytest.mark.parametrize("error", [
    OSError(28, "No space left on device"),
    OSError("No space left on device (os error 28): out/x.parquet"),
    pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)"),
])
def test_nothing_is_left_behind_when_it_cannot_be_written(tmp_path, monkeypatch, error):
    scheme, data = write_files(tmp_path)
    result = run_assessment(scheme, data, AS_AT)

    def full(*_args, **_more):
        raise error

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RunError, match=r"cannot be written: No space left on device$"):
        write_assessment(result, load_scheme(scheme), tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_the_summary_counts_every_application_once(tmp_path):
    result = assessed_of(tmp_path, with_rows("people", "P6-03,P6,1975-01-01,,female,partner,P6-01,,,,"))
    summary = summary_by_band(result)
    assert summary.columns == [
        "band", "status_proposed", "applications", "missing", "contradictory", "changed",
    ]
    assert summary.rows() == [
        ("A", "active", 1, 0, 0, 1),
        ("A", "awaiting_review", 1, 1, 1, 1),
        ("C", "active", 1, 0, 0, 1),
        ("C", "awaiting_review", 2, 2, 0, 2),
        ("C", "closed", 1, 1, 0, 1),
    ]


def test_the_summary_under_a_scheme_without_bands_is_by_status_alone(tmp_path):
    summary = summary_by_band(assessed_of(tmp_path, scheme=WITHOUT_BANDS))
    assert summary["band"].null_count() == summary.height == summary["status_proposed"].n_unique()
    assert summary["applications"].sum() == 6


def test_changes_are_where_the_register_says_something_else(tmp_path):
    changes = changes_against_record(assessed_of(tmp_path))
    assert changes.filter(application="P1").rows() == [
        ("P1", "bedroom_need", "2", "3"), ("P1", "sizes", "2", "3"), ("P1", "band", "B", "A"),
    ]
    assert "priority_date" not in changes["field"]
    dated = {"applications": REGISTER["applications"].replace("arrears\n", "arrears,priority_date\n")
             .replace("true,0\n", "true,0,2024-05-02\n")}
    head, one, *rows = dated["applications"].splitlines()
    dated = {"applications": "\n".join([head, one, *(f"{r}," for r in rows)]) + "\n"}
    found = changes_against_record(assessed_of(tmp_path, dated)).filter(field="priority_date")
    assert found["application"].to_list() == ["P1"]


def test_everything_wrong_with_scheme_and_tables_is_one_report(tmp_path):
    scheme = SCHEME.replace("size: twenty_one_year", "size: twenty_two")
    wrong = (
        replaced("people", "1988-03-02,,female", "1988-02-30,,woman")
        | replaced("applications", "P2,active", "P1,waiting")
        | {"connections": "application,person,area,kind\nP8,,nowhere,residence\n"}
        | {"overrides": "id,application,field,value\nO1,P1,rank,3\n"}
        | {"band_history": "application,band,since,until\nP1,B,2025-02-01,2025-01-01\n"}
    )
    with pytest.raises(BadInput) as caught:
        run_assessment(*write_files(tmp_path, wrong, scheme), AS_AT, tmp_path / "out")
    said = "\n".join(problem.line() for problem in caught.value.problems)
    for part in ("there is no bedroom standard twenty_two", "people.csv", "date_of_birth", "sex",
                 "applications.csv", "repeat the same id", "status", "no such application",
                 "no such area", "overrides.csv", "band_history.csv", "end on or before"):
        assert part in said, part
    assert "1988" not in said
    assert not (tmp_path / "out").exists()


def test_a_table_or_column_that_the_scheme_reads_and_is_not_there_is_in_the_report(tmp_path):
    files = write_files(tmp_path, {"applications": "id,status\nP1,active\n", "people": "id,application\n"})
    (files[1] / "connections.csv").unlink()
    with pytest.raises(BadInput) as caught:
        run_assessment(*files, AS_AT)
    said = "\n".join(problem.line() for problem in caught.value.problems)
    for part in ("reads the table connections, and it is not there", "medical_need",
                 "date_of_birth", "registered_on"):
        assert part in said, part


def test_bad_rows_may_be_left_out_and_are_kept(tmp_path):
    wrong = replaced("people", "1988-03-02", "1988-02-30")
    told = []
    result = run_assessment(*write_files(tmp_path, wrong), AS_AT, tmp_path / "out", strict=False,
                            on_problems=told.extend)
    assert result.assessed.height == 6
    assert len(told) == 1
    assert pl.read_parquet(tmp_path / "out.problems.parquet")["table"].to_list() == ["people"]


def test_a_scheme_without_an_assessment_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="the scheme redditch does not say how households are"):
        run_assessment(shipped_folder("cases") / "schemes/redditch.yaml", write_files(tmp_path)[1], AS_AT)


def test_the_order_in_which_sizes_were_written_is_no_change(tmp_path):
    first, *rows = REGISTER["applications"].splitlines()
    at = first.split(",").index("sizes")
    cells = rows[0].split(",")
    cells[at] = "3|2|3"
    asked = {"applications": "\n".join([first, ",".join(cells), *rows[1:]]) + "\n",
             "overrides": "id,application,field,value,until,decided_on,reason\nO1,P1,sizes,3|2|2,,2026-01-01,panel\n"}
    result = assessed_of(tmp_path, asked)
    found = result.assessed.filter(application="P1")["sizes"].to_list()
    assert found == [[2, 3]]
    assert "sizes" not in changes_against_record(result).filter(application="P1")["field"]

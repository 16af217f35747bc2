"""``cbl calibrate``, as people run it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cbl_engine.simulate.parameters import read_parameters


class Said(NamedTuple):
    code: int
    out: str
    err: str


def test_it_says_quality_then_fits_then_what_was_not(cbl, tmp_path: Path) -> None:
    out, page = tmp_path / "fitted.yaml", tmp_path / "fit.html"
    said = Said(*cbl("calibrate", "mereham", "--out", str(out), "--page", str(page)))
    assert said.code == 0
    quality = said.out.index("Good enough for fitting")
    fitted, not_fitted = said.out.index("Fitted: "), said.out.index("Not fitted, shipped values kept")
    assert quality < fitted < not_fitted
    assert f"Parameters: {out}" in said.out
    assert "voids.works_days" in read_parameters(out)
    html = page.read_text(encoding="utf-8")
    assert html.index("What the data will do") < html.index("<h2>Fitted")
    assert "<script" not in html


def test_a_file_of_parameters_that_is_there_is_told_before_anything_is_read(cbl, tmp_path: Path) -> None:
    out = tmp_path / "fitted.yaml"
    out.write_text("")
    said = Said(*cbl("calibrate", "nowhere", "--out", str(out)))
    assert said.code == 2
    assert "the file is there already. Choose another file, or replace it with --replace" in said.err
    assert "nowhere" not in said.err
    said = Said(*cbl("calibrate", "nowhere", "--out", str(out), "--replace"))
    assert (said.code, "nowhere" in said.err) == (2, True)


def test_a_page_that_cannot_be_written_leaves_no_parameters_behind(cbl, tmp_path: Path) -> None:
    out, page = tmp_path / "fitted.yaml", tmp_path / f"{'f' * 245}.html"  # no room for its partial
    said = Said(*cbl("calibrate", "mereham", "--out", str(out), "--page", str(page)))
    assert (said.code, "the file cannot be written" in said.err) == (2, True)
    assert not out.exists()


def test_a_page_in_a_folder_that_may_not_be_written_to_is_refused_first(cbl, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    said = Said(*cbl("calibrate", "none", "--page", str(tmp_path / "fit.html")))
    assert said.code == 2
    assert f"--page: this folder may not be written to; given {tmp_path}. Make it writable" in said.err


def test_rows_for_programs(cbl) -> None:
    said = Said(*cbl("calibrate", "mereham", "--format", "csv"))
    frame = pl.read_csv(io.StringIO(said.out))
    assert frame.columns == [
        "parameter", "part", "unit", "shipped", "fitted", "low", "high", "rows", "remark",
    ]
    works = frame.filter(parameter="voids.works")
    assert works["part"].to_list() == ["none", "standard", "major", "adaptation"]
    assert (works["low"] <= works["fitted"]).all()
    assert (works["fitted"] <= works["high"]).all()
    left = frame.filter(pl.col("fitted").is_null())
    assert (left["remark"] != "").all()


def test_a_window_may_be_named(cbl) -> None:
    said = Said(*cbl("calibrate", "mereham", "--since", "2023-03-01", "--until", "2024-03-01"))
    assert "History from 2023-03-01 up to 2024-03-01" in said.out


def test_what_cannot_be_read_is_told_in_lines(cbl, tmp_path: Path) -> None:
    for arguments, kind in (
        (["mereham", "--since", "spring"], "the since date cannot be read"),
        (["mereham", "--since", "2024-01-01", "--until", "2023-01-01"], "the window ends"),
        ([str(tmp_path)], "there is no table to fit from"),
        (["nowhere"], "there is no such folder or file"),
    ):
        out = tmp_path / "fitted.yaml"
        said = Said(*cbl("calibrate", *arguments, "--out", str(out)))
        assert (said.code, kind in said.err, out.exists()) == (2, True, False), said.err

"""``cbl backtest``, as people run it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import polars as pl

UNTIL = ("--until", "2026-07-06", "--weeks", "5", "--replications", "9")


class Said(NamedTuple):
    code: int
    out: str
    err: str


def test_the_shipped_history_is_predicted_and_told(cbl, tmp_path: Path) -> None:
    out, page = tmp_path / "then", tmp_path / "then.html"
    said = Said(*cbl("backtest", "fenwold", "fenwold", *UNTIL, "--out", str(out), "--page", str(page)))
    assert (said.code, said.err) == (0, "")
    assert said.out.index("intervals of 80% held.") < said.out.index("Homes let (homes)")
    assert "Register: the history's own" in said.out
    assert f"Wrote {out}\nWrote {page}" in said.out
    told = json.loads((out / "manifest.json").read_text())
    assert f"{told['held']} of {told['of']} intervals" in said.out
    assert pl.read_csv(out / "compared.csv").height == told["of"]
    assert "<svg" in page.read_text(encoding="utf-8")
    again = Said(*cbl("backtest", "fenwold", "fenwold", *UNTIL, "--out", str(out)))
    assert (again.code, "there already" in again.err) == (2, True)


def test_rows_for_programs(cbl) -> None:
    said = Said(*cbl("backtest", "fenwold", "fenwold", *UNTIL, "--format", "csv"))
    frame = pl.read_csv(io.StringIO(said.out))
    assert frame.columns == ["measure", "group", "unit", "predicted", "low", "high", "happened",
                             "held", "side", "below", "worlds"]
    assert (frame["low"] <= frame["predicted"]).all()
    assert (frame["predicted"] <= frame["high"]).all()


def test_what_is_wrong_is_told_before_the_run(cbl, tmp_path: Path) -> None:
    out = tmp_path / "then"
    for given, words in (
        (("fenwold", "fenwold", "--until", "yesterday"), "cannot be read"),
        (("fenwold", "fenwold", "--until", "2019-01-01"), "does not cover the day"),
        (("nowhere", "fenwold", "--until", "2026-07-06"), "nowhere"),
        (("fenwold", "atlantis", "--until", "2026-07-06"), "there is no such scenario"),
        (("fenwold", "fenwold", "--until", "2026-07-06", "--replications", "3"), "have no interval"),
        (("mereham", "fenwold", "--until", "2024-04-01"), "is not in force"),
    ):
        said = Said(*cbl("backtest", *given, "--out", str(out)))
        assert (said.code, words in said.err) == (2, True), (given, said.err)
        assert not out.exists()

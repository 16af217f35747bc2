"""One report of everything, even where one problem could hide another."""

from __future__ import annotations

import shutil

import polars as pl

from cbl_engine.records import check_inputs
from cbl_engine.shipped import shipped_folder


def test_an_unknown_band_does_not_hide_an_unknown_profile(tmp_path) -> None:
    data = tmp_path / "borough"
    shutil.copytree(shipped_folder("boroughs") / "riverton", data)
    for table, old, new in (("applications", ",C,", ",Z,"), ("adverts", "waiting_time", "ghost")):
        file = data / f"{table}.csv"
        file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    found = check_inputs("sheffield", data)
    assert [p.kind for p in found.problems] == ["unknown_band", "unknown_profile"]
    assert isinstance(found.tables.rejected, pl.DataFrame)

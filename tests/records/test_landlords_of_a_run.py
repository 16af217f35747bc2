"""A run folder keeps the landlords that were read, so that a run explains itself."""

from __future__ import annotations

import polars as pl

from cbl_engine.records import explain_run, run_shortlist
from cbl_engine.sample import write_borough
from cbl_engine.scheme import load_scheme


def test_a_landlords_reason_is_explained_from_the_run_folder(tmp_path):
    write_borough(
        tmp_path / "town", scheme=load_scheme("bexley"), households=400, adverts=8, seed=1
    )
    result = run_shortlist("bexley", tmp_path / "town", "close", tmp_path / "run")
    turned_away = result.frame().filter(pl.col("failed").list.contains("no_housing_debt"))
    advert, application = turned_away.select("advert", "application").row(0)
    found = explain_run(tmp_path / "run", advert, application)
    (reason,) = [r for r in found.reasons if r.name == "no_housing_debt"]
    assert reason.asked_by in {"Orbit South", "L&Q"}

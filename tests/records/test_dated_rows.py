"""A scheme whose facts read dated rows: the run folder holds them, and updates see them."""

from __future__ import annotations

import shutil
from datetime import date

import polars as pl
import pytest

from cbl_engine import load_scheme, prepare, read_run, run_shortlist
from cbl_engine.shipped import shipped_folder

SCHEME = """
scheme: s
title: t
authority: a
in_force: {from: 2000-01-01, assumed: true}
columns: {duties: {urgent: {type: bool, label: x, if_null: false}}}
facts:
  homeless: {label: x, any_member: current AND kind = 'main' AND NOT urgent, of: duties, if_none: false}
  years: {label: x, whole_years_since: registered_on}
  rooms: {label: x, bedrooms: eighteen_year}
criteria:
  owed: {label: x, when: homeless}
  long: {label: x, when: years >= 1 AND rooms >= 1}
profiles: {p: {label: x, order: [{prefer: owed}, {prefer: long}, {date: registered_on}, {tie: human}]}}
default_profile: p
"""


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(shipped_folder("boroughs") / "riverton", folder)
    ids = pl.read_csv(folder / "applications.csv")["id"].sort().to_list()
    rows = [f"{i},main,2020-01-01,," for i in ids[::3]] + [f"{ids[1]},main,2020-01-01,,true"]
    text = "application,kind,since,until,urgent\n" + "\n".join(rows) + "\n"
    (folder / "duties.csv").write_text(text)
    adverts = pl.read_csv(folder / "adverts.csv", infer_schema=False)
    drop = [c for c in ("profile", "local_lettings_plan") if c in adverts.columns]
    adverts.drop(drop).write_csv(folder / "adverts.csv")
    scheme = tmp_path / "s.yaml"
    scheme.write_text(SCHEME)
    return scheme, folder


def test_a_run_folder_holds_the_rows_it_read_and_replays(data, tmp_path):
    scheme, folder = data
    result = run_shortlist(scheme, folder, out=tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert {"duties", "people"} <= set(run.frames)
    assert "cannot_share" in run.frames["people"].columns
    assert run.shortlist().frame().equals(result.frame())


def test_an_update_of_dated_rows_and_dates_equals_a_fresh_register(data):
    scheme_file, folder = data
    from cbl_engine import read_tables
    from cbl_engine.records.chain import extra_columns

    scheme = load_scheme(scheme_file)
    frames = dict(read_tables(folder, extra_columns(scheme)).frames)
    on = date(2026, 9, 1)
    prepared = prepare(scheme, frames, on)
    ids = frames["applications"]["id"].sort()
    new = frames["duties"].head(1).with_columns(pl.lit(ids[4]).alias("application"))
    moved = frames["applications"].filter(pl.col("id") == ids[5]).with_columns(
        pl.lit(date(2001, 1, 1)).alias("registered_on"))
    updated = prepared.update({"duties": new, "applications": moved}, {"duties": [ids[0]]})
    fresh = prepare(scheme, updated.tables, on)
    assert updated.at(on).frame.equals(fresh.at(on).frame)
    told = dict(updated.at(on).frame.select("id", "homeless").iter_rows())
    assert (told[ids[0]], told[ids[1]], told[ids[4]]) == (False, False, True)

"""Real bids under another scheme: who would have been let what."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from cbl_engine.compare.rerun import rerun
from cbl_engine.errors import BadInput
from cbl_engine.scheme import scheme_from_text
from cbl_engine.tables import LINEAGE_COLUMNS, read_tables, write_tables
from tests.commands import exit_code

LONDON = ZoneInfo("Europe/London")
SCHEME = """
scheme: {name}
title: A scheme
authority: A council
in_force: {{from: 2020-01-01, assumed: true}}
bands:
  A: {{label: urgent}}
  B: {{label: other}}
criteria:
  active: {{label: The application is active, when: "status = 'active'"}}
eligible: [active]
profiles:
  all:
    label: Every home
    order: {order}
"""
BY_BAND = SCHEME.format(name="by_band", order="[{band: [A, B]}, {date: registered_on}, {lottery: register}]")
BY_DATE = SCHEME.format(name="by_date", order="[{date: registered_on}, {lottery: register}]")


def _history(folder, tenancies, outcomes=()):
    day = date(2025, 1, 1)
    close = [datetime(2025, 3, d, 23, 59, tzinfo=LONDON) for d in (2, 9)]
    write_tables({
        "applications": pl.DataFrame({
            "id": ["P1", "P2", "P3"], "status": ["housed", "housed", "active"],
            "band": ["A", "B", "B"],
            "registered_on": [date(2024, 6, 1), date(2024, 1, 1), date(2024, 3, 1)],
            "bedroom_need": [1, 1, 1],
        }),
        "homes": pl.DataFrame({"id": ["H1", "H2"], "bedrooms": [1, 1]}),
        "adverts": pl.DataFrame({
            "id": ["A1", "A2"], "home": ["H1", "H2"], "status": ["let", "let"],
            "opens_at": [datetime(2025, 2, 24, tzinfo=LONDON), datetime(2025, 3, 3, tzinfo=LONDON)],
            "closes_at": close,
        }),
        "bids": pl.DataFrame({
            "advert": ["A1", "A1", "A1", "A2", "A2"],
            "application": ["P1", "P2", "P3", "P2", "P3"],
            "placed_at": [datetime(2025, 3, 1, tzinfo=LONDON)] * 3
            + [datetime(2025, 3, 8, tzinfo=LONDON)] * 2,
        }),
        "tenancies": pl.DataFrame({
            "id": [f"T{n}" for n in range(len(tenancies))],
            "home": [h for h, _ in tenancies], "application": [a for _, a in tenancies],
            "start": [date(2025, 3, 17)] * len(tenancies), "end": [None] * len(tenancies),
        }, schema_overrides={"end": pl.Date}),
        **({"outcomes": pl.DataFrame({
            "id": [f"O{n}" for n in range(len(outcomes))], "on": [day] * len(outcomes),
            "what": [w for w, _, _ in outcomes], "advert": [a for _, a, _ in outcomes],
            "application": [p for _, _, p in outcomes],
        })} if outcomes else {}),
    }, folder)
    return folder


def _run(folder, **options):
    return rerun(folder, scheme_from_text(BY_DATE), scheme_from_text(BY_BAND), **options)


def test_a_letting_goes_to_the_one_whom_the_new_order_puts_first_and_has_no_home_yet(tmp_path):
    found = _run(_history(tmp_path, [("H1", "P1"), ("H2", "P2")]))
    rows = found.lettings.select("advert", "went_to", "would_go_to", "verdict").rows()
    # By date P2 is first on A1, and then P3 is the first without a home on A2; P1 has none.
    assert rows == [("A1", "P1", "P2", "other"), ("A2", "P2", "P3", "other")]
    by_band = found.groups.filter(pl.col("by") == "band").drop("by").rows()
    assert by_band == [("A", 1, 0, 0, 1, 0), ("B", 1, 2, 0, 1, 2)]


def test_the_same_scheme_changes_no_letting(tmp_path):
    history = _history(tmp_path, [("H1", "P1"), ("H2", "P2")])
    found = rerun(history, scheme_from_text(BY_BAND), scheme_from_text(BY_BAND))
    assert found.lettings["verdict"].to_list() == ["same", "same"]


def test_a_letting_that_the_old_scheme_does_not_explain_is_not_judged_and_stands(tmp_path):
    found = _run(_history(tmp_path, [("H1", "P3"), ("H2", "P2")]))
    first = found.lettings.row(0, named=True)
    assert (first["verdict"], first["would_go_to"]) == ("not_judged", None)
    assert "somebody else first" in first["why"]
    assert found.judged.height == 1


def test_who_turned_the_home_down_does_not_get_it_under_the_new_scheme_either(tmp_path):
    found = _run(_history(tmp_path, [("H1", "P1"), ("H2", "P2")], [("refused", "A1", "P2")]))
    assert found.lettings["would_go_to"].to_list() == ["P3", "P2"]


def test_without_versions_the_notes_say_what_was_taken_for_granted(tmp_path):
    notes = " ".join(_run(_history(tmp_path, [("H1", "P1")])).notes)
    assert "no versions" in notes
    assert "takes it" in notes


def test_who_of_an_equality_table_is_not_of_the_history_is_counted(tmp_path, capsys):
    folder = _history(tmp_path / "history", [("H1", "P1"), ("H2", "P2")])
    (tmp_path / "old.yaml").write_text(BY_BAND)
    (tmp_path / "new.yaml").write_text(BY_DATE)
    table = tmp_path / "equality.csv"
    table.write_text("application,characteristic,value\nP1,sex,male\n1,sex,male\n2,sex,female\n")
    assert exit_code("rerun", folder, tmp_path / "new.yaml", "--old", tmp_path / "old.yaml",
                     "--equality", table) == 0
    assert ("Of 3 applications in the table 2 are not on the register of the history: "
            "what it says of them is counted nowhere.") in " ".join(capsys.readouterr().out.split())


def test_a_history_without_lettings_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no letting of an advert is on record"):
        _run(_history(tmp_path, [("H1", "P1")]), since=date(2026, 1, 1))


def test_versions_without_ends_hold_until_the_next_and_each_letting_is_counted_once(tmp_path):
    folder = _history(tmp_path, [("H1", "P1"), ("H2", "P2")])
    rows = read_tables(folder).frames["applications"].drop(LINEAGE_COLUMNS)
    rows = rows.with_columns(pl.lit("active").alias("status"), pl.lit(None, pl.Date).alias("valid_from"))
    risen = rows.filter(id="P2").with_columns(
        pl.lit("A").alias("band"), pl.lit(date(2025, 3, 5)).alias("valid_from"))
    write_tables({"applications": pl.concat([rows, risen])}, folder)
    found = _run(folder)
    assert found.lettings.height == 2
    assert found.lettings.select("advert", "went_to", "band").rows() == [
        ("A1", "P1", "A"), ("A2", "P2", "A")]


@pytest.mark.parametrize("left_out", [("tenancies", "application"), ("tenancies", "start"), ("adverts", "home")])
def test_lettings_are_found_in_outcomes_though_a_column_of_another_table_is_left_out(tmp_path, left_out):
    table, column = left_out
    folder = _history(tmp_path, [("H1", "P1"), ("H2", "P2")], [("signed", "A1", "P1"), ("signed", "A2", "P2")])
    frame = read_tables(folder).frames[table]
    write_tables({table: frame.drop(*LINEAGE_COLUMNS, column)}, folder)
    found = _run(folder)
    assert found.lettings.select("advert", "went_to").rows() == [("A1", "P1"), ("A2", "P2")]


def test_a_history_whose_tenancies_name_no_application_has_no_letting(tmp_path):
    folder = _history(tmp_path, [("H1", "P1")])
    frame = read_tables(folder).frames["tenancies"]
    write_tables({"tenancies": frame.drop(*LINEAGE_COLUMNS, "application")}, folder)
    with pytest.raises(BadInput, match="no letting of an advert is on record"):
        _run(folder)


def test_a_letting_is_of_the_bedrooms_that_its_advert_says_or_its_home(tmp_path):
    history = _history(tmp_path, [("H1", "P2"), ("H2", "P3")])
    adverts = pl.read_csv(history / "adverts.csv").with_columns(
        pl.Series("bedrooms", [2, None], dtype=pl.Int64))
    adverts.write_csv(history / "adverts.csv")
    assert _run(history).lettings.select("advert", "bedrooms").rows() == [("A1", 2), ("A2", 1)]

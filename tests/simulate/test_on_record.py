"""What is found is put on record: spells in bands follow each other."""

from __future__ import annotations

from datetime import date

import polars as pl

from cbl_engine.simulate.record import FOUND, on_record

ON = date(2026, 4, 6)
AWARDED, BEFORE = date(2026, 4, 2), date(2024, 5, 1)


def _history(spells: list[tuple[date | None, date | None]], since: date) -> list[tuple]:
    """The record of somebody in band B, who is found in band A since a day."""
    tables = {
        "applications": pl.DataFrame({"id": ["1", "2"], "band": ["B", "B"], "band_from": [BEFORE, BEFORE]}),
        "band_history": pl.DataFrame(
            [("1", "B", begins, ends) for begins, ends in spells], orient="row",
            schema={"application": pl.String, "band": pl.String, "since": pl.Date, "until": pl.Date}),
    }
    found = pl.DataFrame({"application": ["1"], "begins": [True], "begins_on": [since], "band": ["A"]})
    found = found.with_columns(pl.lit(None, dtype).alias(c) for c, dtype in FOUND.items() if c != "band")
    out = on_record(tables, found, ON)
    assert out["applications"]["band"].to_list() == ["A", "B"]
    return out["band_history"].sort("since", "until").select("band", "since", "until").rows()


def test_a_band_found_follows_the_last_on_record() -> None:
    assert _history([(BEFORE, None)], AWARDED) == [("B", BEFORE, None), ("A", AWARDED, None)]


def test_the_band_on_the_row_alone_is_a_spell_too() -> None:
    assert _history([], AWARDED) == [("B", BEFORE, None), ("A", AWARDED, None)]


def test_a_register_that_keeps_ends_goes_on_keeping_them() -> None:
    first = date(2023, 1, 1)
    assert _history([(first, BEFORE), (BEFORE, None)], AWARDED) == [
        ("B", first, BEFORE), ("B", BEFORE, AWARDED), ("A", AWARDED, None)]


def test_of_two_of_one_day_the_one_before_was_held_until_then() -> None:
    assert _history([(AWARDED, None)], AWARDED) == [("B", None, None), ("A", AWARDED, None)]
    assert _history([(BEFORE, None), (AWARDED, None)], AWARDED) == [
        ("B", BEFORE, None), ("B", date(2026, 4, 1), None), ("A", AWARDED, None)]


def test_one_dated_before_the_last_follows_it() -> None:
    assert _history([(AWARDED, None)], BEFORE) == [("B", AWARDED, None), ("A", date(2026, 4, 3), None)]


def test_spells_that_are_still_to_come_stay_so() -> None:
    later = date(2026, 9, 1)
    assert _history([(BEFORE, None), (later, None)], AWARDED) == [
        ("B", BEFORE, None), ("A", AWARDED, None), ("B", later, None)]

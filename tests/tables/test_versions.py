"""Versions of applications: which row is in force on a day, however their ends are given."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.tables import versions_in_force
from cbl_engine.tables.versions import last_versions

FROM = [None, date(2026, 2, 1), date(2026, 3, 1)]
TO = [date(2026, 2, 1), date(2026, 3, 1), None]


def versions(**dates):
    return pl.DataFrame({"id": ["P1"] * 3, "band": ["C", "B", "A"], **dates},
                        schema_overrides=dict.fromkeys(dates, pl.Date))


@pytest.mark.parametrize(("on", "band"), [
    (date(2020, 1, 1), "C"), (date(2026, 1, 31), "C"), (date(2026, 2, 1), "B"),
    (date(2026, 2, 28), "B"), (date(2026, 3, 1), "A"), (date(2030, 1, 1), "A"),
])
def test_a_version_holds_until_its_end_or_where_ends_are_not_given_until_the_next(on, band):
    for given in (versions(valid_from=FROM), versions(valid_from=FROM, valid_to=TO)):
        assert versions_in_force(given, on)["band"].to_list() == [band]
        assert versions_in_force(given.reverse(), on)["band"].to_list() == [band]


def test_rows_that_are_no_versions_are_all_in_force():
    rows = versions()
    assert versions_in_force(rows, date(2026, 1, 1)).equals(rows)


def test_the_last_version_is_the_one_that_begins_last_whatever_the_order_of_rows():
    given = versions(valid_from=FROM)
    assert last_versions(given)["band"].to_list() == ["A"]
    assert last_versions(given.reverse())["band"].to_list() == ["A"]

"""Results of a state folder: of the days on record alone, and the same from any later state."""

from __future__ import annotations

from datetime import date

import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.prospects import prospects
from cbl_engine.records import read_state
from cbl_engine.report import letting_results, results_page
from tests.records.small_record import first_week, second_week

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


@pytest.fixture
def weeks(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    return tmp_path


def results(folder, **when):
    state = read_state(folder)
    return letting_results(state, state.scheme(), **when)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"since": date(2025, 1, 1), "until": date(2025, 12, 31)}, "--since: the record begins after"),
        ({"since": date(2026, 2, 1)}, "--since: the record begins after"),
        ({"until": date(2026, 2, 28)}, "--until: the record begins when the time is over"),
        ({"since": FIRST, "until": LAST}, "--until: the record ends before the time does"),
    ],
)
def test_a_time_that_is_not_on_record_is_refused_and_not_nought(weeks, when, said):
    with pytest.raises(BadInput, match=said) as caught:
        results(weeks / "week2", audience="officer", **when)
    assert len(caught.value.problems) == 1


def test_where_no_month_of_the_record_is_over_nothing_is_published_and_nobody_told_of_prospects(weeks):
    state = read_state(weeks / "week2")
    for refused in (lambda: results(weeks / "week2"), lambda: prospects(state, state.scheme(), "2")):
        with pytest.raises(BadInput, match="no month of the record is over yet; given a record from 2026-03"):
            refused()
    assert "the record begins on 1 March 2026" in results_page(results(weeks / "week2", audience="officer"))

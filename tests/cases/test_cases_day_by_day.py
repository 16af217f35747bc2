"""Shipped cases of offers, run in as many cycles as there are days on which anything happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.cases import case_paths, read_cases
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.cases import Case, CaseFile

_DATED = {"outcomes": "on", "checks": "since", "direct_lets": "on"}
_TOLD = (
    "offers", "lettings", "passed_over", "holds", "consequences", "advert_states",
    "bids_set_aside", "shortlisted",
)
"""Tables of the record that do not speak of numbers of events."""


def _days(case: Case) -> list[date]:
    days = {moment.date() for moment in case.adverts["closes_at"]}
    days |= {day for table, column in _DATED.items() for day in case.given[table][column]}
    return sorted(day for day in days | {case.on} if day <= case.on)


_CASES = [
    pytest.param(case, file, id=f"{file.path.stem}: {case.name}")
    for file in map(read_cases, case_paths(shipped_folder("cases")))
    for case in file.cases
    if case.expected.of_cycle and len(_days(case)) > 1
]


@pytest.mark.parametrize(("case", "file"), _CASES)
def test_a_case_comes_out_the_same_day_by_day(case: Case, file: CaseFile) -> None:
    """In one cycle, or one for each day with what is known by then, its rows the other way round."""
    came = {
        **case.register, **case.given,
        "adverts": case.adverts, "homes": case.homes, "bids": case.bids,
    }
    record = Record()
    for day in _days(case):
        known = dict(came)
        for table, column in _DATED.items():
            known[table] = came[table].filter(pl.col(column) <= day)
        reversed_rows = {table: frame.reverse() for table, frame in known.items()}
        record = _run(case, file, record, reversed_rows, day)
    assert _told(record) == _told(_run(case, file, Record(), came, case.on))


def _run(
    case: Case, file: CaseFile, record: Record, given: Mapping[str, pl.DataFrame], day: date
) -> Record:
    return run_cycle(
        record, file.scheme, given, day, unattended=case.unattended,
        keep_going=case.expected.clashes is not None, seed=case.seed,
    ).record


def _told(record: Record) -> dict[str, list[str]]:
    return {table: sorted(map(str, record.tables[table].rows())) for table in _TOLD}

"""Published cases, row by row; ``why`` says what a row leaves out or where it is read otherwise.

In ``bedroom_cases.csv`` the expected need may be several sizes, where the source gives a category.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cbl_engine.assess.bedrooms import bedroom_need
from cbl_engine.scheme.standards import resolve_standard
from tests.assess.bedroom_frames import AS_AT, applications_of, people_of

with (Path(__file__).parent / "bedroom_cases.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "-"))
def test_published_case(case):
    standard = resolve_standard(case["standard"]).model_copy(update={"extra_rooms": "extra_rooms"})
    found = bedroom_need(
        people_of(case["people"]), standard, AS_AT, applications_of(case["people"])
    )
    assert found["need"].item() in {int(size) for size in case["expected"].split("|")}, (
        case["people"], found.row(0, named=True))


def test_every_case_names_its_source():
    assert all(case["source"] for case in CASES)
    assert len({case["case"] for case in CASES}) == len(CASES)

"""Parameters: their files, and the tables of chances made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from cbl_engine.draws import draw
from cbl_engine.errors import BadInput
from cbl_engine.simulate.bounds import values_that_cannot_be
from cbl_engine.simulate.parameters import (
    KINDS,
    Parameter,
    day_reached,
    days_table,
    days_until,
    happens,
    picked,
    read_parameters,
    share_edges,
    shipped_parameters,
    sorted_out,
)

if TYPE_CHECKING:
    from pathlib import Path

DRAWS = draw(5, np.arange(60_000))
BY_CHANCE = 4.5


def close(found: float, share: float) -> bool:
    return abs(found - share) < BY_CHANCE * np.sqrt(share * (1 - share) / len(DRAWS)) + 1e-9


def test_every_shipped_parameter_has_words_a_unit_and_a_source_or_why_it_is_assumed() -> None:
    found = shipped_parameters().found
    assert len(found) > 40
    for name, parameter in found.items():
        assert parameter.label, name
        assert parameter.unit, name
        assert (parameter.source is None) != (parameter.assumed is None), name


@pytest.mark.parametrize("points", [
    {0: 0, 100: 10}, {0: 3, 50: 14, 90: 28, 100: 56}, {0: 0, 60: 0, 90: 7, 100: 21},
    {0: 5, 100: 5},
])
def test_days_have_the_percentiles_that_were_given(points: dict[int, float]) -> None:
    table = days_table(points)
    assert (np.diff(table) >= 0).all()
    assert table.min() >= min(points.values())
    assert table.max() <= max(points.values())
    days = picked(table, DRAWS)
    for percentile in (5, 25, 50, 75, 95):
        expected = np.interp(percentile, list(points), list(points.values()))
        assert abs(np.quantile(days, percentile / 100) - expected) <= 1


def test_shares_come_about_as_often_as_they_say() -> None:
    shares = {"a": 0.1, "b": 0.0, "c": 0.65, "d": 0.2}
    found = sorted_out(share_edges(shares), DRAWS)
    for number, share in enumerate([*shares.values(), 0.05]):
        assert close((found == number).mean(), share)


def test_shares_that_add_up_to_the_whole_leave_nothing() -> None:
    shares = {str(n): 0.1 for n in range(10)}
    last = np.array([2**64 - 1], np.uint64)
    assert sorted_out(share_edges(shares), last).tolist() == [9]


def test_what_has_a_chance_happens_as_often() -> None:
    assert close(happens(0.3, DRAWS).mean(), 0.3)
    assert not happens(0.0, DRAWS).any()
    assert happens(1.0, DRAWS).all()
    assert happens(np.array([0.0, 1.0]), DRAWS[:2]).tolist() == [False, True]


@pytest.mark.parametrize("rate", [0.05, 1.0, 12.0])
def test_days_to_the_next_event_are_those_of_a_steady_rate(rate: float) -> None:
    days = days_until(rate, DRAWS)
    mean = 365.25 / rate
    assert abs(days.mean() + 0.5 - mean) < BY_CHANCE * mean / np.sqrt(len(DRAWS)) + 0.05
    assert close((days < 365.25).mean(), 1 - np.exp(-rate * 366 / 365.25))


def test_what_has_no_rate_never_happens() -> None:
    assert (days_until(0.0, DRAWS[:9]) == 1_000_000_000).all()


@pytest.mark.parametrize(("value", "why"), [
    ({"rate": 1, "share": 0.5}, "exactly one of"),
    ({}, "exactly one of"),
    ({"rate": 1, "assumed": None}, "a source, or assumed"),
    ({"shares": {"a": 0.7, "b": 0.4}}, r"add up to 1\.1"),
    ({"days": {0: 1, 50: 2}}, "percentiles 0 and 100"),
    ({"days": {0: 5, 50: 2, 100: 9}}, "do not fall"),
    ({"days_by": {"a": {0: 5, 100: 2}}}, "do not fall"),
    ({"days": {0: 0, 100: 36_526}}, "less than or equal to 36525"),
    ({"days_by": {"a": {0: 0, 100: 36_526}}}, "less than or equal to 36525"),
])
def test_a_value_that_makes_no_sense_is_refused(value: dict, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Parameter.model_validate({"assumed": "a test", **value})


FILE = """\
parameters:
  arrivals.per_year: {rate: 0.3, assumed: a test}
  arrivals.per_yaer: {rate: 0.3, assumed: a test}
  bidding.mistaken: {rate: 0.3, assumed: a test}
  bidding.kinds: {shares: {never: 0.5, always: 0.5}, assumed: a test}
"""


def test_a_file_is_read_with_every_name_that_does_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(FILE)
    with pytest.raises(BadInput) as caught:
        read_parameters(file)
    found = [(p.kind, p.where.rsplit("/", 1)[-1]) for p in caught.value.problems]
    assert found == [
        ("unknown_parameter", "ours.yaml:3:3"), ("parameter_kind", "ours.yaml:4:3"),
        ("parameter_names", "ours.yaml:5:3"),
    ]
    assert "arrivals.per_year" in str(caught.value)


def test_a_value_of_a_wrong_type_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("parameters:\n  arrivals.per_year: {rate: many, assumed: a test}\n")
    with pytest.raises(BadInput, match=r"ours\.yaml:2:\d+"):
        read_parameters(file)


def test_shares_of_less_than_the_whole_are_told_but_where_the_rest_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    leakage = dict.fromkeys(shipped_parameters()["chains.leakage"], 0.01)
    file.write_text(
        "parameters:\n"
        "  bidding.kinds: {shares: {never: 0.5, seldom: 0.03, often: 0.2}, assumed: a test}\n"
        f"  chains.leakage: {{shares: {leakage}, assumed: a test}}\n")
    with pytest.raises(BadInput) as caught:
        read_parameters(file)
    assert [p.line() for p in caught.value.problems] == [
        "ours.yaml:2:3: shares of bidding.kinds are not of the whole; given shares that add up to 0.73; "
        "allowed: shares that add up to 1"]


WEIGHTS = dict.fromkeys(("own_stock", "leased", "nightly_paid", "bed_and_breakfast"), 0)


def test_numbers_that_are_no_such_thing_as_their_unit_says_are_told_with_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(f"""\
parameters:
  direct.share: {{weights: {{general: 0.2, accessible: 5, wheelchair: 1}}, assumed: a test}}
  accommodation.nightly: {{weights: {WEIGHTS | {"leased": -1}}, assumed: a test}}
  accommodation.kinds:
    weights_by:
      interim: {WEIGHTS}
      relief: {WEIGHTS | {"leased": 2}}
      main: {WEIGHTS | {"leased": 0.5}}
    assumed: a test
  accommodation.exits_per_year: {{rate: .inf, assumed: a test}}
  tenancies.end_per_year: {{rate: 13, assumed: a test}}
  nominations.taste: {{number: -1, assumed: a test}}
  arrivals.per_yaer: {{rate: 0.3, assumed: a test}}
""")
    with pytest.raises(BadInput) as caught:
        read_parameters(file)
    assert [(p.where, p.kind, p.given, p.allowed) for p in caught.value.problems] == [
        ("ours.yaml:2:54", "above_1", "accessible: 5", "0 to 1 [share of voids]"),
        ("ours.yaml:3:63", "below_0", "leased: -1", "0 or more [pounds a night]"),
        ("ours.yaml:6:16", "weights_of_nothing", "interim: none",
         "one or more [weight among placements under the duty]"),
        ("ours.yaml:10:40", "yaml_number", ".inf", ""),
        ("ours.yaml:11:34", "rate_explodes", "13", "12 or less [share of let homes a year]"),
        ("ours.yaml:13:3", "unknown_parameter", "arrivals.per_yaer", "")]


def test_every_shipped_value_is_within_the_bounds_of_its_unit() -> None:
    assert list(values_that_cannot_be(shipped_parameters())) == []


def test_other_values_keep_the_words_of_the_catalogue() -> None:
    new = Parameter.model_validate({"rate": 0.9, "assumed": "a test"})
    changed = shipped_parameters().with_changes({"arrivals.per_year": new})
    assert changed["arrivals.per_year"] == 0.9
    assert shipped_parameters()["arrivals.per_year"] != 0.9
    assert changed.found["arrivals.per_year"].unit == "share of the opening register a year"


def test_there_are_names_for_every_kind_of_value() -> None:
    assert {p.kind for p in shipped_parameters().found.values()} == set(KINDS)


def test_a_rate_that_changes_on_a_day_leaves_what_came_before_it_and_holds_after_it() -> None:
    since = np.zeros(len(DRAWS), np.int64)
    steady = day_reached([(0, 0.5)], since, DRAWS)
    assert (steady == days_until(0.5, DRAWS)).all()
    for new in (0.1, 2.0, 0.5):
        found = day_reached([(0, 0.5), (365, new)], since, DRAWS)
        before = steady <= 365
        assert (found[before] == steady[before]).all()
        assert (found[~before] >= 365).all()
        # Of those at risk on the day, a year on so many are left.
        left = (found[~before] > 365 + 365.25).mean()
        assert left == pytest.approx(np.exp(-new), abs=0.01)


def test_a_rate_may_begin_and_end() -> None:
    since = np.zeros(len(DRAWS), np.int64)
    begins = day_reached([(0, 0.0), (100, 1.0)], since, DRAWS)
    assert begins.min() >= 100
    assert (begins > 100 + 365.25).mean() == pytest.approx(np.exp(-1), abs=0.01)
    ends = day_reached([(0, 1.0), (100, 0.0)], since, DRAWS)
    assert ((ends <= 100) | (ends > 900_000_000)).all()


def test_who_is_at_risk_later_meets_the_later_rate_alone() -> None:
    since = np.full(len(DRAWS), 400)
    found = day_reached([(0, 0.5), (365, 2.0)], since, DRAWS)
    assert (found == 400 + days_until(2.0, DRAWS)).all()

"""Assessments of random registers under random schemes agree with the slow ones."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cbl_engine.assess import assess
from cbl_engine.scheme import scheme_from_text
from cbl_engine.scheme.standards import resolve_standard
from tests.reference.assessment import Assessor
from tests.reference.random_assessment import AREAS, frames, random_register, scheme_text

FIELDS = (
    "bedroom_need", "sizes", "eligible_in_law", "qualifies", "band", "points", "place_in_band",
    "priority_date", "date_rule", "status_proposed",
)
OURS = {"born_after_as_at", "override_conflict", "override_basis_changed", "override_unreadable",
        "rooms_differ"}
days = st.dates(date(2024, 6, 1), date(2026, 6, 1))


def drawn(seed, as_at):
    rng = random.Random(seed)
    scheme = scheme_from_text(scheme_text(rng))
    return scheme, random_register(rng, as_at)


@settings(max_examples=80, deadline=None)
@example(305, date(2024, 6, 1))  # an award that waits would give a lower band than `otherwise`
@given(st.integers(0, 10**9), days)
def test_everything_found_agrees(seed, as_at):
    scheme, tables = drawn(seed, as_at)
    result = assess(scheme, frames(tables), as_at)
    doubts = {}
    for application, kind, *_ in result.contradictions.iter_rows():
        doubts.setdefault(application, set()).add(kind)
    slow = Assessor(scheme.versions[0], {**tables, "areas": AREAS}, as_at, resolve_standard)
    awards = result.reasons().filter(step="award")
    rules = scheme.versions[0].assessment.awards.values()
    may_doubt_more = any(a.one_of is not None or a.at_most is not None or a.of for a in rules)
    for row in result.assessed.iter_rows(named=True):
        application = next(a for a in tables["applications"] if a["id"] == row["application"])
        mine = doubts.get(row["application"], set())
        expected = slow.assess(application, date_doubts=bool(mine - OURS))
        values = {n: expected.values.get(n) for n in FIELDS}
        assert {n: row[n] for n in FIELDS} == values, row["application"]
        assert set(row["overridden"] or []) == expected.overridden
        of = int(result.ids.ordinals_of(pl.Series([row["application"]]))[0])
        unsettled = bool(result.trace.awarded.unsettled[of])
        if unsettled != (len(expected.bands) > 1):  # it may doubt more than it need, and never less
            assert unsettled, row["application"]
            assert may_doubt_more, row["application"]
        assert mine & OURS == expected.doubts - {"dates"}
        told = awards.filter(application=row["application"])
        outcome = {True: "met", False: "failed", None: "not known"}
        theirs = dict(told.select("name", "outcome").iter_rows())
        theirs.pop("promised", None)
        assert theirs == {n: outcome[o] for n, o in expected.awards.items()}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9), days, st.randoms())
def test_the_order_of_rows_decides_nothing(seed, as_at, rng):
    scheme, tables = drawn(seed, as_at)
    before = assess(scheme, frames(tables), as_at)
    for rows in tables.values():
        rng.shuffle(rows)
    after = assess(scheme, frames(tables), as_at)
    assert after.assessed.equals(before.assessed)
    assert after.reasons().equals(before.reasons())
    assert after.missing().equals(before.missing())
    assert after.contradictions.equals(before.contradictions)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), days, st.integers(0, 10**9))
def test_nothing_changes_before_the_next_review(seed, as_at, more):
    scheme, tables = drawn(seed, as_at)
    register = frames(tables)
    now = assess(scheme, register, as_at)
    rng = random.Random(more)
    ends = now.assessed["next_review_on"].fill_null(as_at + timedelta(3_000)).to_list()
    later = {rng.choice(ends) - timedelta(1), rng.choice(ends) - timedelta(1),
             as_at + timedelta(rng.randint(1, 400))}
    columns = [c for c in now.assessed.columns if c != "next_review_on"]
    for on in sorted(d for d in later if d > as_at):
        waits = pl.col("next_review_on").is_null() | (pl.col("next_review_on") > on)
        mine = now.assessed.filter(waits)
        then = assess(scheme, register, on)
        same = then.assessed.filter(pl.col("application").is_in(mine["application"].implode()))
        assert same.select(columns).equals(mine.select(columns)), on
        ids = mine["application"].to_list()
        assert then.reasons(ids).equals(now.reasons(ids)), on


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9), days)
def test_assessing_some_is_assessing_all(seed, as_at):
    scheme, tables = drawn(seed, as_at)
    register = frames(tables)
    whole = assess(scheme, register, as_at)
    some = [a["id"] for a in tables["applications"][::2]]
    alone = assess(scheme, register, as_at, only=some)
    assert alone.assessed.equals(
        whole.assessed.filter(pl.col("application").is_in(some)))
    assert alone.contradictions.equals(
        whole.contradictions.filter(pl.col("application").is_in(some)))
    assert alone.reasons().equals(whole.reasons(some))
    assert alone.missing(some).equals(whole.missing(some))


@pytest.mark.parametrize("seed", range(3))
def test_random_schemes_are_not_all_alike(seed):
    """Many outcomes occur, so that agreement says something."""
    seen = set()
    for number in range(60):
        scheme, tables = drawn(seed * 1_000 + number, date(2025, 9, 1))
        result = assess(scheme, frames(tables), date(2025, 9, 1))
        seen |= set(result.assessed["status_proposed"])
        seen |= set(result.assessed["band"]) | set(result.reasons()["outcome"])
        seen |= set(result.contradictions["kind"]) | set(result.assessed["date_rule"])
    assert {"active", "awaiting_review", "closed", "unbanded", "deferred", "A", "D", None, "met",
            "failed", "not known", "override_conflict", "up", "down", "first"} <= seen

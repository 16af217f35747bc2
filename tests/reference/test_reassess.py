"""Assessing again only what is due is assessing everything, week after week."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.assess import assess, reassess
from cbl_engine.scheme import scheme_from_text
from tests.reference.random_assessment import frames, random_register, scheme_text

days = st.dates(date(2024, 6, 1), date(2026, 6, 1))


def join_some(rng, tables):
    """Some applications are joined with or split from others."""
    ids = [a["id"] for a in tables["applications"]]
    for spell in tables["band_history"]:
        if rng.random() < 0.25:
            spell["from_application"] = rng.choice(ids)
            spell["why"] = rng.choice(["joined", "split"])


def a_week_passes(rng, tables, other):
    """Rows changed, added and gone: whole households, single rows, the order of the rows."""
    for name, rows in tables.items():
        if rng.random() < 0.4 and rows and name != "applications":
            rows.pop(rng.randrange(len(rows)))
        if rng.random() < 0.4 and other[name]:
            row = other[name].pop()
            there = {r.get("id") for r in rows}
            if row.get("id") not in there:
                rows.append(row)
        if rng.random() < 0.3:
            rng.shuffle(rows)
    changed = rng.choice(tables["applications"])
    changed["ill"] = rng.choice([True, False, None])
    if rng.random() < 0.2:
        gone = tables["applications"].pop(rng.randrange(len(tables["applications"])))
        assert gone["id"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), days)
def test_reassessing_what_is_due_is_assessing_everything(seed, as_at):
    rng = random.Random(seed)
    scheme = scheme_from_text(scheme_text(rng))
    tables, other = random_register(rng, as_at), random_register(rng, as_at)
    join_some(rng, tables)
    before = assess(scheme, frames(tables), as_at)
    held = [c for c in before.assessed.columns if c != "next_review_on"]
    for _ in range(4):
        as_at += timedelta(rng.choice([1, 7, 7, 30, 200]))
        if rng.random() < 0.6:
            a_week_passes(rng, tables, other)
        register = frames(tables)
        again = reassess(before, register, as_at)
        whole = assess(scheme, register, as_at)
        assert again.assessed.select(held).equals(whole.assessed.select(held))
        assert again.contradictions.equals(whole.contradictions)
        assert not (again.assessed["next_review_on"] <= as_at).any()
        ids = whole.assessed["application"].to_list()[:2]
        assert again.explained(ids).reasons(ids).equals(whole.reasons(ids))
        before = again


def test_only_those_for_whom_something_can_have_changed_are_done():
    rng = random.Random(3)
    scheme = scheme_from_text(scheme_text(rng))
    as_at = date(2025, 9, 1)
    register = frames(random_register(rng, as_at, 40))
    before = assess(scheme, register, as_at)
    assert reassess(before, register, as_at).done.height == 0
    first = before.assessed["next_review_on"].min()
    done = reassess(before, register, first).done
    due = before.assessed.filter(pl.col("next_review_on") <= first)["application"]
    assert done["application"].to_list() == due.to_list()
    assert set(done["why"]) == {"due"}
    other = register["applications"].with_columns(
        pl.when(pl.col("id") == "P07").then(99).otherwise("n").alias("n"))
    done = reassess(before, {**register, "applications": other}, as_at).done
    assert done.rows() == [("P07", "changed")]


def test_a_list_of_other_items_is_a_change_also_where_other_rows_come_or_go():
    rng = random.Random(3)
    scheme = scheme_from_text(scheme_text(rng))
    as_at = date(2025, 9, 1)
    register = frames(random_register(rng, as_at))
    ids = register["applications"]["id"]

    def with_needs(needs):
        column = pl.Series("needs", [needs, *[["lift"]] * (len(ids) - 1)])
        return {**register, "applications": register["applications"].with_columns(column)}

    before = assess(scheme, with_needs(["ramp|lift"]), as_at)
    after = with_needs(["ramp", "lift"])
    for rows in (after["applications"], after["applications"].head(-1)):
        done = reassess(before, {**after, "applications": rows}, as_at).done
        assert done.rows() == [(ids[0], "changed")]


def test_a_changed_area_or_column_is_everyones_concern():
    rng = random.Random(3)
    scheme = scheme_from_text(scheme_text(rng))
    as_at = date(2025, 9, 1)
    register = frames(random_register(rng, as_at))
    before = assess(scheme, register, as_at)
    areas = register["areas"].with_columns(pl.lit(None, pl.String).alias("parent"))
    ends = register["band_history"].with_columns(pl.lit(None, pl.Date).alias("until"))
    assert register["band_history"]["until"].null_count() < ends.height
    for other in ({"areas": areas}, {"applications": register["applications"].drop("points")},
                  {"band_history": ends}):
        assert reassess(before, {**register, **other}, as_at).done.height == 12

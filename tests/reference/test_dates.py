"""The engine's priority dates agree with the plain ones on random histories."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.assess import DatePolicy, priority_dates
from cbl_engine.scheme.assessment import PriorityDate
from tests.reference.dates import Register

IDS = ("b", "a", "10", "é")
DAYS = [date(2022, 12, 31) + timedelta(days=d) for d in (0, 31, 59, 90, 365, 425, 426, 790)]
NAMES = ("A", "B", "C")
SPELLS = {
    "application": pl.String, "band": pl.String, "since": pl.Date, "until": pl.Date,
    "why": pl.String, "submitted_on": pl.Date, "priority_date": pl.Date,
    "from_application": pl.String,
}
days = st.sampled_from(DAYS)
maybe_day = st.none() | days
bands = st.sampled_from((None, *NAMES, "Old"))
acts = st.sampled_from(("keep", "award", "submitted", "original", "restore", "restore"))


@st.composite
def rules(draw: Any) -> PriorityDate:
    said: dict[str, Any] = {"first": draw(st.sampled_from(("day", ["other", "day"], "other")))}
    for name in ("first_band", "up", "down", "policy", "reregistration", "split"):
        said[name] = draw(acts)
    said["joined"] = draw(acts | st.just("earliest"))
    said["formerly"] = draw(st.sampled_from(({}, {"Old": "B"}, {"Old": "Older"})))
    said["instead"] = [
        {
            "label": "x",
            "when": draw(st.sampled_from((None, "f", "g"))),
            "bands": draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)),
            **draw(
                st.sampled_from(
                    ({"date": "other"}, {"months_earlier": 1}, {"months_earlier": 6},
                     {"take": "award"}, {"take": "submitted"}, {"take": "original"})
                )
            ),
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    return PriorityDate.model_validate_json(json.dumps(said))


@st.composite
def registers(draw: Any) -> Register:
    spell = st.fixed_dictionaries(
        {
            "application": st.sampled_from(("a", "a", "a", "a", *IDS)),
            "band": bands,
            "since": maybe_day,
            "until": maybe_day,
            "why": st.sampled_from(
                (None, None, "need", "need", "policy", "reregistration", "joined", "split")
            ),
            "submitted_on": maybe_day,
            "priority_date": st.none() | st.none() | days,
            "from_application": st.sampled_from((None, *IDS, "gone")),
        }
    )
    policies = [(draw(days), draw(rules()), list(NAMES))]
    if draw(st.booleans()):
        policies.insert(0, (date(2022, 1, 1), draw(rules()), ["C", "A"]))
    found = st.fixed_dictionaries({"band": bands, "since": maybe_day, "better_until": maybe_day})
    return Register(
        applications={i: {"day": draw(maybe_day), "other": draw(maybe_day)} for i in IDS},
        spells=draw(st.lists(spell, min_size=draw(st.sampled_from((0, 4, 8))), max_size=10)),
        policies=policies,
        as_at=draw(days),
        today=draw(st.dictionaries(st.sampled_from(IDS), found)),
        outcomes={n: {i: draw(st.integers(0, 2)) for i in IDS} for n in "fg"},
    )


def by_the_engine(register: Register) -> Any:
    ids = list(register.applications)
    applications = pl.DataFrame(
        [{"id": i, **row} for i, row in register.applications.items()],
        schema={"id": pl.String, "day": pl.Date, "other": pl.Date},
    )
    same = {i: {"band": (register.history(i) or [{"band": None}])[-1]["band"]} for i in ids}
    today = pl.DataFrame(
        [register.today.get(i, same[i]) for i in ids],
        schema={"band": pl.String, "since": pl.Date, "better_until": pl.Date},
    )
    return priority_dates(
        applications,
        pl.DataFrame(register.spells, schema=SPELLS),
        [DatePolicy(since, rule, tuple(names)) for since, rule, names in register.policies],
        register.as_at,
        today,
        {n: np.array([codes[i] for i in ids], np.int8) for n, codes in register.outcomes.items()},
    )


@settings(max_examples=200, deadline=None)
@given(registers())
def test_dates_rules_and_events_agree(register: Register) -> None:
    result = by_the_engine(register)
    ours = {row[0]: row[1:] for row in result.dates.iter_rows()}
    assert ours == {i: register.date_of(i) for i in register.applications}
    names = {*register.policies[-1][2], None}
    for ident, held in zip(sorted(register.applications), result.held().iter_rows(), strict=True):
        if register.held(ident)[0] in names:  # a band that the scheme has
            assert held == register.held(ident)


@settings(max_examples=100, deadline=None)
@given(registers(), st.randoms())
def test_the_order_of_rows_decides_nothing(register: Register, random: Any) -> None:
    before = by_the_engine(register)
    random.shuffle(register.spells)
    after = by_the_engine(register)
    assert after.dates.equals(before.dates)
    assert after.contradictions.equals(before.contradictions)
    assert after.missing.equals(before.missing)


@settings(max_examples=100, deadline=None)
@given(registers())
def test_the_last_step_is_the_date(register: Register) -> None:
    result = by_the_engine(register)
    steps = result.steps(list(IDS))
    last = dict(steps.group_by("application").agg(pl.col("date_after").last()).iter_rows())
    dates = dict(result.dates.select("application", "priority_date").iter_rows())
    assert last == dates
    for _, mine in steps.group_by("application"):
        rows = mine.to_dicts()
        assert all(a["date_after"] == b["date_before"] for a, b in pairwise(rows))

"""Random households under random standards: the closed form against every way of pairing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cbl_engine.assess.bedrooms import WHY, bedroom_need
from cbl_engine.assess.sharing import (
    ADULT,
    APART,
    BOTH_F,
    BOTH_M,
    COUPLE,
    MOST_PEOPLE,
    N_CLASSES,
    OLD_F,
    OLD_M,
    WILD,
    YOUNG,
    counts_by_class,
    fewest_rooms,
    least_and_most,
)
from cbl_engine.scheme.bedrooms import BedroomStandard, SizesLet, TableRow
from tests.reference import bedrooms as reference

AS_AT = date(2026, 2, 28)
SCHEMA = {
    "id": pl.String, "application": pl.String, "date_of_birth": pl.Date, "expected_on": pl.Date,
    "sex": pl.String, "relationship": pl.String, "partner_of": pl.String, "carer": pl.Boolean,
    "cannot_share": pl.Boolean, "temporarily_away": pl.Boolean, "part_time": pl.Boolean,
    "foster_child": pl.Boolean,
}

standards = st.builds(
    BedroomStandard,
    label=st.just("random"),
    own_room_from=st.sampled_from([10, 16, 18, 21, "never"]),
    same_sex_until=st.sampled_from([8, 16, 18, 21, "any_age", "never"]),
    same_sex_from=st.sampled_from([0, 0, 0, 5, 10]),
    any_sex_until=st.sampled_from([5, 8, 10, "never"]),
    any_sex_inclusive=st.booleans(),
    couples=st.sampled_from(["share", "share", "applicant_only", "apart"]),
    applicant=st.sampled_from(["own_room", "by_age"]),
    cannot_share=st.sampled_from(["own_room", "not_counted"]),
    unborn_from_weeks=st.sampled_from(["never", 0, 20, 25]),
    unborn_sex=st.sampled_from(["unknown", "fewest"]),
    under_ones=st.sampled_from(["counted", "counted", "not_counted", "twins_counted"]),
    carers=st.sampled_from(["one_room", "counted", "not_counted"]),
    foster_children=st.sampled_from(["one_room", "counted", "not_counted"]),
    part_time_children=st.sampled_from(["one_room", "counted", "not_counted"]),
    temporarily_away=st.sampled_from(["counted", "not_counted"]),
    not_stated=st.sampled_from(["unknown", "no"]),
)
births = st.one_of(
    st.integers(-250, 366 * 24).map(lambda days: AS_AT - timedelta(days=days)),
    st.sampled_from([0, 1, 5, 8, 10, 11, 16, 18, 21]).map(lambda n: date(2026 - n, 2, 28)),
    st.sampled_from([0, 1, 5, 8, 10, 11, 16, 18, 21]).map(lambda n: date(2026 - n, 3, 1)),
    st.just(date(2016, 2, 29)),
)
flags = st.sampled_from([False] * 7 + [True, None])


@st.composite
def households(draw, known):
    n = draw(st.integers(1, 6))
    rows = []
    for at in range(n):
        row = {
            "id": f"p{at}",
            "date_of_birth": draw(births),
            "expected_on": None,
            "sex": draw(st.sampled_from(["female", "male"])),
            "relationship": "applicant" if at == 0 else draw(
                st.sampled_from(["child"] * 6 + ["sibling", "carer", "partner"])),
            "partner_of": None,
            **{flag: draw(flags.filter(lambda f: f is not None)) for flag in reference.FLAGS},
        }
        rows.append(row)
    if n > 3 and draw(st.booleans()):
        rows[2]["partner_of"] = "p3"
        if draw(st.booleans()):
            rows[3]["partner_of"] = "p2"
    if not known:
        for at in draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True)):
            what = draw(st.sampled_from(["date_of_birth", "expected_on", "sex", "other", "both",
                                         "relationship", *reference.FLAGS]))
            if what == "expected_on":
                rows[at] |= {"date_of_birth": None, "sex": None,
                             "expected_on": AS_AT + timedelta(days=draw(st.integers(-20, 250)))}
            elif what == "other":
                rows[at]["sex"] = "other"
            elif what == "both":
                rows[at] |= {"date_of_birth": None, "sex": None}
            else:
                rows[at][what] = None
    return rows


def frame(batch):
    rows = [
        {**row, "id": f"h{h:03}-{row['id']}", "application": f"h{h:03}",
         "partner_of": row["partner_of"] and f"h{h:03}-{row['partner_of']}"}
        for h, rows in enumerate(batch)
        for row in rows
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def applications(batch):
    return pl.DataFrame({"id": [f"h{h:03}" for h in range(len(batch))]})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(households(known=True), min_size=1, max_size=12), standards)
def test_the_closed_form_is_the_best_pairing(batch, standard):
    found = bedroom_need(frame(batch), standard, AS_AT, applications(batch))
    for rows, row in zip(batch, found.iter_rows(named=True), strict=True):
        expected = reference.bounds(rows, standard, AS_AT)
        if expected is None:
            assert row["need"] is None
            assert any(fact.endswith("two partners") for fact in row["missing"])
            continue
        if row["need"] is None:  # only an unborn child's sex may be missing here
            assert all(fact.endswith(".sex") for fact in row["missing"])
        else:
            assert sum(row[why] for why in WHY) == row["need"] or row["couples"] is None
        if standard.unborn_sex == "unknown" or row["need"] is not None:
            assert (row["least"], row["most"]) == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(households(known=False), min_size=1, max_size=6), standards)
def test_what_is_missing_gives_exact_bounds(batch, standard):
    found = bedroom_need(frame(batch), standard, AS_AT, applications(batch))
    for rows, row in zip(batch, found.iter_rows(named=True), strict=True):
        expected = reference.bounds(rows, standard, AS_AT)
        if expected is None:
            assert row["need"] is None
        elif standard.under_ones == "twins_counted" or (
            standard.unborn_sex == "fewest" and standard.any_sex_until == "never"
        ):
            # Whether one baby counts hangs on another's unknown age, and the sex of the unborn is
            # not taken as the best where only one sex may share: never too narrow.
            assert row["least"] <= expected[0]
            assert expected[1] <= row["most"]
        else:
            assert (row["least"], row["most"]) == expected
        assert (row["need"] is None) == (row["least"] is None or row["least"] != row["most"])
        assert (row["need"] is None) == (row["missing"] is not None)


TABLES = {
    "children = 0 AND adults = 0 AND couples <= 1 AND carers = 0": lambda s: (
        s["children"] == s["adults"] == s["carers"] == 0 and s["couples"] <= 1),
    "children = 2": lambda s: s["children"] == 2,
    "children + adults >= 3": lambda s: s["children"] + s["adults"] >= 3,
    "carers = 1 OR adults >= 2": lambda s: s["carers"] == 1 or s["adults"] >= 2,
}
table_rows = st.lists(
    st.tuples(st.sampled_from(list(TABLES)), st.sampled_from([None, None, 2, 3]),
              st.sampled_from([(), (), (1, 2), (0, 1, 2)])), min_size=1, max_size=3)


@st.composite
def families(draw):
    """An applicant with others, of whom an age, or a yes-or-no fact, may not be known."""
    rows = []
    for at in range(draw(st.integers(1, 5))):
        born = date(2026 - draw(st.integers(1, 30)), 2, 28)
        rows.append({
            "id": f"p{at}", "expected_on": None, "partner_of": None,
            "date_of_birth": draw(st.sampled_from([born, born, None])) if at else born,
            "sex": draw(st.sampled_from(["female", "male"])),
            "relationship": draw(st.sampled_from(["child", "child", "partner"])) if at == 1 else (
                "child" if at else "applicant"),
            **dict.fromkeys(reference.FLAGS, False),
        })
        if at and draw(st.integers(0, 5)) == 0:
            rows[at][draw(st.sampled_from(["carer", "part_time"]))] = draw(st.sampled_from([True, None]))
    return rows


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(families(), min_size=1, max_size=6), table_rows)
def test_a_table_is_known_where_everything_that_may_be_says_the_same(batch, rows):
    standard = BedroomStandard(label="with a table", table=tuple(
        TableRow(when=when, bedrooms=bedrooms, sizes=sizes) for when, bedrooms, sizes in rows))
    found = bedroom_need(frame(batch), standard, AS_AT, applications(batch))
    for people, row in zip(batch, found.iter_rows(named=True), strict=True):
        ways = reference.by_table(people, standard, AS_AT, [TABLES[when] for when, *_ in rows])
        needs = {need for need, _ in ways}
        own = {sizes for _, sizes in ways}
        assert row["least"] <= min(needs)
        assert max(needs) <= row["most"]
        assert (row["need"] is None) <= (row["least"] < row["most"])
        if row["need"] is not None:
            assert needs == {row["need"]}
        if row["sizes"] is not None:
            assert {sizes or (row["need"],) for sizes in own} == {tuple(row["sizes"])}
        if len(ways) == 1 and reference.bounds(people, standard, AS_AT) == (min(needs),) * 2:
            assert row["sizes"] is not None
        assert (row["sizes"] is None) == (row["missing"] is not None)


@settings(deadline=None)
@given(st.lists(households(known=False), min_size=1, max_size=6), standards, st.randoms())
def test_the_order_of_rows_does_not_matter(batch, standard, random):
    rows = frame(batch)
    order = list(range(rows.height))
    random.shuffle(order)
    one = bedroom_need(rows, standard, AS_AT, applications(batch))
    two = bedroom_need(rows[order], standard, AS_AT, applications(batch).reverse())
    assert one.equals(two)


@settings(deadline=None)
@given(
    st.lists(households(known=False), min_size=1, max_size=8), standards, st.integers(1, 9),
    st.randoms(),
)
def test_blocks_of_households_are_answered_as_all_are_at_once(batch, standard, block, random):
    standard = standard.model_copy(
        update={
            "extra_rooms": "agreed",
            "sizes": SizesLet(smaller=1, smaller_if="chose", larger=1, larger_if="gives_up"),
            "table": (TableRow(label="x", when="children >= 2", bedrooms=2, sizes=(1, 2)),),
        }
    )
    # Nobody is recorded on the first, the last and one between.
    ids = ["a", "h000z", *applications(batch)["id"], "z"]
    register = pl.DataFrame(
        {
            "id": ids,
            "agreed": [random.choice([0, 0, 1, None]) for _ in ids],
            "chose": [random.random() < 0.5 for _ in ids],
            "gives_up": [random.random() < 0.3 for _ in ids],
        }
    )
    whole = bedroom_need(frame(batch), standard, AS_AT, register)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bedroom_need.__globals__, "BLOCK", block)
        parts = bedroom_need(frame(batch), standard, AS_AT, register)
    assert parts.equals(whole)
    assert parts.schema == whole.schema


def test_counts_are_right_where_the_running_sum_overflows():
    """Eight classes share an integer, and each household has 255 of one of them."""
    kinds = [ADULT, APART, YOUNG, BOTH_F, BOTH_M, OLD_F, OLD_M, WILD, COUPLE]
    households = kinds * 40
    masks = np.repeat(np.uint16(1) << np.array(households, np.uint16), MOST_PEOPLE)
    counts = counts_by_class(masks, np.arange(len(households)) * MOST_PEOPLE)
    for kind in range(N_CLASSES):
        assert counts[kind].tolist() == [MOST_PEOPLE * (kind == mine) for mine in households]


def test_every_small_number_of_each_class_against_all_pairings():
    """The formula on its own: up to three of each of five classes, all 1,024 households."""
    kinds = (YOUNG, BOTH_F, BOTH_M, OLD_F, OLD_M)
    grid = np.array(np.meshgrid(*[range(4)] * len(kinds))).reshape(len(kinds), -1).astype(np.int16)
    counts = [np.zeros(grid.shape[1], np.int16) for _ in range(N_CLASSES)]
    for kind, row in zip(kinds, grid, strict=True):
        counts[kind] = row
    # YOUNG are 2 years old, below the age from which sex counts; BOTH 7 and OLD 12.
    standard = BedroomStandard(label="x", same_sex_from=5)
    people = ((2, "female"), (7, "female"), (7, "male"), (12, "female"), (12, "male"))
    expected = [
        reference.fewest(tuple(p for p, k in zip(people, column, strict=True) for _ in range(k)),
                         standard)
        for column in grid.T.tolist()
    ]
    assert fewest_rooms(counts).total().tolist() == expected


@pytest.mark.parametrize("wild", [0, 1, 2, 3])
def test_an_unborn_child_taken_as_the_best_sex_is_the_least_of_both(wild):
    kinds = (BOTH_F, BOTH_M, OLD_F, OLD_M)
    grid = np.array(np.meshgrid(*[range(4)] * len(kinds))).reshape(len(kinds), -1).astype(np.int16)
    n = grid.shape[1]
    counts = [np.zeros(n, np.int16) for _ in range(N_CLASSES)]
    for kind, row in zip(kinds, grid, strict=True):
        counts[kind] = row
    masks = np.full(n * wild, 1 << BOTH_F | 1 << BOTH_M, np.uint16)
    least, _ = least_and_most(counts, masks, np.repeat(np.arange(n), wild))
    counts[WILD] = np.full(n, wild, np.int16)
    assert fewest_rooms(counts).total().tolist() == least.tolist()

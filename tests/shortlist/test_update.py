"""A register updated is the register prepared afresh."""

from __future__ import annotations

import random
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import BadInput, TableError
from cbl_engine.scheme import scheme_from_text
from cbl_engine.shortlist import Prepared, prepare, shortlist
from tests.reference.frames import frames_of
from tests.reference.strategies import AREAS, AS_AT, Case, random_case
from tests.reference.strategies import _application as random_application
from tests.reference.strategies import _connection as random_connection
from tests.reference.strategies import _person as random_person
from tests.shortlist.small import HEAD, applications_of, day, frame, order, scheme_of

if TYPE_CHECKING:
    Tables = dict[str, pl.DataFrame]

KEYS = {"applications": "id", "people": "id", "connections": "application", "areas": "id"}


def _rows(rng: random.Random, case: Case, name: str, table: pl.DataFrame) -> pl.DataFrame | None:
    """Some rows to put in: of ids that are there and of new ones."""
    ids = case.register["applications"]
    some = sorted({row["id"] for row in ids})
    own = rng.choice([*some, "new1", "new2"])
    bands = sorted(case.schemes[0]["bands"])
    versioned = any("valid_from" in row for row in ids)
    if name == "applications":
        rows = [random_application(rng, own, bands)]
        if versioned and rng.random() < 0.7:
            edge = rng.choice(AS_AT)
            rows = [rows[0] | {"valid_from": None, "valid_to": edge},
                    random_application(rng, own, bands) | {"valid_from": edge, "valid_to": None}]
    elif name == "people":
        rows = [random_person(rng, own, rng.randrange(3)) for _ in range(2)]
        rows = list({row["id"]: row for row in rows}.values())
    elif name == "connections":
        people = [{"id": f"{own}.{9 - i}"} for i in range(3)]
        rows = [random_connection(rng, own, people) for _ in range(rng.randint(1, 3))]
    else:
        row = dict(rng.choice(AREAS))
        rows = [row | {"parent": rng.choice([row["parent"], None])}]
    return pl.DataFrame(
        [pl.Series(n, [row.get(n) for row in rows], t) for n, t in table.schema.items()]
    )


def _afresh(tables: Tables, changed: Tables, removed: dict[str, list[Any]]) -> Tables:
    """The same change by hand."""
    out = dict(tables)
    for name, table in tables.items():
        gone = [*removed.get(name, [])]
        rows = changed.get(name, table.clear())
        gone += rows[KEYS[name]].to_list()
        kept = [row for row in table.iter_rows(named=True) if row[KEYS[name]] not in gone]
        kept += rows.to_dicts()
        out[name] = pl.DataFrame(kept, schema=table.schema, orient="row")
    return out


def _outcome(prepared: Prepared, adverts: Any, bids: Any, homes: Any) -> Any:
    known = bids.filter(pl.col("application").is_in(prepared.ordinals.ids.implode()))
    try:
        result = shortlist(prepared, adverts, known, homes)
    except BadInput as error:
        return str(error)
    return [result.frame(), result.stage_failures(), result.set_aside]


@pytest.mark.parametrize("seed", range(25))
def test_an_updated_register_equals_a_fresh_one(seed: int) -> None:
    rng = random.Random(seed)
    case = random_case(rng, (1, 7), (1, 3), (1, 6))
    tables, adverts, bids, homes = frames_of(case)
    prepared = prepare(case.scheme(), tables, case.as_at)
    for _ in range(3):
        _outcome(prepared, adverts, bids, homes)  # so that there are views to carry over
        changed, removed = {}, {}
        for name in rng.sample(sorted(KEYS), rng.randint(1, 3)):
            if name != "areas" and rng.random() < 0.35 and tables[name].height:
                removed[name] = [rng.choice(tables[name][KEYS[name]].to_list())]
            else:
                changed[name] = _rows(rng, case, name, tables[name])
        as_at = rng.choice([None, None, "close", *AS_AT])
        tables = _afresh(tables, changed, removed)
        on = prepared.as_at if as_at is None else as_at
        prepared = prepared.update(changed, removed, as_at)
        fresh = prepare(case.scheme(), tables, on)
        assert prepared.as_at == on
        for date_ in [on] if on != "close" else AS_AT[:3]:
            mine, theirs = prepared.at(date_), fresh.at(date_)
            assert_frame_equal(mine.frame, theirs.frame)
            assert mine.in_force.tolist() == theirs.in_force.tolist()
            assert mine.constants == theirs.constants or not mine.compiled.dated
        mine, theirs = (_outcome(p, adverts, bids, homes) for p in (prepared, fresh))
        if isinstance(mine, str) or isinstance(theirs, str):
            assert mine == theirs
            continue
        for one, other in zip(mine, theirs, strict=True):
            assert_frame_equal(one, other)


ELDEST = "facts: {eldest: {label: x, max: age}}\n" + order("points: eldest")


def _people(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return frame("people", [{"id": i, "application": a, "date_of_birth": day(d)}
                            for i, a, d in rows])


def _eldest(prepared: Prepared) -> dict[str, int | None]:
    view = prepared.at(day("2024-01-01"))
    return dict(view.frame.select("id", "eldest").rows())


@pytest.fixture
def prepared() -> Prepared:
    people = _people(("p", "a", "2000-01-01"), ("q", "b", "1990-01-01"))
    tables = {"applications": applications_of({"a": {}, "b": {}}), "people": people}
    return prepare(scheme_of(ELDEST), tables, day("2024-01-01"))


def test_a_person_who_moves_touches_both_households(prepared: Prepared) -> None:
    new = prepared.update({"people": _people(("q", "a", "1990-01-01"))})
    assert _eldest(new) == {"a": 34, "b": None}
    assert _eldest(prepared) == {"a": 24, "b": 34}


def test_applications_come_and_go(prepared: Prepared) -> None:
    new = prepared.update({"applications": applications_of({"Z": {}})}, {"applications": ["a"]})
    assert _eldest(new) == {"Z": None, "b": 34}
    back = new.update({"applications": applications_of({"a": {}})})
    assert _eldest(back) == {"Z": None, "a": 24, "b": 34}


def test_a_register_that_was_empty_fills_again(prepared: Prepared) -> None:
    empty = prepared.update(removed={"applications": ["a", "b"]})
    assert _eldest(empty) == {}
    assert _eldest(empty.update({"applications": applications_of({"a": {}})})) == {"a": 24}


def test_another_date_ages_everyone(prepared: Prepared) -> None:
    new = prepared.update(as_at=day("2025-01-01"))
    assert dict(new.at(day("2025-01-01")).frame.select("id", "eldest").rows()) == {"a": 25, "b": 35}


def test_only_households_touched_are_worked_out_again(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = sys.modules["cbl_engine.shortlist.register"]
    honest, seen = register.household_facts, []

    def look(facts: Any, tables: Tables, *rest: Any) -> Any:
        seen.append(sorted(tables["people"]["application"]))
        return honest(facts, tables, *rest)

    monkeypatch.setattr(register, "household_facts", look)
    new = prepared.update({"people": _people(("r", "b", "1980-01-01"))})
    assert _eldest(new) == {"a": 24, "b": 44}
    assert seen == [["b", "b"]]


def test_a_register_of_one_date_need_not_have_what_another_version_reads() -> None:
    first = HEAD.replace("{from: 2020-01-01,", "{from: 2020-01-01, until: 2024-06-01,")
    second = HEAD.replace("2020-01-01", "2024-06-01")
    scheme = scheme_from_text([("a.yaml", first + order("points: points")),
                               ("b.yaml", second + order("points: owes"))])
    applications = applications_of({"a": {"points": 1}}).drop("owes")
    prepared = prepare(scheme, {"applications": applications}, day("2024-01-01"))
    new = prepared.update({"applications": applications.with_columns(points=pl.lit(2))})
    assert new.at(day("2024-01-01")).frame["points"].to_list() == [2]
    with pytest.raises(TableError, match="the column owes is missing from applications"):
        prepared.update(as_at=day("2024-07-01"))


PERSON = _people(("p", "a", "2000-01-01"))
WHOLE = "Give whole rows: they take the place of those that stand"


@pytest.mark.parametrize(
    ("changed", "removed", "line"),
    [
        ({"pets": pl.DataFrame()}, {}, "pets: pets is not a table of the register; allowed: "
         "applications, people, connections, areas, band_history, status_history, duties, "
         "rooms, ta_placements, officer_decisions, overrides"),
        ({"people": PERSON.drop("id")}, {}, f"people: changed rows of people have no id. {WHOLE}"),
        ({"people": PERSON.drop("application", "date_of_birth").with_columns(dob=date(2000, 1, 1))}, {},
         f"people: changed rows of people have no application, date_of_birth. {WHOLE}"),
        ({"people": PERSON.with_columns(id=1)}, {},
         "people.id: the column id of changed rows of people is of another type; given Int32; "
         "allowed: String"),
        ({"people": PERSON.with_columns(date_of_birth=pl.lit("2000-01-01"))}, {},
         "people.date_of_birth: the column date_of_birth of changed rows of people is of another "
         "type; given String; allowed: Date"),
        ({"people": PERSON.lazy()}, {},
         "people: people is not a frame; given a LazyFrame; allowed: a polars.DataFrame. "
         "Collect it first"),
        ({}, {"people": "p"},
         "people: the ids removed from people are not a list; given a text; allowed: a list, be it "
         "of one"),
        ({}, {"people": None, "applications": PERSON},
         "people: the ids removed from people are not a list; given a NoneType; allowed: a list, be "
         "it of one\napplications: the ids removed from applications are not a list; given a "
         "DataFrame; allowed: a list, be it of one"),
        ({}, {"people": [1]},
         "people.id: the ids removed from people are of another type; allowed: String"),
        ({"applications": applications_of({"c": {}}).with_columns(
            pl.lit(None, pl.String).alias("id"))}, {},
         "applications.id: an application has no id"),
    ],
)
def test_rows_that_do_not_fit_are_told_of(
    prepared: Prepared, changed: Tables, removed: dict[str, list[Any]], line: str
) -> None:
    with pytest.raises(TableError) as caught:
        prepared.update(changed, removed)
    assert str(caught.value) == line


@pytest.mark.parametrize("ids", [
    ["a"], ("a",), {"a"}, {"a": 1}, pl.Series(["a"]), np.array(["a"]), iter(["a"]), map(str, ["a"]),
])
def test_ids_that_are_gone_come_in_a_list_of_any_kind(prepared: Prepared, ids: Any) -> None:
    assert _eldest(prepared.update(removed={"applications": ids})) == {"b": 34}


def test_where_a_row_was_read_from_need_not_be_given(prepared: Prepared) -> None:
    tables = {n: t.with_columns(source_row=pl.lit(1)) for n, t in prepared.tables.items()}
    read = prepare(prepared.scheme, tables, prepared.as_at)
    new = read.update({"people": _people(("p", "a", "1980-01-01"))})
    assert _eldest(new) == {"a": 44, "b": 34}


BANDS = order("band: [A, B, C]")


@pytest.mark.parametrize(("stands", "comes", "bands"), [
    (pl.String(), pl.Enum(["A"]), ("A", "B")), (pl.Enum(["A", "B"]), pl.Enum(["A"]), ("A", "B")),
    (pl.Categorical(), pl.Enum(["A"]), ("A", "B")), (pl.Null(), pl.String(), ("A", None)),
    (pl.String(), pl.Null(), (None, "B")),
])
def test_bands_come_as_text_of_any_type(
    stands: pl.DataType, comes: pl.DataType, bands: tuple[str | None, str | None]
) -> None:
    def register(dtype: pl.DataType, **households: str | None) -> pl.DataFrame:
        rows = applications_of({name: {"band": band} for name, band in households.items()})
        return rows.with_columns(pl.col("band").cast(dtype))

    before = prepare(scheme_of(BANDS), {"applications": register(stands, p=None, q=bands[1])}, "close")
    after = before.update({"applications": register(comes, p=bands[0])}).tables["applications"]
    held = after.select("id", pl.col("band").cast(pl.String)).rows()
    assert dict(held) == {"p": bands[0], "q": bands[1]}


def test_moments_come_in_any_time_zone() -> None:
    def visited(zone: str) -> pl.DataFrame:
        moment = pl.lit(datetime(2024, 1, 1, tzinfo=UTC)).dt.convert_time_zone(zone)
        return applications_of({"p": {}}).with_columns(visited_at=moment)

    scheme = scheme_of(order("tie: human"))
    before = prepare(scheme, {"applications": visited("Europe/London")}, "close")
    after = before.update({"applications": visited("UTC")})
    assert_frame_equal(after.tables["applications"], before.tables["applications"])


def test_what_is_done_to_a_frame_afterwards_is_not_in_the_register() -> None:
    given = applications_of({"p": {"band": "A"}})
    prepared = prepare(scheme_of(BANDS), {"applications": given}, "close")
    given[0, "band"] = "B"
    assert prepared.tables["applications"]["band"].to_list() == ["A"]


def test_ids_wider_than_those_that_stand_widen_the_register() -> None:
    people = _people(("p", "1", "2000-01-01"), ("q", "2", "1990-01-01"))
    tables = {
        "applications": applications_of({"1": {}, "2": {}}).cast({"id": pl.UInt8}),
        "people": people.cast({"application": pl.UInt8}),
    }
    prepared = prepare(scheme_of(ELDEST), tables, day("2024-01-01"))
    come = applications_of({"300": {}, "-1": {}}).cast({"id": pl.Int64})
    theirs = _people(("r", "300", "1980-01-01"), ("q", "-1", "1990-01-01"))
    new = prepared.update({"applications": come, "people": theirs.cast({"application": pl.Int64})})
    assert _eldest(new) == {-1: 34, 1: 24, 2: None, 300: 44}


def test_ids_that_no_one_type_has_are_told_of() -> None:
    tables = {"applications": applications_of({"-1": {}}).cast({"id": pl.Int64})}
    prepared = prepare(scheme_of(order("points: points")), tables, day("2024-01-01"))
    far = applications_of({str(2**63): {}}).cast({"id": pl.UInt64})
    with pytest.raises(TableError, match=r"applications\.id.*from 0 to 2\^64-1"):
        prepared.update({"applications": far})

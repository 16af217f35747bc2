"""Tables that cannot be used: every problem in one report, a line each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cbl_engine.errors import BadInput, SchemeError, TableError
from cbl_engine.shortlist import prepare, shortlist
from tests.shortlist.small import (
    CLOSES,
    adverts_of,
    applications_of,
    bid,
    day,
    frame,
    order,
    ranked,
    scheme_of,
)

if TYPE_CHECKING:
    from cbl_engine.scheme import Scheme

PLAIN = order("band: [A, B, C]", "points: points")
FACTS = """
facts: {eldest: {label: x, max: age}}
criteria: {of_age: {label: x, when: eldest >= 18}}
""" + order("points: points", eligible="of_age")
OWN = {"a": {"band": "A", "points": 1}, "b": {"band": "B", "points": 1}}


def _lines(
    kind: type[BadInput], scheme: Scheme, register: dict[str, Any], *given: Any, as_at: Any = "close"
) -> list[str]:
    def run() -> None:
        prepared = prepare(scheme, register, as_at)
        if given:
            shortlist(prepared, *given)

    with pytest.raises(kind) as caught:
        run()
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def _bids(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame("bids", list(rows))


def test_missing_tables_columns_and_types_are_told_of_together() -> None:
    register = {
        "applications": applications_of(OWN).drop("points").with_columns(band=pl.lit(1.5)),
    }
    assert _lines(TableError, scheme_of(FACTS), register) == [
        "applications.points: the column points is missing from applications; allowed: a column of "
        "type int. The scheme reads it; add it, with empty cells where it is not known",
        "people: the scheme reads the table people, and it is not there. Add people.csv or "
        "people.parquet (it may have no rows)",
    ]
    assert _lines(TableError, scheme_of(PLAIN), register) == [
        "applications.band: the column band of applications has the wrong type; given Float64; "
        "allowed: text (String)",
        "applications.points: the column points is missing from applications; allowed: a column of "
        "type int. The scheme reads it; add it, with empty cells where it is not known",
    ]
    assert _lines(TableError, scheme_of(PLAIN), {}) == ["the register has no applications table"]


def test_a_null_id() -> None:
    applications = applications_of(OWN).with_columns(
        id=pl.when(pl.col("id") != "a").then(pl.col("id"))
    )
    assert _lines(TableError, scheme_of(PLAIN), {"applications": applications}) == [
        "applications.id: an application has no id"
    ]


def test_applications_given_twice_and_bands_the_scheme_has_not() -> None:
    rows = pl.concat([applications_of(OWN | {"c": {"band": "X"}, "d": {"band": "Z"}}),
                      applications_of({"b": {"band": "A"}, "a": {"band": "X"}})])
    assert _lines(TableError, scheme_of(PLAIN), {"applications": rows}) == [
        "applications.id: an application is given more than once; 2 in all: a, b. Keep one row "
        "each, or give valid_from and valid_to",
        "applications.band: an application is in a band that the scheme has not; given 'X', 'Z'; "
        "allowed: A, B, C; 3 in all: c, d, a. Correct the band, or add it to the scheme",
    ]


def test_versions_of_an_application_that_overlap() -> None:
    rows = frame("applications", [
        {"id": "a", "valid_from": day("2020-01-01"), "valid_to": day("2022-01-02")},
        {"id": "a", "valid_from": day("2022-01-01")},
        {"id": "b", "valid_from": day("2020-01-01"), "valid_to": day("2022-01-01")},
        {"id": "b", "valid_from": day("2022-01-01")},
    ])
    assert _lines(TableError, scheme_of(PLAIN), {"applications": rows}) == [
        "applications.valid_to: two versions of an application are in force at once; 1 in all: a"
    ]


def test_no_version_in_force_for_a_bid() -> None:
    rows = frame("applications", [
        {"id": "a", "valid_from": day("2024-06-01")}, {"id": "b", "valid_to": day("2024-05-31")},
        {"id": "c", "valid_from": day("2024-05-31"), "valid_to": day("2024-06-01")},
    ])
    lines = _lines(TableError, scheme_of(PLAIN), {"applications": rows}, adverts_of(),
                   _bids(bid("c"), bid("b"), bid("a")))
    assert lines == [
        "applications.valid_from: an application that bid has no version in force on 2024-05-31; "
        "2 in all: a, b. Give the version that held on the date"
    ]


def test_a_scheme_not_in_force() -> None:
    register = {"applications": applications_of(OWN)}
    scheme = scheme_of(PLAIN)
    early = adverts_of({"closes_at": CLOSES.replace(year=2019)})
    lines = _lines(SchemeError, scheme, register, early, _bids())
    assert len(lines) == 1
    assert "2019-05-31" in lines[0]
    assert _lines(SchemeError, scheme, register, as_at=day("2019-05-31")) == lines
    with pytest.raises(SchemeError, match="not in force on 2019-05-31"):
        prepare(scheme, register, day("2024-05-31")).update(as_at=day("2019-05-31"))


def test_bids_for_what_is_not_there() -> None:
    bids = _bids(bid("a"), bid("x"), bid("y", advert="zz"), bid("a", advert="zz"))
    assert _lines(TableError, scheme_of(PLAIN), {"applications": applications_of(OWN)},
                  adverts_of(), bids) == [
        "bids.advert: a bid is for an advert that is not there; 2 in all: zz, zz",
        "bids.application: a bid is from an application that is not there; 2 in all: x, y",
    ]


def test_bids_outside_the_time_the_advert_was_open() -> None:
    opens = CLOSES - timedelta(minutes=60)
    bids = _bids(
        bid("a") | {"placed_at": opens}, bid("b") | {"placed_at": CLOSES},
        bid("a") | {"placed_at": opens - timedelta(microseconds=1)},
        bid("b") | {"placed_at": CLOSES + timedelta(microseconds=1)},
    )
    adverts = adverts_of({"opens_at": opens})
    register = {"applications": applications_of(OWN)}
    assert _lines(TableError, scheme_of(PLAIN), register, adverts, bids) == [
        "bids.placed_at: a bid lies outside the time its advert was open; allowed: "
        "opens_at <= placed_at <= closes_at; 2 in all: a on ad, b on ad"
    ]
    prepared = prepare(scheme_of(PLAIN), register, "close")
    assert len(shortlist(prepared, adverts, bids.head(2))) == 2


def test_a_bid_given_twice_and_one_without_a_time() -> None:
    register = {"applications": applications_of(OWN)}
    assert _lines(TableError, scheme_of(PLAIN), register, adverts_of(),
                  _bids(bid("a"), bid("b"), bid("a"))) == [
        "bids: a bid is given more than once (same advert, application and placed_at); "
        "1 in all: a on ad"
    ]
    assert _lines(TableError, scheme_of(PLAIN), register, adverts_of(),
                  _bids(bid("a"), bid("b") | {"placed_at": None})) == [
        "bids.placed_at: a bid has no placed_at; 1 in all: b"
    ]


def test_columns_of_bids_that_do_not_fit() -> None:
    register = {"applications": applications_of(OWN)}
    bids = _bids(bid("a"))
    assert _lines(TableError, scheme_of(PLAIN), register, adverts_of(),
                  bids.drop("application").with_columns(placed_at=pl.lit("noon"))) == [
        "bids.application: the column application is missing from bids; allowed: a column of type "
        "id. Add it, with a value in every row",
        "bids.placed_at: the column placed_at of bids has the wrong type; given String; allowed: "
        "datetime (Datetime(time_unit='us', time_zone='Europe/London'))",
    ]
    lines = _lines(TableError, scheme_of(PLAIN), register, adverts_of(),
                   bids.with_columns(application=pl.lit(3)))
    assert lines == [
        "bids.application: ids of bids are whole numbers where applications have text. "
        "Give both as text, or both as whole numbers"
    ]


def test_adverts_that_do_not_fit() -> None:
    register = {"applications": applications_of(OWN)}
    scheme = scheme_of(PLAIN)
    assert _lines(TableError, scheme, register, adverts_of({}, {}), _bids()) == [
        "adverts.id: an advert is given more than once; 1 in all: ad"
    ]
    adverts = adverts_of({}, {"id": None}).drop("status").with_columns(
        closes_at=pl.lit(None, pl.Datetime("us", "Europe/London"))
    )
    assert _lines(TableError, scheme, register, adverts, _bids()) == [
        "adverts.status: the column status is missing from adverts; allowed: a column of type code"
        ". Add it, with a value in every row",
        "adverts.id: an advert has no id",
        "adverts.closes_at: an advert has no closes_at; 2 in all: ad, ...",
    ]


def test_an_advert_without_a_status_or_with_one_there_is_not() -> None:
    register = {"applications": applications_of(OWN)}
    adverts = adverts_of({}, {"id": "p", "status": None}, {"id": "q", "status": "Withdrawn"})
    assert _lines(TableError, scheme_of(PLAIN), register, adverts, _bids(bid("a"))) == [
        "adverts.status: an advert has no status; 1 in all: p"
    ]
    assert _lines(TableError, scheme_of(PLAIN), register, adverts.drop_nulls("status"),
                  _bids(bid("a"))) == [
        "adverts.status: an advert has a status that there is not; given 'Withdrawn'; allowed: "
        "draft, open, closed, withdrawn, readvertised, let; 1 in all: q"
    ]


def test_bids_that_name_nothing() -> None:
    bids = _bids(bid("a"), bid(None), bid("b", advert=None))
    assert _lines(TableError, scheme_of(PLAIN), {"applications": applications_of(OWN)},
                  adverts_of(), bids) == [
        "bids.application: a bid has no application",
        "bids.advert: a bid has no advert; 1 in all: b",
    ]


@pytest.mark.parametrize("own", [OWN, {7: {"band": "A", "points": 1}}])
def test_frames_made_of_no_rows_need_no_types(own: dict[Any, dict[str, Any]]) -> None:
    prepared = prepare(scheme_of(PLAIN), {"applications": applications_of(own)}, "close")
    bids = pl.DataFrame(schema=["advert", "application", "placed_at"])
    no_adverts = pl.DataFrame(schema=["id", "closes_at", "status", "home", "opens_at"])
    homes = pl.DataFrame(schema=["id"])
    for adverts in (adverts_of(), no_adverts):
        result = shortlist(prepared, adverts, bids, homes, verify="full")
        assert result.frame().is_empty()
        typed = shortlist(prepared, adverts, _typed(bids, own), homes, verify="full")
        assert result.set_aside.equals(typed.set_aside)
        assert result.set_aside.schema == typed.set_aside.schema


def _typed(bids: pl.DataFrame, own: dict[Any, dict[str, Any]]) -> pl.DataFrame:
    ids = pl.Int64 if 7 in own else pl.String
    moment = pl.Datetime("us", "Europe/London")
    return bids.cast({"advert": pl.String, "application": ids, "placed_at": moment})


def test_profiles_and_plans_the_scheme_has_not() -> None:
    adverts = adverts_of({"id": "p", "profile": "ghost"}, {"id": "q", "profile": "only"},
                         {"id": "r", "profile": "only", "local_lettings_plan": "dream"})
    text = PLAIN + "local_lettings_plans: {village: {label: x, order: [{points: points}]}}\n"
    assert _lines(SchemeError, scheme_of(text), {"applications": applications_of(OWN)}, adverts,
                  _bids()) == [
        "adverts.profile: the scheme has no profile ghost; allowed: only; 1 in all: p",
        "adverts.local_lettings_plan: the scheme has no local lettings plan dream; allowed: "
        "village; 1 in all: r",
    ]


def test_a_problem_met_on_many_closing_dates_is_one_line() -> None:
    text = """
criteria: {later: {label: x, when: registered_on < as_at}}
""" + order("points: points", eligible="later")
    adverts = adverts_of(*({"id": f"p{n}", "profile": "ghost",
                            "closes_at": CLOSES + timedelta(days=n)} for n in range(7)))
    assert _lines(SchemeError, scheme_of(text), {"applications": applications_of(OWN)}, adverts,
                  _bids()) == [
        "adverts.profile: the scheme has no profile ghost; allowed: only; 7 in all: p0, p1, p2, "
        "p3, p4, ..."
    ]


def test_a_column_that_neither_adverts_nor_homes_have() -> None:
    text = "criteria: {fits: {label: x, when: bedroom_need = advert.bedrooms}}\n" + order(
        "points: points", eligible="fits"
    )
    lines = _lines(TableError, scheme_of(text), {"applications": applications_of(OWN)},
                   adverts_of().drop("bedrooms"), _bids())
    assert lines == [
        "adverts.bedrooms: the scheme reads advert.bedrooms, and neither adverts nor homes has the "
        "column; allowed: a column of type int in adverts or homes. Add it, with empty cells where "
        "it is not known"
    ]


def test_no_line_quotes_a_personal_fact() -> None:
    register = {"applications": applications_of({"a": {"points": 4711, "band": "A"}})}
    text = order("points: points", "date: priority_date, when_unknown: error")
    (line,) = _lines(TableError, scheme_of(text), register, adverts_of(), _bids(bid("a")))
    assert "4711" not in line


def test_a_plan_named_on_a_date_it_is_not_in_force() -> None:
    text = PLAIN + (
        "local_lettings_plans: {village: {label: x, order: [{points: points}], "
        "in_force: {from: 2030-01-01, assumed: true}}}\n"
    )
    adverts = adverts_of({"id": "v", "profile": "only", "local_lettings_plan": "village"})
    (line,) = _lines(
        BadInput, scheme_of(text), {"applications": applications_of(OWN)}, adverts, _bids()
    )
    assert line == (
        "adverts.local_lettings_plan: an advert names the local lettings plan village on a date "
        "it is not in force; allowed: from 2030-01-01; 1 in all: v"
    )


@pytest.mark.parametrize(
    "fact", ["{label: x, max: age, where: age > param.old}",
             "{label: x, months_connected: {area: here, where: months > param.old}}"]
)
def test_a_parameter_that_only_a_fact_reads_must_be_in_force(fact: str) -> None:
    text = (
        "parameters: {old: {label: x, unit: years, values: {2024-06-01: 60}}}\n"
        f"facts: {{f: {fact}}}\n" + order("points: f")
    )
    register = {"applications": applications_of(OWN), "people": frame("people", []),
                "connections": frame("connections", []), "areas": frame("areas", [])}
    lines = _lines(SchemeError, scheme_of(text), register, as_at=day("2024-05-31"))
    assert lines == [
        "parameters.old: parameter old has no value on 2024-05-31; allowed: from 2024-06-01"
    ]


def test_lazy_frames_are_told_of_before_anything_is_read() -> None:
    register = {"applications": applications_of(OWN)}
    lazy = {name: table.lazy() for name, table in register.items()}
    line = "{0}: {0} is not a frame; given a LazyFrame; allowed: a polars.DataFrame. Collect it first"
    assert _lines(TableError, scheme_of(PLAIN), lazy) == [line.format("applications")]
    given = adverts_of().lazy(), _bids(bid("a")).lazy(), frame("homes", []).lazy()
    assert _lines(TableError, scheme_of(PLAIN), register, *given) == [
        line.format("adverts"), line.format("bids"), line.format("homes"),
    ]


def test_arguments_of_another_kind_are_told_of_before_anything_is_read() -> None:
    register = {"applications": applications_of(OWN)}
    scheme: Any = scheme_of(PLAIN)
    by_table = "{0}: {1} is not given by table; given a list; allowed: a dict whose keys name tables"
    frames: Any = list(register.values())
    assert _lines(TableError, scheme, frames) == [by_table.format("register", "the register")]
    name: Any = "sheffield"
    assert _lines(TableError, name, register) == [
        "scheme: the scheme is not a loaded one; given a str; allowed: a cbl_engine.Scheme. "
        "Load it first, with load_scheme"
    ]
    prepared = prepare(scheme, register, "close")
    with pytest.raises(TableError) as caught:
        prepared.update(frames, frames)
    assert str(caught.value).splitlines() == [
        by_table.format("changed", "what is changed"), by_table.format("removed", "what is removed"),
    ]
    seed: Any = None
    with pytest.raises(TableError) as caught:
        shortlist(scheme, adverts_of(), _bids(bid("a")), seed=seed)
    assert str(caught.value).splitlines() == [
        "prepared: the register is not made ready; given a Scheme; allowed: a cbl_engine.Prepared. "
        "Make it with prepare(scheme, register, as_at)",
        "seed: the seed is not a whole number; given None; allowed: an int",
    ]


@pytest.mark.parametrize("call", ["frame", "summary", "stage_failures"])
def test_one_text_is_no_list_of_adverts(call: str) -> None:
    result = ranked(PLAIN, OWN)
    with pytest.raises(TableError) as caught:
        getattr(result, call)("ad")
    assert str(caught.value) == (
        "adverts: the ids of adverts are not a list; given a text; allowed: a list, be it of one"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_where_it_is_read(value: float) -> None:
    reads = "criteria: {solvent: {label: x, when: arrears <= 10}}\n" + order(
        "points: points", eligible="solvent")
    own = {"a": {"points": 1, "arrears": 1.5}, "b": {"points": 1}, "c": {"points": 1, "arrears": 5.0}}
    applications = applications_of(own).with_columns(
        arrears=pl.when(pl.col("id") == "c").then(value).otherwise("arrears"))
    assert _lines(TableError, scheme_of(reads), {"applications": applications}) == [
        "applications.arrears: the column arrears of applications holds what is no number; given NaN "
        "or an infinity; allowed: finite numbers, null where one is not known; 1 in all: c"
    ]
    prepare(scheme_of(PLAIN), {"applications": applications.with_columns(band=pl.lit("A"))}, "close")


@pytest.mark.parametrize("verify", ["ful", None, ["full"]])
def test_an_extent_of_verification_that_is_none_is_refused(verify: Any) -> None:
    prepared = prepare(scheme_of(PLAIN), {"applications": applications_of(OWN)}, "close")
    with pytest.raises(TableError) as caught:
        shortlist(prepared, adverts_of(), _bids(), verify=verify)
    assert str(caught.value) == (
        f"verify: no extent of verification is called so; given {verify!r}; allowed: sample, full"
    )

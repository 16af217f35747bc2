"""One report of everything, even where one problem could hide another."""

from __future__ import annotations

import shutil
from dataclasses import replace

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.quality import extract_request
from cbl_engine.records import check_inputs, run_shortlist
from cbl_engine.scheme import load_scheme, scheme_from_text
from cbl_engine.shipped import shipped_folder
from tests.offers.week import HEAD, PROFILES


def test_an_unknown_band_does_not_hide_an_unknown_profile(tmp_path) -> None:
    data = tmp_path / "borough"
    shutil.copytree(shipped_folder("boroughs") / "riverton", data)
    for table, old, new in (("applications", ",C,", ",Z,"), ("adverts", "waiting_time", "ghost")):
        file = data / f"{table}.csv"
        file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    found = check_inputs("sheffield", data)
    assert [p.kind for p in found.problems] == ["unknown_band", "unknown_profile"]
    assert isinstance(found.tables.rejected, pl.DataFrame)


WRONG_IN_THREE_WAYS = {
    "applications": "id,status,band,priority_date,valid_from\na1,active,A,2020-01-01,2020-01-01\n"
                    "a2,active,Q,2020-01-01,2020-01-01\na3,active,B,2020-01-01,2025-01-01\n"
                    "a4,active,B,,2020-01-01\n",
    "adverts": "id,status,opens_at,closes_at,home\nelm,open,2024-06-03T00:00,2024-06-06T12:00,h\n",
    "homes": "id,bedrooms\nh,2\n",
    "bids": "advert,application,placed_at\n" + "".join(f"elm,a{n},2024-06-04T0{n}:00\n" for n in range(1, 5)),
}


@pytest.mark.parametrize("right", [(), ("unknown_band",), ("unknown_band", "no_version")])
def test_a_shortlist_that_is_refused_tells_all_that_going_through_the_bids_tells(tmp_path, right) -> None:
    """Whatever refuses it first: an unknown band, a version not in force, or a key that must be known."""
    scheme = scheme_from_text(HEAD + PROFILES.replace("date: priority_date", "date: priority_date, when_unknown: error"))
    for table, text in WRONG_IN_THREE_WAYS.items():
        if "unknown_band" in right:
            text = text.replace(",Q,", ",A,")
        if "no_version" in right:
            text = text.replace("2025", "2020")
        (tmp_path / f"{table}.csv").write_text(text)
    with pytest.raises(BadInput) as refused:
        run_shortlist(scheme, tmp_path)
    assert {p.where for p in refused.value.problems} == {p.where for p in check_inputs(scheme, tmp_path).problems}
    assert len(refused.value.problems) == 3 - len(right)


def test_columns_that_lack_are_each_named_once_those_of_adverts_with_those_of_the_register(tmp_path) -> None:
    data = tmp_path / "borough"
    shutil.copytree(shipped_folder("boroughs") / "riverton", data)
    for table, gone in (("applications", "current_home"), ("adverts", "labels"), ("homes", "labels")):
        frame = pl.read_csv(data / f"{table}.csv", infer_schema=False)
        frame.drop(gone, strict=False).write_csv(data / f"{table}.csv")
    found = check_inputs("welwyn_hatfield", data, use=None).problems
    lost = [p.where for p in found if p.kind == "missing_column"]
    assert {"applications.current_home", "adverts.labels"} <= set(lost)
    assert len(lost) == len(set(lost))
    [home] = [p for p in found if p.where == "applications.current_home"]
    assert home.allowed == "a column of type id"


def copied(folder, *tables):
    folder.mkdir()
    for table in tables:
        shutil.copy(shipped_folder("boroughs") / "riverton" / f"{table}.csv", folder)
    return folder


REGISTER = ("applications", "people", "connections", "areas", "duties", "officer_decisions")


def test_what_the_assessment_would_refuse_is_found_beside_the_rest() -> None:
    """Riverton has every table that Coventry's assessment reads, and not every column."""
    asked = {p.where for p in check_inputs("coventry", "riverton", use=None).problems}
    lost = {f"applications.{c}" for c in ("household_assets", "household_income", "refused_offers")}
    assert lost <= asked
    assert not lost <= {p.where for p in check_inputs("coventry", "riverton").problems}
    for table in ("adverts", "bids"):
        found = check_inputs("coventry", "riverton", use="assessment").problems
        assert table not in {p.where.partition(".")[0] for p in found}


def test_a_register_alone_is_looked_at_and_it_is_said_that_no_list_can_be_made(tmp_path) -> None:
    data = copied(tmp_path / "register", *REGISTER)
    found = check_inputs("sheffield", data, use=None)
    assert found.problems == ()
    assert [p.where for p in found.not_looked_at] == ["shortlist"]
    assert {p.kind for p in check_inputs("sheffield", data).problems} == {"missing_table"}
    bad = data / "applications.csv"
    bad.write_text(bad.read_text().replace(",C,", ",Z,", 1))
    assert [p.kind for p in check_inputs("sheffield", data, use=None).problems] == ["unknown_band"]


def test_adverts_without_bids_are_no_register_alone(tmp_path) -> None:
    data = copied(tmp_path / "no_bids", *REGISTER, "adverts", "homes")
    found = check_inputs("sheffield", data, use=None)
    assert [(p.kind, p.where) for p in found.problems] == [("missing_table", "bids")]


def test_tables_of_the_assessment_that_are_not_there_are_told(tmp_path) -> None:
    data = copied(tmp_path / "lists", "applications", "adverts", "bids", "homes", "people")
    found = check_inputs("sheffield", data, use=None)
    assert found.problems == ()
    (aside,) = found.not_looked_at
    assert aside.line() == (
        "assessment: it was not looked at, for it reads tables that are not there: "
        "officer_decisions. Add them (they may have no rows)"
    )
    assert [p.where for p in check_inputs("sheffield", data, use="assessment").problems] == [
        "officer_decisions"
    ]


@pytest.mark.parametrize("use", [None, "shortlist", "assessment"])
def test_a_scheme_that_does_not_assess_is_asked_for_no_assessment(use) -> None:
    scheme = load_scheme("sheffield")
    versions = tuple(v.model_copy(update={"assessment": None}) for v in scheme.versions)
    scheme = replace(scheme, versions=versions)
    kinds = [p.kind for p in check_inputs(scheme, "riverton", use=use).problems]
    assert kinds == (["no_assessment"] if use == "assessment" else [])


@pytest.mark.parametrize("declared", ["homes", "adverts"])
@pytest.mark.parametrize("carries", ["homes", "adverts"])
def test_a_column_declared_of_homes_or_adverts_is_read_of_both(tmp_path, declared, carries):
    scheme = scheme_from_text(f"""
scheme: small
title: Small
authority: Nobody
in_force: {{from: 2020-01-01, assumed: true}}
bands: {{}}
columns: {{{declared}: {{score: {{type: number, label: x}}}}}}
criteria: {{high: {{label: x, when: advert.score > 9.5}}}}
eligible: [high]
profiles: {{only: {{label: x, order: [{{lottery: register}}]}}}}
""")
    tables = {
        "applications": {"id": "p", "status": "active"},
        "homes": {"id": "h"},
        "adverts": {"id": "a", "home": "h", "status": "closed", "closes_at": "2024-05-31T12:00:00"},
        "bids": {"advert": "a", "application": "p", "placed_at": "2024-05-30T12:00:00"},
    }
    tables[carries]["score"] = "10"
    for name, row in tables.items():
        (tmp_path / f"{name}.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    assert run_shortlist(scheme, tmp_path).frame()["eligible"].to_list() == [True]
    request = extract_request(scheme).filter(column="score")
    assert request["table"].to_list() == [declared]


_REFUSED = """
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}}
profiles: {only: {label: x, order: [{date: priority_date, when_unknown: error}, {tie: human}]}}
"""


def test_what_a_shortlist_refuses_of_bids_is_found_before(tmp_path):
    """Bids of versions not in force on each date, and a key that must be known: in one report."""
    (tmp_path / "applications.csv").write_text(
        "id,status,band,priority_date,valid_from,valid_to\np,active,A,2021-01-01,2024-06-01,\n"
        "q,active,A,,,\nr,active,A,2021-01-01,,2024-05-01\ns,active,A,,2030-01-01,\n")
    (tmp_path / "adverts.csv").write_text(
        "id,status,closes_at,bedrooms\na,closed,2024-05-31T12:00:00,2\nb,closed,2024-06-30T12:00:00,2\n")
    (tmp_path / "bids.csv").write_text("advert,application,placed_at\n" + "".join(
        f"{advert},{own},2024-05-30T12:00:00\n" for advert, own in ("ap", "aq", "ar", "bp", "br")))
    scheme = scheme_from_text(_REFUSED)
    version = ("applications.valid_from: an application that bid has no version in force on 2024-05-31"
               " and 1 later date; 2 in all: p, r. Give the version that held on the date")
    key = ("profiles.only: the key date: priority_date is not known for a bid, and profile only says "
           "when_unknown: error; 1 in all: q. Complete the applications, or say last or hold")
    assert [p.line() for p in check_inputs(scheme, tmp_path).problems] == [version, key]
    assert [p.line() for p in check_inputs(scheme, tmp_path, use=None).problems] == [version, key]
    assert not check_inputs(scheme, tmp_path, through_bids=False).problems
    with pytest.raises(BadInput, match="no version in force on 2024-05-31 and 1 later date"):
        run_shortlist(scheme, tmp_path)


def test_an_unknown_band_hides_nothing_that_a_shortlist_refuses_of_bids(tmp_path):
    """A band that there is not, a version not in force and a key that must be known, in one report."""
    (tmp_path / "applications.csv").write_text(
        "id,status,band,priority_date,valid_from\np,active,Z,,\nq,active,A,,\nr,active,A,2021-01-01,2024-06-01\n"
        "s,active,Z,2021-01-01,2024-06-01\n")
    (tmp_path / "adverts.csv").write_text("id,status,closes_at,bedrooms\na,closed,2024-05-31T12:00:00,2\n")
    (tmp_path / "bids.csv").write_text("advert,application,placed_at\n" + "".join(
        f"a,{own},2024-05-30T12:00:00\n" for own in "pqrs"))
    scheme = scheme_from_text(_REFUSED.replace("{date", "{band: [A]}, {date"))
    found = [(p.kind, p.rows) for p in check_inputs(scheme, tmp_path).problems]
    assert [rows for _, rows in found] == [("p", "s"), ("r", "s"), ("q",)]
    assert found[0][0] == "unknown_band"


def test_a_table_that_is_refused_is_not_told_as_missing(tmp_path):
    data = copied(tmp_path / "refused", *REGISTER, "adverts", "bids", "homes")
    for table in ("people", "homes"):
        (data / f"{table}.csv").write_text("")
    lines = [p.line() for p in check_inputs("sheffield", data, use=None).problems]
    assert lines == [f"{table}.csv: is empty; allowed: a header line and rows" for table in ("people", "homes")]


def test_a_use_that_there_is_none_of_is_refused():
    with pytest.raises(BadInput, match="nothing that data are used for so; given 'offers'; allowed: shortlist"):
        check_inputs("sheffield", "riverton", use="offers")

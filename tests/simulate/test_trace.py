"""A household, a home and a chain followed through tables small enough to read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cbl_engine.errors import RunError
from cbl_engine.simulate import Scenario
from cbl_engine.simulate.kept import Kept
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.trace import Trace, trace_application, trace_chain, trace_home

SCENARIO = Scenario(title="x", scheme="sheffield", start=date(2026, 4, 6), weeks=30, replications=2)


def d(month: int, day: int) -> date:
    return date(2026, month, day)


def void(**changes) -> dict:
    row = {"world": 0, "home": "H1", "vacancy": 1, "cause": "left", "bedrooms": 2, "chain": "H1/1",
           "link": 1, "leaving_application": None, "notice_given_on": d(4, 1),
           "tenancy_ended_on": d(4, 20), "keys_in_on": d(4, 22), "inspected_on": d(4, 23),
           "works": "standard", "works_began_on": d(4, 23), "ready_on": d(5, 1),
           "closed_on": d(5, 10), "accepted_on": d(5, 20), "let_on": d(6, 1), "outcome": "let",
           "rent_weekly": 90.0}
    return row | changes


def nomination(**changes) -> dict:
    row = {"world": 0, "home": "H1", "vacancy": 1, "application": "P0000-000002", "position": 2,
           "route": "own", "nominated_on": d(5, 12), "settled_on": d(5, 20), "outcome": "accepted"}
    return row | changes


def household(application: str, **changes) -> dict:
    row = {"world": 0, "application": application, "registered_on": d(1, 5), "status": "waiting",
           "left_on": None, "band": "B", "bedroom_need": 2, "tenant": False, "homeless": False,
           "bids_as": "seldom", "bids": 4, "nominations": 1, "refusals": 0, "decanted": False,
           "downsizer": False, "read_as": {"P0000-000001": "40117"}.get(application)}
    return row | changes


LETTING = {"world": 0, "home": "H1", "vacancy": 1, "application": "P0000-000002",
           "let_on": d(6, 1), "bedrooms": 2, "band": "B", "registered_on": d(1, 5),
           "transfer": True, "left_home": "H2", "leaked": None, "chain": "H1/1"}


@pytest.fixture
def kept() -> Kept:
    tables = {
        "voids": pl.DataFrame([
            void(),
            void(home="H2", link=2, cause="moved", leaving_application="P0000-000002",
                 notice_given_on=d(5, 20), tenancy_ended_on=d(6, 1), keys_in_on=d(6, 1),
                 inspected_on=d(6, 3), works="none", works_began_on=d(6, 3), ready_on=d(6, 4),
                 closed_on=d(6, 14), accepted_on=None, let_on=None, outcome="open"),
            void(home="H3", chain="H3/1", cause="new_home", tenancy_ended_on=d(7, 1), ready_on=None,
                 closed_on=None, accepted_on=None, let_on=None, outcome="open")]),
        "nominations": pl.DataFrame([
            nomination(application="P0000-000001", position=1, nominated_on=d(5, 10),
                       settled_on=d(5, 12), outcome="no_contact"),
            nomination(),
            nomination(home="H2", application="P0000-000001", position=1, nominated_on=d(6, 14),
                       settled_on=None, outcome=None, route="assisted")]),
        "lettings": pl.DataFrame([LETTING], schema_overrides={"leaked": pl.String}),
        "adverts": pl.DataFrame([
            {"world": 0, "home": "H1", "vacancy": 1, "week": 4, "number": 1, "bids": 9,
             "eligible": 7, "first_band": "A"},
            {"world": 0, "home": "H2", "vacancy": 1, "week": 9, "number": 2, "bids": 1,
             "eligible": 0, "first_band": None}]),
        "households": pl.DataFrame([
            household("P0000-000001", status="under_offer", nominations=2),
            household("P0000-000002", status="housed", left_on=d(6, 1), tenant=True),
            household("P0000-000003", status="lapsed", left_on=d(7, 2), band=None)]),
        "events": pl.DataFrame([
            {"world": 0, "home": "H1", "on": d(3, 1), "event": "succession"},
            {"world": 0, "home": "H4", "on": d(5, 4), "event": "acquired"},
            {"world": 0, "home": "H4", "on": d(7, 1), "event": "right_to_buy"},
            {"world": 0, "home": "H5", "on": d(6, 8), "event": "to_be_demolished"}]),
        "duties": pl.DataFrame([
            {"world": 0, "application": "P0000-000001", "duty": "relief", "since": d(2, 2),
             "until": d(4, 7), "ended_by": "main_duty"},
            {"world": 0, "application": "P0000-000001", "duty": "main", "since": d(4, 7),
             "until": d(4, 9), "ended_by": "private_rented"},
            {"world": 0, "application": "P0000-000003", "duty": "main", "since": d(4, 7),
             "until": d(7, 2), "ended_by": "lapsed"}]),
        "band_changes": pl.DataFrame([
            {"world": 0, "application": "P0000-000001", "on": d(4, 9), "before": "A", "band": "B"},
            {"world": 0, "application": "P0000-000003", "on": d(6, 2), "before": "B", "band": None}]),
        "placements": pl.DataFrame([
            {"world": 0, "application": "P0000-000001", "kind": "leased", "duty": "relief",
             "home": None, "since": d(4, 6), "until": d(4, 7), "left_by": "moved"},
            {"world": 0, "application": "P0000-000001", "kind": "own_stock", "duty": "main",
             "home": "H7", "since": d(4, 7), "until": d(4, 9), "left_by": "private_rented"}]),
    }
    return Kept(Path("run"), SCENARIO, shipped_parameters(), {n: f.lazy() for n, f in tables.items()})


def lines(trace: Trace) -> list[str]:
    return [f"{step.on:%d %b} {step.words}" for step in trace.steps]


def test_a_household_from_joining_to_the_end(kept: Kept) -> None:
    found = trace_application(kept, "P0000-000001")
    assert lines(found) == [
        "05 Jan Joins the register",
        "02 Feb Owed the duty to relieve homelessness",
        "06 Apr In temporary accommodation under the relief duty: leased",
        "07 Apr No more owed the duty to relieve homelessness: the main duty begins",
        "07 Apr Owed the main homelessness duty",
        "07 Apr In temporary accommodation under the main duty: own stock, home H7",
        "09 Apr No more owed the main homelessness duty: a private rented offer",
        "09 Apr Assessed anew: band B, band A before",
        "09 Apr Leaves temporary accommodation: a private rented offer",
        "10 May Nominated for H1 by its own bid, number 1 on the list",
        "12 May H1: could not be reached",
        "14 Jun Nominated for H2 by a bid that an officer placed, number 1 on the list",
    ]
    assert found.end == "Under offer at the end"
    assert found.facts["band"] == "B"
    assert lines(trace_application(kept, "P0000-000003"))[-3:] == [
        "07 Apr Owed the main homelessness duty", "02 Jun Assessed anew: no band, band B before",
        "02 Jul The application lapses"]
    assert lines(trace_application(kept, "P0000-000002"))[-2:] == [
        "01 Jun H1 (2 bedrooms) is let to P0000-000002, band B, 147 days after registering",
        "01 Jun P0000-000002 leaves H2; it comes empty: the next void of the chain"]


def test_a_home_with_its_stages_adverts_and_nominations(kept: Kept) -> None:
    found = trace_home(kept, "H1")
    assert lines(found) == [
        "01 Mar Somebody succeeds",
        "01 Apr Notice is given",
        "20 Apr The tenancy ends: the tenant leaves",
        "22 Apr The keys come in",
        "23 Apr Inspected; works ordered: standard",
        "23 Apr Works begin",
        "01 May Ready to let",
        "04 May Advertised",
        "10 May The advert closes with 9 bids, 7 eligible, first on the list from band A",
        "10 May P0000-000001 is nominated by its own bid, number 1 on the list",
        "12 May P0000-000001: could not be reached",
        "12 May P0000-000002 is nominated by its own bid, number 2 on the list",
        "20 May P0000-000002: accepted",
        "01 Jun H1 (2 bedrooms) is let to P0000-000002, band B, 147 days after registering",
        "01 Jun P0000-000002 leaves H2; it comes empty: the next void of the chain",
    ]
    assert found.end == "Let at the end"
    new = trace_home(kept, "H3")
    assert lines(new) == ["01 Jul Completed: the home is new"]
    assert new.end == "Empty, not yet ready, at the end"


def test_nominations_of_a_day_are_told_as_one_follows_from_the_other(kept: Kept) -> None:
    ended = {"position": 1, "nominated_on": d(5, 12), "settled_on": d(5, 12), "outcome": "withdrew"}
    went_on = nomination(settled_on=d(5, 14), outcome="withdrew")

    def told(trace, id_: str, *nominations: dict) -> list[str]:
        tables = kept.tables | {"nominations": pl.LazyFrame(nominations)}
        found = lines(trace(Kept(kept.folder, SCENARIO, kept.parameters, tables), id_))
        return [line for line in found if "ominated" in line or "withdrew" in line]

    assert told(trace_home, "H1", went_on | {"application": "P0000-000001"}, nomination(**ended)) == [
        "12 May P0000-000002 is nominated by its own bid, number 1 on the list",
        "12 May P0000-000002: withdrew",
        "12 May P0000-000001 is nominated by its own bid, number 2 on the list",
        "14 May P0000-000001: withdrew"]
    assert told(trace_application, "P0000-000002", went_on, nomination(**ended, home="H2")) == [
        "12 May Nominated for H2 by its own bid, number 1 on the list",
        "12 May H2: withdrew",
        "12 May Nominated for H1 by its own bid, number 2 on the list",
        "14 May H1: withdrew"]


def test_a_chain_from_its_first_void_to_where_it_stands(kept: Kept) -> None:
    found = trace_chain(kept, "H1/1")
    assert found.facts == {"homes": "H1, H2", "voids": 2, "lettings": 1}
    assert [step.home for step in found.steps if step.what == "ended"] == ["H1", "H2"]
    assert "01 Jun The tenancy ends: the tenant moves to another home (P0000-000002)" \
        in lines(found)
    assert "08 Jun Advertised, again" in lines(found)
    assert "14 Jun The advert closes with 1 bid, 0 eligible" in lines(found)
    assert found.end == "The chain stands with H2: empty at the end"


def test_a_home_whose_tenant_is_to_move_out_later_is_not_empty_at_the_end(kept: Kept) -> None:
    later = kept.scenario.end
    days = [pl.lit(None, pl.Date).alias(c) for c in (
        "keys_in_on", "inspected_on", "works_began_on", "ready_on")]
    tables = kept.tables | {"voids": kept.tables["voids"].with_columns(
        *days, pl.lit(later).alias("tenancy_ended_on"), pl.lit("open").alias("outcome"))}
    found = trace_home(Kept(kept.folder, SCENARIO, kept.parameters, tables), "H2")
    assert found.end == "Its tenant has not moved out yet at the end"
    assert "keys_in" not in [step.what for step in found.steps]


def test_a_home_that_never_stood_empty_tells_what_happened_to_it(kept: Kept) -> None:
    found = trace_home(kept, "H4")
    assert lines(found) == ["04 May The home is bought with its tenant",
                            "01 Jul The home is sold to its tenant"]
    assert (found.facts, found.end) == ({"vacancies": 0}, "Sold to its tenant")


def test_a_home_that_was_let_and_then_pulled_down_is_not_let_at_the_end(kept: Kept) -> None:
    tables = kept.tables | {"events": pl.LazyFrame(
        [{"world": 0, "home": "H1", "on": d(8, 3), "event": "demolished"}])}
    found = trace_home(Kept(kept.folder, SCENARIO, kept.parameters, tables), "H1")
    assert (lines(found)[-1], found.end) == ("03 Aug The home is pulled down", "Pulled down")


def test_a_household_is_told_to_move_out_of_a_home_that_is_pulled_down(kept: Kept) -> None:
    tables = kept.tables | {
        "households": pl.LazyFrame([household("P0000-000002", status="housed", left_on=d(7, 1),
                                              tenant=True, decanted=True, downsizer=True)]),
        "lettings": pl.LazyFrame([LETTING | {"let_on": d(7, 1), "left_home": "H5",
                                             "leaked": "decant"}])}
    found = trace_application(Kept(kept.folder, SCENARIO, kept.parameters, tables), "P0000-000002")
    assert "08 Jun Told to move out: H5 is to be pulled down" in lines(found)
    assert found.facts["must move out because"] == "its home is to be pulled down"
    assert found.facts["asked for"] == "a smaller home"


@pytest.mark.parametrize(
    ("changes", "end"),
    [({"transfer": False, "left_home": None},
      "The chain ends: who was housed last held no home here"),
     ({"leaked": "fission"}, "The chain ends: part of the household stays")],
)
def test_why_a_chain_ends(kept: Kept, changes: dict, end: str) -> None:
    tables = dict(kept.tables)
    tables["voids"] = tables["voids"].filter(home="H1")
    tables["lettings"] = pl.LazyFrame([LETTING | changes], schema_overrides={"leaked": pl.String})
    assert trace_chain(Kept(kept.folder, SCENARIO, kept.parameters, tables), "H1/1").end == end


def test_who_leaves_a_home_in_another_district_is_said_to(kept: Kept) -> None:
    letting = LETTING | {"left_home": None, "leaked": "elsewhere"}
    tables = kept.tables | {"lettings": pl.LazyFrame([letting])}
    found = trace_application(Kept(kept.folder, SCENARIO, kept.parameters, tables), "P0000-000002")
    assert ("01 Jun P0000-000002 leaves a home in another district; none comes back here"
            in lines(found))


def test_what_is_not_there_is_said_with_what_would_be(kept: Kept) -> None:
    with pytest.raises(RunError, match="there is no such application in world 0; given P9"):
        trace_application(kept, "P9")
    with pytest.raises(RunError, match="nothing happened to a home of that id in world 1; given H1"):
        trace_home(kept, "H1", 1)
    with pytest.raises(RunError, match="there is no such chain in world 0; given H2/1"):
        trace_chain(kept, "H2/1")
    with pytest.raises(RunError, match="no such world; given 2; allowed: 0 to 1"):
        trace_chain(kept, "H1/1", 2)


def test_a_household_is_found_by_the_id_it_has_in_the_councils_register(kept: Kept) -> None:
    found = trace_application(kept, "40117")
    assert found == trace_application(kept, "P0000-000001")
    assert (found.id, found.facts["in the register at the start"]) == ("P0000-000001", "40117")
    assert "in the register at the start" not in trace_application(kept, "P0000-000002").facts

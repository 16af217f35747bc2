"""Temporary accommodation: duties, kinds, least terms, hand-back, ways out, and homes converted to it."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from cbl_engine.simulate.duties import STAGES
from cbl_engine.simulate.setup import DUTIES, EXITS, PLACEMENTS
from tests.simulate.policy_world import START, run, scheme_text, setup_of

NO_EXITS = {stage: dict.fromkeys(EXITS, 0.0) for stage in STAGES}
DAYS = {"prevention": {0: 30, 100: 30}, "interim": {0: 10, 100: 10}, "relief": {0: 56, 100: 56}}


def all_of(kind: str) -> dict[str, float]:
    return {name: float(name == kind) for name in PLACEMENTS}


def placements(weeks: int = 30, **changes) -> pl.DataFrame:
    return run(setup_of(scheme_text(), weeks=weeks, tenancies__end_per_year=0.05,
                        accommodation__placed=1.0, households__lapse_per_year=0.0,
                        households__on_other_registers=0.0, **changes))[1]["placements"]


def test_a_duty_that_is_over_leads_to_the_next_and_to_another_placement() -> None:
    rows = placements(
        accommodation__exits_per_year=NO_EXITS, accommodation__entry={"interim": 1.0, "relief": 0.0},
        accommodation__next_duty_owed=dict.fromkeys(DAYS, 1.0), accommodation__duty_days=DAYS,
        accommodation__kinds={"interim": all_of("bed_and_breakfast"),
                              "relief": all_of("nightly_paid"), "main": all_of("leased")})
    first = rows.filter("entered", pl.col("duty") == "interim")
    assert first.height > 3
    assert set(first["kind"]) == {"bed_and_breakfast"}
    moved = first.filter(pl.col("left_by") == "moved", pl.col("since") > START)
    days = (moved["until"] - moved["since"]).dt.total_days()
    assert set(days) == {66}
    then = rows.filter(~pl.col("entered"))
    assert then.height == rows.filter(pl.col("left_by") == "moved").height > moved.height > 0
    assert set(then["duty"]) == {"main"}
    assert set(then["kind"]) == {"leased"}
    assert set(rows.filter("entered", pl.col("duty") == "main")["kind"]) == {"leased"}


def test_who_is_not_owed_the_next_duty_leaves_by_decision() -> None:
    rows = placements(
        accommodation__exits_per_year=NO_EXITS,
        accommodation__next_duty_owed=dict.fromkeys(DAYS, 0.0), accommodation__duty_days=DAYS)
    left = rows.filter(pl.col("left_by") == "decision", pl.col("since") > START)
    assert set(left["duty"]) == {"interim", "relief"}
    days = left.with_columns(days=(pl.col("until") - pl.col("since")).dt.total_days())
    assert set(days.filter(pl.col("duty") == "interim")["days"]) == {10}
    assert set(days.filter(pl.col("duty") == "relief")["days"]) == {56}


def test_ways_out_come_at_their_rates() -> None:
    ways = {**NO_EXITS, "main": {"relieved": 0.0, "private_rented": 3.0, "own_arrangements": 1.0,
                                 "decision": 0.0}}
    rows = placements(weeks=52, accommodation__exits_per_year=ways)
    main = rows.filter("entered", pl.col("duty") == "main", pl.col("since") == START)
    counts = dict(main.drop_nulls("left_by")["left_by"].value_counts().iter_rows())
    assert counts["private_rented"] > counts["own_arrangements"] > 0
    assert "decision" not in counts
    share = sum(counts[way] for way in ("private_rented", "own_arrangements")) / main.height
    assert 0.85 < share <= 1  # 98 in 100 of those whom no letting comes before


def test_a_place_is_paid_for_to_its_least_term_and_until_it_is_handed_back() -> None:
    usual = {"accommodation__kinds": dict.fromkeys(DUTIES, all_of("leased")),
             "accommodation__hand_back_days": {key: {0: 9, 100: 9} for key in PLACEMENTS},
             "accommodation__least_nights": dict.fromkeys(PLACEMENTS, 60)}
    rows = placements(**usual, accommodation__backfilled=0.0).drop_nulls("until")
    assert rows.height > 5
    least = pl.col("since") + pl.duration(days=60)
    lag = pl.col("until") + pl.duration(days=9)
    assert rows.filter(pl.col("paid_until") != pl.max_horizontal(least, lag)).is_empty()
    taken = placements(**usual, accommodation__backfilled=1.0).drop_nulls("until")
    assert taken.filter(pl.col("paid_until") != pl.max_horizontal(least, pl.col("until"))).is_empty()


def test_cost_goes_by_kind_and_size_in_whole_pence() -> None:
    rows = placements(accommodation__nightly=dict.fromkeys(PLACEMENTS, 40.05),
                      accommodation__subsidy=dict.fromkeys(PLACEMENTS, 10.0),
                      accommodation__size_times={"1": 0.5, "2": 1.0, "3": 2.0, "4": 3.0})
    pence = {1: 2002, 2: 4005, 3: 8010, 4: 12015}
    for size, gross in pence.items():
        mine = rows.filter(pl.col("bedrooms") == size) if size < 4 else rows.filter(
            pl.col("bedrooms") >= 4)
        assert set(mine["gross_nightly_pence"]) <= {gross}
    assert rows["gross_pence"].dtype == rows["net_pence"].dtype == pl.Int64
    assert (rows["bedrooms"] == 1).any()


def test_placements_out_of_the_area_are_of_the_kinds_that_are() -> None:
    away = {**dict.fromkeys(PLACEMENTS, 0.0), "nightly_paid": 1.0}
    rows = placements(accommodation__out_of_area=away)
    assert rows.filter(pl.col("out_of_area") != (pl.col("kind") == "nightly_paid")).is_empty()
    assert rows["out_of_area"].any()


def test_a_converted_home_takes_in_the_dearest_placed_and_comes_back_when_they_left() -> None:
    setup = setup_of(scheme_text(), weeks=40, tenancies__end_per_year=1.0, stock__to_accommodation=0.5,
                     accommodation__placed=1.0, stock__accommodation_days={0: 14, 100: 42},
                     accommodation__exits_per_year=NO_EXITS | {"main": {
                         "relieved": 2.0, "private_rented": 0.0, "own_arrangements": 0.0,
                         "decision": 0.0}})
    _, frames = run(setup)
    inside = frames["placements"].drop_nulls("home")
    assert inside.height > 5
    assert set(inside["kind"]) == {"own_stock"}
    back = frames["events"].filter(pl.col("event") == "from_temporary_accommodation")
    went = frames["events"].filter(pl.col("event") == "to_temporary_accommodation")
    stayed = back.join(went, on=["world", "home"], suffix="_to").filter(
        pl.col("on_to") < pl.col("on")).with_columns(
            days=(pl.col("on") - pl.col("on_to")).dt.total_days())
    late = stayed.filter(pl.col("days") > 49)
    assert late.height > 0  # longer than the longest time, for whoever lived there
    until = inside.drop_nulls("until").select("world", "home", on="until")
    often = went.filter(went.select("world", "home").is_duplicated())
    once = late.join(often, on=["world", "home"], how="anti")
    assert once.height > 0
    assert once.join(until, on=["world", "home", "on"], how="anti").is_empty()
    last = START + timedelta(weeks=40)
    assert back["on"].max() < last

"""What happens to homes beside voids and lettings, and how households leave their placements."""

from __future__ import annotations

import polars as pl

from cbl_engine.simulate.state import ACCOMMODATION, GONE
from tests.simulate.policy_world import run, scheme_text, setup_of


def test_every_sale_demolition_exchange_and_succession_is_a_row():
    setup = setup_of(scheme_text(), weeks=20, stock__right_to_buy_per_year=0.2,
                     stock__demolished_per_year=0.1, stock__exchanges_per_year=0.2,
                     stock__long_term_void=0.0)
    state, frames = run(setup)
    counts = dict(frames["events"]["event"].value_counts().iter_rows())
    assert min(counts[e] for e in ("right_to_buy", "demolished", "exchange", "succession")) > 0
    leaks = frames["lettings"]["leaked"].is_in(["disposal", "decant"]).sum()
    assert (state.home_status == GONE).sum() == counts["right_to_buy"] + counts["demolished"] + leaks
    assert frames["events"]["on"].null_count() == 0


def test_a_home_is_temporary_accommodation_for_its_time_and_comes_back():
    setup = setup_of(scheme_text(), weeks=30, tenancies__end_per_year=1.0, stock__to_accommodation=0.5,
                     stock__accommodation_days={0: 28, 100: 56})
    state, frames = run(setup)
    events = frames["events"].filter(pl.col("event").str.contains("temporary"))
    there = events.filter(pl.col("event") == "to_temporary_accommodation")
    back = events.filter(pl.col("event") == "from_temporary_accommodation")
    assert back.height > 5
    assert there.height - back.height == (state.home_status == ACCOMMODATION).sum()
    converted = frames["voids"].filter(pl.col("outcome") == "temporary_accommodation")
    assert converted.height == there.height
    returned = frames["voids"].filter(pl.col("cause") == "returned")
    assert returned.height == back.height
    assert set(returned["outcome"]) <= {"let", "open", "long_term"}


def test_how_each_household_left_its_placement_is_told():
    setup = setup_of(scheme_text(), weeks=30, tenancies__end_per_year=1.0,
                     accommodation__leaves_per_year=2.0, accommodation__backfilled=1.0)
    _, frames = run(setup)
    rows = frames["placements"]
    ended = rows.filter(pl.col("until").is_not_null())
    assert {"housed", "other"} <= set(ended["left_by"])
    assert rows.filter(pl.col("until").is_null())["left_by"].null_count() == (
        rows.height - ended.height)
    assert ended["left_by"].null_count() == 0
    assert ended.filter(pl.col("left_by") == "housed")["housed"].all()
    assert ended["backfilled"].drop_nulls().all()

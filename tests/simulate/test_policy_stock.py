"""What happens to homes beside voids and lettings, and how households leave their placements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.simulate.kpi import Told
from cbl_engine.simulate.scenario import NewHomes
from cbl_engine.simulate.setup import ROUTES, Decants
from cbl_engine.simulate.state import ACCOMMODATION, DECANTED, GONE, LET, LONG_EMPTY, NEVER
from cbl_engine.simulate.summary import BY_NAME, values
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import day_number
from tests.simulate import small
from tests.simulate.policy_world import START, run, scheme_text, setup_of


def test_every_sale_demolition_exchange_and_succession_is_a_row():
    setup = setup_of(scheme_text(), weeks=20, stock__right_to_buy_per_year=0.2,
                     stock__demolished_per_year=0.1, stock__disposed_per_year=0.1,
                     stock__exchanges_per_year=0.2)
    state, frames = run(setup)
    counts = dict(frames["events"]["event"].value_counts().iter_rows())
    gone = [counts[event] for event in ("right_to_buy", "demolished", "disposed")]
    assert min(*gone, counts["exchange"], counts["succession"]) > 0
    assert (state.home_status == GONE).sum() == sum(gone)
    assert frames["events"]["on"].null_count() == 0


def test_a_tenant_whose_home_is_pulled_down_is_let_another_before_all_others():
    setup = replace(setup_of(scheme_text(), weeks=20, stock__demolished_per_year=0.0,
                             stock__decants_per_year=0.0),
                    decants=(Decants(day_number(START) + 30, 8, for_good=True),))
    state, frames = run(setup)
    decanted = frames["households"].filter("decanted")
    assert decanted.height == 16
    told = frames["events"].filter(pl.col("event") == "to_be_demolished")
    assert told["on"].min() >= START + timedelta(days=28)
    lettings = frames["lettings"].join(decanted.select("world", "application"),
                                       on=["world", "application"])
    assert lettings.height > 8
    assert (lettings["route"] == "direct").mean() > 0.7  # some bid for a home they like better
    assert set(lettings["leaked"]) == {"decant"}
    waited = (lettings["accepted_on"] - lettings["registered_on"]).dt.total_days()
    assert waited.filter(lettings["registered_on"] > START).median() < 42
    still = told.height - lettings.height
    assert (state.home_status[state.home_ends == NEVER] == LET).sum() == still
    assert setup.lives.tenant[decanted["life"].to_numpy()].all()


def test_a_home_that_a_tenant_who_must_move_refused_is_advertised():
    refuses = {"no_contact": 0.0, "withdrew": 0.0, "failed_verification": 0.0, "landlord_rejected": 0.0,
               "no_show": 0.0, "refused_at_viewing": 1.0, "refused_late": 0.0, "accepted": 0.0}
    setup = replace(setup_of(scheme_text(), weeks=20, stock__demolished_per_year=0.0,
                             nominations__direct=refuses),
                    decants=(Decants(day_number(START) + 30, 8, for_good=True),))
    _, frames = run(setup)
    direct = frames["nominations"].filter(pl.col("route") == "direct")
    assert direct.height > 10
    assert set(direct["outcome"].drop_nulls()) == {"refused_at_viewing"}
    key = ["world", "home", "vacancy"]
    assert not direct.select(key).is_duplicated().any()
    long_ago = direct.filter(pl.col("settled_on") < START + timedelta(weeks=17))
    assert long_ago.join(frames["adverts"], on=key, how="anti").is_empty()
    assert frames["consequences"].is_empty()


def test_a_tenant_moves_out_for_works_and_back_and_the_home_it_lived_in_comes_empty():
    setup = replace(setup_of(scheme_text(), weeks=40, stock__decants_per_year=0.0,
                             stock__decant_days={0: 30, 100: 60}),
                    decants=(Decants(day_number(START) + 30, 6, for_good=False),))
    state, frames = run(setup)
    out, back = (frames["events"].filter(pl.col("event") == event)
                 for event in ("decanted", "returned_from_decant"))
    assert 0 < back.height == out.height <= 12
    days = out.join(back, on=["world", "home"], suffix="_back").select(
        (pl.col("on_back") - pl.col("on")).dt.total_days()).to_series()
    assert days.is_between(30, 60).all()
    used = frames["voids"].filter(pl.col("outcome") == "decant")
    assert used.height == out.height
    assert frames["lettings"].join(used, on=["world", "home", "vacancy"]).is_empty()
    again = used.select("world", "home", pl.col("vacancy") + 1).join(
        frames["voids"], on=["world", "home", "vacancy"])
    assert again.height == back.height
    assert set(again["cause"]) == {"returned"}
    sizes = setup.stock.select(pl.col("id").alias("home"), "bedrooms")
    assert not (state.home_status == DECANTED).any()
    assert sizes["bedrooms"].min() <= used["bedrooms"].min()


def test_homes_taken_out_of_letting_for_long_come_back():
    setup = setup_of(scheme_text(), weeks=30, stock__long_term_void=0.3,
                     stock__long_term_days={0: 28, 100: 56})
    state, frames = run(setup)
    gone = frames["voids"].filter(pl.col("outcome") == "long_term")
    back = frames["events"].filter(pl.col("event") == "from_long_term_void")
    assert 5 < back.height < gone.height
    assert gone.height - back.height == (state.home_status == LONG_EMPTY).sum()


def test_supported_homes_are_let_by_referral():
    setup = setup_of(scheme_text(), weeks=12, stock__supported_by_referral=1.0)
    marked = setup.stock.with_columns(needs_group=pl.when(pl.int_range(pl.len()) % 3 == 0).then(
        pl.lit("supported")).otherwise("needs_group"))
    setup = replace(setup, stock=marked)
    _, frames = run(setup)
    over = frames["voids"].join(marked.select(pl.col("id").alias("home"), "needs_group"), on="home")
    referred = over.filter(pl.col("outcome") == "referral")
    assert referred.height > 10
    told = Told(frames, [0, 1], START, START + timedelta(weeks=12), setup.parameters,
                START)
    found = dict(values(BY_NAME["let_outside"], told).filter(world=0).select(
        "group", "value").iter_rows())
    let = referred.filter(pl.col("let_on") < told.end, world=0)
    assert found["referral"] == pytest.approx(let.height / told.years)
    assert set(referred["needs_group"]) == {"supported"}
    assert over.filter(pl.col("needs_group") == "supported", pl.col("adverts") > 0).is_empty()


def test_a_provider_keeps_the_share_of_its_voids_that_its_agreement_leaves_it():
    setup = setup_of(scheme_text(), weeks=20, stock__long_term_void=0.0, stock__provider_keeps={
        "true_voids": 1.0, "other_voids": 0.0, "first_lets": 0.0})
    _, frames = run(setup)
    of = frames["voids"].filter(pl.col("outcome") != "open")
    kept = of.filter(pl.col("outcome") == "landlord")
    assert kept.height > 10
    assert set(kept["landlord_kind"]) == {"provider"}
    assert "moved" not in set(kept["cause"])
    let = of.filter(pl.col("outcome") == "let", pl.col("landlord_kind") == "provider")
    assert set(let["cause"]) == {"moved"}


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
    moved = frames["lettings"].filter(pl.col("leaked") == "temporary_accommodation")
    assert converted.height + moved.height == there.height
    returned = frames["voids"].filter(pl.col("cause") == "returned")
    assert returned.height == back.height
    assert set(returned["outcome"]) <= {"let", "open", "long_term"}


def test_lists_of_tenants_who_must_move_are_not_outranked():
    """They have no bids: a scheme that ranks on the day of the offer leaves them as they are."""
    setup = small.setup_of("tonbridge_malling", weeks=20, households=150, homes=300, **{
        "stock.demolished_per_year": {"rate": 0.3}, "stock.decants_per_year": {"rate": 0.2}})
    state, _ = run_batch(setup, np.arange(2))
    assert (state.nominations["route"] == ROUTES.index("direct")).sum() > 5


def test_homes_of_a_day_come_on_the_first_day_of_its_week_as_the_scenario_file_says():
    found = small.tables(small.setup_of("sheffield", weeks=4, scenario={
        "new_homes": [{"on": small.START + timedelta(days=12), "homes": 3, "bedrooms": 2}]}), [0])
    voids = found["voids"].filter(pl.col("cause") == "new_home")
    assert voids["tenancy_ended_on"].to_list() == [small.START + timedelta(days=7)] * 3
    assert "first day of the simulated week" in NewHomes.model_fields["on"].description

"""Every figure of the summary against tables small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from cbl_engine.simulate import kpis_accommodation, kpis_downsizing, kpis_homes, kpis_people
from cbl_engine.simulate.kpi import ALL, Kpi, Told
from cbl_engine.simulate.parameters import Parameter, Parameters
from cbl_engine.simulate.setup import ENDINGS
from cbl_engine.simulate.summary import BY_NAME, KPIS, nothing, over_worlds, values

START = date(2026, 1, 5)


def told(
    days: int = 1461, worlds: int = 1, parameters: dict | None = None, warm_up: int = 0, **frames
) -> Told:
    """Tables from rows; a horizon of four years, after weeks of a warm-up where it is said."""
    tables = {name: pl.DataFrame(rows) if isinstance(rows, list) else rows
              for name, rows in frames.items()}
    for name, table in tables.items():
        if "world" not in table.columns:
            tables[name] = table.with_columns(pl.lit(0, pl.Int32).alias("world"))
    found = {name: Parameter(**value, assumed="test") for name, value in (parameters or {}).items()}
    return Told(tables, list(range(worlds)), START, START + timedelta(days=days),
                Parameters(found), START - timedelta(weeks=warm_up))


def of(kpi: str, given: Told) -> dict[str, float]:
    """Values of the first world by group."""
    return dict(values(BY_NAME[kpi], given).filter(world=0).select("group", "value").iter_rows())


def day(n: int) -> date:
    return START + timedelta(days=n)


def letting(**changes) -> dict:
    row = {"home": "H1", "vacancy": 1, "application": "P0000-000000", "let_on": day(100),
           "bedrooms": 2, "bedroom_need": 2, "band": "A", "registered_on": day(-265),
           "priority_date": day(0), "transfer": False, "homeless": False, "left_bedrooms": None, "leaked": None,
           "adapted": False, "needs_adapted": False, "chain": "H1/1", "link": 1}
    return row | changes


LETTINGS_SCHEMA = {"left_bedrooms": pl.Int8, "leaked": pl.String, "band": pl.String,
                   "bedroom_need": pl.Int8, "bedrooms": pl.Int8, "priority_date": pl.Date}


def lettings(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=LETTINGS_SCHEMA)


def void(**changes) -> dict:
    row = {"home": "H1", "vacancy": 1, "cause": "left", "bedrooms": 2, "chain": "H1/1", "link": 1,
           "notice_given_on": day(-28), "tenancy_ended_on": day(0), "keys_in_on": day(2),
           "inspected_on": day(5), "works": "standard", "works_began_on": day(9),
           "ready_on": day(20), "closed_on": day(30), "accepted_on": day(41), "let_on": day(49),
           "adverts": 1, "outcome": "let", "rent_weekly": 70.0}
    return row | changes


def test_lettings_are_counted_for_each_year_and_those_to_come_are_not() -> None:
    given = told(lettings=lettings(
        letting(), letting(bedrooms=1, band="B"), letting(bedrooms=0, band=None),
        letting(let_on=day(1460)), letting(let_on=day(1461))))
    assert of("lettings", given) == {
        ALL: 1.0, "1 bedroom": 0.25, "2 bedrooms": 0.5, "bedsit": 0.25,
        "band A": 0.5, "band B": 0.25, "no band": 0.25}


def test_a_count_of_a_world_without_any_is_nothing_and_not_left_out() -> None:
    given = told(worlds=2, lettings=lettings(letting(), letting()))
    found = over_worlds(BY_NAME["lettings"], given).row(0, named=True)
    assert (found["group"], found["mean"], found["worlds"]) == (ALL, 0.25, 2)


def test_the_interval_is_students_over_worlds() -> None:
    kpi = Kpi("x", "x", "days", lambda given: given["x"])
    given = told(worlds=3, x=pl.DataFrame(
        {"world": [0, 1, 2], "group": [ALL] * 3, "value": [9.0, 10.0, 11.0]}))
    row = over_worlds(kpi, given).row(0, named=True)
    # s = 1, n = 3, t(0.975, 2) = 4.302653
    assert row == {"kpi": "x", "group": ALL, "unit": "days", "mean": 10.0, "worlds": 3,
                   "low": pytest.approx(10 - 4.302653 / 3**0.5, abs=1e-5),
                   "high": pytest.approx(10 + 4.302653 / 3**0.5, abs=1e-5)}


def test_groups_that_a_figure_does_not_name_come_last_by_name_and_none_is_added() -> None:
    groups = [f"g{n:02d}" for n in range(40)]
    kpi = Kpi("x", "x", "days", lambda given: given["x"], 0.0, ("named",))
    given = told(x=pl.DataFrame(
        {"world": [0] * 41, "group": [*reversed(groups), "named"], "value": [1.0] * 41}))
    assert over_worlds(kpi, given)["group"].to_list() == ["named", *groups]


def test_every_end_of_a_nomination_has_its_place_among_the_nominees() -> None:
    for name, of_each in (("nominees_per_letting", 1), ("nominees_by_landlord", 2)):
        order = BY_NAME[name].order
        assert order is not None
        for outcome in ENDINGS:
            word = outcome.replace("_", " ")
            assert sum(group.split(", ")[-1] == word for group in order) == of_each


def test_the_interval_of_a_share_ends_at_the_whole() -> None:
    given = told(worlds=3, x=pl.DataFrame(
        {"world": [0, 1, 2], "group": [ALL] * 3, "value": [0.8, 1.0, 1.0]}))
    for unit, high in (("share of lettings", 1.0), ("days", pytest.approx(1.22, abs=0.01))):
        kpi = Kpi("x", "x", unit, lambda given: given["x"])
        assert over_worlds(kpi, given).row(0, named=True)["high"] == high


def test_an_interval_ends_at_nothing_where_nothing_is_below_it_and_one_world_has_none() -> None:
    kpi = Kpi("x", "x", "days", lambda given: given["x"])
    two = told(worlds=2, x=pl.DataFrame({"world": [0, 1], "group": [ALL] * 2, "value": [0.0, 1.0]}))
    assert over_worlds(kpi, two)["low"].to_list() == [0.0]
    one = told(x=pl.DataFrame({"world": [0], "group": [ALL], "value": [1.0]}))
    assert over_worlds(kpi, one).select("mean", "low", "high").row(0) == (1.0, None, None)


def test_a_median_that_one_world_does_not_reach_is_not_said() -> None:
    kpi = Kpi("x", "x", "days", lambda given: given["x"])
    given = told(worlds=2, x=pl.DataFrame(
        {"world": [0, 1], "group": [ALL] * 2, "value": [9.0, float("inf")]}))
    assert over_worlds(kpi, given).select("mean", "low", "high", "worlds").row(0) == (
        None, None, None, 2)


def test_the_days_of_a_void_go_to_its_stages() -> None:
    given = told(voids=[void(), void(cause="new_home"), void(outcome="open", let_on=None)])
    assert of("void_stage_days", given) == {
        "notice": 28, "keys": 1, "inspection": 3, "waiting for a team": 4, "works": 11,
        "adverts": 10, "nominations": 11, "sign-up": 8}


@pytest.mark.parametrize("changes", [
    {}, {"keys_in_on": day(0)}, {"keys_in_on": day(0), "inspected_on": day(0)},
    {"closed_on": day(15), "accepted_on": day(18), "let_on": day(28)},
    {"keys_in_on": day(0), "inspected_on": day(0), "works_began_on": day(0), "ready_on": day(0),
     "closed_on": day(0), "accepted_on": day(0), "let_on": day(1)},
])
def test_the_stages_add_up_to_the_days_empty_from_one_tenancy_to_the_next(changes: dict) -> None:
    given = told(voids=[void(**changes)])
    stages = of("void_stage_days", given)
    assert sum(stages.values()) - stages["notice"] == of("void_days", given)["tenancy, mean"]


def test_a_stage_that_ran_beside_another_is_not_counted_twice() -> None:
    early = void(closed_on=day(15), accepted_on=day(18), let_on=day(28))
    days = of("void_stage_days", told(voids=[early]))
    assert (days["works"], days["adverts"], days["nominations"], days["sign-up"]) == (11, 0, 0, 8)
    assert sum(days.values()) - days["notice"] == 27


def test_void_measures_leave_out_what_is_taken_out_of_letting() -> None:
    given = told(voids=[void(), void(outcome="long_term", let_on=None, works="major"),
                        void(cause="new_home", ready_on=day(0), works="none", let_on=day(10))])
    found = of("void_days", given)
    assert found["tenancy, mean"] == 48
    assert found["key to key, median"] == 47
    assert found["core, mean"] == (48 + 10) / 2


def test_rent_is_lost_from_the_day_after_a_tenancy_to_the_day_before_the_next() -> None:
    given = told(voids=[
        void(), void(works="major", outcome="long_term", ready_on=day(11), let_on=None),
        void(works="none", tenancy_ended_on=day(1450), outcome="open", let_on=None),
        void(works="none", tenancy_ended_on=day(-20), let_on=day(7))])
    # 48, 10, 10 (to the end) and 7 (from the start) days at 10 pounds, over four years
    assert of("rent_lost", given) == {ALL: 187.5, "works: standard": 120.0, "works: major": 25.0,
                                      "works: none": 42.5}


def test_a_bought_home_that_is_not_ready_by_the_end_has_lost_no_rent() -> None:
    bought = void(cause="acquired", tenancy_ended_on=day(100), outcome="open", let_on=None,
                  ready_on=None, works_began_on=None, inspected_on=None, keys_in_on=None)
    assert of("rent_lost", told(voids=[bought]))[ALL] == 0


def test_nominees_for_each_letting_by_what_became_of_them() -> None:
    outcomes = ["accepted", "accepted", "no_show", "refused_late", "no_show", None]
    found = of("nominees_per_letting", told(nominations=[nomination(o) for o in outcomes]))
    assert found == {ALL: 2.5, "accepted": 1.0, "no show": 1.0, "refused late": 0.5}


def nomination(outcome: str | None, **changes) -> dict:
    settled = None if outcome is None else day(100)
    return {"world": 0, "outcome": outcome, "settled_on": settled, "landlord_kind": "council"} | changes


def test_a_nomination_settled_after_the_end_is_not_settled_at_the_end() -> None:
    given = told(nominations=[nomination("accepted"), nomination("no_show"), *(
        nomination(outcome, settled_on=day(1461)) for outcome in ("accepted", "no_show", "no_show"))])
    assert of("nominees_per_letting", given) == {ALL: 2.0, "accepted": 1.0, "no show": 1.0}
    assert of("nominees_by_landlord", given) == {
        "council": 2.0, "council, accepted": 1.0, "council, no show": 1.0}


def by_world(kpi: str, given: Told) -> dict[str, dict[int, float]]:
    rows = values(BY_NAME[kpi], given)
    return {group: dict(rows.filter(group=group).select("world", "value").iter_rows())
            for group in rows["group"].unique()}


def test_a_world_without_a_letting_has_no_nominees_for_each() -> None:
    provider = {"landlord_kind": "provider"}
    given = told(worlds=3, nominations=[
        nomination("accepted"), nomination("no_show", world=1), nomination("accepted", world=1, **provider)])
    assert by_world("nominees_per_letting", given) == {
        ALL: {0: 1.0, 1: 2.0}, "accepted": {0: 1.0, 1: 1.0}, "no show": {0: 0.0, 1: 1.0}}
    assert by_world("nominees_by_landlord", given) == {
        "council": {0: 1.0}, "council, accepted": {0: 1.0}, "council, no show": {0: 0.0},
        "provider": {1: 1.0}, "provider, accepted": {1: 1.0}}
    assert nothing(BY_NAME["nominees_by_landlord"], given, ["provider, no show"]).rows() == [
        (1, "provider, no show", 0.0)]
    assert over_worlds(BY_NAME["nominees_per_letting"], given)["worlds"].to_list() == [2, 2, 2]


def test_a_world_in_which_no_tenant_moves_has_no_share_of_moves() -> None:
    move = {"transfer": True, "left_bedrooms": 2}
    given = told(worlds=3, lettings=lettings(
        letting(world=0, **move, leaked="fission"), letting(world=1, **move), letting(world=2)))
    assert by_world("chain_leaks", given) == {ALL: {0: 1.0, 1: 0.0}, "fission": {0: 1.0, 1: 0.0}}


def test_a_world_that_lets_to_tenants_alone_has_no_chain_without_leakage() -> None:
    given = told(worlds=3, lettings=lettings(
        letting(world=0, transfer=True), letting(world=1), letting(world=2, link=2)))
    assert by_world("chain_length", given) == {
        "with leakage": {0: 1.0, 1: 1.0}, "without leakage": {1: 1.0, 2: 1.0}}
    assert over_worlds(BY_NAME["chain_length"], given)["mean"].to_list() == [1.0, 1.0]


def advert(number: int = 1, **changes) -> dict:
    return {"home": "H1", "vacancy": 1, "number": number, "bedrooms": 2, "bids": 4} | changes


def test_an_advert_after_which_the_home_was_let_otherwise_let_nothing() -> None:
    homes = {"H1": "let", "H2": "let", "H3": "landlord", "H4": "redesignated", "H5": "open"}
    given = told(
        voids=[void(home=home, adverts=1, outcome=outcome) for home, outcome in homes.items()],
        lettings=lettings(letting(route="own"), letting(home="H2", route="direct")),
        adverts=[advert(home=home) for home in (*homes, "H6")])
    assert of("adverts_unlet", given)[ALL] == pytest.approx(4 / 5)  # H6: over before the figures begin


def test_bids_and_adverts_that_let_nothing() -> None:
    voids = [void(adverts=2), void(home="H2", adverts=1, outcome="open", let_on=None)]
    adverts = [
        {"home": "H1", "vacancy": 1, "number": 1, "bedrooms": 2, "bids": 4},
        {"home": "H1", "vacancy": 1, "number": 2, "bedrooms": 2, "bids": 8},
        {"home": "H2", "vacancy": 1, "number": 1, "bedrooms": 1, "bids": 30}]
    given = told(voids=voids, adverts=adverts, lettings=lettings(letting(route="own")))
    assert of("bids_per_advert", given) == {ALL: 14.0, "2 bedrooms": 6.0, "1 bedroom": 30.0}
    assert of("adverts_unlet", given) == {ALL: 0.5, "2 bedrooms": 0.5}


def test_chains_with_and_without_leakage() -> None:
    moves = {"transfer": True, "left_bedrooms": 2}
    given = told(lettings=lettings(
        letting(**moves), letting(link=2), letting(**moves, leaked="fission"), letting()))
    assert of("chain_length", given) == {"with leakage": pytest.approx(4 / 3),
                                         "without leakage": 2.0}
    assert of("chain_leaks", given) == {ALL: 0.5, "fission": 0.5}


def test_how_long_chains_are_that_are_over() -> None:
    given = told(voids=[
        void(), void(chain="H2/1"), void(chain="H2/1", link=2),
        void(chain="H3/1"), void(chain="H3/1", outcome="open"), void(chain="H4/1", outcome="lost")])
    assert kpis_homes.chain_lengths(given).rows() == [(1, 0.5), (2, 0.5)]


def test_adapted_homes_let_to_those_who_need_them() -> None:
    given = told(lettings=lettings(
        letting(adapted=True, needs_adapted=True), letting(adapted=True), letting()))
    assert of("adapted_to_need", given) == {ALL: 0.5}
    assert of("adapted_to_need", told(lettings=lettings(letting()))) == {}


def test_waits_of_those_housed_from_both_dates() -> None:
    year = timedelta(days=365.25)
    given = told(days=4000, lettings=lettings(
        letting(registered_on=day(0), let_on=day(0) + 4 * year, priority_date=None),
        letting(registered_on=day(0), let_on=day(0) + 8 * year, band="B", priority_date=day(0))))
    assert of("wait_from_registered", given) == {
        ALL: 72.0, "2 bedrooms": 72.0, "band A": 48.0, "band B": 96.0}
    assert of("wait_from_priority", given) == {ALL: 96.0, "2 bedrooms": 96.0, "band B": 96.0}


def household(number: int, **changes) -> dict:
    row = {"application": f"P0000-{number:06d}", "registered_on": day(-100), "status": "waiting",
           "left_on": None, "band": "A", "bedroom_need": 2}
    return row | changes


def test_half_are_housed_by_a_month_with_those_who_wait_counted() -> None:
    month = 365.25 / 12
    after = {n: day(round(n * month)) for n in (6, 12, 24)}
    given = told(households=[
        household(1, status="housed", left_on=after[6]),
        household(2, status="lapsed", left_on=after[12]),
        household(3, status="housed", left_on=after[24]), household(4),
        household(5, application="P0003-000001", registered_on=day(14)),
        household(6, application="P0003-000002", registered_on=day(14), band="B",
                  status="housed", left_on=day(2000))])
    # 1 - 3/4, then one of two left: 1 - 3/8 = 0.625
    assert of("wait_quarter", given)["opening"] == pytest.approx(6, abs=0.05)
    assert of("wait_median", given)["opening"] == pytest.approx(24, abs=0.05)
    joined = {"joined in year 1": float("inf"), "joined, band A": float("inf"),
              "joined, band B": float("inf")}
    assert {k: v for k, v in of("wait_median", given).items() if "joined" in k} == joined


def test_housed_within_a_year_leaves_out_those_who_came_too_late() -> None:
    given = told(days=1000, households=[
        household(1, status="housed", left_on=day(5)),
        household(2, application="P0002-000001", registered_on=day(10), status="housed",
                  left_on=day(200)),
        household(3, application="P0002-000002", registered_on=day(10), status="housed",
                  left_on=day(500)),
        household(4, application="P0002-000003", registered_on=day(10), status="lapsed",
                  left_on=day(20)),
        household(5, application="P0120-000001", registered_on=day(840), status="housed",
                  left_on=day(900))])
    assert of("housed_within_year", given) == {
        ALL: pytest.approx(1 / 3), "band A": pytest.approx(1 / 3)}


def test_moves_that_free_bedrooms_and_end_overcrowding() -> None:
    given = told(lettings=lettings(
        letting(transfer=True, left_bedrooms=4, bedrooms=2, bedroom_need=2),
        letting(transfer=True, left_bedrooms=3, bedrooms=2, bedroom_need=2, leaked="fission"),
        letting(transfer=True, left_bedrooms=1, bedrooms=3, bedroom_need=3), letting()))
    assert of("spare_relieved", given) == {ALL: 0.5}
    assert of("bedrooms_freed", given) == {ALL: 0.5}
    assert of("overcrowding_relieved", given) == {ALL: 0.25}
    assert of("transfer_share", given)[ALL] == 0.75


def test_lettings_to_homeless_households() -> None:
    given = told(lettings=lettings(
        letting(homeless=True, band="A", bedrooms=1), letting(band="A", bedrooms=2),
        letting(band="B", bedrooms=2), letting(homeless=True, band="B", bedrooms=2)))
    assert of("homeless_share", given) == {
        ALL: 0.5, "band A": 0.5, "band B": 0.5, "1 bedroom": 1.0, "2 bedrooms": pytest.approx(1 / 3)}


def test_who_left_the_register_and_who_is_still_on_it() -> None:
    rows = [household(1), household(2, status="under_offer", band="B", bedroom_need=None),
            household(3, status="housed_elsewhere", left_on=day(9))]
    given = told(households=pl.DataFrame(rows, schema_overrides={"bedroom_need": pl.Int8}))
    assert of("waiting_at_end", given) == {
        ALL: 2, "band A": 1, "band B": 1, "2 bedrooms": 1, "bedrooms not known": 1}
    assert of("left_register", given) == {ALL: 0.25, "housed elsewhere": 0.25}
    assert of("waited_so_far", given)[ALL] == pytest.approx(1561 / 365.25 * 12)


def test_who_was_let_a_home_from_a_day_after_the_end_is_on_the_register_at_the_end() -> None:
    given = told(households=[household(1, status="housed", left_on=day(1460)),
                             household(2, status="housed", left_on=day(1461))])
    assert of("left_register", given)[ALL] == 0.25
    assert of("waiting_at_end", given)[ALL] == 1
    assert of("waited_so_far", given)[ALL] == pytest.approx(1561 / 365.25 * 12)


def test_the_last_day_counts_in_the_wait_so_far() -> None:
    given = told(households=[household(1, registered_on=day(1460))])
    assert of("waited_so_far", given)[ALL] == pytest.approx(1 / 365.25 * 12)


def placement(**changes) -> dict:
    row = {"application": "P0000-000001", "kind": "leased", "duty": "main", "entered": True,
           "out_of_area": False, "since": day(0), "until": None, "left_by": None,
           "would_leave_on": None, "backfilled": None, "paid_until": None, "children": True,
           "nights": 100, "paid_nights": 100, "gross_nightly_pence": 4500,
           "net_nightly_pence": 1500, "gross_pence": 450000, "net_pence": 150000}
    return row | changes


PLACEMENTS_SCHEMA = {"until": pl.Date, "would_leave_on": pl.Date, "paid_until": pl.Date,
                     "left_by": pl.String, "backfilled": pl.Boolean}


def placements(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=PLACEMENTS_SCHEMA)


def test_temporary_accommodation_in_households_nights_and_money() -> None:
    given = told(placements=placements(
        placement(out_of_area=True), placement(until=day(100), paid_nights=104),
        placement(kind="bed_and_breakfast", nights=42, until=day(42), out_of_area=True),
        placement(kind="bed_and_breakfast", nights=43, until=day(43)),
        placement(kind="bed_and_breakfast", nights=99, until=day(99), children=False)))
    assert of("ta_households", given) == {ALL: 1, "leased": 1}
    assert of("ta_out_of_area", given) == {ALL: 1, "leased": 1}
    assert of("ta_nights", given) == {ALL: 96.0, "leased": 50.0, "bed and breakfast": 46.0}
    assert of("ta_empty_nights", given)["leased"] == 1.0
    assert of("ta_gross", given)[ALL] == 5625.0
    assert of("ta_net", given)[ALL] == 1875.0
    assert of("bnb_over_6_weeks", given) == {ALL: 0.25}


def test_who_enters_under_which_duty_and_who_leaves_by_which_way() -> None:
    new = {"application": "P0003-000001", "since": day(15)}
    given = told(placements=placements(
        placement(until=day(30), left_by="moved"), placement(entered=False, since=day(30)),
        placement(**new, duty="interim", until=day(60), left_by="moved"),
        placement(**new | {"since": day(60)}, entered=False, until=day(90), left_by="decision"),
        placement(**new, duty="relief", until=day(70), left_by="private_rented"),
        placement(**new, duty="relief", until=day(2000), left_by="housed")))
    assert of("ta_entries", given) == {ALL: 0.75, "interim": 0.25, "relief": 0.5}
    assert of("ta_exits", given) == {ALL: 0.5, "decision": 0.25, "private rented": 0.25}


def test_who_enters_on_the_first_day_after_a_warm_up_has_entered() -> None:
    for warm_up, found in ((0, 0.0), (8, 0.25)):
        given = told(placements=placements(placement()), warm_up=warm_up)
        assert of("ta_entries", given)[ALL] == found


def test_a_family_that_left_bed_and_breakfast_before_the_first_day_was_not_there_over_six_weeks() -> None:
    stay = {"kind": "bed_and_breakfast", "since": day(-60)}
    given = told(placements=placements(
        placement(**stay, until=day(-1), paid_until=day(30)), placement(**stay, until=day(0)),
        placement(**stay)))
    assert of("bnb_over_6_weeks", given)[ALL] == 0.5


def test_a_letting_saves_the_nights_to_come_where_nobody_takes_the_place() -> None:
    housed = {"left_by": "housed", "until": day(1300), "paid_until": day(1310), "backfilled": False}
    given = told(placements=placements(
        placement(**housed, would_leave_on=day(1360)),
        placement(**housed),  # would have stayed to the end: 151 nights
        placement(**housed | {"backfilled": True}),
        placement(**housed | {"left_by": "lapsed"}),
        placement(**housed, would_leave_on=day(1305))))
    assert of("ta_saving", given)[ALL] == (50 + 151) * 15 / 4


def payments(first: float, further: float) -> dict:
    return {"downsizing.payment": {"weights": {"first": first, "further": further}}}


def moved_down(left: int, into: int, **changes) -> dict:
    return letting(**{"left_bedrooms": left, "bedrooms": into, "downsizer": False,
                      "would_ask_anyway": None, **changes})


def test_payments_go_to_all_who_free_bedrooms_and_say_who_would_have_asked_anyway() -> None:
    rows = lettings(
        moved_down(4, 2, downsizer=True, would_ask_anyway=False),  # 1,000 and 500
        moved_down(3, 2, downsizer=True, would_ask_anyway=True),
        moved_down(3, 1),  # was on the register for another reason
        moved_down(2, 3), moved_down(3, 2, leaked="fission"),
        moved_down(3, 1, let_on=day(2000)), letting(downsizer=False, would_ask_anyway=None))
    given = told(lettings=rows, parameters=payments(1000, 500))
    assert of("downsizing_paid", given) == {
        ALL: 1000, "would have asked anyway": 625, "asked for the help": 375}
    assert of("downsizing_per_bedroom", given) == {ALL: 800}
    assert of("bedrooms_freed", given) == {ALL: 1.25}


def test_a_payment_is_that_of_the_day_the_new_tenancy_begins() -> None:
    rows = lettings(moved_down(3, 1, let_on=day(99)), moved_down(3, 2, let_on=day(100)))
    given = told(lettings=rows, parameters=payments(0, 0))
    assert not BY_NAME["downsizing_paid"].is_of(given)
    later = told(parameters=payments(400, 0)).parameters
    given = replace(given, later=((day(100), later),))
    assert BY_NAME["downsizing_paid"].is_of(given)
    assert of("downsizing_paid", given)[ALL] == 100
    assert of("downsizing_per_bedroom", given) == {ALL: 400}


def test_every_figure_has_a_unit_words_and_a_definition() -> None:
    assert len({kpi.name for kpi in KPIS}) == len(KPIS)
    assert all(kpi.unit and kpi.label and len(kpi.definition) > 20 for kpi in KPIS)
    assert not any("`" in kpi.definition for kpi in KPIS)
    assert {kpi.query.__module__ for kpi in KPIS} == {
        kpis_homes.__name__, kpis_people.__name__, kpis_downsizing.__name__,
        kpis_accommodation.__name__}


def test_the_page_on_simulation_lists_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs/simulate.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    assert listed == [f"| `{kpi.name}` | {kpi.label} | {kpi.unit} |" for kpi in KPIS]

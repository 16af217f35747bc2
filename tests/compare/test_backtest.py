"""A history cut at a day, fitted, predicted and held against what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module

import numpy as np
import polars as pl
import pytest

from cbl_engine.compare.backtest import backtest
from cbl_engine.compare.backtest.drawn import drawn
from cbl_engine.compare.backtest.habits import Habits, habits_of
from cbl_engine.compare.backtest.kept import write_backtest
from cbl_engine.compare.backtest.measures import MEASURES
from cbl_engine.compare.backtest.ready import fewest_worlds
from cbl_engine.compare.backtest.run import _setup_of, _usual, bounds, values_of
from cbl_engine.compare.backtest.seen import seen_in_history, seen_in_worlds
from cbl_engine.compare.backtest.told import headline, lines_of
from cbl_engine.compare.backtest.world import as_it_stands
from cbl_engine.compare.calibrate import calibrate
from cbl_engine.compare.calibrate.history import History
from cbl_engine.compare.calibrate.known import known_on
from cbl_engine.compare.calibrate.nominations import begun
from cbl_engine.compare.calibrate.run import tables_with_text_ids
from cbl_engine.errors import BadInput, RunError
from cbl_engine.report import backtest_page
from cbl_engine.simulate.lists_under_way import STANDS
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.parameters import Parameter, shipped_parameters
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables import read_tables
from tests.compare.lived_history import BEGINS, SCENARIO, START, lived, written

WEEKS, CUT, PREDICTED = 104, 91, 12
DAY = BEGINS + timedelta(weeks=CUT)
END = BEGINS + timedelta(weeks=WEEKS)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A small borough's scenario, the folder of its history, and the world that lived it."""
    folder = tmp_path_factory.mktemp("lived")
    scenario = folder / "small.yaml"
    scenario.write_text(SCENARIO.format(
        title="A small borough", households=200, homes=700, weeks=WEEKS, seed=9), encoding="utf-8")
    tables, frames = lived(scenario)
    return scenario, written(tables, folder / "history"), frames


@pytest.fixture(scope="session")
def history(small):
    return tables_with_text_ids(read_tables(small[1], needs=()).frames)


@pytest.fixture(scope="session")
def both(small):
    """The world of the day, and what was found with it."""
    running, worlds = import_module("cbl_engine.compare.backtest.run"), []
    make = running.world_then

    def world_then(*given):
        worlds.append(make(*given))
        return worlds[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "world_then", world_then)
        done = backtest(small[1], small[0], DAY, since=START, weeks=PREDICTED, replications=12)
    return worlds[0], done


@pytest.fixture(scope="session")
def then(both):
    return both[0]


@pytest.fixture(scope="session")
def found(both):
    return both[1]


# What was known on the day


def test_rows_that_begin_on_the_day_or_later_are_not_known():
    applications = pl.DataFrame({
        "id": ["A", "B"], "status": ["active", "active"],
        "registered_on": [DAY - timedelta(days=1), DAY]})
    people = pl.DataFrame({"id": ["a", "b"], "application": ["A", "B"]})
    known = known_on({"applications": applications, "people": people}, DAY)
    assert known["applications"]["id"].to_list() == ["A"]
    assert known["people"]["id"].to_list() == ["a"]


def test_a_void_let_later_is_open_and_its_later_stages_are_empty():
    voids = pl.DataFrame({
        "id": ["1", "2"], "home": ["h", "i"], "cause": ["left", "left"],
        "tenancy_ended_on": [DAY - timedelta(days=9), DAY],
        "inspected_on": [DAY, DAY + timedelta(days=1)], "works": ["major", "none"],
        "let_on": [DAY + timedelta(days=60)] * 2, "outcome": ["let", "let"]})
    known = known_on({"voids": voids}, DAY)["voids"]
    assert known["id"].to_list() == ["1"]
    assert known.select("inspected_on", "works", "let_on", "outcome").row(0) == (None,) * 4


def test_a_void_is_known_to_be_out_of_letting_once_its_home_has_come_back():
    ended = [DAY - timedelta(days=90), DAY - timedelta(days=9), DAY - timedelta(days=90), DAY]
    voids = pl.DataFrame({
        "id": ["h1", "h2", "i1", "i2"], "home": ["h", "h", "i", "i"], "cause": ["left", "returned"] * 2,
        "notice_given_on": [DAY - timedelta(days=95)] * 4, "tenancy_ended_on": ended,
        "let_on": [None, None, None, None], "outcome": ["long_term"] * 4,
    }, schema_overrides={"let_on": pl.Date})
    known = known_on({"voids": voids}, DAY)["voids"]
    assert known["outcome"].to_list() == ["long_term", None, None, None]


def test_an_application_housed_later_waits_and_one_housed_before_is_gone():
    applications = pl.DataFrame({
        "id": ["A", "B", "C"], "status": ["housed", "housed", "closed"],
        "registered_on": [DAY - timedelta(days=90)] * 3})
    outcomes = pl.DataFrame({
        "id": ["1", "2"], "application": ["A", "B"], "what": ["signed"] * 2, "advert": ["x", "y"],
        "on": [DAY, DAY - timedelta(days=1)]})
    known = known_on({"applications": applications, "outcomes": outcomes}, DAY)
    # Nobody knows when the third left: it is not taken back onto the register.
    assert known["applications"]["status"].to_list() == ["active", "housed", "closed"]


def test_an_application_closed_and_reinstated_is_closed_on_days_between_and_waits_before_and_after():
    off, on = DAY - timedelta(days=9), DAY - timedelta(days=2)
    joined = DAY - timedelta(days=90)
    frames = {
        "applications": pl.DataFrame({"id": ["A"], "status": ["active"], "registered_on": [joined]}),
        "status_history": pl.DataFrame({
            "application": ["A"] * 3, "status": ["active", "closed", "active"],
            "since": [joined, off, on], "until": [off, on, None]})}
    told = {day: known_on(frames, day)["applications"]["status"].item()
            for day in (off, off + timedelta(days=1), DAY)}
    assert list(told.values()) == ["active", "closed", "active"]


@pytest.mark.parametrize("told_by", ["tenancies", "outcomes"])
def test_nobody_lives_yet_in_the_home_that_it_is_let_later(told_by) -> None:
    """The register of today has the housed in their new homes; whom that was let before the day has it still."""
    applications = pl.DataFrame({
        "id": ["1", "2", "3"], "status": "housed", "registered_on": DAY - timedelta(days=90),
        "current_home": ["H1", "H2", "H3"]})
    days = [DAY, DAY - timedelta(days=1)]
    told = {
        "tenancies": {"tenancies": pl.DataFrame({"application": ["1", "2"], "home": ["H1", "H2"], "start": days})},
        "outcomes": {
            "outcomes": pl.DataFrame({"application": ["1", "2"], "advert": ["V1", "V2"], "what": "signed", "on": days}),
            "adverts": pl.DataFrame({"id": ["V1", "V2"], "home": ["H1", "H2"]})},
    }
    known = known_on({"applications": applications, **told[told_by]}, DAY)["applications"]
    assert known["current_home"].to_list() == [None, "H2", "H3"]


def test_a_band_awarded_later_is_the_band_held_before_or_not_known():
    applications = pl.DataFrame({
        "id": ["A", "B"], "status": ["active"] * 2, "registered_on": [DAY - timedelta(days=90)] * 2,
        "band": ["1", "2"], "band_from": [DAY + timedelta(days=3)] * 2})
    bands = pl.DataFrame({
        "application": ["A", "A"], "band": ["3", "1"],
        "since": [DAY - timedelta(days=90), DAY + timedelta(days=3)]})
    known = known_on({"applications": applications, "band_history": bands}, DAY)["applications"]
    assert known["band"].to_list() == ["3", None]


def test_an_open_advert_keeps_its_planned_close_and_a_signed_tenancy_its_start():
    at = pl.Series([DAY - timedelta(days=2)]).cast(pl.Datetime("us")).dt.replace_time_zone(
        "Europe/London")
    adverts = pl.DataFrame({"id": ["a"], "status": ["let"], "opens_at": at,
                            "closes_at": at + timedelta(days=5)})
    outcomes = pl.DataFrame({"id": ["1"], "on": [DAY - timedelta(days=1)], "what": ["signed"],
                             "application": ["A"], "tenancy_start": [DAY + timedelta(days=6)]})
    known = known_on({"adverts": adverts, "outcomes": outcomes}, DAY)
    assert known["adverts"]["status"].item() == "open"
    assert known["adverts"]["closes_at"].equals(adverts["closes_at"])
    assert known["outcomes"]["tenancy_start"].item() == DAY + timedelta(days=6)


def test_homes_that_are_built_later_are_not_there_yet():
    homes = pl.DataFrame({"id": ["old", "new"], "bedrooms": [1, 2]})
    voids = pl.DataFrame({"id": ["1"], "home": ["new"], "cause": ["new_home"], "ready_on": [DAY]})
    assert known_on({"homes": homes, "voids": voids}, DAY)["homes"]["id"].to_list() == ["old"]


def _otherwise_from(frames, day):
    """The same history with all that came on or after a day put otherwise, most of it 40 days later."""
    def later(column):
        value = pl.col(column).dt.date() if column.endswith("_at") else pl.col(column)
        return value >= day

    def moved(table, *columns):
        return frames[table].with_columns(
            pl.when(later(c)).then(pl.col(c) + timedelta(days=40)).otherwise(c).alias(c)
            for c in columns)

    days = [c for c, t in frames["voids"].schema.items() if t == pl.Date]
    some = pl.col("application").cast(pl.String).str.ends_with("1")
    return frames | {
        "voids": moved("voids", *days).with_columns(
            pl.when(later("inspected_on")).then(pl.lit("none")).otherwise(
                pl.col("works").cast(pl.String)).alias("works")),
        "status_history": moved("status_history", "since", "until"),
        "tenancies": moved("tenancies", "start", "end"),
        "outcomes": moved("outcomes", "on").with_columns(
            pl.when(later("on")).then(pl.lit("withdrew")).otherwise(pl.col("what").cast(pl.String))
            .alias("what")),
        "bids": frames["bids"].filter(~later("placed_at") | some),
        "applications": frames["applications"].with_columns(
            pl.when(later("registered_on")).then(pl.lit(5)).otherwise("bedroom_need")
            .alias("bedroom_need")),
    }


def test_what_happened_after_the_day_does_not_change_what_is_known(history):
    otherwise = _otherwise_from(history, DAY)
    assert not known_on(otherwise, END)["voids"].equals(known_on(history, END)["voids"])
    one, other = known_on(history, DAY), known_on(otherwise, DAY)
    for name, frame in one.items():
        texts = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
        assert frame.with_columns(texts).equals(other[name].with_columns(texts)), name


def test_what_happened_after_the_day_does_not_change_a_prediction(small, history, tmp_path, found):
    folder = tmp_path / "otherwise"
    written({name: frame.drop("source_name", "source_row")
             for name, frame in _otherwise_from(history, DAY).items()}, folder)
    again = backtest(folder, small[0], DAY, since=START, weeks=PREDICTED, replications=12)
    assert again.calibration.frame().equals(found.calibration.frame())
    assert again.worlds.equals(found.worlds)
    assert not again.compared.equals(found.compared)


@pytest.mark.parametrize("with_voids", [True, False])
def test_who_has_accepted_a_home_is_let_it_in_worlds_or_does_not_wait(with_voids):
    on = DAY - timedelta(days=2)
    closes = pl.Series([DAY - timedelta(days=9)] * 2).cast(pl.Datetime("us", "Europe/London"))
    frames = {
        "applications": pl.DataFrame({"id": ["A", "B"], "status": ["active"] * 2}),
        "outcomes": pl.DataFrame({
            "id": ["1", "2"], "application": ["A", "B"], "advert": ["x", "y"],
            "what": ["accepted", "refused"], "on": [on] * 2}),
        "adverts": pl.DataFrame({"id": ["x", "y"], "home": ["h", "i"], "status": ["closed"] * 2,
                                 "closes_at": closes}),
        "bids": pl.DataFrame({"advert": ["x", "y"], "application": ["A", "B"], "placed_at": closes}),
        "homes": pl.DataFrame({"id": ["h", "i"], "bedrooms": [1, 1]}),
    }
    if with_voids:
        frames["voids"] = pl.DataFrame({
            "id": ["1", "2"], "home": ["h", "i"], "cause": ["left"] * 2,
            "tenancy_ended_on": [DAY - timedelta(days=50)] * 2})
    known = as_it_stands(History(frames, BEGINS, DAY, frozenset()), DAY)["applications"]
    assert known["status"].to_list() == ["active" if with_voids else "housed", "active"]


def test_worlds_begin_with_the_lists_of_the_day(then, history):
    known = known_on(history, DAY)
    lists, lives = then.setup.lists, then.setup.lives
    homes = then.setup.stock["id"].gather(lists.lists["home"])
    voids = known["voids"].filter(pl.col("let_on").is_null())
    assert homes.is_in(voids["home"].implode()).all()
    entries = lists.entries.with_columns(
        application=lives.read_as.gather(lists.entries["life"]), home=homes.gather(lists.entries["list"]))
    told = begun(History(known, BEGINS, DAY, frozenset())).drop("home").join(
        known["adverts"].select("home", advert="id"), on="advert")
    asked = entries.filter(stands=STANDS.index("under_way"))
    assert asked.height > 0
    assert asked.join(told.filter("open"), on=["application", "home"], how="anti").is_empty()
    # Of a home that is let an office need not write that the others were not chosen.
    taken = entries.filter(stands=STANDS.index("accepted"))["home"]
    still = told.filter("open", pl.col("home").is_in(homes.implode()),
                        ~pl.col("home").is_in(taken.implode()))
    assert set(still["application"]) == set(asked["application"])
    bids = known["bids"].join(known["adverts"].select("home", advert="id"), on="advert")
    assert entries.join(bids, on=["application", "home"], how="anti").is_empty()


def test_homes_whose_lists_are_gone_down_are_not_advertised_anew(then, small):
    """In the first week about as many adverts close in worlds as did in the one that was lived."""
    def in_first_week(frame, since):
        return frame.filter(pl.col("week") == since).height

    setup = then.setup
    predicted = frames_of_run(*run_batch(replace(setup, weeks=1), np.arange(20)))["adverts"]
    happened = in_first_week(small[2]["adverts"], CUT)
    without = replace(setup, lists=None, weeks=1)
    anew = frames_of_run(*run_batch(without, np.arange(20)))["adverts"]
    assert abs(in_first_week(predicted, 0) / 20 - happened) < 3
    assert in_first_week(anew, 0) / 20 > happened + 2


# One definition on both sides


def test_a_world_and_the_history_it_lived_are_measured_alike(small, history):
    one = values_of(seen_in_history(known_on(history, END), BEGINS, END))
    other = values_of(seen_in_worlds(small[2], BEGINS, END, (0,)))
    both = one.join(other, on=["measure", "group"], how="full", suffix="_world")
    assert set(one["measure"]) == {m.name for m in MEASURES}
    apart = both.filter(~pl.col("value").eq_missing(pl.col("value_world")))
    assert apart.is_empty(), apart


def test_a_new_home_ends_no_tenancy_whatever_days_a_history_gives_it(history):
    def measured(voids):
        return values_of(seen_in_history(known_on({**history, "voids": voids}, END), BEGINS, END))

    voids = history["voids"].with_columns(
        pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("new_home")).otherwise("cause")
        .alias("cause"))
    new = pl.col("cause") == "new_home"
    empty = voids.with_columns(
        pl.when(~new).then(day).alias(day) for day in ("tenancy_ended_on", "keys_in_on"))
    assert empty["tenancy_ended_on"].null_count() > voids["tenancy_ended_on"].null_count()
    assert measured(voids).equals(measured(empty))


@pytest.mark.parametrize("first", [0, 1])
def test_who_was_housed_has_the_band_of_the_last_version_whatever_the_order_of_rows(first):
    rows = [("A", "housed", BEGINS, "2", None), ("A", "housed", BEGINS, "1", BEGINS + timedelta(days=9))]
    frames = {
        "applications": pl.DataFrame([rows[first], rows[1 - first]], {
            "id": pl.String, "status": pl.String, "registered_on": pl.Date, "band": pl.String,
            "valid_from": pl.Date}, orient="row"),
        "outcomes": pl.DataFrame({"id": ["1"], "application": ["A"], "what": ["signed"], "advert": ["x"],
                                  "on": [DAY]})}
    housed = seen_in_history(frames, DAY, END).tables["housed"]
    assert housed["band"].to_list() == ["1"]


def test_what_is_not_in_a_history_is_said_and_not_measured(small, tmp_path):
    folder = tmp_path / "part"
    folder.mkdir()
    for name in ("applications", "status_history", "adverts", "bids", "outcomes", "homes"):
        (folder / f"{name}.csv").write_bytes((small[1] / f"{name}.csv").read_bytes())
    part = backtest(folder, small[0], DAY, replications=9)
    assert part.not_measured["Days empty"] == "the history: no table voids"
    assert "void_days" not in part.compared["measure"].to_list()
    assert "bids_per_advert" in part.compared["measure"].to_list()
    assert "made up, " in part.notes[1]


# Intervals


def test_an_interval_holds_another_world_as_often_as_it_says():
    luck = np.random.default_rng(3)
    held = 0
    for _ in range(4000):
        values = luck.normal(size=20)
        _, low, high = bounds(values[:19], 0.8)
        held += low <= values[19] <= high
    assert held / 4000 == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("interval", "worlds"), [(0.8, 9), (0.9, 19), (0.95, 39), (0.5, 3)])
def test_fewest_worlds_that_have_an_interval(interval, worlds):
    assert fewest_worlds(interval) == worlds


def _drawn_shares(parameter, name="p", worlds=400):
    return [drawn({name: parameter}, Luck(1), w)[name] for w in range(worlds)]


def test_draws_of_a_rate_spread_as_its_interval():
    rate = Parameter(rate=0.2, low=0.16, high=0.25, source="fitted")
    values = np.array([p.value for p in _drawn_shares(rate)])
    assert np.quantile(values, [0.025, 0.5, 0.975]) == pytest.approx([0.16, 0.2, 0.25], rel=0.05)


def test_draws_of_shares_spread_as_a_dirichlet_and_add_up():
    counts = {"a": 30, "b": 60, "c": 10}
    bounds_ = {}
    for name, n in counts.items():
        p = n / 100
        error = 1.96 / np.sqrt(100 * p * (1 - p))
        odds = np.log(p / (1 - p))
        bounds_[name] = [float(1 / (1 + np.exp(-(odds + s * error)))) for s in (-1, 1)]
    shares = Parameter(shares={k: v / 100 for k, v in counts.items()}, intervals=bounds_,
                       source="fitted")
    values = [p.value for p in _drawn_shares(shares)]
    assert all(sum(v.values()) == pytest.approx(1, abs=1e-12) for v in values)
    spread = np.std([v["b"] for v in values])
    assert spread == pytest.approx(np.sqrt(0.6 * 0.4 / 101), rel=0.12)


def test_draws_of_days_do_not_fall_and_a_number_stays():
    days = Parameter(days={0: 0, 10: 1, 50: 10, 90: 30, 100: 60},
                     intervals={"10": [0, 3], "50": [7, 14], "90": [22, 45]}, source="fitted")
    for one in _drawn_shares(days, worlds=50):
        table = [one.value[p] for p in sorted(one.value)]
        assert table == sorted(table)
        assert table[0] >= 0
    number = Parameter(number=3, low=2, high=4, source="fitted")
    assert drawn({"n": number}, Luck(1), 5)["n"] == number


def test_a_draw_goes_by_parameter_and_world_alone():
    rate = Parameter(rate=0.2, low=0.16, high=0.25, source="fitted")
    other = Parameter(share=0.5, low=0.4, high=0.6, source="fitted")
    both = drawn({"b": other, "a": rate}, Luck(1), 7)
    assert both["a"] == drawn({"a": rate}, Luck(1), 7)["a"]
    assert both["a"] != drawn({"a": rate}, Luck(1), 8)["a"]


def test_weeks_count_in_which_a_home_that_the_household_may_have_closed():
    """Two bedrooms are needed and advertised; of who may have one as well, weeks of both count."""
    monday = date(2026, 1, 5)
    closes = pl.Series([monday + timedelta(days=6 + 7 * w) for w in range(20)]).cast(
        pl.Datetime("us", "Europe/London"))
    since, until = monday, monday + timedelta(weeks=20)
    who = ["A", "B", "C", "D"]
    frames = {
        "applications": pl.DataFrame({
            "id": who, "status": ["active"] * 4, "bedroom_need": [2, 2, 2, 6],
            "registered_on": [date(2020, 1, 1)] * 4}),
        "homes": pl.DataFrame({"id": ["one", "two"], "bedrooms": [1, 2]}),
        "adverts": pl.DataFrame({"id": [str(w) for w in range(20)], "home": ["one", "two"] * 10,
                                 "status": "closed", "closes_at": closes}),
        "bids": pl.DataFrame({"advert": ["0"], "application": ["B"], "placed_at": closes[:1]}),
    }
    history = History(frames, since, until, frozenset())
    habits = habits_of(history, pl.Series(who), np.array([0b100, 0b110, 0b110, 1 << 6]))
    assert habits.weeks.tolist() == [10, 20, 20, 0]
    assert habits.bid_weeks.tolist() == [0, 1, 0, 0]
    # Who has had no week to bid in is none of those who have just joined for that.
    assert habits.place.tolist() == [0, 1, 2, 3]
    assert habits.waited == pytest.approx([(since - date(2020, 1, 1)).days / 365.25] * 4)
    assert habits_of(history, pl.Series(who)).weeks.tolist() == [10, 10, 10, 0]


def test_who_has_bid_most_weeks_is_no_seldom_bidder():
    habits = Habits(np.array([0.5, 2.0]), np.array([0, 1, -1]), np.array([40, 40, 0]),
                    np.array([30, 0, 0]))
    kinds = habits.kinds(shipped_parameters())
    assert kinds.sum(axis=1) == pytest.approx(1)
    assert kinds[0] == pytest.approx([0, 0, 1], abs=1e-6)
    assert kinds[1, 0] > 0.9
    joining = shipped_parameters()["bidding.kinds_joining"]
    assert kinds[2] == pytest.approx(list(joining.values()))


def test_who_has_waited_longer_without_a_week_to_bid_in_is_more_likely_one_who_never_bids():
    habits = Habits(np.array([0.5, 2.0, 9.0]), np.array([0, 1, 2]), np.zeros(3, np.int64),
                    np.zeros(3, np.int64))
    kinds = habits.kinds(shipped_parameters())
    assert kinds[0, 0] < kinds[1, 0] < kinds[2, 0]
    assert kinds.mean(axis=0) == pytest.approx(list(shipped_parameters()["bidding.kinds"].values()))


def test_how_often_those_who_wait_bid_goes_by_arrivals_as_they_were_fitted(then):
    """They are for each application open when the window began, however many are on the day."""
    shipped = shipped_parameters()
    fitted = {"arrivals.per_year": shipped.found["arrivals.per_year"]}
    assert then.own
    once, thrice = (_setup_of(replace(then, arrivals=times), shipped, fitted, 0) for times in (1, 3))
    rate = once.parameters["arrivals.per_year"]
    assert thrice.parameters["arrivals.per_year"] == pytest.approx(3 * rate)
    assert (thrice.kinds == once.kinds).all()


# The whole


def test_intervals_hold_about_as_often_as_they_say(found):
    """The model is the true one: what is missed beyond luck would be the backtest's own."""
    assert found.of > 20
    assert found.usual[0] <= found.held <= found.usual[1]


def test_the_answer_is_the_same_for_any_number_of_workers(small, found):
    two = backtest(small[1], small[0], DAY, since=START, weeks=PREDICTED, replications=12, workers=2)
    assert two.worlds.equals(found.worlds)
    assert two.compared.equals(found.compared)


def test_a_row_is_missed_on_the_side_on_which_it_happened(found):
    rows = found.compared
    assert rows.filter("held")["side"].null_count() == found.held
    below, above = rows.filter(pl.col("side") == "below"), rows.filter(pl.col("side") == "above")
    assert (below["happened"] < below["low"]).all()
    assert (above["happened"] > above["high"]).all()
    assert below.height + above.height + found.held == found.of


def test_the_headline_says_how_many_and_that_measures_hang_together(found):
    words = " ".join(headline(found))
    assert words.startswith(f"{found.held} of {found.of} intervals of 80% held.")
    assert f"{found.of * 0.8:.1f}" in words or f"{found.of * 0.8:.0f}" in words
    assert "not independent" in words
    assert len(list(lines_of(found))) == found.of


def test_the_world_is_that_of_the_day(found):
    assert found.notes[0].startswith("Stock: the history's own, ")
    assert found.notes[1].startswith("Register: the history's own, ")
    assert found.notes[3].startswith("Lists: those of ")
    assert found.scenario.start == DAY
    assert found.scenario.weeks == PREDICTED


def test_the_folder_holds_it_all_and_nothing_is_put_in_its_place(found, tmp_path):
    out = write_backtest(found, tmp_path / "run")
    told = json.loads((out / "manifest.json").read_text())
    assert (told["kind"], told["held"], told["of"]) == ("backtest", found.held, found.of)
    assert set(told["files"]) == {"compared.parquet", "compared.csv", "worlds.parquet",
                                  "parameters.yaml"}
    assert pl.read_parquet(out / "compared.parquet").equals(found.compared)
    with pytest.raises(RunError, match="there already"):
        write_backtest(found, out)
    write_backtest(found, out, replace=True)


def test_the_page_has_a_picture_and_the_table_behind_it(found):
    page = backtest_page(found)
    assert page.count("<circle") == found.of
    assert 'role="img"' in page
    assert page.count('class="missed-words"') == found.of - found.held
    assert "Bids on each advert" in page
    assert "http" not in page.split("<body>")[1].replace("https://www.w3.org", "")


# What is refused


def _kinds(error):
    return [problem.kind for problem in error.value.problems]


def test_everything_wrong_is_in_one_report(small, tmp_path):
    folder = tmp_path / "bands"
    written({**_read(small[1]), "applications": _read(small[1])["applications"].with_columns(
        pl.lit("Gold").alias("band"))}, folder)
    with pytest.raises(BadInput) as error:
        backtest(folder, small[0], BEGINS + timedelta(weeks=15), replications=5, interval=0.8,
                 workers=0, weeks=300)
    assert _kinds(error) == ["not_positive", "too_few_worlds", "too_little_before",
                             "too_many_weeks", "unknown_band"]


def _read(folder):
    return {file.stem: pl.read_csv(file, infer_schema=False) for file in folder.glob("*.csv")}


@pytest.mark.parametrize("day", [date(2020, 1, 1), END + timedelta(days=40)])
def test_a_day_that_the_history_does_not_cover(small, day):
    with pytest.raises(BadInput) as error:
        backtest(small[1], small[0], day)
    assert "outside_history" in _kinds(error)


def test_a_window_that_begins_before_the_history_is_refused(small):
    with pytest.raises(BadInput) as error:
        backtest(small[1], small[0], DAY, since=date(1990, 1, 1))
    assert [(p.kind, p.where) for p in error.value.problems] == [("outside_history", "--since")]


def test_too_little_is_left_to_predict(small):
    with pytest.raises(BadInput) as error:
        backtest(small[1], small[0], END - timedelta(weeks=2))
    assert _kinds(error) == ["too_little_after"]


def test_an_interval_is_a_share(small):
    with pytest.raises(BadInput) as error:
        backtest(small[1], small[0], DAY, interval=80)
    assert _kinds(error) == ["bad_interval"]


def test_a_scheme_that_was_not_in_force(small, tmp_path):
    with pytest.raises(BadInput) as error:
        backtest("mereham", small[0], date(2024, 4, 1))
    assert _kinds(error) == ["scheme_not_in_force"]


def test_a_calibration_up_to_a_day_is_that_of_the_backtest(small, found):
    assert list(found.calibration.fitted) == list(calibrate(small[1], START, DAY).fitted)


def test_worlds_are_held_against_intervals_of_the_others() -> None:
    """Of few worlds the interval of all goes from the least to the most, which holds each of them."""
    worlds = 9
    predicted = pl.concat([
        pl.DataFrame({"world": np.arange(worlds), "measure": "adverts", "group": group,
                      "value": np.random.default_rng(seed).normal(size=worlds)})
        for seed, group in enumerate(map(str, range(200)))])
    compared = predicted.group_by("measure", "group").agg(
        low=pl.col("value").min(), high=pl.col("value").max())
    least, most = _usual(predicted, compared, 0.8)
    assert least < 200 * (1 - 2 / worlds) < most < 200

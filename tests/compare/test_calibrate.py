"""A history is fitted: known parameters come back, and what cannot be fitted says why."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.compare.calibrate import calibrate, parameters_text, write_parameters
from cbl_engine.compare.calibrate.bidding import most_bids
from cbl_engine.compare.calibrate.history import CannotFitError, History, window_of
from cbl_engine.compare.calibrate.nominations import nominations
from cbl_engine.compare.calibrate.run import FITS, NOT_FITTED
from cbl_engine.compare.calibrate.tenancies import ends_by_bedrooms
from cbl_engine.compare.calibrate.told import lines_of
from cbl_engine.errors import BadInput, RunError
from cbl_engine.quality import find_habits
from cbl_engine.simulate.parameters import read_parameters, shipped_parameters
from cbl_engine.simulate.setup import OUTCOMES
from cbl_engine.tables import write_tables
from tests.compare.made_history import SINCE, UNTIL, Truth, made_history
from tests.compare.recovery import covered


@pytest.fixture(scope="module")
def made():
    return made_history(1)


@pytest.fixture(scope="module")
def small():
    return made_history(2, Truth(homes=1500, register=400))


def history_of(frames, since=SINCE, until=UNTIL):
    habits = frozenset(habit.kind for habit in find_habits(frames, until))
    return History(frames, since, until, habits)


def reason(name, frames, **window):
    with pytest.raises(CannotFitError) as caught:
        FITS[name](history_of(frames, **window))
    return str(caught.value)


def test_known_parameters_are_in_their_intervals_in_most_seeds():
    held = []
    fitted = set()
    for seed in range(5):
        found = covered(seed, Truth(homes=3000, register=800))
        fitted |= set(found)
        held += [inside for parts in found.values() for inside in parts.values()]
    assert fitted == set(Truth().values)
    assert len(held) > 500
    assert np.mean(held) > 0.93


def test_every_parameter_is_fitted_or_has_a_reason(small, tmp_path):
    write_tables(small, tmp_path / "history")
    found = calibrate(tmp_path / "history")
    catalogue = shipped_parameters().found
    assert {*FITS, *NOT_FITTED} <= set(catalogue)
    assert not set(FITS) & set(NOT_FITTED)
    assert {*found.fitted, *found.not_fitted} == set(catalogue)
    assert not set(found.fitted) & set(found.not_fitted)
    assert all(found.not_fitted.values())
    assert set(found.frame()["parameter"]) == set(catalogue)


def test_the_order_of_rows_does_not_matter(small, tmp_path):
    write_tables(small, tmp_path / "one")
    rng = np.random.default_rng(1)
    turned = {name: frame[rng.permutation(frame.height)] for name, frame in small.items()}
    write_tables(turned, tmp_path / "two")
    one, two = calibrate(tmp_path / "one"), calibrate(tmp_path / "two")
    assert parameters_text(one) == parameters_text(two)
    assert_frame_equal(one.frame(), two.frame())


def test_of_versions_of_an_application_the_last_decides_whatever_their_order(small, tmp_path):
    """Before the window each household needed another size and had no home."""
    day = SINCE - dt.timedelta(days=1)
    number = pl.int_range(pl.len())
    last = small["applications"].with_columns(
        pl.when(number % 3 == 0).then(pl.lit("H00001")).alias("current_home"))
    older = last.with_columns(
        pl.col("bedroom_need") % 3 + 1, pl.lit(None, pl.String).alias("current_home"),
        pl.lit(None, pl.Date).alias("valid_from"), pl.lit(day).alias("valid_to"))
    newer = last.with_columns(pl.lit(day).alias("valid_from"), pl.lit(None, pl.Date).alias("valid_to"))
    found = {}
    for name, applications in (("one", last), ("in_order", pl.concat([older, newer])),
                               ("turned", pl.concat([newer, older]))):
        write_tables(small | {"applications": applications}, tmp_path / name)
        found[name] = parameters_text(calibrate(tmp_path / name))
    assert found["one"] == found["in_order"] == found["turned"]
    assert "household_odds" in found["one"].split("not_fitted:")[0]


def test_fits_are_the_same_in_a_program_whose_floating_point_raises(small, tmp_path):
    write_tables(small, tmp_path / "history")
    found = calibrate(tmp_path / "history")
    with np.errstate(all="raise"):
        assert parameters_text(calibrate(tmp_path / "history")) == parameters_text(found)


def test_ids_may_be_whole_numbers(small, tmp_path):
    def numbered(name):
        return pl.col(name).str.replace_all(r"[^0-9]", "").cast(pl.Int64)

    names = ("applications", "status_history")
    turned = {name: small[name].with_columns(
        numbered("id" if name == "applications" else "application")) for name in names}
    write_tables(turned, tmp_path / "one", "parquet")
    write_tables({name: small[name] for name in names}, tmp_path / "two", "parquet")
    one, two = (calibrate(tmp_path / at, SINCE, UNTIL) for at in ("one", "two"))
    assert parameters_text(one) == parameters_text(two)
    assert "households.lapse_per_year" in one.fitted


def test_the_file_is_one_of_parameters_again(small, tmp_path):
    write_tables(small, tmp_path / "history")
    found = calibrate(tmp_path / "history")
    path = write_parameters(found, tmp_path / "fitted.yaml")
    again = read_parameters(path)
    assert again == {name: one.parameter for name, one in found.fitted.items()}
    assert all(one.source.startswith("fitted from own history, ") for one in again.values())
    assert all(one.fitted_from >= 30 for one in again.values())
    assert all((one.low is None) == (one.intervals is not None) for one in again.values())
    changed = shipped_parameters().with_changes(again)
    assert changed["voids.works"] == found.fitted["voids.works"].parameter.value
    with pytest.raises(RunError):
        write_parameters(found, path)


def test_shares_add_up_to_one_after_rounding(small):
    for name in ("voids.works", "nominations.own", "bidding.kinds", "tenancies.causes"):
        value = FITS[name](history_of(small)).value
        assert sum(value.values()) == pytest.approx(1, abs=1e-9)


def test_an_earlier_end_hides_what_came_later(made):
    until = dt.date(2024, 1, 1)
    before = {
        name: frame.filter(pl.col("tenancy_ended_on") < until) if name == "voids" else frame
        for name, frame in made.items()
    }
    whole = FITS["voids.works_days"](history_of(made, until=until))
    cut = FITS["voids.works_days"](history_of(before, until=until))
    assert whole == cut
    assert any("still open" in remark for remark in whole.remarks)


def test_histories_of_let_voids_alone_are_not_fitted_but_to_an_earlier_day(made):
    let = made | {"voids": made["voids"].filter(pl.col("let_on").is_not_null())}
    said = reason("voids.works_days", let)
    assert said.startswith("biased: only voids that were let in history")
    fit = FITS["voids.works_days"](history_of(let, until=dt.date(2024, 1, 1)))
    truth = Truth().values["voids.works_days"]["standard"]
    low, high = fit.intervals["standard 50"]
    assert low <= truth[50] <= high


def drop(frames, table, column):
    frames[table] = frames[table].drop(column)


def empty(frames, table, column):
    frames[table] = frames[table].with_columns(pl.lit(None, pl.String).alias(column))


def head(frames, table, rows):
    frames[table] = frames[table].head(rows) if table != "applications" else frames[table].tail(rows)


def only(frames, table, column, values):
    frames[table] = frames[table].filter(pl.col(column).is_in(values))


def bidders_only(frames):
    who = frames["bids"]["application"].unique()
    frames["applications"] = frames["applications"].filter(pl.col("id").is_in(who.implode()))


def unregistered(frames, one_in):
    frames["applications"] = frames["applications"].with_columns(
        pl.when(pl.int_range(pl.len()) % one_in > 0).then("registered_on").alias("registered_on"))


def reopened(frames, but):
    """Those who were closed wait still, but for some."""
    ids = frames["applications"].filter(pl.col("status") == "closed")["id"][but:]
    frames["applications"] = frames["applications"].with_columns(
        pl.when(pl.col("id").is_in(ids.implode())).then(pl.lit("active")).otherwise("status").alias("status"))
    frames["status_history"] = frames["status_history"].filter(
        ~(pl.col("application").is_in(ids.implode()) & (pl.col("status") == "closed")))


def since_window(frames):
    frames["tenancies"] = frames["tenancies"].filter(pl.col("start") >= SINCE)


def words(frames):
    frames["tenancies"] = frames["tenancies"].with_columns(pl.col("reason") + " etc.")


def only_ends(frames):
    frames["tenancies"] = frames["tenancies"].with_columns(
        pl.col("reason").replace("succession", "died")
    )


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("voids.notice_days", lambda f: f.pop("voids"), "no table voids"),
        ("voids.notice_days", lambda f: head(f, "voids", 0), "no rows in voids"),
        ("nominations.own", lambda f: head(f, "bids", 0), "no rows in bids: who placed"),
        ("bidding.most_bids", lambda f: head(f, "bids", 0), "no rows in bids"),
        ("voids.notice_days", lambda f: drop(f, "voids", "notice_given_on"),
         "no column voids.notice_given_on"),
        ("voids.works", lambda f: empty(f, "voids", "works"), "voids.works is empty"),
        ("voids.works", lambda f: head(f, "voids", 20), "fewer than 30 rows"),
        ("arrivals.per_year", lambda f: only(f, "applications", "status", ["housed", "closed"]),
         "biased: only the housed and closed in history"),
        ("households.lapse_per_year", lambda f: only(f, "applications", "status", ["active"]),
         "biased: only those still waiting in history"),
        ("arrivals.per_year", lambda f: [f.pop(t) for t in ("status_history", "outcomes")],
         "applications were housed or closed on a day that is not known"),
        ("arrivals.per_year", lambda f: unregistered(f, 30),
         "applications were registered on a day that is not known: fill applications.registered_on"),
        ("arrivals.by_month", lambda f: unregistered(f, 30), "registered on a day that is not known"),
        ("households.lapse_per_year", lambda f: unregistered(f, 30), "registered on a day that"),
        ("households.lapse_per_year", lambda f: reopened(f, 0), "biased: no application closed"),
        ("households.lapse_per_year", lambda f: reopened(f, 29),
         "fewer than 30 rows: 29 applications closed in"),
        ("bidding.kinds", bidders_only, "biased: only those who bid in history"),
        ("bidding.assisted", lambda f: drop(f, "bids", "placed_by"),
         "biased: no bid is marked"),
        ("nominations.automatic", lambda f: drop(f, "bids", "placed_by"), "biased: no bid is marked"),
        ("nominations.own", lambda f: f.pop("bids"), "no table bids"),
        ("nominations.own", lambda f: only(f, "outcomes", "what", ["approved", "accepted", "signed"]),
         "biased: only nominations that came to a letting"),
        ("nominations.days", lambda f: only(f, "outcomes", "what", ["accepted", "refused"]),
         "no outcome approved"),
        ("tenancies.end_per_year", since_window, "biased: no tenancy from before"),
        ("tenancies.end_per_year", words, "is not one of left, died"),
        ("tenancies.succession", only_ends, "biased: no succession in history"),
        ("stock.exchanges_per_year", lambda f: None, "fewer than 30 rows: 0 endings (exchange)"),
        ("arrivals.by_month", lambda f: head(f, "applications", 300), "fewer than 30 rows: a month"),
    ],
)
def test_what_cannot_be_fitted_says_why(made, name, change, said):
    frames = dict(made)
    change(frames)
    assert said in reason(name, frames)


@pytest.mark.parametrize("written", ["active_again", "closed_until"])
def test_who_was_closed_and_reinstated_waits_and_is_counted(made, written):
    """A week off the register, a third of a year ago, told by the spell after it or by its own end."""
    off, on = UNTIL - dt.timedelta(days=120), UNTIL - dt.timedelta(days=113)
    who = made["applications"].filter(
        pl.col("status") == "active", pl.col("registered_on") < off)["id"].head(50)
    closed = pl.DataFrame({"application": who}).with_columns(
        status=pl.lit("closed"), since=pl.lit(off), until=pl.lit(on))
    theirs = pl.col("application").is_in(who.implode())
    history = made["status_history"]
    if written == "active_again":
        again = history.filter(theirs)
        history = pl.concat([history.with_columns(pl.when(theirs).then(pl.lit(off)).otherwise("until")
                                                  .alias("until")),
                             again.with_columns(since=pl.lit(on))])
    turned = history_of(made | {"status_history": pl.concat([history, closed]).sort("since", "status")})
    said = "50 housed or closed and on the register again: taken as waiting all along"
    for name in ("arrivals.per_year", "households.lapse_per_year", "bidding.kinds"):
        one, other = FITS[name](history_of(made)), FITS[name](turned)
        assert (other.value, other.intervals) == (one.value, one.intervals), name
        assert other.remarks == (*one.remarks, said)


def test_who_was_housed_and_then_closed_was_housed(made):
    """An office may close an application once its household is housed."""
    housed = made["status_history"].filter(pl.col("status") == "housed")
    after = housed.with_columns(pl.lit("closed").alias("status"), pl.col("since") + pl.duration(days=9))
    ended = housed.with_columns((pl.col("since") + pl.duration(days=9)).alias("until"))
    rest = made["status_history"].filter(pl.col("status") != "housed")
    turned = made | {"status_history": pl.concat([rest, ended, after])}
    assert history_of(turned).spells.equals(history_of(made).spells)


def test_few_who_joined_on_a_day_not_known_are_left_out_of_every_fit_and_counted(made):
    frames = dict(made)
    unregistered(frames, 60)
    lost = frames["applications"]["registered_on"].null_count()
    without = frames["applications"].drop_nulls("registered_on")
    for name in ("arrivals.per_year", "arrivals.by_month", "households.lapse_per_year", "bidding.kinds"):
        found = FITS[name](history_of(frames))
        assert f"{lost} left out: registered on a day that is not known" in found.remarks, name
        assert found.value == FITS[name](history_of(frames | {"applications": without})).value, name


def test_a_season_needs_every_month(made):
    assert reason("arrivals.by_month", made, until=dt.date(2023, 8, 1)) == (
        "the window has not every month of a year"
    )


def test_kinds_with_few_rows_keep_the_shipped_days_and_say_so(small):
    fit = FITS["voids.works_days"](history_of(small))
    shipped = shipped_parameters()["voids.works_days"]
    assert fit.value["adaptation"] == shipped["adaptation"]
    assert fit.value["standard"] != shipped["standard"]
    assert not any(part.startswith("adaptation") for part in fit.intervals)
    (said,) = [remark for remark in fit.remarks if "kept" in remark]
    assert "adaptation (" in said
    of = {line.part for line in lines_of(
        shipped_parameters().found["voids.works_days"],
        shipped_parameters().found["voids.works_days"].model_copy(
            update={"days_by": fit.value, "intervals": {p: list(b) for p, b in fit.intervals.items()}}
        ),
    )}
    assert "standard 50 of 100 within" in of
    assert not any(part.startswith("adaptation") for part in of)


def test_works_count_from_their_beginning_where_it_is_known(made):
    waited = made["voids"].with_columns(
        pl.col("inspected_on").alias("works_began_on"),
        pl.col("inspected_on") - pl.duration(days=30),
    )
    plain = FITS["voids.works_days"](history_of(made))
    later = FITS["voids.works_days"](history_of(made | {"voids": waited}))
    assert later.value == plain.value
    assert plain.remarks == ("a wait for a team is in them", *later.remarks)


def test_works_begun_that_are_written_down_for_some_only_date_none(made):
    """Open ones without a day would be gone, and with them the long ones."""
    recent = pl.col("inspected_on") > UNTIL - dt.timedelta(days=60)
    some = made["voids"].with_columns(
        pl.when(recent & pl.col("ready_on").is_not_null()).then("inspected_on").alias("works_began_on"))
    plain = FITS["voids.works_days"](history_of(made))
    found = FITS["voids.works_days"](history_of(made | {"voids": some}))
    assert (found.value, found.intervals, found.rows) == (plain.value, plain.intervals, plain.rows)
    filled = some["works_began_on"].drop_nulls().len() - some.filter(recent, works="none")[
        "works_began_on"].drop_nulls().len()
    assert found.remarks[0].startswith(
        f"a wait for a team is in them: works_began_on is filled for {filled} of ")


def test_works_that_wait_for_a_team_are_left_out_and_counted(made):
    waits = pl.col("ready_on").is_null() & (pl.col("inspected_on") > UNTIL - dt.timedelta(days=14))
    voids = made["voids"].with_columns(
        pl.when(~waits).then("inspected_on").alias("works_began_on"))
    waiting = voids.filter(waits, pl.col("works") != "none").height
    found = FITS["voids.works_days"](history_of(made | {"voids": voids}))
    assert waiting
    assert found.remarks[0] == f"{waiting} left out: inspected, works not begun"


def test_notice_is_that_of_tenants_who_leave_not_of_those_who_move(made):
    """Who moves gives notice once a home was accepted, and what is left of it is short."""
    left = made["voids"].filter(pl.col("cause") == "left")
    moved = left.with_columns(
        pl.lit("moved").alias("cause"), pl.col("id") + "m",
        pl.col("tenancy_ended_on") - pl.duration(days=5))
    moved = moved.with_columns(pl.col("tenancy_ended_on").alias("notice_given_on"))
    plain = FITS["voids.notice_days"](history_of(made))
    found = FITS["voids.notice_days"](history_of(made | {"voids": pl.concat([made["voids"], moved])}))
    assert found.value == plain.value
    (said,) = found.remarks
    assert said.endswith("left out: tenants who moved, whose notice the acceptance cuts short")


def test_homes_never_let_before_have_no_keys_that_come_late(made):
    new = made["voids"].head(200).with_columns(
        pl.lit("new_home").alias("cause"), pl.col("id") + "n",
        pl.col("tenancy_ended_on").alias("keys_in_on"))
    plain = FITS["voids.late_keys_days"](history_of(made))
    found = FITS["voids.late_keys_days"](history_of(made | {"voids": pl.concat([made["voids"], new])}))
    assert (found.value, found.rows) == (plain.value, plain.rows)


def test_stages_that_end_before_they_begin_are_left_out_and_counted(made):
    voids = made["voids"].with_row_index("n").with_columns(
        pl.when(pl.col("n") % 40 == 0).then(pl.col("inspected_on") - pl.duration(days=400))
        .otherwise("ready_on").alias("ready_on")
    )
    fit = FITS["voids.works_days"](history_of(made | {"voids": voids}))
    assert any("left out: ends before it begins" in remark for remark in fit.remarks)
    assert min(days[0] for days in fit.value.values()) >= 0


EVENTS = pl.DataFrame(
    [
        # Advert, application, what, act, reason, day of March.
        ("V", "own", "approved", "offer", None, 1), ("V", "own", "accepted", None, None, 4),
        ("V", "own", "signed", None, None, 6),
        ("V", "late", "approved", "offer", None, 1), ("V", "late", "accepted", None, None, 4),
        ("V", "late", "refused", None, None, 9),
        ("V", "view", "approved", "offer", None, 1), ("V", "view", "viewed", None, None, 4),
        ("V", "view", "refused", None, None, 5),
        ("V", "undone", "approved", "offer", None, 1), ("V", "undone", "signed", None, None, 2),
        ("V", "undone", "undone", None, None, 3),
        ("V", "check", "approved", "offer", None, 1),
        ("V", "check", "approved", "bypass", "rent_arrears", 3),
        ("V", "silent", "approved", "bypass", "landlord_silent", 3),
        ("V", "absent", "approved", "offer", None, 1), ("V", "absent", "absent", None, None, 8),
        ("V", "again", "approved", "offer", None, 1), ("V", "again", "absent", None, None, 8),
        ("V", "again", "accepted", None, None, 10),
        ("V", "open", "approved", "offer", None, 2),
        ("V", "turned_down", "declined", "offer", None, 2),
    ],
    ["advert", "application", "what", "act", "reason", "day"], orient="row",
).with_columns(
    pl.date(2024, 3, pl.col("day")).alias("on"), pl.int_range(pl.len()).cast(pl.String).alias("id"),
    pl.lit(None, pl.String).alias("home"),
).drop("day")


def test_outcomes_become_what_becomes_of_nominations():
    frames = {"outcomes": EVENTS, "bids": pl.DataFrame({
        "advert": "V", "application": EVENTS["application"].unique(maintain_order=True),
        "placed_at": dt.datetime(2024, 2, 1), "placed_by": "applicant",
    })}
    found = nominations(history_of(frames, until=dt.date(2024, 9, 1)))
    told = found.filter(~pl.col("open")).select("became", "days").sort("became", "days").rows()
    assert told == [
        ("accepted", 3), ("accepted", 9), ("failed_verification", 2), ("landlord_rejected", None),
        ("no_show", 7), ("refused_at_viewing", 4), ("refused_late", 2), ("refused_late", 8),
    ]
    assert found["open"].sum() == 1
    assert set(found["source"]) == {"own"}
    assert {row[0] for row in told} <= set(OUTCOMES)


def test_a_nomination_comes_of_the_bid_that_stands_and_of_the_last_where_all_were_withdrawn():
    who = EVENTS["application"].unique(maintain_order=True)
    bids = pl.concat([pl.DataFrame({
        "advert": "V", "application": who, "placed_at": dt.datetime(2024, 2, day), "placed_by": by,
        "withdrawn_at": withdrawn,
    }, schema_overrides={"withdrawn_at": pl.Datetime("us")}) for day, by, withdrawn in (
        (1, "officer", None), (2, "automatic", dt.datetime(2024, 2, 3)))])
    of = history_of({"outcomes": EVENTS, "bids": bids}, until=dt.date(2024, 9, 1))
    assert set(nominations(of)["source"]) == {"assisted"}
    gone = bids.with_columns(pl.col("withdrawn_at").fill_null(dt.datetime(2024, 2, 2)))
    of = history_of({"outcomes": EVENTS, "bids": gone}, until=dt.date(2024, 9, 1))
    assert set(nominations(of)["source"]) == {"automatic"}


def test_nominations_begun_too_late_to_be_over_are_left_out():
    frames = {"outcomes": EVENTS}
    found = nominations(history_of(frames, until=dt.date(2024, 3, 12)))
    assert found.height == 0


def test_most_bids_is_the_usual_greatest():
    weeks = 100
    rows = [(f"V{w}-{i}", f"A{a}", "applicant") for w in range(weeks) for a in range(2)
            for i in range(3 if (w + a) % 2 else 1)]
    closes = dt.datetime(2024, 1, 7, 12)
    frames = {
        "bids": pl.DataFrame(rows, ["advert", "application", "placed_by"], orient="row").with_columns(
            placed_at=pl.lit(closes)),
        "adverts": pl.DataFrame({
            "id": [f"V{w}-{i}" for w in range(weeks) for i in range(3)],
            "closes_at": [closes - dt.timedelta(weeks=w) for w in range(weeks) for _ in range(3)],
        }).with_columns(pl.col("closes_at").dt.replace_time_zone("Europe/London")),
    }
    fit = most_bids(history_of(frames, dt.date(2022, 1, 1), dt.date(2024, 2, 1)))
    assert (fit.value, fit.rows) == (3, 200)
    assert "2.00 on average" in fit.remarks[0]


def test_the_window_is_what_all_tables_cover(made):
    frames = {
        "bids": made["bids"].filter(pl.col("placed_at").dt.date() >= dt.date(2023, 6, 1)),
        "adverts": made["adverts"],
        "tenancies": made["tenancies"],
    }
    assert window_of(frames) == (dt.date(2023, 6, 2), dt.date(2025, 1, 5))
    assert window_of({}) == (None, None)
    assert window_of({"voids": made["voids"]})[1] == UNTIL


@pytest.mark.parametrize(
    ("tables", "window", "kind"),
    [
        (("homes",), {}, "no_history"),
        (("applications",), {}, "no_window"),
        (("voids",), {"since": dt.date(2024, 1, 1), "until": dt.date(2024, 1, 1)},
         "window_ends_before_start"),
    ],
)
def test_a_history_that_cannot_be_used_is_told(small, tmp_path, tables, window, kind):
    write_tables({name: small[name] for name in tables}, tmp_path / "history")
    with pytest.raises(BadInput) as caught:
        calibrate(tmp_path / "history", **window)
    assert caught.value.problems[0].kind == kind


def test_a_window_beyond_what_the_tables_cover_is_refused(small, tmp_path):
    write_tables(small, tmp_path / "history")
    first, end = window_of(small)
    quiet = dt.timedelta(days=31)
    found = calibrate(tmp_path / "history", first - quiet, end + quiet)
    assert (found.since, found.until) == (first - quiet, end + quiet)
    with pytest.raises(BadInput) as caught:
        calibrate(tmp_path / "history", dt.date(1990, 1, 1), dt.date(2030, 1, 1))
    assert [(p.kind, p.where, p.given, p.allowed.split(";")[0]) for p in caught.value.problems] == [
        ("outside_history", "--since", "1990-01-01", f"{first - quiet} or later"),
        ("outside_history", "--until", "2030-01-01", f"{end + quiet} or earlier")]


def test_bad_rows_are_refused_unless_left_out(small, tmp_path):
    voids = small["voids"].with_columns(works=pl.lit("some"))
    write_tables(small, tmp_path / "history")
    voids.write_csv(tmp_path / "history" / "voids.csv")
    (tmp_path / "history" / "voids.parquet").unlink(missing_ok=True)
    with pytest.raises(BadInput) as caught:
        calibrate(tmp_path / "history")
    assert {problem.kind for problem in caught.value.problems} == {"unknown_code"}
    found = calibrate(tmp_path / "history", strict=False)
    assert found.not_fitted["voids.works"] == "no rows in voids"
    assert found.quality.verdicts[0].answer == "with care"


def test_sizes_taken_together_stand_to_each_other_as_shipped() -> None:
    """Of four-bedroom homes three tenancies ended, too few to be fitted by themselves."""
    sizes = [1] * 40 + [2] * 40 + [3] * 60 + [4] * 40
    ended = [1] * 30 + [2] * 30 + [3] * 40 + [4] * 3
    homes = pl.DataFrame({"id": [f"H{i}" for i in range(len(sizes))], "bedrooms": sizes})
    first = {size: sizes.index(size) for size in set(sizes)}
    nth = [ended[:i].count(size) for i, size in enumerate(ended)]
    over = {first[size] + n for size, n in zip(ended, nth, strict=True)}
    tenancies = pl.DataFrame({
        "id": [f"T{i}" for i in range(len(sizes))], "home": homes["id"],
        "end": [dt.date(2024, 7, 1) if i in over else None for i in range(len(sizes))],
        "reason": ["left" if i in over else None for i in range(len(sizes))],
    }).with_columns(start=pl.lit(dt.date(2010, 1, 1)))
    history = History({"homes": homes, "tenancies": tenancies}, SINCE, UNTIL, frozenset())
    found = ends_by_bedrooms(history).value
    shipped = shipped_parameters()["tenancies.ends_by_bedrooms"]
    assert found["4"] / found["3"] == pytest.approx(shipped["4"] / shipped["3"])
    assert found["2"] > found["3"]

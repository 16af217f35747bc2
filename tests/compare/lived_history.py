"""A council's history that a simulated world lived through, nobody in it a person.

``python -m tests.compare.lived_history FOLDER`` writes the shipped one anew. Its tables are those
that an office would have: who joined and left, adverts, bids, nominations, tenancies and voids.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cbl_engine.simulate import listing, week_frames
from cbl_engine.simulate.luck import new_ids
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.setup import OUTCOMES, OWN_COLUMNS
from cbl_engine.simulate.state import NEVER
from cbl_engine.simulate.void_measures import NO_RELET
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.simulate.world import set_up
from cbl_engine.tables.days import date_of
from cbl_engine.tables.schemas import TABLES

WARM = 39
"""Weeks before a history begins: voids under way at the start are homes whose tenancies would have
ended in the first of them, so that fewer end in these weeks than usual."""
BEGINS = date(2024, 10, 7)
"""First day of the world."""
START = BEGINS + timedelta(weeks=WARM)
"""First day of the history."""
SCENARIO = """\
title: {title}
scheme: sheffield
world: {{households: {households}, homes: {homes}}}
start: 2024-10-07
weeks: {weeks}
replications: 50
seed: {seed}
"""
_WHAT = {"no_show": "absent", "refused_at_viewing": "refused", "refused_late": "refused",
         "failed_verification": "offer_withdrawn"}
_STATUS = {"waiting": "active", "under_offer": "under_offer", "housed": "housed"}


def lived_history(scenario, world=0):
    """The history of one world of a scenario, from the end of its first weeks: tables by name."""
    return _from(lived(scenario, world)[0], START)


def _from(tables, since):
    """What is still written of a history when the years before a day have been cleared away."""
    left = tables["status_history"].filter(
        pl.col("status").is_in(["housed", "closed"]), pl.col("since") < since)["application"]
    out = {}
    for name, frame in tables.items():
        key = "id" if name == "applications" else "application"
        out[name] = frame.filter(~pl.col(key).is_in(left.implode()).fill_null(value=False)) \
            if key in frame.columns else frame
    out["adverts"] = tables["adverts"].filter(pl.col("closes_at").dt.date() >= since)
    there = pl.col("advert").is_in(out["adverts"]["id"].implode())
    out["bids"] = out["bids"].filter(there)
    out["outcomes"] = out["outcomes"].filter(there.fill_null(value=True), pl.col("on") >= since)
    out["tenancies"] = tables["tenancies"].filter((pl.col("end") >= since).fill_null(value=True))
    gone = pl.col("leaving_application").is_in(left.implode())
    out["voids"] = tables["voids"].filter(
        (pl.col("let_on") >= since).fill_null(value=True)).with_columns(
        pl.when(~gone).then("leaving_application").alias("leaving_application"))
    return out


def lived(scenario, world=0):
    """The whole history of a world, and the tables of the world that lived it.

    Args:
        scenario: its file.
        world: which of its worlds.
    """
    read, parameters = read_scenario(scenario)
    setup = set_up(read, parameters, Path(scenario).parent)
    bids = []
    ranked = listing.rank

    def rank(state, week, on=None):
        bids.append(week.bids)
        return ranked(state, week, on)

    listing.rank = rank
    try:
        state, weeks = run_batch(setup, np.array([world]))
    finally:
        listing.rank = ranked
    until = read.start + timedelta(days=read.days)
    frames = {name: frame.drop("world") for name, frame in frames_of_run(state, weeks).items()}
    numbers = dict(zip(setup.stock["id"].cast(pl.String), setup.homes.number.tolist(), strict=True))
    adverts = _adverts(frames["adverts"], numbers, read.start, world)
    voids = _until(frames["voids"], until)
    tables = {
        **_register(state, frames["households"], until),
        "homes": setup.stock.drop(*OWN_COLUMNS, strict=False),
        "adverts": adverts.drop("vacancy"),
        "bids": pl.concat(bids).with_columns(
            pl.col("advert").cast(pl.String), _names(state, pl.concat(bids)["application"])),
        "outcomes": _outcomes(state, frames, adverts, until),
        "tenancies": _tenancies(setup.stock, frames["voids"], frames["events"], until),
        "voids": voids.drop("vacancy", "nominations", "adverts"),
    }
    named = {name: frame.select(c.name for c in TABLES[name] if c.name in frame.columns)
             for name, frame in tables.items()}
    return named, frames_of_run(state, weeks)


def _names(state, ids):
    names = dict(zip(state.households["id"].tolist(), frames_names(state), strict=True))
    return ids.replace_strict(names, return_dtype=pl.String).alias("application")


def frames_names(state):
    from cbl_engine.simulate.luck import named

    return named("P", state.households["id"])


def _until(voids, until):
    """Voids as known at the end: what is done later is not done yet. A home is taken out of letting on
    the day it is ready.
    """
    days = [c for c, t in voids.schema.items() if t == pl.Date]
    voids = voids.filter(pl.min_horizontal(days) < until).with_columns(
        pl.when(pl.col(c) < until).then(c).alias(c) for c in days)
    return voids.with_columns(
        pl.when(pl.col("inspected_on").is_not_null()).then("works").alias("works"),
        pl.when(pl.col("let_on").is_not_null()
                | (pl.col("outcome").is_in(NO_RELET) & pl.col("ready_on").is_not_null()))
        .then("outcome").alias("outcome"),
    ).drop("bedrooms", strict=False)


def _register(state, households, until):
    rows = np.arange(len(state.households))
    last = (until - date_of(0)).days - 1
    applications = week_frames.register_of(state, rows, last)["applications"]
    names = _names(state, applications["id"]).alias("id")
    applications = applications.with_columns(names).drop("status").join(
        households.select(pl.col("application").alias("id"),
                          pl.col("status").replace_strict(_STATUS, default="closed"),
                          pl.when(pl.col("left_on") < until).then("left_on").alias("left_on")),
        on="id", maintain_order="left").with_columns(
        pl.when(pl.col("left_on").is_null() & pl.col("status").is_in(["housed", "closed"]))
        .then(pl.lit("active")).otherwise("status").alias("status"))
    known = applications.filter(pl.col("registered_on") < until)
    left = known.filter(pl.col("left_on").is_not_null())
    tables = {
        "applications": known.drop("left_on"),
        "status_history": pl.concat([
            known.select(pl.col("id").alias("application"), pl.lit("active").alias("status"),
                         pl.col("registered_on").alias("since"), pl.col("left_on").alias("until")),
            left.select(pl.col("id").alias("application"), "status",
                        pl.col("left_on").alias("since"), pl.lit(None, pl.Date).alias("until")),
        ]).filter(pl.col("until").is_null() | (pl.col("until") > pl.col("since")))
        .sort("application", "since"),
        "areas": state.setup.areas,
    }
    lives = state.setup.lives
    life = state.households["life"][rows].astype(np.int64)
    for name in ("people", "connections", "duties", "officer_decisions", "rooms", "ta_placements"):
        if name in lives.tables:
            frame = week_frames._rows_of(state, name, rows, life, last)
            tables[name] = frame.with_columns(_names(state, frame["application"])).filter(
                pl.col("application").is_in(known["id"].implode()))
            if name == "officer_decisions":  # of a life that several households live
                tables[name] = tables[name].with_columns(
                    (pl.col("application") + "/" + pl.col("id").cast(pl.String)).alias("id"))
    return tables


def _adverts(adverts, numbers, start, world):
    london = ZoneInfo("Europe/London")

    def moments(days, at):
        return pl.Series([datetime.combine(d, at, london) for d in days]).cast(
            pl.Datetime("us", "Europe/London"))

    opens = [start + timedelta(weeks=w) for w in adverts["week"].to_list()]
    closes = [d + timedelta(days=6) for d in opens]
    number = adverts["home"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
    ids = new_ids(np.full(len(number), world), 0, number) | (
        (adverts["week"].to_numpy().astype(np.int64) + 1) << 24)
    return adverts.select("home", "vacancy", "profile").with_columns(
        pl.Series("id", ids).cast(pl.String),
        moments(opens, time(0, 1)).alias("opens_at"), moments(closes, time(23, 59)).alias("closes_at"),
        pl.lit("closed").alias("status"))


def _outcomes(state, frames, adverts, until):
    """What an office writes down of each nomination, day by day."""
    rows, voids = state.nominations, state.voids
    of = adverts.with_columns(pl.col("closes_at").dt.date().alias("closed_on")).sort("closed_on")
    void = rows["void"]
    names = frames_names(state)
    about = pl.DataFrame({
        "home": state.setup.stock["id"].cast(pl.String).gather(state.static(voids["home"][void])),
        "vacancy": (voids["nth"][void] + 1).astype(np.int32),
        "application": names.gather(rows["household"]),
        "on": pl.Series(rows["on"].astype(np.int32)).cast(pl.Date),
        "direct": rows["route"] == 3, "nr": np.arange(len(rows)),
    }).sort("on", "nr").join_asof(
        of.select("home", pl.col("vacancy").cast(pl.Int32), "closed_on",
                  pl.col("id").alias("advert")),
        left_on="on", right_on="closed_on", by=["home", "vacancy"], check_sortedness=False)
    out = []
    for row in about.sort("nr").iter_rows(named=True):
        nr = row["nr"]
        advert = None if row["direct"] else row["advert"]
        who = (advert, row["application"], row["home"] if advert is None else None)
        out.append((row["on"], "approved", "direct_let" if advert is None else "offer", None, *who))
        code = int(rows["outcome"][nr])
        if code < 0 or code >= len(OUTCOMES):
            continue
        what, day = OUTCOMES[code], date_of(int(rows["due"][nr]))
        if what == "accepted":
            let = int(voids["let"][void[nr]])
            out += [(day, "accepted", None, None, *who),
                    (day + timedelta(days=int(rows["signs"][nr])), "signed", None,
                     date_of(let) if let < NEVER else None, *who)]
            continue
        if what == "refused_late":
            out.append((max(row["on"], day - timedelta(days=1)), "accepted", None, None, *who))
        out.append((day, _WHAT.get(what, what), None, None, *who))
    return pl.DataFrame(
        [(f"O{i:06}", *row) for i, row in enumerate(r for r in out if r[0] < until)],
        {"id": pl.String, "on": pl.Date, "what": pl.String, "act": pl.String,
         "tenancy_start": pl.Date, "advert": pl.String, "application": pl.String,
         "home": pl.String}, orient="row")


def _tenancies(stock, voids, events, until):
    """Tenancies of each home, one after the other, from its voids and what else happened to it."""
    ends: dict[str, list] = {}
    for home, ended, let, cause in voids.select(
            "home", "tenancy_ended_on", "let_on", "cause").iter_rows():
        ends.setdefault(home, []).append((ended, cause, let))
    for home, on, event in events.select("home", "on", "event").iter_rows():
        if event in ("succession", "exchange", "right_to_buy", "demolished"):
            reason = {"demolished": "demolition"}.get(event, event)
            again = on + timedelta(days=1) if event in ("succession", "exchange") else None
            ends.setdefault(home, []).append((on, reason, again))
    out = []
    new = set(stock.filter(pl.col("built_week") >= 0)["id"].cast(pl.String))
    for home in stock["id"].cast(pl.String):
        start, there = None, True
        for ended, reason, again in sorted(ends.get(home, []), key=lambda e: e[0]):
            if ended >= until:
                break
            if home not in new or start is not None:
                out.append((home, start, ended, reason))
            start, there = again, again is not None and again < until
        if there and (home not in new or start is not None):
            out.append((home, start, None, None))
    return pl.DataFrame([(f"T{i:06}", *row) for i, row in enumerate(out)],
                        {"id": pl.String, "home": pl.String, "start": pl.Date, "end": pl.Date,
                         "reason": pl.String}, orient="row")


def written(tables, folder):
    """The tables as CSV files, columns that hold nothing left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        lists = [c for c, t in frame.schema.items() if isinstance(t, pl.List)]
        there = [c for c in frame.columns if frame[c].null_count() < frame.height]
        frame.with_columns(
            *(pl.col(c).cast(pl.List(pl.String)).list.join("|").alias(c) for c in lists),
            pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%:z"),
        ).select(there).write_csv(folder / f"{name}.csv")
    return folder


FENWOLD = SCENARIO.format(title="Fenwold, as the shipped history of it was lived", households=500,
                          homes=2000, weeks=WARM + 78, seed=1)


def main(folder):
    out = Path(folder)
    with TemporaryDirectory() as beside:
        scenario = Path(beside) / "fenwold.yaml"
        scenario.write_text(FENWOLD, encoding="utf-8")
        written(lived_history(scenario), out)


if __name__ == "__main__":
    main(*sys.argv[1:])

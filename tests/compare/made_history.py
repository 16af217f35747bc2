"""A council's history made from known parameters, nobody in it a person.

``python -m tests.compare.made_history FOLDER`` writes the shipped one anew.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from cbl_engine.simulate.parameters import days_table

SINCE, UNTIL = dt.date(2023, 1, 2), dt.date(2025, 1, 6)
_BEGIN = dt.date(2021, 1, 4)
_EPOCH = dt.date(1970, 1, 1)
_YEAR = 365.25

BECOMES = ("no_contact", "withdrew", "failed_verification", "landlord_rejected", "no_show",
           "refused_at_viewing", "refused_late", "accepted")
_WHAT = {"no_show": "absent", "refused_at_viewing": "refused", "refused_late": "refused",
         "failed_verification": "offer_withdrawn"}


def _even(*weights):
    return dict(zip(BECOMES, weights, strict=True))


@dataclass(frozen=True)
class Truth:
    """What a history is made from; names as in the catalogue."""

    homes: int = 8000
    register: int = 2500
    values: dict = field(default_factory=lambda: {
        "arrivals.per_year": 0.30,
        "households.lapse_per_year": 0.15,
        "bidding.kinds": {"never": 0.45, "seldom": 0.40, "often": 0.15},
        "bidding.kinds_joining": {"never": 0.30, "seldom": 0.45, "often": 0.25},
        "bidding.seldom_per_week": 0.08,
        "bidding.often_per_week": 0.70,
        "bidding.assisted": 0.06,
        "nominations.own": _even(0.08, 0.06, 0.05, 0.05, 0.04, 0.12, 0.05, 0.55),
        "nominations.assisted": _even(0.05, 0.08, 0.06, 0.05, 0.04, 0.14, 0.03, 0.55),
        "nominations.automatic": _even(0.12, 0.12, 0.06, 0.04, 0.06, 0.18, 0.02, 0.40),
        "nominations.direct": _even(0.04, 0.06, 0.04, 0.04, 0.02, 0.16, 0.02, 0.62),
        "nominations.days": {
            name: {0: 2, 50: 4 + at, 100: 12 + at} for at, name in enumerate(BECOMES)
        },
        "nominations.sign_up_days": {0: 1, 50: 3, 90: 8, 100: 14},
        "tenancies.end_per_year": 0.05,
        # No home has 0 bedrooms or 4: those stand to their neighbours as the shipped values do.
        "tenancies.ends_by_bedrooms": {"0": 1.4 * 1.5 / 1.31, "1": 1.4, "2": 0.9, "3": 0.7,
                                       "4": 0.7 * 0.5 / 0.62},
        "tenancies.causes": {"left": 0.40, "died": 0.34, "care": 0.06, "evicted": 0.09,
                             "abandoned": 0.06, "mutual_agreement": 0.05},
        "tenancies.succession": 0.25,
        "voids.notice_days": {0: 0, 30: 0, 31: 28, 100: 28},
        "voids.late_keys_days": {0: 0, 60: 0, 90: 7, 100: 21},
        "voids.inspection_days": {0: 0, 50: 2, 90: 5, 100: 10},
        "voids.works": {"none": 0.10, "standard": 0.60, "major": 0.24, "adaptation": 0.06},
        "voids.works_days": {
            "none": {0: 0, 100: 2},
            "standard": {0: 3, 50: 14, 90: 28, 100: 56},
            "major": {0: 21, 50: 56, 90: 120, 100: 240},
            "adaptation": {0: 14, 50: 42, 90: 90, 100: 180},
        },
    })


def made_history(seed: int, truth: Truth | None = None) -> dict[str, pl.DataFrame]:
    """Tables as they would be extracted on the last day of the window."""
    truth = truth or Truth()
    rng = np.random.default_rng(seed)
    homes = pl.DataFrame({
        "id": [f"H{i:05}" for i in range(truth.homes)],
        "bedrooms": rng.integers(1, 4, truth.homes),
    })
    tenancies, voids = _homes(rng, truth, homes["bedrooms"].to_numpy())
    register, bids, adverts, outcomes = _register(rng, truth, homes)
    applications, status_history = register
    tables = {
        "applications": applications, "status_history": status_history, "homes": homes,
        "adverts": adverts, "bids": bids, "outcomes": outcomes, "tenancies": tenancies,
        "voids": voids,
    }
    return {
        name: frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone("Europe/London"))
        for name, frame in tables.items()
    }


def _days(rng, percentiles, n):
    return days_table(percentiles)[rng.integers(0, 4096, n)]


def _dates(days):
    return pl.Series(np.asarray(days), dtype=pl.Int32).cast(pl.Date)


def _number(day):
    return (day - _EPOCH).days


def _monday(days):
    """The Monday on or after; day 4 after the epoch was one."""
    return days + (4 - days) % 7


def _homes(rng, truth, bedrooms):
    """Tenancies that end by one hazard for homes of a size, and the stages of the voids between them."""
    value = truth.values
    begin, until = _number(_BEGIN), _number(UNTIL)
    causes = list(value["tenancies.causes"])
    works = list(value["voids.works"])
    tenancies, voids = [], []
    home = np.arange(truth.homes)
    factors = np.array(list(value["tenancies.ends_by_bedrooms"].values()))[bedrooms]
    ends_per_year = value["tenancies.end_per_year"] * factors / factors.mean()
    start = np.full(truth.homes, begin)
    first = True
    while len(home):
        # Days that one more tenancy runs, at least one.
        ran = 1 + rng.exponential(_YEAR / ends_per_year[home]).astype(int)
        end = start + ran - 1
        ends = end < until
        cause = rng.choice(causes, len(home), p=list(value["tenancies.causes"].values()))
        succeeded = (cause == "died") & (rng.random(len(home)) < value["tenancies.succession"])
        reason = np.where(succeeded, "succession", cause)
        tenancies.append(pl.DataFrame({
            "home": home,
            "start": pl.Series([None] * len(home), dtype=pl.Date) if first else _dates(start),
            "end": _dates(end),
            "reason": reason,
        }).with_columns(
            pl.when(pl.Series(ends)).then("end").alias("end"),
            pl.when(pl.Series(ends)).then("reason").alias("reason"),
        ))
        void = ends & ~succeeded
        n = int(void.sum())
        kind = rng.choice(works, n, p=list(value["voids.works"].values()))
        keys = end[void] + _days(rng, value["voids.late_keys_days"], n)
        inspected = keys + _days(rng, value["voids.inspection_days"], n)
        took = np.zeros(n, int)
        for name in works:
            here = kind == name
            took[here] = _days(rng, value["voids.works_days"][name], int(here.sum()))
        ready = inspected + took
        closed = ready + 7
        accepted = closed + rng.integers(3, 15, n)
        let = _monday(accepted + rng.integers(1, 8, n))
        notice = _days(rng, value["voids.notice_days"], n)
        days = {
            "tenancy_ended_on": end[void], "notice_given_on": end[void] - notice,
            "keys_in_on": keys, "inspected_on": inspected, "ready_on": ready,
            "advertised_on": ready, "closed_on": closed, "accepted_on": accepted, "let_on": let,
        }
        voids.append(pl.DataFrame({
            "home": home[void], "cause": cause[void], "works": kind,
            **{name: _dates(d) for name, d in days.items()},
        }).with_columns(
            pl.when(pl.Series(notice > 0)).then("notice_given_on").alias("notice_given_on"),
        ))
        # A successor's tenancy begins the next day.
        again = np.where(succeeded, end + 1, 0)
        again[void] = let
        on = ends & (again < until)
        home, start, first = home[on], again[on], False
    known = pl.selectors.date().is_not_null() & (pl.selectors.date() < UNTIL)
    made = pl.concat(voids).with_columns(pl.when(known).then(pl.selectors.date()))
    made = made.with_columns(
        pl.when(pl.col("inspected_on").is_not_null()).then("works").alias("works")
    )
    return _with_ids(pl.concat(tenancies), "T"), _with_ids(made, "V")


def _with_ids(frame, letter):
    return frame.sort("home", "end" if "end" in frame.columns else "tenancy_ended_on").select(
        pl.format(letter + "{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)).alias("id"),
        pl.format("H{}", pl.col("home").cast(pl.String).str.zfill(5)).alias("home"),
        pl.exclude("home"),
    )


def _register(rng, truth, homes):
    value = truth.values
    since, until = _number(SINCE), _number(UNTIL)
    years = (until - since) / _YEAR
    came = rng.poisson(value["arrivals.per_year"] * truth.register * years)
    n = truth.register + came
    opening = since - 1 - rng.exponential(900, truth.register).astype(int)
    registered = np.concatenate([opening, rng.integers(since, until, came)])
    at_risk = np.maximum(registered, since)
    closed = at_risk + 1 + rng.exponential(_YEAR / value["households.lapse_per_year"], n).astype(int)
    gone = closed < until
    ids = np.array([f"A{i:05}" for i in range(n)])
    need = rng.integers(1, 4, n)
    adverts, bids, nominees = _bids(rng, truth, ids, need, registered, closed)
    outcomes = _outcomes(rng, truth, ids, homes, adverts, nominees)
    housed = outcomes.filter(pl.col("what") == "signed").group_by("application").agg(
        pl.col("on").min().alias("housed_on")
    )
    register = pl.DataFrame({
        "id": ids, "registered_on": _dates(registered), "bedroom_need": need,
        "closed_on": _dates(closed), "gone": gone,
    }).join(housed, left_on="id", right_on="application", how="left", maintain_order="left")
    first = pl.col("gone") & (pl.col("housed_on").is_null() | (pl.col("closed_on") < pl.col("housed_on")))
    status = pl.when(first).then(pl.lit("closed")).when(pl.col("housed_on").is_not_null()).then(
        pl.lit("housed")).otherwise(pl.lit("active"))
    register = register.with_columns(
        status.alias("status"),
        pl.when(first).then("closed_on").otherwise("housed_on").alias("left_on"),
    )
    left = register.filter(pl.col("left_on").is_not_null())
    history = pl.concat([
        register.select(pl.col("id").alias("application"), pl.lit("active").alias("status"),
                        pl.col("registered_on").alias("since"), pl.col("left_on").alias("until")),
        left.select(pl.col("id").alias("application"), "status",
                    pl.col("left_on").alias("since"), pl.lit(None, pl.Date).alias("until")),
    ]).filter(pl.col("until").is_null() | (pl.col("until") > pl.col("since"))).sort(
        "application", "since")
    return (
        (register.select("id", "status", "registered_on", "bedroom_need"), history),
        bids, adverts, outcomes,
    )


def _bids(rng, truth, ids, need, registered, closed):
    """Adverts of each size every week; own bids by kind of bidder; officers' and automatic ones."""
    value = truth.values
    mondays = np.arange(_number(SINCE), _number(UNTIL) - 6, 7)
    chance = np.array([0, value["bidding.seldom_per_week"], value["bidding.often_per_week"]])
    new = registered >= _number(SINCE)
    kinds = np.where(new, *(rng.choice(3, len(ids), p=list(value[name].values()))
                            for name in ("bidding.kinds_joining", "bidding.kinds")))
    adverts, rows, nominees = [], [], []
    for week, monday in enumerate(mondays):
        for size in (1, 2, 3):
            advert = f"W{week:03}-{size}"
            shut = dt.datetime.combine(_EPOCH + dt.timedelta(days=int(monday) + 6), dt.time(12))
            adverts.append((advert, size, shut - dt.timedelta(days=5), shut,
                            "withdrawn" if week % 20 == 19 and size == 3 else "closed"))
            if week % 25 == 24:  # one more that nobody bids for
                adverts.append((f"{advert}-b", size, *adverts[-1][2:]))
            here = np.nonzero((need == size) & (registered <= monday) & (closed > monday))[0]
            bidding = here[rng.random(len(here)) < chance[kinds[here]]]
            helped = rng.random(len(bidding)) < value["bidding.assisted"]
            own, of_officer = bidding[~helped], bidding[helped]
            automatic = rng.choice(here, min(len(here), 6), replace=False)
            for by, who in (("applicant", own), ("officer", of_officer), ("automatic", automatic)):
                # An hour for each kind, so that the last bid of a household is of one kind.
                at = shut - dt.timedelta(hours={"applicant": 50, "officer": 26, "automatic": 14}[by])
                hour = dt.timedelta(hours=1)
                for j, i in enumerate(who):
                    placed = at + dt.timedelta(minutes=int(j))
                    if (j + week) % 50 == 49:  # taken back, then placed again: it bids as often as before
                        rows.append((advert, ids[i], placed, by, placed + hour))
                        placed += 2 * hour
                    rows.append((advert, ids[i], placed, by, None))
            last = {int(i): by for by, who in
                    (("own", own), ("assisted", of_officer), ("automatic", automatic)) for i in who}
            chosen = rng.permutation(sorted(last))[:4]
            nominees += [(advert, ids[i], last[i], int(monday) + 8) for i in map(int, chosen)]
    when = pl.Datetime("us")
    return (
        pl.DataFrame(adverts, {"id": pl.String, "bedrooms": pl.Int64, "opens_at": when,
                               "closes_at": when, "status": pl.String}, orient="row"),
        pl.DataFrame(rows, {"advert": pl.String, "application": pl.String, "placed_at": when,
                            "placed_by": pl.String, "withdrawn_at": when}, orient="row"),
        nominees,
    )


def _outcomes(rng, truth, ids, homes, adverts, nominees):
    value = truth.values
    until = _number(UNTIL)
    rows = []
    mondays = sorted({day for *_, day in nominees})
    direct = [(None, ids[i], "direct", day) for day in mondays
              for i in rng.choice(len(ids), 3, replace=False)]
    ways = {s: list(value[f"nominations.{s}"].values()) for s in ("own", "assisted", "automatic", "direct")}
    tables = {name: days_table(value["nominations.days"][name]) for name in BECOMES}
    sign_up = days_table(value["nominations.sign_up_days"])
    for at, (advert, application, source, day) in enumerate((*nominees, *direct)):
        became = BECOMES[rng.choice(8, p=ways[source])]
        over = day + int(tables[became][rng.integers(4096)])
        home = None if advert else homes["id"][int(at % homes.height)]
        events = [(day, "approved", "direct_let" if advert is None else "offer", None)]
        if became == "accepted":
            signed = over + int(sign_up[rng.integers(4096)])
            events += [(over, "accepted", None, None),
                       (signed, "signed", None, _monday(np.int64(signed)))]
        else:
            if became == "refused_late":
                events.append((max(day + 1, over - 2), "accepted", None, None))
            elif became in ("refused_at_viewing", "refused_late"):
                events.append((over, "viewed", None, None))
            events.append((over, _WHAT.get(became, became), None, None))
        rows += [(on, what, act, start, advert, application, home) for on, what, act, start in events
                 if on < until]
    frame = pl.DataFrame(
        [(i, *row) for i, row in enumerate(rows, 1)],
        {"id": pl.Int64, "on": pl.Int32, "what": pl.String, "act": pl.String,
         "tenancy_start": pl.Int32, "advert": pl.String, "application": pl.String, "home": pl.String},
        orient="row",
    )
    return frame.with_columns(
        pl.format("O{}", pl.col("id").cast(pl.String).str.zfill(6)).alias("id"),
        pl.col("on", "tenancy_start").cast(pl.Date),
    )


def main(folder: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in made_history(1, Truth(homes=2000, register=400)).items():
        frame.with_columns(
            pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M")
        ).write_csv(out / f"{name}.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])

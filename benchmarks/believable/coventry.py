"""A prediction of what was not looked at: who was housed in Coventry by 28 April 2022.

    python -m benchmarks.believable.coventry

Known and used: live applications by band and by bedroom need, band reasons, the adverts by
bedrooms, how many were let, and bids per advert overall (119.6), which sets how many households
bid. Predicted: bids per advert by bedrooms; for the 212 applications with status Housed, how they
split by band and by bedroom need, and how long they waited from the priority date of their band.
The extract has none of these, so the prediction stays one.

The scheme is the shipped one. What the extract leaves open is varied, all ways equally likely, and an
80% interval holds that share of all worlds: see :data:`ASSUMPTIONS`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.believable.check import band_of_outcomes, keep
from benchmarks.believable.worlds import NOTHING_ENDS, changed, run
from cbl_engine.draws import draw
from cbl_engine.sample import sample_borough_for
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.setup import STANDING, Setup
from cbl_engine.tables.days import day_number

EXTRACT = Path(__file__).parent / "data" / "coventry_homefinder_2022_04_28.csv"
START, WEEKS = date(2021, 9, 6), 47
"""31 May 2021 to 24 April 2022, moved by 14 weeks: the shipped scheme begins in September 2021."""
MADE_ON = "2026-11-22"
HOUSED = 212
PREFERRED = {"housed": 212, "offered": 65}
ASSUMPTIONS = (
    "Every application dates from about June 2021, so all registered again. Either 70% of those "
    "ever live did so by 1 June and the rest evenly over the 47 weeks, or 30%.",
    "Their priority dates: either that of the old register, with waits as made up from published "
    "shares, or the day they registered again, as the policy says of any band newly awarded. Who "
    "joined later has the day of joining.",
    "How bids are spread: either some households bid in three weeks of four, as much as they may, "
    "and the others never; or four of five bid now and then. Either way how many do is set so that "
    "an advert has 119.6 bids.",
    "Ever live are the live, the offered and the housed (4,102). Removed, pending and unvalidated "
    "applications never bid. Those housed had bands and needs like the live before they were.",
    "Band and bedroom need are independent; reasons within a band are as in the extract. Everyone "
    "has a local connection; homes differ by bedrooms alone; one person may have a studio or one "
    "bedroom, everyone else the size needed.",
    "Adverts are spread evenly over the weeks, sizes in drawn order. Nominations take so long (a factor set by hand) that "
    "about as many homes are let as were; withdrawn adverts are not told apart.",
    "The council bids for households owed the main duty as simulated worlds have it; nothing is let "
    "directly.",
)
_REASONS: dict[str, dict[str, tuple[str, str, str] | int]] = {
    "1": {
        "main homelessness duty accepted": ("duty", "main", ""),
        "urgent health or social care need": ("decision", "health", "urgent"),
        "urgent social or welfare need": ("decision", "welfare", "urgent"),
        "care leaver, tenancy ready": ("decision", "care_leaver", "tenancy_ready"),
    },
    "2": {
        "overcrowded by 2 or more": -2,
        "named supported accommodation (two groups)": ("decision", "move_on", "tenancy_ready"),
        "homelessness relief": ("duty", "relief", ""),
        "tenant of a partner, under-occupying (two groups)": 1,
    },
    "3": {
        "overcrowded by 1": -1,
        "social, welfare or hardship need": ("decision", "welfare", "not_urgent"),
        "health or social care need": ("decision", "health", "not_urgent"),
        "homelessness prevention": ("duty", "prevention", ""),
        "homeless, no priority need": ("decision", "homelessness", "not_priority"),
    },
    "4": {"housing need with local connection": ("decision", "need", "4")},
    "RP": {"reduced preference": ("decision", "behaviour", "unsuitable")},
}
"""By band, what puts a household there: a duty, a decision, or bedrooms too many (few: below 0)."""


@dataclass(frozen=True)
class Setting:
    """What the extract leaves open.

    Attributes:
        opening: share of those ever live who are there at the start.
        dates_kept: priority dates of the old register stand.
        few: some bid nearly every week and the others never; or else most now and then.
    """

    opening: float
    dates_kept: bool
    few: bool


LET = 3000
"""Homes in which tenants on the register live: any number that is enough, for what is advertised is
given, and the homes that tenants leave are among the adverts already."""
SETTINGS = [Setting(*each) for each in product((0.3, 0.7), (True, False), (True, False))]


def extract(table: str) -> dict[str, int]:
    """A table of the extract, by group."""
    found = pl.read_csv(EXTRACT).filter(pl.col("table") == table)
    return dict(zip(found["group"], found["count"], strict=True))


def _drawn(seed: int, stream: int, at: np.ndarray, counts: dict[Any, int]) -> np.ndarray:
    """A group for each, in proportion to the counts."""
    edges = np.cumsum(list(counts.values())) / sum(counts.values())
    even = (draw(seed, stream, at) >> np.uint64(11)).astype(float) * 2.0**-53
    return np.searchsorted(edges, even, side="right").clip(max=len(counts) - 1)


def households(n: int, seed: int, on: date, *, old_dates: bool) -> dict[str, pl.DataFrame]:
    """Frames of so many households whose bands and needs are those of the extract."""
    scheme = load_scheme("coventry")
    base = sample_borough_for(scheme, households=n, adverts=0, seed=seed, close_on=on)
    at = np.arange(n)
    by_band = extract("live applications by band")
    by_need = extract("live applications by bedroom need")
    by_reason = extract("applications by band reason")
    bands = np.array(list(by_band))[_drawn(seed, 1, at, by_band)]
    words = np.array(list(by_need))[_drawn(seed, 2, at, by_need)]
    single = words == "studio or 1 (single person)"
    need = np.where(single, "1", words).astype(int)
    reason = np.empty(n, object)
    for number, (band, reasons) in enumerate(_REASONS.items()):
        counts = {name: by_reason[name] for name in reasons}
        mine = bands == band
        reason[mine] = np.array(list(counts), object)[_drawn(seed, 10 + number, at[mine], counts)]
    what = [_REASONS[b][r] for b, r in zip(bands, reason, strict=True)]
    spare = np.array([w if isinstance(w, int) else 0 for w in what])
    ids = base["applications"]["id"]
    day = base["applications"]["registered_on"] if old_dates else pl.Series([on] * n)
    rows = [(i, d, w) for i, d, w in zip(ids, day, what, strict=True) if not isinstance(w, int)]
    need_4 = [(i, d, ("decision", "need", "4")) for i, d, b in zip(ids, day, bands, strict=True)
              if b == "RP"]
    decided = [r for r in rows + need_4 if r[2][0] == "decision"]
    owed = [r for r in rows if r[2][0] == "duty"]
    applications = base["applications"].with_columns(
        status=pl.lit("active"), registered_on=day, submitted_on=day, reviewed_on=day,
        band=pl.lit(None, pl.String), points=pl.lit(None, pl.Int64), band_from=day,
        priority_date=pl.lit(None, pl.Date), bedroom_need=pl.Series(need),
        sizes=pl.Series([[0, 1] if s else [k] for s, k in zip(single, need.tolist(), strict=True)]),
        current_bedrooms=pl.Series(np.maximum(need + spare, 0)),
        current_home=pl.when(pl.Series(spare > 0)).then(pl.lit("T") + pl.col("id")),
        exempt_from_connection=pl.lit(value=True), access_need=pl.lit("general"),
    )
    decisions = pl.DataFrame({
        "id": [f"{r[0]}-{r[2][1]}" for r in decided], "application": [r[0] for r in decided],
        "subject": [r[2][1] for r in decided], "stage": ["decision"] * len(decided),
        "value": [r[2][2] for r in decided], "decided_on": [r[1] for r in decided],
        "since": [r[1] for r in decided], "until": [None] * len(decided),
    }, schema=base["officer_decisions"].schema)
    duties = pl.DataFrame({
        "application": [r[0] for r in owed], "kind": [r[2][1] for r in owed],
        "since": [r[1] for r in owed], "until": [None] * len(owed),
    }, schema=base["duties"].schema)
    empty = {name: base[name].clear() for name in ("people", "connections")}
    return {**empty, "applications": applications, "officer_decisions": decisions,
            "duties": duties, "areas": base["areas"]}


def homes(seed: int) -> pl.DataFrame:
    """The adverts' homes, one after another over the weeks, beside homes that stay let."""
    sizes = extract("adverts by bedrooms")
    each = np.repeat([int(name.split()[0]) for name in sizes], list(sizes.values()))
    order = np.argsort(draw(seed, 99, np.arange(len(each))))
    n = len(each)
    bedrooms = np.concatenate([each[order], np.resize([1, 2, 3], LET)]).astype(np.int64)
    weeks = np.concatenate([np.arange(n) * WEEKS // n, np.full(LET, STANDING)]).astype(np.int32)
    return pl.DataFrame({
        "id": [f"H{i:04d}" for i in range(n + LET)], "bedrooms": bedrooms,
        "area": ["coventry"] * (n + LET), "built_week": weeks,
    })


def world(setting: Setting, bidding: float, seed: int) -> Setup:
    """A world in a setting.

    Args:
        setting: what is open.
        bidding: how many bid, as a share of all (few) or as a chance a week (many).
        seed: of all luck.
    """
    ever = sum(extract("live applications by band").values()) + sum(PREFERRED.values())
    n_opening = round(ever * setting.opening)
    opening = households(n_opening, seed, START, old_dates=setting.dates_kept)
    joining = households(2000, seed + 1, START, old_dates=False)
    kinds = {"never": 1 - bidding, "seldom": 0.0, "often": bidding} if setting.few else \
        {"never": 0.2, "seldom": 0.8, "often": 0.0}
    parameters = changed({
        **dict.fromkeys(NOTHING_ENDS, 0.0), "chains.elsewhere": 1.0, "direct.share": 0.0,
        "households.need_rises_per_year": 0.0,
        "bidding.kinds": kinds, "bidding.kinds_joining": kinds,
        "bidding.seldom_per_week": min(bidding, 1.0), "nominations.days": _slow(),
    })
    luck = Luck(seed)
    scheme = load_scheme("coventry")
    lives = make_lives(scheme, opening, joining, START, WEEKS, 4, parameters, luck, ["coventry"])
    return Setup(scheme, lives, homes(seed), day_number(START), WEEKS, parameters, luck,
                 opening["areas"], arrivals_per_week=ever * (1 - setting.opening) / WEEKS)


SLOWER = 18.0
"""Nominations take so many times the usual days: with it about 429 of the 914 homes are let in time."""


def _slow() -> dict[str, dict[int, float]]:
    from cbl_engine.simulate.parameters import shipped_parameters

    usual = shipped_parameters()["nominations.days"]
    return {name: {p: SLOWER * d for p, d in points.items()} for name, points in usual.items()}


def fitted_bidding(setting: Setting, seed: int) -> tuple[float, Setup]:
    """How many bid, so that bids an advert come to those published; the world with it."""
    wanted = extract("bids")["all adverts"] / sum(extract("adverts by bedrooms").values())
    low, high = 0.0, 1.0
    for _ in range(7):
        at = (low + high) / 2
        found = run(world(setting, at, seed), 2)["adverts"]
        low, high = (at, high) if found["bids"].mean() < wanted else (low, at)
    return at, world(setting, at, seed)


def figures(frames: dict[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """What is predicted, in each world, for as many as were housed, drawn from all it housed."""
    end = START + timedelta(weeks=WEEKS)
    let = frames["lettings"].filter(pl.col("let_on") <= end).with_columns(
        waited=(pl.col("let_on") - pl.col("priority_date")).dt.total_days(),
        need=pl.col("bedroom_need").clip(1, 5))
    out = []
    for (number,), mine in let.group_by("world", maintain_order=True):
        adverts = frames["adverts"].filter(world=number)
        told: dict[str, Any] = {"let": mine.height, "bids": adverts["bids"].mean()}
        mine = mine[np.argsort(draw(1, number, np.arange(mine.height)))[:HOUSED]]
        told["waited"] = mine["waited"].mean()
        for size in range(7):
            told[f"bids/{size}"] = adverts.filter(bedrooms=size)["bids"].mean()
        for band in ("1", "2", "3", "4", "Reduced"):
            own = mine.filter(band=band)
            told[f"band/{band}"] = own.height
            told[f"band wait/{band}"] = own["waited"].mean()
        for need in range(1, 6):
            own = mine.filter(need=need)
            told[f"need/{need}"] = own.height
            told[f"need wait/{need}"] = own["waited"].mean()
        out.append(told)
    return out


def predict(worlds: int, seed: int) -> dict[str, Any]:
    """The prediction over every setting."""
    every, by_setting = [], []
    for number, setting in enumerate(SETTINGS):
        at, setup = fitted_bidding(setting, seed + 10 * number)
        found = figures(run(setup, worlds, batch=worlds))
        every += found
        by_setting.append({
            "opening": setting.opening, "dates_kept": setting.dates_kept, "few": setting.few,
            "bidding": at, **{k: float(np.mean([f[k] for f in found]))
                              for k in ("let", "bids", "waited")}})
        print(by_setting[-1], flush=True)
    names = [k for k in every[0] if k not in ("bids", "let")]

    def values(name: str) -> np.ndarray:
        return np.array([np.nan if f[name] is None else f[name] for f in every], float)

    predicted = {name: band_of_outcomes(values(name)) for name in names}
    return {"made_on": MADE_ON, "worlds": len(every), "interval": 0.8, "settings": by_setting,
            "let": band_of_outcomes(values("let")), "bids": band_of_outcomes(values("bids")),
            "predicted": predicted, "assumptions": ASSUMPTIONS}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--worlds", type=int, default=8, help="worlds in each setting")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    told = predict(given.worlds, given.seed)
    for name, found in told["predicted"].items():
        print(name, {k: v if v is None else round(v, 1) for k, v in found.items()})
    print(keep("coventry", told))


if __name__ == "__main__":
    main()

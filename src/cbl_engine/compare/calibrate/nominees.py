"""How nominations differ by landlord and by kind of household: relative odds, and factors on days.

1. A nomination's expected shares are those of its route, times the odds of its landlord and of its
household. 2. For each landlord, then each kind of household, in turn until nothing moves, the odds of
each failure are put right by what was seen over what was expected, acceptance being 1. 3. Each group
is given ten more nominations that came out as expected: what rests on few rows is drawn to 1. A
group of fewer than 30 nominations keeps the shipped values, and it is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate.fit import Fit, left_out
from cbl_engine.compare.calibrate.history import FEWEST, CannotFitError
from cbl_engine.compare.calibrate.nominations import nominations
from cbl_engine.simulate.nominees import HOUSEHOLDS, OLDER
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import LANDLORDS, OUTCOMES, ROUTES
from cbl_engine.tables.days import YEAR
from cbl_engine.tables.versions import last_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cbl_engine.compare.calibrate.history import History

MORE = 10
"""Nominations as expected that each group is given."""
_ROUNDS = 50
_MOST_OVERWRITTEN = 0.02
_ACCEPTED = OUTCOMES.index("accepted")
_Z = 1.959964


def _landlords(history: History) -> pl.DataFrame | None:
    """Home and landlord; None where nothing says whose a home is."""
    homes = history.frames.get("homes")
    if homes is None or "nomination_right" not in homes.columns:
        return None
    right = pl.col("nomination_right").is_not_null()
    if not homes.select(right.any()).item():
        return None
    kind = pl.when(right).then(pl.lit("provider")).otherwise(pl.lit("council"))
    return homes.select(pl.col("id").alias("home"), kind.alias("landlord")).unique(
        "home", keep="last", maintain_order=True)


def _kinds(history: History) -> tuple[pl.DataFrame | None, str]:
    """Application and household, the first kind that fits; and the remark on what nothing says."""
    applications = last_versions(history.table("applications", "id"))
    ids = applications["id"]
    is_kind: dict[str, pl.Series] = {}
    placed = [history.frames[t]["application"] for t in ("duties", "ta_placements")
              if t in history.frames]
    if placed:
        is_kind["homeless"] = ids.is_in(pl.concat(placed).implode())
    overwritten = ""
    if "current_home" in applications.columns:
        overwritten = _overwritten(history, applications)
        if not overwritten:
            is_kind["transfer"] = applications["current_home"].is_not_null()
    people = history.frames.get("people")
    if people is not None and {"relationship", "date_of_birth"} <= set(people.columns):
        children = people.filter(pl.col("relationship").cast(pl.String) == "child")["application"]
        is_kind["family"] = ids.is_in(children.implode())
        is_kind["older"] = ids.is_in(_older(applications, people).implode())
    if not is_kind:
        return None, overwritten
    kind = np.select([is_kind[k].to_numpy() for k in is_kind], list(is_kind), "other")
    lost = [k for k in HOUSEHOLDS[:-1] if k not in is_kind]
    remark = f"nothing says who is {', '.join(lost)}: such households are among the others" \
        if lost else ""
    said = "; ".join(filter(None, (overwritten, remark)))
    return pl.DataFrame({"application": ids, "household": kind}), said


def _overwritten(history: History, applications: pl.DataFrame) -> str:
    """Why current homes do not say who was a tenant; empty where they do.

    Many registers write over the home of those housed with the one they were let: by that everybody who
    accepted would be a tenant.
    """
    of = history.once(nominations).filter(became="accepted").drop_nulls("home").join(
        applications.select(pl.col("id").alias("application"), "current_home"), on="application")
    let = of.filter(pl.col("home").cast(pl.String) == pl.col("current_home").cast(pl.String)).height
    return "" if let <= _MOST_OVERWRITTEN * of.height else (
        f"current_home is the home they were let of {let:,} of {of.height:,} who accepted: who was a tenant before "
        "is not known")


def _older(applications: pl.DataFrame, people: pl.DataFrame) -> pl.Series:
    born = people.filter(pl.col("relationship").cast(pl.String) == "applicant").group_by(
        "application").agg(pl.col("date_of_birth").min())
    joined = applications.select(pl.col("id").alias("application"), "registered_on").join(
        born, on="application")
    age = (pl.col("registered_on") - pl.col("date_of_birth")).dt.total_days() / YEAR
    return joined.filter(age >= OLDER)["application"]


class _Rows:
    """Nominations that are over, whose route is known, with numbers for their groups.

    Attributes:
        frame: as ``nominations`` has them.
        route, became: numbers.
        groups: ``landlord`` and ``household``: a number for each row, -1 not known.
        remarks: what to know of a grouping; a grouping that nothing says is left out.
    """

    def __init__(self, history: History) -> None:
        found = history.once(nominations)
        of = found.filter(~pl.col("open"), pl.col("source").is_not_null())
        self.lost = found.height - of.height
        landlords = _landlords(history)
        kinds, said = _kinds(history)
        self.remarks = {"household": said}
        for frame, key, name in ((landlords, "home", "landlord"), (kinds, "application", "household")):
            of = of.join(frame, on=key, how="left", maintain_order="left") if frame is not None \
                else of.with_columns(pl.lit(None, pl.String).alias(name))
        self.frame = of
        self.route = _number(of["source"], ROUTES)
        self.became = _number(of["became"], OUTCOMES)
        self.groups = {"landlord": _number(of["landlord"], LANDLORDS),
                       "household": _number(of["household"], HOUSEHOLDS)}

    def known(self, name: str) -> NDArray[np.int64]:
        """The groups of a grouping.

        Raises:
            CannotFitError: nothing in the history says which.
        """
        why = {
            "landlord": "no home has a nomination_right: whose homes they are is not known",
            "household": self.remarks["household"]
            or "no duties, people or current homes: what kind of household is not known",
        }
        if (self.groups[name] < 0).all():
            raise CannotFitError(why[name])
        return self.groups[name]


def _number(names: pl.Series, of: tuple[str, ...]) -> NDArray[np.int64]:
    return names.replace_strict(of, range(len(of)), default=-1, return_dtype=pl.Int64).fill_null(
        -1).to_numpy()


_NAMES = {"landlord": LANDLORDS, "household": HOUSEHOLDS}


def _fitted_odds(history: History) -> dict[str, NDArray[np.float64]]:
    """Odds by grouping: group, outcome; 1 for groups that are not known or too small."""
    rows = history.once(_Rows)
    seen = np.eye(len(OUTCOMES))[rows.became]
    routes = np.array([seen[rows.route == r].mean(axis=0) if (rows.route == r).any()
                       else np.full(len(OUTCOMES), 1 / len(OUTCOMES)) for r in range(len(ROUTES))])
    odds = {name: np.ones((len(groups) + 1, len(OUTCOMES))) for name, groups in _NAMES.items()}
    for _ in range(_ROUNDS):
        for name, of in rows.groups.items():
            shares = routes[rows.route] * np.prod(
                [odds[other][rows.groups[other]] for other in odds], axis=0)
            shares /= shares.sum(axis=1, keepdims=True)
            for group in _large(of, name):
                mine = of == group
                usual = routes[rows.route[mine]].mean(axis=0)
                theirs = usual * odds[name][group] / (usual * odds[name][group]).sum()
                moved = (seen[mine].sum(axis=0) + MORE * usual) / np.maximum(
                    shares[mine].sum(axis=0) + MORE * theirs, 1e-12)
                odds[name][group] *= moved / moved[_ACCEPTED]
    return odds


def _large(of: NDArray[np.int64], name: str) -> Iterator[int]:
    for group in range(len(_NAMES[name])):
        if (of == group).sum() >= FEWEST:
            yield group


def _odds_of(history: History, name: str) -> Fit:
    rows = history.once(_Rows)
    of = rows.known(name)
    odds = history.once(_fitted_odds)[name]
    shipped = shipped_parameters()[f"nominations.{name}_odds"]
    values, intervals, kept, used = {}, {}, [], 0
    for number, group in enumerate(_NAMES[name]):
        n = int((of == number).sum())
        if n < FEWEST:
            values[group] = dict(shipped[group])
            kept.append(f"{group} ({n} rows)")
            continue
        used += n
        counts = np.bincount(rows.became[of == number], minlength=len(OUTCOMES))
        values[group] = {}
        for at, outcome in enumerate(OUTCOMES[:_ACCEPTED]):
            value = float(odds[number, at])
            values[group][outcome] = value
            # One half more of each, so that an outcome never seen has an interval.
            error = np.sqrt(1 / (counts[at] + 0.5) + 1 / (counts[_ACCEPTED] + 0.5))
            intervals[f"{group} {outcome}"] = (
                float(value * np.exp(-_Z * error)), float(value * np.exp(_Z * error)))
    if not used:
        raise CannotFitError(f"fewer than {FEWEST} nominations of each: {', '.join(kept)}")
    remarks = (
        rows.remarks.get(name, ""),
        f"shipped odds kept for {', '.join(kept)}: too few to fit" if kept else "",
        left_out(rows.lost + int((of < 0).sum()), "open, or nothing says whose"),
        f"each group drawn to 1 by {MORE} nominations as expected",
    )
    return Fit(values, used, intervals, tuple(filter(None, remarks)))


def landlord_odds(history: History) -> Fit:
    """Odds of each failure by landlord: homes with a right of nomination are a provider's."""
    return _odds_of(history, "landlord")


def household_odds(history: History) -> Fit:
    """Odds of each failure by kind of household."""
    return _odds_of(history, "household")


def days_times(history: History) -> Fit:
    """Factors on days by route, landlord and kind of household, for what became of it.

    What is expected is the mean of all that ended alike. Each factor is what was seen over what was
    expected, with the others as they are; so many more as expected draw it to 1.
    """
    rows = history.once(_Rows)
    days = rows.frame["days"].cast(pl.Float64).fill_null(-1).to_numpy()
    groups = {"route": (ROUTES, rows.route), **{
        name: (_NAMES[name], of) for name, of in rows.groups.items() if (of >= 0).any()}}
    good = (days >= 0) & np.all([of >= 0 for _, of in groups.values()], axis=0)
    if good.sum() < FEWEST:
        raise CannotFitError(f"fewer than {FEWEST} rows: {int(good.sum())} nominations with days")
    days, became = days[good], rows.became[good]
    means = np.array([days[became == b].mean() if (became == b).any() else 0.0
                      for b in range(len(OUTCOMES))])
    expected = means[became]
    factors = {name: np.ones(len(names)) for name, (names, _) in groups.items()}
    large = [(name, number, of[good] == number) for name, (names, of) in groups.items()
             for number in range(len(names)) if (of[good] == number).sum() >= FEWEST]
    total = np.ones(len(days))
    for _ in range(_ROUNDS):
        for name, number, mine in large:
            more = MORE * means.mean()
            theirs = (expected * total)[mine].sum() + more * factors[name][number]
            moved = (days[mine].sum() + more) / max(theirs, 1e-12)
            factors[name][number] *= moved
            total[mine] *= moved
    shipped = shipped_parameters()["nominations.days_times"]
    values, intervals = dict(shipped), {}
    for name, number, mine in large:
        part = groups[name][0][number]
        value = float(factors[name][number])
        spread = np.std(days[mine] - (expected * total)[mine]) * np.sqrt(mine.sum())
        error = _Z * spread / max((expected * total)[mine].sum() / value, 1e-12)
        values[part] = value
        intervals[part] = (max(0.0, value - error), value + error)
    kept = [name for name in values if name not in intervals]
    return Fit(values, int(good.sum()), intervals, tuple(filter(None, (
        f"shipped factors kept for {', '.join(kept)}" if kept else "",
        left_out(rows.frame.height - int(good.sum()), "no days, or nothing says whose")))))

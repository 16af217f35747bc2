"""Which bids count: each judged at the moment it was placed, by the rules of that day's scheme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.offers.caps import NEVER, Limit, Places, Tally, count_places
from cbl_engine.offers.clock import as_dates, cycle_begins, cycle_numbers, in_window, london_days
from cbl_engine.offers.considered import consequences_on, under_consideration
from cbl_engine.offers.placed import HELD_BACK, Placed, given_problems, place_bids
from cbl_engine.shortlist.adverts import NOT_CONSIDERED
from cbl_engine.tables import day_problems, list_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.bidding import Bidding, Cap
    from cbl_engine.scheme.model import SchemeVersion

Kind = Literal["advert", "time", "gone", "window", "choice", "consequence", "frozen", "cap"]
GONE: Kind = "gone"


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule and the bids that it stands against.

    Attributes:
        kind: what kind of rule it is; ``gone`` are bids that were placed well and are no more.
        name: under which a bid is set aside.
        broken: by bid.
    """

    kind: Kind
    name: str
    broken: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What stands against each bid.

    Attributes:
        placed: the bids.
        rules: in the order in which they are asked.
        limits, tallies, places: the caps, and what they counted.
    """

    placed: Placed
    rules: list[Rule]
    limits: list[Limit]
    places: Places

    @cached_property
    def names(self) -> pl.Series:
        """The first rule that each bid breaks; null when it counts."""
        first = np.full(self.placed.n, -1, np.int64)
        for number in reversed(range(len(self.rules))):
            first[self.rules[number].broken] = number
        names = pl.Series("rule", [*(rule.name for rule in self.rules), None], dtype=pl.String)
        return names.gather(first % len(names))

    def frame(self) -> pl.DataFrame:
        """The bids with the rule that each breaks."""
        return self.placed.frame.with_columns(self.names)


def judge_bids(
    judge: Judge,
    adverts: pl.DataFrame,
    bids: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    *,
    until: date,
    among: Iterable[Any] | None = None,
) -> pl.DataFrame:
    """Which bids count, as far as bids and withdrawals were known at the end of a day.

    Rules are asked in the order of ``docs/offers.md`` and the first that a bid breaks names the
    reason. Before those: ``advert_draft``, ``advert_withdrawn`` and ``held_back`` (as the advert
    stands that day), ``closed`` (placed while the advert was not open) and ``withdrawn`` (before
    the close). A bid that a later one of the
    household on the same advert takes the place of counts here: the shortlist needs its time, and
    sets it aside as ``superseded``.

    Args:
        judge: for the criteria that rules name, and the scheme of each day.
        adverts: ``id``, ``closes_at``; ``opens_at``, ``corrected_at`` and ``status`` if there are.
        bids: ``advert``, ``application``, ``placed_at``; ``withdrawn_at``, ``placed_by`` if there
            are. Those of other adverts of the same cycle, or open at the same time, count in caps.
        record: tables of the record; those missing have no rows.
        until: last day (London) whose bids and withdrawals are looked at.
        among: ids of adverts: only bids on these are judged, with those of the same households that
            caps count; None judges all.

    Returns:
        ``advert``, ``application``, ``placed_at`` and ``rule`` (null: it counts), a row for each
        bid, by advert, application and moment.

    Raises:
        TableError: a bid is for an advert that is not there; an advert is given more than once; a
            column is missing or of another type, a moment without a time zone among them; an id, a
            moment that must be there or a status is empty; ids of bids are text where those they
            name are whole numbers, or the reverse; ``until`` is no date, ``among`` no list, or one
            with an advert that is not there.
        SchemeError: no version of the scheme is in force on a day on which a bid was placed.
    """
    problems = [
        *given_problems(adverts, bids, judge.application_type),
        *day_problems(until, "until", "the last day"),
    ]
    if among is not None:
        problems += list_problems(among, "among", "the ids of adverts")
    if problems:
        raise TableError(problems)
    mine = pl.lit(value=True)
    if among is not None:
        meant = _meant(list(among), adverts["id"])
        mine = pl.col("advert").is_in(meant.cast(bids.schema["advert"], strict=False).implode())
        bids = _that_matter(judge, adverts, bids, mine)
    found = judged(judge, place_bids(adverts, bids, record, until), record).frame().filter(mine)
    columns = ["advert", "application", "placed_at", "rule"]
    return found.select(columns).sort(columns, nulls_last=True)


def _meant(among: list[Any], ids: pl.Series) -> pl.Series:
    """The adverts that are meant, as ids of adverts are held.

    Raises:
        TableError: one is not there.
    """
    meant = pl.Series(among, dtype=ids.dtype, strict=False)
    there = meant.is_in(ids.implode()).fill_null(value=False)
    if not there.all():
        lost = [str(given) for given, known in zip(among, there, strict=True) if not known]
        raise TableError([Problem("unknown_advert", "there is no such advert", where="among",
                                  count=len(lost), rows=tuple(lost[:5]))])
    return meant


def _that_matter(
    judge: Judge, adverts: pl.DataFrame, bids: pl.DataFrame, mine: pl.Expr
) -> pl.DataFrame:
    """The bids that are meant, and those of the same households that caps may count with them.

    Caps count with a bid those that stand at its moment, or close in its cycle, and with those
    others in turn. Each bid is taken as the time from its moment to its close, stretched to that of
    all bids of its cycle; of times that touch each other, those with a bid that is meant. A bid for
    an advert that is not there is kept, to be reported.
    """
    rules = [version.bidding for version in judge.scheme.versions if version.bidding is not None]
    bids = bids.join(bids.filter(mine), on="application", how="semi")
    # No bid can be for an advert whose id the type of the bids' ids cannot have.
    theirs = adverts["id"].cast(bids.schema["advert"], strict=False)
    mine |= ~pl.col("advert").is_in(theirs.implode())
    if not any(bidding.caps for bidding in rules):
        return bids.filter(mine)
    closes = adverts.select(
        theirs.alias("advert"),
        pl.col("closes_at").dt.epoch("us").alias("to"),
        *(pl.Series(f"cycle {n}", cycle_numbers(bidding, london_days(adverts["closes_at"])))
          for n, bidding in enumerate(rules)),
    )
    since = pl.col("placed_at").dt.epoch("us").alias("from")
    times = (
        bids.with_row_index("row")
        .select("row", "advert", "application", since, mine.alias("mine"))
        .join(closes, on="advert", how="left")
        .with_columns(pl.max_horizontal("from", "to").alias("to"))
    )
    for n in range(len(rules)):
        within = ("application", f"cycle {n}")
        times = times.with_columns(
            pl.col("from").min().over(within), pl.col("to").max().over(within)
        )
    times = times.sort("application", "from", "row").with_columns(
        (pl.col("from") > pl.col("to").cum_max().shift(1)).fill_null(value=True).cum_sum()
        .over("application").alias("touching")
    )
    rows = times.filter(pl.col("mine").any().over("application", "touching"))["row"]
    return bids[rows.sort()]


def bids_that_count(bids: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """The bids to be ranked: those that :func:`judge_bids` found to count, as the shortlist reads them."""
    key = ["advert", "application", "placed_at"]
    counting = verdicts.filter(pl.col("rule").is_null()).select(key)
    return bids.join(counting, on=key, how="semi").drop("withdrawn_at", strict=False)


def judged(judge: Judge, placed: Placed, record: Mapping[str, pl.DataFrame]) -> Verdicts:
    """Every rule that stands against each bid, the caps last."""
    rules = standing_rules(judge, placed, record)
    taking = np.ones(placed.n, bool)
    for rule in rules:
        if rule.kind != GONE:
            taking &= ~rule.broken
    tallies, limits = _caps(judge, placed)
    pair = np.unique(placed.household * (placed.advert.max(initial=0) + 1) + placed.advert,
                     return_inverse=True)[1]
    places = count_places(placed.household, pair, placed.at, taking, tallies, limits)
    caps = [Rule("cap", limit.name, full) for limit, full in zip(limits, places.full, strict=True)]
    return Verdicts(placed, [*rules, *caps], limits, places)


def standing_rules(
    judge: Judge, placed: Placed, record: Mapping[str, pl.DataFrame]
) -> list[Rule]:
    """Every rule but the caps, in the order in which they are asked."""
    rules = [
        Rule("advert", reason, (placed.status == status).to_numpy())
        for status, reason in (NOT_CONSIDERED | {HELD_BACK: HELD_BACK}).items()
    ]
    early_or_late = (placed.at < placed.opens) | (placed.at > placed.closes)
    rules.append(Rule("time", "closed", early_or_late))
    rules.append(Rule(GONE, "withdrawn", placed.withdrawn < NEVER))
    rules.append(Rule(GONE, "void", placed.voided < NEVER))
    versions = _versions(judge, placed)
    rules += [Rule("window", "window", _outside_window(versions, placed))]
    rules += _choices(judge, versions, placed)
    rules += _consequences(placed, record)
    return [*rules, *_frozen(versions, placed, record)]


def _versions(judge: Judge, placed: Placed) -> list[tuple[Bidding, NDArray[np.int64]]]:
    """The rules of bidding of each version under which bids were placed, and those bids."""
    found: dict[int, tuple[SchemeVersion, list[NDArray[np.int64]]]] = {}
    for day, rows in placed.days:
        version = judge.version(day)
        found.setdefault(id(version), (version, []))[1].append(rows)
    return [
        (version.bidding, np.sort(np.concatenate(rows)))
        for version, rows in found.values()
        if version.bidding is not None
    ]


def _outside_window(
    versions: list[tuple[Bidding, NDArray[np.int64]]], placed: Placed
) -> NDArray[np.bool_]:
    """Placed outside the week's window; the engine's own bids are placed at the close."""
    outside = np.zeros(placed.n, bool)
    for bidding, rows in versions:
        if bidding.window is not None:
            outside[rows] = ~in_window(placed.frame["placed_at"].gather(rows), bidding.window)
    return outside & (placed.frame["placed_by"] != "automatic").to_numpy()


def whose_choice(
    judge: Judge, bidding: Bidding, day: date, application: pl.Series
) -> NDArray[np.int64]:
    """Each household's choice on a day, as a position in ``choice``; -1 where none applies.

    A criterion that holds (``when_unknown: hold``) is not met.
    """
    found = np.full(len(application), -1, np.int64)
    for number, choice in enumerate(bidding.choice.values()):
        open_ = np.flatnonzero(found < 0)
        if not len(open_):
            break
        if choice.when is None:
            found[open_] = number
        else:
            met = judge.counts(choice.when, day, application=application.gather(open_))
            found[open_[met.fill_null(False).to_numpy()]] = number
    return found


def _choices(
    judge: Judge, versions: list[tuple[Bidding, NDArray[np.int64]]], placed: Placed
) -> Iterator[Rule]:
    """Bids that a household's choice does not let it place, under the choice's name."""
    for bidding, mine in versions:
        if not bidding.choice:
            continue
        broken = [np.zeros(placed.n, bool) for _ in bidding.choice]
        member = np.zeros(placed.n, bool)
        member[mine] = True
        for day, rows in placed.days:
            if not member[rows[0]]:
                continue
            its = whose_choice(judge, bidding, day, placed.ids("application", rows))
            for number, choice in enumerate(bidding.choice.values()):
                at = rows[its == number]
                if choice.bids == "none":
                    broken[number][at] = True
                if choice.bids == "council":
                    broken[number][at] = ~placed.by_officer[at]
                if choice.only is not None and len(at):
                    met = judge.counts(
                        choice.only, day, advert=placed.ids("advert", at),
                        application=placed.ids("application", at),
                    )
                    broken[number][at] |= ~met.fill_null(True).to_numpy()
        for name, its in zip(bidding.choice, broken, strict=True):
            yield Rule("choice", name, its)


def _asked(placed: Placed) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": np.arange(placed.n),
            "application": placed.frame["application"],
            "day": as_dates(placed.day),
        }
    )


def _consequences(placed: Placed, record: Mapping[str, pl.DataFrame]) -> Iterator[Rule]:
    """Bids of households that may not bid, or only through the council, that day."""
    asked = _asked(placed)
    barred = consequences_on(record, asked, "may_not_bid")
    council = consequences_on(
        record, asked.filter(pl.Series(~placed.by_officer)), "council_bids"
    )
    for (name,), rows in pl.concat([barred, council]).sort("consequence", "row").group_by(
        "consequence", maintain_order=True
    ):
        yield Rule("consequence", str(name), _mask(rows["row"], placed.n))


def _frozen(
    versions: list[tuple[Bidding, NDArray[np.int64]]],
    placed: Placed,
    record: Mapping[str, pl.DataFrame],
) -> Iterator[Rule]:
    """Bids of households under consideration."""
    for bidding, rows in versions:
        if not bidding.frozen:
            continue
        asked = _asked(placed)[rows].with_columns(
            cycle=as_dates(cycle_begins(bidding, placed.day[rows]))
        )
        for name, frozen in bidding.frozen.items():
            at = under_consideration(frozen, record, asked)
            yield Rule("frozen", name, _mask(at, placed.n))


def _mask(rows: pl.Series, n: int) -> NDArray[np.bool_]:
    out = np.zeros(n, bool)
    out[rows.to_numpy()] = True
    return out


def _caps(judge: Judge, placed: Placed) -> tuple[list[Tally], list[Limit]]:
    """The caps of each version, and what they count."""
    tallies: list[Tally] = []
    limits: list[Limit] = []
    for bidding, rows in _versions(judge, placed):
        known: dict[tuple[str, str], int] = {}
        for name, cap in bidding.caps.items():
            key = (cap.per, cap.withdrawn)
            if key not in known:
                known[key] = len(tallies)
                tallies.append(_tally(bidding, cap, placed))
            binds = _binds(judge, cap, placed, rows)
            limits.append(Limit(name, known[key], cap.bids, binds))
    return tallies, limits


def _tally(bidding: Bidding, cap: Cap, placed: Placed) -> Tally:
    group, ends = placed.household, placed.voided
    if cap.per == "cycle":
        cycle = cycle_numbers(bidding, placed.closes_day)
        cycle -= cycle.min(initial=0)
        group = np.unique(group * (cycle.max(initial=0) + 1) + cycle, return_inverse=True)[1]
    else:
        ends = np.minimum(ends, placed.closes + 1)
    if cap.withdrawn == "free":
        ends = np.minimum(ends, placed.withdrawn)
    return Tally(group, ends)


def _binds(
    judge: Judge, cap: Cap, placed: Placed, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Bids that the cap is asked of; one whose criterion holds is not."""
    binds = np.zeros(placed.n, bool)
    binds[rows] = True
    if cap.when is None:
        return binds
    for day, its in placed.days:
        if binds[its[0]]:
            met = judge.counts(cap.when, day, application=placed.ids("application", its))
            binds[its] = met.fill_null(False).to_numpy()
    return binds

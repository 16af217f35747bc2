"""A cycle: what came since is taken in, and the record stepped day by day up to a date.

The order of a day is that of ``docs/offers.md``; the property checks come at the end.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.offers import events as e
from cbl_engine.offers.adverts_day import (
    adverts_put_right,
    adverts_that_close,
    adverts_that_open,
    bids_too_late,
    corrected_on,
    rungs,
    withdraw,
)
from cbl_engine.offers.answers import apply_outcome
from cbl_engine.offers.brought_about import (
    HOLDS_FROM,
    TABLES_BROUGHT_ABOUT,
    brought_about,
    until_then,
)
from cbl_engine.offers.came import came_problems
from cbl_engine.offers.clashes import Clash, clash_problems, in_words
from cbl_engine.offers.decisions import decide_unattended
from cbl_engine.offers.desk import Desk, london_day
from cbl_engine.offers.direct_day import propose_direct_lets
from cbl_engine.offers.due import duties_of_the_cycle, past_deadlines
from cbl_engine.offers.give_way import give_way, let_to_others
from cbl_engine.offers.line import lists_over, next_in_line
from cbl_engine.offers.moves import move_offers, offer_to_visitors
from cbl_engine.offers.properties import verify
from cbl_engine.offers.record import Cycle, Record
from cbl_engine.offers.signing import members_settled
from cbl_engine.offers.unknown_names import check_names, unknown_checks
from cbl_engine.offers.withdrawals import bids_withdrawn, withdrawn_late
from cbl_engine.tables import as_at_problems
from cbl_engine.tables.dtypes import with_text_ids
from cbl_engine.tables.taking_in import news, taken_in
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from cbl_engine.scheme import Scheme

    Answers = Callable[[Desk], object]

Row = dict[str, Any]


def run_cycle(
    record: Record,
    scheme: Scheme,
    given: Mapping[str, pl.DataFrame],
    as_at: date,
    *,
    unattended: bool = False,
    keep_going: bool = False,
    seed: int = 0,
    whole: Collection[str] = (),
    answers: Answers = lambda _: None,
    followed: Sequence[Row] = (),
) -> Cycle:
    """Take in what came and step the record to the end of a day.

    Args:
        record: as it stood; ``Record()`` to begin one.
        scheme: its rules, for every day up to ``as_at``.
        given: tables that came: new rows, and rows that take the place of those with the same key
            (:mod:`cbl_engine.tables.taking_in`). Columns and types as in the data dictionary; ids
            are text, or are made text.
        as_at: the last day, after the record's own.
        unattended: open proposals that need no judgement are approved at once, by nobody.
        keep_going: an outcome that clashes is left out and recorded as such.
        seed: of lotteries without one of their own.
        whole: names of tables of which ``given`` holds every row: others stand no more.
        answers: asked after the outcomes that came, in each round of each day; what people are
            taken to do beside those, it does at the desk. Replays follow the record so.
        followed: the outcomes on record of those days that ``answers`` follows, in place of any that come.

    Returns:
        A :class:`Cycle`. Equal inputs give an equal one, whatever the order of rows.

    Raises:
        TableError: the day is none, or over already; a table that no data folder has; a column that
            every row must have and has not, or of another type; outcomes and checks that clash,
            those of every day, each left out for the days that follow.
        SchemeError: a day on which no version of the scheme is in force.
        PropertyError: the outcome broke a numbered property (a defect of the engine).
    """
    problems = [*as_at_problems(as_at), *came_problems(record.given(), given, whole)]
    if problems:
        raise TableError(problems)
    if record.as_at is not None and as_at <= record.as_at:
        raise TableError([Problem(
            "day_is_over", f"the record stands at the end of {record.as_at}",
            where="as_at", given=str(as_at), allowed=f"a day after {record.as_at}",
        )])
    came = {table: with_text_ids(table, rows) for table, rows in given.items()}
    desk = Desk(scheme, record.given(), record.book(), seed=seed, found=record.given())
    desk.on = as_at
    if not record.events:
        desk.emit(e.Begun(on=as_at, engine=__version__))
    desk.emit(e.CycleBegun(
        on=as_at, cycle=record.cycles + 1, since=record.as_at, as_at=as_at, scheme=scheme.name,
        unattended=unattended, seed=seed, scheme_hash=scheme.text_hash,
    ))
    new = {table: news(desk.given.get(table), rows, table) for table, rows in came.items()}
    outcomes, clashes = _in_time(scheme, new, record.as_at, as_at)
    _leave_out(desk, clashes)
    told = [*_of_days(followed, record.as_at, as_at), *(row for its in outcomes.values() for row in its)]
    held = _held_until_then(desk, came, new, told, begins=record.as_at is None)
    late = _late(desk, new, record.as_at)
    withdrawn = set() if record.as_at is None or "bids" not in new else withdrawn_late(
        new["bids"], record.as_at)
    _take_in(desk, came, new, whole, {row["id"] for row, _ in clashes if "what" not in row})
    for day in _days(desk, record.as_at, as_at, followed):
        desk.on = day
        waiting = _day(desk, outcomes.get(day, []), late, withdrawn, answers, unattended=unattended)
        late, withdrawn = {}, set()
        _leave_out(desk, waiting)
        _as_they_came(desk, held)
        clashes += waiting
    for offer in let_to_others(desk):
        desk.tell("offers_of_homes_let", offer=offer.id, home=offer.home, step=offer.step)
    for advert in [a.advert for a in desk.book.adverts.values() if a.status in ("open", "closed")]:
        if not desk.homes_of(advert):
            desk.tell("adverts_without_homes", advert=advert, home_group=desk.row("adverts", advert)["home_group"])
    if clashes and not keep_going:
        raise TableError(clash_problems(clashes))
    tables = {**desk.given, **desk.book.tables()}
    after = Record(tables, as_at, desk.book.events, record.cycles + 1)
    verify(scheme, record, after, desk.events, desk.rows)
    quarantined = [{"outcome": row["id"], "clash": clash.kind, "why": in_words(row, clash)}
                   for row, clash in clashes]
    return Cycle(after, desk.events, desk.rows, quarantined, desk.telling)


def _held_until_then(
    desk: Desk, came: dict[str, pl.DataFrame], new: dict[str, pl.DataFrame],
    outcomes: Sequence[Row], *, begins: bool,
) -> dict[str, pl.DataFrame]:
    """Hold rows that say what an outcome of the cycle brought about as they were, until its day.

    The rows that a record ``begins`` with came with its first cycle.

    Returns:
        By table, the rows as they came: each is taken in at the end of that day.
    """
    held = {}
    for table in TABLES_BROUGHT_ABOUT:
        now, rows = desk.given.get(table), came.get(table)
        if begins and now is not None:
            now, rows = None, now if rows is None else taken_in(now, rows, table)
        found = None if rows is None else brought_about(table, rows, outcomes)
        if found is not None and found.height:
            held[table] = found
            came[table] = taken_in(rows, until_then(table, found, now), table)
            new[table] = news(desk.given.get(table), came[table], table)
    return held


def _as_they_came(desk: Desk, held: Mapping[str, pl.DataFrame]) -> None:
    """Take in what was held until that day."""
    for table, found in held.items():
        rows = found.filter(pl.col(HOLDS_FROM) == desk.on).drop(HOLDS_FROM)
        desk.take_in(table, news(desk.given[table], rows, table), "given")


def _take_in(
    desk: Desk,
    came: Mapping[str, pl.DataFrame],
    new: Mapping[str, pl.DataFrame],
    whole: Collection[str],
    left_out: set[Any],
) -> None:
    """Take in the rows that say something new, table by table; those of a whole one if any went.

    A table that comes without rows is there, and has none.
    """
    for table, rows in sorted(came.items()):
        now, its = desk.given.get(table), new[table]
        if rows.is_empty():
            desk.given.setdefault(table, rows)
        if table == "checks" and left_out:
            its = its.filter(~pl.col("id").is_in(list(left_out)))
        if table in whole and now is not None and taken_in(now, its, table).height != rows.height:
            desk.take_in(table, rows, "given", whole=True)
        else:
            desk.take_in(table, its, "given")


def _late(
    desk: Desk, new: Mapping[str, pl.DataFrame], since: date | None
) -> dict[str, pl.DataFrame]:
    """Rows of days that are closed, to be dealt with on the first day: corrections of adverts,
    bids and direct lets.
    """
    if since is None:
        return {}
    late = {}
    if "direct_lets" in new:
        late["direct_lets"] = new["direct_lets"].filter(pl.col("on") <= since)
    if "adverts" in new and "corrected_at" in new["adverts"].columns:
        late["adverts"] = new["adverts"].filter(
            pl.Series([at is not None and corrected_on(at) <= since
                       for at in new["adverts"]["corrected_at"]], dtype=pl.Boolean)
        )
    if "bids" in new:
        closed = [a.advert for a in desk.book.adverts.values() if a.closed_on is not None]
        key = ["advert", "application", "placed_at"]
        late["bids"] = new["bids"].select(key).filter(pl.col("advert").is_in(closed)).join(
            desk.table("bids").select(key), on=key, how="anti"
        )
    return late


def _of_days(outcomes: Sequence[Row], since: date | None, as_at: date) -> Iterator[Row]:
    """Those of the days of a cycle."""
    return (row for row in outcomes if row["on"] <= as_at and (since is None or since < row["on"]))


def _in_time(
    scheme: Scheme, new: Mapping[str, pl.DataFrame], since: date | None, as_at: date
) -> tuple[dict[date, list[Row]], list[tuple[Row, Clash]]]:
    """Outcomes by day; those of days that are closed or not yet come clash, and so do checks ahead and
    results of checks that the scheme has not.
    """
    by_day: dict[date, list[Row]] = {}
    clashes: list[tuple[Row, Clash]] = []
    if "outcomes" in new:
        for row in new["outcomes"].sort("id").iter_rows(named=True):
            if row["on"] > as_at:
                clashes.append((row, Clash("in_the_future", f"{row['on']} is after {as_at}")))
            elif since is not None and row["on"] <= since:
                why = f"{row['on']}: the record stands at the end of {since}"
                clashes.append((row, Clash("before_the_state", why)))
            else:
                by_day.setdefault(row["on"], []).append(row)
    if "checks" in new:
        ahead = new["checks"].filter(pl.col("since") > as_at).sort("id")
        for row in ahead.iter_rows(named=True):
            why = f"holds from {row['since']}, after {as_at}"
            clashes.append((row, Clash("in_the_future", why)))
        lost = unknown_checks(scheme, new["checks"].filter(pl.col("since") <= as_at)).sort("id")
        for row in lost.iter_rows(named=True):
            why = f"the scheme has no check {row['check']!r}; it has {', '.join(check_names(scheme))}"
            clashes.append((row, Clash("no_such_check", why)))
    return by_day, clashes


def _leave_out(desk: Desk, clashes: list[tuple[Row, Clash]]) -> None:
    """Rows that clash are recorded as left out."""
    for row, clash in clashes:
        desk.emit(e.Quarantined(on=desk.on, outcome=row["id"], clash=clash.kind))


def _days(desk: Desk, since: date | None, as_at: date, followed: Sequence[Row]) -> Iterator[date]:
    """Every day after the record's own; the first time, from the earliest on anything is dated."""
    dated = [as_at, *_dates(desk), *(row["on"] for row in followed)]
    first = since + timedelta(days=1) if since is not None else min(dated)
    for n in range((as_at - first).days + 1):
        yield first + timedelta(days=n)


def _dates(desk: Desk) -> Iterator[date]:
    """The days on which outcomes, direct lets and adverts are dated."""
    for table in ("outcomes", "direct_lets"):
        yield from desk.table(table)["on"].drop_nulls().unique().to_list()
    adverts = desk.table("adverts")
    for name in ("opens_at", "closes_at"):
        if name in adverts.columns:
            yield from map(london_day, adverts[name].drop_nulls().unique().to_list())


def _day(
    desk: Desk, outcomes: list[Row], late: Mapping[str, pl.DataFrame],
    withdrawn: set[tuple[str, str]], answers: Answers, *, unattended: bool,
) -> list[tuple[Row, Clash]]:
    """One day, in the order of ``docs/offers.md``.

    Returns:
        The outcomes that found nothing to apply to, with what each clashed with.
    """
    members_settled(desk)
    waiting = _outcomes(desk, outcomes)
    answers(desk)
    lists_over(desk)
    past_deadlines(desk)
    _withdrawn(desk)
    adverts_that_open(desk)
    adverts_put_right(desk, late.get("adverts"))
    adverts_that_close(desk)
    bids_too_late(desk, late.get("bids"))
    bids_withdrawn(desk, withdrawn)
    duties_of_the_cycle(desk)
    propose_direct_lets(desk, late.get("direct_lets"))
    while True:
        before = desk.book.events
        waiting = _outcomes(desk, [row for row, _ in waiting])
        answers(desk)
        move_offers(desk)
        give_way(desk)
        next_in_line(desk)
        offer_to_visitors(desk)
        rungs(desk)
        if unattended:
            decide_unattended(desk)
        if desk.book.events == before:
            return waiting


def _outcomes(desk: Desk, outcomes: list[Row]) -> list[tuple[Row, Clash]]:
    """Apply the outcomes that can be, in order of id; those left, with what each clashed with."""
    left = []
    for row in outcomes:
        try:
            apply_outcome(desk, row)
        except Clash as clash:
            left.append((row, clash))
    return left


def _withdrawn(desk: Desk) -> None:
    """Adverts whose own row says by now that they were withdrawn."""
    gone = desk.table("adverts").filter(pl.col("status").cast(pl.String) == "withdrawn")["id"]
    for advert in sorted(map(str, gone)):
        state = desk.book.adverts.get(advert)
        if state is not None and state.status in ("open", "closed"):
            withdraw(desk, advert)

"""What was let, to whom and after how long: as councils publish it, or in full for officers.

For the public whole months only are told, homes by ward and never by address, counts that fewer
than five households make up are withheld with whatever gives one away, and sensitive lets are left
out as if they had never been. ``docs/results.md`` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.disclosure import LIMIT
from cbl_engine.errors import BadInput, Problem
from cbl_engine.report import results_tables as rt
from cbl_engine.report.landlord_names import landlords_told_apart
from cbl_engine.report.nominations import nominations_agreed
from cbl_engine.report.recorded_time import not_on_record
from cbl_engine.report.results_rows import (
    ERASED,
    begins_on,
    is_erased,
    lettings_of,
    sensitive_offers,
    waiting_of,
)
from cbl_engine.report.results_told import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme

Audience = Literal["officer", "public"]
AUDIENCES = ("officer", "public")
OF_HOME = ("route", "bedrooms", "property_type", "area", "month", "bids")
OF_HOUSEHOLD = ("band", "year", "ranks_from")
_BIDS = ((5, "under 5"), (20, "5 to 19"), (50, "20 to 49"), (100, "50 to 99"))
_MOST_BIDS = "100 or more"
_FOR_OFFICERS = (
    "id", "advert", "home", "application", "route", "kind", "final", "signed_on", "started_on",
    "band", "points", "priority_date", "registered_on", "ranked_from", "days_ranked", "days_registered",
    "bedroom_need", "bids", "position", "bedrooms", "property_type", "area", "landlord",
    "needs_group", "sensitive",
)


@dataclass(frozen=True, eq=False)
class Results:
    """What was let.

    Attributes:
        audience: whom it is for.
        title: of the scheme.
        as_at: the day at whose end the record stood so.
        begins: first day on record; None: not known.
        since: first day of signing that is counted; None: from the start of the record.
        until: last day that is counted, at whose end those who wait are counted.
        lettings: for the public a row for each letting, with route, bedrooms, property_type, area,
            month, bids (a range), band and ranks_from (month or year of the date that ranked), all
            text, null where withheld; in an order that says nothing. For officers every letting
            in full, with the ids of offer, advert, home and application.
        tables: lettings by each of :data:`~cbl_engine.report.results_tables.BY`
            (:func:`~cbl_engine.report.results_tables.table_of_lettings`); then ``offers`` (that
            led to no letting), ``passed_over`` and ``not_let`` (adverts), each of what and a count;
            and for officers, where landlords agreed to a share, ``nominations``
            (:func:`~cbl_engine.report.nominations.nominations_agreed`).
        direct_share: lettings made directly, of all; None: none were let, or withheld.
        erased: households let a home in the time or later, or whose offer ended in it or later, that
            were erased since: what was theirs is not known any more, so other results of the time
            come out than before.
    """

    audience: Audience
    title: str
    as_at: date
    begins: date | None
    since: date | None
    until: date
    lettings: pl.DataFrame = field(repr=False)
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    direct_share: float | None
    erased: int

    @property
    def note(self) -> str | None:
        """What to know before it is published, where households were erased since; for officers."""
        return erased_note(self.erased)

    def frame(self) -> pl.DataFrame:
        """All tables in one: table, value, then every count and measure; null where it has none.

        Where it tells of those who wait, ``waiting_on`` is the day.
        """
        day = [pl.lit(self.until).alias("waiting_on")]
        return pl.concat(
            [
                frame.select(pl.lit(name).alias("table"), pl.col(frame.columns[0]).alias("value"),
                             pl.col(frame.columns[1:]), *(day if "waiting" in frame.columns else []))
                for name, frame in self.tables.items()
            ],
            how="diagonal",
        )


def letting_results(
    record: Record,
    scheme: Scheme,
    *,
    since: date | None = None,
    until: date | None = None,
    audience: Audience = "public",
) -> Results:
    """What was let in a time, and what came of offers.

    Args:
        record: a state folder, or a cycle's record.
        scheme: the scheme it was let under.
        since: first day; None: from the start.
        until: last day; None: the record's day, or for the public the last day of the last month
            that is over.
        audience: ``public`` (the default, and the narrower) or ``officer``.

    Raises:
        BadInput: no such audience; no time between the days; days that the record does not cover,
            though it may begin within the first month; for the public, days that are not the
            first and the last of a month, or a month that is not over.
    """
    if record.as_at is None:
        raise BadInput([Problem("nothing_recorded", "the record has no cycle yet")])
    if audience not in AUDIENCES:
        raise BadInput([Problem("unknown_audience", "there is no such audience",
                                given=str(audience), allowed=", ".join(AUDIENCES))])
    public = audience == "public"
    begins = begins_on(record)
    until = _period(begins, record.as_at, since, until, public=public)
    let = lettings_of(record, scheme)
    lettings = _between(let, "signed_on", since, until)
    if public:
        lettings = lettings.filter(~pl.col("sensitive"))
    valued = rt.with_values(lettings)
    waiting = waiting_of(record, until)
    tables = {
        by: rt.table_of_lettings(valued, waiting, by, scheme, public=public) for by in rt.BY
    }
    tables |= _of_offers(record, scheme, since, until, tables["landlord"], public=public)
    agreed = nominations_agreed(record, scheme, since, until)
    if agreed.height and not public:
        tables["nominations"] = agreed
    routes = dict(zip(tables["route"]["route"], tables["route"]["lettings"], strict=True))
    every = routes.pop(rt.ALL)
    direct = routes.get("direct", 0) if routes else None
    return Results(
        audience, scheme.versions[-1].title, record.as_at, begins, since, until,
        _told(valued, tables) if public else lettings.select(_FOR_OFFICERS), tables,
        None if direct is None or not every else round(direct / every, 3),
        erased_since(record, let, since),
    )


def _period(
    begins: date | None, as_at: date, since: date | None, until: date | None, *, public: bool
) -> date:
    """The last day that is counted."""
    over = as_at if _ends_a_month(as_at) else as_at.replace(day=1) - timedelta(days=1)
    last = over if public else as_at
    upto = last if until is None else until
    problems = []
    if until is None and begins is not None and last < begins:
        problems.append(Problem(
            "no_time", "no month of the record is over yet", given=f"a record from {begins} to {as_at}",
            remedy="Ask again when the month is over"))
    elif until is None and since is not None and since > last:
        what = f"no month from {since} on is over yet" if public else "the record ends before that"
        problems.append(Problem(
            "no_time", what, where="--since", given=str(since),
            allowed=f"{last.replace(day=1) if public else last} or earlier",
            remedy=f"The record stands at the end of {as_at}"))
    else:  # what is not over is told to the public below, in months
        ends = max(as_at, upto) if public else as_at
        problems += not_on_record(begins, ends, since, upto, ("--since", "--until"))
    if public and since is not None and since.day != 1:
        problems.append(Problem(
            "not_whole_months", "the public is told whole months", where="--since",
            given=str(since), allowed=f"the first day of a month, such as {since.replace(day=1)}"))
    if public and until is not None and (not _ends_a_month(until) or until > over):
        problems.append(Problem(
            "not_whole_months", "the public is told whole months that are over", where="--until",
            given=str(until), allowed=f"the last day of a month, no later than {over}"))
    if problems:
        raise BadInput(problems)
    return upto


def _ends_a_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _between(
    frame: pl.DataFrame, column: str, since: date | None, until: date
) -> pl.DataFrame:
    first = pl.lit(value=True) if since is None else pl.col(column) >= since
    return frame.filter(first & (pl.col(column) <= until))


def _told(lettings: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """A row a letting, telling as much of home and household as five lettings share.

    A value that is withheld in its table is told in no row, so that rows cannot be counted instead.
    """
    bids = pl.when(pl.col("bids").is_null()).then(None)
    for most, words in _BIDS:
        bids = bids.when(pl.col("bids") < most).then(pl.lit(words))
    rows = lettings.with_columns(
        bids.otherwise(pl.lit(_MOST_BIDS)).alias("bids"),
        pl.col("ranked_from").dt.strftime("%Y").fill_null(rt.UNKNOWN).alias("year"),
        pl.col("ranked_from").dt.strftime("%Y-%m").fill_null(rt.UNKNOWN).alias("ranks_from"),
    )
    for name in ("band", *OF_HOME):
        if name in tables:
            shown = tables[name].filter(pl.col("lettings") >= LIMIT)[name].to_list()
            rows = rows.with_columns(pl.when(pl.col(name).is_in(shown)).then(name).alias(name))
    out = pl.concat([told(rows, OF_HOME), told(rows, OF_HOUSEHOLD)], how="horizontal")
    out = out.with_columns(pl.coalesce("ranks_from", "year").alias("ranks_from")).drop("year")
    if out.height < LIMIT:
        out = out.clear()
    return out.sort(out.columns, nulls_last=True)


def erased_note(households: int) -> str | None:
    """What to know of results of a time from which households were erased since; None: none were."""
    if not households:
        return None
    return (f"{households:,} {'household' if households == 1 else 'households'} of this time or later "
            f"{'was' if households == 1 else 'were'} erased since: what was theirs is {ERASED}, or not among "
            "those who waited. Do not publish this time anew: set beside what was published before, it "
            "gives away what was erased")


def erased_since(record: Record, let: pl.DataFrame, since: date | None) -> int:
    """Households erased that were let a home, or whose offer ended, on a day or later.

    Args:
        record: a state folder; of a cycle's record none is.
        let: its lettings, from :func:`~cbl_engine.report.results_rows.lettings_of`.
        since: the day; None: any.
    """
    ended = record.tables["offers"].filter(is_erased(record)).drop_nulls("ended_on")
    parts = [_between(ended, "ended_on", since, date.max),
             _between(let.filter("erased"), "signed_on", since, date.max)]
    return pl.concat([p["application"].cast(pl.String) for p in parts]).n_unique()


def _of_offers(
    record: Record,
    scheme: Scheme,
    since: date | None,
    until: date,
    landlords: pl.DataFrame,
    *,
    public: bool,
) -> dict[str, pl.DataFrame]:
    tables = record.tables
    offers, passed, states = (tables[n] for n in ("offers", "passed_over", "advert_states"))
    if public:
        adverts, direct = sensitive_offers(record, scheme)
        hidden = adverts.implode()
        offers = offers.filter(~pl.col("advert").is_in(hidden).fill_null(value=False)
                               & ~pl.col("id").is_in(direct.implode()))
        passed = passed.filter(~pl.col("advert").is_in(hidden))
        states = states.filter(~pl.col("advert").is_in(hidden))
    ended = _between(
        _unlet_by(offers, tables["lettings"], until).with_columns(
            pl.coalesce("ended_on", "proposed_on").alias("_on")), "_on", since, until)
    passed = _between(passed, "on", since, until)
    unlet = _between(states.drop_nulls("unlet_because"), "closed_on", since, until)
    words = rt.offers_in_words(ended.with_columns(is_erased(record).alias("erased")), scheme)
    return {
        "landlord": rt.with_nominees(
            landlords, _nominated(record, offers, since, until), public=public),
        "offers": rt.counted(words, ended["application"], (), "offers", public=public),
        "passed_over": rt.counted(rt.passing_over_in_words(passed, public=public),
                                  passed["application"], (), "times", public=public),
        "not_let": rt.counted(rt.unlet_in_words(unlet), unlet["advert"], (), "adverts",
                              public=public),
    }


def _nominated(
    record: Record, offers: pl.DataFrame, since: date | None, until: date
) -> dict[str, tuple[int, int]]:
    """Households whose nomination was settled in the time, and those of them let a home, by landlord.

    By the day it was settled, as lettings are by the day they were signed: by the day of naming a
    time would have the nominations of other lettings than its own.
    """
    signed = record.tables["lettings"].filter(pl.col("undone_on").is_null()).select("id", "signed_on")
    settled = offers.drop_nulls("nominated_on").join(signed, on="id", how="left").with_columns(
        pl.coalesce("ended_on", "signed_on").alias("_on"), pl.col("landlord").cast(pl.String))
    by = _between(settled, "_on", since, until).group_by(
        pl.col("landlord").replace(landlords_told_apart(record.tables)).fill_null(rt.UNKNOWN)).agg(
        pl.col("application").n_unique().alias("named"),
        pl.col("application").filter(pl.col("step") == "let").n_unique().alias("let"))
    return {landlord: (named, let) for landlord, named, let in by.iter_rows()}


def _unlet_by(offers: pl.DataFrame, lettings: pl.DataFrame, day: date) -> pl.DataFrame:
    """Offers that had led to no letting at the end of a day, as they stood then."""
    let = lettings.filter(
        pl.col("signed_on") <= day, pl.col("undone_on").is_null() | (pl.col("undone_on") > day))
    since = (pl.col("step") == "let") | (pl.col("ended_on") > day).fill_null(value=False)
    open_then = offers.join(let, on="id", how="anti").with_columns(since.alias("_since"))
    return open_then.with_columns(
        pl.when("_since").then(pl.lit("offered")).otherwise("step").alias("step"),
        *(pl.when(~pl.col("_since")).then(n).alias(n) for n in ("ended_on", "ended_by")))

"""What keeps a register right: lists of what is due, and what the scheme says should follow.

Everything here is a proposal: nothing is done to the register. ``docs/register.md`` says what each
list holds.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.assessing import STAYS, assess, in_force
from cbl_engine.assess.birthdays import need_changes
from cbl_engine.assess.clocks import clocks, consequence
from cbl_engine.assess.duplicates import duplicates
from cbl_engine.assess.periods import period_end, period_start
from cbl_engine.errors import Problem, TableError
from cbl_engine.tables import LONDON, TABLES, as_of_homes, column_problems, column_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbl_engine.assess.assessed import Assessed
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.upkeep import Due, Follows, NonBidding, Upkeep

LISTS = (
    "reviews", "evidence", "non_bidders", "changes", "duplicates", "birthdays", "awards", "clocks",
    "breaches", "overrides",
)
"""The lists, in the order they are told."""

BIDS_ON_RECORD_FROM = "bids are on record from"
"""Note of who has no bid on record, and may have had one before bids were kept."""

_GONE = ("housed", "closed")
_NEVER_CLOSED = ("draft", "withdrawn")
_COLUMNS = ("application", "about", "rows", "owner", "began_on", "due_on", "follows", "proposes", "source",
            "note")


def upkeep(
    scheme: Scheme,
    register: Mapping[str, pl.DataFrame],
    as_at: date,
    *,
    bids: pl.DataFrame | None = None,
    adverts: pl.DataFrame | None = None,
    within: int = 28,
) -> dict[str, pl.DataFrame]:
    """The lists that an officer works through to keep a register right.

    Args:
        scheme: the version in force says under ``upkeep:`` what is due when and what follows, and
            under ``assessment:`` what is found of a household. What it does not say is not listed.
        register: frames by table name. Applications that are housed or closed are left out.
        as_at: the date.
        bids: without them nobody is listed as not bidding.
        adverts: read where a household counts as not bidding only when enough was advertised; those
            that do not say their bedrooms are of their home's, in the register. Drafts and withdrawn
            ones are none.
        within: [days] after as-at for what is about to fall due.

    Returns:
        By name of :data:`LISTS`, frames of application, about (what it is about), rows (ids of
        people, decisions, overrides or other applications concerned), owner (who is to see to it;
        null: nobody named), began_on (null: not known or none), due_on (null: not known), follows
        (the scheme's words; null: it says nothing), proposes (a status; null: none), source, note; by
        due_on, then application.

    Raises:
        SchemeError: the scheme is not in force.
        TableError: a table or column that is read is missing or of another type; all at once.
    """
    version = scheme.in_force(as_at)
    rules = version.upkeep
    problems = list(_problems(register, rules, bids, adverts))
    if problems:
        raise TableError(problems)
    assessed = assess(scheme, register, as_at) if version.assessment is not None else None
    applications, _ = in_force(register["applications"], as_at)
    applications = applications.filter(~pl.col("status").cast(pl.String).is_in(_GONE))
    until = as_at + timedelta(within)
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in LISTS}
    if rules is not None:
        if rules.review is not None:
            found["reviews"].append(_due(applications, rules.review, "review", until, rules.closed, unknown=True))
        for name, item in rules.evidence.items():
            found["evidence"].append(_due(applications, item, name, until, rules.closed, unknown=False))
        if rules.non_bidding is not None and bids is not None:
            sizes = assessed.assessed if assessed is not None else None
            found["non_bidders"].append(
                _non_bidders(applications, rules.non_bidding, bids, adverts, register.get("homes"),
                             sizes, as_at, until, rules.closed))
    for running in clocks(
        register.get("duties"), register.get("officer_decisions"), version, as_at
    ):
        over = pl.col("due_on") < as_at
        found["breaches"].append(running.filter(over))
        found["clocks"].append(
            running.filter(pl.col("due_on").is_between(as_at, until) | pl.col("due_on").is_null()))
    found["changes"].append(_sent_in(applications))
    found["overrides"].append(_overrides_ending(register.get("overrides"), as_at, until))
    people = register.get("people")
    if people is not None:
        found["duplicates"].append(duplicates(people, applications["id"]))
    if assessed is not None:
        found["changes"].append(_not_recorded(assessed))
        found["awards"] += _awards_ending(assessed, until)
        found["overrides"].append(_override_conflicts(assessed))
        if people is not None:
            found["birthdays"].append(need_changes(assessed, people, until))
    ids = applications["id"].implode()
    return {
        name: _told(frames, _rule(rules, name), applications.schema["id"]).filter(
            pl.col("application").is_in(ids))
        for name, frames in found.items()
    }


def _rule(rules: Upkeep | None, name: str) -> Follows | None:
    """What the scheme says follows from a whole list."""
    return getattr(rules, name, None) if name in (
        "changes", "duplicates", "birthdays", "awards", "overrides") else None


def _told(frames: list[pl.DataFrame], rule: Follows | None, ids: pl.DataType) -> pl.DataFrame:
    """The frames of a list with every column, in order."""
    types = {"application": ids, "about": pl.String, "rows": pl.List(pl.String), "owner": pl.String,
             "began_on": pl.Date, "due_on": pl.Date, "follows": pl.String, "proposes": pl.String,
             "source": pl.String, "note": pl.String}
    whole = pl.concat(
        [pl.DataFrame(schema=types)]
        + [f.with_columns(pl.col(c).cast(types[c]) for c in f.columns) for f in frames],
        how="diagonal",
    )
    if rule is not None:
        whole = whole.with_columns(consequence(rule))
    whole = whole.with_columns(pl.col("rows").fill_null([]))
    return whole.select(_COLUMNS).sort(
        "due_on", "application", "about", pl.col("rows").list.join("|"), nulls_last=True
    )


def _problems(
    register: Mapping[str, pl.DataFrame],
    rules: Upkeep | None,
    bids: pl.DataFrame | None,
    adverts: pl.DataFrame | None,
) -> Iterator[Problem]:
    """Columns that the lists read: those they cannot do without, and the types of others."""
    if "applications" not in register:
        yield Problem("missing_table", "the table applications is missing", where="applications")
        return
    starts = rules.columns_read() if rules is not None else set()
    read = {"applications": {"id", "status", *starts}}
    if "people" in register:
        read["people"] = {"id", "application"}
    given = {**register, "bids": bids, "adverts": adverts}
    for table in ("duties", "officer_decisions", "overrides", "bids", "adverts", "homes"):
        if given.get(table) is not None:
            read[table] = {c.name for c in TABLES[table] if c.required}
    for table, columns in read.items():
        frame = given[table]
        if frame is None:
            continue
        ids = {c.name for c in TABLES[table] if c.type == "id"}
        types = dict.fromkeys(starts, "date") | column_types(table)
        wanted = columns | (set(frame.columns) & {c.name for c in TABLES[table]})
        yield from column_problems(
            frame, table, {c: "id" if c in ids else types[c] for c in sorted(wanted)})


def _due(
    applications: pl.DataFrame,
    rule: Due,
    about: str,
    until: date,
    closed: Sequence[date],
    *,
    unknown: bool,
) -> pl.DataFrame:
    """Applications whose period is over by a date; ``unknown``: also those without a start."""
    start = period_start(applications, rule.dates())
    end, note = period_end(start, rule, closed)
    found = pl.DataFrame(
        [applications["id"].alias("application"), start.alias("began_on"), end.alias("due_on"),
         note.alias("note")]
    ).with_columns(pl.lit(about).alias("about"), *consequence(rule))
    over = pl.col("due_on") <= until
    if unknown:
        no_date = pl.col("began_on").is_null()
        lacks = pl.lit(f"no date under {' or '.join(rule.dates())}")
        found = found.with_columns(pl.when(no_date).then(lacks).otherwise("note").alias("note"))
        over |= no_date
    return found.filter(over)


def _non_bidders(
    applications: pl.DataFrame,
    rule: NonBidding,
    bids: pl.DataFrame,
    adverts: pl.DataFrame | None,
    homes: pl.DataFrame | None,
    assessed: pl.DataFrame | None,
    as_at: date,
    until: date,
    closed: Sequence[date],
) -> pl.DataFrame:
    """Those who may bid and did not, by the last bid that was not made for them by the system."""
    own = bids
    if "placed_by" in bids.columns:
        own = bids.filter(pl.col("placed_by").cast(pl.String).ne_missing("automatic"))
    placed = pl.col("placed_at").dt.convert_time_zone(LONDON).dt.date()
    last = own.filter(placed <= as_at).group_by("application").agg(placed.max().alias("last"))
    may_bid = applications.filter(pl.col("status").cast(pl.String) == "active")
    given = [c for c in rule.dates() if c in may_bid.columns]
    rows = may_bid.with_columns(period_start(may_bid, given).alias("without")).join(
        last, left_on="id", right_on="application", how="left", maintain_order="left"
    )
    start = rows.select(pl.coalesce("last", "without")).to_series()
    end, note = period_end(start, rule, closed)
    since = bids.select(placed.min()).to_series()
    unseen = (rows["last"].is_null() & (start < since)).fill_null(value=False)
    note = note.set(unseen, f"{BIDS_ON_RECORD_FROM} {since.item()} only")
    found = pl.DataFrame(
        [rows["id"].alias("application"), start.alias("began_on"), end.alias("due_on"),
         note.alias("note")]
    ).with_columns(
        pl.when(rows["last"].is_null()).then(pl.lit("no bid")).otherwise(
            pl.lit("last bid")).alias("about"),
        *consequence(rule),
    ).filter(pl.col("due_on") <= until)
    if not rule.adverts_at_least or adverts is None:
        return found
    return _with_enough_adverts(found, rule, adverts, homes, applications, assessed, as_at)


def _with_enough_adverts(
    found: pl.DataFrame,
    rule: NonBidding,
    adverts: pl.DataFrame,
    homes: pl.DataFrame | None,
    applications: pl.DataFrame,
    assessed: pl.DataFrame | None,
    as_at: date,
) -> pl.DataFrame:
    """Those for whom enough adverts closed since the period started.

    An advert is of the bedrooms that it says, or its home. One of which they are not known, and a
    household whose sizes are not known, count as fitting each other. A loop over sizes of homes.
    """
    closed = pl.col("closes_at").dt.convert_time_zone(LONDON).dt.date().alias("closed")
    shown = as_of_homes(adverts, homes, {"bedrooms": pl.Int64()}).filter(
        ~pl.col("status").cast(pl.String).is_in(_NEVER_CLOSED)).select(closed, "bedrooms").filter(
        pl.col("closed") <= as_at)
    own = applications.select(pl.col("id").alias("application"), "sizes") if (
        "sizes" in applications.columns) else None
    sizes = assessed.select("application", "sizes") if assessed is not None else own
    rows = found.join(sizes, on="application", how="left", maintain_order="left") if (
        sizes is not None) else found.with_columns(pl.lit(None, pl.List(pl.Int64)).alias("sizes"))
    count = pl.Series([0], dtype=pl.Int64).new_from_index(0, rows.height)
    begun = rows["began_on"].to_physical().to_numpy()
    for (size,), mine in shown.sort("closed").partition_by(
        "bedrooms", as_dict=True, maintain_order=True).items():
        days = mine["closed"].to_physical().to_numpy()
        after = pl.Series(len(days) - days.searchsorted(begun, side="right"), dtype=pl.Int64)
        fits = rows.select(
            pl.lit(size is None) | pl.col("sizes").is_null()
            | pl.col("sizes").list.contains(-1 if size is None else size)
        ).to_series()
        count += after * fits.cast(pl.Int64)
    return rows.filter(count >= rule.adverts_at_least).drop("sizes")


def _sent_in(applications: pl.DataFrame) -> pl.DataFrame:
    """Applications sent in since they were last assessed or reviewed."""
    if "submitted_on" not in applications.columns:
        return pl.DataFrame()
    last = period_start(applications, ("band_from", "reviewed_on"))
    return applications.select(
        pl.col("id").alias("application"),
        pl.lit("submitted_on").alias("about"),
        pl.col("submitted_on").alias("began_on"),
        pl.lit("sent in since it was last assessed").alias("note"),
    ).filter(pl.col("began_on") > last.fill_null(date.min))


def _not_recorded(result: Assessed) -> pl.DataFrame:
    """What the rules find today and the register does not have; a status stands for an offer's."""
    recorded, found = result.tables["applications"], result.assessed
    parts = []
    for field in ("bedroom_need", "band", "points", "priority_date", "status"):
        if field not in recorded.columns:
            continue
        now = found["status_proposed" if field == "status" else field]
        before = recorded[field]
        if before.dtype in (pl.Enum, pl.Categorical):
            before = before.cast(pl.String)
        differs = now.ne_missing(before.cast(now.dtype))
        if field == "status":
            differs &= ~before.is_in(STAYS)
        if field == "priority_date":  # none on record: the rule decides
            differs &= before.is_not_null()
        parts.append(found.filter(differs).select(
            "application", pl.lit(field).alias("about"),
            pl.lit(result.as_at).alias("due_on"),
            pl.lit("found otherwise than recorded").alias("note")))
    return pl.concat(parts) if parts else pl.DataFrame()


def _awards_ending(result: Assessed, until: date) -> list[pl.DataFrame]:
    """Awards that count today and end by a date."""
    parts = []
    for name, award in result.trace.awarded.awards.items():
        ends = award.until
        mine = pl.Series(award.counts) & (ends > result.as_at) & (ends <= until)
        if mine.any():
            parts.append(pl.DataFrame(
                [result.ids.ids.alias("application"), award.since.alias("began_on"),
                 ends.alias("due_on")]
            ).filter(mine).with_columns(pl.lit(name).alias("about")))
    return parts


def _overrides_ending(
    overrides: pl.DataFrame | None, as_at: date, until: date
) -> pl.DataFrame:
    if overrides is None or not overrides.height or "until" not in overrides.columns:
        return pl.DataFrame()
    since = pl.col("since") if "since" in overrides.columns else pl.lit(None, pl.Date)
    return overrides.filter(
        pl.col("until") > as_at, pl.col("until") <= until, since.is_null() | (since <= as_at)
    ).select(
        "application", pl.col("field").cast(pl.String).alias("about"),
        pl.concat_list(pl.col("id").cast(pl.String)).alias("rows"),
        since.alias("began_on"), pl.col("until").alias("due_on"),
        pl.lit("about to end").alias("note"),
    )


def _override_conflicts(result: Assessed) -> pl.DataFrame:
    kinds = pl.col("kind").str.starts_with("override_")
    return result.contradictions.filter(kinds).select(
        "application", pl.col("kind").alias("about"), "rows",
        pl.lit(result.as_at).alias("due_on"), pl.col("assumption").alias("note"),
    )

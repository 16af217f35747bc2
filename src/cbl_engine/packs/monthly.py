"""A month of lettings as a committee asks for it: relets, money, adverts, nominations, reviews, register."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.periods import period_end
from cbl_engine.assess.upkeep import BIDS_ON_RECORD_FROM
from cbl_engine.disclosure import LIMIT, shown_total
from cbl_engine.errors import BadInput, Problem
from cbl_engine.packs.happened import LET, WAITS, Happened
from cbl_engine.packs.parts import ALL, UNKNOWN, Audience, Part, counted, enough, not_recorded
from cbl_engine.report.recorded_time import not_on_record
from cbl_engine.report.results_tables import counted as by_households
from cbl_engine.simulate.kpis_homes import stage_days_of
from cbl_engine.simulate.setup import FIRST_LETS
from cbl_engine.simulate.void_measures import MEASURES, NO_RELET, void_days
from cbl_engine.tables import LONDON

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAST_BID = ((28, "within four weeks"), (91, "within three months"), (182, "within six months"),
             (365, "within a year"))
_LONGER, _NEVER = "over a year ago", "no bid on record"
_MEASURE = {
    "tenancy": ("tenancy", "from the end of one tenancy to the start of the next"),
    "key_to_key": ("key to key", "from keys in to keys out"),
    "standard_relet": (
        "standard relet", "as tenancy, but not after major works, decants, exchanges, successions"),
    "core": ("CORE", "as tenancy, or from the end of major works"),
}
_NO_VOIDS = ("The record has no table of voids: give one with the cycle (--data), with the days from "
             "the end of a tenancy to the next.")


def monthly(
    record: Happened, first: date, last: date, *, council_tax_weekly: float | None = None,
    council_tax_source: str | None = None, audience: Audience = "officer",
) -> list[Part]:
    """The parts of a month's pack, in order.

    Args:
        record: what happened.
        first: first day of the month.
        last: its last day.
        council_tax_weekly: what an empty home costs in council tax [pounds a week]; None: not known.
        council_tax_source: where that is from; None: it is marked as assumed.
        audience: ``public`` withholds counts of one to four households and what gives them away,
            and means of fewer than five; tables of landlords' times are for officers alone.

    Raises:
        BadInput: the month is not over in the record, or was over before it begins; a council tax under 0
            or not finite, or a source of none.
    """
    check_time(record, first, last)
    _check_council_tax(council_tax_weekly, council_tax_source)
    public = audience == "public"
    if public:
        record = record.published()
    parts = [
        *_relets(record, first, last, audience),
        _money(record, first, last, council_tax_weekly, council_tax_source),
        _adverts(record, first, last),
        *_nominees(record, first, last, audience),
    ]
    if not public:
        parts += [_in_time(record, first, last), _reviews(record, last)]
    return [*parts, *_register(record, last, audience)]


def check_time(record: Happened, first: date, last: date) -> None:
    """Refuse a time of which the record cannot tell: it may begin within the time's first month."""
    if problems := not_on_record(record.since, record.as_at, first, last):
        raise BadInput(problems)


def _check_council_tax(weekly: float | None, source: str | None) -> None:
    if weekly is None and source is not None:
        raise BadInput([Problem("no_council_tax", "this is the source of a council tax that is not given",
                                where="--council-tax-source", given=repr(source),
                                remedy="Give the pounds a week too (--council-tax)")])
    if weekly is not None and not (math.isfinite(weekly) and weekly >= 0):
        raise BadInput([Problem("council_tax", "this is not an amount of council tax", where="--council-tax",
                                given=str(weekly), allowed="0 or more pounds a week")])


def within(column: str, first: date, last: date) -> pl.Expr:
    """Whether a day lies in the time."""
    return pl.col(column).is_between(first, last)


def _relets(record: Happened, first: date, last: date, audience: Audience) -> Iterator[Part]:
    title, stage_title = "Days to let again, by measure", "Where the days go"
    if record.voids is None:
        yield not_recorded("relets", title, _NO_VOIDS)
        yield not_recorded("stages", stage_title, _NO_VOIDS)
        return
    yield Part(
        "relets", title,
        "Homes let in the month, in the four measures that are published under one name; they are "
        "not comparable with each other. Open: homes that stood empty at the end of the month, with "
        "their days so far; a measure that knows no beginning of a void does not count it.",
        relets(record.voids, first, last, audience), drawn="median",
        heads=(("homes_let", "homes let"), ("open_days", "their mean days so far")))
    stages = stage_days_of(record.voids.filter(within("let_on", first, last)))
    if stages is None or not stages["voids"].sum():
        yield not_recorded("stages", stage_title, "No home let in the month has the days of its stages.")
        return
    least = LIMIT if audience == "public" else 1
    shown = stages.with_columns(
        pl.when(pl.col("voids") >= least).then(column).alias(column) for column in ("voids", "days"))
    yield Part(
        "stages", stage_title,
        "Mean days in each stage of homes let in the month: notice runs before the tenancy ends and "
        "is no void day; the others count from the day after, as the measures do. A stage "
        "counts the homes of which both its days are known.",
        shown, drawn="days", heads=(("voids", "homes"), ("days", "mean days")))


def relets(voids: pl.DataFrame, first: date, last: date, audience: Audience) -> pl.DataFrame:
    """Days to let again by measure.

    Returns:
        measure, homes_let (in the time; null: withheld), mean, median [days], open (at its end), open_days
        (their mean so far) [days] and days (what is counted).
    """
    days = void_days(voids.with_row_index("void"), last)
    let = days.filter(~pl.col("open"), within("let_on", first, last))
    still = days.filter("open")
    public = audience == "public"
    every = dict.fromkeys(MEASURES, (True, True))
    told, told_open = (_apart(let), _apart(still)) if public else (every, every)
    rows = []
    for measure in MEASURES:
        mine, waits = let.filter(measure=measure)["days"], still.filter(measure=measure)["days"]
        (count, mean), (_, open_mean) = told[measure], told_open[measure]
        rows.append((
            _MEASURE[measure][0], shown_total(mine.len(), public=public) if count else None,
            enough(_number(mine.mean()), mine.len(), audience) if mean else None,
            enough(_number(mine.median()), mine.len(), audience) if mean else None, waits.len(),
            enough(_number(waits.mean()), waits.len(), audience) if open_mean else None,
            _MEASURE[measure][1]))
    return pl.DataFrame(rows, {
        "measure": pl.String, "homes_let": pl.Int64, "mean": pl.Float64, "median": pl.Float64,
        "open": pl.Int64, "open_days": pl.Float64, "days": pl.String}, orient="row")


def _apart(days: pl.DataFrame) -> dict[str, tuple[bool, bool]]:
    """Of each measure, whether its count and whether its mean may stand beside those of larger ones.

    One that counts the homes of another but for one to four, or counts one to four by other days,
    would tell of these by subtraction.
    """
    own = {m: dict(days.filter(measure=m).select("void", "days").iter_rows()) for m in MEASURES}
    told: dict[str, tuple[bool, bool]] = {}
    for measure in sorted(MEASURES, key=lambda m: -len(own[m])):
        mine = own[measure]
        beside = [own[m] for m, (_, mean) in told.items() if mean and len(own[m]) >= LIMIT]
        count = not any(0 < len(mine.keys() ^ other.keys()) < LIMIT for other in beside)
        alike = any(0 < len(dict(mine.items() ^ other.items())) < LIMIT for other in beside)
        told[measure] = (count, count and not alike)
    return told


def _number(value: object) -> float | None:
    return None if value is None else round(float(value), 1)  # type: ignore[arg-type]


def _money(
    record: Happened, first: date, last: date, council_tax: float | None, source: str | None
) -> Part:
    title = "Rent and council tax lost"
    if record.voids is None or "tenancy_ended_on" not in record.voids.columns:
        return not_recorded("money", title, _NO_VOIDS)
    empty = void_days_in(record.voids, first, last)
    home_days = int(empty["days"].sum())
    unpriced = empty.filter(pl.col("rent_weekly").is_null(), pl.col("days") > 0).height
    empty = empty.with_columns((pl.col("days") * pl.col("rent_weekly") / 7).alias("rent"))
    rows: list[tuple[str, float | None, str]] = [
        ("home days empty", float(home_days), "days in the month on which homes stood empty"),
        ("rent lost", round(float(empty["rent"].sum()), 2), "rent of those days"
         + (f"; homes without a rent, not in it: {unpriced:,}" if unpriced else "")),
        *_rent_by_kind(empty.filter(pl.col("days") > 0)),
    ]
    if council_tax is None:
        rows.append(("council tax lost", None, ("not recorded: what an empty home costs a week is not "
                     "in the record (--council-tax)")))
    else:
        rows.append(("council tax lost", round(home_days * council_tax / 7, 2),
                     f"paid by whoever owns the empty home (of council homes the Housing Revenue Account): "
                     f"£{council_tax:,.2f} a week for a home "
                     + (f"({source})" if source else "(assumed)")))
    return Part("money", title, "From the day after the tenancy ended to the day before the next "
                "began; homes out of letting count until their works were done.",
                pl.DataFrame(rows, {"what": pl.String, "days_or_pounds": pl.Float64,
                                    "how": pl.String}, orient="row"),
                heads=(("days_or_pounds", "days, or pounds"),), withholds=False)


_RENT_OF = {
    "council": ("council homes", "Housing Revenue Account"),
    "provider": ("other landlords' homes", "those landlords' own"),
    None: ("landlord not known", "whose they are is not known (homes.nomination_right)"),
}
"""By the kind of its landlord: what rent of an empty home is called, and who loses it."""


def _rent_by_kind(empty: pl.DataFrame) -> Iterator[tuple[str, float, str]]:
    """Rent lost on homes of each kind of landlord of which some stood empty."""
    there = dict(empty.group_by("landlord_kind").agg(pl.col("rent").sum()).iter_rows())
    for kind, (homes, how) in _RENT_OF.items():
        if kind in there:
            yield f"rent lost, {homes}", round(there[kind], 2), how


def void_days_in(voids: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Days of a time on which each home stood empty.

    Returns:
        home, landlord_kind (null: not known), rent_weekly (null: not known) and days.
    """
    missing = {"cause": pl.String, "outcome": pl.String, "let_on": pl.Date, "ready_on": pl.Date,
               "rent_weekly": pl.Float64, "landlord_kind": pl.String}
    voids = voids.with_columns(
        pl.lit(None, dtype).alias(n) for n, dtype in missing.items() if n not in voids.columns)
    new = pl.col("cause").is_in(FIRST_LETS).fill_null(value=False)
    begins = pl.when(new).then("ready_on").otherwise(pl.col("tenancy_ended_on") + timedelta(days=1))
    no_relet = pl.col("outcome").is_in(NO_RELET).fill_null(value=False)
    ends = pl.when(no_relet).then("ready_on").otherwise("let_on")
    after = last + timedelta(days=1)
    days = (pl.min_horizontal(pl.coalesce(ends, pl.lit(after)), pl.lit(after))
            - pl.max_horizontal(begins, pl.lit(first))).dt.total_days().clip(0)
    return voids.filter(begins.is_not_null()).select(
        "home", pl.col("landlord_kind").cast(pl.String), pl.col("rent_weekly").cast(pl.Float64),
        days.alias("days"))


def _adverts(record: Happened, first: date, last: date) -> Part:
    """Adverts are homes, not households: every count is shown."""
    closed = record.adverts.filter(within("closed_on", first, last))
    return Part("adverts", "Adverts that closed, and those not let",
                "What is known of them at the end of the record, not of the month.",
                counted(closed["what"], [LET], "adverts", "officer"), drawn="adverts")


def _nominees(record: Happened, first: date, last: date, audience: Audience) -> Iterator[Part]:
    settled = record.nominations.filter(within("settled_on", first, last), pl.col("what") != WAITS)
    let = settled.filter(pl.col("what") == LET).height
    # Homes let stand in a table of their own, so a count beside them could be worked out from it.
    first_of = [LET] if audience == "officer" else []
    told = settled.filter(pl.col("what").is_in(first_of) | (pl.col("what") != LET))
    table = by_households(told["what"], told["application"], first_of, "nominations",
                          public=audience == "public")
    least = LIMIT if audience == "public" else 1
    each = [None if n is None or let < least else round(n / let, 2) for n in table["nominations"]]
    yield Part("nominees", "Nominees for each letting, with reasons",
               ("Nominations that were settled in the month, by what came of them" if first_of else
                "Nominations that ended in the month without a letting, by why")
               + ", and how many there were for each that ended in a letting.",
               table.with_columns(pl.Series("for_each_letting", each, dtype=pl.Float64)),
               drawn="nominations", heads=(("for_each_letting", "for each letting"),))
    signed = record.lettings.filter(within("signed_on", first, last))
    bands = signed["band"].cast(pl.String).fill_null("no band")
    yield Part("lettings", "Homes let, by band", "Signed in the month.",
               counted(bands, record.bands, "lettings", audience), drawn="lettings")


def _in_time(record: Happened, first: date, last: date) -> Part:
    title = "Nominations in time, by landlord"
    if record.late is None:
        return not_recorded("in_time", title, "Landlords and times allowed are not simulated.")
    named = record.nominations.filter(within("named_on", first, last))
    late = record.late.filter(within("due_on", first, last))
    what = pl.col("what")
    by = named.group_by("landlord").agg(
        pl.len().cast(pl.Int64).alias("named"), pl.col("result_on").is_not_null().sum().cast(pl.Int64).alias("results"))
    theirs = late.filter(what == "landlord's result").group_by(pl.col("owner").alias("landlord")).agg(
        pl.len().cast(pl.Int64).alias("late"), pl.col("done_on").is_null().sum().cast(pl.Int64).alias("late_and_open"))
    ours = late.filter(what == "nomination").height
    table = by.join(theirs, on="landlord", how="full", coalesce=True).with_columns(
        pl.col("named", "results", "late", "late_and_open").fill_null(0)).sort(
        "landlord", nulls_last=True).with_columns(
        pl.col("landlord").replace(dict(record.landlords)).fill_null(UNKNOWN))
    table = pl.concat([table, table.select(pl.lit(ALL).alias("landlord"), pl.exclude("landlord").sum())])
    return Part("in_time", title,
                "Nominations to landlords made in the month, and landlords' results whose last day fell in "
                "it and that came late or not yet. Direct lets, and lets of homes for which the council "
                f"names nobody, are no nominations. The council named nobody in time for {ours:,} homes "
                "whose last day fell in the month. Times are those of the scheme; where it has none, nothing "
                "is late.", table, heads=(("late_and_open", "of them still open"),))


def _reviews(record: Happened, last: date) -> Part:
    title = "Reviews and other work overdue"
    if record.due is None:
        return not_recorded("overdue", title, "Reviews are not simulated." if record.simulated else
                            "The scheme says nothing under upkeep, so nothing is known to be due.")
    rows = []
    for name, frame in record.due.items():
        frame, unknown = _seen(record, frame, last) if name == "non_bidders" else (frame, 0)
        over = frame.filter(pl.col("due_on") < last)
        longest = over.select((pl.lit(last) - pl.col("due_on")).dt.total_days().max()).item()
        rows.append((name.replace("_", " "), over.height, longest, unknown))
    return Part("overdue", title, "Lines of the register's lists whose last day was before the end of the "
                "month, as the register stands at the end of the record. Not known: households without a "
                "bid on record that may have bid before bids were; such a household is overdue once its "
                "time is over as counted from the first bid on record.",
                pl.DataFrame(rows, {"what": pl.String, "overdue": pl.Int64, "longest_days": pl.Int64,
                                    "not_known": pl.Int64}, orient="row"),
                heads=(("longest_days", "longest [days]"),), withholds=False)


def _seen(record: Happened, lines: pl.DataFrame, last: date) -> tuple[pl.DataFrame, int]:
    """Non-bidders as far as bids on record tell, and of how many more they do not yet tell."""
    unseen = pl.col("note").str.starts_with(BIDS_ON_RECORD_FROM).fill_null(value=False)
    found = lines.filter(unseen)
    held, scheme = record.record or (None, None)
    rules = scheme.in_force(record.as_at).upkeep if scheme is not None else None
    if held is None or rules is None or rules.non_bidding is None or found.is_empty():
        return lines, 0
    first = held.tables["bids"].select(pl.col("placed_at").dt.convert_time_zone(LONDON).dt.date().min())
    end = period_end(first.to_series(), rules.non_bidding, rules.closed)[0].item()
    if end >= last:
        return lines.filter(~unseen), found.filter(pl.col("due_on") < last).height
    return lines.with_columns(
        pl.when(unseen).then(pl.max_horizontal("due_on", pl.lit(end))).otherwise("due_on").alias("due_on")), 0


def _register(record: Happened, last: date, audience: Audience) -> Iterator[Part]:
    held, day = record.register_on(last)
    on = f"Households on the register on {day.day} {day:%B %Y}"
    end = "month" if day == last else "simulation"
    yield Part("register_band", "The register by band", f"{on}, the end of the {end}.",
               counted(held["band"].cast(pl.String).fill_null("no band"), record.bands, "households",
                       audience), drawn="households")
    need = held["bedroom_need"]
    sizes = [str(n) for n in need.drop_nulls().unique().sort()]
    yield Part("register_size", "The register by bedrooms needed", f"{on}.",
               counted(need.cast(pl.String), sizes, "households", audience), drawn="households")
    if not record.bids_known:
        yield not_recorded("register_last_bid", "The register by last bid",
                           "When a household last bid is not kept.")
        return
    days = (pl.lit(day) - pl.col("last_bid_on")).dt.total_days()
    said = pl.when(days.is_null()).then(pl.lit(_NEVER))
    for most, words in _LAST_BID:
        said = said.when(days <= most).then(pl.lit(words))
    bid = held.select(said.otherwise(pl.lit(_LONGER)).alias("last"))["last"]
    whose = ("the day on which the last advert that it bid for itself closed; bids by officers or the engine, and "
             "those before the start, are not kept" if record.simulated
             else "the last bid on record, whoever placed it and withdrawn or not")
    yield Part("register_last_bid", "The register by last bid", f"{on}, by {whose}.",
               counted(bid, [*(w for _, w in _LAST_BID), _LONGER, _NEVER], "households", audience),
               drawn="households")

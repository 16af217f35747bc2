"""Counts and waits of lettings, and counts of offers, by one thing at a time.

For the public each table is protected by itself (:func:`cbl_engine.disclosure.withheld`). All tables
of lettings have one total, which is shown where it is five or more: a table that could only be
protected by withholding its total is left out, since another would tell it. No two tables share any
other count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.disclosure import LIMIT, shown_counts, shown_total, withheld
from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.report.results_rows import ERASED
from cbl_engine.shortlist.register_check import bands_in_order
from cbl_engine.tables.days import MONTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbl_engine.scheme import Scheme

BY = ("band", "bedrooms", "area", "property_type", "landlord", "needs_group", "route", "month")
"""What lettings are counted by, a table each."""

ALL, UNKNOWN, NO_BAND = "all", "not known", "no band"
NOT_SETTLED = "not settled yet"
"""What came of an offer that is open."""

_WAITING_BY = {"band": "band", "bedrooms": "bedroom_need"}
_KINDS = {
    "check": "a check", "criterion": "a criterion not met", "rule": "a rule of the scheme",
    "officer": "an officer's decision",
}
_ENDS = {
    "declined": "not approved", "landlord_rejected": "rejected by the landlord",
    "landlord_silent": "no answer from the landlord", "absent": "did not view",
    "not_chosen": "viewed, and another was chosen", "no_reply": "no answer",
    "no_contact": "not reached", "withdrew": "withdrew",
    "offer_withdrawn": "withdrawn by the landlord or the council",
    "undone": "accepted, and fell through", "housed_elsewhere": "housed elsewhere",
    "members_unsettled": "not settled who is on the application",
    "advert_withdrawn": "advert withdrawn", "bypassed": "passed over", "refused": "refused",
    "outranked": "never approved: it led no longer",
}
_UNLET = {
    "no_bids": "no bids", "no_eligible": "nobody who bid was eligible",
    "exhausted": "everyone on the list refused or was passed over", "withdrawn": "withdrawn",
}


def with_values(lettings: pl.DataFrame) -> pl.DataFrame:
    """Lettings with the value that each is counted under, as text, for every one of :data:`BY`."""
    route = (
        pl.when(pl.col("route") == "direct").then(pl.lit("direct"))
        .when(pl.col("final")).then(pl.lit("bid, a final offer"))
        .otherwise(pl.lit("bid"))
    )
    return lettings.with_columns(route.alias("route")).with_columns(
        pl.col(name).cast(pl.String).fill_null(NO_BAND if name == "band" else UNKNOWN)
        for name in BY
    )


def in_order(values: Iterable[str], by: str, scheme: Scheme) -> list[str]:
    """Values in the order in which people look for them."""
    bands = bands_in_order(scheme) if by == "band" else []

    def place(value: str) -> tuple[Any, ...]:
        known = value not in (UNKNOWN, NO_BAND, ERASED)
        if by == "bedrooms" and known:
            return 0, int(value), ""
        return (0 if known else 1), (bands.index(value) if value in bands else len(bands)), value

    return sorted(values, key=place)


def table_of_lettings(
    lettings: pl.DataFrame, waiting: pl.DataFrame, by: str, scheme: Scheme, *, public: bool
) -> pl.DataFrame:
    """Lettings, waits and bids by one thing.

    Args:
        lettings: as :func:`with_values` gives them.
        waiting: households on the register.
        by: one of :data:`BY`.
        scheme: for the order of bands.
        public: withhold what could point at a household.

    Returns:
        A row for each value, and ``all`` at the end. Columns: the name of ``by`` (text), lettings,
        bids (mean of each advert's bids that counted; null for direct lets alone),
        registered_mean, registered_median, ranked_mean and ranked_median (from the day it joined
        the register, and from the date it ranked by, to signing [months]) and, by band and by
        bedrooms, waiting and waiting_median (households of ``waiting`` by band and by bedrooms
        needed, and their months so far). Null: withheld, or not known; where lettings
        (or those who wait) cannot be told apart, every count of them but the total. Months and
        bids are whole for the public.
    """
    digits, least = (0, LIMIT) if public else (1, 1)
    measures = [
        _mean("bids", "bids", digits, least, 1.0),
        _mean("registered_mean", "days_registered", digits, least),
        _median("registered_median", "days_registered", digits, least),
        _mean("ranked_mean", "days_ranked", digits, least),
        _median("ranked_median", "days_ranked", digits, least),
    ]
    lets = table = _measured(lettings, by, "lettings", measures, public=public)
    if by in _WAITING_BY:
        held = pl.col(_WAITING_BY[by]).cast(pl.String)
        line = waiting.with_columns(held.fill_null(NO_BAND if by == "band" else UNKNOWN).alias(by))
        median = [_median("waiting_median", "days", digits, least)]
        queue = _measured(line, by, "waiting", median, public=public)
        table = table.join(queue, on=by, how="full", coalesce=True)
        table = table.with_columns(
            _nought_where_absent(by, count, rows)
            for count, rows, held in (("lettings", lettings, lets), ("waiting", line, queue))
            if held.height > 1 or rows.is_empty()
        )
    order = {value: n for n, value in enumerate(in_order(set(table[by]) - {ALL}, by, scheme))}
    return table.sort(pl.col(by).replace_strict(order, default=len(order)))


def _nought_where_absent(by: str, count: str, rows: pl.DataFrame) -> pl.Expr:
    """A count as it is, and 0 for a value that no row has."""
    there = pl.col(by).is_in([*rows[by].unique(), ALL])
    return pl.when(there).then(count).otherwise(0).alias(count)


def _measured(
    rows: pl.DataFrame, by: str, count: str, measures: list[pl.Expr], *, public: bool
) -> pl.DataFrame:
    """Rows counted and measured by value, and ``all``: alone, where no count may be shown."""
    counts = dict(rows.group_by(by).len().sort(by).iter_rows())
    shown = shown_counts(list(counts.values()), public=public)
    if shown is None:
        counts, shown = {}, [shown_total(rows.height, public=public)]
    places = pl.DataFrame({by: [*counts, ALL], count: shown},
                          schema={by: pl.String, count: pl.Int64})
    whole = rows.select(measures).select(pl.lit(ALL).alias(by), pl.all())
    found = pl.concat([rows.group_by(by).agg(measures), whole])
    names = [n for n in found.columns if n != by]
    return places.join(found, on=by, how="left", maintain_order="left").with_columns(
        pl.when(pl.col(count).is_not_null()).then(pl.col(names))
    )


def counted(
    values: pl.Series, households: pl.Series, order: Sequence[str], name: str, *, public: bool
) -> pl.DataFrame:
    """How often each value came up.

    Args:
        values: a value for each time, as text.
        households: whose each is; fewer than five in a count: it is withheld.
        order: values in order; others follow by name.
        name: of the column of counts.
        public: withhold what could point at a household.

    Returns:
        Frame of what (text) and the counts, ``all`` at the end; of ``all`` alone where nothing
        else can be shown. Null: withheld.
    """
    frame = pl.DataFrame({"what": values, "_household": households})
    per = {
        what: (n, m)
        for what, n, m in frame.group_by("what").agg(
            pl.len(), pl.col("_household").n_unique()
        ).iter_rows()
    }
    places = [v for v in order if v in per] + sorted(set(per) - set(order))
    times = [*(per[v][0] for v in places), frame.height]
    if public:
        who = [*(per[v][1] for v in places), frame["_household"].n_unique()]
        hidden = withheld(np.array(who))
        if hidden[-1]:
            places, times, hidden = [], [frame.height], hidden[-1:]
        times = [None if h else n for n, h in zip(times, hidden, strict=True)]
    return pl.DataFrame({"what": [*places, ALL], name: times},
                        schema={"what": pl.String, name: pl.Int64})


def offers_in_words(offers: pl.DataFrame, scheme: Scheme) -> pl.Series:
    """What came of each offer that led to no letting; a reason in free words is ``another reason``.

    Where offers have a column ``erased``, a reason that went with its household is not known.
    """
    gone = pl.col("erased") if "erased" in offers.columns else pl.lit(value=False)
    reasons = {
        name: label for v in scheme.versions if v.offers for name, label in v.offers.reasons.items()
    }
    said = (
        pl.when(pl.col("ended_by") == "refused").then(
            pl.format("refused: {}", pl.when(gone & pl.col("reason").is_null()).then(pl.lit(ERASED))
                      .otherwise(pl.col("reason").replace_strict(
                          reasons, default="another reason", return_dtype=pl.String))))
        .when(pl.col("step") == "ended").then(pl.col("ended_by").replace(_ENDS))
        .otherwise(pl.lit(NOT_SETTLED))
    )
    return offers.select(said.alias("what"))["what"]


def passing_over_in_words(passed: pl.DataFrame, *, public: bool) -> pl.Series:
    """For what kind of reason each household was passed over; for officers with the reason."""
    kind = pl.col("kind").replace(_KINDS)
    said = pl.when("officer_held").then(pl.lit(NEUTRAL)).otherwise(kind)
    if not public:
        said = pl.format("{}: {}", said, "reason")
    return passed.select(said.alias("what"))["what"]


def unlet_in_words(states: pl.DataFrame) -> pl.Series:
    """Why each advert that was not let was not."""
    return states["unlet_because"].replace(_UNLET).alias("what")


def with_nominees(
    landlords: pl.DataFrame, nominated: Mapping[str, tuple[int, int]], *, public: bool
) -> pl.DataFrame:
    """The table by landlord with the households named to each, and how many for each letting.

    Args:
        landlords: lettings by landlord.
        nominated: households whose nomination was settled, and those of them let a home, by the
            landlord's value.
        public: withhold what could point at a household: a few who were named, and a few who were
            not let a home, since lettings stand beside them.
    """
    values = landlords["landlord"].to_list()[:-1]
    counts = [nominated.get(v, (0, 0)) for v in values]
    shown = shown_counts([named for named, _ in counts], public=public)
    unlet = shown_counts([named - let for named, let in counts], public=public)
    if shown is None or unlet is None:
        shown = [None] * (len(values) + 1)
    else:
        shown = [None if other is None else n for n, other in zip(shown, unlet, strict=True)]
    ratio = pl.when(pl.col("nominated") > 0).then(pl.col("nominated") / pl.col("lettings"))
    return landlords.with_columns(pl.Series("nominated", shown, dtype=pl.Int64)).with_columns(
        ratio.round(1).alias("nominated_for_each")
    )


def _mean(
    name: str, column: str, digits: int, least: int, unit: float = MONTH
) -> pl.Expr:
    return _if_known((pl.col(column).mean() / unit).round(digits), column, least).alias(name)


def _median(name: str, column: str, digits: int, least: int) -> pl.Expr:
    value = (pl.col(column).median() / MONTH).round(digits)
    return _if_known(value, column, least).alias(name)


def _if_known(value: pl.Expr, column: str, least: int) -> pl.Expr:
    return pl.when(pl.col(column).count() >= least).then(value).cast(pl.Float64)

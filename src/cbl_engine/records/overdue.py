"""What a record waits for and since when, what is overdue, and whose times allowed were broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.deadlines import days_closed, last_day
from cbl_engine.records.kinds_of_home import landlords_of_adverts
from cbl_engine.records.under_review import REVIEW, under_review
from cbl_engine.records.waiting import (
    ANSWERS,
    open_answers,
    open_proposals,
    proposed_in_words,
    settled_by,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme import Scheme

WAITS = {
    "id": pl.String(), "waits_for": pl.String(), "what": pl.String(), "advert": pl.String(),
    "application": pl.String(), "owner": pl.String(), "since": pl.Date(), "due_on": pl.Date(),
    "days": pl.Int64(), "days_over": pl.Int64(),
}
BREACHES = {
    "owner": pl.String(), "what": pl.String(), "offer": pl.String(), "advert": pl.String(),
    "application": pl.String(), "due_on": pl.Date(), "done_on": pl.Date(), "days_over": pl.Int64(),
}
COUNCIL = "council"
"""Owner of what the council itself is to do."""

_REACHED = {"nominated": "nominated_on", "invited": "invited_on", "offered": "offered_on",
            "accepted": "answered_on"}
_ASKED = {"nominated": "the landlord's result", "invited": "viewing", "offered": "answer",
          "accepted": "signing"}


def waits(
    tables: Mapping[str, pl.DataFrame], as_at: date, scheme: Scheme | None = None
) -> pl.DataFrame:
    """Everything that is waited for.

    Args:
        tables: of the record.
        as_at: the day at whose end it stands so.
        scheme: that its cycles used, for ``nominations: send``: the decision on the first offer of
            a home is due by the last day to name a household to its landlord; and for consequences that it
            has no longer, which can only be declined. None: neither is looked at.

    Returns:
        Frame of id (of the proposal or offer; of a hold, advert/application/reason, or
        offer/reason of a direct let; of a review of suitability, offer/review), waits_for
        (decision, the landlord's result, viewing, answer, signing, hold, or review), what (of a
        decision: the act, and what it is about; of a hold: the check or criterion; else what may come),
        advert, application, owner (id of the landlord, or of the household that is to answer;
        ``council`` for the rest), since, due_on (last day; null: none is set), days [days waited
        so far], days_over [days past due_on; null: not overdue]; the most overdue first, then the
        longest wait.
    """
    parts = [_decisions(tables, scheme, as_at), _answers(tables), _holds(tables), _reviews(tables)]
    over = (pl.lit(as_at) - pl.col("due_on")).dt.total_days()
    return pl.concat(parts, how="diagonal_relaxed").with_columns(
        days=(pl.lit(as_at) - pl.col("since")).dt.total_days(),
        days_over=pl.when(over > 0).then(over),
    ).select(pl.col(n).cast(dtype) for n, dtype in WAITS.items()).sort(
        "days_over", "days", "id", descending=[True, True, False], nulls_last=True
    )


def _decisions(
    tables: Mapping[str, pl.DataFrame], scheme: Scheme | None, as_at: date
) -> pl.DataFrame:
    naming = _to_be_named(tables, scheme).filter(pl.col("done_on").is_null())
    due = pl.when(pl.col("act") == "offer").then(pl.col("due_on"))
    proposals = open_proposals(tables)
    return proposals.with_columns(settled_by(proposals, scheme, as_at).alias("settled")).join(
        naming.select("advert", "due_on"), on="advert", how="left", maintain_order="left"
    ).select(
        "id", pl.lit("decision").alias("waits_for"), pl.format("{}: {}", proposed_in_words(), "settled").alias("what"),
        "advert", "application", pl.lit(COUNCIL).alias("owner"), pl.col("on").alias("since"),
        due.alias("due_on"),
    )


def _answers(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    more = tables["offers"].select("id", "landlord", *_REACHED.values())
    step = pl.col("step")
    since = pl.coalesce(
        pl.when(step == name).then(pl.col(day)) for name, day in _REACHED.items())
    owner = (
        pl.when(step == "nominated").then(pl.coalesce("landlord", pl.lit(COUNCIL)))
        .when(step == "accepted").then(pl.lit(COUNCIL)).otherwise(pl.col("application"))
    )
    return open_answers(tables).join(more, on="id", maintain_order="left").select(
        "id", step.replace_strict(_ASKED, return_dtype=pl.String).alias("waits_for"),
        step.replace_strict(ANSWERS, return_dtype=pl.String).alias("what"),
        "advert", "application", owner.cast(pl.String).alias("owner"), since.alias("since"), "due_on",
    )


def _holds(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["holds"].filter(pl.col("ended_on").is_null()).select(
        pl.coalesce(
            pl.format("{}/{}/{}", "advert", "application", "reason"),
            pl.format("{}/{}", "offer", "reason"),
        ).alias("id"),
        pl.lit("hold").alias("waits_for"), pl.col("reason").alias("what"), "advert", "application",
        pl.lit(COUNCIL).alias("owner"), "since", pl.col("until").alias("due_on"),
    )


def _reviews(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return under_review(tables).select(
        pl.format("{}/review", "offer").alias("id"), pl.lit("review").alias("waits_for"),
        pl.lit(f"answer the review of suitability: a row of officer_decisions, {REVIEW}").alias("what"),
        "advert", "application", pl.lit(COUNCIL).alias("owner"), "since", "due_on",
    )


def breaches(tables: Mapping[str, pl.DataFrame], scheme: Scheme, as_at: date) -> pl.DataFrame:
    """Times allowed that were not kept: landlords' for a result, the council's for naming.

    A landlord's is listed from the day after its last one, whether the result came later or not;
    the council's where the scheme has ``nominations: send``, of homes for which nobody was named in
    time, whether somebody was since or the advert still waits.

    Args:
        tables: of the record.
        scheme: that its cycles used.
        as_at: the day at whose end it stands so.

    Returns:
        Frame of owner (id of the landlord, or ``council``), what (``landlord's result`` or
        ``nomination``), offer (null: nobody is named yet), advert, application, due_on (last day),
        done_on (null: not yet), days_over [days from due_on to done_on, or so far]; by owner, day,
        then offer and advert.
    """
    found = pl.concat([_of_landlords(tables), _of_the_council(tables, scheme, as_at)])
    end = pl.coalesce("done_on", pl.lit(as_at))
    return found.with_columns(days_over=(end - pl.col("due_on")).dt.total_days()).select(
        pl.col(n).cast(dtype) for n, dtype in BREACHES.items()
    ).sort("owner", "due_on", "offer", "advert", nulls_last=True)


_NAMING = {
    "advert": pl.String(), "due_on": pl.Date(), "offer": pl.String(), "application": pl.String(),
    "done_on": pl.Date(),
}
_FOUND = {n: d for n, d in BREACHES.items() if n != "days_over"}


def _of_landlords(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Silence is proposed on the day after the last one; the result is what settled it."""
    silent = tables["proposals"].filter(
        pl.col("act") == "bypass", pl.col("what") == "landlord_silent"
    ).group_by("offer", maintain_order=True).agg(pl.col("on").min())
    offers = tables["offers"].rename({"id": "offer"})
    due = pl.when(pl.col("step") == "nominated").then(pl.col("due_on"))
    return silent.join(offers, on="offer", maintain_order="left").select(
        pl.coalesce("landlord", pl.lit(COUNCIL)).alias("owner"),
        pl.lit("landlord's result").alias("what"), "offer", "advert", "application",
        pl.coalesce(due, pl.col("on").dt.offset_by("-1d")).alias("due_on"),
        pl.coalesce("landlord_result_on", "ended_on").alias("done_on"),
    ).cast(_FOUND)  # type: ignore[arg-type]


def _of_the_council(
    tables: Mapping[str, pl.DataFrame], scheme: Scheme, as_at: date
) -> pl.DataFrame:
    return _to_be_named(tables, scheme).filter(
        pl.col("due_on") < pl.coalesce("done_on", pl.lit(as_at))
    ).select(
        pl.lit(COUNCIL).alias("owner"), pl.lit("nomination").alias("what"), "offer", "advert",
        "application", "due_on", "done_on",
    ).cast(_FOUND)  # type: ignore[arg-type]


def _to_be_named(tables: Mapping[str, pl.DataFrame], scheme: Scheme | None) -> pl.DataFrame:
    """Closed adverts for which the council is to name a household by a day.

    Returns:
        Frame of advert, due_on (last day), and the first that was named: offer, application and
        done_on; null where nobody was, and the home is still to be let.
    """
    closed = tables["advert_states"].filter(pl.col("closed_on").is_not_null())
    if scheme is None or not closed.height:
        return pl.DataFrame(schema=_NAMING)
    first = tables["offers"].filter(pl.col("nominated_on").is_not_null()).sort(
        "nominated_on", "id").unique("advert", keep="first").select(
        "advert", "application", pl.col("id").alias("offer"), pl.col("nominated_on").alias("done_on"))
    due = closed.select("advert", "closed_on", "status").join(
        landlords_of_adverts(tables), on="advert")
    days = due.select("closed_on", "landlord").unique()
    last = [_last_day_to_name(scheme, *row) for row in days.iter_rows()]
    return due.join(
        days.with_columns(pl.Series("due_on", last, pl.Date)), on=["closed_on", "landlord"],
        nulls_equal=True,
    ).join(first, on="advert", how="left").filter(
        pl.col("due_on").is_not_null(), pl.col("done_on").is_not_null() | (pl.col("status") == "closed")
    ).select(pl.col(n).cast(dtype) for n, dtype in _NAMING.items())


def _last_day_to_name(scheme: Scheme, closed_on: date, landlord: str | None) -> date | None:
    """The last day to name a household for a home; None where none is set, or nobody is named."""
    if landlord is None or scheme.index_in_force(closed_on) is None:
        return None
    version = scheme.in_force(closed_on)
    rules, own = version.nominations, version.landlords.get(landlord)
    if rules is None or landlord not in (rules.to or version.landlords or (landlord,)):
        return None
    within = own.send if own is not None and own.send is not None else rules.send
    return last_day(within, closed_on, closed=days_closed(version))

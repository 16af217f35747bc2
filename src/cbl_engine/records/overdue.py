"""What a record waits for and since when, what is overdue, and whose times allowed were broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.deadlines import days_closed, last_day
from cbl_engine.records.waiting import ANSWERS, DECIDED_BY, open_answers, open_proposals

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


def waits(tables: Mapping[str, pl.DataFrame], as_at: date) -> pl.DataFrame:
    """Everything that is waited for.

    Args:
        tables: of the record.
        as_at: the day at whose end it stands so.

    Returns:
        Frame of id (of the proposal or offer; of a hold, advert/application/reason), waits_for
        (decision, the landlord's result, viewing, answer, signing, or hold), what (of a decision:
        the act, and what it is about; of a hold: the check or criterion; else what may come),
        advert, application, owner (id of the landlord, or of the household that is to answer;
        ``council`` for the rest), since, due_on (last day; null: none is set), days [days waited
        so far], days_over [days past due_on; null: not overdue]; the most overdue first, then the
        longest wait.
    """
    parts = [_decisions(tables), _answers(tables), _holds(tables)]
    over = (pl.lit(as_at) - pl.col("due_on")).dt.total_days()
    return pl.concat(parts, how="diagonal_relaxed").with_columns(
        days=(pl.lit(as_at) - pl.col("since")).dt.total_days(),
        days_over=pl.when(over > 0).then(over),
    ).select(pl.col(n).cast(dtype) for n, dtype in WAITS.items()).sort(
        "days_over", "days", "id", descending=[True, True, False], nulls_last=True
    )


def _decisions(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    said = pl.when(pl.col("what").is_null()).then(pl.col("act")).otherwise(
        pl.format("{} ({})", "act", "what"))
    settled = pl.col("act").replace_strict(DECIDED_BY, default="approved or declined")
    return open_proposals(tables).select(
        "id", pl.lit("decision").alias("waits_for"), pl.format("{}: {}", said, settled).alias("what"),
        "advert", "application", pl.lit(COUNCIL).alias("owner"), pl.col("on").alias("since"),
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
        pl.format("{}/{}/{}", "advert", "application", "reason").alias("id"),
        pl.lit("hold").alias("waits_for"), pl.col("reason").alias("what"), "advert", "application",
        pl.lit(COUNCIL).alias("owner"), "since", pl.col("until").alias("due_on"),
    )


def breaches(tables: Mapping[str, pl.DataFrame], scheme: Scheme, as_at: date) -> pl.DataFrame:
    """Times allowed that were not kept: landlords' for a result, the council's for naming.

    A landlord's is listed from the day after its last one, whether the result came later or not;
    the council's where the scheme has ``nominations: send``, by offers that were named too late.

    Args:
        tables: of the record.
        scheme: that its cycles used.
        as_at: the day at whose end it stands so.

    Returns:
        Frame of owner (id of the landlord, or ``council``), what (``landlord's result`` or
        ``nomination``), offer, advert, application, due_on (last day), done_on (null: not yet),
        days_over [days from due_on to done_on, or so far]; by owner, day, then offer.
    """
    found = pl.concat([_of_landlords(tables), _of_the_council(tables, scheme)])
    end = pl.coalesce("done_on", pl.lit(as_at))
    return found.with_columns(days_over=(end - pl.col("due_on")).dt.total_days()).select(
        pl.col(n).cast(dtype) for n, dtype in BREACHES.items()
    ).sort("owner", "due_on", "offer")


_FOUND = {n: d for n, d in BREACHES.items() if n != "days_over"}


def _of_landlords(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Silence is proposed on the day after the last one; the result is what settled it."""
    silent = tables["proposals"].filter(
        pl.col("act") == "bypass", pl.col("what") == "landlord_silent"
    ).group_by("offer", maintain_order=True).agg(pl.col("on").min())
    offers = tables["offers"].rename({"id": "offer"})
    went_on = pl.min_horizontal("invited_on", "viewed_on", "offered_on", "ended_on")
    due = pl.when(pl.col("step") == "nominated").then(pl.col("due_on"))
    return silent.join(offers, on="offer", maintain_order="left").select(
        pl.coalesce("landlord", pl.lit(COUNCIL)).alias("owner"),
        pl.lit("landlord's result").alias("what"), "offer", "advert", "application",
        pl.coalesce(due, pl.col("on").dt.offset_by("-1d")).alias("due_on"),
        went_on.alias("done_on"),
    ).cast(_FOUND)  # type: ignore[arg-type]


def _of_the_council(tables: Mapping[str, pl.DataFrame], scheme: Scheme) -> pl.DataFrame:
    closed = tables["advert_states"].select("advert", "closed_on")
    first = tables["offers"].filter(pl.col("nominated_on").is_not_null()).sort(
        "nominated_on", "id").unique("advert", keep="first", maintain_order=True)
    rows = []
    for offer in first.join(closed, on="advert").iter_rows(named=True):
        on = offer["closed_on"]
        if on is None or scheme.index_in_force(on) is None:
            continue
        version = scheme.in_force(on)
        own = version.landlords.get(str(offer["landlord"]))
        rules = version.nominations
        within = own.send if own is not None and own.send is not None else (
            rules.send if rules is not None else None)
        due = last_day(within, on, closed=days_closed(version))
        if due is not None and offer["nominated_on"] > due:
            rows.append((COUNCIL, "nomination", offer["id"], offer["advert"], offer["application"],
                         due, offer["nominated_on"]))
    return pl.DataFrame(rows, _FOUND, orient="row")

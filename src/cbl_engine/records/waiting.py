"""What a record waits for, and the form in which it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM_COLUMN = "waits_for"
"""Column of a form that is for people: what is waited for. It is not taken in."""

DECIDED_BY = {"tie": "chosen"}
"""What settles a proposal, where it is not approved or declined."""

ANSWERS = {
    "nominated": "landlord_accepted or landlord_rejected",
    "invited": "viewed or absent",
    "offered": "accepted, refused, no_contact or withdrew",
    "accepted": "signed or undone",
}
"""Step of an offer -> what may come next."""


def open_proposals(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The proposals that wait for a decision.

    Returns:
        Rows of ``proposals``: id, act, advert, application, offer, what, on; in their order.
    """
    waiting = tables["proposals"].filter(pl.col("status") == "open")
    return waiting.select("id", "act", "advert", "application", "offer", "what", "on")


def open_answers(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The offers that wait for what people do next.

    Returns:
        Rows of ``offers``: id, step, advert, application, home, due_on; the first due first.
    """
    waiting = tables["offers"].filter(pl.col("step").is_in(list(ANSWERS)))
    return waiting.select("id", "step", "advert", "application", "home", "due_on").sort(
        "due_on", "id", nulls_last=True
    )


def form(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Outcomes to fill in: a row for each decision and each answer that is waited for.

    Whoever fills it in writes ``on``, ``what`` and, for a decision, ``by``, and takes out the rows
    that nothing has happened to yet. It is then a file of outcomes. Each has an id that no outcome
    on record has: of what was answered before (no contact, say) the next one in number.

    Returns:
        Frame of id, waits_for (in words; not taken in), then the other columns of ``outcomes``;
        decisions first.
    """
    settled = pl.col("act").replace_strict(DECIDED_BY, default="approved or declined")
    what = pl.when(pl.col("what").is_null()).then(pl.col("act")).otherwise(
        pl.format("{} ({})", "act", "what"))
    decisions = open_proposals(tables).select(
        "id", pl.format("{}: {}; since {}", what, settled, "on").alias(FORM_COLUMN),
        "advert", "application", "act",
    )
    due = pl.when(pl.col("due_on").is_null()).then(pl.lit("")).otherwise(
        pl.format("; by {}", "due_on"))
    answers = open_answers(tables).select(
        pl.format("{}/{}", "id", "step").alias("id"),
        pl.format("{}: {}{}", "step", pl.col("step").replace_strict(
            ANSWERS, return_dtype=pl.String), due).alias(FORM_COLUMN),
        "advert", "application", "home",
    )
    rows = pl.concat([decisions, answers], how="diagonal_relaxed")
    used = set(tables["outcomes"]["id"]) if "outcomes" in tables else set()
    rows = rows.with_columns(pl.Series("id", [_unused(i, used) for i in rows["id"]], pl.String))
    missing = [pl.lit(None, DTYPES[c.type]).alias(c.name) for c in OUTCOMES
               if c.name not in rows.columns]
    names = [c.name for c in OUTCOMES if c.name != "id"]
    return rows.with_columns(missing).select("id", FORM_COLUMN, *names)


def _unused(name: str, used: set[str]) -> str:
    found, times = name, 1
    while found in used:
        times += 1
        found = f"{name}/{times}"
    return found

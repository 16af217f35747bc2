"""What a record waits for, and the form in which it is answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme import Scheme

FORM_COLUMN = "waits_for"
"""Column of a form that is for people: what is waited for. It is not taken in."""

DECIDED_BY = {"tie": "chosen"}
"""What settles a proposal, where it is not approved or declined."""

NOT_IN_SCHEME = "declined, for the scheme has it no longer"
"""What settles a consequence that no version has which could begin it."""

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
        Rows of ``proposals``: id, act, advert, application, offer, what, rule, because, on, and home (of a
        direct let, which has no advert to be named by); in their order.
    """
    waiting = tables["proposals"].filter(pl.col("status") == "open")
    direct = tables["offers"].filter(pl.col("route") == "direct").select(pl.col("id").alias("offer"), "home")
    return waiting.select(
        "id", "act", "advert", "application", "offer", "what", "rule", "because", "on",
    ).join(direct, on="offer", how="left", maintain_order="left")


def proposed_in_words() -> pl.Expr:
    """What is proposed, of rows of :func:`open_proposals`; of a consequence with the refusals it is for, and
    of a direct let with its home.
    """
    act = pl.when(pl.col("what").is_null()).then("act").otherwise(pl.format("{} ({})", "act", "what"))
    refusals = pl.format(" for refusing {}", pl.col("because").list.join(", "))
    home = pl.format(" of home {}", "home").fill_null("")
    return act + pl.when(pl.col("because").list.len() > 0).then(refusals).otherwise(home)


def settled_by(proposals: pl.DataFrame, scheme: Scheme | None, as_at: date | None) -> pl.Series:
    """What settles each of some proposals, in words.

    A consequence begins by the version of the day on which it is approved, or of that on which it was
    proposed: one that neither the latter has nor any in force after ``as_at`` can only be declined.

    Args:
        proposals: rows of ``proposals`` with act, what and on.
        scheme: by which they will be decided; None: that is not looked at.
        as_at: the day at whose end they wait.
    """
    settled = proposals["act"].replace_strict(DECIDED_BY, default="approved or declined",
                                              return_dtype=pl.String)
    if scheme is None or as_at is None:
        return settled
    to_come = {name for v in scheme.versions if v.in_force.until is None or v.in_force.until > as_at + timedelta(1)
               for name in v.consequences}

    def gone(what: str | None, on: date) -> bool:
        then = scheme.index_in_force(on)
        return what not in to_come and (then is None or what not in scheme.versions[then].consequences)

    return pl.Series([
        NOT_IN_SCHEME if act == "consequence" and gone(what, on) else words
        for act, what, on, words in zip(
            proposals["act"], proposals["what"], proposals["on"], settled, strict=True)
    ], dtype=pl.String)


def open_answers(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The offers that wait for what people do next.

    Returns:
        Rows of ``offers``: id, step, advert, application, home, due_on; the first due first.
    """
    waiting = tables["offers"].filter(pl.col("step").is_in(list(ANSWERS)))
    return waiting.select("id", "step", "advert", "application", "home", "due_on").sort(
        "due_on", "id", nulls_last=True
    )


def form(
    tables: Mapping[str, pl.DataFrame], scheme: Scheme | None = None, as_at: date | None = None
) -> pl.DataFrame:
    """Outcomes to fill in: a row for each decision and each answer that is waited for.

    Whoever fills it in writes ``on``, ``what`` and, for a decision, ``by``, and takes out the rows
    that nothing has happened to yet. It is then a file of outcomes: its rows name what they are about, by
    advert, home or, where there are several else, reason. Each has an id that no outcome
    on record has: of what was answered before (no contact, say) the next one in number.

    Args:
        tables: of the record.
        scheme: by which proposals will be decided, as :func:`settled_by` takes it.
        as_at: the day at whose end the record stands so.

    Returns:
        Frame of id, waits_for (in words; not taken in), then the other columns of ``outcomes``;
        decisions first.
    """
    proposals = open_proposals(tables)
    decisions = proposals.with_columns(settled_by(proposals, scheme, as_at).alias("settled")).select(
        "id", pl.format("{}: {}; since {}", proposed_in_words(), "settled", "on").alias(FORM_COLUMN),
        "advert", "application", "home", "act",
        pl.when(pl.len().over("act", "advert", "application", "home") > 1, pl.col("act") != "tie").then(
            "what").alias("reason"),
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

"""Consequences that an officer lifted: which they are, and the letter that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers.refusals import months_after
from cbl_engine.report.letter import BLANK
from cbl_engine.report.notice_letters import Said
from cbl_engine.report.undone import undone_by_officers
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.offers_words import consequence_does
from cbl_engine.scheme.words import day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.report.notice_case import Case
    from cbl_engine.scheme import Scheme


def consequences_lifted(tables: Mapping[str, pl.DataFrame], scheme: Scheme) -> pl.DataFrame:
    """The rows of ``consequences`` that ended because an officer lifted them, in their order.

    An outcome says so on the day they hold no longer. One that clashed, on a day on which the time was
    over anyway, lifted nothing.
    """
    held = tables["consequences"]
    undone = undone_by_officers(tables, "consequence").select("application", pl.col("on").alias("until"))
    found = held.join(undone, on=["application", "until"], how="semi", maintain_order="left")
    early = [row["until"] != _of_itself(row, scheme) for row in found.iter_rows(named=True)]
    return found.filter(pl.Series(early, dtype=pl.Boolean))


def _of_itself(row: dict[str, Any], scheme: Scheme) -> date | None:
    """The day on which the time of a consequence is over; None: never, or the scheme names it no more."""
    rule = scheme.in_force(row["since"]).consequences.get(row["consequence"])
    return None if rule is None else months_after(row["since"], rule.lasts_months)


def lifted_letter(case: Case) -> Said:
    """The letter that a consequence is lifted, from the day it holds no longer."""
    row = next(c for c in case.rows("consequences", consequence=case.due["what"])
               if case.due["notice"].endswith(f"/{c['since']}"))
    rule = case.scheme.in_force(row["since"]).consequences.get(row["consequence"])
    label = rule.label if rule is not None else BLANK.format("what was lifted, in words")
    does = f"What no longer applies: {consequence_does(rule)}." if rule is not None else ""
    barred = row["may_not_bid"] or row["council_bids"]
    kept = barred or row["status"] is not None
    return Said(
        "A decision about your application is lifted",
        (f"{label}, which began on {day(row['since'])}, is lifted from {day(case.on)}.",
         *((does,) if does else ())),
        (),
        (Section("Why", items=(
            Line(BLANK.format("the officer's grounds, and the review if there was one")),)),),
        (Line(f"From {day(case.on)} it no longer keeps you from bidding for homes." if kept else
              f"From {day(case.on)} your application stands as it would without it."),
         *((Line("Bids that did not count while it lasted still do not count: bid again for a home "
                 "that is still advertised."),) if barred else ())),
    )

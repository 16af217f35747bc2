"""Letters of consequences: that one began, and that an officer lifted it; and which were lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers.decisions import SILENCES
from cbl_engine.offers.refusals import months_after
from cbl_engine.report.letter import BLANK
from cbl_engine.report.notice_case import home_called
from cbl_engine.report.notice_letters import Said
from cbl_engine.report.undone import undone_by_officers
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.offers_words import consequence_does
from cbl_engine.scheme.words import capital, day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.report.notice_case import Case, Row
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


def consequence_letter(case: Case) -> Said:
    """The letter that a consequence began, as its refusals and its end stand by now."""
    row = [c for c in case.rows("consequences", consequence=case.due["what"]) if c["since"] == case.on][-1]
    rule = case.version.consequences.get(row["consequence"])
    label = rule.label if rule is not None else BLANK.format("what follows, in words")
    until = ("with no end set" if row["until"] is None
             else f"until {day(row['until'])}, which is the first day it no longer holds")
    does = f"What it means: {consequence_does(rule)}." if rule is not None else ""
    decision = (f"{label}, from {day(row['since'])} {until}.", *((does,) if does else ()))
    refusals = [case.offer(str(name)) for name in row["because"]]
    lead = ("You placed fewer bids than our scheme asks for. "
            + BLANK.format("how many bids, in which months, and the clause") if not refusals else
            "These refusals count:" if all(offer["counts"] for offer in refusals) else
            "These refusals counted when it began:")
    return Said(
        "What follows for your application", decision, (str(label),),
        (Section("Why", (Line(lead, source=rule.source if rule is not None else None,
                              ours=rule.illustrative if rule is not None else False),),
                 tuple(_refusal(case, offer) for offer in refusals)),),
        (_end(case, row),),
    )


def _refusal(case: Case, offer: Row) -> Line:
    """A refusal that led to a consequence; that it was judged anew since is said."""
    ended = f", ended on {day(offer['ended_on'])}" if offer["ended_on"] is not None else ""
    what = "no answer" if offer["ended_by"] in SILENCES else "refused"
    since = "" if offer["counts"] else ". It counts no longer"
    return Line(f"{capital(home_called(case.home(offer)))} (offer {offer['id']}): {what}{ended}{since}")


def _end(case: Case, row: Row) -> Line:
    """How a consequence ends, or that an officer lifted it."""
    tables = case.record.tables
    own = {**tables, "consequences": tables["consequences"].filter(
        pl.col("application").cast(pl.String) == str(row["application"]),
        pl.col("consequence") == row["consequence"], pl.col("since") == row["since"])}
    if not consequences_lifted(own, case.scheme).is_empty():
        return Line(f"It was lifted from {day(row['until'])}: an officer decided so.")
    if row["until"] is None:
        return Line(BLANK.format("whether and how it may be ended"))
    return Line("When it is over nothing needs to be asked for: it ends by itself.")


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

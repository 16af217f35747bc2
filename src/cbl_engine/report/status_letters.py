"""Letters on how a household stands beside its bids: a review it asked for, an application nobody may let to.

What is due is found here too, in the columns that :func:`~cbl_engine.report.notices_due.notices_due` has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.direct import OVER
from cbl_engine.records.under_review import REVIEW, under_review
from cbl_engine.report.consequence_letters import consequence_letter, lifted_letter
from cbl_engine.report.judged_anew import judged_anew_letter
from cbl_engine.report.letter import BLANK
from cbl_engine.report.notice_case import Case, the_home
from cbl_engine.report.notice_letters import Said
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.law import clocks_of_law
from cbl_engine.scheme.words import day

if TYPE_CHECKING:
    from collections.abc import Mapping


def reviews_asked(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Acceptances whose review of suitability is not answered yet."""
    return under_review(tables).select(
        pl.lit("review").alias("kind"), pl.col("offer").alias("key"), "application", "advert", "offer",
        pl.col("since").alias("on"))


def members_unsettled(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame | None:
    """Applications on the register that share a tenant with a letting to another: off every list."""
    if "applications" not in tables:
        return None
    rows = tables["applications"]
    going = rows.group_by(pl.col("id").cast(pl.String).alias("application"), maintain_order=True).agg(
        pl.col("status").cast(pl.String).last()).filter(~pl.col("status").is_in(OVER))
    shares = tables["lettings"].filter(pl.col("undone_on").is_null()).select(
        pl.col("shares_tenant").alias("application"), pl.col("signed_on").alias("on")
    ).explode("application")
    housed = tables["lettings"].filter(pl.col("undone_on").is_null())["application"]
    return shares.join(going, on="application", how="semi", maintain_order="left").filter(
        ~pl.col("application").is_in(housed.implode())
    ).group_by("application", maintain_order=True).agg(pl.col("on").min()).select(
        pl.lit("members").alias("kind"), pl.col("application").alias("key"), "application", "on")


def _review(case: Case) -> Said:
    offer = case.offer()
    (row,) = under_review(case.record.tables).filter(offer=offer["id"]).to_dicts()
    law = clocks_of_law()
    by = (f"We tell you what we decide by {day(row['due_on'])}, or by a later day that we agree with you "
          "in writing." if row["due_on"] is not None
          else BLANK.format("by when the review is answered"))
    asked = (f"You accepted the home below on {day(case.on)} and asked us to review whether it is "
             "suitable for you. We are looking at it.")
    return Said(
        "Your request for a review of the home", (asked,), (),
        (the_home(case.home(offer)), Section("What we do, and by when", items=(
            Line(by, source=law.citations().get(REVIEW) if row["due_on"] is not None else None),
            Line("You, or somebody for you, may write to us about it before then."),
            Line(BLANK.format("who carries out the review, and how"))))),
        (Line("Your acceptance stands while we look at it."),),
    )


def _members(_: Case) -> Said:
    return Said(
        "Your application cannot be considered at present",
        ("We cannot consider your application for a home until it is settled with you who is on it.",),
        ("not considered",),
        (Section("Why", items=(
            Line("What our records say of the people on your application has changed."),
            Line(BLANK.format("what may be told of why: nothing of anybody else's application")))),),
        (Line("Tell us who is to be on your application now, and send us what shows it."),
         Line("Until then no home is offered to you, and you are passed over for those you bid for.")),
    )


STATUS_LETTERS = {
    "review": _review, "members": _members, "consequence": consequence_letter, "lifted": lifted_letter,
    "judged_anew": judged_anew_letter,
}

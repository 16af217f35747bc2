"""Refusals that an officer judged anew: which count no longer, and the letter that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.decisions import SILENCES
from cbl_engine.report.letter import BLANK
from cbl_engine.report.notice_case import the_home
from cbl_engine.report.notice_letters import Said
from cbl_engine.report.undone import outcomes_of, undone_by_officers
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.words import day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.report.notice_case import Case


def refusals_judged_anew(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Refusals that were found to count and count no longer, in the columns of what letters are due.

    An outcome says so. One that clashed, of a refusal that never counted, changed nothing.
    """
    of = ["application", "advert"]
    undone = undone_by_officers(tables, "refusal_counts").select(*of, "home", "on")
    no_good = outcomes_of(tables).filter(~pl.col("reasonable")).select(of).unique()
    found = tables["offers"].filter(~pl.col("counts")).join(
        undone, on=of, suffix="_said", nulls_equal=True, maintain_order="left",
    ).filter((pl.col("home") == pl.col("home_said")).fill_null(value=True))
    approved = tables["proposals"].filter(
        pl.col("act") == "refusal_counts", pl.col("status") == "approved")["offer"]
    counted = pl.col("id").is_in(approved.implode()) | pl.col("ended_by").is_in(SILENCES)
    judged = found.filter(~counted.fill_null(value=False)).join(
        no_good, on=of, how="semi", nulls_equal=True, maintain_order="left")
    return pl.concat([found.filter(counted), judged]).select(
        pl.lit("judged_anew").alias("kind"), pl.col("id").alias("key"), "application", "advert",
        pl.col("id").alias("offer"), "on")


def judged_anew_letter(case: Case) -> Said:
    """The letter that a refusal counts no longer."""
    offer = case.offer()
    what = "That you gave no answer to our offer of" if offer["ended_by"] in SILENCES else "Your refusal of"
    decision = (f"{what} the home below was counted as a refusal under our scheme. We have looked at it "
                f"again: from {day(case.on)} it does not count.")
    return Said(
        "Your refusal of a home no longer counts",
        (decision,),
        ("does not count",),
        (the_home(case.home(offer)), Section("Why", items=(
            Line(BLANK.format("the officer's grounds, and the review if there was one")),))),
        (Line("It is left out when we look at what refusals lead to. If something was decided because of it, "
              "we write to you about that."),),
    )

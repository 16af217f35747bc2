"""Columns of the table of voids: one row for each time that a home stood empty, stage by stage.

A council's history has it for calibration, and a simulated world writes the same table. Every day
is the day on which something was done; an empty one had not been done when the data were taken,
so that a void still open is there with the stages it has come to.
"""

from __future__ import annotations

from cbl_engine.tables.columns import Column

_NOT_YET = "not yet, or not known where a later stage has its day"

VOID_CAUSES = (
    "left", "died", "care", "evicted", "abandoned", "mutual_agreement", "moved", "decant",
    "exchange", "succession", "new_home", "returned", "acquired", "other",
)
WORKS = ("none", "standard", "major", "adaptation")

VOIDS = (
    Column("id", "id", "the void", required=True),
    Column("home", "id", "home that is empty", required=True),
    Column(
        "cause",
        "code",
        "why: the last tenant left for elsewhere, died, went into care, was evicted, was gone, "
        "or ended it by agreement; moved within this register; was moved out for works; exchanged; "
        "was succeeded; or the home is new, back from another use, or bought",
        codes=VOID_CAUSES,
        personal=True,
    ),
    Column("tenancy_ended_on", "date", "last day of the tenancy before",
           null_means="never let before, or not known"),
    Column("notice_given_on", "date", "day the tenant gave notice", null_means="no notice was given"),
    Column("keys_in_on", "date", "day the keys came back", null_means=_NOT_YET),
    Column("inspected_on", "date", "day it was inspected and works were ordered",
           null_means=_NOT_YET),
    Column("works", "code", "kind of works", null_means="not yet inspected, or not known",
           codes=WORKS),
    Column("works_began_on", "date", "day works began", null_means="with their order, or not yet"),
    Column("ready_on", "date", "day it could be let again, works done", null_means=_NOT_YET),
    Column("advertised_on", "date", "day its first advert opened",
           null_means="not yet, or let without an advert"),
    Column("closed_on", "date", "day the advert closed under which it was let",
           null_means="not yet, or let without an advert"),
    Column("accepted_on", "date", "day its next tenant accepted it", null_means=_NOT_YET),
    Column("let_on", "date", "first day of the next tenancy; keys are out on it",
           null_means="still open, or it was not let again"),
    Column(
        "outcome",
        "code",
        "let; let by the landlord itself; kept out of letting for long; not let again; still open; "
        "let for another use; become temporary accommodation; let by referral; lived in by a tenant "
        "whose own home was in works",
        null_means="let where it has the day, else open",
        codes=("let", "landlord", "long_term", "lost", "open", "redesignated",
               "temporary_accommodation", "referral", "decant"),
    ),
    Column("advert", "id", "advert under which it was let", null_means="not yet, or without one"),
    Column("leaving_application", "id", "application whose letting elsewhere freed it",
           null_means="not freed by a letting of this register"),
    Column("chain", "id", "chain of moves it belongs to", null_means="not followed"),
    Column("link", "int", "its place in the chain, 1 for the void that began it",
           null_means="not followed", least=1),
    Column("rent_weekly", "number", "rent without service charge", unit="GBP per week", least=0),
)

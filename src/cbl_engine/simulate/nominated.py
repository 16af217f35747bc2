"""Nominations as outcomes on record tell them, in the words of the simulator.

A nomination is one household and one advert (or home, in a direct let). It begins with the first
outcome that approves or chooses it, else with its first outcome of any kind, and ends by its last:

===================  ===========================================================================
what becomes of it   the outcome it ends by
===================  ===========================================================================
no_contact           no_contact; a bypass approved for that reason or for silence
withdrew             withdrew, before acceptance
failed_verification  offer_withdrawn; a bypass approved for a check or any other reason
landlord_rejected    landlord_rejected; a bypass approved because the landlord was silent
no_show              absent; a bypass approved for that reason
refused_at_viewing   refused, before acceptance, whether or not a viewing is written down
refused_late         refused, withdrew, no_contact, absent or undone, after acceptance
accepted             accepted or signed, with none of these after it
===================  ===========================================================================
"""

from __future__ import annotations

import polars as pl

_BYPASSED = {"absent": "no_show", "no_contact": "no_contact", "silence": "no_contact",
             "no_reply": "no_contact", "landlord_silent": "landlord_rejected"}
FAILS = {
    "no_contact": "no_contact", "withdrew": "withdrew", "offer_withdrawn": "failed_verification",
    "landlord_rejected": "landlord_rejected", "absent": "no_show", "refused": "refused_at_viewing",
    "undone": "refused_late",
}
_LATE = ("no_contact", "withdrew", "no_show", "refused_at_viewing", "refused_late")


def nominated(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Every nomination that outcomes tell of.

    Args:
        outcomes: the table, as known on some day.

    Returns:
        advert (null: a direct let), home (of a direct let; null: the advert names it), application,
        began, became (null: open), over_on (null: open), days [days] (null where no outcome begins
        it) and open (Bool), a row a nomination.
    """
    text = dict.fromkeys(("advert", "home", "act", "reason"), pl.String)
    have = outcomes.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in text.items() if name not in outcomes.columns
    ).filter(
        pl.col("application").is_not_null(),
        pl.col("advert").is_not_null() | pl.col("home").is_not_null(),
    )
    approved, act = pl.col("what") == "approved", pl.col("act")
    begins = (approved & act.is_in(["offer", "direct_let"])) | (pl.col("what") == "chosen")
    bypassed = pl.col("reason").replace_strict(_BYPASSED, default="failed_verification")
    fails = pl.when(approved & (act == "bypass")).then(bypassed).otherwise(
        pl.col("what").replace_strict(FAILS, default=None, return_dtype=pl.String)
    )
    direct = pl.col("advert").is_null()
    events = have.select(
        # Where an advert is named, its household is nominated once however many homes it has.
        pl.when(direct).then("home").otherwise(None).alias("home"),
        "advert", "application", "on",
        begins.fill_null(value=False).alias("begins"),
        fails.alias("fails"),
        pl.col("what").is_in(["accepted", "signed"]).alias("good"),
    ).filter(pl.any_horizontal("begins", "good", pl.col("fails").is_not_null()))
    good_on = pl.col("on").filter("good").min()
    failing = pl.col("fails").is_not_null()
    ended = events.group_by("advert", "home", "application").agg(
        pl.col("on").filter("begins").min().alias("begun_on"),
        pl.col("on").min().alias("first_on"),
        good_on.alias("good_on"),
        pl.col("on").filter(failing).max().alias("fail_on"),
        pl.col("fails").sort_by("on", "fails").drop_nulls().last().alias("fails"),
    )
    failed = (pl.col("fail_on").is_not_null() & (
        pl.col("good_on").is_null() | (pl.col("fail_on") >= pl.col("good_on"))
    )).fill_null(value=False)
    late = failed & pl.col("good_on").is_not_null() & pl.col("fails").is_in(_LATE)
    over = pl.when(failed).then("fail_on").otherwise("good_on")
    became = (
        pl.when(late).then(pl.lit("refused_late")).when(failed).then("fails")
        .when(pl.col("good_on").is_not_null()).then(pl.lit("accepted"))
    )
    return ended.select(
        "advert", "home", "application",
        pl.coalesce("begun_on", "first_on").alias("began"),
        became.alias("became"),
        over.alias("over_on"),
        (over - pl.col("begun_on")).dt.total_days().alias("days"),
        over.is_null().alias("open"),
    )

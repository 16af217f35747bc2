"""What becomes of nominations, how long it takes, and how tenancies begin: from outcomes.

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

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate import estimates
from cbl_engine.compare.calibrate.estimates import Estimate
from cbl_engine.compare.calibrate.fit import Fit, enough, lasting, left_out, named, single
from cbl_engine.compare.calibrate.history import CannotFitError
from cbl_engine.compare.calibrate.voids import by_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.compare.calibrate.history import History

BECOMES = (
    "no_contact", "withdrew", "failed_verification", "landlord_rejected", "no_show",
    "refused_at_viewing", "refused_late", "accepted",
)
_BYPASSED = {"absent": "no_show", "no_contact": "no_contact", "silence": "no_contact",
             "no_reply": "no_contact", "landlord_silent": "landlord_rejected"}
_FAILS = {
    "no_contact": "no_contact", "withdrew": "withdrew", "offer_withdrawn": "failed_verification",
    "landlord_rejected": "landlord_rejected", "absent": "no_show", "refused": "refused_at_viewing",
    "undone": "refused_late",
}
_LATE = ("no_contact", "withdrew", "no_show", "refused_at_viewing", "refused_late")
_SOURCES = {"applicant": "own", "officer": "assisted", "automatic": "automatic"}
_SHORTEST_TAIL = 14


def nominations(history: History) -> pl.DataFrame:
    """Nominations that began in the window, long enough before its end to be over.

    Those that began within the longest usual time (the 99th percentile of days, at least 14) before
    the end are left out altogether, for of them only the quick ones are over.

    Returns:
        application, home (null: not known), source (own, assisted, automatic, direct; null: not
        known), became (null: open), days [days] (null where no outcome begins it) and open (Bool), a
        row a nomination.

    Raises:
        CannotFitError: there are no outcomes, or only those that came to a letting.
    """
    history.unbiased(only_successes="only nominations that came to a letting in history")
    told = begun(history)
    tail = told["days"].filter(~told["open"]).quantile(0.99)
    cut = history.until - timedelta(days=max(_SHORTEST_TAIL, int(tail or 0)))
    return _with_source(history, told.filter(pl.col("began") < pl.lit(cut)))


def begun(history: History) -> pl.DataFrame:
    """Every nomination that began in the window, as known at its end.

    Returns:
        advert (null: a direct let), application, began, became (null: open), days [days] (null where
        no outcome begins it) and open (Bool), a row a nomination.

    Raises:
        CannotFitError: there are no outcomes.
    """
    outcomes = history.table("outcomes", "application")
    text = dict.fromkeys(("advert", "home", "act", "reason"), pl.String)
    have = outcomes.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in text.items() if name not in outcomes.columns
    ).filter(
        pl.col("application").is_not_null(),
        pl.col("advert").is_not_null() | pl.col("home").is_not_null(),
        pl.col("on") < pl.lit(history.until),
    )
    approved, act = pl.col("what") == "approved", pl.col("act")
    begins = (approved & act.is_in(["offer", "direct_let"])) | (pl.col("what") == "chosen")
    bypassed = pl.col("reason").replace_strict(_BYPASSED, default="failed_verification")
    fails = pl.when(approved & (act == "bypass")).then(bypassed).otherwise(
        pl.col("what").replace_strict(_FAILS, default=None, return_dtype=pl.String)
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
        (over - pl.col("begun_on")).dt.total_days().alias("days"),
        over.is_null().alias("open"),
    ).filter(history.within(pl.col("began")))


def _with_source(history: History, told: pl.DataFrame) -> pl.DataFrame:
    bids = history.frames.get("bids")
    if bids is None:
        source = pl.lit(None, pl.String)
    else:
        placed_by = (pl.col("placed_by").fill_null("applicant") if "placed_by" in bids.columns
                     else pl.lit("applicant"))
        last = (
            bids.select("advert", "application", "placed_at", placed_by.alias("placed_by"))
            .sort("placed_at", "placed_by")
            .group_by("advert", "application")
            .agg(pl.col("placed_by").last())
        )
        told = told.join(last, on=["advert", "application"], how="left")
        source = pl.col("placed_by").replace_strict(_SOURCES, default=None, return_dtype=pl.String)
    adverts = history.frames.get("adverts")
    of_advert = pl.lit(None, pl.String)
    if adverts is not None and "home" in adverts.columns:
        told = told.join(adverts.select(pl.col("id").alias("advert"), pl.col("home").alias("of")).unique(
            "advert", keep="last", maintain_order=True), on="advert", how="left")
        of_advert = pl.col("of")
    direct = pl.col("advert").is_null()
    return told.select(
        "application", pl.coalesce("home", of_advert).alias("home"),
        pl.when(direct).then(pl.lit("direct")).otherwise(source).alias("source"),
        "became", "days", "open",
    ).sort("application", "home", "source", "became", "days", nulls_last=True)


def outcomes_of(source: str) -> Callable[[History], Fit]:
    """A fit of what becomes of nominations of one source: own, assisted, automatic or direct."""

    def fit(history: History) -> Fit:
        if source != "direct" and history.frames.get("bids") is None:
            raise CannotFitError("no table bids: who placed the bid is not known")
        if source in {"assisted", "automatic"}:
            history.unbiased(automatic_unmarked="no bid is marked as an officer's or automatic")
        of = history.once(nominations).filter(pl.col("source") == source)
        over = of.filter(~pl.col("open"))
        enough(over.height, f"nominations ({source})")
        counts = {name: int((over["became"] == name).sum()) for name in BECOMES}
        unmarked = source == "own" and "automatic_unmarked" in history.habits
        return named(
            estimates.shares(counts), over.height,
            left_out(of.height - over.height, "nothing says what became of them"),
            "no bid is marked automatic: if the system places any they are taken for own"
            if unmarked else "",
        )

    return fit


def days(history: History) -> Fit:
    """Days of nominations by what becomes of them."""
    over = history.once(nominations).filter(~pl.col("open"))
    begun = over.drop_nulls("days").filter(pl.col("days") >= 0)
    if not begun.height:
        raise CannotFitError("no outcome approved with the act offer: its day is not known")
    lost = left_out(over.height - begun.height, "no day of nomination")
    return by_name(begun, "became", BECOMES, "nominations.days", lost)


def _signings(history: History) -> pl.DataFrame:
    """Acceptances in the window with their signing: accepted_on, signed_on, starts_on, fell (Bool)."""
    outcomes = history.table("outcomes", "application")
    if "tenancy_start" not in outcomes.columns:
        outcomes = outcomes.with_columns(pl.lit(None, pl.Date).alias("tenancy_start"))
    text = [n for n in ("advert", "home") if n in outcomes.columns]
    known = outcomes.filter(pl.col("on") < pl.lit(history.until))
    what = pl.col("what")
    signed = what == "signed"
    return known.group_by("application", *text).agg(
        pl.col("on").filter(what == "accepted").min().alias("accepted_on"),
        pl.col("on").filter(signed).max().alias("signed_on"),
        pl.coalesce("tenancy_start", "on").filter(signed).max().alias("starts_on"),
        what.is_in(list(_FAILS)).any().alias("fell"),
    )


def sign_up_days(history: History) -> Fit:
    """Days from acceptance to signing; what comes after it is the wait for a starting day."""
    accepted = _signings(history).filter(history.within(pl.col("accepted_on")))
    # What fell through was not going to be signed: it is no long sign-up.
    rows = accepted.filter(pl.col("signed_on").is_not_null() | ~pl.col("fell")).with_columns(
        pl.col("signed_on").is_null().alias("open"),
        (pl.coalesce("signed_on", pl.lit(history.until) - pl.duration(days=1))
         - pl.col("accepted_on")).dt.total_days().alias("days"),
    )
    good = rows.filter(pl.col("days") >= 0)
    enough(good.filter(~pl.col("open")).height, "acceptances with a signing")
    found = estimates.days(good["days"].to_numpy(), good["open"].to_numpy())
    if found is None:
        raise CannotFitError("more than half of acceptances are not signed")
    return lasting(found, left_out(rows.height - good.height, "signed before accepted"))


def starting_weekday(history: History) -> Fit:
    """The weekday on which most tenancies begin; 0 where none has most."""
    starts = _starts(history)
    enough(len(starts), "tenancies that began")
    counts = np.bincount(starts.dt.weekday().to_numpy(), minlength=8)[1:]
    most = int(np.argmax(counts))
    of = estimates.share(int(counts[most]), len(starts))
    value = float(most + 1) if of.value > 0.5 else 0.0
    return single(
        Estimate(value, value, value), len(starts),
        f"{of.value:.0%} ({of.low:.0%} to {of.high:.0%}) begin on weekday {most + 1}",
    )


def _starts(history: History) -> pl.Series:
    """First days of tenancies in the window: as signed, else as voids or tenancies have them."""
    sources: tuple[Callable[[], pl.Series], ...] = (
        lambda: _signings(history)["starts_on"],
        lambda: history.table("voids", "let_on")["let_on"],
        lambda: history.table("tenancies", "start")["start"],
    )
    found = pl.Series("start", [], pl.Date)
    for source in sources:
        try:
            days_ = source().drop_nulls().alias("start")
        except CannotFitError:
            continue
        found = days_.filter((days_ >= history.since) & (days_ < history.until))
        if len(found):
            return found
    return found

"""What becomes of nominations, how long it takes, and how tenancies begin: from outcomes."""

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
from cbl_engine.simulate.nominated import FAILS, nominated
from cbl_engine.simulate.setup import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.compare.calibrate.history import History

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
        Columns of :func:`cbl_engine.simulate.nominated.nominated`, a row a nomination.

    Raises:
        CannotFitError: there are no outcomes.
    """
    outcomes = history.table("outcomes", "application")
    told = nominated(outcomes.filter(pl.col("on") < pl.lit(history.until)))
    return told.filter(history.within(pl.col("began")))


def _with_source(history: History, told: pl.DataFrame) -> pl.DataFrame:
    bids = history.frames.get("bids")
    if bids is None:
        source = pl.lit(None, pl.String)
    else:
        placed_by = (pl.col("placed_by").fill_null("applicant") if "placed_by" in bids.columns
                     else pl.lit("applicant"))
        # One that stands comes before those withdrawn, whenever they were placed.
        stands = pl.col("withdrawn_at").is_null() if "withdrawn_at" in bids.columns else pl.lit(value=True)
        last = (
            bids.select("advert", "application", "placed_at", placed_by.alias("placed_by"),
                        stands.alias("stands"))
            .sort("stands", "placed_at", "placed_by")
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
        if source != "direct":
            try:
                history.table("bids")
            except CannotFitError as error:
                raise CannotFitError(f"{error}: who placed the bid is not known") from None
        if source in {"assisted", "automatic"}:
            history.unbiased(automatic_unmarked="no bid is marked as an officer's or automatic")
        of = history.once(nominations).filter(pl.col("source") == source)
        over = of.filter(~pl.col("open"))
        enough(over.height, f"nominations ({source})")
        counts = {name: int((over["became"] == name).sum()) for name in OUTCOMES}
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
    return by_name(begun, "became", OUTCOMES, "nominations.days", lost)


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
        what.is_in(list(FAILS)).any().alias("fell"),
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

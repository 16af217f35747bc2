"""Who bids, how often, and how many bids a week: from bids that no system placed.

A week is one in which an advert closes, of the bedrooms a household needs where both are known
nearly always, else any advert; withdrawn adverts, drafts and those of homes kept for an age or for
wheelchair users do not count, nor weeks at whose close the household was under offer. Whether it was
eligible otherwise is not looked at. A bid counts that stood when its advert closed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate import estimates
from cbl_engine.compare.calibrate.adverts import advertised, bids_on
from cbl_engine.compare.calibrate.estimates import Estimate
from cbl_engine.compare.calibrate.fit import Fit, came_back, enough, left_out, named, single
from cbl_engine.compare.calibrate.history import CannotFitError
from cbl_engine.compare.calibrate.nominations import begun
from cbl_engine.compare.calibrate.register import NOT_JOINED
from cbl_engine.tables.versions import last_versions

if TYPE_CHECKING:
    from cbl_engine.compare.calibrate.estimates import Bidders
    from cbl_engine.compare.calibrate.history import History

_NEARLY_ALWAYS = 0.95
_FEWEST_WEEKS = 10
_UNMARKED = "no bid is marked automatic: if the system places any they are taken for own"
_ANY = -1


def _in_window(history: History) -> pl.DataFrame:
    """Bids on adverts that closed in the window, those withdrawn before with ``stood`` false."""
    closed = advertised(history).filter(history.within(pl.col("closes_at").dt.date()))
    return bids_on(history, closed, "application", "placed_at")


def _placed(history: History) -> pl.DataFrame:
    """Bids that stood when their advert closed in the window: its week's Monday, who placed them."""
    bids = history.once(_in_window).filter("stood")
    by = pl.col("placed_by").fill_null("applicant") if "placed_by" in bids.columns else (
        pl.lit("applicant")
    )
    closed_on = pl.col("closes_at").dt.date()
    return bids.select(
        "advert", "application", by.alias("placed_by"), closed_on.dt.truncate("1w").alias("week")
    ).unique()


def _of_bids(history: History) -> tuple[str, ...]:
    """What is to be known of the bids: whose may be taken for own, and which are left out."""
    withdrawn = int((~history.once(_in_window)["stood"]).sum())
    return (_UNMARKED if "automatic_unmarked" in history.habits else "",
            left_out(withdrawn, "bids withdrawn before their advert closed"))


def _weeks_of_adverts(history: History) -> tuple[pl.DataFrame, str]:
    """Weeks with an advert, by bedrooms where those are known, else under one name for all.

    Returns:
        bedrooms and week, each pair once; and the remark on which it is.
    """
    adverts = advertised(history)
    sizes = None
    if "bedrooms" in adverts.columns:
        sizes = pl.col("bedrooms")
    homes = history.frames.get("homes")
    if homes is not None and "bedrooms" in homes.columns and "home" in adverts.columns:
        of_home = homes.select(pl.col("id").alias("home"), pl.col("bedrooms").alias("of_home"))
        adverts = adverts.join(of_home, on="home", how="left")
        sizes = pl.col("of_home") if sizes is None else pl.coalesce(sizes, "of_home")
    closed = _for_anybody(history, adverts).with_columns(
        pl.col("closes_at").dt.date().alias("closed_on")
    ).filter(history.within(pl.col("closed_on")))
    week = pl.col("closed_on").dt.truncate("1w").alias("week")
    if sizes is not None and _known(closed.select(sizes.alias("of"))["of"]) and _need_known(history):
        return closed.select(sizes.alias("bedrooms"), week).unique().drop_nulls(), (
            "weeks with an advert of the bedrooms needed"
        )
    return closed.select(pl.lit(_ANY, pl.Int64).alias("bedrooms"), week).unique(), (
        "weeks with any advert: bedrooms are not known"
    )


def _for_anybody(history: History, adverts: pl.DataFrame) -> pl.DataFrame:
    """Adverts of homes that are not kept for an age or for wheelchair users, where that is known."""
    homes = history.frames.get("homes")
    for column, of in (("minimum_age", pl.col("minimum_age") > 0),
                       ("access_category", pl.col("access_category").cast(pl.String) == "A2")):
        if homes is not None and column in homes.columns and "home" in adverts.columns:
            kept = homes.filter(of)["id"].implode()
            adverts = adverts.filter(~pl.col("home").is_in(kept).fill_null(value=False))
    return adverts


def _known(values: pl.Series) -> bool:
    return len(values) > 0 and values.null_count() <= (1 - _NEARLY_ALWAYS) * len(values)


def _need_known(history: History) -> bool:
    applications = history.table("applications")
    return "bedroom_need" in applications.columns and _known(applications["bedroom_need"])


def bid_weeks(
    history: History, sizes: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """For each household, weeks in which it could bid and weeks in which it did.

    Weeks at whose close it was under offer are not among either.

    Args:
        history: what is looked at.
        sizes: application and sizes, the bedrooms of homes that it may be let as bits; None: each
            those that it needs.

    Returns:
        application, joined (in the window), weeks and bid_weeks, for households with a week; and
        the remarks.

    Raises:
        CannotFitError: a table is missing, or who never bids is.
    """
    history.unbiased(
        only_bidders="only those who bid in history",
        only_housed="only the housed and closed in history",
    )
    placed = history.once(_placed)
    weeks, which = _weeks_of_adverts(history)
    registered = history.spells.filter(pl.col("registered_on").is_not_null())
    not_joined = history.spells.height - registered.height
    lost = registered.filter(~pl.col("known")).height
    spells = registered.filter("known", pl.col("registered_on") < pl.lit(history.until))
    again = came_back(spells)
    if weeks["bedrooms"].eq(_ANY).all():
        spells = spells.with_columns(pl.lit(_ANY, pl.Int64).alias("sizes"))
        weeks = weeks.rename({"bedrooms": "sizes"})
    else:
        spells = spells.join(_needed(history) if sizes is None else sizes, on="application")
        weeks = _weeks_by_sizes(weeks, spells["sizes"].unique())
    # A week counts from the Monday on or after registration up to the one before leaving.
    first = pl.max_horizontal(pl.col("registered_on"), pl.lit(history.since))
    spells = spells.with_columns(
        pl.col("left_on").fill_null(history.until).alias("last"), first.alias("first")
    )
    could = _counted(spells, weeks)
    taken = _under_offer(history, spells, weeks)
    # An officer's bid takes the place of the household's own.
    chosen = placed.filter(pl.col("placed_by") != "automatic").select("application", "week").unique()
    did = (
        chosen.join(spells.select("application", "sizes", "first", "last"), on="application")
        .filter((pl.col("week") >= pl.col("first")) & (pl.col("week") < pl.col("last")))
        .join(weeks, on=["sizes", "week"])
        .join(taken, on=["application", "week"], how="anti")
        .group_by("application")
        .agg(pl.len().cast(pl.Int64).alias("bid_weeks"))
    )
    found = (
        spells.select("application", (pl.col("registered_on") >= pl.lit(history.since)).alias("joined"))
        .with_columns(could)
        .join(did, on="application", how="left")
        .join(taken.group_by("application").len("taken"), on="application", how="left")
        .with_columns(pl.col("bid_weeks").fill_null(0),
                      pl.col("weeks") - pl.col("taken").fill_null(0).cast(pl.Int64))
        .drop("taken")
        .filter(pl.col("weeks") > 0)
        .sort("application")
    )
    return found, (which, *_of_bids(history), left_out(not_joined, NOT_JOINED),
                   left_out(lost, "left on a day that is not known"), again)


def _needed(history: History) -> pl.DataFrame:
    """Application and sizes: the bedrooms that it needs."""
    need = last_versions(history.table("applications")).select(
        pl.col("id").alias("application"), pl.col("bedroom_need").alias("need")
    ).drop_nulls("need")
    return need.select("application", (2 ** pl.col("need").cast(pl.Int64)).cast(pl.Int64)
                       .alias("sizes"))


def _weeks_by_sizes(weeks: pl.DataFrame, sizes: pl.Series) -> pl.DataFrame:
    """Weeks with an advert of some bedrooms among those of each sizes: sizes and week."""
    of = pl.DataFrame([
        (mask, bedrooms) for mask in sizes.to_list() for bedrooms in range(mask.bit_length())
        if mask >> bedrooms & 1
    ], {"sizes": pl.Int64, "bedrooms": pl.Int64}, orient="row")
    return of.join(weeks.cast({"bedrooms": pl.Int64}), on="bedrooms").select("sizes", "week").unique()


def _under_offer(
    history: History, spells: pl.DataFrame, weeks: pl.DataFrame
) -> pl.DataFrame:
    """Weeks of each household, with an advert, at whose close it was under offer: application, week.

    None where no outcome says when a nomination began.
    """
    try:
        offers = begun(history).filter(pl.col("open") | pl.col("days").is_not_null())
    except CannotFitError:
        return pl.DataFrame(schema={"application": pl.String, "week": pl.Date})
    closed = advertised(history)["closes_at"].dt.date().drop_nulls()
    # Adverts close so many days after the Monday of their week, usually.
    after_monday = (closed - closed.dt.truncate("1w")).dt.total_days().to_numpy()
    closes = pl.col("week") + timedelta(days=int(np.median(after_monday)))
    over = pl.when("open").then(pl.lit(history.until)).otherwise(
        pl.col("began") + pl.duration(days="days"))
    return (
        offers.select("application", "began", over.alias("over"))
        .join(spells.select("application", "sizes", "first", "last"), on="application")
        .join(weeks, on="sizes")
        .filter((closes > pl.col("began")) & (closes <= pl.col("over")),
                (pl.col("week") >= pl.col("first")) & (pl.col("week") < pl.col("last")))
        .select("application", "week").unique()
    )


def _counted(spells: pl.DataFrame, weeks: pl.DataFrame) -> pl.Series:
    """Weeks with an advert in each spell, a loop over sizes."""
    first, last = (spells[n].to_physical().to_numpy() for n in ("first", "last"))
    of = spells["sizes"].to_numpy()
    found = np.zeros(len(of), np.int64)
    for (size,), rows in weeks.group_by("sizes"):
        days = np.sort(rows["week"].to_physical().to_numpy())
        mine = of == size
        found[mine] = np.searchsorted(days, last[mine]) - np.searchsorted(days, first[mine])
    return pl.Series("weeks", np.maximum(found, 0))


def _told_apart(rows: pl.DataFrame) -> Bidders:
    enough(rows.height, "households with a week to bid in")
    typical = float(np.median(rows["weeks"].to_numpy()))
    if typical < _FEWEST_WEEKS:
        raise CannotFitError(
            f"half the households had fewer than {_FEWEST_WEEKS} weeks with a home to bid for"
        )
    found = estimates.bidders(rows["weeks"].to_numpy(), rows["bid_weeks"].to_numpy())
    if found is None:
        raise CannotFitError("kinds of bidders cannot be told apart in these weeks")
    return found


def _bidders(history: History) -> tuple[Bidders, int, tuple[str, ...]]:
    rows, remarks = history.once(bid_weeks)
    return _told_apart(rows), rows.height, remarks


def _kinds_of(history: History, *, joined: bool) -> Fit:
    rows, remarks = history.once(bid_weeks)
    rows = rows.filter(pl.col("joined") == joined)
    found = _told_apart(rows)
    of = {"never": found.never, "seldom": found.seldom, "often": found.often}
    return named(of, rows.height, *remarks)


def kinds(history: History) -> Fit:
    """How often households bid that were on the register before the window began."""
    return _kinds_of(history, joined=False)


def kinds_joining(history: History) -> Fit:
    """How often households bid that joined in the window."""
    return _kinds_of(history, joined=True)


def seldom_per_week(history: History) -> Fit:
    """Chance of a bid in a week of those who bid now and then."""
    found, rows, remarks = history.once(_bidders)
    return single(found.seldom_per_week, rows, *remarks)


def often_per_week(history: History) -> Fit:
    """Chance of a bid in a week of those who bid most weeks."""
    found, rows, remarks = history.once(_bidders)
    return single(found.often_per_week, rows, *remarks)


def most_bids(history: History) -> Fit:
    """Bids that 95 of 100 weeks with a bid do not exceed."""
    weeks = (
        history.once(_placed)
        .filter(pl.col("placed_by") == "applicant")
        .group_by("application", "week")
        .len()
    )
    enough(weeks.height, "weeks with a bid")
    bids = np.sort(weeks["len"].to_numpy())
    at, low, high = _order_statistics(len(bids), 0.95)
    return single(
        Estimate(float(bids[at]), float(bids[low]), float(bids[high])), len(bids),
        f"95 of 100 weeks with a bid have no more; {np.mean(bids):.2f} on average",
        *_of_bids(history),
    )


def _order_statistics(n: int, level: float) -> tuple[int, int, int]:
    """Places of a percentile in n sorted values, and of the ends of its exact interval."""
    from scipy.stats import binom

    tail = (1 - estimates.LEVEL) / 2
    at = int(np.ceil(level * n)) - 1
    low = max(0, int(binom.ppf(tail, n, level)) - 1)
    return at, min(low, at), min(n - 1, int(binom.ppf(1 - tail, n, level)))


def assisted(history: History) -> Fit:
    """Bids that an officer placed, of those that no system placed."""
    history.unbiased(automatic_unmarked="no bid is marked as an officer's or automatic")
    history.table("bids", "placed_by")
    by = (
        history.once(_placed)
        .filter(pl.col("placed_by") != "automatic")
        .group_by("application")
        .agg((pl.col("placed_by") == "officer").sum().alias("part"), pl.len().alias("whole"))
        .sort("application")
    )
    rows = int(by["whole"].sum())
    enough(rows, "bids")
    return single(
        estimates.share_in_clusters(by["part"].to_numpy(), by["whole"].to_numpy()), rows,
        f"of {by.height:,} households", *_of_bids(history),
    )

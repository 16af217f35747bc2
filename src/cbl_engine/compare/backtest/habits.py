"""How often each household that waits on the day bids, as its own bids so far tell.

Those who bid are housed sooner, so that of those who wait fewer bid than of those who joined: the
kinds of bidders that were fitted hold for others than these. The chance of each kind is that of
Bayes' rule: its share of those who joined when the household did, times the chance of as many weeks with
a bid, of the weeks in which the household could have bid, as in the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate.bidding import bid_weeks
from cbl_engine.compare.calibrate.history import CannotFitError
from cbl_engine.simulate.habits import kinds_by_years, shares
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.compare.calibrate.history import History
    from cbl_engine.simulate.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Habits:
    """Weeks of each household up to the day.

    Attributes:
        waited: of all on the register on the first day of the window [years until then].
        place: of each household among those; -1 where it joined in the window.
        weeks: in which it could have bid.
        bid_weeks: of these, weeks with a bid of its own.
    """

    waited: NDArray[np.float64]
    place: NDArray[np.int64]
    weeks: NDArray[np.int64]
    bid_weeks: NDArray[np.int64]

    def kinds(self, parameters: Parameters) -> NDArray[np.float64]:
        """The chance of each of ``KINDS``, a row a household.

        Args:
            parameters: as fitted: ``arrivals.per_year`` is for each application that was open on
                the first day of the window.
        """
        waited = kinds_by_years(parameters, self.waited)
        prior = np.vstack([waited, shares(parameters, "bidding.kinds_joining")])[self.place]
        of_kind = np.clip([0.0, parameters["bidding.seldom_per_week"],
                           parameters["bidding.often_per_week"]], 0.0, 1 - 1e-9)
        bids, others = self.bid_weeks[:, None], (self.weeks - self.bid_weeks)[:, None]
        likely = prior * of_kind**bids * (1 - of_kind) ** others
        whole = likely.sum(axis=1, keepdims=True)
        return np.where(whole > 0, likely / np.where(whole > 0, whole, 1.0), prior)


def habits_of(
    history: History, applications: pl.Series, sizes: NDArray[np.integer] | None = None
) -> Habits | None:
    """The habits of some applications.

    Args:
        history: as known on the day.
        applications: their ids, as text.
        sizes: bedrooms of homes that each may be let, as bits; None: those that it needs.

    Returns:
        In their order; None where bids do not tell (no bids, or only some households').
    """
    named = applications.alias("application").to_frame()
    may = None if sizes is None else named.with_columns(pl.Series("sizes", sizes.astype(np.int64)))
    try:
        weeks, _ = bid_weeks(history, may)
    except CannotFitError:
        return None
    before = history.spells.filter(
        pl.col("registered_on") < pl.lit(history.since),
        (pl.col("left_on") >= pl.lit(history.since)).fill_null(value=True),
    ).select("application", place=pl.int_range(pl.len(), dtype=pl.Int64),
             waited=(pl.lit(history.since) - pl.col("registered_on")).dt.total_days() / YEAR)
    found = named.join(weeks.drop("joined"), on="application", how="left", maintain_order="left").join(
        before, on="application", how="left", maintain_order="left")
    return Habits(before["waited"].to_numpy(), found["place"].fill_null(-1).to_numpy(),
                  found["weeks"].fill_null(0).to_numpy(),
                  found["bid_weeks"].fill_null(0).to_numpy())

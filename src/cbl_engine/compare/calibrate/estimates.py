"""Estimates with their intervals: rates, shares, days that may still run, a mixture of bidders.

Small pure functions over arrays; every interval is of 95%. scipy is imported when one is called.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LEVEL = 0.95
PERCENTILES = (0, 1, *range(5, 100, 5), 99, 100)
TOLD = (10, 25, 50, 75, 90)
"""Percentiles that have an interval; the least and the greatest day of a sample have none."""

_ROUND = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Days:
    """A distribution of days.

    Attributes:
        percentiles: percentile -> days; 0 and 100 are there, and points on a straight line between
            others are not.
        intervals: those of :data:`TOLD` that were reached -> lower and upper bound.
        rows: how many were seen, those still open among them.
        open: how many were still open.
        reached: share of all by the end of what was seen; 1 unless the longest are still open.
    """

    percentiles: dict[int, float]
    intervals: dict[int, tuple[float, float]]
    rows: int
    open: int
    reached: float


def rate(events: int, exposure: float) -> Estimate:
    """Events for each unit of exposure, and the exact interval of a Poisson count (Garwood).

    Args:
        events: how many came about.
        exposure: [years] of all at risk together, above 0.

    References:
        Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
    """
    from scipy.stats import chi2

    tail = (1 - LEVEL) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = chi2.ppf(1 - tail, 2 * events + 2) / 2
    return Estimate(events / exposure, float(low / exposure), float(high / exposure))


def share(part: int, whole: int) -> Estimate:
    """A share and its exact interval (Clopper and Pearson)."""
    from scipy.stats import binomtest

    bounds = binomtest(part, whole).proportion_ci(LEVEL, method="exact")
    return Estimate(part / whole, float(bounds.low), float(bounds.high))


def shares(counts: Mapping[str, int]) -> dict[str, Estimate]:
    """The share of each name, each with the exact interval it would have by itself."""
    whole = sum(counts.values())
    return {name: share(count, whole) for name, count in counts.items()}


def share_in_clusters(parts: NDArray, wholes: NDArray) -> Estimate:
    """A share of rows that come in clusters, such as a household's bids: they are not independent.

    The variance is that of a ratio of two means over clusters; the interval is taken on the
    log-odds scale, so that it stays between 0 and 1. With none or all it is the exact one, as if
    each cluster were one row.

    References:
        Cochran, Sampling Techniques (1977), section 2.11: the variance of a ratio.
    """
    n, part, whole = len(wholes), float(np.sum(parts)), float(np.sum(wholes))
    value = part / whole
    if value in {0.0, 1.0}:
        exact = share(round(value * n), n)
        return Estimate(value, exact.low, exact.high)
    residuals = np.asarray(parts) - value * np.asarray(wholes)
    error = float(np.sqrt(np.sum(residuals**2) * n / max(1, n - 1))) / whole
    return Estimate(value, *_on_log_odds(value, error))


def _on_log_odds(value: float, error: float) -> tuple[float, float]:
    from scipy.special import expit, logit
    from scipy.stats import norm

    spread = norm.ppf((1 + LEVEL) / 2) * error / (value * (1 - value))
    return float(expit(logit(value) - spread)), float(expit(logit(value) + spread))


def days(lasted: NDArray, still_open: NDArray) -> Days | None:
    """The distribution of days, those still open counting as longer (Kaplan-Meier).

    1. the share over by each day; 2. each percentile is the first day by which that share is over;
    what was never reached is left out, and 100 is then the longest day seen: too short, and
    ``reached`` says by how much; 3. intervals are the days at which Greenwood's band around the
    shares (log-log) crosses the percentile; 4. points between others on a straight line go.

    Args:
        lasted: [days], so far where open.
        still_open: whether each is open.

    Returns:
        None when fewer than half were ever over.

    References:
        Kaplan and Meier, JASA 53 (1958). Brookmeyer and Crowley, A confidence interval for the
        median survival time, Biometrics 38 (1982).
    """
    from scipy.stats import CensoredData, ecdf

    over = ecdf(CensoredData(uncensored=lasted[~still_open], right=lasted[still_open])).cdf
    if not len(over.quantiles) or over.probabilities[-1] < 0.5:
        return None
    with warnings.catch_warnings():
        # The band has no width where all or none are over; what it lacks is handled below.
        warnings.simplefilter("ignore", RuntimeWarning)
        band = over.confidence_interval(LEVEL, method="log-log")
    quantiles, reached = over.quantiles, float(over.probabilities[-1])
    low = np.where(np.isnan(band.low.probabilities), over.probabilities, band.low.probabilities)
    high = np.where(np.isnan(band.high.probabilities), over.probabilities, band.high.probabilities)
    found = {0: float(np.min(lasted[~still_open]))}
    intervals: dict[int, tuple[float, float]] = {}
    for percent in PERCENTILES[1:-1]:
        at = _first(over.probabilities, percent / 100)
        if at is None:
            break
        found[percent] = float(quantiles[at])
        if percent in TOLD:
            least, most = _first(high, percent / 100), _first(low, percent / 100)
            intervals[percent] = (
                float(quantiles[least if least is not None else at]),
                float(quantiles[most if most is not None else -1]),
            )
    found[100] = float(np.max(lasted))
    return Days(_without_needless(found), intervals, len(lasted), int(np.sum(still_open)), reached)


def _first(probabilities: NDArray, level: float) -> int | None:
    """The first place that comes to a level; shares may rise and fall a little along a band."""
    reached = np.nonzero(probabilities >= level - _ROUND)[0]
    return int(reached[0]) if len(reached) else None


def _without_needless(points: Mapping[int, float]) -> dict[int, float]:
    """The same straight lines through fewer points."""
    kept = list(points.items())
    at = 1
    while at < len(kept) - 1:
        (x0, y0), (x1, y1), (x2, y2) = kept[at - 1 : at + 2]
        if abs((y1 - y0) * (x2 - x0) - (y2 - y0) * (x1 - x0)) < _ROUND:
            del kept[at]
        else:
            at += 1
    return dict(kept)


@dataclass(frozen=True, slots=True)
class Bidders:
    """Households that never bid, and two kinds that bid in a week by chance."""

    never: Estimate
    seldom: Estimate
    often: Estimate
    seldom_per_week: Estimate
    often_per_week: Estimate


def bidders(weeks: NDArray, bid_weeks: NDArray) -> Bidders | None:
    """Three kinds of bidders from how many weeks each household could bid and how many it did.

    Of those that never bid none ever does; the others bid in each week independently, with one
    chance for either kind. Maximum likelihood; intervals by the observed information on the scale
    of log odds.

    Args:
        weeks: weeks in which each household could have bid, 1 or more.
        bid_weeks: of these, weeks with a bid.

    Returns:
        None when the kinds cannot be told apart.
    """
    from scipy.optimize import minimize
    from scipy.special import expit, xlog1py, xlogy
    from scipy.stats import norm

    cells, counts = np.unique(np.column_stack([weeks, bid_weeks]), axis=0, return_counts=True)
    n, k = cells[:, 0].astype(float), cells[:, 1].astype(float)
    never_bid = np.where(k == 0, 0.0, -np.inf)

    def unlikely(at: NDArray) -> float:
        logits = np.array([0.0, at[0], at[1]])
        log_shares = logits - np.logaddexp.reduce(logits)
        chances = expit(at[2:])
        terms = [xlogy(k, p) + xlog1py(n - k, -p) + s
                 for p, s in zip(chances, log_shares[1:], strict=True)]
        likely = np.logaddexp.reduce([never_bid + log_shares[0], *terms])
        return -float(np.sum(counts * likely))

    found = minimize(unlikely, np.array([-0.5, -1.5, -2.2, 1.1]), method="L-BFGS-B",
                     bounds=[(-8, 8)] * 4, options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7})
    best = found.x if found.x[2] <= found.x[3] else found.x[[1, 0, 3, 2]]
    covariance = _inverse(_curvature(unlikely, best))
    if covariance is None or np.any(np.abs(best) > 7.5):
        return None

    def shown(value: float, gradient: NDArray) -> Estimate:
        error = float(np.sqrt(gradient @ covariance @ gradient))
        return Estimate(float(value), *_on_log_odds(float(value), error))

    split = np.exp([0.0, best[0], best[1]])
    split /= split.sum()
    kinds = [
        # The slope of one share with the log odds of the two that bid.
        shown(split[i], np.array([split[i] * ((i == j) - split[j]) for j in (1, 2)] + [0.0, 0.0]))
        for i in range(3)
    ]
    chances = expit(best[2:])
    spread = norm.ppf((1 + LEVEL) / 2) * np.sqrt(np.diag(covariance)[2:])
    per_week = [
        Estimate(float(p), float(expit(x - s)), float(expit(x + s)))
        for p, x, s in zip(chances, best[2:], spread, strict=True)
    ]
    return Bidders(*kinds, *per_week)


_STEP = 1e-4


def _curvature(function, at: NDArray) -> NDArray:  # noqa: ANN001 - a function of an array
    """Second differences of a function around a point."""
    size = len(at)
    moves = np.eye(size) * _STEP
    curve = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            both = [function(at + a * moves[i] + b * moves[j]) for a in (1, -1) for b in (1, -1)]
            curve[i, j] = curve[j, i] = (both[0] - both[1] - both[2] + both[3]) / (4 * _STEP**2)
    return curve


def _inverse(curve: NDArray) -> NDArray | None:
    """The inverse of a curvature that is a least point's; None of any other."""
    if not np.all(np.isfinite(curve)) or np.min(np.linalg.eigvalsh(curve)) <= 1e-6:
        return None
    return np.linalg.inv(curve)

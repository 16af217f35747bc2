"""Two scenarios on the same worlds: differences world by world, with intervals.

Both meet the same luck, so what differs between them in a world is mostly policy; the difference of
each world is one observation. A mean difference has Student's interval and, since differences of
counts and waits are often skewed, the bias-corrected and accelerated bootstrap's (BCa) beside it.

References:
    Student, The probable error of a mean, Biometrika 6 (1908). B. Efron, Better bootstrap confidence
    intervals, Journal of the American Statistical Association 82 (1987). O. J. Dunn, Multiple
    comparisons among means, Journal of the American Statistical Association 56 (1961).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, log2
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
RESAMPLES = 2000
FEWEST = 3
"""Worlds below which nothing is said of a difference."""
_ROUNDING = 1e-9
"""Of a quantity: a difference no greater is of how it was summed."""


@dataclass(frozen=True)
class Difference:
    """A variant less the base.

    Attributes:
        mean: of the worlds' differences, in the quantity's unit.
        low, high: Student's interval at ``level``.
        bca_low, bca_high: the bootstrap's; None where every world differs alike, or none was made.
        all_low, all_high: Student's interval that holds for all of several comparisons together;
            it reaches to 0 where there are fewer worlds than :func:`fewest_to_tell`.
        worlds: pairs with a value on both sides.
        left_out: pairs without one on a side.
        saved: share of the variance of the difference that pairing took away; None where neither
            side varies. Below 0 the pairing made it worse.
        level: of the intervals.

    Intervals end where a difference can go no further: at 1 either way of a share.
    """

    mean: float
    low: float
    high: float
    bca_low: float | None
    bca_high: float | None
    all_low: float
    all_high: float
    worlds: int
    left_out: int
    saved: float | None
    level: float = LEVEL

    @property
    def told(self) -> bool:
        """Whether it is told from noise: no difference lies outside the interval for all."""
        return self.all_low > 0 or self.all_high < 0

    @property
    def half_width(self) -> float:
        """Half the width of Student's interval."""
        return (self.high - self.low) / 2


def paired_difference(
    base: ArrayLike, variant: ArrayLike, *, comparisons: int = 1, level: float = LEVEL,
    seed: int | None = 0, most: float | None = None,
) -> Difference | None:
    """The difference of a quantity between two scenarios.

    Args:
        base: the quantity by world; NaN where a world has none (nobody of a group was let a home).
            A median that some world does not reach has no mean, and so no difference: see
            :mod:`cbl_engine.compare.differences`.
        variant: likewise, in the same order of worlds.
        comparisons: how many differences are looked at together; the interval for all of them is
            Bonferroni's.
        level: of the intervals.
        seed: of the resamples; None: no bootstrap, where there are thousands of differences.
        most: how great a difference can be, either way: 1 of a share. Intervals end there.

    Returns:
        The difference; None where fewer than three worlds have it on both sides.

    Raises:
        ValueError: the sides have different numbers of worlds, or a value is infinite.
    """
    one, other = np.asarray(base, float), np.asarray(variant, float)
    if one.shape != other.shape:
        raise ValueError(f"{len(one)} worlds on one side and {len(other)} on the other")
    if np.isinf(one).any() or np.isinf(other).any():
        raise ValueError("a value is infinite, so there is no mean")
    both = ~np.isnan(one) & ~np.isnan(other)
    one, other = one[both], other[both]
    n = len(one)
    if n < FEWEST:
        return None
    gaps = other - one
    # The same households summed in another order differ in the last digits alone: that is nothing.
    gaps[np.abs(gaps) <= _ROUNDING * np.maximum(np.abs(one), np.abs(other))] = 0.0
    mean = float(gaps.mean())
    error = float(gaps.std(ddof=1)) / n**0.5
    half, half_all = (_student(n - 1, at) * error for at in (level, 1 - (1 - level) / comparisons))
    bca = _bca(gaps, level, seed) if error > 0 and seed is not None else (None, None)
    apart = float(one.var(ddof=1) + other.var(ddof=1))
    saved = 1 - float(gaps.var(ddof=1)) / apart if apart > 0 else None
    every = mean - half_all, mean + half_all
    if n < fewest_to_tell(comparisons, level):
        # However alike so few worlds differ: their spread is too little known to lean on.
        every = min(every[0], 0.0), max(every[1], 0.0)
    low, high, all_low, all_high = (
        end if most is None else max(-most, min(most, end)) for end in (mean - half, mean + half, *every))
    return Difference(mean, low, high, *bca, all_low, all_high, n, int((~both).sum()), saved, level)


def fewest_to_tell(comparisons: int = 1, level: float = LEVEL) -> int:
    """Worlds below which no difference is told, however alike they differ.

    Student's interval of a few worlds leans on differences being normal far out in their tails, and
    those of counts are not: where one household more is let a home in each of three worlds, the
    spread is next to nothing. So many worlds are asked for that a sign test could tell if all of
    them differed one way: ``2 ** (1 - worlds) <= (1 - level) / comparisons``.

    Args:
        comparisons: how many differences are looked at together.
        level: of the intervals.
    """
    return max(FEWEST, ceil(1 + log2(max(comparisons, 1) / (1 - level))))


def mean_interval(values: ArrayLike, level: float = LEVEL) -> tuple[float, float, float] | None:
    """Mean of a quantity over worlds, with Student's interval; None with fewer than two worlds.

    Args:
        values: by world; NaN where a world has none.
        level: of the interval.
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return None
    mean = float(known.mean())
    half = _student(len(known) - 1, level) * float(known.std(ddof=1)) / len(known) ** 0.5
    return mean, mean - half, mean + half


def worlds_needed(difference: Difference, half_width: float) -> int:
    """Worlds for which Student's interval would be about as narrow as asked for.

    Args:
        difference: found with fewer.
        half_width: half the width wanted, in the quantity's unit.

    Raises:
        ValueError: the width is not above 0.
    """
    if not half_width > 0 or not isfinite(half_width):
        raise ValueError(f"a half width of {half_width} is not above 0")
    if difference.half_width == 0:
        return difference.worlds
    return max(FEWEST, ceil(difference.worlds * (difference.half_width / half_width) ** 2))


def _student(freedom: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def _bca(gaps: NDArray[np.float64], level: float, seed: int) -> tuple[float, float]:
    """Bounds of the bias-corrected and accelerated bootstrap of the mean."""
    from scipy.stats import bootstrap

    found = bootstrap(
        (gaps,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)

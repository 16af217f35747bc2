"""A mean with its interval, from values that owe each other nothing: one for each seed or world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds between which the true mean lies, as often as was asked for."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ({self.low:.4g} to {self.high:.4g})"

    def holds(self, value: float) -> bool:
        """Whether the value lies between the bounds."""
        return bool(self.low <= value <= self.high)

    @property
    def sign(self) -> int:
        """1 where the whole interval is above nought, -1 below, 0 where it holds nought."""
        return int(self.low > 0) - int(self.high < 0)


def interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's t interval for the mean of independent values; those that are not known stay out.

    Raises:
        ValueError: fewer than two values are known.
    """
    from scipy.special import stdtrit

    found = np.asarray(values, float).ravel()
    found = found[~np.isnan(found)]
    if len(found) < 2:
        raise ValueError("an interval needs two values")
    mean = float(found.mean())
    reach = stdtrit(len(found) - 1, (1 + confidence) / 2) * found.std(ddof=1) / len(found) ** 0.5
    return Interval(mean, mean - reach, mean + reach)

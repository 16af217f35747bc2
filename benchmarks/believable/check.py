"""A figure that was expected, what came out, and whether the one lies in the interval of the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.believable.interval import Interval

RESULTS = Path(__file__).parents[1] / "results"


@dataclass(frozen=True)
class Check:
    """One figure.

    Attributes:
        what: the figure, with its unit.
        expected: by formula or publication.
        found: mean and interval over worlds.
    """

    what: str
    expected: float
    found: Interval

    @property
    def hit(self) -> bool:
        """Whether the interval holds what was expected."""
        return self.found.holds(self.expected)

    def told(self) -> dict[str, Any]:
        """As it is kept."""
        return {"what": self.what, "expected": self.expected, "mean": self.found.mean,
                "low": self.found.low, "high": self.found.high, "hit": self.hit}


def band_of_outcomes(values: Any, share: float = 0.8) -> dict[str, float | None]:
    """Mean of a figure over worlds, the interval that holds this share of them, and their number.

    Worlds in which the figure is not known stay out.
    """
    found = np.asarray(values, float)
    found = found[~np.isnan(found)]
    if not len(found):
        return {"mean": None, "low": None, "high": None, "worlds": 0}
    low, high = np.quantile(found, [(1 - share) / 2, (1 + share) / 2])
    return {"mean": float(found.mean()), "low": float(low), "high": float(high),
            "worlds": len(found)}


def rounded(told: Any, digits: int = 5) -> Any:
    """Numbers to so many figures, all the way down, so that results are the same on any machine."""
    if isinstance(told, dict):
        return {k: rounded(v, digits) for k, v in told.items()}
    if isinstance(told, list | tuple):
        return [rounded(v, digits) for v in told]
    if isinstance(told, float):
        return float(f"{told:.{digits}g}") if np.isfinite(told) else None
    return told


def keep(name: str, told: Mapping[str, Any]) -> Path:
    """Results in ``benchmarks/results/believable-<name>.json``."""
    file = RESULTS / f"believable-{name}.json"
    beside = file.with_suffix(".partial")
    beside.write_text(json.dumps(rounded(dict(told)), indent=1) + "\n")
    beside.replace(file)
    return file


def kept(name: str) -> dict[str, Any]:
    """What was kept."""
    return json.loads((RESULTS / f"believable-{name}.json").read_text())

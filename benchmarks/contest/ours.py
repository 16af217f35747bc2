"""The engine's turn: pack the register, shortlist, and hand out arrays for every bid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.contest.data import AS_AT
from cbl_engine.scheme import load_scheme
from cbl_engine.shortlist import Prepared, prepare, shortlist

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from cbl_engine.shortlist import Shortlist

SCHEME = Path(__file__).with_name("scheme.yaml")
TUNING = "the engine as it comes; its verification of the result is inside the time"


class Engine:
    """Frames in memory and the scheme parsed, before the clock starts."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.scheme = load_scheme(SCHEME)
        self.frames = {name: pl.from_arrow(table) for name, table in tables.items()}
        self._prepared: Prepared | None = None

    def prepare(self) -> Prepared:
        return prepare(self.scheme, {"applications": self.frames["applications"]}, AS_AT)

    def shortlist(self, prepared: Prepared) -> Shortlist:
        return shortlist(prepared, self.frames["adverts"], self.frames["bids"])

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        """Bid rows, positions and failure words, with the register packed afresh."""
        self._prepared = self.prepare()
        return self.warm()

    def warm(self) -> tuple[NDArray, NDArray, NDArray]:
        """The same on the register packed before."""
        if self._prepared is None:
            self._prepared = self.prepare()
        result = self.shortlist(self._prepared)
        rows = result.bids.rows(slice(0, result.bids.n))
        return rows, result.ranking.position, result.ranking.failed[0]


def eligible_share(position: NDArray) -> float:
    """Share of bids with a position."""
    return float(np.mean(position > 0))

"""Ids as int32 ordinals: ascending ids are 0, 1, 2, ... inside the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.tables.columns import type_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Ordinals:
    """The ids of one column, ascending and without repeats, and the way there and back.

    String ids sort by code point (by their UTF-8 bytes), integer ids by value.

    Attributes:
        ids: sorted series of distinct ids.
    """

    __slots__ = ("_dense", "_values", "ids")

    def __init__(self, ids: pl.Series) -> None:
        """Take the ids of a series: String or any integer type, repeats and nulls ignored.

        Raises:
            TypeError: the series is neither.
        """
        if ids.dtype == pl.Null:
            ids = ids.cast(pl.String)
        if not (ids.dtype == pl.String or ids.dtype.is_integer()):
            raise TypeError(f"ids must be text or whole numbers, not {type_name(ids.dtype)}")
        self.ids: pl.Series = ids if _ascending(ids) else ids.drop_nulls().unique().sort()
        self._values: NDArray[np.int64 | np.uint64] | None = None
        self._dense = False
        if ids.dtype.is_integer():
            values = self.ids.to_numpy()
            self._values = values
            # Distinct, ascending, from 0 to n-1: the ids are their own ordinals.
            n = len(values)
            self._dense = bool(n == 0 or (values[0] == 0 and values[-1] == n - 1))

    def __len__(self) -> int:
        """Number of distinct ids."""
        return len(self.ids)

    def ordinals_of(self, ids: pl.Series) -> NDArray[np.int32]:
        """The ordinal of each id, -1 for one that is unknown or null.

        Raises:
            TypeError: text ids looked up among whole numbers, or the reverse.
        """
        if ids.dtype == pl.Null or not len(self.ids):
            return np.full(len(ids), -1, np.int32)
        if (self._values is None) != (ids.dtype == pl.String) or not (
            ids.dtype == pl.String or ids.dtype.is_integer()
        ):
            raise TypeError(f"ids of type {type_name(ids.dtype)} looked up among ids of {self.ids.dtype}")
        if self._values is None:
            return self._among_texts(ids)
        return self._among_integers(ids, self._values)

    def take(self, ordinals: ArrayLike) -> pl.Series:
        """The ids of ordinals; null for a negative one.

        Raises:
            IndexError: an ordinal beyond the last id.
        """
        where = np.asarray(ordinals, np.int64)
        if where.size and int(where.max()) >= len(self.ids):
            raise IndexError(f"ordinal {int(where.max())} of only {len(self.ids)} ids")
        unknown = where < 0
        if not unknown.any():
            return self.ids.gather(pl.Series(where))
        return self.ids.gather(pl.select(pl.when(~pl.Series(unknown)).then(where)).to_series())

    def _among_texts(self, ids: pl.Series) -> NDArray[np.int32]:
        known = pl.LazyFrame({"id": self.ids}).with_row_index("ordinal")
        found = (
            pl.LazyFrame({"id": ids})
            .join(known, on="id", how="left", maintain_order="left")
            .select(pl.col("ordinal").cast(pl.Int32).fill_null(-1))
            .collect()
        )
        return found["ordinal"].to_numpy()

    def _among_integers(
        self, ids: pl.Series, known: NDArray[np.int64 | np.uint64]
    ) -> NDArray[np.int32]:
        nulls = ids.is_null().to_numpy() if ids.null_count() else None
        # Comparing signed with unsigned would go by way of floats; out of range becomes null here.
        same = ids.cast(self.ids.dtype, strict=False)
        lost = same.is_null().to_numpy() if same.null_count() else nulls
        wanted = (same.fill_null(0) if same.null_count() else same).to_numpy()
        if self._dense:
            ordinals = wanted.astype(np.int32, copy=False)
            if len(wanted) and (wanted.min() < 0 or wanted.max() >= len(known)):
                inside = (wanted >= 0) & (wanted < len(known))
                ordinals = np.where(inside, ordinals, np.int32(-1))
        else:
            at = np.searchsorted(known, wanted)
            at[at == len(known)] = 0
            ordinals = np.where(known[at] == wanted, at, -1).astype(np.int32)
        if lost is not None:
            ordinals = np.where(lost, np.int32(-1), ordinals)
        return ordinals


def _ascending(ids: pl.Series) -> bool:
    """Whether whole-number ids are ascending and distinct already."""
    if not ids.dtype.is_integer() or ids.null_count():
        return False
    values = ids.to_numpy()
    return bool((values[1:] > values[:-1]).all())


def as_id(ids: pl.Series, value: Any) -> Any:
    """The value as ids of this type have it (``"7"`` among whole numbers is 7); else as given."""
    typed = pl.Series([value], dtype=ids.dtype, strict=False)[0]
    return value if typed is None else typed

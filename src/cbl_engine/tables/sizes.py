"""Sets of home sizes as bit masks: bit k set means a home of k bedrooms may be let."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MOST = 20


def sizes_to_mask(sizes: pl.Series) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Lists of sizes as masks.

    Args:
        sizes: List(Int64) [bedrooms], 0 to 20; null = not known, an empty list = none may be let.

    Returns:
        The masks, 0 where not known; and whether each is known.

    Raises:
        ValueError: a size is null or outside 0 to 20.
    """
    known = sizes.is_not_null().to_numpy()
    lengths = sizes.list.len().fill_null(0).to_numpy().astype(np.int64)
    members = sizes.filter(sizes.list.len().fill_null(0) > 0).explode()
    if members.null_count() or (len(members) and not members.is_between(0, _MOST).all()):
        raise ValueError(f"sizes must be whole numbers of bedrooms from 0 to {_MOST}")
    masks = np.zeros(len(sizes), np.uint32)
    filled = lengths > 0
    if filled.any():
        bits = np.left_shift(np.uint32(1), members.to_numpy().astype(np.uint32))
        starts = np.concatenate(([0], np.cumsum(lengths[filled])[:-1]))
        masks[filled] = np.bitwise_or.reduceat(bits, starts)
    return masks, known


def sizes_in_order(sizes: pl.Expr) -> pl.Expr:
    """Lists of sizes ascending, each once: in what order they were written says nothing.

    Args:
        sizes: List(Int64) [bedrooms]; null and empty lists stay as they are.
    """
    return sizes.list.unique().list.sort()


def mask_to_sizes(masks: ArrayLike, known: ArrayLike | None = None) -> pl.Series:
    """Masks as lists of sizes, ascending; null where not known. Inverse of :func:`sizes_to_mask`.

    Args:
        masks: unsigned integers, bit k for k bedrooms.
        known: booleans; None means all are known.

    Returns:
        List(Int64) series named ``sizes``.
    """
    distinct, which = np.unique(np.asarray(masks, np.uint32), return_inverse=True)
    held = [[k for k in range(_MOST + 1) if mask >> k & 1] for mask in distinct.tolist()]
    lists = pl.Series("sizes", [*held, None], dtype=pl.List(pl.Int64))
    if known is not None:
        which = np.where(np.asarray(known, bool), which, len(held))
    return lists.gather(which)

"""What each landlord is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


def landlord_names(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Name of each landlord by id, as text; a landlord without a name is left out.

    Args:
        tables: frames by name; landlords are read, where they are there.
    """
    known = tables.get("landlords")
    if known is None or "name" not in known.columns:
        return {}
    named = known.drop_nulls("name")
    return dict(zip(named["id"].cast(pl.String), named["name"].cast(pl.String), strict=True))

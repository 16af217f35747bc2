"""What each landlord is called."""

from __future__ import annotations

from collections import Counter
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


def landlords_told_apart(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """As :func:`landlord_names`, no two alike: ``Homes Ltd (L02)`` where a name is another's too.

    For tables that are counted by landlord: two of one name would be counted as one.
    """
    names = landlord_names(tables)
    if not names:
        return names
    ids = set(tables["landlords"]["id"].cast(pl.String))
    shared = {name for name, n in Counter(names.values()).items() if n > 1}
    return {landlord: f"{name} ({landlord})" if name in shared or name in ids - {landlord} else name
            for landlord, name in names.items()}

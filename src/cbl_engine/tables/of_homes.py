"""Columns that a row leaves to its home: as the row says, or its home, or its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_of_homes(
    frame: pl.DataFrame, homes: pl.DataFrame | None, types: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Rows with columns of their home: the row's own, or its home's, or what its group shares.

    Args:
        frame: rows with home or home_group, or neither; a column of ``types`` that it has wins.
        homes: None where there are none.
        types: the columns and their types.
    """
    if homes is None:
        homes = pl.DataFrame(schema={"id": pl.String})
    for name, dtype in types.items():
        values = [pl.col(name).cast(dtype)] if name in frame.columns else []
        for at, key in (("home", "id"), ("home_group", "home_group")):
            if at in frame.columns and {key, name} <= set(homes.columns):
                ids = homes[key].cast(pl.String)
                known = pl.DataFrame({at: ids, f"_{at}": homes[name].cast(dtype)})
                shared = known.drop_nulls(at).group_by(at).agg(
                    pl.when(pl.col(f"_{at}").n_unique() == 1).then(pl.col(f"_{at}").first())
                )
                frame = frame.with_columns(pl.col(at).cast(pl.String)).drop(f"_{at}", strict=False)
                frame = frame.join(shared, on=at, how="left", maintain_order="left")
                values.append(pl.col(f"_{at}"))
        value = pl.coalesce(values) if values else pl.lit(None, dtype)
        frame = frame.with_columns(value.alias(name)).drop("_home", "_home_group", strict=False)
    return frame

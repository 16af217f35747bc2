"""The one label of adverts with a meaning of its own: ``sensitive``, left out of what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

SENSITIVE = "sensitive"
_NEARLY = "sensitiv"


def labelled_sensitive(adverts: pl.DataFrame) -> pl.Expr:
    """Whether each advert has the label, in capitals or not and with spaces around it or not."""
    if not _has_labels(adverts):
        return pl.lit(value=False)
    return pl.col("labels").list.eval(_plain(pl.element()) == SENSITIVE).list.any().fill_null(value=False)


def nearly_sensitive(adverts: pl.DataFrame | None) -> Iterator[Problem]:
    """A note of labels that only look like it (``sensitive let``): they withhold nothing."""
    if adverts is None or not _has_labels(adverts):
        return
    each = adverts.select("id", "labels").explode("labels").drop_nulls("labels")
    plain = _plain(pl.col("labels"))
    found = each.filter(plain.str.contains(_NEARLY, literal=True), plain != SENSITIVE)
    if found.height:
        ids = found["id"].cast(pl.String).unique().sort()
        yield Problem(
            "nearly_sensitive", f"labels that look like {SENSITIVE} and are another: such adverts are "
            "published", where="adverts.labels", allowed=SENSITIVE,
            given=", ".join(repr(v)[:40] for v in found["labels"].unique().sort().head(MAX_EXAMPLES)),
            count=len(ids), rows=tuple(ids.head(MAX_EXAMPLES)),
            remedy=f"Write {SENSITIVE} alone where the let is to be left out",
        )


def _has_labels(adverts: pl.DataFrame) -> bool:
    return isinstance(adverts.schema.get("labels"), pl.List) and adverts.schema["labels"] != pl.List(pl.Null)


def _plain(label: pl.Expr) -> pl.Expr:
    return label.cast(pl.String).str.strip_chars().str.to_lowercase()

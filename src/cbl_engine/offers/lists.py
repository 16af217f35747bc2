"""Lists of those who bid: made when an advert closes, and anew where a scheme ranks on the day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.entries import SCHEMAS
from cbl_engine.shortlist import prepare, shortlist

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date
    from typing import Literal

    from cbl_engine.offers.desk import Desk
    from cbl_engine.shortlist import Prepared, Shortlist

_KEY = ("advert", "application", "placed_at")


def ranked(
    desk: Desk, adverts: Iterable[str], bids: pl.DataFrame, as_at: date | Literal["close"]
) -> Shortlist:
    """The shortlist of some adverts, applications as the record has them that day."""
    among = pl.Series(list(adverts), dtype=pl.String).implode()
    closing = desk.adverts.filter(pl.col("id").is_in(among))
    mine = bids.filter(pl.col("advert").is_in(among))
    return shortlist(
        _prepared(desk, as_at), closing, mine, desk.given.get("homes"),
        seed=desk.seed,
    )


def _prepared(desk: Desk, as_at: date | Literal["close"]) -> Prepared:
    """The register as it stands; what was worked out of it for one list is there for the next."""
    prepared = desk.keep(
        "prepared", (desk.came, desk.changes),
        lambda: prepare(desk.scheme, desk.register, "close"),
    )
    return replace(prepared, as_at=as_at)


def rows_of(result: Shortlist) -> pl.DataFrame:
    """A shortlist with the columns of ``shortlisted``."""
    return result.frame().select(list(SCHEMAS["shortlisted"]))


def counting(desk: Desk, adverts: Iterable[str]) -> pl.DataFrame:
    """The bids that counted when these adverts closed, with those that a later one superseded.

    Without those of households that have left the register since.
    """
    among = set(adverts)
    register = desk.table("applications").select(pl.col("id").alias("application")).unique()
    closes = desk.adverts.select(pl.col("id").alias("advert"), "closes_at")
    bids = desk.table("bids").filter(pl.col("advert").is_in(list(among)))
    made = [desk.book.lists[a].select("advert", "application") for a in sorted(among)
            if a in desk.book.lists]
    if not made:
        return bids.clear()
    bids = bids.join(pl.concat(made), on=["advert", "application"], how="semi")
    bids = bids.join(register, on="application", how="semi")
    bids = bids.join(closes, on="advert").filter(pl.col("placed_at") <= pl.col("closes_at"))
    bids = bids.drop("closes_at")
    aside = [(s.advert, s.application, s.placed_at) for s in desk.book.set_aside
             if s.advert in among and s.rule != "superseded"]
    gone = pl.DataFrame(aside, schema={k: bids.schema[k] for k in _KEY}, orient="row")
    return bids.join(gone, on=list(_KEY), how="anti").drop("withdrawn_at", strict=False)


def listed_now(
    desk: Desk, pairs: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int | None, list[str], list[str]]]:
    """The stage of some bids, what is failed and what is not known of them, judged that day: by advert
    and application.
    """
    key = ["advert", "application"]
    wanted = pl.DataFrame(list(pairs), schema=dict.fromkeys(key, pl.String), orient="row")
    lists = list(_ranked_now(desk, {advert for advert, _ in pairs}).values())
    if not lists:
        return {}
    rows = pl.concat(lists).join(wanted, on=key, how="semi")
    return {(a, b): (stage, failed, unknown)
            for a, b, stage, failed, unknown in rows.select(*key, "stage", "failed", "unknown").iter_rows()}


def _ranked_now(desk: Desk, adverts: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Lists of some adverts as at that day; made once for as long as nothing they read changes."""
    made: dict[str, pl.DataFrame | None] = desk.keep(
        "ranked now", (desk.on, desk.changes, desk.came), dict
    )
    missing = sorted(set(adverts) - made.keys())
    if missing:
        rows = rows_of(ranked(desk, missing, counting(desk, missing), desk.on))
        made |= dict.fromkeys(missing)
        made |= {str(a): own for (a,), own in rows.partition_by("advert", as_dict=True).items()}
    return {a: own for a in sorted(set(adverts)) if (own := made[a]) is not None}


def rank_anew(desk: Desk, adverts: Iterable[str]) -> None:
    """Rank those that are still to be let, as at that day; written down where anything changed."""
    among = list(adverts)
    if not among:
        return
    before = desk.book.lists
    changed = [
        own for advert, own in _ranked_now(desk, among).items()
        if not _same(before.get(advert), own)
    ]
    if changed:
        desk.take_in("shortlisted", pl.concat(changed))


def _same(before: pl.DataFrame | None, now: pl.DataFrame) -> bool:
    if before is None:
        return False
    schema = SCHEMAS["shortlisted"]
    now = now.cast(schema).sort("position", "application", nulls_last=True)  # type: ignore[arg-type]
    return before.equals(now)

"""What a state holds that may be put right, and its past with facts put right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers.events import TakenIn
from cbl_engine.records.corrected import Corrected, corrected
from cbl_engine.records.corrections import Held
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.facts_apart import ERASED, EVENT_NUMBER, OURS
from cbl_engine.records.reads import extra_columns
from cbl_engine.tables import TABLES, columns_of
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbl_engine.records.corrections import Correction
    from cbl_engine.records.state import StateFolder
    from cbl_engine.records.trail import Run


def held_by_state(folder: StateFolder) -> Held:
    """What a state has, its tables as they stand."""
    held = held_of(folder, Past.of(folder))
    return replace(held, frames={t: folder.tables[t] for t in held.frames if t in folder.tables})


def _came(past: Past) -> set[int]:
    """Numbers of the events that count by which rows were given or put right."""
    return {n for n, event in past.trail.counting()
            if isinstance(event, TakenIn) and event.why != "made"}


def held_of(folder: StateFolder, past: Past) -> Held:
    """Every row that a state was ever given or that was put right in it, with where it came in."""
    extra = extra_columns(past.scheme)
    came = pl.Series(sorted(_came(past)), dtype=pl.Int64).implode()
    frames = {
        table: frame.filter(pl.col(EVENT_NUMBER).is_in(came), ~pl.col(ERASED))
        for table, frame in past.facts.rows.items()
        if table in TABLES and table not in RECORDED
    }
    read = {table: list(columns_of(table, extra.get(table, ()))) for table in frames}
    return Held("state", folder.manifest["state_id"], past.scheme, frames, read, OURS)


def put_right(
    past: Past, held: Held, corrections: Sequence[Correction]
) -> tuple[Past, dict[Run, dict[str, pl.DataFrame]], Run]:
    """The past with facts put right, rows that come beside in a cycle, and the first one touched."""
    runs = [run for run in past.trail.runs() if run.counts]
    rows, added, touched = dict(past.facts.rows), {}, []
    for name in dict.fromkeys(c.table for c in corrections):
        mine = [c for c in corrections if c.table == name]
        frame = held.frames[name]
        right: Corrected = corrected(past.scheme, name, frame, mine)
        touched += frame[[n for c in mine for n in c.at]][EVENT_NUMBER].to_list()
        came = right.frame.filter(pl.col(EVENT_NUMBER).is_not_null())
        others = past.facts.rows[name].join(
            frame.select(EVENT_NUMBER, "_ordinal"), on=[EVENT_NUMBER, "_ordinal"], how="anti")
        rows[name] = pl.concat([others, came], how="diagonal_relaxed").sort(EVENT_NUMBER, "_ordinal")
        new = right.frame.filter(pl.col(EVENT_NUMBER).is_null()).drop(OURS)
        for row in new.iter_slices(1):
            run = _comes_in(name, row.row(0, named=True), runs)
            lots = added.setdefault(run, {})
            lots[name] = pl.concat([lots[name], row]) if name in lots else row
            touched.append(run.first)
    first = next((run for run in runs if run.last >= min(touched)), runs[-1])
    return replace(past, facts=replace(past.facts, rows=rows)), added, first


_DATED = {"checks": "since", "bids": "placed_at", "outcomes": "on", "direct_lets": "on"}


def _comes_in(table: str, row: Mapping[str, Any], runs: Sequence[Run]) -> Run:
    """The cycle in which a row that should have been there comes: that of its day, or the first."""
    day = row.get(_DATED.get(table, ""))
    if day is None:
        return runs[0]
    day = day.date() if hasattr(day, "date") else day
    return next((run for run in runs if run.as_at >= day), runs[-1])

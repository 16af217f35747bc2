"""A history of real bids under another scheme."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cbl_engine.cli.given import day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from cbl_engine.compare.rerun import Rerun


def rerun(
    history: str,
    new_scheme: str,
    /,
    *,
    old: str,
    since: str | None = None,
    until: str | None = None,
    mapping: Path | None = None,
    equality: Path | None = None,
    out: Path | None = None,
    format: Literal["table", "json"] = "table",
) -> int:
    """Shortlist past bids under another scheme: which lettings would have gone to someone else.

    No behaviour is assumed beyond what is on record, so it is the first thing to look at. An
    officer's tool: it names households.

    Parameters
    ----------
    history
        A data folder, .xlsx file or database URL with applications, adverts, bids, and outcomes or
        tenancies, which say who was let what.
    new_scheme
        The scheme to try: a file, a folder of its versions, or the name of a shipped one.
    old
        The scheme that was in force.
    since
        Only adverts that closed on this day or later, YYYY-MM-DD.
    until
        Only adverts that closed up to this day.
    mapping
        How the data become our tables; left out, the folder's own.
    equality
        A CSV or Parquet table (application, characteristic, value) by which lettings are counted
        too, small counts withheld. No scheme can read it.
    out
        Folder to write lettings.csv, groups.csv and equality.csv to; there must be nothing.
    format
        table to read, or json for programs.
    """
    from cbl_engine.cli import show
    from cbl_engine.compare import rerun as run_again
    from cbl_engine.compare.equality import HISTORY, by_characteristic, missed_say, read_equality

    held = None if equality is None else read_equality(equality)
    with show.steps() as on_step:
        found = run_again(
            history, new_scheme, old, mapping=mapping, said=on_step,
            since=None if since is None else day(since, "--since"),
            until=None if until is None else day(until, "--until"),
        )
    effects = None
    if held is not None:
        effects = by_characteristic(found, held)
        if missed := missed_say(held, found.applications, HISTORY):
            found = replace(found, notes=(*found.notes, missed))
    if out is not None:
        from cbl_engine.records.places import folder_beside

        with folder_beside(out, kind="rerun") as partial:
            told = found.lettings.with_columns(found.lettings["failed"].list.join(", "))
            told.write_csv(partial / "lettings.csv")
            found.groups.write_csv(partial / "groups.csv")
            if effects is not None:
                effects.write_csv(partial / "equality.csv")
    if format == "json":
        sys.stdout.write(json.dumps(_plain(found, effects), indent=2, default=str) + "\n")
    else:
        show.show_parts(_told(found, effects, out))
    return 0


def _plain(found: Rerun, effects: pl.DataFrame | None) -> dict:
    said = {"lettings": found.lettings.to_dicts(), "groups": found.groups.to_dicts(),
            "notes": list(found.notes)}
    return said if effects is None else {**said, "equality": effects.to_dicts()}


def _told(found: Rerun, effects: pl.DataFrame | None, out: Path | None) -> Iterator:
    import polars as pl
    from rich.table import Table

    counts = dict(found.lettings["verdict"].value_counts().iter_rows())
    judged = found.judged.height
    yield (f"{found.lettings.height:,} lettings on record; {judged:,} can be judged, "
           f"{counts.get('not_judged', 0):,} cannot: the old scheme would have offered the home to "
           "somebody else first, so what decided is not on record.")
    if judged:
        yield (f"Under the new scheme {counts.get('same', 0):,} would have gone to the same "
               f"household, {counts.get('other', 0):,} to another, and {counts.get('nobody', 0):,} "
               "to nobody who bid.")
        failed = found.judged.filter(pl.col("verdict") != "same")["failed"].explode().drop_nulls().value_counts(
            sort=True)
        if failed.height:
            yield "Criteria of the new scheme that those who lose do not meet: " + ", ".join(
                f"{name} ({n:,})" for name, n in failed.head(5).iter_rows()) + "."
    for by, title in (("band", "By band"), ("bedroom_need", "By bedrooms needed")):
        rows = found.groups.filter(found.groups["by"] == by)
        table = Table(title=title)
        for name in ("group", "lettings", "under the new scheme", "kept", "lost", "gained"):
            table.add_column(name, justify="left" if name == "group" else "right")
        for row in rows.drop("by").iter_rows():
            table.add_row(*("not known" if c is None else str(c) for c in row))
        yield table
    if effects is not None:
        yield from _effects(effects)
    yield from found.notes
    if out is not None:
        yield f"Wrote {out}"


def _effects(effects: pl.DataFrame) -> Iterator:
    from rich.table import Table

    for (name,), rows in effects.group_by("characteristic", maintain_order=True):
        table = Table(title=f"By {name}")
        for head in ("group", "lettings", "under the new scheme", "difference"):
            table.add_column(head, justify="left" if head == "group" else "right")
        for row in rows.drop("characteristic").iter_rows():
            table.add_row(*("withheld" if c is None else str(c) for c in row))
        yield table

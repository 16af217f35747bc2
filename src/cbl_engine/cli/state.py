"""State folders: their audit, erasure, and what is due for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from cbl_engine.records.audit import Audit

_MOST = 40


def audit(
    state: Path,
    /,
    *,
    after: Path | None = None,
    format: Literal["table", "json"] = "table",
) -> int:
    """Verify a state folder: its files, the chain of events, every row, every table, the properties.

    Exit code 1 when anything is wrong; each fault names its event, table and row.

    Parameters
    ----------
    state
        State folder written by cbl cycle or cbl erase.
    after
        An earlier state that it should follow: its events must be the first of this one.
    format
        table to read, json for programs.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import audit_state

    with show.steps() as on_step:
        on_step("Auditing")
        found = audit_state(state, after)
    if format == "json":
        sys.stdout.write(json.dumps(_plain(found), indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(found)))
    return 0 if found.sound else 1


def erase(
    state: Path,
    /,
    *,
    application: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")],
    because: str,
    as_at: str,
    out: Path,
) -> int:
    """Destroy what is known of applications, in a new state: rows and keys go, the chain stays.

    Refused while one is on the register, has something open, or is under a litigation hold. Other
    folders of the record hold the facts until they are destroyed: those found beside are named.

    Parameters
    ----------
    state
        State folder.
    application
        Ids of the applications.
    because
        What the erasure rests on, without a fact about anyone: it stays in the trail.
    as_at
        The day, YYYY-MM-DD.
    out
        State folder to write; there must be nothing.
    """
    from cbl_engine.records.erasure import erase as erased_from

    done = erased_from(state, application, because, day(as_at), out)
    for one, rows in done.rows.items():
        sys.stdout.write(f"Erased {one}: {rows:,} rows and their key.\n")
    sys.stdout.write(f"The reason stays in the trail for good: {because}\n")
    sys.stdout.write("If it tells a fact about anyone, destroy the new state and erase again with another.\n")
    sys.stdout.write(f"State {done.folder.manifest['state_id']}, written to {out}\n")
    sys.stdout.write("These hold the facts until they are destroyed, and so does every copy:\n")
    for place in done.still_held:
        sys.stdout.write(f"  {place}\n")
    for name in done.elsewhere:
        sys.stdout.write(f"  state {name}, wherever it is kept\n")
    return 0


def retention(
    state: Path,
    /,
    *,
    as_at: str,
    rules: Path | None = None,
    format: Literal["table", "csv", "json", "parquet"] = "table",
) -> int:
    """List the applications whose facts have been kept as long as the rules say.

    Nothing is erased: cbl erase does that. Those on the register are not due.

    Parameters
    ----------
    state
        State folder.
    as_at
        The day, YYYY-MM-DD.
    rules
        A council's own rules of retention; left out, those shipped, whose periods are illustrative.
    format
        table to read; csv, json or parquet have a row for every application.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import read_state
    from cbl_engine.records.erasure import due_for_erasure
    from cbl_engine.scheme.retention import retention_rules

    kept = retention_rules(rules)
    found = due_for_erasure(read_state(state), kept, day(as_at))
    if format != "table":
        show.show_frame(found, format)
        return 0
    show.show_parts(_due(found, as_at))
    for name, one in kept.classes.items():
        ours = "illustrative, " if one.illustrative else ""
        sys.stdout.write(f"{name}: {one.label}, {one.months} months after the last record "
                         f"({ours}{kept.citation(name)})\n")
    return 0


def _due(found: pl.DataFrame, as_at: str) -> Iterator[Any]:
    from rich.table import Table

    if not found.height:
        yield f"Nothing is due for erasure by {as_at}."
        return
    table = Table(title=f"Due for erasure by {as_at}: {found.height:,}", title_justify="left")
    for column in ("application", "class", "last recorded", "due", "may not be erased for"):
        table.add_column(column)
    for row in found.head(_MOST).iter_rows(named=True):
        reasons = ", ".join(r.replace("_", " ") for r in row["kept_for"])
        table.add_row(row["application"], row["class"], str(row["last_on"]), str(row["due_on"]),
                      reasons)
    yield table
    if found.height > _MOST:
        yield f"and {found.height - _MOST:,} more: --format csv has all of them"


def _lines(found: Audit) -> Iterator[str]:
    if found.state:
        yield f"State {found.state}"
    yield from (f"checked: {line}" for line in found.checked)
    yield from (f"note: {line}" for line in found.notes)
    yield from (f"fault: {fault.line()}" for fault in found.faults)
    n = len(found.faults)
    yield "Sound." if found.sound else f"{n} fault{'s' if n != 1 else ''}."


def _plain(found: Audit) -> dict[str, Any]:
    return {
        "state_id": found.state,
        "sound": found.sound,
        "checked": found.checked,
        "notes": found.notes,
        "faults": [
            {"kind": f.kind, "message": f.message, "where": f.where, "rows": list(f.rows),
             "given": f.given} for f in found.faults
        ],
    }

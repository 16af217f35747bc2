"""Packs from a record or a simulated run: the month, landlords, the lettings plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cbl_engine.cli.given import day, month_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cbl_engine.packs.happened import Happened
    from cbl_engine.packs.parts import Part


def monthly(
    folder: Path,
    /,
    *,
    month: str,
    out: Path,
    council_tax: float | None = None,
    council_tax_source: str | None = None,
    world: int | None = None,
    audience: Literal["officer", "public"] = "officer",
) -> int:
    """Write a month's pack: relets by measure and stage, money, adverts, nominations, reviews, register.

    What the record does not hold is said to be not recorded. A simulated run is counted by the
    same definitions.

    Parameters
    ----------
    folder
        State folder written by cbl cycle, or the folder of cbl simulate --out.
    month
        The month, YYYY-MM; it must be over in the record.
    out
        Folder to write page.html, workbook.xlsx and a CSV file of each table to; there must be nothing.
    council_tax
        What an empty home costs in council tax, pounds a week, 0 or more; left out, it is not recorded.
    council_tax_source
        Where that is from; left out, it is marked as assumed.
    world
        Of a simulation, which world; left out, the first (0).
    audience
        officer: every count. public: no count that points at a household, no landlords' times.
    """
    from cbl_engine.cli.show import show_notes
    from cbl_engine.errors import Problem
    from cbl_engine.packs.happened import happened
    from cbl_engine.packs.monthly import monthly as found_of
    from cbl_engine.report.results import erased_note, erased_since

    first, last = month_of(month)
    record = happened(folder, world)
    parts = found_of(record, first, last, council_tax_weekly=council_tax,
                     council_tax_source=council_tax_source, audience=audience)
    note = None
    if record.record is not None:
        note = erased_note(erased_since(record.record[0], record.lettings, first))
    if note is not None:
        show_notes([Problem("erased_since", note)])
    notes = [f"{note}."] if note is not None and audience == "officer" else []
    _write(f"Lettings in {first:%B %Y}", record, parts, out, last, audience, notes)
    return 0


def landlords(
    folder: Path,
    /,
    *,
    since: str,
    until: str,
    out: Path,
) -> int:
    """Write the landlord scorecard: homes let, nominations and their ends, days, shares agreed.

    For officers: it compares landlords by counts of any size.

    Parameters
    ----------
    folder
        State folder written by cbl cycle.
    since
        First day, YYYY-MM-DD.
    until
        Last day; it must be over in the record.
    out
        Folder to write page.html, workbook.xlsx and a CSV file of each table to; there must be nothing.
    """
    from cbl_engine.packs.happened import happened
    from cbl_engine.packs.landlords import scorecard

    first, last = day(since, "--since"), day(until, "--until")
    record = happened(folder)
    said = f"Landlords, {first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
    _write(said, record, scorecard(record, first, last), out, last, "officer")
    return 0


def lettings_plan(
    folder: Path,
    plan: Path,
    /,
    *,
    out: Path,
    world: int | None = None,
) -> int:
    """Write the annual lettings plan against what was let: quarterly out-turn and variance.

    Parameters
    ----------
    folder
        State folder written by cbl cycle, or the folder of cbl simulate --out.
    plan
        Targets as YAML, or as CSV with year_from, by, value, share, number.
    out
        Folder to write page.html, workbook.xlsx and a CSV file of each table to; there must be nothing.
    world
        Of a simulation, which world; left out, the first (0).
    """
    from cbl_engine.packs.happened import happened
    from cbl_engine.packs.lettings_plan import out_turn, read_plan

    targets = read_plan(plan)
    record = happened(folder, world)
    found = out_turn(record, targets)
    for told in (item for part in found.parts for item in part.items):
        sys.stdout.write(f"{told}\n")
    notes = [] if targets.source is None else [f"The plan: {targets.source}."]
    _write(targets.title, record, found.parts, out, found.until, "officer", notes)
    return 0


def _write(
    title: str, record: Happened, parts: Sequence[Part], out: Path, last: date, audience: str,
    more: Sequence[str] = (),
) -> None:
    """Page, workbook and tables of a pack, all of them or none."""
    from cbl_engine.export.workbook import write_frames
    from cbl_engine.packs.parts import pack_page, sheets
    from cbl_engine.records.places import folder_beside
    from cbl_engine.report.page import day as long_day

    notes = [*more, *([record.simulated] if record.simulated else [])]
    begins = "" if record.since is None else f"begins on {long_day(record.since)} and "
    under = f"{record.title}. Up to {long_day(last)}; the record {begins}ends on {long_day(record.as_at)}."
    hides = audience == "public"
    page = pack_page(title, under, parts, "planner" if record.simulated else audience,
                     source=f"{record.title}, as recorded up to {record.as_at}.", notes=notes, hides=hides)
    about = [("title", title),
             ("for", "publication: an empty count or mean is withheld" if hides else
              "planners: simulated, what might happen, not what did" if record.simulated else "officers"),
             ("scheme", record.title), ("last day counted", str(last)),
             *([] if record.since is None else [("record begins", str(record.since))]),
             ("record ends", str(record.as_at)), *(("note", n) for n in notes),
             *((f"sheet {p.name.replace('_', ' ')}", p.title) for p in parts)]
    with folder_beside(out, kind="pack") as partial:
        (partial / "page.html").write_text(page, encoding="utf-8")
        write_frames(sheets(parts, about), partial / "workbook.xlsx", last)
        for part in parts:
            if part.frame is not None:
                part.frame.write_csv(partial / f"{part.name}.csv")
    missing = [p.title for p in parts if p.frame is None]
    if missing:
        sys.stdout.write(f"Not recorded: {'; '.join(missing)}.\n")
    sys.stdout.write(f"Wrote {out}\n")

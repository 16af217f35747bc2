"""A cycle of bidding and offers, and what it waits for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import check_written, day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from cbl_engine.records.cycles import RecordedCycle
    from cbl_engine.records.state import StateFolder

_MOST = 40
_FEW = 5
Flag = Annotated[bool, Parameter(negative="")]


def cycle(
    scheme: str,
    /,
    *,
    state: str,
    as_at: str,
    out: Path,
    outcomes: Path | None = None,
    data: str | None = None,
    rectify: str | None = None,
    mapping: Path | None = None,
    unattended: Flag = False,
    keep_going: Flag = False,
    supersede: Flag = False,
    seed: int | None = None,
    template: Path | None = None,
    format: Literal["table", "json"] = "table",
) -> int:
    """Close a week: bids, lists, checks, offers and lettings up to a day, every step on record.

    Reads a state, takes in what came since, and writes a new state; nothing is changed in place.
    Whatever is adverse or binding is proposed and waits for a named decision. An officer's tool.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one (sheffield).
    state
        State folder written by an earlier cycle. The first time: data to begin a record with, as
        for shortlist.
    as_at
        The last day, YYYY-MM-DD.
    out
        State folder to write; there must be nothing.
    outcomes
        What people did: decisions, answers, results; a .csv or .parquet file, or the sheet outcomes of
        an .xlsx file.
    data
        Rows of any table that came since, as for shortlist; a row takes the place of the one with
        its key, rows that change nothing are left out.
    rectify
        Rows that put right what was recorded wrongly, taken in before the cycle and marked so. What
        people did is none of it: outcomes, and bids and direct lets that are not on record.
    mapping
        How data become those tables; left out, their own tables.yaml or mapping.yaml.
    unattended
        Approve what needs no judgement, by nobody; such decisions are marked as automated.
    keep_going
        Leave out bad rows and outcomes that clash (they are reported and kept) instead of refusing.
    supersede
        Run again what the state covers from that day on; both stay in the trail. Give again all
        that came in it; what was put right stands, and may be given again.
    seed
        For lotteries; left out, the state's own, or 0.
    template
        Write a form of what is waited for there, to fill in: .csv or .xlsx.
    format
        table to read, json for programs.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import record_cycle

    if template is not None:
        _check_form(template, out)
    with show.steps() as on_step:
        done = record_cycle(
            scheme, state, day(as_at), out, outcomes=outcomes, data=data, rectify=rectify,
            mapping=mapping, unattended=unattended, keep_going=keep_going, supersede=supersede,
            seed=seed, on_step=on_step, on_problems=show.show_problems,
        )
    if template is not None:
        _write_form(done.folder, template)
    if format == "json":
        sys.stdout.write(json.dumps(_plain(done), indent=1, default=str) + "\n")
        return 0
    show.show_parts([*_happened(done), *_waits(done.folder, template)])
    return 0


def waiting(
    state: Path,
    /,
    *,
    breaches: Flag = False,
    template: Path | None = None,
    format: Literal["table", "csv", "json", "parquet"] = "table",
) -> int:
    """List what a state waits for, of whom, since when and what is overdue; and what was late.

    Decisions of officers, results of landlords, viewings and answers of households, holds, reviews of
    suitability that were asked for with an acceptance.

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    breaches
        In csv, json or parquet: the times that were not kept, instead of what is waited for.
    template
        Write a form there, to fill in and give to the next cycle as outcomes: .csv or .xlsx.
    format
        table to read both; csv, json or parquet have a row for each, with owner, days and days over.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import overdue, read_state

    if template is not None:
        _check_form(template)
    folder = read_state(state)
    tables, scheme = folder.tables, folder.scheme()
    if template is not None:
        _write_form(folder, template)
    late = overdue.breaches(tables, scheme, folder.as_at)
    if format == "table":
        show.show_parts([*_waits(folder, template), *_late(late)])
    else:
        show.show_frame(late if breaches else overdue.waits(tables, folder.as_at, scheme), format)
    return 0


def _happened(done: RecordedCycle) -> Iterator[Any]:
    """What a cycle did, and where it is written."""
    from rich.table import Table

    from cbl_engine.offers.due import MAY_HAVE_BID
    from cbl_engine.offers.events import AdvertHeldBack
    from cbl_engine.offers.refusals import RESTS_ON
    from cbl_engine.scheme.lint_data import nominates_to_nobody

    manifest = done.folder.manifest
    yield f"{manifest['scheme']}: up to {manifest['as_at']}"
    table = Table(show_header=False)
    table.add_column("what happened", no_wrap=True)
    table.add_column("how often", justify="right")
    for words, count in done.counts().items():
        if count:
            table.add_row(words, f"{count:,}")
    if table.row_count:
        yield table
    elif done.came:
        yield f"Nothing followed from the {done.came:,} row{'s' * (done.came > 1)} that came."
    else:
        yield "Nothing happened."
    if done.not_read:
        few, more = done.not_read[:_FEW], len(done.not_read) - _FEW
        yield f"Not read: {', '.join(few)}" + (f" and {more:,} more" if more > 0 else "")
    for run in done.superseded:
        yield (f"Run again: cycle {run.cycle} up to {run.as_at} (events {run.first} to {run.last}) "
               "no longer counts, and stays in the trail.")
    for row in done.rested_on.to_dicts() if done.rested_on is not None else ():
        then = "its home is let" if row["let"] else (
            "its home is not let: an officer undoes it by an outcome undone, act bypass")
        yield (f"Rests on what was put right: {row['advert']}/{row['application']} was passed over on "
               f"{row['on']} by check {row['check']}, and stands; {then}. The letter drafted on it gives "
               "the reason that stood then.")
    for event in done.cycle.events:
        if isinstance(event, AdvertHeldBack):
            yield f"Held back: advert {event.advert} ({', '.join(event.findings)})"
    if nominates_to_nobody(done.folder.scheme().in_force(done.folder.as_at), done.folder.tables):
        yield ("No advert or home says who lets it (landlord), so every home is taken as the council's own "
               "and nobody is named to a landlord, though the scheme nominates.")
    for row in done.cycle.quarantined:
        yield f"Left out: {row['outcome']}, {row['clash'].replace('_', ' ')}: {row['why']}"
    telling = dict(done.cycle.telling)
    for row in telling.pop("direct_lets_refused", []):
        yield (f"Not proposed: direct let {row['id']} of home {row['home']} to application "
               f"{row['application']} ({row['kind']}), {row['finding'].replace('_', ' ')}"
               + (", not known" if row["state"] == "not_known" else ""))
    if unseen := telling.pop(MAY_HAVE_BID, []):
        since = unseen[0]["since"]
        kept = "No bid is on record" if since is None else f"Bids are on record from {since} only"
        named = _named([{c: row[c] for c in ("application", "consequence")} for row in unseen])
        yield f"{kept}; proposed for too few bids, of which some may have been placed before: {named}"
    for row in telling.pop(RESTS_ON, []):
        yield (f"Rests on a refusal that counts no longer: {row['consequence']} of application "
               f"{row['application']}, in force since {row['since']}, counted that of {row['offer']} (with "
               f"{row['left']} that still count), and holds on; an officer lifts it by an outcome undone, act "
               "consequence.")
    for row in telling.pop("offers_of_homes_let", []):
        by = "undone" if row["step"] == "accepted" else "offer_withdrawn"
        yield (f"Home {row['home']} is let: offer {row['offer']} of it is {row['step']}, and nobody can sign; an "
               f"officer ends it by an outcome {by}, or the tenancy on record is put right.")
    for row in telling.pop("adverts_without_homes", []):
        yield (f"Advert {row['advert']} lets the homes of group {row['home_group']}, and none is in it any more: nobody "
               "is offered one until the group of its homes is put right, or the advert is withdrawn.")
    for what, rows in sorted(telling.items(), key=lambda told: told[0] == "automatic_bids"):
        if rows:
            yield f"To be told, {what.replace('_', ' ')}: {_named(rows)}"
    yield (f"State {manifest['state_id']}: {manifest['events']:,} events, written to "
           f"{done.folder.path}")


def _named(rows: list[dict[str, Any]]) -> str:
    """The ids of rows of a list for letters, a few of them."""
    few = ["/".join(str(v) for v in row.values()) for row in rows[:_FEW]]
    return ", ".join([*few, f"and {len(rows) - _FEW:,} more"] if len(rows) > _FEW else few)


def _waits(folder: StateFolder, template: Path | None) -> Iterator[Any]:
    """What is waited for, since when, what is overdue, and how it is answered."""
    from rich.table import Table

    from cbl_engine.records.overdue import waits

    found = waits(folder.tables, folder.as_at, folder.scheme())
    decisions = found.filter(waits_for="decision")
    if decisions.height:
        table = Table(title=f"Waits for a decision: {decisions.height:,}", title_justify="left")
        for column in ("proposal", "act", "advert", "application", "since", "days", "by", "days over",
                       "write"):
            table.add_column(column, overflow="fold")
        for row in decisions.head(_MOST).iter_rows(named=True):
            act, settled = row["what"].rsplit(": ", 1)
            cells = (row["id"], act.replace("_", " "), row["advert"], row["application"],
                     row["since"], row["days"], row["due_on"], row["days_over"], settled)
            table.add_row(*("" if cell is None else str(cell) for cell in cells))
        yield table
        yield from _more(decisions.height)
    for title, rows in (
        ("Waits for an answer", found.filter(~found["waits_for"].is_in(["decision", "hold"]))),
        ("Homes wait for a check or a fact", found.filter(waits_for="hold")),
    ):
        if not rows.height:
            continue
        table = Table(title=f"{title}: {rows.height:,}", title_justify="left")
        heads = ("offer", "for", "of", "by", "days over", "write") if "answer" in title else (
            "advert or offer", "application", "for", "since", "by", "days over")
        for column in heads:
            table.add_column(column, overflow="fold")
        for row in rows.head(_MOST).iter_rows(named=True):
            cells = (
                (row["id"], row["waits_for"], row["owner"], row["due_on"], row["days_over"],
                 row["what"]) if "answer" in title else
                (row["advert"] or row["id"].rsplit("/", 1)[0], row["application"],
                 row["what"].replace("_", " "), row["since"], row["due_on"], row["days_over"]))
            table.add_row(*("" if cell is None else str(cell) for cell in cells))
        yield table
        yield from _more(rows.height)
    if template is not None:
        yield f"Form: {template}"
    if not found.height:
        yield "Nothing is waited for."
    else:
        yield ("To answer: a row of outcomes each, with the day and, for a decision, the officer's "
               "name; --template writes them to fill in. Then cbl cycle ... --outcomes FILE.")


def _late(found: pl.DataFrame) -> Iterator[Any]:
    """Times that were not kept, by whom."""
    from rich.table import Table

    if not found.height:
        return
    table = Table(title=f"Not in time: {found.height:,}", title_justify="left")
    for column in ("owner", "what", "offer or advert", "last day", "done", "days over"):
        table.add_column(column, overflow="fold")
    for row in found.tail(_MOST).iter_rows(named=True):
        cells = (row["owner"], row["what"], row["offer"] or row["advert"], row["due_on"],
                 row["done_on"] or "not yet", row["days_over"])
        table.add_row(*map(str, cells))
    yield table
    if found.height > _MOST:
        yield (f"and {found.height - _MOST:,} more: cbl waiting STATE --breaches --format csv has "
               "all of them")


def _more(height: int) -> Iterator[str]:
    if height > _MOST:
        yield f"and {height - _MOST:,} more: cbl waiting STATE --format csv has all of them"


def _plain(done: RecordedCycle) -> dict[str, Any]:
    """The summary for programs."""
    from cbl_engine.records.waiting import open_answers, open_proposals

    manifest, tables = done.folder.manifest, done.folder.tables
    names = ("state_id", "as_at", "scheme", "seed", "unattended", "cycles", "events")
    return {
        **{name: manifest[name] for name in names},
        "folder": str(done.folder.path),
        "happened": {words.replace(" ", "_"): n for words, n in done.counts().items()},
        "rows_taken_in": done.came,
        "not_read": list(done.not_read),
        "superseded": [
            {"cycle": r.cycle, "first": r.first, "last": r.last, "as_at": r.as_at}
            for r in done.superseded
        ],
        "quarantined": done.cycle.quarantined,
        "to_be_told": done.cycle.telling,
        "waits_for_decision": open_proposals(tables).to_dicts(),
        "waits_for_answer": open_answers(tables).to_dicts(),
    }


def _check_form(path: Path, state: Path | None = None) -> None:
    """Make sure that a form may be written there, beside a state that is still to be written."""
    from cbl_engine.errors import BadInput, Problem
    from cbl_engine.records.places import check_outside

    if state is not None and state.resolve() in (path.resolve(), *path.resolve().parents):
        raise BadInput([Problem("inside_a_state", "the form would be inside the state", where="--template",
                                given=str(path), remedy="Choose a place outside it")])
    check_outside(path)
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise BadInput([Problem("template", "a form cannot be written there", where="--template",
                                given=repr(str(path)), allowed="a file ending in .csv or .xlsx")])
    if path.exists():
        raise BadInput([Problem("file_in_the_way", "the file is there already", where=str(path),
                                remedy="Choose another file")])
    check_written(path, "--template", path.suffix.lower())


def _write_form(folder: StateFolder, path: Path) -> None:
    from cbl_engine.records.places import write_file
    from cbl_engine.records.waiting import form

    rows = form(folder.tables, folder.scheme(), folder.as_at)
    if path.suffix.lower() == ".csv":
        write_file(rows.write_csv().encode(), path, replace=False)
        return
    from cbl_engine.export.workbook import Sheet, write_sheets

    widths = (26, 46, 12, 20, *(14,) * (rows.width - 4))
    write_sheets([Sheet("outcomes", rows, widths)], path)

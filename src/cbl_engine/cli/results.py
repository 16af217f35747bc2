"""What was let, for the public or for officers; and one household's whole record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from cbl_engine.report.results import Results
    from cbl_engine.report.subject_access import SubjectAccess


def results(
    state: Path,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    audience: Literal["officer", "public"] = "public",
    format: Literal["table", "csv", "json"] = "table",
    out: Path | None = None,
) -> int:
    """Publish what was let: lettings, waits and bids by band, size, area, landlord and group of need.

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    since
        First day of signing, YYYY-MM-DD; left out, from the start. The public is told whole months.
    until
        Last day; left out, the state's own, or for the public the last of the last month that is over.
    audience
        public: no address, no sensitive let, no count that points at a household. officer: in full.
    format
        table to read; csv (every table in one) or json for programs.
    out
        .html page, .xlsx workbook, .csv (every table in one), or a folder for all of them.
    """
    from cbl_engine.cli import show
    from cbl_engine.errors import Problem
    from cbl_engine.records import read_state
    from cbl_engine.report import letting_results

    with show.steps() as on_step:
        on_step("Counting")
        folder = read_state(state)
        found = letting_results(
            folder, folder.scheme(), since=None if since is None else day(since, "--since"),
            until=None if until is None else day(until, "--until"), audience=audience,
        )
    if out is not None:
        _write_results(found, out)
    if found.note is not None:
        show.show_notes([Problem("erased_since", found.note)])
    if format == "csv":
        show.show_frame(found.frame(), "csv")
    elif format == "json":
        sys.stdout.write(_json(_plain(found)))
    else:
        show.show_parts(_tables(found, out))
    return 0


def sar(
    state: Path,
    application: str,
    /,
    *,
    out: Path,
    joint: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Answer a subject access request: everything held on one application, others' facts withheld.

    Read it before it is sent: what stands in free words is listed, since no rule can redact it.

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    application
        Its id.
    out
        .html page, .json file, or a folder for both and a CSV file of each table.
    joint
        The joint applicants ask too: their facts are told as the applicant's own.
    """
    from cbl_engine.records import read_state
    from cbl_engine.report import subject_access

    folder = read_state(state)
    found = subject_access(folder, folder.scheme(), application, joint=joint)
    _write_record(found, out)
    rows = sum(len(rows) for rows in found.sections.values())
    sys.stdout.write(f"Application {found.application}: {rows:,} rows of {len(found.sections)} "
                     f"tables, {len(found.chronology):,} lines day by day\n")
    if found.erased is not None:
        sys.stdout.write(f"Erased on {found.erased.on}: {found.erased.rows:,} rows\n")
    for row in found.withheld:
        sys.stdout.write(f"Withheld from {row['table']}: {row['cells']:,} cells "
                         f"({row['ground'].replace('_', ' ')})\n")
    for row in found.free_words:
        sys.stdout.write(f"Read before sending: {row['table']}.{row['column']}, "
                         f"{row['cells']:,} in free words\n")
    sys.stdout.write(f"Wrote {out}\n")
    return 0


def _write_results(found: Results, out: Path) -> None:
    from cbl_engine.export.workbook import write_frames
    from cbl_engine.records.places import folder_beside, write_file
    from cbl_engine.report import results_page, write_page
    from cbl_engine.tables import write_tables

    match out.suffix.lower():
        case ".html":
            write_page(results_page(found), out)
        case ".xlsx":
            write_frames(_sheets(found), out, found.as_at)
        case ".csv":
            write_file(found.frame().write_csv().encode(), out, replace=True)
        case "":
            with folder_beside(out, kind="results") as partial:
                write_page(results_page(found), partial / "index.html")
                write_frames(_sheets(found), partial / "results.xlsx", found.as_at)
                write_tables({"lettings": found.lettings, **found.tables}, partial)
        case _:
            _no_such_file(out, ".html, .xlsx or .csv, or a folder")


def _write_record(found: SubjectAccess, out: Path) -> None:
    import polars as pl

    from cbl_engine.records.places import folder_beside, write_file
    from cbl_engine.report import subject_page, write_page

    match out.suffix.lower():
        case ".html":
            write_page(subject_page(found), out)
        case ".json":
            write_file(_json(found.plain()).encode(), out, replace=True)
        case "":
            with folder_beside(out, kind="subject access") as partial:
                write_page(subject_page(found), partial / "index.html")
                (partial / "record.json").write_text(_json(found.plain()), encoding="utf-8")
                for name, rows in found.sections.items():
                    text = [{n: _text(v) for n, v in row.items()} for row in rows]
                    frame = pl.DataFrame(text, schema=dict.fromkeys(rows[0], pl.String))
                    frame.write_csv(partial / f"{name}.csv")
        case _:
            _no_such_file(out, ".html or .json, or a folder")


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return None if value is None else str(value)


def _no_such_file(out: Path, allowed: str) -> None:
    from cbl_engine.errors import BadInput, Problem

    raise BadInput([Problem("out", "it cannot be written as that", where="--out",
                            given=repr(str(out)), allowed=f"a file ending in {allowed}")])


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=str, ensure_ascii=False) + "\n"


def _plain(found: Results) -> dict[str, Any]:
    return {
        "audience": found.audience, "scheme": found.title, "as_at": found.as_at,
        "record_begins": found.begins, "since": found.since, "until": found.until,
        "waiting_on": found.until, "direct_share": found.direct_share,
        **({"erased_since": found.erased} if found.audience == "officer" else {}),
        "lettings": found.lettings.to_dicts(),
        "tables": {name: frame.to_dicts() for name, frame in found.tables.items()},
    }


def _sheets(found: Results) -> Mapping[str, pl.DataFrame]:
    import polars as pl

    about = {
        "For": "Officers. It names homes and applications." if found.audience == "officer"
        else "Publication. An empty count is withheld: fewer than five households, or one that "
        "would give such a count away.",
        "Scheme": found.title, "From": _from(found), "To": str(found.until), "Still waiting on": str(found.until),
        "Waits": "months, from joining the register and from the date that ranked, to signing",
    }
    head = pl.DataFrame({"what": list(about), "value": list(about.values())})
    return {"about": head, **found.tables, "lettings": found.lettings}


def _from(found: Results) -> str:
    """The first day that is counted, in words."""
    if found.since is None:
        return "the start of the record" + ("" if found.begins is None else f", {found.begins},")
    late = found.begins is not None and found.begins > found.since
    return f"{found.since}" + (f" (the record begins on {found.begins})" if late else "")


def _tables(found: Results, out: Path | None) -> Iterator[Any]:
    from rich.table import Table

    from cbl_engine.report.results_page import table_in_words

    yield f"{found.title}: homes let from {_from(found)} to {found.until}"
    for name in found.tables:
        words = table_in_words(found, name)
        if words is None:
            continue
        title, heads, rows = words
        table = Table(title=title, title_justify="left")
        for at, head in enumerate(heads):
            table.add_column(head, justify="right" if at else "left")
        for row in rows:
            table.add_row(*row)
        yield table
    if found.audience == "public":
        yield ("* withheld: a count that fewer than five households make up, or one that would "
               "give such a count away.")
    if out is not None:
        yield f"Wrote {out}"

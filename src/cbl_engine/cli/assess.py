"""Commands of assessment: a register assessed, the note of one application, a draft letter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import day, give

if TYPE_CHECKING:
    from cbl_engine.assess import Assessed

Flag = Annotated[bool, Parameter(negative="")]


def assess(
    scheme: str,
    /,
    *,
    data: str,
    as_at: str,
    mapping: Path | None = None,
    application: str | None = None,
    explain: Flag = False,
    audience: Literal["officer", "applicant"] = "applicant",
    out: Path | None = None,
    format: Literal["table", "csv", "json", "parquet"] = "table",
    lenient: Flag = False,
    replace: Flag = False,
) -> int:
    """Assess a register: need, band or points, priority date and status proposed. For officers.

    What is adverse or binding is a proposal until an officer decides.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one. It says how
        households are assessed.
    data
        Folder of tables (applications, people, connections, histories, ...), workbook, database
        URL, or a shipped borough.
    as_at
        The date of the assessment, YYYY-MM-DD.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    application
        Show this application's row alone.
    explain
        With --application: the note for its file, every step with its reason and source.
    audience
        Of the note. applicant: own facts only. officer: officers' reasons and names too.
    out
        Folder to write: results, reasons, what is missing, contradictory or changed, hashes. With
        --explain, a file to write: a page if its name ends in .html.
    format
        table to read; csv, json or parquet have a row for every application. With --explain,
        table (words) or json.
    lenient
        Leave out bad rows (they are reported and kept) instead of refusing.
    replace
        Replace a folder or page that is there.
    """
    from cbl_engine.cli import show

    _check_asked(application, explain=explain, format=format)
    folder = None if explain else out
    result = _assessed(
        scheme, data, as_at, mapping, folder, lenient=lenient, replace=replace
    )
    if explain:
        _explain(result, str(application), audience, format, out, replace=replace)
    elif application is not None or format != "table":
        _rows(result, application, format)
    else:
        show.show_assessment(result)
    if folder is not None and format == "table":
        sys.stdout.write(f"Folder: {folder}\n")
    return 0


def letter(
    scheme: str,
    /,
    *,
    data: str,
    as_at: str,
    application: str,
    mapping: Path | None = None,
    out: Path | None = None,
    format: Literal["text", "html", "markdown"] | None = None,
    lenient: Flag = False,
) -> int:
    """Draft the decision letter of one application. It is a draft until an officer signs it.

    What no source gives is a blank to fill in, marked [to fill in: ...].

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one.
    data
        Folder of tables, workbook, database URL, or a shipped borough.
    as_at
        The date of the assessment, YYYY-MM-DD.
    application
        Id of the application.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    out
        File to write; left out, the letter is printed.
    format
        text, html or markdown; left out, html for a file whose name ends in .html, else text.
    lenient
        Leave out bad rows (they are reported and kept) instead of refusing.
    """
    from cbl_engine.report import draft_letter, letter_page

    drafted = draft_letter(_assessed(scheme, data, as_at, mapping, lenient=lenient), application)
    if format == "html" or (format is None and _is_page(out)):
        text = letter_page(drafted)
    else:
        text = drafted.markdown() if format == "markdown" else drafted.text()
    give(text, out)
    if out is not None:
        sys.stdout.write(f"To fill in before it is signed: {len(drafted.blanks)}\n")
    return 0


def _is_page(out: Path | None) -> bool:
    return out is not None and out.suffix.lower() in (".html", ".htm")


def _check_asked(application: str | None, *, explain: bool, format: str) -> None:
    """Refuse what cannot be done together, before anything is read.

    Raises:
        BadInput: --explain without an application, or in a format of rows.
    """
    from cbl_engine.errors import BadInput, Problem

    if explain and application is None:
        raise BadInput([Problem("explain_whom", "a note is of one application", where="--explain",
                                remedy="Name it with --application")])
    if explain and format not in ("table", "json"):
        raise BadInput([Problem("format", "a note cannot be given as rows", where="--format",
                                given=format, allowed="table, json")])


def _assessed(
    scheme: str,
    data: str,
    as_at: str,
    mapping: Path | None,
    out: Path | None = None,
    *,
    lenient: bool,
    replace: bool = False,
) -> Assessed:
    from cbl_engine.cli import show
    from cbl_engine.records import run_assessment

    on = day(as_at)
    with show.steps() as on_step:
        return run_assessment(
            scheme, data, on, out, mapping=mapping, strict=not lenient, replace=replace,
            on_step=on_step, on_problems=show.show_problems,
        )


def _explain(
    result: Assessed,
    application: str,
    audience: Literal["officer", "applicant"],
    format: str,
    out: Path | None,
    *,
    replace: bool,
) -> None:
    import json

    from cbl_engine.report import explain_assessment, note_page, write_page

    note = explain_assessment(result, application, audience)
    if format == "json":
        text = json.dumps(note.as_dict(), indent=1, ensure_ascii=False) + "\n"
    else:
        text = note_page(note) if _is_page(out) else note.text()
    if out is None:
        sys.stdout.write(text)
    else:
        write_page(text, out, replace=replace)
        sys.stdout.write(f"Wrote {out}\n")


def _rows(result: Assessed, application: str | None, format: str) -> None:
    """Rows for programs, of the whole register or of one application."""
    import polars as pl

    from cbl_engine.cli import show
    from cbl_engine.errors import Problem, TableError

    frame = result.assessed
    if application is not None:
        frame = frame.filter(pl.col("application").cast(pl.String) == application)
        if not frame.height:
            raise TableError(
                [Problem("unknown_application", "there is no such application on this date",
                         where="--application", given=application[:60])]
            )
    if format == "table":
        show.show_row(frame)
    else:
        show.show_frame(frame, format)

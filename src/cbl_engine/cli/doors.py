"""Commands at the doors: results out to Excel or SQL, and the request for an extract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def export(
    run: Path,
    /,
    *,
    to: str,
    schema: str | None = None,
    replace: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Carry the results of a run out: an Excel workbook, or tables of a database. For officers.

    Parameters
    ----------
    run
        Run folder written by cbl shortlist --out.
    to
        A file ending in .xlsx, or a database (sqlite:///file.db, postgresql://user@host/name).
        A run that the database holds already is left as it is.
    schema
        Schema of the database's tables; left out, the connection's own.
    replace
        Replace a workbook that is there.
    """
    from cbl_engine.cli.given import check_written
    from cbl_engine.errors import BadInput, Problem
    from cbl_engine.export import write_run_to_excel, write_run_to_sql
    from cbl_engine.tables.database import is_database_url, shown_url

    if is_database_url(to):
        written = write_run_to_sql(run, to, schema)
        said = "Wrote the run to" if written else "The run is there already; left as it is in"
        sys.stdout.write(f"{said} {shown_url(to)}\n")
        return 0
    if not to.lower().endswith(".xlsx"):
        raise BadInput(
            [Problem("export_to", "results cannot be written there", where="--to", given=repr(to),
                     allowed="a file ending in .xlsx, sqlite:///file.db, postgresql://...")]
        )
    check_written(Path(to), "--to", ".xlsx")
    sys.stdout.write(f"Wrote {write_run_to_excel(run, to, replace=replace)}\n")
    return 0


def extract_request(
    scheme: str,
    /,
    *,
    out: Path | None = None,
    format: Literal["markdown", "csv", "xlsx"] = "markdown",
    replace: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """List the tables and columns a scheme needs, to send to whoever supplies the data.

    Of each it says what it is for: shortlists, the assessment, or the rules of bidding and offers.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one.
    out
        File to write; left out, it is printed (xlsx needs a file).
    format
        markdown to send with a letter, csv or xlsx to fill in.
    replace
        Replace a file that is there.
    """
    from cbl_engine.cli.show import write_text
    from cbl_engine.errors import BadInput, Problem
    from cbl_engine.quality import extract_request as request_of
    from cbl_engine.quality import request_page
    from cbl_engine.scheme import load_scheme

    loaded = load_scheme(scheme)
    if format == "xlsx":
        from cbl_engine.export.workbook import Sheet, write_sheets

        if out is None:
            raise BadInput([Problem("no_file", "an Excel file needs a place", where="--out")])
        widths = (14, 40, 24, 7, 26, 30, 18, 40, 40, 30, 30)
        write_sheets([Sheet("Extract request", request_of(loaded), widths)], out, replace=replace)
        sys.stdout.write(f"Wrote {out}\n")
        return 0
    text = request_page(loaded) if format == "markdown" else request_of(loaded).write_csv()
    write_text(text, out, replace=replace)
    return 0

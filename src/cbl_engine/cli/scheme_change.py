"""A change of scheme as a pack for the committee that decides it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import check_written, day

if TYPE_CHECKING:
    from cbl_engine.assess import Movers


def scheme_change(
    old: str,
    new: str,
    /,
    *,
    data: str,
    as_at: str,
    out: Path,
    excel: Path | None = None,
    letters: Path | None = None,
    audience: Literal["officer", "public"] = "officer",
    by: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    minutes: Path | None = None,
    comparison: Path | None = None,
    mapping: Path | None = None,
) -> int:
    """Write the pack for a change of scheme: who moves, transition, officer hours, legal checklist.

    Parameters
    ----------
    old
        The scheme in force: a file, a folder of versions, or the name of a shipped one.
    new
        The scheme to come, likewise; it is taken as in force from the date.
    data
        Folder of tables with the columns that both schemes read, workbook, database URL, or a
        shipped borough.
    as_at
        The date, YYYY-MM-DD.
    out
        The page to write (HTML).
    excel
        A workbook to write with the same tables (.xlsx).
    letters
        A folder for drafts of letters to every household that moves, with a list of them; there
        must be nothing. For officers alone.
    audience
        officer: every count, officer hours, households in the workbook. public, for a
        consultation: rules, transition, checklist and one table of counts, small ones withheld.
    by
        Columns of applications to group by, beside need and kind of household; for the public one,
        or need_new or household, in place of the flows from band to band.
    minutes
        Minutes for each kind of case in a file like the one shipped, whose minutes are assumed.
    comparison
        The folder of cbl compare --out: its findings come into the pack, which says so where they
        are of other schemes. For officers alone.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    """
    from cbl_engine.cli import show
    from cbl_engine.compare import open_comparison
    from cbl_engine.errors import Problem, TableError
    from cbl_engine.export.workbook import write_frames
    from cbl_engine.packs.scheme_change import scheme_change as found_of
    from cbl_engine.packs.scheme_change_page import (
        scheme_change_page,
        scheme_change_public_page,
        scheme_change_sheets,
    )
    from cbl_engine.packs.workload import officer_times
    from cbl_engine.records import read_register
    from cbl_engine.report import write_page
    from cbl_engine.scheme import load_scheme

    check_written(out, "--out", ".html")
    check_written(excel, "--excel", ".xlsx")
    on, public = day(as_at), audience == "public"
    problems = []
    if public and len(by) > 1:
        problems.append(Problem("one_table", "the public is shown one table", where="--by",
                                given=", ".join(by), allowed="one column"))
    if public and letters is not None:
        problems.append(Problem("letters_public", "letters are about households",
                                where="--letters", remedy="Ask for --audience officer"))
    if public and comparison is not None:
        problems.append(Problem("comparison_public", "findings of a comparison are shown to officers alone",
                                where="--comparison", given=str(comparison), allowed="with --audience officer",
                                remedy="Leave it out, or ask for --audience officer"))
    if problems:
        raise TableError(problems)
    times = officer_times(minutes)
    columns = tuple(name for name in by if not (public and name in ("need_new", "household")))
    with show.steps() as on_step:
        on_step("Assessing by both schemes")
        before, after = load_scheme(old), load_scheme(new)
        change = found_of(before, after, read_register(data, [before, after], mapping), on,
                          by=columns, times=times)
    group = by[0] if public and by else None
    page = (scheme_change_public_page(change, group) if public
            else scheme_change_page(change, None if comparison is None else open_comparison(comparison)))
    if letters is not None:
        with show.steps() as on_step:
            on_step("Drafting letters")
            _write_letters(change.movers, letters)
    write_page(page, out)
    if excel is not None:
        write_frames(scheme_change_sheets(change, public=public, by=group), excel, on)
    for wrote in (letters, out, excel):
        if wrote is not None:
            sys.stdout.write(f"Wrote {wrote}\n")
    return 0


def _write_letters(found: Movers, out: Path) -> None:
    """A draft for each household that moves, and a list of them."""
    import polars as pl

    from cbl_engine.packs.scheme_change_page import rebanding_letter
    from cbl_engine.records.places import folder_beside
    from cbl_engine.report import letter_page

    moved = found.frame().filter(pl.col("move") != "same").with_columns(
        pl.col("application").cast(pl.String))
    with folder_beside(out, kind="letters") as partial:
        rows = []
        for application, move in moved.select("application", "move").iter_rows():
            letter = rebanding_letter(found, application)
            name = f"{len(rows) + 1:06d}.html"
            (partial / name).write_text(letter_page(letter), encoding="utf-8")
            rows.append((application, name, move, "yes" if letter.adverse else "no",
                         len(letter.blanks)))
        pl.DataFrame(rows, {"application": pl.String, "file": pl.String, "move": pl.String,
                            "adverse": pl.String, "to_fill_in": pl.Int64}, orient="row").write_csv(
            partial / "letters.csv")

"""What the commands print: tables for people, CSV, JSON and Parquet for programs."""

from __future__ import annotations

import io
import json
import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cbl_engine.cli.given import day
from cbl_engine.errors import BadInput, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import polars as pl

    from cbl_engine.assess import Assessed
    from cbl_engine.cases import CaseResult
    from cbl_engine.records import Feedback, Inputs
    from cbl_engine.scheme import Finding
    from cbl_engine.shortlist import Explanation, Shortlist

_WIDE = 200
_ROOM_FOR_ALL = 120
_DECIDED = {"stage": "earlier stage", "tie": "equal"}


def _out() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def _line(console: Console, text: str) -> None:
    """A line as it is, to be copied: not broken, and no bracket in it read as a style."""
    console.print(Text(text), soft_wrap=True)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A spinner on the error stream that names the step and the time it takes, for people only."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Starting", total=None)
        yield lambda name: progress.update(task, description=name)


def as_at_date(text: str) -> date | Literal["close"]:
    """The as-at argument.

    Raises:
        BadInput: it is neither a date of the years 1900 to 2200 nor ``close``.
    """
    return "close" if text == "close" else day(text, allowed="YYYY-MM-DD, or close")


def show_problems(problems: Sequence[Problem]) -> None:
    """One line a problem, on the error stream."""
    count = len(problems)
    sys.stderr.write(f"cbl: {count} problem{'s' if count != 1 else ''}\n")
    for problem in problems:
        sys.stderr.write(f"  {problem.line()}\n")


def show_notes(notes: Sequence[Problem]) -> None:
    """What was read otherwise than it is written, a line each, on the error stream."""
    for note in notes:
        sys.stderr.write(f"cbl: note: {note.line()}\n")


def write_problems(rejected: pl.DataFrame, path: Path) -> None:
    """Every bad row, as Parquet.

    Raises:
        BadInput: the file cannot be written, or is inside a state folder.
    """
    from cbl_engine.records.places import check_outside

    check_outside(path)
    try:
        with path.open("wb") as file:
            rejected.write_parquet(file)
    except OSError as error:
        raise BadInput(
            [Problem("file_not_written", f"the file cannot be written: {error.strerror}",
                     where=str(path))]
        ) from None


def write_quality_page(
    inputs: Inputs, data: str | None, as_at: date | Literal["close"], path: Path
) -> None:
    """The page on the quality of the data.

    Raises:
        BadInput: there are no data, or the page cannot be written.
    """
    from cbl_engine.quality import quality_of
    from cbl_engine.report import quality_page, write_page
    from cbl_engine.tables.database import shown_url

    if data is None:
        raise BadInput(
            [Problem("no_data", "a page on the quality of data needs data", where="--report",
                     remedy="Name them with --data")]
        )
    name = shown_url(data) if "://" in data else data
    write_page(quality_page(quality_of(inputs, as_at), name), path)


def write_text(text: str, path: Path | None, *, replace: bool) -> None:
    """Text into a file, or printed when there is none.

    Raises:
        BadInput: the file is in the way, or cannot be written.
    """
    if path is None:
        sys.stdout.write(text)
        return
    from cbl_engine.report import write_page

    write_page(text, path, replace=replace)
    sys.stdout.write(f"Wrote {path}\n")


def show_shortlist(
    result: Shortlist, advert: str | None, format: str, out: Path | None
) -> None:
    """The lists: a line for each advert, one advert in full, or every row for programs."""
    adverts = [advert] if advert is not None else None
    if format != "table":
        show_frame(result.frame(adverts), format)
        return
    console = _out()
    if advert is not None:
        console.print(_advert_table(result, advert))
    else:
        console.print(_summary_table(result, console.width))
    checked = result.verification
    extent = "every bid" if checked.extent == "full" else f"{checked.bids_row_by_row:,} bids"
    console.print(
        f"{len(result):,} bids ranked on {result.adverts.n_considered:,} adverts; "
        f"{result.set_aside.height:,} set aside (withdrawn, superseded or advert not open). "
        f"Properties 1-6 hold, row by row on {extent} (checked in "
        f"{checked.seconds * 1000:.0f} ms)."
    )
    if out is not None:
        _line(console, f"Run folder: {out}")
        _line(console, f"Why? cbl explain --run {shlex.quote(str(out))} --advert ADVERT "
                       "--application APPLICATION")


def _summary_table(result: Shortlist, width: int) -> Table:
    """A line for each advert; on a narrow screen without the day of closing and the second."""
    wide = width >= _ROOM_FOR_ALL
    table = Table(title=f"{result.prepared.scheme.versions[-1].title}: shortlists")
    table.add_column("advert", no_wrap=True)
    table.add_column("profile", overflow="ellipsis", no_wrap=wide)
    for name in ("home", "closes") if wide else ("home",):
        table.add_column(name, no_wrap=True)
    for name in ("bids", "eligible", "held", "not\neligible"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("first", "then") if wide else ("first",):
        table.add_column(name, no_wrap=True)
    homes, called = _homes(result), _leaders(result)
    for row in result.summary().iter_rows(named=True):
        leaders = (*called.get(row["advert"], ()), "", "")
        table.add_row(
            str(row["advert"]), row["profile"], *homes[row["advert"]][: 2 if wide else 1],
            *(str(row[n]) for n in ("bids", "eligible", "held", "not_eligible")),
            *leaders[: 2 if wide else 1],
        )
    return table


def _leaders(result: Shortlist) -> dict[Any, list[str]]:
    """Who stands first on each advert, and who next, as people write them."""
    out: dict[Any, list[str]] = {}
    for row in result.leaders().iter_rows(named=True):
        ids = row["applications"]
        text = str(ids[0]) if len(ids) == 1 else f"{len(ids)} joint: {', '.join(map(str, ids[:3]))}"
        out.setdefault(row["advert"], []).append(
            text + (", ..." if len(ids) > 3 else "") + (" (held)" if row["held"] else ""))
    return out


def _homes(result: Shortlist) -> dict[Any, tuple[str, str]]:
    from cbl_engine.shortlist.words import say

    out = {}
    for work in result.ranking.works:
        frame = work.batch.adverts.frame
        closes = result.adverts.closes[work.batch.adverts.ordinals]
        for i, row in enumerate(frame.iter_rows(named=True)):
            rooms = row.get("bedrooms")
            home = "" if rooms is None else (f"{rooms}-bed" if rooms else "bedsit")
            out[row["id"]] = home, say(_day(int(closes[i])))
    return out


def _day(microseconds: int) -> date:
    from cbl_engine.tables.values import london_moment

    return london_moment(microseconds).date()


def _advert_table(result: Shortlist, advert: str) -> Table:
    from cbl_engine.shortlist.words import key_in_words, ordinal

    frame = result.frame([advert])
    table = Table(title=f"Advert {advert}")
    table.add_column("position", justify="right")
    for name in ("application", "status", "decided by", "not met or not known"):
        table.add_column(name)
    joint = dict(frame["tie_group"].drop_nulls().value_counts().iter_rows())
    first: dict[Any, int] = {}
    for row in frame.iter_rows(named=True):
        group = row["tie_group"]
        position = "" if row["position"] is None else str(row["position"])
        if group is not None and joint.get(group, 0) > 1:
            position = f"joint {ordinal(first.setdefault(group, int(position)))}"
        status = {True: "eligible", False: "not eligible", None: "held"}[row["eligible"]]
        unknown = [f"{key_in_words(n)} (not known)" for n in row["unknown"]]
        failed = [key_in_words(n) for n in row["failed"] if n not in row["unknown"]]
        decided = "" if row["decided_by"] is None else _DECIDED.get(
            row["decided_by"], key_in_words(row["decided_by"])
        )
        table.add_row(position, str(row["application"]), status, decided,
                      ", ".join([*failed, *unknown]))
    return table


def show_frame(frame: pl.DataFrame, format: str) -> None:
    """A frame for programs: csv, json or parquet."""
    import polars as pl

    if format == "parquet":
        written = io.BytesIO()
        frame.write_parquet(written)
        sys.stdout.buffer.write(written.getvalue())
        return
    times = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    frame = frame.with_columns(pl.col(times).dt.to_string("iso:strict"))
    if format == "csv":
        lists = [n for n, t in frame.schema.items() if isinstance(t, pl.List)]
        frame = frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join("|"))
        sys.stdout.write(frame.write_csv())
    else:
        sys.stdout.write(json.dumps(frame.to_dicts(), indent=1, default=str) + "\n")


def show_report(
    inputs: Inputs, findings: Sequence[Finding], format: str
) -> None:
    """Problems and linter findings together."""
    if format != "table":
        import polars as pl

        rows = [{"level": "problem", "rule": p.kind, "where": p.where, "message": p.line(),
                 "count": p.count} for p in inputs.problems]
        rows += [{"level": "note", "rule": n.kind, "where": n.where, "message": n.line(),
                  "count": n.count} for n in _notes(inputs)]
        rows += [{"level": f.level, "rule": f.rule, "where": f.where, "message": f.message,
                  "count": 1} for f in findings]
        schema = {"level": pl.String, "rule": pl.String, "where": pl.String,
                  "message": pl.String, "count": pl.Int64}
        show_frame(pl.DataFrame(rows, schema=schema), format)
        return
    for problem in inputs.problems:
        sys.stdout.write(f"problem: {problem.line()}\n")
    for note in _notes(inputs):
        sys.stdout.write(f"note: {note.line()}\n")
    for finding in findings:
        sys.stdout.write(f"{finding.line()}\n")
    sys.stdout.write(_totals(inputs, findings) + "\n")


def _notes(inputs: Inputs) -> Sequence[Problem]:
    return (*inputs.not_looked_at, *(inputs.tables.notes if inputs.tables is not None else ()))


def _totals(inputs: Inputs, findings: Sequence[Finding]) -> str:
    warnings = sum(f.level == "warning" for f in findings)
    notes = len(findings) - warnings + len(_notes(inputs))
    parts = [
        f"{len(inputs.problems)} problem{'s' if len(inputs.problems) != 1 else ''}",
        f"{warnings} warning{'s' if warnings != 1 else ''}",
        f"{notes} note{'s' if notes != 1 else ''}",
    ]
    text = ", ".join(parts)
    if inputs.tables is not None:
        if rows := "; ".join(f"{n} {f.height:,}" for n, f in sorted(inputs.tables.frames.items())):
            text += f". Good rows: {rows}"
        if inputs.tables.ignored_files:
            text += f". Not read: {', '.join(inputs.tables.ignored_files)}"
    return text + "."


def show_explanation(explanation: Explanation, format: str) -> None:
    """One explanation, in words or as JSON."""
    if format == "json":
        sys.stdout.write(json.dumps(explanation.as_dict(), indent=1, default=str) + "\n")
    else:
        sys.stdout.write(explanation.text() + "\n")


def show_feedback(feedback: Feedback, out: Path | None) -> None:
    """Results of a run, a row for each kind of home (or, for officers, each advert)."""
    from cbl_engine.records.feedback_words import NOTES, headings, lines

    table = Table(title=f"{feedback.run.scheme.versions[-1].title}: results")
    for heading, numeric in headings(feedback):
        table.add_column(heading, justify="right" if numeric else "left")
    for cells in lines(feedback):
        table.add_row(*cells)
    console = _out()
    console.print(table)
    console.print(NOTES[feedback.audience])
    if out is not None:
        _line(console, f"Page: {out}")


def show_assessment(result: Assessed) -> None:
    """A line for each band, where the scheme has any, and proposed status; how much of it is open."""
    from cbl_engine.records import changes_against_record, summary_by_band

    table = Table(title=f"{result.version.title}: assessed as at {result.as_at}")
    banded = bool(result.version.bands)
    for name in ("band", "status proposed")[not banded:]:
        table.add_column(name, no_wrap=True)
    for name in ("applications", "something\nmissing", "contra-\ndictory", "changed"):
        table.add_column(name, justify="right", no_wrap=True)
    summary = summary_by_band(result)
    for band, status, *counts in summary.iter_rows():
        group = (band or "none", status.replace("_", " "))[not banded:]
        table.add_row(*group, *(f"{n:,}" for n in counts))
    totals = summary.select("applications", "missing", "contradictory", "changed").sum().row(0)
    table.add_section()
    table.add_row(*("all", "")[: 1 + banded], *(f"{n:,}" for n in totals))
    console = _out()
    console.print(table)
    fields = changes_against_record(result)["field"].value_counts().sort("field")
    told = ", ".join(f"{f.replace('_', ' ')} {n:,}" for f, n in fields.iter_rows())
    console.print(f"Changes against what is recorded: {told or 'none'}.")
    absent = result.trace.legal.absent
    if absent:
        console.print("The law reads these columns, which the register does not have: "
                      f"{', '.join(absent)}.")
    console.print("These are proposals: the register changes when an officer decides. Why? "
                  "cbl assess ... --application APPLICATION --explain")


def show_row(frame: pl.DataFrame) -> None:
    """One row, a line for each column."""
    from cbl_engine.scheme.words import say

    for name, value in frame.row(0, named=True).items():
        said = "-" if value is None else say(value)
        sys.stdout.write(f"{name.replace('_', ' ')}: {said.replace('_', ' ')}\n")


def show_cases(results: Sequence[CaseResult], format: str) -> None:
    """Each case, and how those that fail differ."""
    if format != "table":
        import polars as pl

        rows = [{"file": r.file.name, "case": r.case.name, "where": r.case.where,
                 "passed": r.passed, "differences": list(r.differences)} for r in results]
        schema = {"file": pl.String, "case": pl.String, "where": pl.String,
                  "passed": pl.Boolean, "differences": pl.List(pl.String)}
        show_frame(pl.DataFrame(rows, schema=schema), format)
        return
    console = _out()
    by_file: dict[str, list[CaseResult]] = {}
    for result in results:
        by_file.setdefault(result.file.name, []).append(result)
    for name, mine in by_file.items():
        passed = sum(r.passed for r in mine)
        console.print(Text(f"{name}: {passed} of {len(mine)} pass"))
        for result in mine:
            if not result.passed:
                console.print(Text(f"  FAILS {result.case.where}: {result.case.name}"))
                for difference in result.differences:
                    console.print(Text(f"    {difference}"))
    failed = sum(not r.passed for r in results)
    console.print(f"{len(results)} cases, {failed} failed.")


def show_files(files: Mapping[str, Path], out: Path) -> None:
    """Files written."""
    for table, path in sorted(files.items()):
        sys.stdout.write(f"{table}: {path.name}, {path.stat().st_size:,} bytes\n")
    sys.stdout.write(f"Wrote {len(files)} tables to {out}\n")


def show_parts(parts: Iterable[Table | Text | str]) -> None:
    """Tables and lines, one after another."""
    console = _out()
    for part in parts:
        console.print(part)

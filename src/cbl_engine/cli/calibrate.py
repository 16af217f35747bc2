"""``cbl calibrate``: parameters of simulated worlds from a council's own history."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import check_written, day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.compare.calibrate import Calibration
    from cbl_engine.simulate.parameters import Parameter as Value

def calibrate(
    data: str,
    /,
    *,
    out: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    mapping: Path | None = None,
    page: Path | None = None,
    format: Literal["table", "csv", "json", "parquet"] = "table",
    lenient: Annotated[bool, Parameter(negative="")] = False,
    replace: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Fit what a simulated world goes by from a council's history. An officer's tool.

    First it says what the data are good for; then every parameter: the shipped value, the fitted
    one with its 95% interval and the rows it is from, or why it cannot be fitted. Voids that are
    still open count as longer than so far; they are not dropped.

    Parameters
    ----------
    data
        Folder of tables (applications, status_history, homes, adverts, bids, outcomes, tenancies,
        voids: those there are), workbook, database URL, or a shipped history (mereham, fenwold).
    out
        File of parameters to write, for cbl simulate; it must not be there yet.
    since
        First day of the window, YYYY-MM-DD, up to 31 days before the tables begin; left out, the
        first that all the tables cover.
    until
        First day no longer in it, up to 31 days after the tables end; left out, the day after the
        last that was written. What happened later is not looked at.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    page
        Page to write (HTML): the quality of the data, then what was fitted.
    format
        table to read; csv, json or parquet have a row for every number.
    lenient
        Leave out bad rows (they are reported) instead of refusing.
    replace
        Replace the file of parameters that is there.
    """
    from cbl_engine.cli import show
    from cbl_engine.compare.calibrate import calibrate as fit
    from cbl_engine.compare.calibrate import write_parameters
    from cbl_engine.records.places import check_file
    from cbl_engine.tables.database import shown_url

    check_written(page, "--page", ".html")
    check_written(out, "--out")
    if out is not None:
        check_file(out, replace=replace)
    with show.steps() as on_step:
        on_step("Fitting")
        found = fit(
            data, None if since is None else day(since, "--since"),
            None if until is None else day(until, "--until"), mapping=mapping, strict=not lenient,
        )
    if lenient and found.quality.problems:
        show.show_problems(found.quality.problems)
    show.show_notes(found.quality.notes)
    if page is not None:
        from cbl_engine.report import calibration_page, write_page

        name = shown_url(data) if "://" in data else data
        write_page(calibration_page(found, name), page)
    if out is not None:  # last: it is not replaced unasked, so it may not be left where the page fails
        write_parameters(found, out, replace=replace)
    if format != "table":
        show.show_frame(found.frame(), format)
        return 0
    show.show_parts(_told(found))
    for written, what in ((out, "Parameters"), (page, "Page")):
        if written is not None:
            sys.stdout.write(f"{what}: {written}\n")
    return 0


def _told(found: Calibration) -> Iterator[Any]:
    """The quality of the data, what was fitted, what was not."""
    from rich.text import Text

    (verdict,) = found.quality.verdicts
    yield Text(f"History from {found.since} up to {found.until}. "
               f"Good enough for fitting: {verdict.answer}.")
    for habit in found.quality.habits:
        if "fitting" in habit.harms:
            count = f" ({habit.count:,} of {habit.out_of:,})" if habit.count else ""
            yield Text(f"  {habit.table}: {habit.what}{count}. {habit.bias} {habit.remedy}")
    yield _fitted_table(found)
    yield _not_fitted_table(found.not_fitted)


def _fitted_table(found: Calibration) -> Any:
    from rich.table import Table
    from rich.text import Text

    from cbl_engine.compare.calibrate.told import Line, lines_of
    from cbl_engine.simulate.parameters import shipped_parameters

    table = Table(title=f"Fitted: {len(found.fitted)}", title_justify="left")
    table.add_column("parameter", overflow="fold")
    table.add_column("unit", overflow="fold", ratio=2)
    for column in ("shipped", "fitted", "95% interval", "rows"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("remark", overflow="fold", ratio=3)
    for name, one in found.fitted.items():
        shipped: Value = shipped_parameters().found[name]
        lines = list(lines_of(shipped, one.parameter))
        single = lines[0] if not lines[0].part else Line("", "", "", "")
        table.add_row(Text(name), Text(shipped.unit or ""), single.shipped, single.fitted,
                      single.interval, f"{one.rows:,}", Text("; ".join(one.remarks)))
        for line in lines:
            if line.part:
                table.add_row(Text(f"  {line.part}"), "", line.shipped, line.fitted, line.interval)
    return table


def _not_fitted_table(reasons: Mapping[str, str]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"Not fitted, shipped values kept: {len(reasons)}", title_justify="left")
    table.add_column("parameter", overflow="fold")
    table.add_column("why", overflow="fold")
    for name, reason in reasons.items():
        table.add_row(Text(name), Text(reason))
    return table

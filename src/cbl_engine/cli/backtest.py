"""``cbl backtest``: a history fitted up to a day, the rest predicted and held against what happened."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import check_written, day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.backtest import Backtest


def backtest(
    history: str,
    scenario: str,
    /,
    *,
    until: str,
    since: str | None = None,
    weeks: int | None = None,
    replications: int | None = None,
    seed: int | None = None,
    interval: float = 0.8,
    workers: int = 1,
    mapping: Path | None = None,
    out: Path | None = None,
    page: Path | None = None,
    format: Literal["table", "csv", "json"] = "table",
    lenient: Annotated[bool, Parameter(negative="")] = False,
    replace: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Fit a council's history up to a day, predict the rest, and see whether the intervals held.

    Nothing of the day or later goes into the prediction. Intervals are those between simulated
    worlds, each with fitted parameters of its own: for what happens, not for a mean. An officer's
    tool.

    Parameters
    ----------
    history
        Folder of tables as for cbl calibrate, workbook, database URL, or a shipped history
        (fenwold, mereham).
    scenario
        A scenario file, or the name of a shipped one (fenwold): its scheme, and whatever cannot be
        fitted. Its start, weeks and variants are not used.
    until
        The day of the cut, YYYY-MM-DD: the first day that is predicted.
    since
        First day of the window that is fitted, up to 31 days before the tables begin; left out, the
        first that all the tables cover.
    weeks
        Weeks to predict; left out, all whole weeks that the history has left.
    replications
        Worlds, in place of the scenario's.
    seed
        Of all luck, in place of the scenario's.
    interval
        Share of worlds that each interval is to hold.
    workers
        Processes side by side. The answer is the same for any number.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    out
        Folder for every comparison, every world's figures and what was fitted.
    page
        A page with a picture to write as well (HTML).
    format
        table to read; csv or json have a row for every measure.
    lenient
        Leave out bad rows (they are reported by cbl calibrate) instead of refusing.
    replace
        Replace the folder that is there.
    """
    from cbl_engine.cli import show
    from cbl_engine.cli.compare import bar
    from cbl_engine.compare.backtest import backtest as run
    from cbl_engine.compare.backtest.kept import KIND, write_backtest
    from cbl_engine.records.places import check_place

    check_written(page, "--page", ".html")
    if out is not None:
        check_place(out, replace=replace, kind=KIND)
    try:
        with bar() as said:
            found = run(history, scenario, day(until, "--until"),
                        since=None if since is None else day(since, "--since"), weeks=weeks,
                        replications=replications, seed=seed, interval=interval, mapping=mapping,
                        strict=not lenient, workers=workers, said=said)
    except KeyboardInterrupt:
        sys.stderr.write("cbl: stopped; nothing was written\n")
        return 130
    if out is not None:
        write_backtest(found, out, replace=replace)
    if page is not None:
        from cbl_engine.report import backtest_page, write_page

        write_page(backtest_page(found), page)
    if format != "table":
        show.show_frame(found.compared, format)
        return 0
    show.show_parts(_told(found))
    for wrote in (out, page):
        if wrote is not None:
            sys.stdout.write(f"Wrote {wrote}\n")
    return 0


def _told(found: Backtest) -> Iterator[Any]:
    """The headline, every measure, what was not measured, and what the world was set from."""
    from rich.table import Table
    from rich.text import Text

    from cbl_engine.compare.backtest.told import headline, lines_of, setting

    yield Text(setting(found))
    yield from (Text(line) for line in headline(found))
    table = Table()
    table.add_column("")
    for name in ("predicted", f"{found.interval:.0%} interval", "happened"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    before = None
    for line in lines_of(found):
        if line.measure != before:
            table.add_section()
            label = f"{line.measure} ({line.unit})"
            if line.group:
                table.add_row(label)
        else:
            label = ""
        before = line.measure
        table.add_row(f"  {line.group}" if line.group else label, line.predicted, line.interval,
                      line.happened, line.held)
    yield table
    for what, why in found.not_measured.items():
        yield Text(f"Not measured: {what}: {why}")
    yield from (Text(note) for note in found.notes)

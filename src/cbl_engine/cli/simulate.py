"""A scenario simulated: a bar while it runs, then its figures with how sure they are."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from cbl_engine.simulate import Simulation
    from cbl_engine.simulate.parameters import Parameters

_DOING = {"assessing": "Assessing the register ahead", "weeks": "Weeks of all worlds"}


def simulate(
    scenario: str | None = None,
    /,
    *,
    out: Path | None = None,
    page: Path | None = None,
    replications: int | None = None,
    weeks: int | None = None,
    workers: int = 1,
    batch: int | None = None,
    parameters: Annotated[bool, Parameter(negative="")] = False,
    full: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["table", "csv", "json"] = "table",
) -> int:
    """Simulate a borough week by week: void times, waits, chains and costs, with 95% intervals.

    Interrupted with --out, the same command goes on with the worlds that are missing.

    Parameters
    ----------
    scenario
        A scenario file, or the name of a shipped one (riverton).
    out
        Folder for every table in Parquet and the summary; one that was begun goes on.
    page
        A page with pictures to write as well (HTML).
    replications
        Worlds that differ by luck alone, in place of the scenario's.
    weeks
        Horizon, in place of the scenario's. What the file dates after its end is left out, and noted.
    workers
        Processes side by side. The answer is the same for any number.
    batch
        Worlds stepped together; more are quicker and need more memory. The answer is the same.
    parameters
        List what worlds go by, with unit and source, and simulate nothing. With a scenario, its own.
    full
        Print every figure by band and by size too; --out and the other formats always have them.
    format
        table to read; csv or json for programs.
    """
    if parameters:
        return _list_parameters(scenario, format)
    from cbl_engine.cli.given import check_written
    from cbl_engine.cli.show import show_frame, show_notes, show_parts
    from cbl_engine.simulate import simulate as run
    from cbl_engine.simulate.scenario_file import no_scenario
    from cbl_engine.simulate.summary import summary

    if scenario is None:
        raise no_scenario("cbl simulate")
    check_written(page, "--page", ".html")
    try:
        with _bars() as said:
            found = run(scenario, out, replications=replications, weeks=weeks, workers=workers,
                        batch=batch, said=said, on_notes=show_notes)
    except KeyboardInterrupt:
        return _interrupted(out)
    figures = summary(found)
    if page is not None:
        from cbl_engine.report import simulation_page, write_page

        write_page(simulation_page(found, figures), page)
    if format != "table":
        show_frame(figures, format)
        return 0
    show_parts(_told(found, figures, full=full))
    for rule in found.not_followed:
        sys.stdout.write(f"Not followed here: {rule}\n")
    for wrote in (out, page):
        if wrote is not None:
            sys.stdout.write(f"Wrote {wrote}\n")
    return 0


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each part of the work, on the error stream, for people only."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
               TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {what: progress.add_task(words, total=None, start=False)
                 for what, words in _DOING.items()}

        def said(what: str, done: int, of: int) -> None:
            task = tasks[what]
            if not progress.tasks[task].started:
                progress.start_task(task)
            progress.update(task, completed=done, total=of)

        yield said


def _interrupted(out: Path | None) -> int:
    if out is None:
        said = "stopped; nothing is kept without --out"
    elif not (out / "begun.json").exists():
        said = "stopped before the first week; nothing was written"
    else:
        from cbl_engine.simulate.run_folder import finished_spans

        done = sum(last - first + 1 for first, last in finished_spans(out))
        said = (f"stopped; {done} finished worlds are kept in {out}, and the same command goes on")
    sys.stderr.write(f"cbl: {said}\n")
    return 130


def _told(found: Simulation, figures: pl.DataFrame, *, full: bool) -> Iterator[Any]:
    import polars as pl
    from rich.table import Table

    from cbl_engine.simulate.kpi import ALL
    from cbl_engine.simulate.summary import BY_NAME
    from cbl_engine.simulate.words import number, time_told, worlds_told

    scenario = found.scenario
    yield (f"{scenario.title}: {scenario.scheme}, {worlds_told(scenario)}, {time_told(scenario)}")
    table = Table()
    table.add_column("")
    for name in ("mean", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit")
    for (name,), rows in figures.group_by("kpi", maintain_order=True):
        kpi = BY_NAME[str(name)]
        if not full:
            rows = rows.filter(pl.col("group").str.contains(f"^({kpi.brief})$"))
        table.add_section()
        single = rows["group"].to_list() == [ALL]
        if not single:
            table.add_row(kpi.label, "", "", kpi.unit)
        for row in rows.iter_rows(named=True):
            low, high = number(row["low"]), number(row["high"])
            reach = "" if row["low"] is None else f"{low} to {high}"
            words = kpi.label if single else f"  {row['group']}"
            table.add_row(words, "not reached" if row["mean"] is None else number(row["mean"]),
                          reach, kpi.unit if single else "")
    yield table
    yield ("The interval is that of the mean over worlds: how far luck moves it. It says nothing of "
           "what is assumed: cbl simulate --parameters lists that.")
    if scenario.replications == 1:
        yield "One world has no interval: --replications 2 or more."


def _list_parameters(scenario: str | None, format: str) -> int:
    import polars as pl

    from cbl_engine.cli.show import show_frame, show_parts
    from cbl_engine.simulate import read_scenario
    from cbl_engine.simulate.parameters import shipped_parameters

    found = shipped_parameters() if scenario is None else read_scenario(scenario)[1]
    if format == "table":
        show_parts(_catalogue(found))
        return 0
    rows = [{"parameter": n, "label": p.label, "kind": p.kind, "value": str(p.value),
             "unit": p.unit, "source": p.source, "assumed": p.assumed, "note": p.note}
            for n, p in found.found.items()]
    show_frame(pl.DataFrame(rows), format)
    return 0


def _catalogue(found: Parameters) -> Iterator[Any]:
    from rich.table import Table

    from cbl_engine.simulate.words import value

    table = Table()
    for name in ("parameter", "value", "unit", "source"):
        table.add_column(name, no_wrap=name == "parameter")
    for name, parameter in found.found.items():
        said = parameter.source or f"assumed: {parameter.assumed}"
        table.add_row(name, value(parameter), parameter.unit, said)
    yield table
    assumed = sum(p.source is None for p in found.found.values())
    yield f"{len(found.found)} parameters, {assumed} of them assumed."

"""Scenarios compared: what differs in words and in a table, and a report to send to a committee."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbl_engine.compare.comparing import Comparison


def compare(
    *scenarios: str,
    out: Path | None = None,
    replications: int | None = None,
    weeks: int | None = None,
    responses: str | None = None,
    until: str | None = None,
    at_most: int = 1000,
    workers: int = 1,
    batch: int | None = None,
    describe: Annotated[bool, Parameter(negative="")] = False,
    full: Annotated[bool, Parameter(negative="")] = False,
    groups: Annotated[bool, Parameter(negative="")] = False,
    equality: Path | None = None,
    format: Literal["table", "json", "csv"] = "table",
) -> int:
    """Compare schemes and levers on the same worlds: what differs, and what is only luck.

    Interrupted with --out, the same command goes on with the worlds that are missing.

    Parameters
    ----------
    scenarios
        One scenario with variants in its file, or several, the first of which is the base: files,
        or names of shipped ones (riverton_levers).
    out
        Folder that keeps every simulation and the differences; cbl report makes a page of it.
    replications
        Worlds that differ by luck alone, in place of the scenarios'.
    weeks
        Horizon, in place of the scenarios'. What the files date after its end is left out, and noted.
    responses
        How strongly households respond to policy, in every scenario: low, central, high, or several
        with commas between them. What changes sign from one to another is said. Left out, each
        scenario keeps its own response; a file that sets one takes none from here.
    until
        Add worlds until the interval of a figure is narrow enough: void_days:tenancy, mean=0.5 is
        half a day to each side. The figures are those of --format csv.
    at_most
        Worlds at most, with --until.
    workers
        Processes side by side. The answer is the same for any number.
    batch
        Worlds stepped together; more are quicker and need more memory. The answer is the same.
    describe
        Say what would be compared, in words, and simulate nothing.
    full
        Print every difference, by band and by size too; --out and the other formats always have
        them.
    groups
        Say also how each stage (register, band, bid, nomination, letting, wait) differs for groups
        of people; with --full every group, else what is told from luck. --out keeps effects.csv.
    equality
        A CSV or Parquet table (application, characteristic, value, and source where known) of the
        council's own register that gives those groups; left out, --groups goes by what made-up
        households have: age and sex of the applicant, children, a baby expected, access need.
    format
        table to read; csv or json for programs (csv with --groups: the effects by group).
    """
    from cbl_engine.cli.show import show_frame, show_notes, show_parts
    from cbl_engine.compare.comparing import worlds_for
    from cbl_engine.compare.effects import group_effects, groups_say

    if describe:
        from cbl_engine.simulate.describe import describe_scenario

        show_parts(describe_scenario(name).text() for name in scenarios or _none("cbl compare"))
        return 0
    held = None if equality is None else _equality(equality, scenarios)
    found = _compared(scenarios, out, replications, weeks, responses, until, at_most, workers, batch,
                      "cbl compare")
    if found is None:
        return 130
    show_notes(found.notes)
    effects = group_effects(found, held) if groups or held is not None else None
    if effects is not None and out is not None:
        from cbl_engine.records.places import write_file

        write_file(effects.write_csv().encode(), out / "effects.csv", replace=True)
    if format == "csv":
        show_frame(found.differences if effects is None else effects, format)
    elif format == "json":
        from cbl_engine.compare.downsizing import further_bedrooms
        from cbl_engine.compare.findings import findings

        paid = further_bedrooms(found).to_dicts()
        sys.stdout.write(json.dumps({
            "findings": {r: findings(found, r) for r in found.responses},
            "differences": found.differences.to_dicts(),
            **({"further_bedrooms": paid} if paid else {}),
            **({} if effects is None else {"effects": effects.to_dicts()})}, indent=1) + "\n")
    else:
        show_parts(_told(found, full=full))
        if effects is not None:
            show_parts(_by_group(effects, full=full))
            show_parts([groups_say(found, held, found.response)])
        show_parts(f"Not followed in {', '.join(names)}: {rule}" for rule, names in found.not_followed.items())
        if (asked := _until(until)) is not None and (more := worlds_for(found, asked)):
            worlds = found.sides[0].scenario.replications
            sys.stdout.write(
                f"{worlds:,} worlds are too few for the interval on {until}; about {more:,} would do. "
                f"--at-most is {at_most:,}, so none was added.\n")
        if out is not None:
            sys.stdout.write(f"Wrote {out}\n")
    return 0


def report(
    *scenarios: str,
    out: Path,
    excel: Path | None = None,
    keep: Path | None = None,
    replications: int | None = None,
    weeks: int | None = None,
    responses: str | None = None,
    workers: int = 1,
    batch: int | None = None,
    equality: Path | None = None,
) -> int:
    """Write a comparison as one page for a committee, and its figures as a workbook.

    The page opens offline and prints: the question, what it rests on, what differs, charts with
    their tables, effects by group, what it costs the Housing Revenue Account and the General Fund,
    and what the model does not know.

    Parameters
    ----------
    scenarios
        The folder of cbl compare --out; or scenarios, which are compared first. A folder has been
        simulated, so it takes no --keep, --replications, --weeks and --responses.
    out
        The page to write (HTML).
    excel
        A workbook to write with the same figures (.xlsx).
    keep
        Folder that keeps the simulations of scenarios, as --out of cbl compare.
    replications
        Worlds, in place of the scenarios'.
    weeks
        Horizon, in place of the scenarios'.
    responses
        How strongly households respond to policy, in every scenario: low, central, high, or several;
        left out, each scenario keeps its own.
    workers
        Processes side by side.
    batch
        Worlds stepped together.
    equality
        A CSV or Parquet table (application, characteristic, value) of the council's own register,
        for the effects by equality group; left out, those that made-up households have.
    """
    from cbl_engine.cli.given import check_written
    from cbl_engine.cli.show import show_notes
    from cbl_engine.compare.comparing import open_comparison
    from cbl_engine.report import comparison_page, comparison_sheets, write_page

    check_written(out, "--out", ".html")
    check_written(excel, "--excel", ".xlsx")
    kept = len(scenarios) == 1 and _is_folder(scenarios[0])
    if kept:
        _check_as_simulated({"--keep": keep, "--replications": replications, "--weeks": weeks,
                             "--responses": responses})
    held = None if equality is None else _equality(equality, () if kept else scenarios)
    if kept:
        found = open_comparison(scenarios[0])
    else:
        found = _compared(scenarios, keep, replications, weeks, responses, None, 0, workers, batch,
                          "cbl report")
    if found is None:
        return 130
    if not kept:
        show_notes(found.notes)
    write_page(comparison_page(found, held), out)
    if excel is not None:
        from cbl_engine.export.workbook import write_frames

        write_frames(comparison_sheets(found, held), excel, found.sides[0].scenario.start)
    for wrote in (out, excel):
        if wrote is not None:
            sys.stdout.write(f"Wrote {wrote}\n")
    return 0


def _is_folder(named: str) -> bool:
    """Whether a comparison's folder is named, and no scenario.

    Raises:
        BadInput: it is neither.
    """
    from cbl_engine.compare.comparing import KEPT
    from cbl_engine.errors import BadInput
    from cbl_engine.simulate.scenario_file import scenario_path

    if (Path(named) / KEPT).is_file():
        return True
    try:
        scenario_path(named)
    except BadInput as error:
        if Path(named).is_dir():
            return True  # begun, or none at all: said where it is opened
        raise BadInput([replace(p, allowed=f"the folder of cbl compare --out, {p.allowed}")
                        for p in error.problems]) from None
    return False


def _check_as_simulated(given: dict[str, Any]) -> None:
    """Make sure that nothing is asked of a kept comparison that only simulating it anew could give.

    Raises:
        BadInput: each option that was given.
    """
    from cbl_engine.errors import BadInput, Problem

    if problems := [
            Problem("simulated_already", "the folder has been simulated, and is reported as it is",
                    where=option, given=str(value),
                    remedy="Leave it out, or give the scenarios in place of the folder")
            for option, value in given.items() if value is not None]:
        raise BadInput(problems)


def _compared(
    scenarios: tuple[str, ...], out: Path | None, replications: int | None, weeks: int | None,
    responses: str | None, until: str | None, at_most: int, workers: int, batch: int | None, command: str,
) -> Comparison | None:
    """What was found; None where it was interrupted."""
    from cbl_engine.compare.comparing import compare as run

    scenarios = scenarios or _none(command)
    try:
        with bar() as said:
            return run(*scenarios, out=out, replications=replications, weeks=weeks,
                       responses=_responses(responses), until=_until(until), at_most=at_most,
                       workers=workers, batch=batch, said=said)
    except KeyboardInterrupt:
        said_so = "stopped; nothing is kept without a folder" if out is None else (
            f"stopped; finished worlds are kept in {out}, and the same command goes on")
        sys.stderr.write(f"cbl: {said_so}\n")
        return None


def _equality(path: Path, scenarios: tuple[str, ...]) -> Any:
    """The equality table, found to fit the first scenario's register before anything is simulated."""
    from cbl_engine.compare.effects import check_equality
    from cbl_engine.compare.equality import read_equality
    from cbl_engine.simulate.scenario_file import read_scenario, scenario_path
    from cbl_engine.simulate.world import own_applications

    held = read_equality(path)
    for name in scenarios[:1]:
        place = scenario_path(name)
        check_equality(held, own_applications(read_scenario(place)[0], place.parent))
    return held


def _none(command: str) -> Any:
    from cbl_engine.simulate.scenario_file import no_scenario

    raise no_scenario(command)


def _responses(text: str | None) -> Any:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _until(text: str | None) -> tuple[str, str, float] | None:
    from cbl_engine.errors import BadInput, Problem

    if text is None:
        return None
    figure, _, width = text.rpartition("=")
    kpi, _, group = figure.partition(":")
    try:
        return kpi, group or "all", float(width)
    except ValueError:
        raise BadInput([Problem(
            "bad_until", "this is not a figure with half a width", where="--until", given=text,
            allowed="FIGURE=WIDTH or FIGURE:GROUP=WIDTH, as in lettings:band A=2.5")]) from None


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
    """One bar that says what is simulated, on the error stream, for people only."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, of: progress.update(
            task, description=what, completed=done, total=of)


def _told(found: Comparison, *, full: bool) -> Iterator[Any]:
    from cbl_engine.compare.findings import findings, headlines, saved_by_pairing
    from cbl_engine.compare.sides import responds_from
    from cbl_engine.simulate.words import time_told

    base = found.sides[0].scenario
    yield (f"{base.title}: {base.replications:,} worlds, {time_told(base)}, "
           "each variant on the same worlds")
    said = findings(found)
    for side in found.sides[1:]:
        yield f"\n{side.name}: {side.scenario.title}"
        if (on := responds_from(side, found.sides[0])) is not None:
            yield f"Households respond to a change of policy from {on} (policy_changes_on)."
        yield from (f"- {line}" for line in said[side.name])
    rows = found.differences if full else headlines(found)
    for side in found.sides[1:]:
        for response in found.responses:
            yield _table(rows.filter(variant=side.name, response=response),
                         side.name if len(found.responses) == 1 else f"{side.name}, {response}")
    yield ("The interval is 95% of one difference. Told: also with all figures looked at together, "
           "so that none is picked out by luck. It says nothing of what is assumed: cbl simulate "
           "--parameters lists that.")
    saved = ", ".join(f"{name} {share:.0%}" for name, share in saved_by_pairing(found).items()
                      if share is not None)
    if saved:
        yield f"The same luck on both sides took away, of the variance of a headline difference: {saved}."


def _table(rows: Any, title: str) -> Any:
    from rich.table import Table

    from cbl_engine.compare.says import base_level, change, group_of

    table = Table(title=title)
    table.add_column("")
    for name in ("base", "difference", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("told")
    for row in rows.iter_rows(named=True):
        kpi = row["kpi"]
        table.add_row(f"{group_of(kpi, row['group'])} ({row['unit']})", base_level(row),
                      *change(row), "told" if row["told"] else "")
    return table


def _by_group(effects: Any, *, full: bool) -> Iterator[Any]:
    """Effects by group of people: those told from luck, or all."""
    from rich.table import Table

    from cbl_engine.compare.effects import as_said
    from cbl_engine.compare.says import change, level

    shown = effects if full else effects.filter("told")
    for (variant,), rows in shown.group_by("variant", maintain_order=True):
        table = Table(title=f"{variant}, by group")
        table.add_column("")
        for name in ("base", "gap to all", "difference", "95% interval"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("told")
        for row in rows.iter_rows(named=True):
            says = as_said(row["figure"])
            gap = {"mean": row["gap"], "low": row["gap_low"], "high": row["gap_high"]}
            table.add_row(
                f"{row['characteristic']}, {row['group']}: {row['label']} ({row['unit']})",
                "withheld" if row["withheld"] else level(says, row["base"]),
                "" if row["gap"] is None else change(gap, says)[0],
                *(("", "") if row["mean"] is None else change(row, says)),
                "told" if row["told"] else "")
        yield table
    if shown.is_empty():
        yield "By group of people nothing is told from luck; --full prints every figure."
    elif not full:
        yield "By group of people what is told from luck is shown; --full prints every figure."

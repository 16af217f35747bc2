"""The policy benchmark: fixed worlds and variants, and what differs in each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator


def bench_policy(
    *,
    world: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    published: Annotated[bool, Parameter(negative="")] = False,
    replications: int | None = None,
    weeks: int | None = None,
    workers: int = 1,
    out: Path | None = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["table", "json"] = "table",
) -> int:
    """Run the policy benchmark: what each of the same variants changes in each of the same worlds.

    The worlds are small, and fixed: results of one version of the suite can be set side by side.

    Parameters
    ----------
    world
        Worlds to run: inner_london, shire_district, rural, northern_city; left out, all. May be given
        several times.
    published
        The size of the published scoreboard, in place of a small one: minutes rather than seconds.
    replications
        Worlds that differ by luck alone, in place of the size's; 3 or more.
    weeks
        Horizon, in place of the size's.
    workers
        Processes side by side. The answer is the same for any number.
    out
        File to write the results to (JSON).
    full
        Show every headline figure, and not the scoreboard's alone.
    format
        table, or json as --out writes it.
    """
    from cbl_engine.cli.compare import bar
    from cbl_engine.cli.given import check_written
    from cbl_engine.cli.show import show_parts
    from cbl_engine.compare.policy import (
        bench_policy,
        read_suite,
        results_text,
        write_results,
    )

    check_written(out, "--out")
    suite = read_suite()
    with bar() as said:
        found = bench_policy(
            world, size="published" if published else "small", replications=replications,
            weeks=weeks, workers=workers, suite=suite, said=said)
    if out is not None:
        write_results(found, out)
    if format == "json":
        sys.stdout.write(results_text(found))
        return 0
    show_parts(_told(found, None if full else suite.file.figures))
    if out is not None:
        sys.stdout.write(f"Wrote {out}\n")
    return 0


def _told(found: dict[str, Any], figures: tuple[str, ...] | None) -> Iterator[Any]:
    """Each world's differences, figure by figure, with the variants below each other."""
    yield (f"The policy benchmark, version {found['version']}: {found['replications']:,} "
           f"replications of {found['weeks']:,} weeks, each variant on the same worlds")
    for world in found["worlds"].values():
        yield _scoreboard(world, figures)
    yield ("The interval is 95% of one difference. Told: also with all figures of the world looked "
           "at together, so that none is picked out by luck.")


def _scoreboard(world: dict[str, Any], figures: tuple[str, ...] | None) -> Any:
    from rich.table import Table

    from cbl_engine.compare.says import base_level, change, group_of

    table = Table(title=world["title"])
    table.add_column("")
    for name in ("difference", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("told")
    by_figure: dict[str, list[dict[str, Any]]] = {}
    for row in world["rows"]:
        if figures is None or row["kpi"] in figures:
            by_figure.setdefault(row["kpi"], []).append(row)
    for kpi, rows in by_figure.items():
        head = f"{group_of(kpi, rows[0]['group'])} ({rows[0]['unit']}): {base_level(rows[0])}"
        table.add_row(head, style="bold")
        for row in rows:
            table.add_row(f"  {row['variant']}", *change(row), "told" if row["told"] else "")
        table.add_section()
    return table

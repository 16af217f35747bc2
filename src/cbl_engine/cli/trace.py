"""A household, a home or a chain of a simulation followed day by day."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cbl_engine.simulate.trace import Trace


def trace(
    folder: Path,
    /,
    *,
    application: str | None = None,
    home: str | None = None,
    chain: str | None = None,
    world: int = 0,
    format: Literal["table", "json"] = "table",
) -> int:
    """Follow a household, a home, or a chain of moves through a simulated world, day by day.

    Parameters
    ----------
    folder
        Simulation folder written by cbl simulate --out.
    application
        A household, by its id in the tables (P0000-000001 is of the opening register) or its id in
        the register at the start.
    home
        A home: every time it stood empty, with its stages, adverts and nominations, and what else
        happened to it, as a sale.
    chain
        A chain, by HOME/VACANCY of the void that began it, to its last letting.
    world
        Number of the world, from 0.
    format
        table to read, json for programs.
    """
    from cbl_engine.errors import BadInput, Problem
    from cbl_engine.simulate.kept import open_simulation
    from cbl_engine.simulate.trace import trace_application, trace_chain, trace_home

    wanted = [(follow, of) for follow, of in (
        (trace_application, application), (trace_home, home), (trace_chain, chain)) if of]
    if len(wanted) != 1:
        raise BadInput([Problem("what_to_trace", "one thing is followed at a time",
                                where="cbl trace", given=f"{len(wanted)}",
                                allowed="one of --application, --home and --chain")])
    (follow, of), = wanted
    found = follow(open_simulation(folder), of, world)
    sys.stdout.write(_json(found) if format == "json" else _words(found))
    return 0


def _json(found: Trace) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(asdict(found), indent=1, default=str) + "\n"


def _words(found: Trace) -> str:
    head = f"{found.of.capitalize()} {found.id}, world {found.world}"
    facts = "; ".join(f"{name} {_say(value)}" for name, value in found.facts.items())
    wide = max((len(step.home or "") for step in found.steps), default=0) + 2
    lines = [
        f"{step.on.day:>2} {step.on:%B %Y}".ljust(19)
        + (f"{step.home or '':<{wide}}" if found.of == "chain" else "") + step.words
        for step in found.steps
    ]
    return "\n".join([head, facts, "", *lines, "", f"{found.end}.", ""])


def _say(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)

"""A borough small enough for tests, set up once however often it is simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.simulate import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

SCENARIO = """\
title: A small borough
scheme: sheffield
world: {households: 150, homes: 500}
start: 2026-04-06
weeks: 26
replications: 5
seed: 3
assess_every: 13
"""


def written(folder: Path, more: str = "") -> Path:
    """The scenario as a file, with other lines in place of its own or besides."""
    new = [line.split(":")[0] for line in more.splitlines()]
    kept = [line for line in SCENARIO.splitlines() if line.split(":")[0] not in new]
    path = folder / "small.yaml"
    path.write_text("\n".join([*kept, more]), encoding="utf-8")
    return path


def set_up_once(patch: pytest.MonkeyPatch) -> None:
    """What worlds share is made once for each scenario."""
    made: dict[str, object] = {}
    make: Callable = run.set_up

    def once(scenario, *rest):
        same = repr(scenario.model_copy(update={"replications": 1}))
        if same not in made:
            made[same] = make(scenario, *rest)
        return made[same]

    patch.setattr(run, "set_up", once)

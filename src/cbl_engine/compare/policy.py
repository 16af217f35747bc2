"""The policy benchmark: worlds and variants that stay as they are, and a scoreboard of differences."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from cbl_engine.compare.comparing import compare
from cbl_engine.compare.findings import HEADLINES, headlines
from cbl_engine.compare.sides import FEWEST_WORLDS
from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.records.places import write_file
from cbl_engine.scheme.parts import Part
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cbl_engine.compare.comparing import Comparison

DIGITS = 6
"""Significant digits of a result, so that another processor's last bit does not show."""
BATCH = 100
"""Worlds stepped together: these are small."""


class Size(Part):
    """How much of each world is simulated."""

    replications: int = Field(ge=FEWEST_WORLDS, description="[worlds]")
    weeks: int = Field(ge=1, le=2600, description="[weeks]")


class SuiteWorld(Part):
    """One world, whose scenario is the file of its name beside the suite."""

    like: str = Field(description="whose register it is scaled from, and what it goes by")
    assumed: str = Field(description="what of it no source gives")


class SuiteFile(Part):
    """The suite's file."""

    version: int = Field(ge=1, description="of the suite; results of one version go together")
    title: str
    sizes: dict[str, Size] = Field(description="small and published")
    figures: tuple[str, ...] = Field(strict=False, description="headline figures on the scoreboard")
    worlds: dict[str, SuiteWorld]


@dataclass(frozen=True)
class Suite:
    """The benchmark as it is shipped.

    Attributes:
        file: what its file says.
        folder: where its scenarios are.
    """

    file: SuiteFile
    folder: Path

    def scenario(self, world: str) -> Path:
        """The scenario of a world, with the variants."""
        return self.folder / f"{world}.yaml"


def read_suite(folder: Path | None = None) -> Suite:
    """Read the suite.

    Args:
        folder: with ``suite.yaml`` and a scenario for each world; None: the shipped one.

    Raises:
        BadInput: what is wrong with its file, or a world without a scenario.
    """
    folder = folder or shipped_folder("simulations") / "policy"
    document = read_document(folder / "suite.yaml")
    try:
        suite = Suite(SuiteFile.model_validate(document.data), folder)
    except ValidationError as error:
        raise BadInput(field_problems(
            error, document.data, document.where, SuiteFile.model_json_schema())) from None
    problems = [
        Problem("scenario_missing", "the world has no scenario beside the suite",
                where=document.where(("worlds", world)), given=world, allowed=f"{world}.yaml")
        for world in suite.file.worlds if not suite.scenario(world).is_file()]
    problems += [
        Problem("unknown_figure", "there is no such headline figure",
                where=document.where(("figures", number)), given=figure,
                allowed=", ".join(HEADLINES))
        for number, figure in enumerate(suite.file.figures) if figure not in HEADLINES]
    if problems:
        raise BadInput(problems)
    return suite


def bench_policy(
    worlds: Sequence[str] = (),
    *,
    size: str = "small",
    replications: int | None = None,
    weeks: int | None = None,
    workers: int = 1,
    suite: Suite | None = None,
    said: Callable[..., None] = lambda *_: None,
) -> dict[str, Any]:
    """Compare the variants of each world with the world as it stands.

    Args:
        worlds: names of worlds; none: all, in the suite's order.
        size: of the suite's sizes.
        replications: worlds of each, in place of the size's.
        weeks: horizon, in place of the size's.
        workers: processes side by side; the answer is the same whatever it is.
        suite: another than the shipped one.
        said: told what is done (world and step), how much, and of how much.

    Returns:
        ``version`` of the suite, ``engine``, ``replications``, ``weeks``, and ``worlds``: for each
        its ``title``, its ``variants`` (name -> title) and ``rows``, one for each variant and
        headline figure: variant, kpi, group, unit, base (mean over worlds), mean, low, high (of the
        difference, 95%), told (also with all figures of the world looked at together), worlds,
        not_reached (worlds that do not reach a median; where there are any numbers are null).
        Numbers have six significant digits.

    Raises:
        BadInput: an unknown world, or too few worlds; before anything is simulated.
    """
    suite = suite or read_suite()
    if wrong := [name for name in worlds if name not in suite.file.worlds]:
        raise BadInput([Problem("unknown_world", "the suite has no such world", where="--world",
                                given=", ".join(wrong), allowed=", ".join(suite.file.worlds))])
    chosen = suite.file.sizes[size]
    replications = chosen.replications if replications is None else replications
    weeks = chosen.weeks if weeks is None else weeks
    found = {}
    for world in suite.file.worlds:
        if not worlds or world in worlds:
            found[world] = _scores(compare(
                suite.scenario(world), replications=replications, weeks=weeks, workers=workers,
                batch=BATCH, said=lambda what, n, of, w=world: said(f"{w}: {what}", n, of)))
    return {"version": suite.file.version, "engine": __version__, "replications": replications,
            "weeks": weeks, "worlds": found}


def results_text(results: dict[str, Any]) -> str:
    """What :func:`bench_policy` found as JSON, the same text for the same numbers."""
    return json.dumps(results, indent=1, ensure_ascii=False) + "\n"


def write_results(results: dict[str, Any], out: str | Path) -> Path:
    """Write them to a file."""
    return write_file(results_text(results).encode(), out, replace=True)


def _scores(found: Comparison) -> dict[str, Any]:
    base, *variants = found.sides
    rows = headlines(found).select("variant", "kpi", "group", "unit", "base", "mean", "low", "high",
                                   "told", "worlds", "not_reached")
    order = {side.name: n for n, side in enumerate(variants)}
    return {
        "title": base.scenario.title,
        "variants": {side.name: side.scenario.title for side in variants},
        "rows": [{name: _rounded(value) for name, value in row.items()}
                 for row in sorted(rows.iter_rows(named=True), key=lambda r: order[r["variant"]])],
    }


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value

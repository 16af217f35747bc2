"""The folder of a backtest: written beside its place and then renamed.

::

    compared.parquet, compared.csv   every measure: predicted, interval, happened, held
    worlds.parquet                   every measure of every simulated world
    parameters.yaml                  what was fitted, as cbl calibrate writes it
    manifest.json                    what went in, what was not measured, hash of each file
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cbl_engine.compare.calibrate.written import parameters_text
from cbl_engine.records.places import MANIFEST, folder_beside
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.compare.backtest.run import Backtest

SCHEMA_VERSION = 1
KIND = "backtest"


def write_backtest(found: Backtest, out: Path, *, replace: bool = False) -> Path:
    """Write the folder.

    Args:
        found: what was found.
        out: its place.
        replace: take the place of a backtest that is there.

    Raises:
        RunError: something is in the way, or it cannot be written.
    """
    with folder_beside(out, replace=replace, kind=KIND) as folder:
        found.compared.write_parquet(folder / "compared.parquet")
        found.compared.write_csv(folder / "compared.csv")
        found.worlds.write_parquet(folder / "worlds.parquet")
        (folder / "parameters.yaml").write_text(
            parameters_text(found.calibration), encoding="utf-8")
        files = {file.name: sha256(file.read_bytes()).hexdigest()
                 for file in sorted(folder.iterdir())}
        (folder / MANIFEST).write_text(
            json.dumps({**_told(found), "files": files}, indent=1, sort_keys=True) + "\n",
            encoding="utf-8")
    return out


def _told(found: Backtest) -> dict[str, Any]:
    mean, low, high = found.expected
    return {
        "kind": KIND, "engine": __version__, "schema_version": SCHEMA_VERSION,
        "history": found.history,
        "scenario": json.loads(found.scenario.model_dump_json(by_alias=True)),
        "parameters": {name: json.loads(p.model_dump_json(exclude_none=True))
                       for name, p in sorted(found.parameters.found.items())},
        "since": str(found.calibration.since), "until": str(found.until), "end": str(found.end),
        "interval": found.interval, "held": found.held, "of": found.of,
        "expected": {"mean": mean, "low": low, "high": high}, "usual": list(found.usual),
        "not_measured": dict(found.not_measured), "notes": list(found.notes),
    }

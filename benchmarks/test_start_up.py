"""How long a fresh process takes: importing the package, and ``cbl --help``.

Beside them the import of polars and pydantic, which ``cbl --help`` must not exceed.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = {
    "python": ["-c", "pass"],
    "import cbl_engine": ["-c", "import cbl_engine"],
    "cbl --help": ["-m", "cbl_engine.cli", "--help"],
    "import polars, pydantic": ["-c", "import polars, pydantic"],
}
HEAVY = ("polars", "numpy", "pydantic", "scipy")
ROUNDS = 7


def start(arguments: list[str]) -> None:
    """Run a fresh interpreter to its end."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


@pytest.mark.benchmark(group="start-up")
@pytest.mark.parametrize("name", COMMANDS)
def test_start(benchmark, name):
    benchmark.pedantic(start, args=(COMMANDS[name],), rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("statement", ["import cbl_engine", "import cbl_engine.cli"])
def test_nothing_heavy_is_imported(statement):
    found = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    ).stdout.split()
    assert not set(HEAVY) & set(found)

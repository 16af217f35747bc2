"""Bugs planted one at a time, to show that each is caught: ``python -m tests.reference.planted``.

Each is a change of a few characters in a copy of the engine. The copy is compared with the oracle
on random cases; it must differ, or be stopped by the engine's own properties.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cbl_engine

SOURCE = Path(cbl_engine.__file__).parent
TOP = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Bug:
    """What is wrong, where, and the change that makes it so."""

    what: str
    file: str
    right: str
    wrong: str


BUGS = (
    Bug("a criterion not known counts as met", "shortlist/plans.py",
        '(FAILED, UNKNOWN) if field.condition.when_unknown == "fail" else (FAILED,)', "(FAILED,)"),
    Bug("fewest points first", "shortlist/keys.py",
        "return _ascending(view.frame[key.points], descending=True)",
        "return _ascending(view.frame[key.points])"),
    Bug("a date not known ranks first", "shortlist/keys.py",
        "codes = np.where(unknown, high - low + 1, codes)", "codes = np.where(unknown, 0, codes)"),
    Bug("a bid stands in the last stage it may, not the first", "shortlist/judge.py",
        "for number in reversed(range(len(met))):", "for number in range(len(met)):"),
    Bug("the earliest of a household's bids counts", "shortlist/bids.py",
        "last = np.append(~same, True)\n", "last = np.insert(~same, 0, True)\n"),
    Bug("the home's value wins over the advert's", "shortlist/advert_columns.py",
        "pl.coalesce(own, at_home.cast(own.dtype))", "pl.coalesce(at_home.cast(own.dtype), own)"),
    Bug("a connection still holds on the day it ceased", "assess/connections.py",
        '(pl.col("until").is_null() | (pl.col("until") > on))',
        '(pl.col("until").is_null() | (pl.col("until") >= on))'),
    Bug("a connection that may or may not count is counted", "assess/connections.py",
        "return np.where(with_all == without, with_all, _UNKNOWN)", "return np.array(with_all)"),
    Bug("a move within the area begins the months anew", "assess/spells.py",
        ".otherwise(went >= began)", ".otherwise(went > began)"),
    Bug("a landlord's own criteria are not asked", "scheme/model.py",
        "self.landlords.get(landlord) if landlord is not None else None,", "None,"),
    Bug("a tie is seen only from the third member on", "shortlist/kernel.py",
        "out.tied[block.span][at[equal + 1]] = True", "out.tied[block.span][at[equal[1:] + 1]] = True"),
)


def caught(bug: Bug, adverts: int = 6_000) -> str:
    """The line that gives the bug away; empty when nothing does."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "cbl_engine"
        shutil.copytree(SOURCE, copy)
        file = copy / bug.file
        text = file.read_text(encoding="utf-8")
        if text.count(bug.right) != 1:
            raise SystemExit(f"{bug.file} no longer has, just once: {bug.right}")
        file.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-m", "tests.reference.run", "--adverts", str(adverts), "--seed", "3"],
            cwd=TOP, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True,
            check=False,
        )
    if run.returncode == 0:
        return ""
    lines = [line for line in run.stdout.splitlines() if ":" in line]
    at = next(i for i, line in enumerate(lines) if "they differ" in line)
    return lines[at + 1].strip()


def main() -> int:
    """Plant each; 1 when one is not caught."""
    missed = 0
    for bug in BUGS:
        line = caught(bug)
        missed += not line
        print(f"{'caught' if line else 'MISSED'}: {bug.what} ({bug.file})\n    {line[:160]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

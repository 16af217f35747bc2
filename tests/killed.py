"""A cycle killed at any moment: ``python -m tests.killed --points 100``.

A child runs a cycle and kills itself at its n-th operation on files. Then the old state must be as
it was, the new one whole or not there, nothing may be left over, and running it again must give the
same bytes as a run that was never killed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from cbl_engine.records import audit_state
from tests.records.small_record import first_week, second_week

OPERATIONS = {
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir",
    "shutil.rmtree",
}


def in_child(folder: Path, point: int) -> None:
    """Run the second week; at the n-th operation on a file of the folder, die."""
    count = 0
    mine = str(folder)

    def counted(name: str, given: tuple) -> None:
        nonlocal count
        if name not in OPERATIONS or not str(given[0]).startswith(mine):
            return
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    fsync = os.fsync

    def synced(descriptor: int) -> None:
        counted("open", (mine,))
        fsync(descriptor)

    os.fsync = synced
    sys.addaudithook(counted)
    second_week(folder)
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()


def child(folder: Path, point: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tests.killed", "--child", str(folder), "--at", str(point)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def prepared(folder: Path) -> tuple[int, dict[str, bytes]]:
    """A record of one week, and what the second leads to; how many operations it takes."""
    first_week(folder)
    ran = child(folder, 0)
    assert ran.returncode == 0, ran.stderr
    new = bytes_of(folder / "week2")
    shutil.rmtree(folder / "week2")
    return int(ran.stdout), new


def look(folder: Path, point: int, new: dict[str, bytes]) -> str:
    """Kill at one point and look at everything; ``absent`` or ``whole``, what was found after."""
    old = bytes_of(folder / "week1")
    ran = child(folder, point)
    assert ran.returncode == -signal.SIGKILL, (point, ran.returncode, ran.stderr)
    assert bytes_of(folder / "week1") == old, point
    assert audit_state(folder / "week1").sound, point
    there = (folder / "week2").exists()
    if not there:
        second_week(folder)
    assert bytes_of(folder / "week2") == new, point
    assert audit_state(folder / "week2", folder / "week1").sound, point
    if not there:
        assert not list(folder.glob(".week2*")), point
    shutil.rmtree(folder / "week2")
    for left in folder.glob(".week2*"):
        shutil.rmtree(left)
    return "whole" if there else "absent"


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--points", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--child", type=Path)
    arguments.add_argument("--at", type=int, default=0)
    given = arguments.parse_args()
    if given.child is not None:
        in_child(given.child, given.at)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        operations, new = prepared(folder)
        draw = random.Random(given.seed)
        found = [look(folder, draw.randint(1, operations), new) for _ in range(given.points)]
    print(f"{given.points} points among {operations} operations: after {found.count('absent')} the "
          f"new state was absent, after {found.count('whole')} whole; the old one was always sound")


if __name__ == "__main__":
    main()

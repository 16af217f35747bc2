"""Files and folders written beside their place and then renamed: nothing is ever half there.

A folder that replaces another puts that one beside the place first, as ``.NAME.old-PROCESS``, and
removes it last: what a process killed on its way leaves is put back, or removed, by the next.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem, RunError, why_not_written

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"
STATE, RUN = "state", "run"
"""What the manifest of a state folder says it is; and what a folder is whose manifest says nothing."""


def check_outside(out: str | Path) -> None:
    """Make sure that a place is not inside a state folder, whose manifest knows every file in it.

    Raises:
        RunError: it is.
    """
    for folder in Path(out).resolve().parents:
        if kind_of(folder) == STATE:
            raise RunError([Problem(
                "inside_a_state", "this is inside a state folder, and nothing may be added to one",
                where=str(out), given=str(folder), remedy="Choose a place outside it")])


def write_file(content: bytes, out: str | Path, *, replace: bool) -> Path:
    """Write a file whole.

    Args:
        content: of the file.
        out: its place.
        replace: take the place of a file that is there.

    Raises:
        RunError: the file is there and ``replace`` is false, it is inside a state folder, or it
            cannot be written.
    """
    out = Path(out)
    check_outside(out)
    if out.exists() and not replace:
        raise RunError(
            [Problem("file_in_the_way", "the file is there already", where=str(out),
                     remedy="Choose another file, or replace it with --replace")]
        )
    partial = _beside(out)
    try:
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RunError(
            [Problem("file_not_written", f"the file cannot be written: {error.strerror}",
                     where=str(out))]
        ) from None
    return out


@contextmanager
def folder_beside(
    out: Path, *, replace: bool | None = None, kind: str = "run", durable: bool = False
) -> Iterator[Path]:
    """An empty folder to fill; it takes its place when all of it is written.

    What a run that was killed left beside the place is removed first, or put back where it took
    away what was there.

    Args:
        out: the place.
        replace: a folder of the same kind may be taken the place of; None: it never may.
        kind: as the manifest says.
        durable: it is on the disk, and not only handed to the system, before it takes its place.

    Raises:
        RunError: something is in the way, the folder cannot be written, or what is to go beside the
            place cannot be removed: after the folder took its place, where that is the one it
            replaced.
    """
    check_place(out, replace=replace, kind=kind)
    partial = _beside(out)
    try:
        _remove_left_over(out)
        partial.mkdir(parents=True)
        yield partial
        if durable:
            _to_disk(partial)
        _swap_in(partial, out, replace=bool(replace))
        if durable:
            _sync(out.parent)
    except (OSError, pl.exceptions.ComputeError) as error:
        if (why := why_not_written(error)) is None:
            raise
        raise RunError(
            [Problem(f"{kind}_not_written", f"the {kind} folder cannot be written: {why}",
                     where=str(out))]
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _beside(out: Path) -> Path:
    return out.with_name(f".{out.name}.partial-{os.getpid()}")


def _left_over(out: Path, what: str) -> list[Path]:
    """What runs that are no more left beside the place: ``partial`` or ``old`` folders."""
    found = [(left, left.name.rpartition("-")[2])
             for left in out.parent.glob(f".{glob.escape(out.name)}.{what}-*")]
    return [left for left, process in found if process == str(os.getpid()) or not _runs(process)]


def _put_back(out: Path) -> None:
    """Put back what a run killed between its two renames took away from the place."""
    old = [] if out.exists() else _left_over(out, "old")
    if old:
        with suppress(OSError):  # another run was quicker
            max(old, key=lambda folder: folder.stat().st_mtime).rename(out)


def _remove_left_over(out: Path) -> None:
    """Remove what runs that are no more left beside the place: it holds facts about households."""
    for left in _left_over(out, "partial") + (_left_over(out, "old") if out.exists() else []):
        _remove(left, "an earlier run left this, and it cannot be removed")


def _remove(folder: Path, otherwise: str) -> None:
    """Remove a folder with facts about households, and tell of one that stays."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise RunError([Problem("folder_not_removed", otherwise, where=str(folder),
                                remedy="Remove it by hand: it holds facts about households")])


def _runs(process: str) -> bool:
    """Whether a process of that number is there, as far as the system tells without harm."""
    if os.name == "nt" or not process.isdigit():
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _to_disk(folder: Path) -> None:
    """Make sure that every file and folder in a folder is on the disk."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_place(out: Path, *, replace: bool | None, kind: str = "run") -> None:
    """Make sure that a folder may be written there.

    What a run killed while it replaced it took away from there is put back first.

    Args:
        out: the place.
        replace: a folder of the same kind may be taken the place of; None: it never may.
        kind: as its manifest says; a run's says nothing.

    Raises:
        RunError: something is there, and it is nothing that may be replaced; or the place is inside
            a state folder.
    """
    check_outside(out)
    _put_back(out)
    if not out.exists():
        return
    same = kind_of(out) == kind
    if replace and same:
        return
    remedy = "Choose another folder"
    if same and replace is not None:
        remedy += f", or replace the {kind} that is there with --replace"
    raise RunError(
        [Problem("run_in_the_way", "the folder is there already", where=str(out), remedy=remedy)]
    )


def check_folder(out: str | Path) -> None:
    """Make sure that a folder may be there, before work is done to fill it.

    Raises:
        RunError: it, or what it would be in, is a file.
    """
    out = Path(out)
    there = next((place for place in (out, *out.parents) if place.exists()), out)
    if there.exists() and not there.is_dir():
        raise RunError([Problem(
            "file_in_the_way", "there is a file where the folder would be", where=str(there),
            remedy="Choose another folder")])


def folder_called(kind: str) -> str:
    """A folder of a kind, in words: ``an assessment folder``."""
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind} folder"


def kind_of(folder: Path) -> str | None:
    """What a folder's manifest says it is; None for one without a manifest that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return RUN
    return str(manifest.get("kind", RUN)) if isinstance(manifest, dict) else RUN


def _swap_in(partial: Path, out: Path, *, replace: bool) -> None:
    """Rename a folder that is whole to its place; an earlier one goes only when that is done."""
    if replace and out.exists():
        old = out.with_name(f".{out.name}.old-{os.getpid()}")
        out.rename(old)
        try:
            partial.rename(out)
        except BaseException:
            old.rename(out)
            raise
        _remove(old, "the new folder is written, and the one it replaced cannot be removed")
    else:
        partial.rename(out)


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder and the folders in it, by its place there, parts by ``/``."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

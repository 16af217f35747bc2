"""Files and folders written beside their place and then renamed: nothing is ever half there.

A folder is filled beside its place as ``.NAME.partial-PROCESS-TOKEN``. One that replaces another puts
that one beside the place first, as ``.NAME.old-PROCESS-TOKEN``, and removes it last: what a process
killed on its way leaves is put back, or removed, by the next. Of threads and processes that write to
one place at once, one wins and the others are told.
"""

from __future__ import annotations

import dataclasses
import glob
import json
import os
import shutil
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem, RunError, why_not_written

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"
STATE, RUN = "state", "run"
"""What the manifest of a state folder says it is; and what a folder is whose manifest says nothing."""
_NO_NAMES = ("", "..")
"""Places that nothing can be put beside."""
_HELD: set[str] = set()
"""Names of what threads of this process have beside a place now."""
_SWAPPING = Lock()
"""Held from the last look at a place until what goes there is there."""


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
        RunError: the file is there and ``replace`` is false, the place is a folder or inside a
            state folder, or it cannot be written.
    """
    out = Path(out)
    check_file(out, replace=replace)
    partial = _beside(out)
    try:
        partial.write_bytes(content)
        with _SWAPPING:
            check_file(out, replace=replace)
            partial.replace(out)
    except OSError as error:
        raise RunError(
            [Problem("file_not_written", f"the file cannot be written: {error.strerror}",
                     where=str(out))]
        ) from None
    finally:
        with suppress(OSError):
            partial.unlink()
    return out


def check_file(out: Path, *, replace: bool) -> None:
    """Make sure that :func:`write_file` may write there.

    Raises:
        RunError: as it does, but that the system refuses.
    """
    check_outside(out)
    if out.is_dir():
        raise RunError([Problem("folder_in_the_way", "this is a folder, where a file is written",
                                where=str(out), remedy="Give the name of a file")])
    if out.exists() and not replace:
        raise RunError(
            [Problem("file_in_the_way", "the file is there already", where=str(out),
                     remedy="Choose another file, or replace it with --replace")]
        )


@contextmanager
def folder_beside(
    out: Path, *, replace: bool | None = None, kind: str = "run", durable: bool = False
) -> Iterator[Path]:
    """An empty folder to fill; it takes its place when all of it is written.

    What a run that was killed left beside the place is removed first, or put back where it took
    away what was there.

    Args:
        out: the place; of a symbolic link, what it leads to.
        replace: a folder of the same kind may be taken the place of; None: it never may.
        kind: as the manifest says.
        durable: it is on the disk, and not only handed to the system, before it takes its place.

    Raises:
        RunError: something is in the way, the folder cannot be written, or what is to go beside the
            place cannot be removed: after the folder took its place, where that is the one it
            replaced.
    """
    if out.is_symlink():
        out = out.resolve()
    check_place(out, replace=replace, kind=kind)
    partial = _beside(out)
    _HELD.add(partial.name)
    try:
        _remove_left_over(out)
        partial.mkdir(parents=True)
        with locked(partial):
            yield partial
            if durable:
                _to_disk(partial)
            _swap_in(partial, out, replace=replace, kind=kind)
        if durable:
            _sync(out.parent)
    except BadInput as error:  # of what is written in there: the place is the one that was given
        raise type(error)([dataclasses.replace(problem, where=problem.where.replace(str(partial), str(out)))
                           for problem in error.problems]) from None
    except (OSError, pl.exceptions.ComputeError) as error:
        if (why := why_not_written(error)) is None:
            raise
        raise RunError(
            [Problem(f"{kind}_not_written", f"the {kind} folder cannot be written: {why}",
                     where=str(out))]
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _HELD.discard(partial.name)


def _beside(out: Path, what: str = "partial") -> Path:
    """A place beside another that nobody else has: neither a thread nor a process of that number elsewhere."""
    return out.with_name(f".{out.name}.{what}-{os.getpid()}-{token_hex(4)}")


def _left_over(out: Path, what: str) -> list[Path]:
    """What runs that are no more left beside the place: ``partial`` or ``old`` folders."""
    start = f".{out.name}.{what}-"
    found = [(left, left.name.removeprefix(start).partition("-")[0])
             for left in out.parent.glob(f"{glob.escape(start)}*") if left.name not in _HELD]
    return [left for left, process in found
            if (process == str(os.getpid()) or not _runs(process)) and _unlocked(left)]


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether nobody else holds the folder; it is held meanwhile, however the process ends.

    Where the system or the drive has no such locks it is as if nobody did.
    """
    if os.name == "nt":
        yield True
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        except OSError:
            free = True  # there are no locks on this drive
        yield free
    finally:
        os.close(descriptor)


def _unlocked(folder: Path) -> bool:
    """Whether nobody holds a folder: numbers of processes in another container say nothing here."""
    try:
        with locked(folder) as free:
            return free
    except OSError:
        return True


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
    same = out.name not in _NO_NAMES and kind_of(out) == kind
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


def _swap_in(partial: Path, out: Path, *, replace: bool | None, kind: str) -> None:
    """Rename a folder that is whole to its place; an earlier one goes only when that is done.

    Raises:
        RunError: as :func:`check_place`, where another thread or process was quicker.
    """
    with _SWAPPING:
        check_place(out, replace=replace, kind=kind)
        if out.exists():
            _replace(partial, out)
            return
        try:
            partial.rename(out)
        except OSError:
            check_place(out, replace=replace, kind=kind)
            raise


def _replace(partial: Path, out: Path) -> None:
    old = _beside(out, "old")
    _HELD.add(old.name)
    try:
        out.rename(old)
        try:
            partial.rename(out)
        except BaseException:
            old.rename(out)
            raise
        _remove(old, "the new folder is written, and the one it replaced cannot be removed")
    finally:
        _HELD.discard(old.name)


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder and the folders in it, by its place there, parts by ``/``."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

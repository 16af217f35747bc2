"""The run folder: written beside and then renamed, read back only when every hash agrees.

It holds facts about households: it is for officers, and its manifest says so.

::

    manifest.json            run id, engine, scheme, as-at, seed, verification, hash of each file
    scheme/*.yaml            the scheme's text
    inputs/<table>.parquet   exactly the rows and columns read
    shortlist.parquet        every counted bid
    stage_failures.parquet   why bids that stand in no stage do not
    set_aside.parquet        bids that do not count
    lineage/<table>.parquet  file, sheet or query and row in it of each input row, when known
    bits.parquet             conditions and their bit numbers
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, RunError, TableError
from cbl_engine.records.judged import other_than_judged
from cbl_engine.records.places import (
    MANIFEST,
    RUN,
    STATE,
    digests_of,
    folder_beside,
    folder_called,
    kind_of,
)
from cbl_engine.records.reads import columns_read, rows_and_columns_read, rows_for
from cbl_engine.scheme import scheme_from_text
from cbl_engine.shortlist import SCHEMA_VERSION, prepare, shortlist
from cbl_engine.tables import LINEAGE_COLUMNS, frame_problems, key_of, list_problems
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.scheme import Scheme
    from cbl_engine.shortlist import Shortlist

_ALWAYS_THERE = ("applications", "adverts", "bids")


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A run read back.

    Attributes:
        path: the folder.
        manifest: as written.
        scheme: from the text kept in the folder.
        frames: the inputs kept in the folder, by table.
    """

    path: Path
    manifest: Mapping[str, Any]
    scheme: Scheme
    frames: Mapping[str, pl.DataFrame] = field(repr=False)

    @property
    def as_at(self) -> Any:
        """The as-at date, or ``close``."""
        text = self.manifest["as_at"]
        return text if text == "close" else date.fromisoformat(text)

    def table(self, name: str) -> pl.DataFrame:
        """An output table: shortlist, stage_failures, set_aside or bits."""
        return pl.read_parquet(self.path / f"{name}.parquet", glob=False)

    def shortlist(self, adverts: Iterable[Any] | None = None) -> Shortlist:
        """Run some adverts, or all, again from what the folder holds."""
        return self.shortlist_of(self.frames, adverts)

    def shortlist_of(
        self, frames: Mapping[str, pl.DataFrame], adverts: Iterable[Any] | None = None
    ) -> Shortlist:
        """Run some adverts, or all, of other tables as this run was run."""
        if adverts is not None:
            if wrong := list(list_problems(adverts, "adverts", "the ids of adverts")):
                raise TableError(wrong)
            dtype = frames["adverts"].schema["id"]
            frames = rows_for(frames, pl.Series(list(adverts), dtype=dtype, strict=False))
        return shortlist(
            prepare(self.scheme, frames, self.as_at),
            frames["adverts"],
            frames["bids"],
            homes=frames.get("homes"),
            seed=self.manifest["seed"],
        )

    def reproduced(self, adverts: Iterable[Any] | None = None) -> Shortlist:
        """Run some adverts, or all, again, and make sure that the record comes out.

        Raises:
            RunError: this engine ranks an advert otherwise than the record says.
        """
        result = self.shortlist(adverts)
        names = result.adverts.ordinals.ids.implode()
        differ: set[Any] = set()
        for name, again in outputs_of(result).items():
            if name != "bits":
                recorded = self.table(name).filter(pl.col("advert").is_in(names))
                differ |= set(differing(again, recorded, "advert"))
        if differ:
            first = min(map(str, differ))
            raise RunError(
                [
                    Problem(
                        "run_not_reproduced",
                        f"this engine ({__version__}) does not reproduce "
                        + (f"advert {first} of the run" if len(differ) == 1
                           else f"{len(differ)} adverts of the run, {first} the first"),
                        where=str(self.path),
                        given=f"written by {self.manifest['engine_version']}",
                        remedy=self._why_not(),
                    )
                ]
            )
        return result

    def _why_not(self) -> str:
        """What to do about a run that does not come out again."""
        if self.manifest["engine_version"] != __version__:
            return "Use the engine version that wrote it"
        return (
            "The version is the same, so the tables kept in it are not those that were judged: write "
            "the run again with prepared.tables and the adverts, bids and homes of the shortlist"
        )


def differing(one: pl.DataFrame, two: pl.DataFrame, column: str) -> list[Any]:
    """The values of a column whose rows are not the same, in the same order, in both frames."""
    if one.equals(two):
        return []
    rows = [
        frame.group_by(column).agg(pl.struct(pl.all()).implode().alias(name))
        for frame, name in ((one, "one"), (two, "two"))
    ]
    both = rows[0].join(rows[1], on=column, how="full", coalesce=True)
    return both.filter(pl.col("one").ne_missing(pl.col("two")))[column].to_list()


def write_run(
    result: Shortlist,
    frames: Mapping[str, pl.DataFrame],
    out: str | Path,
    *,
    replace: bool = False,
) -> RunFolder:
    """Write a shortlist with everything it was made from.

    Args:
        result: the shortlist.
        frames: the tables it was made from, by name: ``result.prepared.tables``, and the adverts,
            bids and homes that were given to the shortlist.
        out: folder to write; nothing appears there until all of it is written.
        replace: put it in the place of an earlier run folder.

    Raises:
        RunError: the folder is there already, or cannot be written.
        TableError: a table that was judged is not among the frames, or is another one; nothing was
            written.
    """
    out = Path(out)
    scheme = result.prepared.scheme
    _whole_record(result, frames)
    with folder_beside(out, replace=replace) as partial:
        (partial / "inputs").mkdir()
        (partial / "scheme").mkdir()
        for document in scheme.documents:
            (partial / "scheme" / document.name).write_text(document.text, encoding="utf-8")
        (partial / "lineage").mkdir()
        for table, frame in rows_and_columns_read(scheme, frames, lineage=True).items():
            rows = frame.drop(LINEAGE_COLUMNS, strict=False)
            rows.write_parquet(partial / "inputs" / f"{table}.parquet")
            if rows.width < frame.width:
                places = frame.select(*key_of(table, frame.columns), *LINEAGE_COLUMNS)
                places.write_parquet(partial / "lineage" / f"{table}.parquet")
        for name, frame in outputs_of(result).items():
            frame.write_parquet(partial / f"{name}.parquet")
        manifest = _manifest(result, partial)
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return read_run(out)


def _whole_record(result: Shortlist, frames: Mapping[str, pl.DataFrame]) -> None:
    """Every table that the shortlist read is there as it read it: without, it is not made again."""
    read = set(columns_read(result.prepared.scheme, result.prepared.tables))
    needed = [*_ALWAYS_THERE, *sorted(read & set(result.prepared.tables) - set(_ALWAYS_THERE))]
    needed += ["homes"] * result.with_homes
    problems = [
        Problem(
            "missing_table", f"the run was made from a table {table}, and it is not among those given",
            where=table,
            remedy="Give prepared.tables and the adverts, bids and homes of the shortlist",
        )
        for table in needed
        if table not in frames
    ]
    problems = problems or list(frame_problems(frames))
    if problems := problems or list(other_than_judged(result, frames)):
        raise TableError(problems)


def outputs_of(result: Shortlist) -> dict[str, pl.DataFrame]:
    """The tables of a record, by name, as they are written."""
    return {
        "shortlist": result.frame(),
        "stage_failures": result.stage_failures(),
        "set_aside": result.set_aside.sort("advert", "application", "placed_at", "reason"),
        "bits": result.bits(),
    }


def _manifest(result: Shortlist, folder: Path) -> dict[str, Any]:
    files = digests_of(folder)
    scheme = result.prepared.scheme
    as_at = result.prepared.as_at
    content = {
        "engine_version": __version__,
        "schema_version": SCHEMA_VERSION,
        "scheme": scheme.name,
        "scheme_versions": [str(v.in_force.from_) for v in scheme.versions],
        "as_at": as_at if as_at == "close" else as_at.isoformat(),
        "seed": result.seed,
        "inputs": {n: h for n, h in files.items() if n.startswith(("inputs/", "scheme/"))},
    }
    run_id = _run_id(content)
    outputs = {n: h for n, h in files.items() if n not in content["inputs"]}
    return {
        "run_id": run_id,
        "audience": "officer",
        **content,
        "outputs": outputs,
        "counts": {
            "adverts": result.adverts.n_considered,
            "bids_counted": len(result),
            "bids_set_aside": result.set_aside.height,
        },
        "verification": result.verification.as_dict(),
    }


def _run_id(content: Mapping[str, Any]) -> str:
    """Hash of what the run was made from: engine, scheme, as-at, seed and every input file."""
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


_CONTENT = (
    "engine_version", "schema_version", "scheme", "scheme_versions", "as_at", "seed", "inputs",
)


def read_run(folder: str | Path) -> RunFolder:
    """Read a run folder back.

    Raises:
        RunError: it is not a run folder, a file or a table is missing, or a hash differs.
        SchemeError: the scheme kept in it cannot be loaded by this engine version.
    """
    path = Path(folder)
    manifest = _read_manifest(path)
    problems = []
    for name, expected in {**manifest["inputs"], **manifest["outputs"]}.items():
        try:
            found = sha256((path / name).read_bytes()).hexdigest()
        except OSError:
            problems.append(Problem("run_file_missing", "the file is missing", where=f"{path}/{name}"))
            continue
        if found != expected:
            problems.append(
                Problem(
                    "run_file_changed",
                    "the file has changed since the run was written",
                    where=f"{path}/{name}",
                    remedy="Run the shortlist again from its sources",
                )
            )
    if problems:
        raise RunError(problems)
    texts = [
        (Path(name).name, (path / name).read_text(encoding="utf-8"))
        for name in manifest["inputs"]
        if name.startswith("scheme/")
    ]
    frames = {
        Path(name).stem: pl.read_parquet(path / name, glob=False)
        for name in manifest["inputs"]
        if name.startswith("inputs/")
    }
    lost = [table for table in _ALWAYS_THERE if table not in frames]
    if lost:
        raise RunError(
            [
                Problem(
                    "run_table_missing",
                    f"the run was written without its table {table}",
                    where=str(path),
                    remedy="Run the shortlist again from its sources",
                )
                for table in lost
            ]
        )
    return RunFolder(path, manifest, scheme_from_text(texts), frames)


def _read_manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = {}
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        known = {*_CONTENT, "outputs", "run_id"} <= set(manifest) and all(
            isinstance(manifest[part], dict) for part in ("inputs", "outputs")
        )
    except (OSError, ValueError, TypeError):
        known = False
    if not known:
        kind = kind_of(path) or RUN
        remedy = "cbl shortlist --out writes one"
        if kind == STATE:
            remedy += "; results of a state are written by cbl results --out"
        raise RunError([Problem(
            "not_a_run", "this is not a run folder (it has no manifest that can be read)"
            if kind == RUN else f"this is {folder_called(kind)}, and no run folder",
            where=str(path), remedy=remedy)])
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise RunError(
            [
                Problem(
                    "run_of_other_schema",
                    "the run was written with another version of the output tables",
                    where=f"{path}/{MANIFEST}",
                    given=str(manifest["schema_version"]),
                    allowed=str(SCHEMA_VERSION),
                    remedy="Read it with the engine version named in the manifest",
                )
            ]
        )
    if _run_id({name: manifest[name] for name in _CONTENT}) != manifest["run_id"]:
        raise RunError(
            [
                Problem(
                    "run_file_changed",
                    "the manifest has changed since the run was written",
                    where=f"{path}/{MANIFEST}",
                    remedy="Run the shortlist again from its sources",
                )
            ]
        )
    return manifest

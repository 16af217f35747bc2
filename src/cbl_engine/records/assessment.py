"""The one-call chain of an assessment: scheme and register from files, every problem in one report.

The folder it writes::

    manifest.json            engine, scheme, as-at, a digest of each table read, hash of each file
    scheme/*.yaml            the scheme's text
    assessed.parquet         one row an application
    reasons.parquet          every test, award, override, status and date of each
    missing.parquet          what was not known, what needed it, what was done
    contradictions.parquet   what cannot all be true, and what was assumed
    changes.parquet          where the register records something else

It holds facts about households and is for officers. It does not hold the register: the digests say
which one it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess import assess, assessment_problems
from cbl_engine.errors import BadInput, Problem, RunError, SchemeError
from cbl_engine.records.chain import data_source
from cbl_engine.records.places import MANIFEST, check_place, digests_of, folder_beside
from cbl_engine.records.reads import extra_columns
from cbl_engine.scheme import load_scheme
from cbl_engine.tables import REGISTER_TABLES, TABLES, read_tables
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from cbl_engine.assess import Assessed
    from cbl_engine.scheme import Scheme

SCHEMA_VERSION = 1
"""Of the tables of the folder; a change that breaks a reader raises it."""

KIND = "assessment"
FRAMES = ("assessed", "reasons", "missing", "contradictions", "changes")
_RECORDED = ("bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date")


def run_assessment(
    scheme: str | Path | Scheme,
    data: str | Path,
    as_at: date,
    out: str | Path | None = None,
    *,
    mapping: str | Path | None = None,
    strict: bool = True,
    replace: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
    on_problems: Callable[[Sequence[Problem]], None] = lambda _: None,
) -> Assessed:
    """Assess every application of a data folder on a date, and keep the record.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one; the version in force on the
            date has an ``assessment:`` section.
        data: folder of tables, ``.xlsx`` file, database URL, or the name of a shipped borough.
            Adverts, homes and bids in it are read and checked, and not used.
        as_at: the date.
        out: folder to write; None writes nothing.
        mapping: how the data become our tables; None takes the folder's own, if any.
        strict: False leaves out bad rows instead of refusing; they are in
            ``<out>.problems.parquet`` beside the folder.
        replace: replace a folder of an earlier assessment.
        on_step: told the name of each step as it begins.
        on_problems: told what was left out, when not strict.

    Returns:
        An :class:`~cbl_engine.assess.Assessed`.

    Raises:
        BadInput: everything wrong with scheme and tables, in one report.
        PropertyError: the result broke a numbered property.
    """
    if out is not None:
        check_place(Path(out), replace=replace, kind=KIND)
    on_step("Reading the scheme and the tables")
    problems: list[Problem] = []
    loaded: Scheme | None = None
    try:
        loaded = load_scheme(scheme) if isinstance(scheme, (str, Path)) else scheme
    except SchemeError as error:
        problems += error.problems
    tables = read_tables(
        data_source(data), extra_columns(loaded) if loaded else {}, needs=("applications",),
        mapping=mapping, strict=False,
    )
    problems += [p for p in tables.problems if strict or _whole_table(p)]
    if loaded is not None and tables.frames:
        problems += assessment_problems(loaded, tables.frames, as_at)
    if problems or loaded is None:
        raise BadInput(dict.fromkeys(problems))
    if tables.problems:
        on_problems(tables.problems)
    on_step("Assessing")
    result = assess(loaded, tables.frames, as_at)
    if out is not None:
        on_step("Writing the folder")
        write_assessment(result, loaded, out, replace=replace)
        if tables.rejected.height:
            tables.rejected.write_parquet(Path(f"{out}.problems.parquet"))
    return result


def _whole_table(problem: Problem) -> bool:
    """Whether leaving out rows cannot help."""
    return not problem.rows


def changes_against_record(assessed: Assessed) -> pl.DataFrame:
    """Where the register records something else than what was found.

    Args:
        assessed: from :func:`cbl_engine.assess`.

    Returns:
        Frame of application, field (bedroom_need, sizes, band, points, place_in_band,
        priority_date, status), recorded and found (text as in CSV; null for nothing), ascending
        by application, fields in that order. A column that the register does not have is no
        change, nor is a priority date that it leaves to the rules; found of status is the one
        proposed.
    """
    have = assessed.tables["applications"]
    found = assessed.assessed
    rows = []
    for order, name in enumerate((*_RECORDED, "status")):
        if name not in have.columns:
            continue
        now = found["status_proposed" if name == "status" else name]
        told = pl.DataFrame({"application": found["application"]}).with_columns(
            _text(have[name]).alias("recorded"),
            _text(now).alias("found"),
            pl.lit(name).alias("field"),
            pl.lit(order).alias("order"),
        )
        changed = pl.col("recorded").ne_missing(pl.col("found"))
        if name == "priority_date":
            changed &= pl.col("recorded").is_not_null()
        rows.append(told.filter(changed))
    frame = pl.concat(rows).sort("application", "order")
    return frame.select("application", "field", "recorded", "found")


def _text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.join("|")
    return values.cast(pl.String)


def summary_by_band(assessed: Assessed) -> pl.DataFrame:
    """How many applications of each band and proposed status, and how much of it is open.

    Returns:
        Frame of band (null: none, or the scheme has no bands), status_proposed, applications,
        missing (with something not known), contradictory and changed (the register records
        something else); bands in the scheme's order, none last.
    """
    def among(frame: pl.DataFrame) -> pl.Series:
        there = np.zeros(assessed.assessed.height, bool)
        there[assessed.ids.ordinals_of(frame["application"].drop_nulls())] = True
        return pl.Series(there)

    bands = list(assessed.version.bands)
    numbers = {band: number for number, band in enumerate(bands)}
    found = assessed.assessed
    if not bands:
        found = found.with_columns(pl.lit(None, pl.String).alias("band"))
    told = found.with_columns(
        among(assessed.missing()).alias("missing"),
        among(assessed.contradictions).alias("contradictory"),
        among(changes_against_record(assessed)).alias("changed"),
        pl.col("band").replace_strict(numbers, default=len(bands), return_dtype=pl.Int64)
        .alias("order"),
    )
    return (
        told.group_by("order", "band", "status_proposed")
        .agg(pl.len().alias("applications"), pl.col("missing", "contradictory", "changed").sum())
        .sort("order", "band", "status_proposed", nulls_last=True)
        .drop("order")
    )


@dataclass(frozen=True, eq=False)
class AssessmentFolder:
    """A folder of an assessment, every hash of which agrees.

    Attributes:
        path: the folder.
        manifest: as written.
    """

    path: Path
    manifest: Mapping[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        """A table: assessed, reasons, missing, contradictions or changes."""
        return pl.read_parquet(self.path / f"{name}.parquet", glob=False)


def write_assessment(
    assessed: Assessed, scheme: Scheme, out: str | Path, *, replace: bool = False
) -> AssessmentFolder:
    """Write an assessment beside its place, then rename it.

    Args:
        assessed: from :func:`cbl_engine.assess`.
        scheme: it was assessed by.
        out: folder to write; nothing appears there until all of it is written.
        replace: put it in the place of an earlier one.

    Raises:
        RunError: the folder is there already, or cannot be written.
    """
    out = Path(out)
    with folder_beside(out, replace=replace, kind=KIND) as partial:
        (partial / "scheme").mkdir()
        for document in scheme.documents:
            (partial / "scheme" / document.name).write_text(document.text, encoding="utf-8")
        for name in FRAMES:
            _frame(assessed, name).write_parquet(partial / f"{name}.parquet")
        manifest = _manifest(assessed, scheme, partial)
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return AssessmentFolder(out, manifest)


def _frame(assessed: Assessed, name: str) -> pl.DataFrame:
    match name:
        case "assessed":
            return assessed.assessed
        case "contradictions":
            return assessed.contradictions
        case "changes":
            return changes_against_record(assessed)
    return getattr(assessed, name)()


def _manifest(assessed: Assessed, scheme: Scheme, folder: Path) -> dict[str, Any]:
    version = assessed.version
    return {
        "kind": KIND,
        "audience": "officer",
        "engine_version": __version__,
        "schema_version": SCHEMA_VERSION,
        "scheme": scheme.name,
        "scheme_version": str(version.in_force.from_),
        "as_at": assessed.as_at.isoformat(),
        "register": {t: _digest(assessed, t) for t in REGISTER_TABLES if t in assessed.tables},
        "files": digests_of(folder),
        "counts": {
            "applications": assessed.assessed.height,
            "contradictory": assessed.contradictions["application"].n_unique(),
        },
    }


def _digest(assessed: Assessed, table: str) -> str:
    """Hash of a table's rows in the columns that the engine knows, whatever their order."""
    frame = assessed.tables[table]
    known = {c.name for c in TABLES[table]} | set(assessed.version.declared(table))
    frame = frame.select(sorted(known & set(frame.columns)))
    by = [pl.col(c).list.join("|") if t == pl.List(pl.String)
          else pl.col(c).cast(pl.List(pl.String)).list.join("|") if isinstance(t, pl.List)
          else pl.col(c) for c, t in frame.schema.items()]
    content = BytesIO()
    frame.sort(by, nulls_last=False).write_parquet(content)
    return sha256(content.getvalue()).hexdigest()


def read_assessment(folder: str | Path) -> AssessmentFolder:
    """Read a folder of an assessment back.

    Raises:
        RunError: it is no such folder, a file is missing, or a hash differs.
    """
    path = Path(folder)
    manifest: dict[str, Any] = {}
    files: dict[str, str] | None
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"]) if manifest["kind"] == KIND else None
    except (OSError, ValueError, TypeError, KeyError):
        files = None
    if files is None:
        raise RunError(
            [Problem("not_an_assessment", "this is not the folder of an assessment",
                     where=str(path), remedy="cbl assess --out writes one")]
        )
    problems = []
    for name, expected in files.items():
        try:
            same = sha256((path / name).read_bytes()).hexdigest() == expected
        except OSError:
            same = False
        if not same:
            problems.append(Problem(
                "assessment_changed", "the file is missing, or has changed since it was written",
                where=f"{path}/{name}", remedy="Assess the register again",
            ))
    if problems:
        raise RunError(problems)
    return AssessmentFolder(path, manifest)

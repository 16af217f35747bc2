"""Lettings before and after by protected characteristic: the start of an equality impact assessment.

The ``equality`` table is read here and nowhere else: no scheme can name it. A household of which
nothing is on record, or whose value is empty, is *not stated*, a group like any other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.disclosure import LIMIT, with_totals, withheld
from cbl_engine.errors import BadInput, Problem, TableError
from cbl_engine.tables.needs import column_problems, frame_problems

if TYPE_CHECKING:
    from cbl_engine.compare.rerun import Rerun

COLUMNS = ("application", "characteristic", "value")
SOURCE = "source"
NOT_STATED = "not stated"
HISTORY = "the register of the history"
_SAVE_AGAIN = "A CSV file is read as UTF-8 with commas and one line of headings: save it so"


def read_equality(path: str | Path) -> pl.DataFrame:
    """An equality table from a CSV or Parquet file.

    Returns:
        application, characteristic, value (null: not stated, whether empty or said so) and source
        (where the value is from; null: not given).

    Raises:
        TableError: the file cannot be read, a column is missing, a household has two values of one
            characteristic, or a row has no application or characteristic.
    """
    path = Path(path)
    try:
        frame = (pl.read_parquet(path, glob=False) if path.suffix == ".parquet"
                 else pl.read_csv(path, infer_schema=False, glob=False))
    except (OSError, pl.exceptions.PolarsError) as error:
        said = ("there is no such file" if not path.exists() else "it is a folder" if path.is_dir()
                else (isinstance(error, OSError) and error.strerror) or "it is not such a table")
        raise TableError([Problem("equality_not_read", f"the table cannot be read: {said}",
                                  where=str(path), allowed="a CSV or Parquet file",
                                  remedy=_SAVE_AGAIN if path.is_file() else "")]) from None
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise TableError([Problem("column_missing", f"the column {name} is missing",
                                  where=str(path), allowed=", ".join(COLUMNS), remedy=_SAVE_AGAIN)
                          for name in missing])
    if SOURCE not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(SOURCE))
    frame = frame.select(pl.col(name).cast(pl.String).str.strip_chars().replace("", None)
                         for name in (*COLUMNS, SOURCE)).with_columns(
        pl.when(pl.col("value").str.to_lowercase() != NOT_STATED).then("value"))
    problems = []
    empty = frame.select(pl.any_horizontal(pl.col("application", "characteristic").is_null()).arg_true()).to_series()
    if empty.len():
        problems.append(Problem(
            "cell_empty", "rows without an application or a characteristic", where=str(path), count=empty.len(),
            rows=tuple(f"row {n + 1}" for n in empty.head(5)), remedy="Fill the cell in, or take the row out"))
    key = ("application", "characteristic")
    twice = frame.drop_nulls(key).group_by(key).len().filter(pl.col("len") > 1).sort(key[::-1])
    problems += [Problem("value_twice", "households with two values of one characteristic", where=str(path),
                         given=str(name), count=rows.height, rows=tuple(rows["application"].head(5)),
                         remedy="Keep one row each")
                 for (name,), rows in twice.group_by("characteristic", maintain_order=True)]
    if problems:
        raise TableError(problems)
    return frame


def checked_equality(equality: pl.DataFrame) -> pl.DataFrame:
    """An equality table that was made in Python, as :func:`read_equality` gives it: ids as text.

    Raises:
        TableError: it is no frame, or columns are missing or of another type.
    """
    problems = list(frame_problems({"equality": equality}))
    if not problems:
        problems = [
            replace(problem, remedy="") for problem in column_problems(
                equality, "equality", dict(zip(COLUMNS, ("id", "text", "text"), strict=True)))]
    if problems:
        raise TableError(problems)
    return equality.with_columns(pl.col(COLUMNS).cast(pl.String))


def check_join(equality: pl.DataFrame, ids: pl.Series, register: str) -> None:
    """Refuse an equality table of other households.

    Args:
        equality: as :func:`read_equality` gives it.
        ids: applications that it may name, as text.
        register: what they are on, in words.

    Raises:
        BadInput: it names none of them.
    """
    named, missed = _missed(equality, ids)
    if missed == named:
        raise BadInput([Problem(
            "nobody_to_join", f"no application of the table is on {register}",
            where="equality", given=f"{named:,} applications")])


def missed_say(equality: pl.DataFrame, ids: pl.Series, register: str) -> str:
    """How many applications of a table are not on a register, in a sentence; empty for none."""
    named, missed = _missed(equality, ids)
    return "" if not missed else (
        f"Of {named:,} applications in the table {missed:,} {'is' if missed == 1 else 'are'} not on {register}: "
        "what it says of them is counted nowhere.")


def _missed(equality: pl.DataFrame, ids: pl.Series) -> tuple[int, int]:
    named = equality["application"].drop_nulls().unique()
    return named.len(), named.len() - int(named.is_in(ids.implode()).sum())


def sources_say(equality: pl.DataFrame) -> str:
    """Where the values of each characteristic are from, in a sentence each."""
    if SOURCE not in equality.columns:
        return ""
    said = []
    for (name,), rows in equality.sort("characteristic").group_by("characteristic", maintain_order=True):
        stated = rows.drop_nulls("value")
        known = stated[SOURCE].drop_nulls().unique().sort().to_list()
        if stated[SOURCE].null_count():
            known.append("no source given")
        said.append(f"{str(name).capitalize()}: {', '.join(known) or 'nobody stated it'}.")
    return "Where values are from. " + " ".join(said)


def by_characteristic(found: Rerun, equality: pl.DataFrame) -> pl.DataFrame:
    """Lettings before and under the new scheme, by value of each characteristic.

    Counts of 1 to 4, and what they could be worked out from, are withheld.

    Args:
        found: of :func:`cbl_engine.compare.rerun`; the lettings judged are counted.
        equality: application, characteristic, value, as :func:`read_equality` gives it.

    Returns:
        characteristic, group (``not stated`` last, then ``all``), lettings, would_have and difference;
        null where withheld.

    Raises:
        TableError: as of :func:`checked_equality`.
        BadInput: the table names no application of the history.
    """
    equality, judged = checked_equality(equality), found.judged
    check_join(equality, found.applications, HISTORY)
    parts = []
    for name in equality["characteristic"].unique().sort():
        held = equality.filter(pl.col("characteristic") == name).select("application", "value")
        groups = [*held["value"].drop_nulls().unique().sort(), NOT_STATED]
        before, after = (_counts(judged[column], held, groups)
                         for column in ("went_to", "would_go_to"))
        hidden = withheld(before, LIMIT) | withheld(after, LIMIT)
        shown = pl.DataFrame({
            "characteristic": [name] * (len(groups) + 1), "group": [*groups, "all"],
            "lettings": before, "would_have": after, "hidden": hidden})
        parts.append(shown.with_columns((pl.col("would_have") - pl.col("lettings")).alias("difference")))
    return pl.concat(parts).select("characteristic", "group", *(
        pl.when(~pl.col("hidden")).then(c).alias(c) for c in ("lettings", "would_have", "difference")))


def _counts(households: pl.Series, held: pl.DataFrame, groups: list[str]) -> np.ndarray:
    """How many of the households are of each group, and of all."""
    value = households.drop_nulls().to_frame("application").join(
        held, on="application", how="left")["value"].fill_null(NOT_STATED)
    found = dict(value.value_counts().iter_rows())
    return with_totals(np.array([found.get(group, 0) for group in groups]))

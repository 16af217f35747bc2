"""A run's results as tables of an SQL database, each row under the run's id.

::

    cbl_runs             run_id (key), scheme, as_at, engine_version, seed, counts, manifest
    cbl_shortlist        run_id, advert, application (key), placed_at, ... as in the run folder
    cbl_stage_failures   run_id, advert, application, stage (key), failed, unknown
    cbl_set_aside        run_id, advert, application, placed_at, reason

Lists have ``|`` between items; moments are absolute (in SQLite: UTC without an offset).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import CblError, Problem, RunError
from cbl_engine.records import RunFolder, read_run
from cbl_engine.records.places import check_outside
from cbl_engine.tables.database import open_database, said, shown_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

RESULTS = ("shortlist", "stage_failures", "set_aside")
_KEYS = {
    "shortlist": ("advert", "application"),
    "stage_failures": ("advert", "application", "stage"),
    "set_aside": (),
}
_BATCH = 20_000


def write_run_to_sql(run: RunFolder | str | Path, url: str, schema: str | None = None) -> bool:
    """Write a run's results into a database, in one transaction; tables are made when missing.

    Args:
        run: a run folder, or its path.
        url: ``sqlite:///file.db`` or ``postgresql://user@host/name``; needs the extra ``sql``.
        schema: database schema of the tables; None is the connection's own.

    Returns:
        True when the run was written, False when a run of that id is there already: it is left
        as it is.

    Raises:
        RunError: not a run folder, there is no place for a SQLite file, or the database refuses;
            nothing was written.
        TableError: not a database address, or a package is missing.
    """
    folder = run if isinstance(run, RunFolder) else read_run(run)
    engine = open_database(url, must_exist=False)
    made: Path | None = None
    if engine.url.get_backend_name() == "sqlite" and engine.url.database:
        check_outside(engine.url.database)
        if problems := list(_no_place(engine.url.database, url)):
            raise RunError(problems)
        # SQLite makes the file when it is first spoken to.
        made = None if Path(engine.url.database).exists() else Path(engine.url.database)
    try:
        with engine.begin() as connection:
            return _write(connection, folder, schema)
    except BaseException as error:
        engine.dispose()
        if made is not None and made.is_file():
            made.unlink()
        if isinstance(error, CblError) or not isinstance(error, Exception):
            raise
        raise RunError(
            [Problem("not_published", f"the database refused: {said(error, url)}",
                     where=shown_url(url), remedy=f"Nothing was written. {_to_do(error)}".rstrip())]
        ) from None
    finally:
        engine.dispose()


def _no_place(database: str, url: str) -> Iterator[Problem]:
    """Why a SQLite file cannot be where it is to be; SQLite itself has one reason for all."""
    if database.startswith(("file:", ":memory:")):
        return
    if Path(database).is_dir():
        yield Problem("folder_in_the_way", "this is a folder, where a database file is written",
                      where=shown_url(url), given=database, remedy="Name a file")
    elif not Path(database).parent.is_dir():
        yield Problem("folder_missing", "there is no such folder to write to", where=shown_url(url),
                      given=str(Path(database).parent), remedy="Make it first, or name another")


def _to_do(error: BaseException) -> str:
    """What helps against what a SQLite file is often refused for."""
    reason = str(getattr(error, "orig", None) or "")
    if "locked" in reason:
        return "Close what has it open, and run it again"
    if "unable to open" in reason or "readonly" in reason:
        return "Name a place that may be written to"
    return ""


def _write(connection: sa.Connection, run: RunFolder, schema: str | None) -> bool:
    import sqlalchemy as sa

    results = {name: run.table(name) for name in RESULTS}
    metadata = sa.MetaData(schema=schema)
    runs = _runs_table(metadata)
    tables = {name: _table(metadata, name, frame) for name, frame in results.items()}
    metadata.create_all(connection)
    run_id = run.manifest["run_id"]
    if connection.execute(sa.select(runs.c.run_id).where(runs.c.run_id == run_id)).first():
        return False
    counts = run.manifest["counts"]
    connection.execute(
        runs.insert(),
        {
            **{name: run.manifest[name] for name in ("run_id", "scheme", "as_at", "seed",
                                                     "engine_version", "schema_version")},
            **{name: counts[name] for name in ("adverts", "bids_counted", "bids_set_aside")},
            "manifest": json.dumps(run.manifest, sort_keys=True),
        },
    )
    for name, table in tables.items():
        frame = _plain(results[name]).insert_column(0, pl.lit(run_id).alias("run_id"))
        for rows in frame.iter_slices(_BATCH):
            connection.execute(table.insert(), rows.to_dicts())
    return True


def _runs_table(metadata: sa.MetaData) -> sa.Table:
    import sqlalchemy as sa

    return sa.Table(
        "cbl_runs",
        metadata,
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("scheme", sa.Text, nullable=False),
        sa.Column("as_at", sa.String(10), nullable=False),
        sa.Column("engine_version", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("adverts", sa.BigInteger, nullable=False),
        sa.Column("bids_counted", sa.BigInteger, nullable=False),
        sa.Column("bids_set_aside", sa.BigInteger, nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
    )


def _table(metadata: sa.MetaData, name: str, frame: pl.DataFrame) -> sa.Table:
    import sqlalchemy as sa

    runs = f"{metadata.schema}.cbl_runs" if metadata.schema else "cbl_runs"
    reference = sa.Column(
        "run_id", sa.String(32), sa.ForeignKey(f"{runs}.run_id"), nullable=False,
        primary_key=bool(_KEYS[name]), index=not _KEYS[name],
    )
    columns = [
        sa.Column(column, _sql_type(column, dtype), primary_key=column in _KEYS[name])
        for column, dtype in frame.schema.items()
    ]
    return sa.Table(f"cbl_{name}", metadata, reference, *columns)


def _sql_type(column: str, dtype: pl.DataType) -> Any:
    import sqlalchemy as sa

    if column in ("advert", "application"):
        # Ids that are numbers in one run may be text in the next.
        return sa.String(200)
    if isinstance(dtype, pl.Datetime):
        return sa.DateTime(timezone=True)
    if dtype == pl.Boolean:
        return sa.Boolean()
    return sa.Integer() if dtype.is_integer() else sa.Text()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(pl.List(pl.String)).list.join("|"),
        pl.col(pl.Datetime).dt.convert_time_zone("UTC"),
        pl.col("advert", "application").cast(pl.String),
    )

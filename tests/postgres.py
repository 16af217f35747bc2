"""PostgreSQL in and out, on a server of its own that lives as long as this: ``python -m tests.postgres``.

The server comes from the system's packages (Debian: ``postgresql``); without them, or without an
account it may run under, it says "not run" and exits 0. Nothing outside a temporary folder is
touched, and it listens on a socket in that folder only.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from cbl_engine import read_run, read_tables, run_shortlist
from cbl_engine.errors import BadInput, RunError
from cbl_engine.export import write_run_to_sql
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "cbl_test"


def programs() -> Path | None:
    """Folder of initdb and pg_ctl."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("pg_ctl")
    folders = [*installed, *([Path(found).parent] if found else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def account() -> tuple[list[str], str] | None:
    """What to put before a command so that the server does not run as root, and who it then is."""
    if os.geteuid():
        return [], pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            found = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
            if found:
                return [found, "-u", name, "--"], name
    return None


@contextlib.contextmanager
def server(bin_folder: Path, before: list[str], user: str) -> Iterator[str]:
    """A server with an empty database; its URL."""
    with tempfile.TemporaryDirectory(prefix="cblpg") as name:
        folder = Path(name)
        if before:
            shutil.chown(folder, user)
        data = folder / "data"

        def run(program: str, *words: str) -> None:
            subprocess.run([*before, str(bin_folder / program), *words], check=True, cwd=folder,
                           stdout=subprocess.DEVNULL, timeout=120)

        run("initdb", "-D", str(data), "-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://{NAME}:hunter2@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def fill(url: str) -> None:
    """Riverton as tables with real types, a schema of a vendor beside them."""
    types = {"String": "text", "Boolean": "boolean", "Int64": "bigint", "Float64": "numeric",
             "Date": "date"}
    frames = read_tables(shipped_folder("boroughs") / "riverton").frames
    engine = open_database(url)
    with engine.begin() as connection:
        for table, frame in frames.items():
            frame = frame.drop("source_name", "source_row")
            if table == "adverts":
                frame = frame.with_columns(pl.col("labels").list.join("|"))
            if table == "applications":
                frame = frame.with_columns(pl.col("sizes").cast(pl.List(pl.String)).list.join("|"))
            columns = ", ".join(
                f'"{n}" {types.get(str(t), "timestamptz")}' for n, t in frame.schema.items()
            )
            marks = ", ".join(f":c{i}" for i in range(frame.width))
            rows = frame.rename({n: f"c{i}" for i, n in enumerate(frame.columns)}).to_dicts()
            connection.execute(sa.text(f'CREATE TABLE "{table}" ({columns})'))
            connection.execute(sa.text(f'INSERT INTO "{table}" VALUES ({marks})'), rows)
        connection.execute(sa.text("CREATE SCHEMA vendor"))
        connection.execute(sa.text("CREATE VIEW vendor.bid_log AS SELECT * FROM bids"))
        connection.execute(sa.text("CREATE TABLE odd (u uuid, j json, n numeric, x text)"))
        connection.execute(sa.text("INSERT INTO odd VALUES "
                                   "('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{}', 1.5, 'SECRET')"))
    engine.dispose()


def the_same_shortlist_from_tables(url: str, folder: Path) -> None:
    ours = run_shortlist("sheffield", url, out=folder / "run")
    theirs = run_shortlist("sheffield", "riverton")
    assert_frame_equal(ours.frame(), theirs.frame())
    lineage = pl.read_parquet(folder / "run/lineage/bids.parquet")
    assert lineage["source_name"].unique().to_list() == ["bids"]


def a_mapping_names_schemas_and_queries(url: str, folder: Path) -> None:
    mapping = folder / "m.yaml"
    mapping.write_text(
        "bids: {table: vendor.bid_log}\n"
        "landlords:\n"
        "  - table: landlords\n"
        "  - query: SELECT u AS id, n::text AS name FROM odd\n"
    )
    tables = read_tables(url, mapping=mapping)
    assert tables.sources["bids"] == ("vendor.bid_log",)
    assert tables.frames["bids"].height == 1040
    last = tables.frames["landlords"].rows()[-1]
    assert last == ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "1.5", "query for landlords", 1)


def a_query_cannot_write_and_a_message_has_no_value(url: str, folder: Path) -> None:
    mapping = folder / "w.yaml"
    for query, says in (
        ("WITH gone AS (DELETE FROM bids RETURNING *) SELECT * FROM gone", "read-only"),
        ("SELECT x::integer FROM odd", "a value does not fit (SQLSTATE 22P02)"),
    ):
        mapping.write_text(f"bids: {{query: '{query}'}}\n")
        (line,) = [p.line() for p in read_tables(url, mapping=mapping, strict=False).problems]
        assert says in line, line
        assert "SECRET" not in line
    assert read_tables(url).frames["bids"].height == 1040


def a_password_is_never_said(url: str, _folder: Path) -> None:
    for wrong in (url.replace("cblpg", "cblno"), url.replace("/postgres?", "/nosuch?")):
        with pytest.raises(BadInput) as caught:
            read_tables(wrong)
        assert "hunter2" not in str(caught.value)


def results_are_written_once_and_whole(url: str, folder: Path) -> None:
    run = read_run(folder / "run")
    assert write_run_to_sql(run, url) is True
    assert write_run_to_sql(run, url) is False
    engine = open_database(url)
    with engine.connect() as connection:
        read = pl.read_database("SELECT * FROM cbl_shortlist ORDER BY advert, position NULLS LAST, "
                                "application", connection, infer_schema_length=None)
        read = read.with_columns(pl.col("placed_at").dt.convert_time_zone("Europe/London"))
    recorded = run.table("shortlist")
    assert read["application"].to_list() == recorded["application"].to_list()
    assert read["placed_at"].to_list() == recorded["placed_at"].to_list()
    assert read["eligible"].to_list() == recorded["eligible"].to_list()
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA half"))
        connection.execute(sa.text("CREATE TABLE half.cbl_set_aside (run_id text)"))
    with pytest.raises(RunError) as caught:
        write_run_to_sql(run, url, schema="half")
    assert "hunter2" not in str(caught.value)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names("half") == ["cbl_set_aside"]
    engine.dispose()


CHECKS = (
    the_same_shortlist_from_tables,
    a_mapping_names_schemas_and_queries,
    a_query_cannot_write_and_a_message_has_no_value,
    a_password_is_never_said,
    results_are_written_once_and_whole,
)


def main() -> int:
    """Run every check; 0 when all hold or none could be run."""
    bin_folder, who = programs(), account()
    if bin_folder is None or who is None:
        sys.stdout.write("not run: no PostgreSQL server to start (Debian: postgresql)\n")
        return 0
    with server(bin_folder, *who) as url, tempfile.TemporaryDirectory() as name:
        fill(url)
        for check in CHECKS:
            check(url, Path(name))
            sys.stdout.write(f"holds: {check.__name__.replace('_', ' ')}\n")
    sys.stdout.write(f"PostgreSQL: {len(CHECKS)} checks hold\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

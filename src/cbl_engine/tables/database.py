"""The door to an SQL database: a table by its own name, or a table or query the mapping names.

Through SQLAlchemy (extra ``sql``), in one transaction that is never committed. A URL's user,
password and options are never printed.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.tables.findings import Finding, Source, quoted
from cbl_engine.tables.raw import Door, Part, Raw, closed_door, numbered, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from cbl_engine.tables.mapping import SourceMapping

_MISSING = "pip install 'cbl-engine[sql]'"
_SPOKEN_TO = ("sqlite", "postgresql", "postgres")
_SQLITE_TAKES = {"cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout"}
"""What SQLAlchemy hands on to SQLite; anything else it passes over with a warning, but for ``uri``."""
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def is_database_url(text: str) -> bool:
    """Whether a data source is a database: ``sqlite:///file.db``, ``postgresql://host/name``."""
    return re.match(r"[A-Za-z][A-Za-z0-9+_]*://", text) is not None


def shown_url(text: str) -> str:
    """A URL as messages have it: without user, password and options."""
    scheme, _, rest = text.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def open_database(text: str, *, must_exist: bool = True) -> sa.Engine:
    """An engine for a URL; nothing is connected to yet.

    Args:
        text: the URL. ``postgresql://`` is spoken to by psycopg.
        must_exist: a SQLite file that is not there is bad input, where it would be made.

    Raises:
        TableError: not a URL that can be used, or a package is not installed.
    """
    where = shown_url(text)
    try:
        import sqlalchemy as sa
    except ImportError:
        raise TableError([
            Problem("missing_package", "cannot be reached: the package sqlalchemy is not installed",
                    where=where, remedy=_MISSING)
        ]) from None
    try:
        url = sa.make_url(text)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        if url.get_backend_name() == "sqlite":
            if "uri" not in url.query and url.query.keys() - _SQLITE_TAKES:
                raise TableError([_not_taken(where)])
            if must_exist and not _is_there(url.database):
                raise TableError([_no_file(url.database, where)])
        return sa.create_engine(url)
    except (ImportError, sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError) as error:
        spoken_to = text.partition(":")[0].partition("+")[0] in _SPOKEN_TO
        missing = isinstance(error, ImportError) and spoken_to
        raise TableError([
            Problem(
                "missing_package" if missing else "bad_database_url",
                "the package for this database is not installed" if missing
                else "is not a database address that can be used" if spoken_to
                else "is of a kind of database that the engine is not made for",
                where=where,
                allowed="sqlite:///file.db, postgresql://user@host/name",
                remedy=_MISSING if missing else "",
            )
        ]) from None


def _not_taken(where: str) -> Problem:
    return Problem("bad_database_url", "what stands after ? is nothing that a SQLite file is opened with",
                   where=where, allowed="nothing, or timeout=seconds", remedy="Leave it out")


def _no_file(database: str | None, where: str) -> Problem:
    """Why a SQLite database is no file; a path from the root with a slash too few is a usual slip."""
    allowed = "sqlite:///file.db from the working folder, sqlite:////folder/file.db from the root"
    if not database:
        return Problem("missing_file", "names no database file", where=where, allowed=allowed)
    if Path(database).exists():
        return Problem("missing_file", "is not a database file", where=where)
    return Problem("missing_file", "there is no such file", where=where, allowed=allowed)


def _is_there(database: str | None) -> bool:
    return bool(database) and Path(str(database)).is_file()


def said(error: Exception, text: str) -> str:
    """The first line of a database's message, without a value or the secrets of the URL."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    if state.startswith(("22", "23")):
        # Such a message quotes the value, and it may be personal.
        return f"a value does not fit (SQLSTATE {state})"
    line = str(getattr(error, "orig", None) or error).strip().splitlines()
    first = line[0][:160] if line else type(error).__name__
    first = first.replace(text, shown_url(text))
    secrets = re.match(r"[^:]+://([^/?]*)@", text)
    for part in re.split(r"[:@]", secrets[1]) if secrets else ():
        for secret in {part, unquote(part)} - {""}:
            # As a word: a user may be called as a word begins.
            first = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", first)
    return first


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that can only read, where the database knows how, and is rolled back."""
    import sqlalchemy as sa

    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        elif engine.dialect.name == "sqlite":
            connection.execute(sa.text("PRAGMA query_only = ON"))
        try:
            yield connection
        finally:
            connection.rollback()
            if engine.dialect.name == "sqlite":
                connection.execute(sa.text("PRAGMA query_only = OFF"))


def database_door(text: str) -> Door:
    """The parts of a database: its tables and views, and any query."""
    where = shown_url(text)
    try:
        engine = open_database(text)
        present = _present(engine)
    except TableError as error:
        return closed_door(*error.problems)
    except Exception as error:
        problem = Problem("no_connection", f"cannot be read: {said(error, text)}", where=where)
        return closed_door(problem)

    def part(name: str, statement: str) -> Part:
        return Part(Source(name, "row "), partial(_read, engine, text, name, statement))

    def table_part(name: str, schema: str | None = None) -> Part:
        preparer = engine.dialect.identifier_preparer
        words = [preparer.quote_identifier(word) for word in (schema, name) if word]
        shown = f"{schema}.{name}" if schema else name
        return part(shown, f"SELECT * FROM {'.'.join(words)}")  # noqa: S608  quoted above

    def named(table: str, mapping: SourceMapping) -> Part | Finding | None:
        if mapping.file or mapping.sheet:
            message = f"{mapping.name} names a file or sheet, and this is a database"
            return Finding(table, "", "wrong_source", message)
        if mapping.query:
            return part(f"query for {table}", mapping.query)
        if not mapping.table:
            return None
        schema, _, name = mapping.table.rpartition(".")
        if not schema and name.casefold() not in present:
            message = f"{mapping.name} names the table {quoted(name)}, which is not there"
            allowed = ", ".join(quoted(one) for one in list(present.values())[:20])
            return Finding(table, "", "missing_table", message, allowed=allowed)
        return table_part(name if schema else present[name.casefold()], schema or None)

    def called(table: str) -> tuple[Part, ...]:
        return (table_part(present[table]),) if table in present else ()

    def expected(table: str) -> str:
        return f"a table or view called {table}"

    def others(used: frozenset[str]) -> tuple[str, ...]:
        return tuple(name for name in present.values() if name not in used)

    return Door(named, called, expected, others)


def _present(engine: sa.Engine) -> dict[str, str]:
    """Tables and views of the default schema, by name without capitals."""
    import sqlalchemy as sa

    inspector = sa.inspect(engine)
    names = sorted([*inspector.get_table_names(), *inspector.get_view_names()])
    return {name.casefold(): name for name in names}


def _read(
    engine: sa.Engine, text: str, name: str, statement: str, table: str, _mapping: SourceMapping
) -> Raw:
    """The rows of a statement."""
    import sqlalchemy as sa

    try:
        with reading(engine) as connection:
            # A colon begins a parameter in SQLAlchemy's text, and a mapping has none.
            query = sa.text(statement.replace(":", r"\:"))
            frame = pl.read_database(query, connection, infer_schema_length=None)
    except pl.exceptions.DuplicateError:
        message = "names a column twice"
        return unusable(table, name, "duplicate_column", message, "Name them apart with AS")
    except Exception as error:
        message = f"cannot be read: {said(error, text)}"
        return unusable(table, name, "unreadable_table", message)
    finally:
        engine.dispose()
    # What polars has no type for, such as a UUID, is text.
    texts = [
        pl.Series(values.name, [None if v is None else str(v) for v in values], pl.String)
        for values in frame
        if values.dtype == pl.Object
    ]
    frame = frame.with_columns(texts)
    return Raw(frame, numbered(frame.height), as_typed=True)

"""PostgreSQL's turn: one SQL statement in a server of its own, timed in the server and outside.

Tables are loaded, indexed by their ids, vacuumed and analysed before the clock starts, band and
status as enums. The answer leaves as three arrays in one row, in PostgreSQL's binary form, which
numpy reads as they are: a row at a time takes a tenth longer, COPY in binary form twice as long.
The server's clock runs from the moment the statement comes in until the arrays are made.

Measured against the alternatives at S and M: ranking the applications once (10% faster at M, five
times slower at S) or by the keys of each bid; a window over all bids instead of over the eligible,
with the refused put beside them by UNION ALL (40% slower); the applications materialised first
(20% slower); with and without compiling (jit) and parallel workers (no difference for this
statement).
"""

from __future__ import annotations

import io
import weakref
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv

from benchmarks.contest.data import AS_AT
from benchmarks.contest.server import Server, Watch
from benchmarks.contest.sql import by_application, by_bid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SETTINGS = {"shared_buffers": "1GB", "work_mem": "512MB", "autovacuum": "off"}
ENUMS = {
    ("applications", "band"): ("band", "'A', 'B', 'C', 'D', 'E'"),
    ("applications", "status"): ("status", "'active', 'suspended', 'deferred'"),
}
KINDS = {
    pa.int8(): "smallint",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}
HEAD = 20
"""Bytes before the elements of an array of one dimension."""


class PostgreSQL:
    """Tables in a server's memory, before the clock starts.

    Attributes:
        in_server: what the last turn took by the server's clock [s].
        server_peak: the most its processes held in a turn that is not counted [MiB].
    """

    tuning = "one SQL statement, shared_buffers 1 GB, work_mem 512 MB; ranked by bid at S only"

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.server = Server(SETTINGS)
        weakref.finalize(self, self.server.end)
        self.connection = psycopg.connect(self.server.address, autocommit=True)
        weakref.finalize(self, self.connection.close)
        for kind, names in ENUMS.values():
            self.connection.execute(f"CREATE TYPE {kind} AS ENUM ({names})")
        for name, table in tables.items():
            self._load(name, table)
        more_bids = tables["bids"].num_rows > tables["applications"].num_rows
        rows = (by_application if more_bids else by_bid)(f"DATE '{AS_AT}'")
        self.query = f"""
            SELECT array_send(array_agg(bid)), array_send(array_agg(position)),
                   array_send(array_agg(failed)),
                   extract(epoch FROM clock_timestamp() - statement_timestamp())::float8
            FROM ({rows}) AS answer
        """
        self.in_server = 0.0
        with Watch(self.server) as watch:
            self.cold()
        self.server_peak = watch.peak

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        """Bid rows, positions and failure words."""
        *sent, self.in_server = self.connection.execute(self.query, binary=True).fetchone()
        bid, position, failed = (elements(part) for part in sent)
        return bid, position, failed

    def _load(self, name: str, table: pa.Table) -> None:
        key = table.column_names[0]
        columns = [f"{c} {kind_of(name, table.schema.field(c))}" for c in table.column_names]
        self.connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        written = io.BytesIO()
        plain = table.cast(pa.schema([
            f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema
        ]))
        pyarrow.csv.write_csv(plain, written, pyarrow.csv.WriteOptions(include_header=False))
        with self.connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            copy.write(written.getbuffer())
        self.connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")
        self.connection.execute(f"VACUUM ANALYZE {name}")


def kind_of(table: str, field: pa.Field) -> str:
    """The PostgreSQL type of a column."""
    if (table, field.name) in ENUMS:
        return ENUMS[table, field.name][0]
    if pa.types.is_timestamp(field.type):
        return "timestamptz"
    return KINDS.get(field.type, "text")


def elements(sent: bytes) -> NDArray[np.int32]:
    """What ``array_send`` sent of whole numbers without nulls: a length and a value for each."""
    return np.frombuffer(sent, ">i4", offset=HEAD)[1::2].astype(np.int32)

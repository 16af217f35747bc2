"""Facts of one small register, by the names of its households."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from cbl_engine.assess import household_facts, pair_fact_values
from cbl_engine.scheme import scheme_from_text
from cbl_engine.tables import DTYPES, Ordinals, column_types

AREAS = [
    {"id": "mill", "parent": "east", "level": "parish"},
    {"id": "quay", "parent": "east", "level": "parish"},
    {"id": "moor", "parent": "west", "level": "parish"},
    {"id": "east", "parent": "harbour", "level": "ward"},
    {"id": "west", "parent": "harbour", "level": "ward"},
    {"id": "harbour", "parent": None, "level": "district"},
    {"id": "abroad", "parent": None, "level": "district"},
]
AS_AT = date(2024, 3, 31)


def frame_of(table: str, rows: list[dict[str, Any]], **more: Any) -> pl.DataFrame:
    """Rows as the standard columns of a table (and more), null where a row says nothing."""
    types = {n: DTYPES[t] for n, t in column_types(table).items()} | more
    return pl.DataFrame([{n: row.get(n) for n in types} for row in rows], schema=types)


class Facts:
    """The facts of a scheme that declares nothing else."""

    as_at = AS_AT

    def __init__(self, rule: str, extra: str = "") -> None:
        text = (
            "scheme: s\ntitle: t\nauthority: a\nin_force: {from: 2020-01-01, assumed: true}\n"
            f"{extra}facts: {{f: {{label: x, {rule}}}}}\n"
            "profiles: {p: {label: x, order: [{tie: human}]}}\n"
        )
        self.version = scheme_from_text(text).versions[0]
        self.fact = self.version.facts["f"]

    def tables(
        self, people: list[dict[str, Any]], connections: list[dict[str, Any]], **more: Any
    ) -> dict[str, pl.DataFrame]:
        """The tables facts read."""
        return {
            "people": frame_of("people", people, **more),
            "connections": frame_of("connections", connections),
            "areas": frame_of("areas", AREAS),
        }

    def of(
        self,
        people: list[dict[str, Any]] | None = None,
        connections: list[dict[str, Any]] | None = None,
        households: str = "A",
        **more: Any,
    ) -> list[Any]:
        """The fact's value for each household."""
        ids = Ordinals(pl.Series(list(households)))
        constants = {"as_at": AS_AT, "param.old": 18}
        tables = self.tables(people or [], connections or [], **more)
        frame = household_facts({"f": self.fact}, tables, ids, AS_AT, constants, self.version)
        return frame["f"].to_list()

    def one(self, connections: list[dict[str, Any]], people: Any = None) -> Any:
        """The value for household A of these connections."""
        rows = [{"application": "A", "kind": "residence", **row} for row in connections]
        return self.of(people, rows)[0]

    def pair(
        self,
        connections: list[dict[str, Any]],
        areas: list[str],
        people: list[dict[str, Any]] | None = None,
    ) -> list[Any]:
        """The value for household A at homes in each of these areas."""
        rows = [{"application": "A", "kind": "residence", **row} for row in connections]
        ids = Ordinals(pl.Series(["A"]))
        tables = self.tables(people or [], rows)
        constants = {"as_at": AS_AT, "param.old": 18}
        frame = pair_fact_values(self.fact, areas, tables, ids, AS_AT, constants, self.version)
        return list(frame.row(0)) if frame.width else []


@pytest.fixture
def facts() -> type[Facts]:
    return Facts

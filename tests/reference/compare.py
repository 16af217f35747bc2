"""The engine against the oracle on one case, and a case made smaller while they differ."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import BadInput
from cbl_engine.shortlist import prepare, shortlist
from tests.reference.frames import frames_of
from tests.reference.ranker import Ranking, RefusedError, rank
from tests.reference.strategies import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.reference.strategies import Case

TABLES = ("counted", "stage_failures", "set_aside")


def by_oracle(case: Case) -> Ranking | None:
    """What the oracle makes of a case; None when it refuses the input."""
    try:
        return rank(
            case.scheme(),
            case.register,
            case.adverts,
            case.bids,
            case.homes,
            case.as_at,
            case.seed,
        )
    except RefusedError:
        return None


def by_engine(case: Case) -> Ranking | None:
    """What the engine makes of a case; None when it refuses the input."""
    register, adverts, bids, homes = frames_of(case)
    scheme = case.scheme()
    try:
        prepared = prepare(scheme, register, case.as_at)
        result = shortlist(prepared, adverts, bids, homes=homes, seed=case.seed, verify="full")
    except BadInput:
        return None
    frames = result.frame(), result.stage_failures(), result.set_aside
    return Ranking(*([_in_utc(row) for row in frame.to_dicts()] for frame in frames))


def _in_utc(row: dict[str, Any]) -> dict[str, Any]:
    """Python calls moments in the hour that clocks repeat unequal between zones."""
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def differences(case: Case) -> list[str]:
    """Everything on which engine and oracle differ, a line each; empty when they agree."""
    wanted = by_oracle(case)
    try:
        given = by_engine(case)
    except Exception as error:
        return [f"the engine fails: {type(error).__name__}: {error}"]
    if wanted is None or given is None:
        names = {True: "refuses the input", False: "ranks"}
        if (wanted is None) == (given is None):
            return []
        return [f"the oracle {names[wanted is None]}, the engine {names[given is None]}"]
    found = []
    for table in TABLES:
        found += _between(table, getattr(wanted, table), getattr(given, table))
    return found


def _between(table: str, wanted: list[Any], given: list[Any]) -> Iterator[str]:
    if table != "counted":
        names = ("advert", "application", "stage" if table == "stage_failures" else "placed_at")
        wanted, given = (
            sorted(rows, key=lambda row: tuple(row[name] for name in names))
            for rows in (wanted, given)
        )
    if len(wanted) != len(given):
        yield f"{table}: {len(wanted)} rows by the oracle, {len(given)} by the engine"
        return
    for mine, theirs in zip(wanted, given, strict=True):
        if mine == theirs:
            continue
        columns = [name for name in mine if name not in theirs or mine[name] != theirs[name]]
        yield f"{table}: {mine['advert']} {mine['application']}: " + "; ".join(
            f"{name}: oracle {mine[name]!r}, engine {theirs.get(name)!r}" for name in columns
        )


def smaller(case: Case, differs: Callable[[Case], bool], seconds: float = 60) -> Case:
    """The case with what the difference does not need left out, as far as the time goes."""
    until = time.monotonic() + seconds
    while True:
        for candidate in _cut(case):
            if time.monotonic() > until:
                return case
            try:
                still = differs(candidate)
            except Exception:
                still = False
            if still:
                case = candidate
                break
        else:
            return case


def _cut(case: Case) -> Iterator[Case]:
    """Cases a little smaller: rows first, in halves and one at a time, then scheme and cells."""
    tables = {"adverts": case.adverts, "bids": case.bids, "homes": case.homes, **case.register}
    for table, rows in tables.items():
        size = len(rows)
        while size:
            for start in range(0, len(rows), size):
                fewer = rows[:start] + rows[start + size :]
                if table == "adverts":
                    kept = {row["id"] for row in fewer}
                    bids = [bid for bid in case.bids if bid["advert"] in kept]
                    yield replace(case, adverts=fewer, bids=bids)
                else:
                    yield case.with_rows(table, fewer)
            size //= 2
    if len(case.schemes) > 1:
        for scheme in case.schemes:
            alone = {**scheme, "in_force": {**case.schemes[0]["in_force"], "until": None}}
            yield replace(case, schemes=(alone,))
    for place, scheme in enumerate(case.schemes):
        for shorter in _shorter(scheme, ()):
            versions = (*case.schemes[:place], shorter, *case.schemes[place + 1 :])
            yield replace(case, schemes=versions)
    for table, rows in tables.items():
        for place, row in enumerate(rows):
            for name, value in row.items():
                if value is not None and name not in _KEPT:
                    without = [*rows[:place], {**row, name: None}, *rows[place + 1 :]]
                    yield case.with_rows(table, without)


_KEPT = frozenset(
    {"id", "status", "closes_at", "advert", "application", "placed_at", "area", "kind", "parent"}
    | {"level", "valid_from", "valid_to"}
)
_FIXED = frozenset({"in_force", "bands", "band", "levels", "values", "codes"})


def _shorter(value: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """The content of a scheme with one entry of a mapping or list left out."""
    if path and path[-1] in _FIXED:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if name in _FIXED:
                continue
            yield {key: kept for key, kept in value.items() if key != name}
            for shorter in _shorter(item, (*path, name)):
                yield {**value, name: shorter}
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield value[:place] + value[place + 1 :]
            for shorter in _shorter(item, (*path, place)):
                yield [*value[:place], shorter, *value[place + 1 :]]


def in_words(case: Case) -> str:
    """A case to read: the scheme's text and every row, without what is null."""
    lines = [to_yaml(scheme) for scheme in case.schemes]
    lines.append(f"as_at: {case.as_at}   seed: {case.seed}")
    tables = {**case.register, "homes": case.homes, "adverts": case.adverts, "bids": case.bids}
    for table, rows in tables.items():
        lines += [f"{table}:"] if rows else []
        for row in rows:
            cells = (f"{name}={value}" for name, value in row.items() if value is not None)
            lines.append("  " + ", ".join(cells))
    return "\n".join(lines)


def _kind(found: list[str]) -> str:
    """What a difference is about: a failure by its first line, others by the table."""
    if not found:
        return ""
    first = found[0].splitlines()[0]
    return first if first.startswith("the ") else first.split(":")[0]


def report(case: Case, seconds: float = 60) -> str:
    """The first differences of a case made small, and the case itself."""
    kind = _kind(differences(case))

    def differs(candidate: Case) -> bool:
        return _kind(differences(candidate)) == kind

    small = smaller(case, differs, seconds)
    return "\n".join([*differences(small)[:10], "", in_words(small)])

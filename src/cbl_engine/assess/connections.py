"""Facts over connections: with which areas, for how long, how strong.

Areas nest: a connection with a parish is one with every area around it. A fact whose area is the
advert's is a pair fact: it is worked out for each distinct area advertised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.ages import whole_months
from cbl_engine.assess.rows import rows_to_read
from cbl_engine.assess.spells import TARGET, begun, months_resident
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import ConnectionStrengthFact, kind_of_fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals


def area_closure(areas: pl.DataFrame) -> pl.DataFrame:
    """Every area with itself and each area around it.

    Args:
        areas: id, and parent where any lies in another.

    Returns:
        Frame of area and around; a row for every pair. Loops once for each level of nesting.
    """
    step = areas.select(pl.col("id").alias("area"), pl.col("id").alias("around"))
    if "parent" not in areas.columns:
        return step
    parents = areas.select(pl.col("id").alias("around"), pl.col("parent"))
    found = [step]
    for _ in range(areas.height):
        step = (
            step.join(parents, on="around", how="inner")
            .select("area", pl.col("parent").alias("around"))
            .drop_nulls()
        )
        if not step.height:
            break
        found.append(step)
    return pl.concat(found).unique(maintain_order=True)


@dataclass(frozen=True, eq=False)
class _Rows:
    """What facts over connections are worked out from.

    Attributes:
        connections: rows ready to be read, with their household's ``_ordinal``.
        applicants: ids of persons who are the applicant.
        closure: each area with itself and those around it.
        level_of: area -> its level.
        n: households.
        on: the as-at date.
        constants: ``as_at`` and parameters.
    """

    connections: pl.DataFrame = field(repr=False)
    applicants: pl.Series = field(repr=False)
    closure: pl.DataFrame = field(repr=False)
    level_of: Mapping[Any, str | None]
    n: int
    on: date
    constants: Mapping[str, Any]

    @cached_property
    def _around(self) -> dict[Any, list[Any]]:
        out: dict[Any, list[Any]] = {}
        for area, outer in self.closure.iter_rows():
            out.setdefault(area, []).append(outer)
        return out

    def around(self, area: Any, level: str) -> list[Any]:
        """The areas of a level that an area is or lies in."""
        return [a for a in self._around.get(area, ()) if self.level_of.get(a) == level]


def _rows_of(
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> _Rows:
    rows = rows_to_read(tables["connections"], "connections", applications, on, version)
    missing = [pl.lit(None, kind).alias(name) for name, kind in
               (("until", pl.Date), ("person", pl.String)) if name not in rows.columns]
    people, areas = tables.get("people"), tables["areas"]
    applicants = pl.Series([], dtype=pl.String)
    if people is not None and "relationship" in people.columns:
        applicants = people.filter(pl.col("relationship") == "applicant")["id"]
    levels = areas["level"] if "level" in areas.columns else [None] * areas.height
    return _Rows(
        rows.with_columns(missing),
        applicants,
        area_closure(areas),
        dict(zip(areas["id"], levels, strict=True)),
        len(applications),
        on,
        constants,
    )


def connection_facts(
    facts: Mapping[str, Fact],
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> dict[str, pl.Series]:
    """Values of facts about connections with fixed areas, one row an application by ordinal.

    Args:
        facts: the facts by name.
        tables: connections and areas (and people when only the applicant's count).
        applications: ids <-> ordinals.
        on: the as-at date.
        constants: ``as_at`` and parameters.
        version: for the declared columns' ``if_null``.
    """
    rows = _rows_of(tables, applications, on, constants, version)
    out = {}
    for name, fact in facts.items():
        rule = getattr(fact, kind_of_fact(fact))
        named = [rule.area] if isinstance(rule.area, str) else list(rule.area)
        values = _by_target(fact, rows, [named])
        out[name] = pl.Series(name, values[:, 0], dtype=pl.Int64)
        known = pl.Series(values[:, 0] != _UNKNOWN)
        out[name] = pl.select(pl.when(known).then(out[name])).to_series().alias(name)
        if kind_of_fact(fact) == "connected_to":
            out[name] = out[name].cast(pl.Boolean)
    return out


_UNKNOWN = np.iinfo(np.int64).min


def pair_fact_values(
    fact: Fact,
    areas: Sequence[Any],
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> pl.DataFrame:
    """Values of a pair fact: a column for each advertised area, a row an application by ordinal.

    Args:
        fact: a fact over connections whose area is ``advert.area``.
        areas: distinct areas of the adverts.
        tables: connections and areas (and people when only the applicant's count).
        applications: ids <-> ordinals.
        on: the as-at date.
        constants: ``as_at`` and parameters.
        version: for the declared columns' ``if_null``.

    Returns:
        Columns ``0``, ``1``, ...; boolean for connected_to, else Int64; null where not known.
        One column of nulls when there are no areas, so that the type and the rows are there.
    """
    boolean = kind_of_fact(fact) == "connected_to"
    if not areas:
        nothing = [None] * len(applications)
        return pl.DataFrame({"none": pl.Series(nothing, dtype=pl.Boolean if boolean else pl.Int64)})
    rows = _rows_of(tables, applications, on, constants, version)
    level = getattr(getattr(fact, kind_of_fact(fact)), "level", None)
    if isinstance(fact, ConnectionStrengthFact):
        values = _strengths(fact, areas, rows)
    else:
        targets = [[a] if level is None else rows.around(a, level) for a in areas]
        values = _by_target(fact, rows, targets)
        values[:, [not target for target in targets]] = _UNKNOWN
    frame = pl.DataFrame(
        {str(i): values[:, i] for i in range(len(areas))},
        schema={str(i): pl.Int64 for i in range(len(areas))},
    )
    frame = frame.select(pl.when(pl.all() != _UNKNOWN).then(pl.all()))
    return frame.select(pl.all().cast(pl.Boolean)) if boolean else frame


def _closure_of(closure: pl.DataFrame, targets: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Area -> number of each target that it lies in; a target may be several areas together."""
    dtype = closure.schema["around"]
    wanted = pl.DataFrame(
        {
            "around": pl.Series([a for t in targets for a in t], dtype=dtype, strict=False),
            TARGET: pl.Series(
                [i for i, t in enumerate(targets) for _ in t], dtype=pl.Int64
            ),
        }
    )
    return closure.join(wanted, on="around", how="inner").select("area", TARGET).unique()


def _relevant(fact: Fact, rows: _Rows, inside: pl.DataFrame) -> pl.DataFrame:
    """Connections of the fact's kinds and holders, once for each target their area lies in.

    ``counts`` is true, or null where it is not known whether ``where`` holds.
    """
    rule = getattr(fact, kind_of_fact(fact))
    counts = pl.lit(True) if rule.where is None else (
        parse_expression(rule.where).polars(rows.constants)
    )
    found = rows.connections.with_columns(counts.alias("counts")).filter(
        pl.col("kind").is_in(list(rule.kinds)), pl.col("counts").fill_null(True)
    )
    if rule.held_by == "applicant":
        theirs = pl.col("person").is_in(rows.applicants.implode())
        found = found.filter(pl.col("person").is_null() | theirs)
    return found.join(inside, on="area", how="inner").select(
        "_ordinal", TARGET, "person", "kind", "since", "until", "counts"
    )


def _by_target(fact: Fact, rows: _Rows, targets: Sequence[Sequence[Any]]) -> np.ndarray:
    """Answers as Int64, households x targets; _UNKNOWN where not known.

    Connections that may or may not count leave an answer open only where it is another without
    them.
    """
    found = _relevant(fact, rows, _closure_of(rows.closure, targets))
    with_all = _answers(fact, found, rows, len(targets))
    if not found["counts"].null_count():
        return with_all
    without = _answers(fact, found.filter(pl.col("counts")), rows, len(targets))
    return np.where(with_all == without, with_all, _UNKNOWN)


def _answers(fact: Fact, found: pl.DataFrame, rows: _Rows, n_targets: int) -> np.ndarray:
    """Answers from connections that all count."""
    rule, on = getattr(fact, kind_of_fact(fact)), rows.on
    group = ["_ordinal", TARGET]
    if kind_of_fact(fact) == "months_resident_in":
        answers = months_resident(found, on, rule.window_months, rule.consecutive)
    else:
        current = found.filter(
            (pl.col("since").is_null() | (pl.col("since") <= on))
            & (pl.col("until").is_null() | (pl.col("until") > on))
        )
        least = None if kind_of_fact(fact) == "months_connected" else rule.min_months
        if least != 0:  # how long they have lasted is asked
            current = begun(current, found.filter(pl.col("until") <= on)).with_columns(
                whole_months(pl.col("begin"), pl.lit(on)).alias("months")
            )
        months, doubt = pl.col("months"), pl.col("doubt").any()
        if least is None:
            answer = pl.when(doubt).then(None).otherwise(months.max())
        elif least == 0:
            answer = pl.lit(1, pl.Int64)
        else:
            long_enough = (months >= least).any(ignore_nulls=True)
            answer = pl.when(long_enough).then(1).when(doubt).then(None).otherwise(0)
        answers = current.group_by(group).agg(answer.cast(pl.Int64).alias("answer"))
    out = np.zeros((rows.n, n_targets), np.int64)
    at = answers["_ordinal"].to_numpy(), answers[TARGET].to_numpy()
    out[at] = answers["answer"].fill_null(_UNKNOWN).to_numpy()
    return out


def relevant_rows(
    fact: Fact,
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> pl.DataFrame:
    """Connections that a fact with fixed areas looks at.

    Returns:
        Frame of _ordinal, _target, person, kind, since, until, counts (null where ``where`` is not
        known, false never).
    """
    rows = _rows_of(tables, applications, on, constants, version)
    rule = getattr(fact, kind_of_fact(fact))
    named = [rule.area] if isinstance(rule.area, str) else list(rule.area)
    return _relevant(fact, rows, _closure_of(rows.closure, [named]))


def _strengths(
    fact: ConnectionStrengthFact, areas: Sequence[Any], rows: _Rows
) -> np.ndarray:
    """1 + the first level at which the household is connected around the advert's area."""
    levels = fact.connection_strength.levels
    at = [
        [(number, outer) for number, level in enumerate(levels, start=1)
         for outer in rows.around(area, level)]
        for area in areas
    ]
    targets = list(dict.fromkeys(outer for mine in at for _, outer in mine))
    connected = _by_target(fact, rows, [[target] for target in targets])
    out = np.full((rows.n, len(areas)), len(levels) + 1, np.int64)
    for column, mine in enumerate(at):
        for number, outer in reversed(mine):
            answer = connected[:, targets.index(outer)]
            out[answer == 1, column] = number
            out[answer == _UNKNOWN, column] = _UNKNOWN
    return out

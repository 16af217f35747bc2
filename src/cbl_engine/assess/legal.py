"""The law that stands above the scheme: who may be let to, and whom which tests may not shut out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.facts import columns_read, columns_welcome, household_facts
from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN, judge
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import EligibleInLaw, ExemptByLaw, kind_of_fact, rows_of
from cbl_engine.scheme.law import AllocationLaw, LegalTest, allocation_law
from cbl_engine.tables import DTYPES, column_types

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.facts import ByLaw
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals


@dataclass(frozen=True)
class Legal:
    """What the law says of every application.

    Attributes:
        law: the law on record.
        eligible: met, failed or not known: all tests of eligibility together.
        tests: outcome of each test of eligibility in force.
        exempt: outcome of each exemption in force: met where the household belongs to the group.
        frame: columns and facts that the tests read, to say what is missing.
        absent: columns that the tests read and the register does not have, as table.column.
    """

    law: AllocationLaw
    eligible: NDArray[np.int8]
    tests: dict[str, NDArray[np.int8]]
    exempt: dict[str, NDArray[np.int8]]
    frame: pl.DataFrame = field(repr=False)
    absent: tuple[str, ...]

    def names_read(self, test: LegalTest) -> list[str]:
        """Columns and facts that a test reads, without those that nobody can have here."""
        lost = {name.partition(".")[2] for name in self.absent}
        names = []
        for name in parse_expression(test.when).own_names:
            fact = self.law.facts.get(name)
            texts = [getattr(fact, kind_of_fact(fact))] if fact is not None else []
            behind = {n for text in texts for n in parse_expression(text).own_names} or {name}
            if not behind & lost:
                names.append(name)
        return names

    def spared(self, name: str, at: NDArray[np.int64], on: date) -> NDArray[np.bool_]:
        """Which of these ordinals meet a test of eligibility only as those whom it spares."""
        test = self.law.eligible[name]
        if test.unless is None:
            return np.zeros(len(at), bool)
        own = judge(self.frame[at], {name: parse_expression(test.when)}, {"as_at": on})[name]
        return (self.tests[name][at] == MET) & (own != MET)

    def exemptions_from(self, tests: str | None) -> list[str]:
        """Names of the groups that a test of this kind may not shut out."""
        return [name for name in self.exempt if tests in self.law.exempt[name].tests]


def law_columns(law: AllocationLaw) -> tuple[str, ...]:
    """Columns of applications that the law reads."""
    texts = [test.met_when for test in (*law.eligible.values(), *law.exempt.values())]
    names = {n for text in texts for n in parse_expression(text).own_names}
    return tuple(sorted(names - set(law.facts)))


def legal_outcomes(
    tables: Mapping[str, pl.DataFrame],
    own: pl.DataFrame,
    ids: Ordinals,
    on: date,
    version: SchemeVersion,
) -> Legal:
    """The law's tests over a register. A column that is not there is not known of anyone.

    Args:
        tables: the register.
        own: columns of applications that the law reads, a row an application by ordinal.
        ids: applications.
        on: the as-at date.
        version: for the declared columns' ``if_null``.
    """
    law = allocation_law()
    now = {n: t for n, t in {**law.eligible, **law.exempt}.items() if t.holds_on(on)}
    codes, frame, absent = _judged(law, now, tables, own, ids, on, version)
    tests = {name: codes[name] for name in law.eligible if name in codes}
    eligible = np.full(len(ids), MET, np.int8)
    for code in tests.values():
        eligible = np.where(
            (eligible == FAILED) | (code == FAILED), FAILED, np.maximum(eligible, code)
        ).astype(np.int8)
    exempt = {name: codes[name] for name in law.exempt if name in codes}
    return Legal(law, eligible, tests, exempt, frame, tuple(absent))


def judged_in_law(tables: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Names of the tests of eligibility that a register is judged by when it comes to bids.

    One that asks for a column that is not there is left out: whoever sent the register settled
    eligibility before. Where the column is there, whoever has no value in it is not known.
    """
    return frozenset(
        name for name, columns in columns_of_eligibility().items()
        if all(t in tables and c in tables[t].columns for t, c in columns)
    )


@lru_cache(maxsize=1)
def columns_of_eligibility() -> Mapping[str, frozenset[tuple[str, str]]]:
    """Test of eligibility -> table and column of each fact that it asks of those who apply."""
    law = allocation_law()
    asked = {
        name: [f for n in parse_expression(test.when).own_names if (f := law.facts.get(n))]
        for name, test in law.eligible.items()
    }
    return {
        name: frozenset(
            (rows_of(fact), column) for fact in facts
            for column in parse_expression(getattr(fact, kind_of_fact(fact))).own_names
        )
        for name, facts in asked.items()
    }


def answers_of_law(
    facts: Mapping[str, ByLaw],
    tables: Mapping[str, pl.DataFrame],
    own: pl.DataFrame,
    ids: Ordinals,
    on: date,
    version: SchemeVersion,
) -> dict[str, pl.Series]:
    """Facts that the law answers, by name: true, false, or null where not known.

    Args:
        facts: whether the law exempts a household from a kind of test; whether it meets a test of
            eligibility (true before the test is in force).
        tables: the register; what the law reads and it lacks is not known of anyone.
        own: columns of applications, a row an application by ordinal.
        ids: applications.
        on: the as-at date.
        version: for the declared columns' ``if_null``.
    """
    law = allocation_law()
    kinds = {fact.exempt_by_law for fact in facts.values() if isinstance(fact, ExemptByLaw)}
    asked = {fact.test for fact in facts.values() if isinstance(fact, EligibleInLaw)}
    every: dict[str, LegalTest] = {
        **{n: t for n, t in law.eligible.items() if n in asked},
        **{n: g for n, g in law.exempt.items() if kinds & set(g.tests)},
    }
    now = {n: t for n, t in every.items() if t.holds_on(on)}
    types = column_types("applications")
    lost = [n for n in law_columns(law) if n not in own.columns]
    own = own.with_columns(pl.lit(None, DTYPES[types[n]]).alias(n) for n in lost)
    codes, _, _ = _judged(law, now, tables, own, ids, on, version)
    out: dict[str, pl.Series] = {}
    for name, fact in facts.items():
        if isinstance(fact, EligibleInLaw):
            code = codes.get(fact.test, np.zeros(len(ids), np.int8))
            met, unknown = code == MET, code == UNKNOWN
        else:
            mine = [codes[n] for n, g in law.exempt.items()
                    if n in now and fact.exempt_by_law in g.tests]
            met, unknown = (
                np.any([c == code for c in mine], axis=0) if mine else np.zeros(len(ids), bool)
                for code in (MET, UNKNOWN)
            )
        out[name] = pl.Series(name, met).set(pl.Series(unknown & ~met), None)
    return out


def _judged(
    law: AllocationLaw,
    tests: Mapping[str, LegalTest],
    tables: Mapping[str, pl.DataFrame],
    own: pl.DataFrame,
    ids: Ordinals,
    on: date,
    version: SchemeVersion,
) -> tuple[dict[str, NDArray[np.int8]], pl.DataFrame, list[str]]:
    """Outcomes of tests, what they read, and the columns beside applications' that are not there."""
    expressions = {name: parse_expression(test.met_when) for name, test in tests.items()}
    names = {n for e in expressions.values() for n in e.own_names}
    facts = {n: f for n, f in law.facts.items() if n in names}
    whole, absent = _with_columns(facts, tables, ids, version)
    constants: dict[str, Any] = {"as_at": on}
    values = household_facts(facts, whole, ids, on, constants, version, own)
    frame = pl.concat([own, values], how="horizontal")
    return judge(frame, expressions, constants), frame, absent


def _with_columns(
    facts: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    ids: Ordinals,
    version: SchemeVersion,
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The tables that the law reads, with nulls for columns that are not there."""
    wanted: dict[str, set[str]] = {}
    for fact in facts.values():
        for table, columns in columns_read(fact, version).items():
            wanted.setdefault(table, set()).update(columns)
        for table, more in columns_welcome(fact).items():
            if table in tables:
                wanted.setdefault(table, set()).update(set(more) & set(tables[table].columns))
    out = dict(tables)
    absent: list[str] = []
    for table, columns in sorted(wanted.items()):
        types = column_types(table)
        have = tables.get(table)
        if have is None:
            schema = {c: DTYPES[types[c]] for c in sorted(columns)}
            have = pl.DataFrame(schema=schema | {"application": ids.ids.dtype})
        lost = sorted(columns - set(have.columns))
        absent += [f"{table}.{column}" for column in lost]
        kept = have.select([c for c in have.columns if c in columns])
        out[table] = kept.with_columns(
            pl.lit(None, DTYPES[types[c]]).alias(c) for c in lost
        )
    return out, absent

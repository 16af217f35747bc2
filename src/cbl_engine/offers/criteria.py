"""Criteria asked one at a time, of households, adverts or both, on a day.

The shortlist compiles the criteria it ranks by; the rules of bidding and offers ask others, of few
rows and on other days. Both come from the same expressions and the same facts.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.legal import judged_in_law
from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN, for_sql
from cbl_engine.errors import Problem, TableError
from cbl_engine.scheme.law import names_of_law
from cbl_engine.shortlist import prepare
from cbl_engine.shortlist.advert_columns import columns_read_of_adverts, home_problems
from cbl_engine.shortlist.classes import rows_of
from cbl_engine.shortlist.compiled import ById, compile_version
from cbl_engine.shortlist.register import evaluate
from cbl_engine.tables import TABLES, Ordinals, has_versions, versions_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.shortlist.compiled import Compiled, Condition
    from cbl_engine.shortlist.register import Prepared, RegisterAt

class Judge:
    """A scheme, a register and adverts, to ask criteria of by name.

    Args:
        scheme: whose criteria, facts and parameters.
        tables: frames of the register by name, ``applications`` among them.
        adverts: with ``id``, and ``home`` or ``home_group`` where the home's columns are read.
        homes: of the adverts; None when every column is the advert's own.
    """

    def __init__(
        self,
        scheme: Scheme,
        tables: Mapping[str, pl.DataFrame],
        adverts: pl.DataFrame | None = None,
        homes: pl.DataFrame | None = None,
    ) -> None:
        self.scheme = scheme
        self.tables = tables
        self.given_adverts = adverts if adverts is not None else pl.DataFrame(schema=["id"])
        self.homes = homes
        self._asked: dict[tuple[date, str], Asked] = {}

    @property
    def application_type(self) -> pl.DataType:
        """Type of the ids of applications; Null where there are none."""
        return self.tables["applications"].schema.get("id", pl.Null())

    def version(self, on: date) -> SchemeVersion:
        """The version of the scheme in force on a day.

        Raises:
            SchemeError: none is.
        """
        return self.scheme.in_force(on)

    def names_of_law(self) -> tuple[str, ...]:
        """Names of the law's criteria that this register is judged by."""
        judged = judged_in_law(self.tables)
        return tuple(name for test, name in names_of_law().items() if test in judged)

    def met(
        self,
        name: str,
        on: date,
        *,
        advert: pl.Series | None = None,
        application: pl.Series | None = None,
    ) -> pl.Series:
        """Whether a criterion is met, row by row: true, false, or null where not known.

        Args:
            name: of a criterion of the version in force on the day.
            on: the day it is judged on.
            advert: ids of adverts; needed when the criterion reads the advert.
            application: ids of applications, as many; needed when it reads the household. An
                application with no version in force that day is not known.

        Raises:
            TableError: the register or the adverts lack a column that it reads, or an id is none
                of theirs; all problems at once.
        """
        codes, _ = self._codes(name, on, advert, application)
        return _answers(codes)

    def counts(
        self,
        name: str,
        on: date,
        *,
        advert: pl.Series | None = None,
        application: pl.Series | None = None,
    ) -> pl.Series:
        """The same as the scheme counts it: not known is false, true or null (hold).

        Args, Raises: as for :meth:`met`.
        """
        codes, condition = self._codes(name, on, advert, application)
        if condition.when_unknown != "hold":
            stands_for = MET if condition.when_unknown == "pass" else FAILED
            codes = np.where(codes == UNKNOWN, stands_for, codes)
        return _answers(codes)

    def applications(self, on: date) -> pl.DataFrame:
        """The applications as given, one row each: the version in force on a day."""
        return versions_in_force(self.tables["applications"], on)

    @cached_property
    def adverts(self) -> pl.DataFrame:
        """The adverts; where one does not say something of its home, as the home (or the first of
        its group, by id) has it.
        """
        adverts, homes = self.given_adverts, self.homes
        if homes is None or not homes.height:
            return adverts
        standard = {c.name for c in TABLES["adverts"]} - {"id", "home_group"}
        shared = [c for c in homes.columns if c in standard]
        units = homes.sort("id")
        named = pl.lit(None, homes["id"].dtype)
        if "home" in adverts.columns and adverts["home"].dtype != pl.Null:
            named = pl.col("home")
        if "home_group" in adverts.columns and "home_group" in units.columns:
            first = units.filter(pl.col("home_group").is_not_null()).unique(
                "home_group", keep="first", maintain_order=True
            ).select("home_group", pl.col("id").alias("first of group"))
            groups = adverts["home_group"].cast(first["home_group"].dtype)
            adverts = adverts.with_columns(groups).join(
                first, on="home_group", how="left", maintain_order="left"
            )
            named = pl.coalesce(pl.col("first of group"), named)
        theirs = units.select(
            pl.col("id").alias("its home"), *(pl.col(c).alias(f"home's {c}") for c in shared)
        )
        joined = adverts.with_columns(named.alias("its home")).join(
            theirs, on="its home", how="left", maintain_order="left"
        )
        merged = [
            pl.coalesce(c, f"home's {c}").alias(c)
            if c in adverts.columns and adverts[c].dtype != pl.Null
            else pl.col(f"home's {c}").alias(c)
            for c in shared
        ]
        helping = ("its home", "first of group", *(f"home's {c}" for c in shared))
        return joined.with_columns(merged).drop(helping, strict=False)

    def _codes(
        self, name: str, on: date, advert: pl.Series | None, application: pl.Series | None
    ) -> tuple[NDArray[np.int8], Condition]:
        asked = self._ask(name, on)
        return asked.codes(advert, application), asked.condition

    def _ask(self, name: str, on: date) -> Asked:
        version = self.version(on)
        alone = _alone(ById(version), name)
        moves = compile_version(alone).dated or has_versions(self.tables["applications"])
        day = on if moves else version.in_force.from_
        if (day, name) not in self._asked:
            prepared = prepare(replace(self.scheme, versions=(alone,)), self.tables, on)
            self._asked[day, name] = Asked(prepared, prepared.at(on), self)
        return self._asked[day, name]


def facts_read(version: SchemeVersion, name: str) -> Mapping[str, Fact]:
    """The facts that a criterion reads, by name."""
    return compiled_alone(version, name).facts_read()


def compiled_alone(version: SchemeVersion, name: str) -> Compiled:
    """A version compiled for one criterion, whatever else it ranks by."""
    return compile_version(_alone(ById(version), name))


@lru_cache(maxsize=1024)
def _alone(holder: ById, name: str) -> SchemeVersion:
    """A version of which one criterion is left to compile."""
    return holder.version.model_copy(
        update={
            "eligible": (name,), "profiles": {}, "default_profile": None,
            "landlords": {}, "local_lettings_plans": {},
        }
    )


class Asked:
    """One criterion on one view of the register."""

    def __init__(self, prepared: Prepared, view: RegisterAt, judge: Judge) -> None:
        self.prepared, self.view, self.judge = prepared, view, judge
        (self.condition,) = view.compiled.conditions

    @cached_property
    def of_applications(self) -> NDArray[np.int8]:
        """Codes of every application, when it settles the criterion alone."""
        (codes,) = self.view.application_outcomes().values()
        return np.where(self.view.in_force, codes, UNKNOWN).astype(np.int8)

    @cached_property
    def adverts(self) -> tuple[Ordinals, pl.DataFrame]:
        """Adverts by ordinal, with the columns that are read."""
        homes = self.judge.homes
        if problems := list(home_problems(homes)) if homes is not None else []:
            raise TableError(problems)
        frame, problems = columns_read_of_adverts(
            self.view.compiled, self.judge.given_adverts, homes
        )
        if problems:
            raise TableError(problems)
        ordinals = Ordinals(frame["id"])
        return ordinals, frame[np.argsort(ordinals.ordinals_of(frame["id"]))]

    def codes(self, advert: pl.Series | None, application: pl.Series | None) -> NDArray[np.int8]:
        """Codes, one a row."""
        reads = self.condition.reads
        rows = advert if advert is not None else application
        if rows is None:
            raise TypeError("adverts or applications to ask of")
        own = self._own(application, needed=bool(reads.own or reads.pair_facts), n=len(rows))
        if reads.side == "application" and (reads.own or advert is None):
            return self.of_applications[own]
        columns = rows_of(self.view.frame, reads.own, own)
        if reads.advert or reads.pair_facts:
            columns += self._of_adverts(advert, own)
        frame = for_sql(columns) if columns else pl.DataFrame({"": np.zeros(len(rows), np.int8)})
        (codes,) = evaluate(frame, [self.condition], self.view.constants).values()
        if application is not None and reads.own:
            codes = np.where(self.view.in_force[own], codes, UNKNOWN).astype(np.int8)
        return codes

    def _own(self, application: pl.Series | None, *, needed: bool, n: int) -> NDArray[np.int64]:
        if application is None:
            if needed:
                raise TypeError(f"{self.condition.name} reads the household")
            return np.zeros(n, np.int64)
        return _found(self.prepared.ordinals, application, "applications")

    def _of_adverts(self, advert: pl.Series | None, own: NDArray[np.int64]) -> list[pl.Series]:
        reads = self.condition.reads
        if advert is None:
            raise TypeError(f"{self.condition.name} reads the advert")
        ordinals, frame = self.adverts
        at = _found(ordinals, advert, "adverts")
        columns = [c.alias(f"advert.{c.name}") for c in rows_of(frame, reads.advert, at)]
        if not reads.pair_facts:
            return columns
        area = frame["area"][at]
        areas = tuple(area.drop_nulls().unique().sort().to_list())
        for name in reads.pair_facts:
            values = self.view.pair_fact(name, areas)
            out = pl.Series(name, [None] * len(own), dtype=values.dtypes[0] if areas else pl.Boolean)
            for number, each in enumerate(areas):
                mine = np.flatnonzero((area == each).fill_null(False).to_numpy())
                out = out.scatter(mine, values.to_series(number)[own[mine]])
            columns.append(out)
        return columns


def _found(ordinals: Ordinals, ids: pl.Series, table: str) -> NDArray[np.int64]:
    # What the type of the table's ids cannot have becomes null: it is none of them.
    at = ordinals.ordinals_of(ids.cast(ordinals.ids.dtype, strict=False)).astype(np.int64)
    if len(at) and at.min() < 0:
        lost = ids.filter(pl.Series(at < 0)).unique().sort()
        raise TableError(
            [Problem("unknown_id", f"an id is none of {table}", where=f"{table}.id",
                     count=len(lost), rows=tuple(map(str, lost.head(5))))]
        )
    return at


def _answers(codes: NDArray[np.int8]) -> pl.Series:
    return pl.Series(codes == MET).set(pl.Series(codes == UNKNOWN), None)

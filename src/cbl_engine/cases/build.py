"""One written case -> :class:`Case`: rows checked, defaults filled in, frames made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.assess.legal import columns_of_eligibility
from cbl_engine.cases import given
from cbl_engine.cases.adverts import advert_rows, bid_rows, closing_moments, names_of
from cbl_engine.cases.checker import Checker
from cbl_engine.cases.expect import checked_expectation
from cbl_engine.cases.rows import table_of
from cbl_engine.errors import BadInput
from cbl_engine.tables.register_columns import DATED_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import polars as pl

    from cbl_engine.cases.checker import Place
    from cbl_engine.cases.model import Expected, Rows, WrittenCase, WrittenFile
    from cbl_engine.cases.rows import Table
    from cbl_engine.documents import Document
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion

_OF_APPLICATIONS = ("people", "connections", *DATED_TABLES)
_NO_UNLESS_GIVEN = ("carer", "cannot_share", "temporarily_away", "part_time", "foster_child")
"""Of people: what a case need not deny. An explicit null is not known."""
_TABLES = ("applications", *_OF_APPLICATIONS, "areas", "homes", "adverts", "bids", *given.TABLES)


@dataclass(frozen=True)
class Case:
    """One case, its rows as frames.

    Attributes:
        name: what it shows.
        where: ``file:line:column`` of the case.
        source: where the rule was read; the file's own when the case gives none.
        reading: which reading of unclear words was chosen.
        as_at: a date, or ``close``.
        on: the date it is, that of the last close where ``as_at`` is that.
        seed: the run's seed, for lotteries.
        unattended: what needs no judgement is approved by nobody.
        register: every table a register may hold, without rows where the case gives none, and without
            what the law asks of people where no row of the case speaks of it.
        adverts: one row each.
        homes: those of the case, and one for every advert that names none.
        bids: one row a bid.
        given: what else comes to a cycle, by table.
        expected: what must come out.
    """

    name: str
    where: str
    source: str | None
    reading: str | None
    as_at: date | Literal["close"]
    on: date
    seed: int
    unattended: bool
    register: Mapping[str, pl.DataFrame] = field(repr=False)
    adverts: pl.DataFrame = field(repr=False)
    homes: pl.DataFrame = field(repr=False)
    bids: pl.DataFrame = field(repr=False)
    given: Mapping[str, pl.DataFrame] = field(repr=False)
    expected: Expected


class CaseBuilder:
    """One case on its way from the file to frames, with the problems found along it."""

    def __init__(
        self,
        written: WrittenFile,
        case: WrittenCase,
        place: Place,
        scheme: Scheme,
        document: Document,
    ) -> None:
        self.check = Checker(written, case, place, document)
        self.scheme = scheme

    def build(self) -> Case | None:
        """The case; None when there are problems."""
        check, case, file = self.check, self.check.case, self.check.file
        as_at = case.as_at or file.as_at
        if as_at is None:
            check.problem("as_at_missing", "as_at is missing", ("as_at",), "a date, or close")
            return None
        closes_at = closing_moments(check, as_at)
        if len(closes_at) < len(names_of(check)) or (as_at == "close" and not closes_at):
            return None
        days = [moment.date() for moment in closes_at.values()] or [as_at]
        on = max(days) if as_at == "close" else as_at
        version = self._version(on)
        if version is None:
            return None
        tables = {name: table_of(name, version) for name in _TABLES}
        rows = {"applications": self._applications(tables["applications"])}
        for name in _OF_APPLICATIONS:
            rows[name] = self._of_applications(name, getattr(case, name), tables[name])
        status = "open" if case.expect.of_cycle else "closed"
        adverts, homes = advert_rows(check, tables, closes_at, status)
        bids = bid_rows(check, tables["bids"], closes_at)
        others = given.given_rows(check, tables, min(days), max(days))
        spoken = [rows["connections"], rows["ta_placements"], adverts, homes, others["wishes"],
                  others["checks"]]
        rows["areas"] = self._areas(tables["areas"], version, [r for its in spoken for r in its])
        expected, found = checked_expectation(
            case, check.place, version, adverts, homes, check.document
        )
        check.problems += found
        if check.problems:
            return None
        return Case(
            name=case.name,
            where=check.document.where(check.place),
            source=case.source or file.source,
            reading=case.reading,
            as_at=as_at,
            on=on,
            seed=case.seed,
            unattended=file.unattended if case.unattended is None else case.unattended,
            register=_without_law(
                {name: tables[name].frame(its) for name, its in rows.items()}, rows),
            adverts=tables["adverts"].frame(adverts),
            homes=tables["homes"].frame(homes),
            bids=tables["bids"].frame(bids),
            given={name: tables[name].frame(its) for name, its in others.items()},
            expected=expected,
        )

    def _version(self, on: date) -> SchemeVersion | None:
        try:
            return self.scheme.in_force(on)
        except BadInput as error:
            found = error.problems[0]
            self.check.problem("scheme_not_in_force", found.message, ("as_at",), found.allowed)
            return None

    def _of_applications(self, name: str, rows: Rows, table: Table) -> list[dict[str, Any]]:
        """Rows of a table about applications, with ids where they have none."""
        checked = self.check.rows(name, rows, table)
        if "id" in table.columns:
            for number, row in enumerate(checked, start=1):
                row.setdefault("id", f"{row.get('application')}-{number}")
        if name == "people":
            checked = [dict.fromkeys(_NO_UNLESS_GIVEN, False) | row for row in checked]
        return checked

    def _applications(self, table: Table) -> list[dict[str, Any]]:
        check = self.check
        defaults = {"status": "active"} | check.shared("defaults", table)
        rows = []
        for name, versions in check.case.applications.items():
            place = (*check.place, "applications", name)
            for index, version in enumerate(versions):
                at = (*place, index) if (*place, 0) in check.document.positions else place
                rows.append(defaults | check.row(version, at, table) | {"id": name})
        return rows

    def _areas(
        self, table: Table, version: SchemeVersion, rows_with_areas: Iterable[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The areas of the file and the case, then every other that is spoken of."""
        check = self.check
        rows = [
            check.row(row, ("areas", index), table) for index, row in enumerate(check.file.areas)
        ]
        rows += check.rows("areas", check.case.areas, table)
        spoken = [row.get("area") for row in rows_with_areas]
        spoken += [row.get("parent") for row in rows]
        for fact in version.facts.values():
            rule = next((v for v in vars(fact).values() if hasattr(v, "area")), None)
            named = getattr(rule, "area", ())
            spoken += [named] if isinstance(named, str) else list(named)
        known = {row.get("id") for row in rows} | {None, "advert.area"}
        return rows + [{"id": a} for a in dict.fromkeys(spoken) if a not in known]


def _without_law(
    frames: Mapping[str, pl.DataFrame], rows: Mapping[str, list[dict[str, Any]]]
) -> dict[str, pl.DataFrame]:
    """The register without what the law asks of those who apply, where the case does not speak of it."""
    unsaid = [
        (table, column) for columns in columns_of_eligibility().values() for table, column in columns
        if not any(column in row for row in rows[table])
    ]
    return {
        name: frame.drop(column for table, column in unsaid if table == name)
        for name, frame in frames.items()
    }

"""One written case -> :class:`Case`: rows checked, defaults filled in, frames made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.cases.expect import checked_expectation
from cbl_engine.cases.rows import Table, suggest, table_of, where_given
from cbl_engine.errors import BadInput, Problem
from cbl_engine.tables.schemas import DATED_TABLES
from cbl_engine.tables.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from cbl_engine.cases.model import Expected, Rows, WrittenCase, WrittenFile
    from cbl_engine.documents import Document
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion

Place = tuple[Any, ...]
ADVERT = "advert"
_HOME = "home"
_OF_APPLICATIONS = ("people", "connections", *DATED_TABLES)
_NO_UNLESS_GIVEN = ("carer", "cannot_share", "temporarily_away", "part_time", "foster_child")
"""Of people: what a case need not deny. An explicit null is not known."""
_TABLES = ("applications", *_OF_APPLICATIONS, "areas", "homes", "adverts", "bids")


@dataclass(frozen=True)
class Case:
    """One case, its rows as frames.

    Attributes:
        name: what it shows.
        where: ``file:line:column`` of the case.
        source: where the rule was read; the file's own when the case gives none.
        reading: which reading of unclear words was chosen.
        as_at: a date, or ``close``.
        on: the date it is, that of the close where ``as_at`` is that.
        seed: the run's seed, for lotteries.
        register: every table a register may hold, without rows where the case gives none.
        advert: one row.
        homes: those of the case; else one row when the scheme declares columns for homes alone;
            otherwise None.
        bids: one row a bid.
        expected: what must come out.
    """

    name: str
    where: str
    source: str | None
    reading: str | None
    as_at: date | Literal["close"]
    on: date
    seed: int
    register: Mapping[str, pl.DataFrame]
    advert: pl.DataFrame
    homes: pl.DataFrame | None
    bids: pl.DataFrame
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
        self.file = written
        self.case = case
        self.place = place
        self.scheme = scheme
        self.document = document
        self.problems: list[Problem] = []

    def build(self) -> Case | None:
        """The case; None when there are problems."""
        as_at = self.case.as_at or self.file.as_at
        if as_at is None:
            self._problem("as_at_missing", "as_at is missing", ("as_at",), "a date, or close")
            return None
        closes_at = self._closes_at(as_at)
        if closes_at is None:
            return None
        on = closes_at.date() if as_at == "close" else as_at
        version = self._version(on)
        if version is None:
            return None
        tables = {name: table_of(name, version) for name in _TABLES}
        applications = self._applications(tables["applications"])
        rows = {
            name: self._of_applications(name, getattr(self.case, name), tables[name])
            for name in _OF_APPLICATIONS
        }
        advert, homes = self._advert(tables, closes_at)
        spoken = [*rows["connections"], *rows["ta_placements"], advert, *homes]
        areas = self._areas(tables["areas"], version, spoken)
        bids = self._bids(tables["bids"], closes_at)
        expected, found = checked_expectation(self.case, self.place, version, advert, self.document)
        self.problems += found
        if self.problems:
            return None
        register = {
            "applications": tables["applications"].frame(applications),
            **{name: tables[name].frame(rows[name]) for name in _OF_APPLICATIONS},
            "areas": tables["areas"].frame(areas),
        }
        return Case(
            name=self.case.name,
            where=self.document.where(self.place),
            source=self.case.source or self.file.source,
            reading=self.case.reading,
            as_at=as_at,
            on=on,
            seed=self.case.seed,
            register=register,
            advert=tables["adverts"].frame([advert]),
            homes=tables["homes"].frame(homes) if homes else None,
            bids=tables["bids"].frame(bids),
            expected=expected,
        )

    def _problem(
        self, kind: str, message: str, place: Place, allowed: str = "", *, key: bool = False
    ) -> None:
        where = where_given(self.document, self.place, place, key=key)
        self.problems.append(Problem(kind, message, where=where, allowed=allowed))

    def _closes_at(self, as_at: date | str) -> datetime | None:
        given = (self.file.advert | self.case.advert).get("closes_at")
        if given is not None:
            closes_at = moment(given)
            if closes_at is None:
                self._problem(
                    "case_value",
                    "advert.closes_at must be a moment such as 2024-10-01T23:59:00",
                    ("advert", "closes_at"),
                )
            return closes_at
        if isinstance(as_at, date):
            return moment(datetime.combine(as_at, time(23, 59)))
        self._problem("closes_at_missing", "as_at is close, so advert needs closes_at", ("advert",))
        return None

    def _version(self, on: date) -> SchemeVersion | None:
        try:
            return self.scheme.in_force(on)
        except BadInput as error:
            found = error.problems[0]
            self._problem("scheme_not_in_force", found.message, ("as_at",), found.allowed)
            return None

    def _of_applications(self, name: str, rows: Rows, table: Table) -> list[dict[str, Any]]:
        """Rows of a table about applications, with ids where they have none."""
        checked = self._rows(name, rows, table)
        if "id" in table.columns:
            for number, row in enumerate(checked, start=1):
                row.setdefault("id", f"{row.get('application')}-{number}")
        if name == "people":
            checked = [dict.fromkeys(_NO_UNLESS_GIVEN, False) | row for row in checked]
        return checked

    def _rows(self, name: str, rows: Rows, table: Table) -> list[dict[str, Any]]:
        """Checked rows; those about an application must name one of the case."""
        out = []
        for at, names_it, row in self._placed(name, rows):
            checked, problems = table.row(row, (*self.place, *at), self.document)
            self.problems += problems
            needed = [c for c in table.needed if c not in checked]
            given = checked.get("application")
            if not problems and needed:
                self._problem("column_missing", f"{', '.join(needed)} is missing here", at)
            elif given is not None and given not in self.case.applications:
                self._problem(
                    "unknown_application",
                    f"there is no application {given} in this case",
                    names_it,
                    suggest(str(given), self.case.applications),
                    key=names_it != (*at, "application"),
                )
            out.append(checked)
        return out

    def _placed(
        self, name: str, rows: Rows
    ) -> Iterator[tuple[Place, Place, Mapping[str, Any]]]:
        """Each row with its place in the case, and the place that names its application."""
        if not isinstance(rows, dict):
            for index, row in enumerate(rows):
                yield (name, index), (name, index, "application"), row
            return
        for application, given in rows.items():
            for index, row in enumerate(given):
                at: Place = (name, application, index)
                in_list = (*self.place, *at) in self.document.positions
                yield at if in_list else at[:-1], at[:-1], {"application": application, **row}

    def _defaults(self, table: Table) -> dict[str, Any]:
        out = {"status": "active"}
        for values, place in (
            (self.file.defaults, ("defaults",)),
            (self.case.defaults, (*self.place, "defaults")),
        ):
            checked, problems = table.row(values, place, self.document)
            out |= checked
            self.problems += problems
        return out

    def _applications(self, table: Table) -> list[dict[str, Any]]:
        defaults = self._defaults(table)
        rows = []
        for name, versions in self.case.applications.items():
            place = (*self.place, "applications", name)
            for index, version in enumerate(versions):
                at = (*place, index) if (*place, 0) in self.document.positions else place
                row, problems = table.row(version, at, self.document)
                self.problems += problems
                rows.append(defaults | row | {"id": name})
        return rows

    def _advert(
        self, tables: Mapping[str, Table], closes_at: datetime
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The advert's row, and the rows of homes.

        Columns of homes alone, which the scheme declares, go to each home of the case, or to one
        that is made for them.
        """
        both = Table("an advert or its home", {**tables["homes"].columns, **tables["adverts"].columns})
        row: dict[str, Any] = {"status": "closed"}
        for values, place in (
            (self.file.advert, ("advert",)),
            (self.case.advert, (*self.place, "advert")),
        ):
            checked, problems = both.row(values, place, self.document)
            row |= checked
            self.problems += problems
        row |= {"id": ADVERT, "closes_at": closes_at}
        of_home = tables["homes"].columns.keys() - tables["adverts"].columns.keys()
        shared = {name: row.get(name) for name in of_home}
        homes = [shared | home for home in self._rows("homes", self.case.homes, tables["homes"])]
        if shared and not homes:
            row["home"] = _HOME
            homes = [shared | {"id": _HOME}]
        return {k: v for k, v in row.items() if k in tables["adverts"].columns}, homes

    def _areas(
        self,
        table: Table,
        version: SchemeVersion,
        rows_with_areas: list[dict[str, Any]],
    ) -> list[dict[str, Any]]:
        """The areas of the file and the case, then every other that is spoken of."""
        rows, problems = [], []
        for index, row in enumerate(self.file.areas):
            checked, found = table.row(row, ("areas", index), self.document)
            rows.append(checked)
            problems += found
        self.problems += problems
        rows += self._rows("areas", self.case.areas, table)
        spoken = [row.get("area") for row in rows_with_areas]
        spoken += [row.get("parent") for row in rows]
        for fact in version.facts.values():
            rule = next((v for v in vars(fact).values() if hasattr(v, "area")), None)
            named = getattr(rule, "area", ())
            spoken += [named] if isinstance(named, str) else list(named)
        known = {row.get("id") for row in rows} | {None, "advert.area"}
        return rows + [{"id": a} for a in dict.fromkeys(spoken) if a not in known]

    def _bids(self, table: Table, closes_at: datetime) -> list[dict[str, Any]]:
        if self.case.bids is None:
            first = closes_at.replace(hour=9, minute=0, second=0) - timedelta(days=1)
            return [
                {"advert": ADVERT, "application": name, "placed_at": first + timedelta(minutes=i)}
                for i, name in enumerate(self.case.applications)
            ]
        rows = []
        for index, bid in enumerate(self.case.bids):
            place = (*self.place, "bids", index)
            if place not in self.document.positions:
                place = (*self.place, "bids", bid["application"])
            row, problems = table.row(bid, place, self.document)
            self.problems += problems
            name = bid.get("application")
            if name not in self.case.applications:
                where = self.document.where(place, key=True)
                known = suggest(str(name), self.case.applications)
                self.problems.append(
                    Problem(
                        "unknown_application",
                        f"there is no application {name} in this case",
                        where=where,
                        allowed=known,
                    )
                )
            elif not problems and "placed_at" not in row:
                self._problem("column_missing", "placed_at is missing here", ("bids", index))
            rows.append({**row, "advert": ADVERT})
        return rows

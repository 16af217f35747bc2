"""Files of golden cases -> :class:`CaseFile`, with every error of a file in one report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from cbl_engine.cases.model import Expected, WrittenFile
from cbl_engine.cases.rows import Table, table_of
from cbl_engine.cases.values import moment
from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, CaseError, Problem
from cbl_engine.scheme.load import Scheme, load_scheme, shipped_schemes
from cbl_engine.scheme.model import PreferKey, key_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

    from cbl_engine.cases.model import WrittenCase
    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import Key, SchemeVersion

Place = tuple[Any, ...]
ADVERT = "advert"
_HOME = "home"


@dataclass(frozen=True)
class Case:
    """One case, its rows as frames.

    Attributes:
        name: what it shows.
        where: ``file:line:column`` of the case.
        source: where the rule was read; the file's own when the case gives none.
        reading: which reading of unclear words was chosen.
        as_at: a date, or ``close``.
        seed: the run's seed, for lotteries.
        register: applications, people, connections and areas.
        advert: one row.
        homes: one row when the advert has values only a home may have; otherwise None.
        bids: one row a bid.
        expected: what must come out.
    """

    name: str
    where: str
    source: str | None
    reading: str | None
    as_at: date | Literal["close"]
    seed: int
    register: Mapping[str, pl.DataFrame]
    advert: pl.DataFrame
    homes: pl.DataFrame | None
    bids: pl.DataFrame
    expected: Expected


@dataclass(frozen=True)
class CaseFile:
    """A file of cases and the scheme they are about."""

    path: Path
    scheme: Scheme
    cases: tuple[Case, ...]


def case_paths(path: str | Path) -> list[Path]:
    """The files of cases at a path: the file itself, or every ``*.yaml`` of a folder with cases.

    Raises:
        CaseError: there is nothing there, or a folder without any.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CaseError([Problem("cases_missing", "there is no such file", where=str(path))])
    found = [file for file in sorted(path.glob("*.yaml")) if _has_cases(file)]
    if not found:
        problem = Problem("cases_missing", "no .yaml file here has cases:", where=str(path))
        raise CaseError([problem])
    return found


def _has_cases(file: Path) -> bool:
    try:
        data = read_document(file).data
    except BadInput:
        return True  # reading it again reports what is wrong
    return isinstance(data, dict) and "cases" in data


def read_cases(path: str | Path) -> CaseFile:
    """Read one file of cases.

    Raises:
        CaseError: everything wrong in the file or in its scheme.
    """
    path = Path(path)
    try:
        document = read_document(path)
        written = _written(document)
        scheme = _scheme(written, path, document)
    except CaseError:
        raise
    except BadInput as error:
        raise CaseError(error.problems) from None
    problems: list[Problem] = []
    cases = []
    for index, case in enumerate(written.cases):
        builder = _Builder(written, case, ("cases", index), scheme, document)
        built = builder.build()
        problems += builder.problems
        cases += [built] if built is not None else []
    problems += _names_twice(written, document)
    if problems:
        raise CaseError(sorted(problems, key=lambda problem: _line(problem.where)))
    return CaseFile(path, scheme, tuple(cases))


def _line(where: str) -> tuple[int, int]:
    parts = where.split(":")
    return (int(parts[-2]), int(parts[-1])) if len(parts) >= 3 else (0, 0)


def _written(document: Document) -> WrittenFile:
    if not isinstance(document.data, dict):
        raise CaseError(
            [
                Problem(
                    "not_cases",
                    "a file of cases is a mapping with scheme: and cases:",
                    where=document.where(()),
                )
            ]
        )
    try:
        return WrittenFile.model_validate(_tuples(document.data))
    except ValidationError as error:
        found = [_shape_problem(e, document) for e in error.errors(include_url=False)]
        raise CaseError(found) from None


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _shape_problem(error: Mapping[str, Any], document: Document) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    at_key = "[key]" in error["loc"] or error["type"] == "extra_forbidden"
    what = ".".join(str(part) for part in path)
    allowed = remedy = ""
    match error["type"]:
        case "extra_forbidden":
            message = f"{path[-1]} is not a part of {_part_name(path[:-1])}"
            allowed = suggest(str(path[-1]), _fields(path[:-1]))
        case "missing":
            message = f"{path[-1]} is missing"
        case "string_type":
            message, remedy = f"{what} must be text", "Put it in quotes"
        case "case_value":
            message = f"{what} {error['msg']}"
        case _:
            message = f"{what}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    where = document.where(path, key=at_key)
    return Problem(f"case_{error['type']}", message, where=where, allowed=allowed, remedy=remedy)


def _part_name(path: Place) -> str:
    if not path:
        return "a file of cases"
    return "what a case expects" if path[-1] == "expect" else "a case"


def _fields(path: Place) -> list[str]:
    if not path:
        return list(WrittenFile.model_fields)
    if path[-1] == "expect":
        return list(Expected.model_fields)
    from cbl_engine.cases.model import WrittenCase

    return list(WrittenCase.model_fields)


def suggest(name: str, allowed: Iterable[str]) -> str:
    """The names most like a mistaken one, or the first few when none is."""
    names = list(dict.fromkeys(allowed))
    close = get_close_matches(name, names, n=3)
    return ", ".join(close or names[:12]) + ("" if close or len(names) <= 12 else ", ...")


def _scheme(written: WrittenFile, path: Path, document: Document) -> Scheme:
    beside = path.parent / written.scheme
    if written.scheme not in shipped_schemes() and not beside.exists():
        raise CaseError(
            [
                Problem(
                    "scheme_missing",
                    f"there is no scheme {written.scheme}",
                    where=document.where(("scheme",)),
                    allowed="a path beside this file, or one of " + ", ".join(shipped_schemes()),
                )
            ]
        )
    return load_scheme(beside if beside.exists() else written.scheme)


def _names_twice(written: WrittenFile, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, case in enumerate(written.cases):
        if case.name in seen:
            yield Problem(
                "case_name_twice",
                "two cases have this name",
                where=document.where(("cases", index, "name")),
                remedy="Give each case a name of its own",
            )
        seen.add(case.name)


class _Builder:
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
        as_at = self.case.as_at or self.file.as_at
        if as_at is None:
            self._problem("as_at_missing", "as_at is missing", ("as_at",), "a date, or close")
            return None
        closes_at = self._closes_at(as_at)
        if closes_at is None:
            return None
        version = self._version(as_at if as_at != "close" else closes_at.date())
        if version is None:
            return None
        tables = {name: table_of(name, version) for name in _TABLES}
        applications = self._applications(tables["applications"])
        people = self._rows("people", self.case.people, tables["people"])
        for number, row in enumerate(people, start=1):
            row.setdefault("id", f"{row.get('application')}-{number}")
        connections = self._rows("connections", self.case.connections, tables["connections"])
        advert, home = self._advert(tables, closes_at)
        areas = self._areas(tables["areas"], version, connections, advert | home)
        bids = self._bids(tables["bids"], closes_at)
        expected = self._expected(version, advert)
        if self.problems:
            return None
        register = {
            "applications": tables["applications"].frame(applications),
            "people": tables["people"].frame(people),
            "connections": tables["connections"].frame(connections),
            "areas": tables["areas"].frame(areas),
        }
        return Case(
            name=self.case.name,
            where=self.document.where(self.place),
            source=self.case.source or self.file.source,
            reading=self.case.reading,
            as_at=as_at,
            seed=self.case.seed,
            register=register,
            advert=tables["adverts"].frame([advert]),
            homes=tables["homes"].frame([home]) if home else None,
            bids=tables["bids"].frame(bids),
            expected=expected,
        )

    def _problem(
        self, kind: str, message: str, place: Place, allowed: str = "", *, key: bool = False
    ) -> None:
        where = self.document.where((*self.place, *place), key=key)
        self.problems.append(Problem(kind, message, where=where, allowed=allowed))

    def _closes_at(self, as_at: date | str) -> datetime | None:
        level = "case" if "closes_at" in self.case.advert else "file"
        given = (self.case.advert if level == "case" else self.file.advert).get("closes_at")
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
            return moment(datetime.combine(as_at, time(23, 59)))  # noqa: DTZ001 - London follows
        self._problem(
            "closes_at_missing", "as_at is close, so advert needs closes_at", ("advert",)
        )
        return None

    def _version(self, on: date) -> SchemeVersion | None:
        try:
            return self.scheme.in_force(on)
        except BadInput as error:
            found = error.problems[0]
            self._problem("scheme_not_in_force", found.message, ("as_at",), found.allowed)
            return None

    def _rows(
        self, name: str, rows: Iterable[Mapping[str, Any]], table: Table
    ) -> list[dict[str, Any]]:
        """Checked rows; those about an application must name one of the case."""
        out = []
        for index, row in enumerate(rows):
            place = (*self.place, name, index)
            checked, problems = table.row(row, place, self.document)
            self.problems += problems
            needed = [c for c in table.needed if c not in checked]
            given = checked.get("application")
            if not problems and needed:
                self._problem(
                    "column_missing", f"{', '.join(needed)} is missing here", (name, index)
                )
            elif given is not None and given not in self.case.applications:
                self._problem(
                    "unknown_application",
                    f"there is no application {given} in this case",
                    (name, index, "application"),
                    suggest(str(given), self.case.applications),
                )
            out.append(checked)
        return out

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
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The advert's row, and its home's where a column belongs to homes alone."""
        both = Table(ADVERT, tables["homes"].columns | tables["adverts"].columns)
        row: dict[str, Any] = {"status": "closed"}
        for values, place in (
            (self.file.advert, ("advert",)),
            (self.case.advert, (*self.place, "advert")),
        ):
            checked, problems = both.row(values, place, self.document)
            row |= checked
            self.problems += problems
        row |= {"id": ADVERT, "closes_at": closes_at}
        home = {k: v for k, v in row.items() if k not in tables["adverts"].columns}
        if home:
            row["home"] = home["id"] = _HOME
        return {k: v for k, v in row.items() if k in tables["adverts"].columns}, home

    def _areas(
        self,
        table: Table,
        version: SchemeVersion,
        connections: list[dict[str, Any]],
        advert: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The areas of the file and the case, then every other that is spoken of."""
        rows, problems = [], []
        for index, row in enumerate(self.file.areas):
            checked, found = table.row(row, ("areas", index), self.document)
            rows.append(checked)
            problems += found
        self.problems += problems
        rows += self._rows("areas", self.case.areas, table)
        spoken = [row.get("area") for row in connections] + [advert.get("area")]
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

    def _expected(self, version: SchemeVersion, advert: Mapping[str, Any]) -> Expected:
        """What is expected, with the short names of keys made long."""
        expect = self.case.expect
        self._check_applications(expect)
        keys = self._keys(version, advert)
        decisive = [*(key_name(key) for key in keys), "stage", "tie"]
        doubts = [k.prefer if isinstance(k, PreferKey) else key_name(k) for k in keys]
        doubts = [*version.criteria, *doubts]
        for name, failed in expect.not_eligible.items():
            for index, criterion in enumerate(failed):
                if criterion not in version.criteria:
                    place = ("expect", "not_eligible", name, index)
                    self._unknown("criterion", criterion, place, version.criteria)
        return Expected(
            order=expect.order,
            not_eligible=expect.not_eligible,
            held=self._long_names(expect.held, "held", doubts),
            not_known=self._long_names(expect.not_known, "not_known", doubts),
            decided_by={
                name: self._long(key, decisive, ("expect", "decided_by", name))
                for name, key in expect.decided_by.items()
            },
        )

    def _long_names(
        self, names: Mapping[str, tuple[str, ...]], part: str, allowed: list[str]
    ) -> dict[str, tuple[str, ...]]:
        return {
            application: tuple(
                self._long(name, allowed, ("expect", part, application, index))
                for index, name in enumerate(given)
            )
            for application, given in names.items()
        }

    def _long(self, name: str, allowed: list[str], place: Place) -> str:
        """A key's full name; its kind alone (``date``) will do when only one key has it."""
        if name in allowed:
            return name
        of_kind = [full for full in dict.fromkeys(allowed) if full.startswith(f"{name}: ")]
        if len(of_kind) == 1:
            return of_kind[0]
        self._unknown("criterion or key", name, place, of_kind or allowed)
        return name

    def _unknown(self, what: str, name: str, place: Place, allowed: Iterable[str]) -> None:
        message = f"there is no {what} {name} in {self.scheme.name}"
        self._problem("unknown_in_expect", message, place, suggest(name, allowed))

    def _check_applications(self, expect: Expected) -> None:
        listed = [(name, ("expect", "order")) for group in expect.order for name in group]
        for part in ("not_eligible", "held", "not_known", "decided_by"):
            listed += [(name, ("expect", part, name)) for name in getattr(expect, part)]
        for name, place in listed:
            if name not in self.case.applications:
                self._problem(
                    "unknown_application",
                    f"there is no application {name} in this case",
                    place,
                    suggest(name, self.case.applications),
                    key=True,
                )
        ranked = [name for group in expect.order for name in group]
        for name in dict.fromkeys(ranked):
            if ranked.count(name) > 1:
                self._problem("order_twice", f"{name} stands twice in the order", listed[0][1])
        for name in expect.not_eligible:
            if name in ranked:
                place = ("expect", "not_eligible", name)
                self._problem(
                    "both_ways", f"{name} is both ranked and not eligible", place, key=True
                )
        for name in expect.held:
            if name not in ranked:
                place = ("expect", "held", name)
                message = f"{name} is held, so order must say where it stands"
                self._problem("held_not_ranked", message, place, key=True)

    def _keys(self, version: SchemeVersion, advert: Mapping[str, Any]) -> list[Key]:
        """Every key that can rank this advert; problems when the advert names no known profile."""
        named = version.profile_for(advert.get("profile"))
        profile = version.profiles.get(named or "")
        if profile is None:
            self._problem(
                "unknown_profile",
                f"there is no profile {named} in {self.scheme.name}"
                if named
                else "the advert names no profile, and the scheme has no default",
                ("advert", "profile"),
                suggest(named or "", version.profiles),
            )
            return []
        plan = advert.get("local_lettings_plan")
        keys = [key for stage in profile.all_stages() for key in stage.order]
        if plan is None:
            return keys
        if plan not in version.local_lettings_plans:
            self._problem(
                "unknown_plan",
                f"there is no local lettings plan {plan} in {self.scheme.name}",
                ("advert", "local_lettings_plan"),
                suggest(plan, version.local_lettings_plans),
            )
            return keys
        return [*version.local_lettings_plans[plan].order, *keys]


_TABLES = ("applications", "people", "connections", "areas", "homes", "adverts", "bids")

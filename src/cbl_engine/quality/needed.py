"""Which tables and columns a scheme reads, and what for: lists, the assessment, bidding and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cbl_engine.assess import columns_read, columns_welcome
from cbl_engine.assess.facts import IF_THERE
from cbl_engine.assess.legal import law_columns
from cbl_engine.assess.plan import plan_of
from cbl_engine.offers.advertising import MUST_AGREE
from cbl_engine.offers.automatic import WISHED
from cbl_engine.offers.criteria import compiled_alone
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.named import criteria_named
from cbl_engine.scheme.reach import asked_of_offers
from cbl_engine.shortlist.compiled import compile_version
from cbl_engine.shortlist.register_check import tables_read
from cbl_engine.tables import TABLES, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.scheme import Scheme
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.shortlist.compiled import Compiled

Use = Literal["shortlist", "assessment", "bidding and offers"]
USES: tuple[Use, ...] = ("shortlist", "assessment", "bidding and offers")

_LISTS: Mapping[str, tuple[str, ...]] = {
    "applications": ("id", "status"),
    "adverts": ("id", "home", "profile", "local_lettings_plan", "opens_at", "closes_at", "status"),
    "homes": ("id",),
    "bids": ("advert", "application", "placed_at", "withdrawn_at", "placed_by"),
}
"""Without these no bid can be ranked."""
_WEEKS: Mapping[str, tuple[str, ...]] = {
    "adverts": ("home_group", "labels", "readvert_of", "corrected_at", *MUST_AGREE),
    "homes": ("home_group", *MUST_AGREE),
    "landlords": ("id", "name"),
    "people": ("relationship", "joint_applicant", "identity"),
    "tenancies": ("home", "application", "start", "end"),
}
"""What the weeks of a record read whatever the rules: before an advert opens, at a letting, of the landlord."""

_KEYS = {"connections": ("application", "person", "area", "kind", "since", "until"),
         "areas": ("id", "name", "parent")}
_DATES_OF_BANDS = ("registered_on", "band", "band_from", "priority_date")


class _Wanted:
    """Columns by table, each with what it is for."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, set[Use]]] = {}

    def add(self, use: Use, table: str, columns: Iterable[str]) -> None:
        mine = self.columns.setdefault(table, {})
        always = [c.name for c in TABLES[table] if c.required]
        for column in (*always, *_KEYS.get(table, ()), *columns):
            mine.setdefault(column, set()).add(use)

    def add_compiled(self, use: Use, version: SchemeVersion, compiled: Compiled) -> None:
        """What compiled criteria and keys read of households, adverts and facts."""
        self.add(use, "applications", compiled.own_columns())
        self.add_of_adverts(use, version, compiled.advert_columns())
        for table, columns in tables_read(compiled).items():
            self.add(use, table, sorted(columns))
        self.add_welcome(use, compiled.facts_read())

    def add_of_adverts(self, use: Use, version: SchemeVersion, columns: Iterable[str]) -> None:
        """A column of adverts that the home may carry instead is asked of homes."""
        on_homes = {*columns_of("homes"), *version.declared("homes")}
        for column in columns:
            declared = column in version.declared("adverts")
            self.add(use, "homes" if column in on_homes and not declared else "adverts", [column])

    def add_welcome(self, use: Use, facts: Mapping[str, Fact]) -> None:
        """What facts read where it is there."""
        for fact in facts.values():
            for table, columns in columns_welcome(fact).items():
                have = columns_of(table)
                self.add(use, table, [c for c in columns if c in have])


def columns_needed(scheme: Scheme) -> dict[str, dict[str, tuple[Use, ...]]]:
    """Columns that any version of a scheme reads, with those that no row can do without.

    Returns:
        For each table, in the order of the data dictionary, its columns and what each is for, of
        :data:`USES`: shortlists, the assessment, and the rules of bidding, adverts and offers.
    """
    wanted = _Wanted()
    for table, columns in _LISTS.items():
        wanted.add("shortlist", table, columns)
    for version in scheme.versions:
        wanted.add_compiled("shortlist", version, compile_version(version))
        if version.assessment is not None:
            _of_assessment(wanted, version)
        _of_offers(wanted, version)
    return {
        table: {
            column: tuple(use for use in USES if use in uses)
            for column, uses in wanted.columns[table].items()
        }
        for table in TABLES
        if table in wanted.columns
    }


def _of_assessment(wanted: _Wanted, version: SchemeVersion) -> None:
    """What the assessment cannot do without, what it reads where it is there, and the law."""
    use: Use = "assessment"
    plan = plan_of(version)
    for table, columns in plan.tables().items():
        wanted.add(use, table, sorted(columns))
    wanted.add_welcome(use, plan.facts)
    if plan.standard is not None:
        wanted.add(use, "people", IF_THERE)
    law = allocation_law()
    wanted.add(use, "applications", law_columns(law))
    for fact in law.facts.values():
        for table, columns in columns_read(fact, version).items():
            wanted.add(use, table, sorted(columns))
    wanted.add_welcome(use, law.facts)
    # What is on record now: compared with what is found, and where the dates of bands come from.
    wanted.add(use, "applications", sorted(plan.found))
    if plan.found & {"band", "priority_date"}:
        wanted.add(use, "applications", _DATES_OF_BANDS)
        wanted.add(use, "band_history", [c.name for c in TABLES["band_history"]])
    wanted.add(use, "overrides", [c.name for c in TABLES["overrides"]])


def _of_offers(wanted: _Wanted, version: SchemeVersion) -> None:
    """What the weeks of a record read: criteria of bidding, adverts, targets and offers, what quotas go
    by, what is looked at whatever the rules, and the tables of what the scheme has rules for.
    """
    use: Use = "bidding and offers"
    v = version
    if any((v.advertising, v.bidding, v.nominations, v.offers, v.checks, v.direct_lets)):
        for table, columns in _WEEKS.items():
            wanted.add(use, table, columns)
        automatic = v.bidding is not None and v.bidding.automatic is not None
        ranked = v.offers is not None and v.offers.choosing.by_whom in ("household", "homes")
        for table, read in (("checks", v.checks), ("direct_lets", v.direct_lets), ("wishes", automatic),
                            ("preferences", ranked), ("outcomes", True)):
            if read:
                wanted.add(use, table, [c.name for c in TABLES[table]])
        if v.checks:
            wanted.add(use, "areas", ())
        if automatic:
            wanted.add_of_adverts(use, v, WISHED)
    for name in dict.fromkeys(named.criterion for named in criteria_named(version)):
        wanted.add_compiled(use, version, compiled_alone(version, name))
    _, by = asked_of_offers(version)
    wanted.add_of_adverts(use, version, sorted(name.removeprefix("advert.") for name in by))
    if version.offers is not None and version.offers.final is not None:
        wanted.add(use, "duties", [c.name for c in TABLES["duties"]])

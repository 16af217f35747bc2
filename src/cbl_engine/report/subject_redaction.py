"""What is held back from one household's record when it asks to see it, and on which ground.

Facts about other people and other households are withheld cell by cell and counted. Whatever
comes from a check that officers hold is told as one neutral reason, the same for all of them; the
checks themselves are left out and not counted, so that nobody can tell a household that has one
from a household that has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.offers.events import HeldFor, PassedOver, Proposed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.offers.events import Event
    from cbl_engine.scheme import Scheme

WITHHELD = "withheld"
GROUNDS = {
    "another_person": "facts about another person of the household (Data Protection Act 2018, "
    "Schedule 2, paragraph 16)",
    "another_household": "facts about another household (the same paragraph)",
    "legal": "why the record is kept for a claim or a complaint (paragraph 19)",
}
"""Grounds on which something is withheld, in words."""

STATEMENT = (
    "Some checks are held by officers alone. Whether there is any about this household, and what "
    "it says, is told to nobody else: this statement is the same in every record."
)

Row = dict[str, Any]
_OF_A_PERSON = ("id", "application", "relationship", "joint_applicant", "recorded_on", "stands")
_OF_A_CONNECTION = ("application", "person", "kind", "recorded_on", "stands")
_CELLS = {
    ("band_history", "from_application"): "another_household",
    ("lettings", "shares_tenant"): "another_household",
    ("litigation_holds", "reason"): "legal",
}


@dataclass(frozen=True)
class OfficerHeld:
    """What officers hold about one household, so far as it must be known to leave it out.

    Attributes:
        open_checks: checks of the scheme that are not held by officers.
        checks: those that are.
        since: advert -> first day on which it was held or passed over for one of them.
        proposals: ids of proposals about them.
    """

    open_checks: frozenset[str]
    checks: frozenset[str]
    since: Mapping[str | None, date]
    proposals: frozenset[str]

    def rows(self) -> list[Row]:
        """One row an advert, with the one reason."""
        return [
            {"advert": advert, "on": on, "reason": NEUTRAL}
            for advert, on in sorted(self.since.items(), key=lambda item: (item[1], str(item[0])))
        ]


def officer_held(
    scheme: Scheme,
    tables: Mapping[str, list[Row]],
    application: str,
    events: Iterable[Event] = (),
) -> OfficerHeld:
    """What officers hold about a household.

    Args:
        scheme: says which checks are theirs.
        tables: the household's rows of ``passed_over``, ``holds`` and ``proposals``.
        application: its id.
        events: of the whole record, those of weeks that were run again among them.
    """
    kinds = {(n, c.officer_held) for v in scheme.versions for n, c in v.checks.items()}
    checks = {name for name, held in kinds if held}
    proposals = [p for p in tables["proposals"] if p["act"] == "bypass" and p["what"] in checks]
    days = [
        *((p["advert"], p["on"]) for p in tables["passed_over"]
          if p["officer_held"] or p["reason"] in checks),
        *((h["advert"], h["since"]) for h in tables["holds"] if h["reason"] in checks),
        *((p["advert"], p["on"]) for p in proposals),
    ]
    mine = [event for event in events if str(getattr(event, "application", "")) == application]
    asked = [event for event in mine if isinstance(event, Proposed)
             and event.act == "bypass" and event.what in checks]
    days += [(event.advert, event.on) for event in asked]
    days += [(event.advert, event.on) for event in mine
             if isinstance(event, (HeldFor, PassedOver)) and event.reason in checks]
    since: dict[str | None, date] = {}
    for at, on in days:
        advert = _id(at)
        since[advert] = min(on, since.get(advert, on))
    return OfficerHeld(
        frozenset(name for name, _ in kinds if name not in checks), frozenset(checks), since,
        frozenset([*(p["id"] for p in proposals), *(event.proposal for event in asked)]),
    )


@dataclass
class Redaction:
    """Rows as the household may see them, and how much was withheld.

    Attributes:
        application: whose record it is, as text.
        applicants: ids of the people who ask: theirs are their own facts.
        held: what officers hold.
        cells: (table, ground) -> cells withheld.
    """

    application: str
    applicants: frozenset[str]
    held: OfficerHeld
    cells: dict[tuple[str, str], int] = field(default_factory=dict)

    def rows(self, table: str, rows: Iterable[Row]) -> list[Row]:
        """A table's rows of the household as it may see them."""
        return [self._row(table, row) for row in rows if not self._officers_alone(table, row)]

    def count(self, table: str, ground: str, cells: int = 1) -> None:
        """Count what is withheld."""
        if cells:
            self.cells[table, ground] = self.cells.get((table, ground), 0) + cells

    def _officers_alone(self, table: str, row: Row) -> bool:
        held = self.held
        match table:
            case "checks":
                return row["check"] not in held.open_checks
            case "passed_over":
                return bool(row["officer_held"]) or row["reason"] in held.checks
            case "holds":
                return row["reason"] in held.checks
            case "proposals":
                return row["id"] in held.proposals
            case "outcomes":
                return row.get("act") == "bypass" and _id(row.get("advert")) in held.since
        return False

    def _row(self, table: str, row: Row) -> Row:
        held = self.held
        if table == "people" and str(row["id"]) not in self.applicants:
            return self._keep(table, row, _OF_A_PERSON)
        person = row.get("person")
        if table == "connections" and person is not None and str(person) not in self.applicants:
            return self._keep(table, row, _OF_A_CONNECTION)
        if table == "offers" and row["ended_by"] == "bypassed" and _id(row["advert"]) in held.since:
            row = {**row, "reason": NEUTRAL}
        out = dict(row)
        for (of, name), ground in _CELLS.items():
            if of == table and _said(row.get(name)):
                out[name] = WITHHELD
                self.count(table, ground)
        return out

    def _keep(self, table: str, row: Row, names: tuple[str, ...]) -> Row:
        """A row about another person: what the applicant knows by having named them."""
        out = {n: v if n in names or not _said(v) else WITHHELD for n, v in row.items()}
        self.count(table, "another_person", sum(v == WITHHELD for v in out.values()))
        return out


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


def _said(value: Any) -> bool:
    return value is not None and value != []

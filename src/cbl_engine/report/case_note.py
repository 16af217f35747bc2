"""What a case note holds: one application, as recorded, as found, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cbl_engine.assess import BedroomsExplained
    from cbl_engine.report.weighing import Told
    from cbl_engine.shortlist.explanation import Audience


@dataclass(frozen=True)
class Finding:
    """One field: as recorded, as found, and whether an officer set it.

    Attributes:
        field: column of applications.
        recorded: on the register; None for nothing.
        found: by the assessment; of status, the one proposed.
        overridden: an officer's value stands in it.
    """

    field: str
    recorded: Any = field(repr=False)
    found: Any = field(repr=False)
    overridden: bool

    @property
    def changed(self) -> bool:
        """Whether the register says something else; a date left to the rules is no change."""
        left_open = self.field == "priority_date" and self.recorded is None
        return self.recorded != self.found and not left_open


@dataclass(frozen=True)
class FactRead:
    """A column or fact that the rules read; value None: not known."""

    name: str
    label: str
    value: Any = field(repr=False)
    unit: str | None


@dataclass(frozen=True)
class Member:
    """A person of the household; born and sex are for officers."""

    person: str
    relationship: str | None
    age: int | None
    born: date | None = None
    sex: str | None = None


@dataclass(frozen=True)
class RoomTold:
    """A room of the present home.

    Attributes:
        room, use: as recorded; room None: not named.
        square_feet: its floor area; None: not known.
        counted: in words, whether it counts as a bedroom by each standard that is asked.
    """

    room: str | None
    use: str
    square_feet: float | None
    counted: tuple[str, ...]


@dataclass(frozen=True)
class OverrideTold:
    """An officer's value that is current.

    Attributes:
        id, field, value: which, and what it says; value None: none.
        since, until: the days it holds; None: from the start, still.
        stands: the last decision on the field.
        decided_on, by, reason, evidence, instead_of: officers only, but for the day.
    """

    id: str
    field: str
    value: str | None
    since: date | None
    until: date | None
    stands: bool
    decided_on: date | None
    by: str | None = None
    reason: str | None = None
    evidence: str | None = None
    instead_of: str | None = None


@dataclass(frozen=True)
class MissingTold:
    """What was not known: column, in words, what needed it, what was done, and what it may change."""

    column: str
    label: str
    needed_by: str
    needed_for: str
    effect: str
    difference: str


@dataclass(frozen=True)
class Contradiction:
    """What cannot all be true: its kind, ids or numbers of the rows, and what is assumed."""

    kind: str
    rows: tuple[str, ...]
    assumption: str


@dataclass(frozen=True)
class CaseNote:
    """How one application was assessed.

    Attributes:
        application, audience: whose, and for whom; nothing in it is beyond them.
        scheme, authority, version_from, as_at: under what, and on which date.
        eligible, qualifies: None is not known, and must be settled before an offer.
        found: each field as recorded and as found; without the band where the scheme has none.
        facts: columns and facts that the rules read.
        household: its people.
        bedrooms: who shares with whom; None when the need is as recorded.
        rooms: those of the present home, where the rules read them.
        home: what the rooms come to, in sentences.
        law, qualification: tests with outcome and source.
        held: awards held, with what each gives.
        near: awards not held that one thing stands in the way of.
        others: name -> label of the awards that are neither (officers).
        came: how band and points came about, in sentences.
        band_since: the day on which the band began; None where no award or officer gives one.
        overrides: officers' values.
        dates: every step of the priority date, in sentences; empty when it is as recorded.
        date_rule: where the rule of the date was read; None where the scheme does not say.
        why_status: what proposes the status.
        next_review_on: None when nothing changes by itself.
        missing, contradictions: what was not known, and what cannot all be true.
        sources: short name -> title and address, of the scheme's own.
    """

    application: str
    audience: Audience
    scheme: str
    authority: str
    version_from: date
    as_at: date
    eligible: bool | None
    qualifies: bool | None
    found: tuple[Finding, ...] = field(repr=False)
    facts: tuple[FactRead, ...] = field(repr=False)
    household: tuple[Member, ...] = field(repr=False)
    bedrooms: BedroomsExplained | None = field(repr=False)
    rooms: tuple[RoomTold, ...] = field(repr=False)
    home: tuple[str, ...] = field(repr=False)
    law: tuple[Told, ...]
    qualification: tuple[Told, ...]
    held: tuple[Told, ...]
    near: tuple[Told, ...]
    others: dict[str, str]
    came: tuple[str, ...]
    band_since: date | None
    overrides: tuple[OverrideTold, ...] = field(repr=False)
    dates: tuple[str, ...]
    date_rule: str | None
    why_status: Told
    next_review_on: date | None
    missing: tuple[MissingTold, ...]
    contradictions: tuple[Contradiction, ...]
    sources: dict[str, tuple[str, str | None]]

    def of(self, field: str) -> Any:
        """What was found for a field."""
        return next(f.found for f in self.found if f.field == field)

    @property
    def waits(self) -> bool:
        """Whether the status proposed is to await review."""
        return self.of("status") == "awaiting_review"

    @property
    def banded(self) -> bool:
        """Whether the scheme has bands."""
        return any(f.field == "band" for f in self.found)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: dates as ISO text."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def text(self) -> str:
        """The note in plain English."""
        from cbl_engine.report.note_words import described

        return described(self).text()

    def markdown(self) -> str:
        """The note as Markdown."""
        from cbl_engine.report.note_words import described

        return described(self).markdown()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    return value

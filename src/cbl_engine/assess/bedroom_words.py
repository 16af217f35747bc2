"""Why one household needs the bedrooms it needs: who shares with whom, in words and as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.assess.bedroom_input import refuse_no_tables, standard_tables
from cbl_engine.assess.bedrooms import bedroom_need
from cbl_engine.assess.members import FEMALE, counted_before_birth, members_of
from cbl_engine.assess.sharing import (
    ADULT,
    APART,
    BOTH_F,
    BOTH_M,
    CARER,
    COUPLE,
    FOSTER,
    NONE,
    OLD_F,
    OLD_M,
    PART_TIME,
    WILD,
    YOUNG,
)
from cbl_engine.errors import Problem, TableError
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.tables import Ordinals, ids_asked

if TYPE_CHECKING:
    from cbl_engine.assess.members import Members
    from cbl_engine.scheme.bedrooms import BedroomStandard

_ONE_ROOM = {
    CARER: ("carers", "carers have one room between them"),
    FOSTER: ("foster_children", "foster children have one room between them"),
    PART_TIME: ("part_time_children",
                "children who stay part of the time have one room between them"),
}


@dataclass(frozen=True)
class Room:
    """One bedroom.

    Attributes:
        people: ids of those who sleep there.
        kind: why it is needed, a column of :func:`bedroom_need`.
        why: the same in words.
    """

    people: tuple[str, ...]
    kind: str
    why: str


@dataclass(frozen=True)
class BedroomsExplained:
    """The need of one household, and one arrangement of rooms that meets it.

    Attributes:
        application: its id.
        standard: the standard's label.
        as_at: the date on which ages are counted.
        unit: bedrooms or bed_spaces.
        need: null when it is not known.
        least, most: between which it lies; null when nobody is recorded or the record contradicts
            itself.
        rooms: who sleeps where; empty while a missing fact could change it.
        not_counted: person and reason.
        extra: rooms that an officer has agreed.
        cap: the most that the standard gives, when that decides; else null.
        table_row: the row of the council's table that applies, by its label or ``when``; else null.
        table_differs: whether that row says another need than the rule does.
        sizes: that may be let; empty when they are not known.
        missing, assumed: as :func:`bedroom_need` has them.
    """

    application: str
    standard: str
    as_at: date
    unit: str
    need: int | None
    least: int | None
    most: int | None
    rooms: tuple[Room, ...]
    not_counted: tuple[tuple[str, str], ...]
    extra: int | None
    cap: int | None
    table_row: str | None
    table_differs: bool
    sizes: tuple[int, ...]
    missing: tuple[str, ...]
    assumed: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, dates as text."""
        return asdict(self) | {"as_at": self.as_at.isoformat()}

    def text(self) -> str:
        """For the file of an officer: ids, rooms and reasons."""
        day = f"{self.as_at.day} {self.as_at:%B %Y}"
        lines = [f"Application {self.application}: {self._answer()}",
                 f"Standard: {self.standard}, as at {day}"]
        for number, room in enumerate(self.rooms, start=1):
            lines.append(f"  {number}. {' and '.join(room.people)}: {room.why}")
        if self.extra:
            lines.append(f"  and {_count(self.extra, 'room')} more that an officer has agreed")
        if self.cap is not None:
            lines.append(f"  The standard gives at most {self.cap}")
        if self.table_row is not None:
            differs = ", which differs from the rule" if self.table_differs else ""
            lines.append(f"  The council's table decides{differs}: {self.table_row}")
        for person, why in self.not_counted:
            lines.append(f"  {person} is not counted: {why}")
        for fact in self.missing:
            lines.append(f"  Not known: {fact}")
        for fact in self.assumed:
            lines.append(f"  Taken as the standard says: {fact}")
        if self.need is not None and not self.sizes:
            lines.append("  Which sizes may be let is not known: it is not known which row of the "
                         "council's table applies")
        if self.sizes:
            lines.append(f"  Sizes that may be let: {', '.join(map(str, self.sizes))}")
        return "\n".join(lines)

    def _answer(self) -> str:
        noun = self.unit.removesuffix("s").replace("_", " ")
        if self.need is not None:
            return _count(self.need, noun)
        if self.least is None:
            return f"the number of {noun}s cannot be known"
        return f"between {self.least} and {_count(self.most or 0, noun)}, not known which"


def explain_bedrooms(
    people: pl.DataFrame,
    standard: BedroomStandard | str,
    as_at: date,
    applications: pl.DataFrame,
    application: str | int,
) -> BedroomsExplained:
    """Who shares with whom in one household by a standard, and why each room is needed.

    The arrangement is one of those with the fewest rooms: among people who may share only by sex,
    eldest with next eldest; one left over with the eldest of the same sex who is young enough for
    anyone; then the young, those of one sex first. Equal ages go by id.

    Args:
        people: PEOPLE, as for :func:`bedroom_need`.
        standard: a declaration, or the name of a shipped standard.
        as_at: the date on which ages are counted.
        applications: ``id``, one row each, and the columns that the standard names.
        application: id of the household.

    Raises:
        TableError: there is no such application; otherwise as :func:`bedroom_need`.
    """
    refuse_no_tables(as_at, {"people": people, "applications": applications})
    rule = resolve_standard(standard, as_at)
    people, applications = standard_tables(people, applications, rule)
    dtype = Ordinals(applications["id"]).ids.dtype
    asked = ids_asked([application], dtype, "application", "the id of the application")
    own = applications.filter(pl.col("id").is_in(asked.implode()))
    if not own.height:
        raise TableError(
            [Problem("unknown_application", "there is no such application",
                     where="applications.id", given=str(application)[:60])]
        )
    household = people.filter(pl.col("application").is_in(asked.implode())).sort("id")
    found = bedroom_need(household, rule, as_at, own).row(0, named=True)
    ordinals = Ordinals(own["id"]).ordinals_of(household["application"])
    members = members_of(household, ordinals, rule, as_at)
    rooms = () if found["couples"] is None else _arranged(members, rule)
    row = found["table_row"]
    uncapped = len(rooms) + (found["extra"] or 0)
    capped = rule.unit == "bedrooms" and rule.most is not None and uncapped > rule.most
    return BedroomsExplained(
        application=str(application),
        standard=rule.label,
        as_at=as_at,
        unit=rule.unit,
        need=found["need"],
        least=found["least"],
        most=found["most"],
        rooms=rooms,
        not_counted=_left_out(members, rule, as_at),
        extra=found["extra"],
        cap=rule.most if capped else None,
        table_row=None if row is None else rule.table[row].label or rule.table[row].when,
        table_differs=bool(found["table_differs"]),
        sizes=tuple(found["sizes"] or ()),
        missing=tuple(found["missing"] or ()),
        assumed=tuple(found["assumed"] or ()),
    )


def _arranged(members: Members, rule: BedroomStandard) -> tuple[Room, ...]:
    """One best arrangement of people whose classes are all certain."""
    people = members.people
    ids = people["id"].cast(pl.String).to_list()
    births = people["date_of_birth"].to_list()
    applicant = (people["relationship"] == "applicant").to_list()
    by_class: dict[int, list[int]] = {}
    for at, kind in enumerate(members.classes.tolist()):
        by_class.setdefault(kind, []).append(at)
    for places in by_class.values():  # eldest first; the unborn last
        places.sort(key=lambda at: (births[at] or date.max, ids[at]))
    rooms = []

    def room(kind: str, why: str, *places: int) -> None:
        rooms.append(Room(tuple(ids[at] for at in places), kind, why))

    for at in by_class.get(COUPLE, []):
        partner = int(members.partner[at])
        if members.classes[partner] == APART:
            room("couples", "one of a couple", at)
        else:
            room("couples", "a couple", *sorted((at, partner)))
    ends = max(rule.same_sex_limit(), rule.any_sex_limit())
    for at in by_class.get(ADULT, []):
        why = f"aged {ends} or over"
        if applicant[at]:
            why = "the applicant"
        elif members.partner[at] >= 0:
            why = "one of a couple who are not given a room together"
        elif rule.same_sex_from:
            why = "of an age at which the standard lets nobody share"
        room("own_room", why, at)
    for at in by_class.get(APART, []):
        couple = members.partner[at] >= 0
        room("cannot_share", "a couple who cannot share" if couple else "cannot share", at)
    by_sex = "both {}" if rule.same_sex_until == "any_age" else (
        f"both {{}} and under {rule.same_sex_limit()}")
    wild = by_class.get(WILD, [])
    left = []
    for old, both, sex in ((OLD_F, BOTH_F, "female"), (OLD_M, BOTH_M, "male")):
        olds, young = by_class.get(old, []), by_class.get(both, [])
        for one, two in zip(olds[::2], olds[1::2], strict=False):
            room("same_sex_pairs", by_sex.format(sex), one, two)
        if len(olds) % 2:
            if young:
                room("same_sex_pairs", by_sex.format(sex), olds[-1], young.pop(0))
            elif wild:
                room("same_sex_pairs", f"{by_sex.format(sex)}, if the child is born so",
                     olds[-1], wild.pop(0))
            else:
                room("unpaired", _ALONE, olds[-1])
        left += young
    left = sorted(left, key=lambda at: members.sex[at] != FEMALE) + by_class.get(YOUNG, []) + wild
    inclusive = rule.any_sex_inclusive and rule.any_sex_limit() > 1
    young_why = f"both {rule.any_sex_limit() - 1} or under" if inclusive else (
        f"both under {rule.any_sex_limit()}")
    for one, two in zip(left[::2], left[1::2], strict=False):
        room("any_sex_pairs", young_why, one, two)
    if len(left) % 2:
        room("unpaired", _ALONE, left[-1])
    for kind, (name, why) in _ONE_ROOM.items():
        if kind in by_class:
            room(name, why, *by_class[kind])
    return tuple(rooms)


_ALONE = "nobody is left with whom the standard lets them share"


def _left_out(
    members: Members, rule: BedroomStandard, on: date
) -> tuple[tuple[str, str], ...]:
    """Who is not counted, and why."""
    out = []
    for at, kind in enumerate(members.classes.tolist()):
        if kind != NONE:
            continue
        person = members.people.row(at, named=True)
        born = person["date_of_birth"]
        if rule.temporarily_away == "not_counted" and person.get("temporarily_away"):
            why = "away for now"
        elif rule.carers == "not_counted" and (
            person["relationship"] == "carer" or person.get("carer")
        ):
            why = "a carer"
        elif person.get("foster_child") and rule.foster_children == "not_counted":
            why = "a foster child"
        elif person.get("part_time") and rule.part_time_children == "not_counted":
            why = "stays part of the time, with a main home elsewhere"
        elif born is None or born > on:
            why = "not born yet" + _why_unborn(born or person.get("expected_on"), rule, on)
        else:
            why = "under 1"
        out.append((str(person["id"]), why))
    return tuple(out)


def _why_unborn(due: date | None, rule: BedroomStandard, on: date) -> str:
    if due is None or rule.unborn_from_weeks == "never":
        return ""
    if counted_before_birth((due - on).days, rule):
        return ", so taken as under 1"
    return f", and before week {rule.unborn_from_weeks} of the pregnancy"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


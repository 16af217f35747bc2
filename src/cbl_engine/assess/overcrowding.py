"""Statutory overcrowding: the room standard and the space standard of the Housing Act 1985.

The figures are dated data (``scenarios/law/overcrowding.yaml``). Rooms are the register's own
table: every room that may be slept in, living rooms too; a null area is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on
from cbl_engine.assess.bedroom_input import bedroom_tables, people_needed, refuse_no_tables
from cbl_engine.assess.members import FEMALE, MALE, NO_SEX, members_of
from cbl_engine.assess.rooms import AREA, rooms_on
from cbl_engine.scheme.standards import overcrowding_law, resolve_standard
from cbl_engine.tables import Ordinals, column_types

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.members import Members
    from cbl_engine.scheme.standards import OvercrowdingLaw

SLEPT_IN = ("bedroom", "living_room")
"""Uses of rooms that count by both standards."""


def statutory_overcrowding(
    people: pl.DataFrame, rooms: pl.DataFrame, as_at: date, applications: pl.DataFrame
) -> pl.DataFrame:
    """Whether each household is statutorily overcrowded in the rooms it has.

    Room standard (s.325): overcrowded when two people of opposite sexes, both 10 or over and no
    couple, must sleep in one room. Every room that may be slept in counts, however small: s.325 asks
    for no floor area. Two rooms are always enough, one for each sex; one is enough unless there is
    such a pair. Space standard (s.326): the people, under-1s as nil and those of 1 to 9 as a half,
    against the lesser of the permitted number by rooms (Table I) and by floor area (Table II), for
    which a room under 50 square feet is no room. Either one is enough to be overcrowded. An unborn
    child counts for neither.

    Args:
        people: PEOPLE, as :func:`cbl_engine.assess.bedrooms.bedroom_need` reads it.
        rooms: ROOMS: application and floor_area_sq_ft [square feet]; use, since and until where they
            are there. Rooms of another use than bedroom or living_room are left out.
        as_at: the date on which ages are counted, and whose law is used.
        applications: ``id``.

    Returns:
        One row an application, ascending: application; persons [persons] by the space standard;
        rooms_needed and rooms [rooms] by the room standard; permitted_by_rooms and permitted_by_area
        [persons] by the space standard; room_standard_broken, space_standard_broken and overcrowded.
        Null where a missing date of birth or sex, or by the space standard a missing date of birth
        or floor area, could change the answer, and where a household has no room on record.

    Raises:
        TableError: the as-at date is no date, a table is no frame, or a column is missing or of
            another type.
        SchemeError: no law is on record for the date.

    References:
        Housing Act 1985 ss.324-326, https://www.legislation.gov.uk/ukpga/1985/68/part/X
    """
    given = {"people": people, "rooms": rooms, "applications": applications}
    refuse_no_tables(as_at, given)
    types = column_types("rooms")
    given = bedroom_tables(given, {
        "people": people_needed(),
        "rooms": {name: types[name] for name in ("application", AREA)},
        "applications": {"id": "id"},
    })
    people, rooms, applications = given["people"], given["rooms"], given["applications"]
    law = overcrowding_law(as_at)
    ids = Ordinals(applications["id"])
    household = ids.ordinals_of(people["application"])
    members = members_of(people, household, resolve_standard("twenty_one_year"), as_at)
    least, most = _persons(members, len(ids), as_at, law)
    few, many = _rooms_needed(members, len(ids), as_at, law)
    available = slept_in(rooms_on(rooms, as_at))
    home = ids.ordinals_of(available["application"])
    have = np.bincount(home[home >= 0], minlength=len(ids))
    recorded = have > 0
    by_rooms, by_area = _permitted(available, home, len(ids), law)
    low, high = (np.minimum(r, a) for r, a in zip(by_rooms, by_area, strict=True))
    return pl.DataFrame(
        {
            "application": ids.ids,
            "persons": _known(least, least == most),
            "rooms_needed": _known(few, few == many),
            "rooms": _known(have, recorded),
            "permitted_by_rooms": _known(by_rooms[0], recorded & (by_rooms[0] == by_rooms[1])),
            "permitted_by_area": _known(by_area[0], recorded & (by_area[0] == by_area[1])),
            "room_standard_broken": _three(few > have, many > have, recorded),
            "space_standard_broken": _three(least > high, most > low, recorded),
        }
    ).with_columns(
        (pl.col("room_standard_broken") | pl.col("space_standard_broken")).alias("overcrowded")
    )


Bounds = tuple["NDArray", "NDArray"]
"""The least and the most that missing facts allow, one each application."""


def _known(values: NDArray, known: NDArray) -> pl.Series:
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series()


def _three(yes: NDArray, maybe: NDArray, recorded: NDArray) -> pl.Series:
    """True, false, or null where it may be either."""
    return _known(yes, recorded & (yes | ~maybe))


def _ages(members: Members, on: date) -> tuple[NDArray, NDArray]:
    """Age [years] of each member, -1 for the unborn; and whether it is not known (then 0)."""
    age = members.people.select(age_on(on)).to_series()
    unknown = age.is_null().to_numpy()
    years = age.fill_null(0).to_numpy()
    if "expected_on" in members.people.columns:
        unborn = unknown & members.people["expected_on"].is_not_null().to_numpy()
        years, unknown = np.where(unborn, -1, years), unknown & ~unborn
    return np.maximum(years, -1), unknown


def _persons(members: Members, n: int, on: date, law: OvercrowdingLaw) -> Bounds:
    """Persons by the space standard."""
    years, unknown = _ages(members, on)
    ages = np.array(sorted(law.persons_by_age))
    worth = np.array([law.persons_by_age[age] for age in ages.tolist()])
    counts = np.where(years < 0, 0.0, worth[np.searchsorted(ages, years, side="right") - 1])
    return tuple(  # type: ignore[return-value]
        np.bincount(members.household, np.where(unknown, doubt, counts), minlength=n)
        for doubt in (worth.min(), worth.max())
    )


def _rooms_needed(members: Members, n: int, on: date, law: OvercrowdingLaw) -> Bounds:
    """Rooms by the room standard: two when a man and a woman who are no couple are old enough.

    With f women, m men and p people in all who are old enough, there is such a pair when f and m are
    not 0, unless these are the only two and a couple. Of people whose sex is not known, all may be of
    the sex that is there already, or any of the other.
    """
    years, unknown = _ages(members, on)
    old = years >= law.room_standard_from_age
    of_sex = [members.sex == FEMALE, members.sex == MALE]
    no_sex = members.sex == NO_SEX

    def total(rows: NDArray) -> NDArray[np.int64]:
        return np.bincount(members.household[rows], minlength=n)

    one = np.flatnonzero(members.partner > np.arange(len(years)))
    two = members.partner[one]
    found = []
    for counted, either in ((old & ~unknown, False), (old | unknown, True)):
        women, men = (total(counted & (sex | (no_sex & either))) for sex in of_sex)
        people, couples = total(counted), total(one[counted[one] & counted[two]])
        apart = (women > 0) & (men > 0) & (people > 1) & ~((people == 2) & (couples > 0))
        found.append(np.where(apart, 2, np.minimum(total(members.household >= 0), 1)))
    return found[0], found[1]


def slept_in(rooms: pl.DataFrame) -> pl.DataFrame:
    """The rooms whose use counts by both standards; without ``use``, all."""
    if "use" not in rooms.columns:
        return rooms
    return rooms.filter(pl.col("use").cast(pl.String).is_in(SLEPT_IN))


def _permitted(
    rooms: pl.DataFrame, home: NDArray[np.int32], n: int, law: OvercrowdingLaw
) -> tuple[Bounds, Bounds]:
    """The numbers permitted by Table I and by Table II: a room too small for the one is for both.

    Args:
        rooms: those that may be slept in.
        home: whose each is; negative for nobody's.
        n: how many households there are.
        law: of the date.
    """
    inside = home >= 0
    at = home[inside]
    area = rooms[AREA].cast(pl.Float64).to_numpy()[inside]
    unknown = np.isnan(area)
    floors = np.array(sorted(law.persons_by_floor_area), float)
    worth = np.array([0.0, *(law.persons_by_floor_area[int(f)] for f in floors)])
    persons = worth[np.searchsorted(floors, area, side="right")]
    by_rooms, by_area = [], []
    for value in (0.0, worth.max()):
        of_room = np.where(unknown, value, persons)
        by_rooms.append(_by_rooms(np.bincount(at[of_room > 0], minlength=n), law))
        by_area.append(np.bincount(at, of_room, minlength=n))
    return (by_rooms[0], by_rooms[1]), (by_area[0], by_area[1])


def _by_rooms(number: NDArray[np.int64], law: OvercrowdingLaw) -> NDArray[np.float64]:
    """Table I."""
    last = max(law.persons_by_rooms)
    table = np.array([law.persons_by_rooms.get(k, 0.0) for k in range(last + 1)])
    beyond = number * law.persons_for_each_room_beyond
    return np.where(number > last, beyond, table[np.minimum(number, last)])

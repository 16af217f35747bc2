"""The home a household has now, one household at a time: bedrooms that count, overcrowding in law.

The law is the Housing Act 1985, sections 325 (room standard) and 326 (space standard).
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.reference.sql import add_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = Mapping[str, Any]

SIZES = (0.0, 49.0, 50.0, 70.0, 90.0, 110.0)
"""One size of each kind that any rule tells apart, for a room that is not measured."""


def rooms_on(rows: list[Row], as_at: date) -> list[Row]:
    return [r for r in rows if (r["since"] is None or r["since"] <= as_at)
            and (r["until"] is None or as_at < r["until"])]


def homes_possible(rooms: list[Row]) -> list[list[Row]]:
    """The rooms with every area that is not known filled in, in every way."""
    unknown = [i for i, room in enumerate(rooms) if room["floor_area_sq_ft"] is None]
    homes = []
    for sizes in product(SIZES, repeat=len(unknown)):
        home = [dict(room) for room in rooms]
        for i, size in zip(unknown, sizes, strict=True):
            home[i]["floor_area_sq_ft"] = size
        homes.append(home)
    return homes


def rooms_and_number_differ(rows: list[Row], said: int | None, smallest: float, as_at: date) -> bool:
    """No size that a room may have makes the number on record right."""
    rooms = rooms_on(rows, as_at)
    bedrooms = [r for r in rooms if r["use"] == "bedroom"]
    if not rooms or said in (None, len(bedrooms)):
        return False
    return all(_large(home, smallest) != said for home in homes_possible(rooms))


def bedrooms_now(rows: list[Row], said: int | None, smallest: float, as_at: date) -> int | None:
    rooms = rooms_on(rows, as_at)
    if not rooms:
        return said
    if rooms_and_number_differ(rows, said, smallest, as_at):
        return None
    numbers = {_large(home, smallest) for home in homes_possible(rooms)}
    return numbers.pop() if len(numbers) == 1 else None


def _large(home: list[Row], smallest: float) -> int:
    return sum(r["use"] == "bedroom" and r["floor_area_sq_ft"] >= smallest for r in home)


def overcrowded(rule: str, rows: list[Row], people: list[Row], as_at: date) -> bool | None:
    """By the ``room_standard``, the ``space_standard``, or ``either``."""
    by_room, by_space = (broken(rows, people, as_at)
                         for broken in (room_standard_broken, space_standard_broken))
    if rule != "either":
        return by_room if rule == "room_standard" else by_space
    return True if by_room or by_space else None if None in (by_room, by_space) else False


def sleeping_rooms(rows: list[Row], as_at: date) -> list[Row]:
    """Rooms of a type used as a bedroom or as a living room, whatever their size."""
    return [r for r in rooms_on(rows, as_at) if r["use"] != "other"]


def room_standard_broken(rows: list[Row], people: list[Row], as_at: date) -> bool | None:
    """s.325: no way of placing those of 10 and over keeps apart all of opposite sexes but couples.

    s.325(2)(b) asks for no floor area, so areas are not read. Every age and sex that may be is tried.
    """
    from tests.reference.bedrooms import couples

    rooms = len(sleeping_rooms(rows, as_at))
    if not rooms:
        return None
    pairs = {frozenset(pair) for pair in couples(people) or ()}
    answers = set()
    for world in product(*(_kinds(p, as_at) for p in people)):
        old = [at for at, (is_old, _) in enumerate(world) if is_old]
        clash = [(a, b) for i, a in enumerate(old) for b in old[i + 1:]
                 if world[a][1] != world[b][1] and frozenset((a, b)) not in pairs]
        placed = (dict(zip(old, places, strict=True))
                  for places in product(range(rooms), repeat=len(old)))
        answers.add(not any(all(room[a] != room[b] for a, b in clash) for room in placed))
    return answers.pop() if len(answers) == 1 else None


def _kinds(person: Row, as_at: date) -> list[tuple[bool, str]]:
    """Whether 10 or over, and the sex, in every way it may be."""
    born = person["date_of_birth"]
    if born is not None:
        old = [born <= as_at and as_at >= _birthday(born, 10)]
    else:
        old = [False] if person["expected_on"] is not None else [False, True]
    sexes = [person["sex"]] if person["sex"] in ("female", "male") else ["female", "male"]
    return list(product(old, sexes))


def space_standard_broken(rows: list[Row], people: list[Row], as_at: date) -> bool | None:
    """s.326: more persons than the lesser number of the two Tables, in every home it may be."""
    rooms = sleeping_rooms(rows, as_at)
    if not rooms:
        return None
    permitted = [min(_by_number(home), _by_area(home)) for home in homes_possible(rooms)]
    counted = [_persons(p, as_at) for p in people]
    most = sum(max(c) for c in counted)
    least = sum(min(c) for c in counted)
    answers = {persons > allowed for persons in (least, most) for allowed in permitted}
    return answers.pop() if len(answers) == 1 else None


def _persons(person: Row, as_at: date) -> tuple[float, ...]:
    born = person["date_of_birth"]
    if born is None:
        return (0.0,) if person["expected_on"] is not None else (0.0, 0.5, 1.0)
    if born > as_at:
        return (0.0,)
    first, tenth = (_birthday(born, years) for years in (1, 10))
    return (0.0 if as_at < first else 0.5 if as_at < tenth else 1.0,)


def _birthday(born: date, years: int) -> date:
    """Someone born on 29 February has it on 1 March in other years."""
    day = add_months(born, 12 * years)
    return day if day.day == born.day else day + timedelta(1)


def _by_number(home: list[Row]) -> float:
    """Table I; a room under 50 square feet is left out of it, and of Table II."""
    rooms = sum(r["floor_area_sq_ft"] >= 50 for r in home)
    return {0: 0.0, 1: 2.0, 2: 3.0, 3: 5.0, 4: 7.5}.get(rooms, 2.0 * rooms)


def _by_area(home: list[Row]) -> float:
    limits = ((110, 2.0), (90, 1.5), (70, 1.0), (50, 0.5))
    return sum(next((n for limit, n in limits if r["floor_area_sq_ft"] >= limit), 0.0) for r in home)

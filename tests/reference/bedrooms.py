"""Bedroom need, one household at a time, in plain Python: every way of pairing is tried.

Written from ``docs/bedrooms.md``. A missing fact is tried with every value it may have.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.reference.facts import age_in_years

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbl_engine.scheme.bedrooms import BedroomStandard

    Row = Mapping[str, Any]

FLAGS = ("cannot_share", "carer", "part_time", "foster_child", "temporarily_away")


def bounds(people: Sequence[Row], standard: BedroomStandard, on: date) -> tuple[int, int] | None:
    """Least and most rooms over everything that missing facts may be; None for contradictions."""
    pairs = couples(people)
    if pairs is None:
        return None
    found = [
        min(rooms(list(world), pairs, standard, on) for world in _unborn_sexes(people, standard, w))
        for w in product(*(_possible(person, people, standard, on) for person in people))
    ]
    return min(found), max(found)


def by_table(
    people: Sequence[Row], standard: BedroomStandard, on: date, met: Sequence[Any]
) -> set[tuple[int, tuple[int, ...]]]:
    """Need and the table's own sizes over everything that missing facts may be.

    For standards that count all but carers and part-time children. ``met`` has, for each row of the
    table, what its ``when`` says of a shape, as Python.
    """
    pairs = couples(people) or []
    found = set()
    for world in product(*(_possible(person, people, standard, on) for person in people)):
        need, sizes = rooms(list(world), pairs, standard, on), ()
        shape = _shape(world, pairs, standard, need)
        for row, holds in zip(standard.table, met, strict=True):
            if holds(shape):
                need, sizes = need if row.bedrooms is None else row.bedrooms, row.sizes
                break
        found.add((need, sizes))
    return found


def _shape(
    world: Sequence[Row], pairs: list[tuple[int, int]], standard: BedroomStandard, need: int
) -> dict[str, int]:
    """How many of whom in one household, of which everything is known."""
    in_one = {at for pair in pairs for at in pair}
    others = [p for at, p in enumerate(world) if at not in in_one and p["relationship"] != "applicant"]
    carers = [p for p in others if p["relationship"] == "carer" or p["carer"]]
    counted = [p for p in others if p not in carers and not p["part_time"]]
    children = [p for p in counted if p["age"] < standard.children_until]
    return {
        "couples": len(pairs), "children": len(children), "adults": len(counted) - len(children),
        "carers": int(bool(carers)), "rule": need,
    }


def _possible(
    person: Row, people: Sequence[Row], standard: BedroomStandard, on: date
) -> list[dict[str, Any]]:
    """Every way in which what is not known of a person may turn out."""
    age, unborn = age_of(person, on), is_unborn(person, on)
    limits = [1, standard.same_sex_from]
    limits += [n for n in (standard.own_room_from, standard.same_sex_until,
                           standard.any_sex_until) if isinstance(n, int)]
    limits += [standard.children_until] if standard.table else []
    ages = [age]
    if age is None:
        ages = sorted({0, *limits, *(n + 1 for n in limits), *(n - 1 for n in limits if n)})
    sexes = [person["sex"]] if person["sex"] in ("female", "male") else ["female", "male"]
    roles = [person["relationship"]]
    if person["relationship"] is None and all(
        p["relationship"] != "applicant" for p in people
    ):
        roles = ["applicant", "other_relative"]
    unsure = [
        [bool(person[flag])] if flag not in person or person[flag] is not None
        or standard.not_stated == "no" else [False, True]
        for flag in FLAGS
        if flag in person
    ]
    names = [flag for flag in FLAGS if flag in person]
    return [
        {**person, "age": a, "unborn": unborn, "sex": s, "relationship": r,
         "sex_known": len(sexes) == 1, **dict(zip(names, flags, strict=True))}
        for a, s, r, *flags in product(ages, sexes, roles, *unsure)
    ]


def _unborn_sexes(people: Sequence[Row], standard: BedroomStandard, world: Sequence[Any]) -> Any:
    """Worlds that differ in the sex of unborn children, where the standard takes the best."""
    if standard.unborn_sex != "fewest":
        return [world]
    return product(
        *(
            [{**p, "sex": s} for s in ("female", "male")]
            if p["unborn"] and not p["sex_known"] else [p]
            for p in world
        )
    )


def is_unborn(person: Row, on: date) -> bool:
    born = person["date_of_birth"]
    return born > on if born is not None else person.get("expected_on") is not None


def age_of(person: Row, on: date) -> int | None:
    if is_unborn(person, on):
        return 0
    return age_in_years(person, on) if person["date_of_birth"] else None


def couples(people: Sequence[Row]) -> list[tuple[int, int]] | None:
    """Places of couples; None when someone has two partners."""
    place = {person["id"]: at for at, person in enumerate(people)}
    found = set()
    for at, person in enumerate(people):
        other = place.get(person.get("partner_of"))
        if other is not None:
            found.add((min(at, other), max(at, other)))
    in_one = {at for pair in found for at in pair}
    applicants = [at for at, p in enumerate(people) if p["relationship"] == "applicant"]
    for at, person in enumerate(people):
        if person["relationship"] == "partner" and at not in in_one and applicants:
            found.add((min(at, applicants[-1]), max(at, applicants[-1])))
    everyone = [at for pair in found for at in pair]
    return None if len(everyone) != len(set(everyone)) else sorted(found)


def rooms(
    people: list[dict[str, Any]], pairs: list[tuple[int, int]], standard: BedroomStandard, on: date
) -> int:
    """The fewest rooms when everything is known."""
    n = 0
    partner = dict(pairs) | {b: a for a, b in pairs}
    away = standard.temporarily_away == "not_counted"
    gone = {at for at, p in enumerate(people) if away and p.get("temporarily_away")}
    for a, b in pairs:
        one = "applicant" in (people[a]["relationship"], people[b]["relationship"])
        here = [at for at in (a, b) if at not in gone]
        share = standard.couples == "share" or (standard.couples == "applicant_only" and one)
        cannot = standard.cannot_share == "own_room" and any(
            people[at].get("cannot_share") for at in (a, b))
        n += len(here) if not share or cannot else min(len(here), 1)
    kinds = set()
    sharers = []
    too_early = [p["unborn"] and not counted_before_birth(p, standard, on) for p in people]
    babies = sum(
        p["age"] == 0 and not too_early[at] and p["relationship"] != "applicant" and at not in partner
        for at, p in enumerate(people)
    )
    for at, person in enumerate(people):
        if at in gone or at in partner:
            continue
        applicant = person["relationship"] == "applicant"
        if too_early[at] and not (applicant and standard.applicant == "own_room"):
            continue
        if standard.carers != "counted" and (
            person["relationship"] == "carer" or (person.get("carer") and not applicant)
        ):
            kind = ("carer", standard.carers)
        elif person.get("foster_child") and not applicant and standard.foster_children != "counted":
            kind = ("foster", standard.foster_children)
        elif person.get("part_time") and not applicant:
            kind = ("part", standard.part_time_children)
        else:
            kind = ("", "counted")
        if kind[1] == "one_room":
            kinds.add(kind[0])
            continue
        if kind[1] == "not_counted":
            continue
        if applicant and standard.applicant == "own_room":
            n += 1
            continue
        if person["age"] == 0 and (
            standard.under_ones == "not_counted"
            or (standard.under_ones == "twins_counted" and babies < 2 and not applicant)
        ):
            continue
        if person.get("cannot_share") and standard.cannot_share == "own_room":
            n += 1
            continue
        sharers.append((person["age"], person["sex"]))
    return n + len(kinds) + fewest(tuple(sorted(sharers)), standard)


def counted_before_birth(person: Row, standard: BedroomStandard, on: date) -> bool:
    if standard.unborn_from_weeks == "never":
        return False
    due = person["date_of_birth"] or person["expected_on"]
    weeks = 40 - (due - on).days / 7
    return standard.unborn_from_weeks == 0 or weeks >= standard.unborn_from_weeks


def may_share(one: tuple[int, str], two: tuple[int, str], standard: BedroomStandard) -> bool:
    (age, sex), (other, their_sex) = one, two
    if standard.own_room_from != "never" and max(age, other) >= standard.own_room_from:
        return False
    until = standard.any_sex_until
    if until != "never" and (
        max(age, other) < until or (standard.any_sex_inclusive and max(age, other) <= until)
    ):
        return True
    until = standard.same_sex_until
    return (
        sex == their_sex
        and until != "never"
        and (until == "any_age" or max(age, other) < until)
        and min(age, other) >= standard.same_sex_from
    )


def fewest(sharers: tuple[tuple[int, str], ...], standard: BedroomStandard) -> int:
    """The fewest rooms, trying the first person alone and with every other."""

    @cache
    def of(left: tuple[tuple[int, str], ...]) -> int:
        if not left:
            return 0
        first, rest = left[0], left[1:]
        best = 1 + of(rest)
        for at, other in enumerate(rest):
            if may_share(first, other, standard):
                best = min(best, 1 + of(rest[:at] + rest[at + 1 :]))
        return best

    return of(sharers)

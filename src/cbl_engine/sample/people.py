"""The people of each household, made so that they need just the bedrooms the household needs.

Rooms beyond the applicant's (and partner's) hold a grown-up relative or a carer, or children:
one child, or two who share (both under 10, or of one sex and under 16). A boy and a girl of 10 to
15 with a room each come at most once, beside at most one pair of one sex; otherwise at most one
child is alone. So no better sharing exists, by any standard that lets such pairs share and gives
grown-ups of 21 a room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import (
    dates,
    empty,
    even,
    not_known,
    pick,
    whole,
    words,
    yes,
)
from cbl_engine.sample.shares import figure, published_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.households import Households
    from cbl_engine.sample.plan import Plan

YEAR = 365.2425
"""[days]; with any other length a seed would make another borough than it did."""
CHILD_ROOMS = 3
_NONE, _ONE, _ANY_SEX, _SAME_SEX, _BOY, _GIRL, _PAIR = range(7)
_ROOMS = {
    ("children_of_one_room", "one"): (_ONE, _NONE, _NONE),
    ("children_of_one_room", "pair"): (_PAIR, _NONE, _NONE),
    ("children_of_two_rooms", "teens"): (_BOY, _GIRL, _NONE),
    ("children_of_two_rooms", "three"): (_PAIR, _ONE, _NONE),
    ("children_of_two_rooms", "four"): (_PAIR, _PAIR, _NONE),
    ("children_of_three_rooms", "teens"): (_SAME_SEX, _BOY, _GIRL),
    ("children_of_three_rooms", "five"): (_PAIR, _PAIR, _ONE),
    ("children_of_three_rooms", "six"): (_PAIR, _PAIR, _PAIR),
}
# Children keep this far from the birthdays that count, so that leap days cannot matter [years].
_MARGIN = 0.03
# Years of age, from (included) and to (excluded), by kind of room.
_AGE_FROM = np.array([0, 0, 0, 0, 10, 10])
_AGE_TO = np.array([0, 16, 10, 16, 16, 16])
_SEXES = ("female", "male", "other")
_FEMALE, _MALE, _OTHER = range(3)
_RELATIONS = ("applicant", "partner", "child", "parent", "sibling", "other_relative", "carer")
_APPLICANT, _PARTNER, _CHILD, _PARENT, _SIBLING, _RELATIVE, _CARER = range(7)


def make_people(plan: Plan, households: Households) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """The people table and the applicants' ages at the last closing [years].

    1. rooms; 2. children and grown-up relatives; 3. applicants, old enough for them; 4. partners
    and relatives of the applicants' generations; 5. all in one table, by household.

    Loops over at most 14 places in a household.
    """
    seed, at, need = plan.seed, households.ordinal, households.need
    grown, rooms = _rooms(seed, at, need)
    children = [
        _child(seed, at, rooms[:, room], room, q) for room in range(CHILD_ROOMS) for q in (0, 1)
    ]
    adults = [_grown_up(seed, at, grown, rooms, j) for j in range(int(grown.max(initial=0)))]

    eldest = np.zeros(len(at))
    for present, age, relation, *_ in (*children, *adults):
        eldest = np.maximum(eldest, np.where(present & (relation == _CHILD), age, 0))
    alone = eldest == 0
    applicant_age = np.where(alone, _single_age(seed, at), eldest + _generation(seed, at))
    paired = households.couple_only | ((need > 1) & yes(seed, "couple_with_others", at))

    everyone = np.ones(len(at), bool)
    parts = [(everyone, applicant_age, np.full(len(at), _APPLICANT), everyone)]
    parts.append(_partner(seed, at, applicant_age, paired))
    parts += children
    parts += [_in_generation(seed, at, part, applicant_age, j) for j, part in enumerate(adults)]
    sexes = _sexes(seed, at, rooms, paired, alone, len(adults))
    return _table(plan, households, parts, sexes, paired), applicant_age


Part = tuple["NDArray[np.bool_]", "NDArray", "NDArray", "NDArray[np.bool_]"]
"""Who is present, their ages [years], relations, and who is born."""


def _generation(seed: int, at: NDArray, *key: int) -> NDArray[np.float64]:
    """Years between the births of a parent and their eldest child."""
    least, most = (figure("age_at_first_child", name) for name in ("least", "most"))
    return least + (most - least) * even(seed, "age_at_first_child", at, *key)


def _near(seed: int, share: str, at: NDArray, *key: int) -> NDArray[np.float64]:
    """A gap of some years either way."""
    return figure(share, "most") * (2 * even(seed, share, at, *key) - 1)


def _rooms(seed: int, at: NDArray, need: NDArray) -> tuple[NDArray, NDArray]:
    """Rooms of grown-ups, and the kinds of the children's rooms (households x 3)."""
    others = need - 1
    grown = np.zeros(len(at), np.int64)
    for j in range(int(others.max(initial=0))):
        grown += (j < others) & yes(seed, "adult_room", at, j)
    grown = np.maximum(grown, others - CHILD_ROOMS)
    rooms = np.zeros((len(at), CHILD_ROOMS), np.int64)
    names = ("children_of_one_room", "children_of_two_rooms", "children_of_three_rooms")
    for count, name in enumerate(names, start=1):
        kinds = np.array([_ROOMS[name, pattern] for pattern in published_share(name)])
        with_count = others - grown == count
        rooms = np.where(with_count[:, None], kinds[pick(seed, name, at)], rooms)
    for room in range(CHILD_ROOMS):
        pair = np.where(pick(seed, "pair_of_children", at, room) == 0, _ANY_SEX, _SAME_SEX)
        rooms[:, room] = np.where(rooms[:, room] == _PAIR, pair, rooms[:, room])
    return grown, rooms


def _child(seed: int, at: NDArray, kind: NDArray, room: int, q: int) -> Part:
    """The first (q = 0) or second child of a room; the second may not be born yet."""
    pair = (kind == _ANY_SEX) | (kind == _SAME_SEX)
    present = (kind != _NONE) if q == 0 else pair
    span = (_AGE_TO - _AGE_FROM - 2 * _MARGIN)[kind]
    age = _AGE_FROM[kind] + _MARGIN + span * even(seed, "child_age", at, room, q)
    # Only beside a child under 10, with whom it may share whatever its sex.
    born = ~((kind == _ANY_SEX) & (q == 1) & (room == 0) & yes(seed, "unborn", at))
    return present, np.where(born, age, 0), np.full(len(at), _CHILD), born


def _grown_up(seed: int, at: NDArray, grown: NDArray, rooms: NDArray, j: int) -> Part:
    """The j-th grown-up in a room of their own; ages of those not children come later."""
    relatives = list(published_share("relative"))
    codes = np.array([_RELATIONS.index(name) for name in relatives])
    relation = np.where(
        yes(seed, "carer_room", at, j), _CARER, codes[pick(seed, "relative", at, j)]
    )
    alone = (j == 0) & (grown == 1) & (rooms[:, 0] == _NONE)
    least = np.where(alone, figure("grown_up_age", "least_alone"), figure("grown_up_age", "least"))
    span = figure("grown_up_age", "most") - least
    age = least + span * even(seed, "grown_up_age", at, j)
    return j < grown, age, relation, np.ones(len(at), bool)


def _in_generation(seed: int, at: NDArray, part: Part, applicant: NDArray, j: int) -> Part:
    """A grown-up with an age that goes with the applicant's."""
    present, age, relation, born = part
    least = figure("other_adult_age", "least")
    other = least + (figure("other_adult_age", "most") - least) * even(seed, "other_age", at, j)
    older = applicant + _generation(seed, at, j)
    near = applicant + _near(seed, "sibling_age_gap", at, j)
    age = np.select(
        [relation == _CHILD, relation == _PARENT, relation == _SIBLING], [age, older, near], other
    )
    oldest = figure("oldest_age", "years")
    return present, np.clip(age, np.where(relation == _CHILD, 0, least), oldest), relation, born


def _partner(seed: int, at: NDArray, applicant: NDArray, paired: NDArray) -> Part:
    age = applicant + _near(seed, "partner_age_gap", at)
    youngest = float(list(published_share("age_single"))[1])
    relation = np.full(len(at), _PARTNER)
    return paired, np.maximum(age, youngest), relation, np.ones(len(at), bool)


def _single_age(seed: int, at: NDArray) -> NDArray[np.float64]:
    """Age of an applicant without children: a class by its share, even within it [years]."""
    classes = [float(age) for age in published_share("age_single")]
    starts = np.array(classes)
    ends = np.array([*classes[1:], figure("oldest_single", "years")])
    at_class = pick(seed, "age_single", at)
    return starts[at_class] + (ends - starts)[at_class] * even(seed, "single_age", at)


def _sexes(
    seed: int, at: NDArray, rooms: NDArray, paired: NDArray, alone: NDArray, n_adults: int
) -> list[NDArray[np.int64]]:
    """Sex of each place, in the order of the parts."""
    kind = np.where(paired, "couple", np.where(alone, "alone", "lone_parent"))
    women = np.select(
        [kind == name for name in ("couple", "alone")],
        [figure("applicant_female", "couple"), figure("applicant_female", "alone")],
        figure("applicant_female", "lone_parent"),
    )
    applicant = np.where(even(seed, "applicant_sex", at) * 100 < women, _FEMALE, _MALE)
    partner = np.where(yes(seed, "same_sex_couple", at), applicant, 1 - applicant)
    sexes = [_or_other(seed, at, applicant, 0), _or_other(seed, at, partner, 1)]
    for room in range(CHILD_ROOMS):
        room_sex = whole(seed, "room_sex", 0, 1, at, room)
        for q in (0, 1):
            own = whole(seed, "child_sex", 0, 1, at, room, q)
            sexes.append(
                np.select(
                    [rooms[:, room] == k for k in (_SAME_SEX, _BOY, _GIRL)],
                    [room_sex, np.full(len(at), _MALE), np.full(len(at), _FEMALE)],
                    own,
                )
            )
    for j in range(n_adults):
        sexes.append(_or_other(seed, at, whole(seed, "relative_sex", 0, 1, at, j), 2 + j))
    return sexes


def _or_other(seed: int, at: NDArray, sex: NDArray, place: int) -> NDArray[np.int64]:
    return np.where(yes(seed, "other_sex", at, place), _OTHER, sex)


def _table(
    plan: Plan,
    households: Households,
    parts: list[Part],
    sexes: list[NDArray[np.int64]],
    paired: NDArray[np.bool_],
) -> pl.DataFrame:
    """One row a person, by household and place in it."""
    held = [np.flatnonzero(part[0]) for part in parts]
    household = np.concatenate(held)
    place = np.repeat(np.arange(len(parts)), [len(rows) for rows in held])
    order = np.argsort(household * 16 + place, kind="stable")
    household, place = household[order], place[order]

    def column(arrays: list[NDArray]) -> NDArray:
        return np.concatenate([a[rows] for a, rows in zip(arrays, held, strict=True)])[order]

    age = column([part[1] for part in parts])
    relation = column([part[2] for part in parts])
    born = column([part[3] for part in parts])
    sex = column(sexes)
    firsts = np.flatnonzero(place == 0)
    number = np.arange(len(household)) - firsts[np.cumsum(place == 0) - 1] + 1
    seed, child = plan.seed, relation == _CHILD
    adult = ~child
    own_room = child & (number > 1) & _has_own_room(household, place, parts)
    application = households.ids.gather(pl.Series(household))
    ids = application + "-" + pl.Series(number).cast(pl.String).str.zfill(2)
    partner_number = np.where(place == 0, "02", "01")
    in_couple = (place <= 1) & paired[household]
    sex_null = ~born | (adult & not_known(seed, "sex", household, place))
    unknown_birth = adult & not_known(seed, "date_of_birth", household, place)
    expected = plan.last_day + whole(
        seed, "expected_on", 1, int(figure("unborn_days", "most")), household
    )
    away = adult & (place > 1) & yes(seed, "temporarily_away", household, place)
    stays_apart = own_room & yes(seed, "cannot_share", household, place)
    return pl.DataFrame(
        {
            "id": ids,
            "application": application,
            "date_of_birth": dates(plan.last_day - np.ceil(age * YEAR), ~born | unknown_birth),
            "expected_on": dates(expected, born),
            "sex": words(_SEXES, sex, sex_null),
            "relationship": words(_RELATIONS, relation),
            "partner_of": empty(application + "-" + pl.Series(partner_number), ~in_couple),
            "carer": pl.Series(relation == _CARER),
            "cannot_share": pl.Series(stays_apart),
            "temporarily_away": pl.Series(away),
            "forces": _forces(seed, household, place),
        }
    )


def _forces(seed: int, household: NDArray[np.int64], place: NDArray[np.int64]) -> pl.Series:
    """The applicant's tie to the forces; everyone else has none."""
    ties = list(published_share("forces"))
    own = np.where(place == 0, pick(seed, "forces", household), ties.index("none"))
    return words(ties, own)


def _has_own_room(
    household: NDArray[np.int64], place: NDArray[np.int64], parts: list[Part]
) -> NDArray[np.bool_]:
    """Whether nobody else is in the room: for children, no second child there."""
    own = np.zeros(len(place), bool)
    for room in range(CHILD_ROOMS):
        own |= (place == 2 + 2 * room) & ~parts[3 + 2 * room][0][household]
    return own

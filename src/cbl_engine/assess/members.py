"""Who each person of a household is to a bedroom standard: their class, or the classes possible."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import born_by
from cbl_engine.assess.couples import couples_of
from cbl_engine.assess.sharing import (
    ADULT,
    APART,
    BOTH_F,
    BOTH_M,
    CARER,
    COUPLE,
    FOSTER,
    N_CLASSES,
    NONE,
    OLD_F,
    OLD_M,
    PART_TIME,
    PARTNER,
    UNCERTAIN,
    WILD,
    YOUNG,
)
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.bedrooms import BedroomStandard

_SEXES = ("female", "male")
FEMALE, MALE, NO_SEX = range(3)
_ROLES = ("applicant", "partner", "carer")
_AS_APPLICANT, _AS_PARTNER, _AS_CARER = range(3)
_WEEKS = 40
_NOT = np.uint16(1 << NONE)
_ROOM = np.uint16(1 << ADULT)
_APART = np.uint16(1 << APART)


@dataclass(frozen=True)
class Members:
    """The people of some households, household after household.

    Attributes:
        people: their rows, in that order.
        household: which household each belongs to, ascending.
        starts: where each household begins.
        masks: bit k is set when the person's class may be k.
        sex: FEMALE, MALE, or NO_SEX when it is not known or recorded as other.
        partner: row of the person with whom each is a couple; -1 for none.
        missing: for each fact, the rows for which it is not known and may matter.
        assumed: the same for facts that the standard says how to take.
        contradictory: rows of people with two partners.
    """

    people: pl.DataFrame = field(repr=False)
    household: NDArray[np.int32]
    starts: NDArray[np.int64]
    masks: NDArray[np.uint16]
    sex: NDArray[np.uint8]
    partner: NDArray[np.int32]
    missing: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    assumed: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    contradictory: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def classes(self) -> NDArray[np.uint8]:
        """Class of each person, UNCERTAIN where there are several."""
        return _CLASS_OF_MASK[self.masks]


def has_several(masks: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Whether more than one class is possible."""
    return masks & (masks - np.uint16(1)) > 0


_CLASS_OF_MASK = np.full(1 << N_CLASSES, UNCERTAIN, np.uint8)
_CLASS_OF_MASK[1 << np.arange(N_CLASSES)] = np.arange(N_CLASSES)


def members_of(
    people: pl.DataFrame, household: NDArray[np.int32], standard: BedroomStandard, on: date
) -> Members:
    """Class every person.

    1. put households together; 2. who is with whom; 3. the class by age and sex, the applicant's own
    room; 4. who cannot share; 5. who counts in another way or not at all; 6. rooms of couples.

    Args:
        people: rows of PEOPLE; ``id``, ``date_of_birth``, ``sex`` and ``relationship`` are there.
        household: number of each row's household; negative ones are left out.
        standard: resolved.
        on: the as-at date.
    """
    people, household = put_together(people, household)
    new = np.ones(len(household), bool)
    new[1:] = household[1:] != household[:-1]
    starts = np.flatnonzero(new)

    work = _Work(people, household, starts, standard, on)
    work.find_couples()
    category = work.by_age_and_sex()
    if standard.under_ones == "twins_counted":
        work.lone_babies(category)
    work.cannot_share()
    work.counted_otherwise()
    work.couples()
    several = has_several(work.masks)
    missing = {name: rows[work.unsettled(several, rows)] for name, rows in work.missing.items()}
    return Members(
        people, household, starts, work.masks, work.sex, work.partner,
        {name: rows for name, rows in missing.items() if len(rows)},
        {name: rows for name, rows in work.assumed.items() if len(rows)},
        work.contradictory,
    )


def counted_before_birth(days: NDArray | int, standard: BedroomStandard) -> NDArray | bool:
    """Whether a child due in so many days counts already."""
    weeks = standard.unborn_from_weeks
    return False if weeks == "never" else (weeks == 0) | (days <= (_WEEKS - weeks) * 7)


def put_together(
    people: pl.DataFrame, household: NDArray[np.int32]
) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Rows and the household of each, household after household; who has none is left out."""
    if len(household) and int(household.min()) < 0:
        inside = household >= 0
        people, household = people.filter(pl.Series(inside)), household[inside]
    if not bool((household[1:] >= household[:-1]).all()):
        order = np.argsort(household, kind="stable")
        people, household = people[order], household[order]
    return people, household


class _Work:
    """Masks in the making. Every step narrows or widens those of some rows."""

    def __init__(
        self,
        people: pl.DataFrame,
        household: NDArray[np.int32],
        starts: NDArray[np.int64],
        standard: BedroomStandard,
        on: date,
    ) -> None:
        self.people = people
        self.household = household
        self.starts = starts
        self.standard = standard
        self.on = on
        self.masks = np.zeros(len(household), np.uint16)
        self.too_early = np.zeros(len(household), bool)  # not yet born, and not counted yet
        self.age_unknown = self.unborn = 0
        self.pairs = _NOBODY, _NOBODY
        self.partner = np.full(len(household), -1, np.int32)
        self.missing: dict[str, NDArray[np.int64]] = {}
        self.assumed: dict[str, NDArray[np.int64]] = {}
        self.contradictory = np.zeros(0, np.int64)
        self.relationship = people["relationship"]
        codes = people.select(_codes("sex", _SEXES), _codes("relationship", _ROLES))
        self.sex, self.role = (codes[name].to_numpy() for name in codes.columns)
        self.is_applicant = self.role == _AS_APPLICANT

    def by_age_and_sex(self) -> NDArray[np.uint8]:
        """The class by age and sex, several where either is not known; the category of age."""
        standard, on = self.standard, self.on
        own, same, anyone = (
            standard.own_room_limit(), standard.same_sex_limit(), standard.any_sex_limit()
        )
        turns = sorted({a for a in (1, standard.same_sex_from, own, same, anyone) if 0 < a < 150})
        # Categories of age: 0, from each of these birthdays on, unborn, not counted, not known.
        unborn, uncounted, unknown = (len(turns) + 1 + k for k in range(3))
        table = np.zeros((unknown + 1, 3), np.uint16)
        for category, age in enumerate([0, *turns]):
            table[category] = _masks_at(standard, age)
        if standard.under_ones == "not_counted":
            table[0] = _NOT
        table[unborn] = table[0]
        if standard.unborn_sex == "fewest" and table[0, FEMALE] == 1 << BOTH_F:
            table[unborn, NO_SEX] = 1 << WILD
        table[uncounted] = _NOT
        table[unknown] = np.bitwise_or.reduce(table[:unborn], axis=0)

        born = self.people["date_of_birth"]
        null = born.null_count() > 0
        days = born.to_physical().fill_null(_LONG_AGO).to_numpy() if null else (
            born.to_physical().to_numpy())
        category = np.zeros(len(days), np.uint8)
        for age in turns:
            category += days <= day_number(born_by(on, age))
        self._unborn(days, null, category, unborn, uncounted, unknown)

        # The second half of the masks is for applicants, who have a room at any age.
        masks = np.zeros(128, np.uint16)
        masks[: table.size] = table.reshape(-1)
        masks[64:] = masks[:64] if standard.applicant == "by_age" else _ROOM
        self.masks = masks[
            category * np.uint8(3) + self.sex + self.is_applicant.view(np.uint8) * np.uint8(64)
        ]
        self.age_unknown, self.unborn = unknown, unborn
        self.too_early = category == uncounted
        if null:
            self._note(self.missing, "date_of_birth", np.flatnonzero(category == unknown))
        matters = has_several(table[:, NO_SEX]) & (table[:, FEMALE] != table[:, MALE])
        no_sex = np.flatnonzero(self.sex == NO_SEX)
        self._note(self.missing, "sex", no_sex[matters[category[no_sex]]])
        return category

    def _unborn(
        self, days: NDArray, null: bool, category: NDArray, unborn: int, uncounted: int,
        unknown: int,
    ) -> None:
        """Categories of those not born yet, and of those of whom it is not known."""
        today = day_number(self.on)
        rows = np.flatnonzero(days > today)
        due = days[rows]
        if null:
            absent = np.flatnonzero(days == _LONG_AGO)
            category[absent] = unknown
            if "expected_on" in self.people.columns:
                expected = self.people["expected_on"].gather(absent).to_physical()
                is_expected = expected.is_not_null().to_numpy()
                rows = np.concatenate([rows, absent[is_expected]])
                due = np.concatenate([due, expected.drop_nulls().to_numpy()])
        counted = counted_before_birth(due - today, self.standard)
        category[rows] = np.where(counted, unborn, uncounted)

    def lone_babies(self, category: NDArray[np.uint8]) -> None:
        """Under-1s, and the unborn that count, do so only where there are two or more.

        Applicants and couples are no babies.
        """
        unknown = self.age_unknown
        n = int(self.household.max(initial=-1)) + 1
        others = ~self.is_applicant & (self.partner < 0)
        nameless = self.relationship.is_null().to_numpy()  # who may be the applicant
        baby = ((category == 0) | (category == self.unborn)) & others
        doubt = ((category == unknown) & others) | (baby & nameless)
        babies = np.bincount(self.household[baby & ~nameless], minlength=n)[self.household]
        doubts = np.bincount(self.household[doubt], minlength=n)[self.household]
        alone = baby & (babies + doubts < 2)
        if self.standard.applicant == "by_age":  # it counts, if it is the applicant
            may = np.ones(n, bool)
            may[self.household[self.is_applicant]] = False
            alone &= ~(nameless & may[self.household])
        self.masks[alone] = _NOT
        self.masks[(baby & (babies < 2) & (babies + doubts >= 2)) | doubt] |= _NOT
        self._note(self.missing, "relationship", np.flatnonzero(baby & nameless))

    def cannot_share(self) -> None:
        """Who cannot share has a room; one who would have one anyway is left as is."""
        if self.standard.cannot_share == "own_room":
            sure, unsure = self._flag(
                "cannot_share", lambda rows: self.masks[rows] & ~(_NOT | _ROOM) > 0
            )
            self.masks[sure] = (self.masks[sure] & _NOT) | _APART
            self.masks[unsure] |= _APART

    def counted_otherwise(self) -> None:
        """Part-time and foster children, people away, and carers; of no kind before they count."""
        standard = self.standard
        possible, as_applicant = self._possible_applicants()
        for how, kind, column in (
            (standard.part_time_children, PART_TIME, "part_time"),
            (standard.foster_children, FOSTER, "foster_child"),
            (standard.carers, CARER, "carer"),
        ):
            if how == "counted":
                continue
            target = _NOT if how == "not_counted" else np.uint16(1 << kind)
            sure, unsure = self._flag(
                column, lambda rows: ~(self.is_applicant[rows] | self.too_early[rows]))
            if kind == CARER:
                named = np.flatnonzero((self.role == _AS_CARER) & ~self.too_early)
                sure = np.concatenate([sure, named])
                unsure = unsure[~np.isin(unsure, named)]
            self.masks[sure] = target
            self.masks[unsure] |= target
        self._note(self.missing, "relationship", possible[as_applicant != self.masks[possible]])
        self.masks[possible] |= as_applicant
        if standard.temporarily_away == "not_counted":
            sure, unsure = self._flag("temporarily_away", lambda rows: np.ones(len(rows), bool))
            self.masks[sure] = _NOT
            self.masks[unsure] |= _NOT

    def _possible_applicants(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """Where no applicant is recorded, whose relationship is not known may be it: as whom."""
        if not self.relationship.null_count():
            return _NOBODY, self.masks[:0]
        known = np.zeros(int(self.household.max(initial=-1)) + 1, bool)
        known[self.household[self.is_applicant]] = True
        rows = np.flatnonzero(self.relationship.is_null().to_numpy() & ~known[self.household])
        by_age = self.standard.applicant == "by_age"
        return rows, self.masks[rows] if by_age else np.full(len(rows), _ROOM)

    def _flag(
        self, column: str, matters: Callable[[NDArray], NDArray]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows for which a yes-or-no fact holds, and those for which that is not known.

        A column that the register does not have holds of nobody.
        """
        if column not in self.people.columns:
            return _NOBODY, _NOBODY
        sure = np.flatnonzero(_true(self.people[column]))
        return sure[matters(sure)], self._not_stated(column, matters)

    def _not_stated(self, column: str, matters: Callable[[NDArray], NDArray]) -> NDArray[np.int64]:
        """Rows for which a fact is not stated, where that may not be taken as no."""
        values = self.people[column]
        if not values.null_count():
            return _NOBODY
        rows = np.flatnonzero(values.is_null().to_numpy())
        rows = rows[matters(rows)]
        if self.standard.not_stated == "no":
            self._note(self.assumed, column, rows)
            return _NOBODY
        self._note(self.missing, column, rows)
        return rows

    def unsettled(self, several: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether what is missing of these rows leaves a class open: theirs, or their partner's."""
        partner = self.partner[rows]
        unsure = several[rows] | ((partner >= 0) & several[partner])
        if self.standard.under_ones == "twins_counted" and len(rows):
            # Whether a baby counts may hang on another's age.
            open_ = np.unique(self.household[several])
            unsure |= np.isin(self.household[rows], open_)
        return unsure

    def _note(
        self, facts: dict[str, NDArray[np.int64]], name: str, rows: NDArray[np.int64]
    ) -> None:
        facts[name] = np.union1d(facts[name], rows) if name in facts else rows

    def find_couples(self) -> None:
        """Who is with whom."""
        one, two, self.contradictory = couples_of(
            self.people, self.household, self.is_applicant, self.role == _AS_PARTNER)
        self.pairs = one, two
        self.partner[one], self.partner[two] = two, one

    def couples(self) -> None:
        """One room for a couple, a second when one of them cannot share."""
        (one, two), standard = self.pairs, self.standard
        if not len(one):
            return
        # What age, sex or another part in the household would say of a couple does not matter.
        for facts in (self.missing, self.assumed):
            for name in facts.keys() - {"temporarily_away"}:
                facts[name] = facts[name][self.partner[facts[name]] < 0]
        lone = _NOBODY
        if standard.couples != "share":
            together = self.is_applicant[one] | self.is_applicant[two]
            together &= standard.couples == "applicant_only"
            lone = np.concatenate([one[~together], two[~together]])
            one, two = one[together], two[together]
        self.masks[lone] = _ROOM
        self.masks[one], self.masks[two] = 1 << COUPLE, 1 << PARTNER
        if standard.cannot_share == "own_room" and "cannot_share" in self.people.columns:
            self._couples_apart(one, two)
        if standard.temporarily_away == "not_counted" and (
            "temporarily_away" in self.people.columns
        ):
            self._couples_away(one, two, lone)

    def _couples_apart(self, one: NDArray, two: NDArray) -> None:
        """A second room when either cannot share."""
        apart = _true(self.people["cannot_share"])
        cannot = apart[one] | apart[two]
        self.masks[two[cannot]] = _APART
        asked, unsure = (np.zeros(len(self.masks), bool) for _ in range(2))
        asked[one[~cannot]] = asked[two[~cannot]] = True
        unsure[self._not_stated("cannot_share", lambda rows: asked[rows])] = True
        self.masks[two[unsure[one] | unsure[two]]] |= _APART

    def _couples_away(self, one: NDArray, two: NDArray, lone: NDArray) -> None:
        """When one is away the other has the room; when both are, nobody has."""
        values = self.people["temporarily_away"]
        away, doubt = _true(values), values.is_null().to_numpy()
        if self.standard.not_stated == "no":
            doubt = np.zeros_like(doubt)
        self.masks[lone[away[lone]]] = _NOT
        self.masks[lone[doubt[lone]]] |= _NOT
        self.masks[two[away[two]]] = _NOT
        self.masks[two[doubt[two]]] |= _NOT
        alone = away[two] & ~away[one]
        self.masks[one[alone]] = np.where(doubt[one[alone]], _ROOM | _NOT, _ROOM)
        alone = away[one] & ~away[two]
        self.masks[two[alone]] = np.where(doubt[two[alone]], _ROOM | _NOT, _ROOM)
        self.masks[one[away[one]]] = _NOT
        unsure = doubt[one] & doubt[two]
        self.masks[one[unsure]] |= _NOT
        # Whichever of the two is there has the room, so the one who may be away stands second.
        swap = doubt[one] & ~doubt[two] & ~away[two]
        self.masks[one[swap]] = self.masks[two[swap]] | _NOT
        self.masks[two[swap]] = 1 << COUPLE


_NOBODY = np.zeros(0, np.int64)
_LONG_AGO = -10_000_000


def _masks_at(standard: BedroomStandard, age: int) -> NDArray[np.uint16]:
    """Mask of someone born, at an age, for each sex; without one it may be either's class."""
    by_sex = standard.same_sex_from <= age < standard.same_sex_limit()
    with_anyone = age < standard.any_sex_limit()
    masks = []
    for both, old in ((BOTH_F, OLD_F), (BOTH_M, OLD_M)):
        if with_anyone:
            masks.append(1 << (both if by_sex else YOUNG))
        else:
            masks.append(1 << (old if by_sex else ADULT))
    return np.array([*masks, masks[0] | masks[1]], np.uint16)


def _codes(column: str, values: Sequence[str]) -> pl.Expr:
    """The place of each cell among some values; their number for any other value and for none."""
    code = pl.lit(len(values), pl.UInt8)
    for place, value in reversed(list(enumerate(values))):
        code = pl.when(pl.col(column) == value).then(pl.lit(place, pl.UInt8)).otherwise(code)
    return code.alias(column)


def _true(values: pl.Series) -> NDArray[np.bool_]:
    return (values.fill_null(value=False) if values.null_count() else values).to_numpy()

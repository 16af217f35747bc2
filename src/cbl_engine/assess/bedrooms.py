"""The bedrooms each household needs by a bedroom standard, for a whole register at once.

``docs/bedrooms.md`` says how a standard is declared; the closed form and its proof are in
:mod:`cbl_engine.assess.sharing`.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.bedroom_input import (
    none_too_large,
    refuse_no_tables,
    standard_tables,
)
from cbl_engine.assess.bedroom_table import Table, by_table
from cbl_engine.assess.members import Members, has_several, members_of, put_together
from cbl_engine.assess.sharing import (
    CARER,
    NONE,
    WILD,
    Rooms,
    counts_by_class,
    fewest_rooms,
    least_and_most,
    wild_used,
)
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.tables import Ordinals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.bedrooms import BedroomStandard, SizesLet

WHY = Rooms._fields
"""Columns of rooms by why they are needed."""
BLOCK = 500_000
"""People in a block of households; blocks are answered side by side."""


def bedroom_need(
    people: pl.DataFrame,
    standard: BedroomStandard | str,
    as_at: date,
    applications: pl.DataFrame,
) -> pl.DataFrame:
    """The need of every household by a bedroom standard.

    1. the class of each person by age, sex and flags; 2. the fewest rooms of each household by the
    closed form; 3. where facts are missing, the least and the most that they allow: the need is
    known when both agree; 4. rooms agreed by an officer and the cap; 5. the council's own table,
    where the standard has one; 6. sizes that may be let. No loop over households, but one over large
    blocks of them, on as many threads as there are processors.

    Args:
        people: PEOPLE: id, application, date_of_birth, sex and relationship; expected_on,
            partner_of, carer, cannot_share, temporarily_away, part_time and foster_child where the
            register has them (a column that is not there holds of nobody). People of other
            applications are left out.
        standard: a declaration, or the name of a shipped standard.
        as_at: the date on which ages are counted.
        applications: ``id``, one row each, and the columns that the standard names.

    Returns:
        One row an application, ascending by id:

        - application;
        - need [bedrooms, or bed spaces by the standard's unit]; null when it cannot be known;
        - least, most: between which it must lie; null when nobody is recorded, or when what is
            recorded contradicts itself;
        - couples, own_room, cannot_share, same_sex_pairs, any_sex_pairs, unpaired, carers,
            foster_children, part_time_children, extra [rooms]: why each is needed, by the rule and
            before the cap; null when a missing fact could change it;
        - table_row: the row of the standard's table that applies, from 0; null for none;
            table_differs: whether it says another need than the rule does; null without a table;
        - sizes: those that may be let; null when the need is, or when it is not known which row of
            the table applies and they say other sizes;
        - missing: what keeps the need or the sizes from being known, as ``person.column``; null for
            nothing;
        - assumed: facts taken as the standard says, as ``person.column: how``; null for nothing.

    Raises:
        TableError: the as-at date is no date, a table is no frame, a column is missing or of another
            type, an application is there twice, or has more than 255 people.
        SchemeError: no such standard is shipped, or it is not in force on the date.

    References:
        docs/bedrooms.md, with the source of each shipped standard.
    """
    refuse_no_tables(as_at, {"people": people, "applications": applications})
    rule = resolve_standard(standard, as_at)
    people, applications = standard_tables(people, applications, rule)
    ids = Ordinals(applications["id"])
    people, household = put_together(people, ids.ordinals_of(people["application"]))
    none_too_large(people, household)
    extra = _extra_rooms(applications, ids, rule)
    smaller, larger = _sizes_rule(applications, ids, rule.sizes)

    def answer(block: _Block) -> pl.DataFrame:
        mine, theirs = block
        members = members_of(people[theirs], household[theirs] - mine.start, rule, as_at)
        found = _Answer(members, rule, mine.stop - mine.start)
        agreed = None if extra is None else extra[mine]
        found.cap(agreed, rule.most)
        table = None
        if rule.table:
            table = by_table(members, rule, as_at, found.by_rule(), (found.least, found.most))
        return found.frame(ids.ids[mine], agreed, table, (smaller[mine], larger[mine]))

    blocks = _blocks(household, len(ids))
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        return pl.concat(pool.map(answer, blocks))


_Block = tuple[slice, slice]


def _blocks(household: NDArray[np.int32], n: int) -> list[_Block]:
    """Slices of the applications and of their people, about BLOCK people in each.

    No household is cut in two.
    """
    cuts = np.concatenate([[0], np.unique(household[BLOCK::BLOCK]), [n]])
    rows = np.searchsorted(household, cuts)
    return [
        (slice(*mine), slice(*theirs))
        for mine, theirs in zip(pairwise(cuts.tolist()), pairwise(rows.tolist()), strict=True)
    ]


class _Answer:
    """Rooms, bounds and what is missing, one row an application."""

    def __init__(self, members: Members, rule: BedroomStandard, n: int) -> None:
        self.members = members
        self.rule = rule
        self.n = n
        self.rows = members.household[members.starts]
        counts = counts_by_class(members.masks, members.starts, rule.unit == "bed_spaces")
        self.rooms = fewest_rooms(counts)
        self.least = self.rooms.total()
        self.most = self.least.copy()
        unsure = np.flatnonzero(has_several(members.masks))
        number = _numbers(members, unsure)
        self.unsure = np.unique(number)
        if rule.unit == "bed_spaces":
            self._beds(counts, unsure, number)
        elif len(unsure):
            theirs = [count[self.unsure] for count in counts]
            holder = np.searchsorted(self.unsure, number)
            low, high = least_and_most(theirs, members.masks[unsure], holder)
            self.least[self.unsure], self.most[self.unsure] = low, high
        self.wild = wild_used(counts) if rule.unborn_sex == "fewest" else None
        self.blocked = np.unique(_numbers(members, members.contradictory))

    def _beds(self, counts: Sequence[NDArray], unsure: NDArray, number: NDArray) -> None:
        """Bed spaces: one for each person counted, and one for all carers."""
        everyone = np.sum(counts, axis=0, dtype=np.int16)
        self.least = everyone - counts[CARER] + np.minimum(counts[CARER], 1)
        self.most = self.least.copy()
        maybe = self.members.masks[unsure]
        sure = maybe & np.uint16(1 << NONE | 1 << CARER) == 0
        np.add.at(self.least, number[sure], 1)
        np.add.at(self.most, number, 1)

    def cap(self, extra: NDArray[np.int64] | None, most: int | None) -> None:
        """Rooms that an officer has agreed, then the cap."""
        if extra is not None:
            theirs = np.maximum(extra[self.rows], 0).astype(np.int16)
            self.least, self.most = self.least + theirs, self.most + theirs
            self.blocked = np.union1d(self.blocked, np.flatnonzero(extra[self.rows] < 0))
        if most is not None:
            self.least, self.most = np.minimum(self.least, most), np.minimum(self.most, most)

    def by_rule(self) -> NDArray[np.int64]:
        """The need by the rule for each household that has people; -1 when it is not known."""
        need = np.where(self.least == self.most, self.least, -1).astype(np.int64)
        if self.rule.unknown != "hold":
            need = (self.least if self.rule.unknown == "fewest" else self.most).astype(np.int64)
        need[self.blocked] = -1
        return need

    def frame(
        self,
        ids: pl.Series,
        extra: NDArray[np.int64] | None,
        table: Table | None,
        sizes: tuple[NDArray, NDArray],
    ) -> pl.DataFrame:
        """The result, from one row a household with people to one row an application."""
        by_rule = self.by_rule()
        need = by_rule if table is None else table.need
        known = need >= 0
        settled = known if table is None else known & ~table.sizes_open
        least, most = (self.least, self.most) if table is None else (table.least, table.most)
        unsettled = np.zeros(len(self.rows), bool)
        unsettled[self.unsure] = True
        unsettled[self.blocked] = True
        blocked = np.zeros(len(self.rows), bool)
        blocked[self.blocked] = True
        whole = len(self.rows) == self.n
        place = None
        if not whole:
            place = np.full(self.n, len(self.rows), np.int64)
            place[self.rows] = np.arange(len(self.rows))

        def column(name: str, values: NDArray, null: NDArray | None) -> pl.Series:
            series = pl.Series(name, values)
            if null is not None and null.any():
                series = series.set(pl.Series(null), None)
            if place is None:
                return series
            return pl.concat([series, pl.Series([None], dtype=series.dtype)]).gather(
                place).alias(name)

        out = [
            ids.alias("application"),
            column("need", need.astype(np.int16), ~known),
            column("least", least, blocked),
            column("most", most, blocked),
        ]
        out += [
            column(name, values, unsettled)
            for name, values in zip(WHY, self.rooms, strict=True)
        ]
        agreed = np.zeros(len(self.rows), np.int16) if extra is None else (
            extra[self.rows].astype(np.int16))
        out.append(column("extra", agreed, agreed < 0))
        row = np.full(len(self.rows), -1, np.int16) if table is None else table.row
        out.append(column("table_row", row, row < 0))
        differs = known & (by_rule >= 0) & (need != by_rule)
        nothing = np.full(len(self.rows), table is None)
        out.append(column("table_differs", differs, nothing))
        by_row = row if table is None else table.sizes_row
        out.append(self._sizes(np.where(settled, need, -1), by_row, sizes))
        frame = pl.DataFrame(out)
        return frame.with_columns(
            self._facts("missing", settled, extra, table),
            self._facts("assumed", settled, extra, table),
        )

    def _sizes(
        self, need: NDArray, row: NDArray, allowed: tuple[NDArray, NDArray]
    ) -> pl.Series:
        """Lists of sizes, made once for each case that there may be."""
        needs, rows = int(need.max(initial=0)) + 2, len(self.rule.table) + 1
        case = (need + 1).astype(np.uint32)
        if rows > 1:
            case += (row + 1).astype(np.uint32) * np.uint32(needs)
        for flag, weight in zip(allowed, (2, 1), strict=True):
            if flag.any():
                case += flag[self.rows].astype(np.uint32) * np.uint32(needs * rows * weight)
        lists = [
            sizes_let(self.rule, value % needs - 1, value // needs % rows - 1,
                      *(bool(value // needs // rows & weight) for weight in (2, 1)))
            for value in range(int(case.max(initial=0)) + 1)
        ]
        made = pl.Series("sizes", lists, dtype=pl.List(pl.Int64))
        if len(self.rows) < self.n:
            whole = np.zeros(self.n, np.uint32)  # case 0: the need is not known
            whole[self.rows] = case
            case = whole
        return made.gather(pl.Series(case))

    def _facts(
        self, name: str, settled: NDArray, extra: NDArray | None, table: Table | None
    ) -> pl.Series:
        """Missing or assumed facts as lists of text, for the few households with any."""
        members = self.members
        person = members.people["id"]
        numbers: list[NDArray] = []
        texts: list[pl.Series] = []
        held = self.rule.unknown == "hold"

        def say(rows: NDArray, suffix: str) -> None:
            if not len(rows):
                return
            numbers.append(members.household[rows])
            texts.append(person.gather(rows).cast(pl.String) + suffix)

        if name == "missing":
            for fact, rows in members.missing.items():
                say(rows[~settled[_numbers(members, rows)]], f".{fact}")
            say(members.contradictory, ".partner_of: two partners")
            if table is not None:
                for fact, rows in table.missing.items():
                    lost = rows[~settled[_numbers(members, rows)]]
                    say(lost[~np.isin(lost, members.missing.get(fact, []))], f".{fact}")
            if extra is not None:
                absent = self.rows[extra[self.rows] < 0]
                numbers.append(absent)
                texts.append(pl.Series([self.rule.extra_rooms] * len(absent), dtype=pl.String))
            if len(self.rows) < self.n:
                empty = np.setdiff1d(np.arange(self.n), self.rows, assume_unique=True)
                numbers.append(empty)
                texts.append(pl.Series(["people"] * len(empty), dtype=pl.String))
        else:
            differ = self.least != self.most
            for fact, rows in members.missing.items():
                if not held:
                    mine = rows[differ[_numbers(members, rows)]]
                    say(mine, f".{fact}: {self.rule.unknown} rooms")
            for fact, rows in members.assumed.items():
                say(rows, f".{fact}: no")
            if self.wild is not None:
                say(_wild_rows(members, self.wild), ".sex: fewest rooms")
        return _lists(name, numbers, texts, self.n)


def sizes_let(
    rule: BedroomStandard, need: int, row: int, smaller: bool, larger: bool
) -> list[int] | None:
    """Sizes [bedrooms] that a household may be let; None when its need is not known.

    Args:
        rule: the standard.
        need: its need, -1 when not known.
        row: the row of the table that applies to it, -1 for none.
        smaller: it may have a smaller home, where the standard lets such households.
        larger: the same for a larger home.
    """
    if need < 0:
        return None
    if row >= 0 and rule.table[row].sizes:
        return sorted(rule.table[row].sizes)
    let = rule.sizes
    low = high = need
    if smaller and need >= let.smaller_from:
        low = max(need - let.smaller, min(let.smallest, need))
    if larger:
        high = need + let.larger
    return list(range(low, high + 1))


def _by_ordinal(
    applications: pl.DataFrame, ids: Ordinals, column: str, missing: int
) -> NDArray[np.int64]:
    values = np.full(len(ids), missing, np.int64)
    given = applications[column].cast(pl.Int64).fill_null(missing).to_numpy()
    values[ids.ordinals_of(applications["id"])] = given
    return values


def _extra_rooms(
    applications: pl.DataFrame, ids: Ordinals, rule: BedroomStandard
) -> NDArray[np.int64] | None:
    """Rooms agreed by an officer, -1 where it is not known; None when the standard has none."""
    if rule.extra_rooms is None:
        return None
    return _by_ordinal(applications, ids, rule.extra_rooms, -1)


def _sizes_rule(
    applications: pl.DataFrame, ids: Ordinals, let: SizesLet
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whether each application may have a smaller and a larger home; not stated is no."""
    return tuple(  # type: ignore[return-value]
        np.full(len(ids), int(by > 0), np.int8)
        if name is None
        else (_by_ordinal(applications, ids, name, 0) * (by > 0)).astype(np.int8)
        for by, name in ((let.smaller, let.smaller_if), (let.larger, let.larger_if))
    )


def _numbers(members: Members, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position among the households with people of the household of each row."""
    return np.searchsorted(members.starts, rows, side="right") - 1


def _wild_rows(members: Members, used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Unborn children of the households in which it mattered that their sex is taken as the best."""
    rows = np.flatnonzero(members.masks == 1 << WILD)
    return rows[used[_numbers(members, rows)]]


def _lists(name: str, numbers: list[NDArray], texts: list[pl.Series], n: int) -> pl.Series:
    """One list of sorted texts for each application that has any; null for the rest."""
    if not any(len(part) for part in numbers):
        return pl.repeat(None, n, dtype=pl.List(pl.String), eager=True).alias(name)
    said = (
        pl.DataFrame({"at": np.concatenate(numbers).astype(np.int64), name: pl.concat(texts)})
        .unique()
        .sort("at", name)
        .group_by("at", maintain_order=True)
        .agg(name)
    )
    place = np.full(n, said.height, np.int64)
    place[said["at"].to_numpy()] = np.arange(said.height)
    padded = pl.concat([said[name], pl.Series(name, [None], dtype=pl.List(pl.String))])
    return padded.gather(place)


"""The date that ranks, from the history of bands.

``docs/assessment.md`` ("The priority date") is the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.date_rules import Bands, DatePolicy, FirstDates, planned, resolved
from cbl_engine.assess.date_steps import Derived, dates_from, report
from cbl_engine.assess.dates_now import dates_now, with_instead
from cbl_engine.assess.found import Found
from cbl_engine.assess.histories import NO_DAY, TODAY, laid_out, value_at, with_today
from cbl_engine.tables import Ordinals
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PriorityDates:
    """The date that ranks for every application, and what it rests on.

    Attributes:
        dates: a row an application, in the order given: application, priority_date (null: not
            known), date_rule (the rule that set it: first, first_band, up, down, policy,
            reregistration, joined, split, recorded, instead), date_event (the column or spell it
            came from).
        missing: application, column, needed_by, effect: what was not there and what was done.
        contradictions: application, kind, rows (the spells: band and first day), assumption.
    """

    dates: pl.DataFrame = field(repr=False)
    missing: pl.DataFrame = field(repr=False)
    contradictions: pl.DataFrame = field(repr=False)
    _derived: Derived = field(repr=False)

    def undated(self, as_at: date) -> NDArray[np.int32]:
        """Applications, as ordinals, whose last spell was found today and begins at as-at.

        Their date may be as-at's own until an officer records the band.
        """
        history = self._derived.history
        mine = (history.row == TODAY) & (history.since == day_number(as_at))
        return history.application[mine]

    def held(self) -> pl.DataFrame:
        """The band each application holds by its history, ascending by id.

        Returns:
            Frame of band (by its name of today; null: in none) and since (the day it was
            entered; null: from the start, or in none).
        """
        derived = self._derived
        names = pl.Series([*derived.bands.names, None], dtype=pl.String)
        last = value_at(derived.history.band, derived.now.last, -1)
        code = derived.bands.same[last].astype(np.int64)
        since = value_at(derived.history.since, derived.now.entered, NO_DAY)
        band = names.gather(np.where(code < 0, len(names) - 1, code))
        return pl.DataFrame(
            {"band": band, "since": dates_from(np.where(code < 0, NO_DAY, since))}
        )

    def found_today(self) -> pl.DataFrame:
        """The bands found today that are another than the last one recorded.

        Returns:
            Frame of application, band (null: in none), since.
        """
        history = self._derived.history.taken(self._derived.history.row == TODAY)
        return pl.DataFrame(
            {
                "application": self._derived.ids.take(history.application),
                "band": self._derived.bands.texts(history.band),
                "since": dates_from(history.since),
            }
        )

    def steps(self, applications: Sequence[Any] | pl.Series) -> pl.DataFrame:
        """How the dates of some applications came about, a row a step in the order they count.

        Args:
            applications: ids; those that are not here have no steps.

        Returns:
            Frame of application, step (from 1), band (null: none), since (null: from the start),
            why, row (of the spells as given; null: found today or not a spell), inherited (from
            the application it was split from), rule (null: no change), action (null: no change,
            or a date given), date_before (null at the first), date_after (null: not known),
            event (the column or spell the date came from), label (of an ``instead``).
        """
        return self._derived.steps(pl.Series(applications, dtype=self._derived.ids.ids.dtype))


def priority_dates(
    applications: pl.DataFrame,
    spells: pl.DataFrame,
    policies: Sequence[DatePolicy],
    as_at: date,
    today: pl.DataFrame | None = None,
    outcomes: Mapping[str, NDArray[np.int8]] | None = None,
) -> PriorityDates:
    """The date that ranks for each application.

    1. Lay out the spells. 2. Add the band found today where it is another. 3. Name the rule and
    the action of each spell. 4. Resolve: a loop over rounds, as many as the longest chain of
    spells (expect three to ten), each settling every spell whose predecessors are settled.
    5. ``instead``: a loop over its items. 6. List what is missing.

    Args:
        applications: a row an application: id, and every date column or fact that the rules name.
        spells: band_history: application, band (null: in none), since (null: from the start),
            and, where the register has them, until (the first day it no longer held; null:
            still), why (need, policy, reregistration, joined, split; null: need), submitted_on,
            priority_date (set by an officer for this spell; null: the rule decides),
            from_application (the one joined with, or split from). May be empty.
        policies: versions of the scheme in force up to as-at, earliest first. A spell is dated by
            the version in force when it began, one before them all by the first; ``instead`` is
            the last one's.
        as_at: spells that begin later are left out.
        today: the band found today, a row for each of ``applications`` in the same order: band
            (null: in none), since (the latest day its awards began; null: as-at), and optionally
            better_until (the day from which an award that gave a higher band is no longer held),
            why and submitted_on. Left out: the history stands for all.
        outcomes: of each criterion that ``instead`` names, a code for each of ``applications``:
            0 met, 1 failed, 2 not known.

    Returns:
        A :class:`PriorityDates`.

    Raises:
        ValueError: no policy is given, or an application twice.
    """
    if not policies:
        raise ValueError("no policy is given")
    ids = Ordinals(applications["id"])
    place = ids.ordinals_of(applications["id"])
    if len(ids) != applications.height:
        raise ValueError("an application is given twice, or without an id")
    ordered = applications.height == 0 or bool((np.diff(place) > 0).all())
    if not ordered:
        turn = np.argsort(place)
        applications = applications[turn]
        today = None if today is None else today[turn]
        outcomes = {name: codes[turn] for name, codes in (outcomes or {}).items()}
    found = Found(ids.ids)
    bands = Bands(policies, spells, today)
    history = laid_out(spells, ids, bands.names, as_at, found)
    history = with_today(history, today, bands, len(ids), day_number(as_at), found)
    plan = planned(history, policies, bands, found)
    firsts = FirstDates(policies, applications)
    settled = resolved(history, plan, firsts, found)
    before = dates_now(history, settled, plan, firsts)
    now = with_instead(before, history, policies[-1].rule, bands, firsts, applications, outcomes or {}, found)
    derived = Derived(ids, history, plan, settled, bands, firsts, policies[-1].rule, before, now)
    report(derived, found)
    dates = derived.dates()
    return PriorityDates(
        dates if ordered else dates[place], found.all_missing(), found.contradictions(spells), derived
    )

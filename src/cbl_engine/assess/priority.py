"""The date that ranks, from the history of bands.

``docs/assessment.md`` ("The priority date") is the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray
    import numpy as np

    from cbl_engine.scheme.assessment import PriorityDate


@dataclass(frozen=True)
class DatePolicy:
    """What one version of a scheme says about the date.

    Attributes:
        since: the first day it was in force.
        rule: its date rule.
        bands: its bands, highest first.
    """

    since: date
    rule: PriorityDate
    bands: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PriorityDates:
    """The date that ranks for every application, and what it rests on.

    Attributes:
        dates: a row an application, in the order given: application, priority_date (null: not
            known), date_rule (the rule that set it: first, first_band, up, down, policy,
            reregistration, joined, split, recorded, instead), date_event (the column or spell it
            came from).
        missing: application, column, needed_by, effect: what was not there and what was done.
        contradictions: application, kind, rows (of the spells as given, from 0), assumption.
    """

    dates: pl.DataFrame
    missing: pl.DataFrame
    contradictions: pl.DataFrame
    _steps: pl.DataFrame = field(repr=False)


def priority_dates(
    applications: pl.DataFrame,
    spells: pl.DataFrame,
    policies: Sequence[DatePolicy],
    as_at: date,
    today: pl.DataFrame | None = None,
    outcomes: Mapping[str, NDArray[np.int8]] | None = None,
) -> PriorityDates:
    """The date that ranks for each application.

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
            why, submitted_on and known (false: the band is not known, so the history stands).
            Left out: the history stands for all.
        outcomes: of each criterion that ``instead`` names, a code for each of ``applications``:
            0 met, 1 failed, 2 not known.

    Returns:
        A :class:`PriorityDates`.

    Raises:
        ValueError: no policy is given.
    """
    raise NotImplementedError

"""What an assessment found: frames for people, made for the applications asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.tables import ids_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.awards import Awarded
    from cbl_engine.assess.legal import Legal
    from cbl_engine.assess.overrides import Overrides
    from cbl_engine.assess.plan import Plan
    from cbl_engine.assess.priority import PriorityDates
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals


@dataclass(frozen=True, eq=False)
class StatusFound:
    """The status the rules propose for every application, and the choice that decided.

    Attributes:
        proposed: a status an application.
        why: number of the choice.
        choices: (status, name of the criterion or rule), in the order they are tried.
    """

    proposed: pl.Series = field(repr=False)
    why: NDArray[np.int16]
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything the reasons are made from, in arrays with a place an application.

    Attributes:
        plan: what was read and found.
        codes: outcome of each criterion.
        exempted: of each qualifying criterion, the number of the group that the law exempts, or -1.
        legal: the law.
        awarded: the awards.
        band_since: the day the band found today began; null where no award or officer says.
        unsettled: the band found today could be another once an award that awaits review is
            decided, and no officer has decided the band.
        overrides: officers' values.
        status: the status proposed.
        dates: the priority dates; None when as recorded.
        bedrooms: the bedroom standard's own frame; None when as recorded.
        frame: columns and facts that criteria read.
    """

    plan: Plan
    codes: Mapping[str, NDArray[np.int8]]
    exempted: Mapping[str, NDArray[np.int16]]
    legal: Legal
    awarded: Awarded
    band_since: pl.Series = field(repr=False)
    unsettled: NDArray[np.bool_]
    overrides: Overrides
    status: StatusFound
    dates: PriorityDates | None
    bedrooms: pl.DataFrame | None = field(repr=False)
    frame: pl.DataFrame = field(repr=False)


@dataclass(frozen=True, eq=False)
class Assessed:
    """The assessment of a register on a date.

    Attributes:
        scheme: the scheme.
        version: its version in force on the date.
        as_at: the date.
        assessed: one row an application, ascending by id: application, bedroom_need [bedrooms],
            sizes [bedrooms], eligible_in_law, qualifies, band, points [points], place_in_band,
            priority_date, date_rule, date_event, status (as recorded), status_proposed,
            next_review_on (null: nothing changes by itself), overridden (fields; null: none).
            Null means not known, or none: of band and points.
        contradictions: application, kind, rows (ids of people or overrides, or spells:
            their band and first day; empty where none applies), assumption.
        tables: the register's frames, of applications the rows in force.
        ids: application ids, ascending.
        trace: what the reasons are made from.
    """

    scheme: Scheme = field(repr=False)
    version: SchemeVersion
    as_at: date
    assessed: pl.DataFrame = field(repr=False)
    contradictions: pl.DataFrame = field(repr=False)
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    ids: Ordinals = field(repr=False)
    trace: Trace = field(repr=False)

    def reasons(self, applications: Iterable[Any] | None = None) -> pl.DataFrame:
        """Why: one row a test, award, override, status or date of each application.

        Args:
            applications: ids, of which those that were not assessed have no rows; None for all
                (many rows: one for each criterion and award).

        Returns:
            Frame of application, step (law, qualification, award, override, status, date), name,
            label, outcome (met, failed, not known), gives (null: nothing), since, until, source;
            applications ascending, then in the order of the steps and of the scheme.

        Raises:
            TableError: the ids are no list, or of another type than those of applications.
        """
        from cbl_engine.assess.reasons import reasons_of

        return reasons_of(self, self._ordinals(applications))

    def missing(self, applications: Iterable[Any] | None = None) -> pl.DataFrame:
        """What was not known, what needed it, and what was done.

        Args:
            applications: ids, of which those that were not assessed have no rows; None for all,
                and the columns the law reads that the register has not, in rows without an
                application.

        Returns:
            Frame of application, column (of the application, ``person.column``, or a fact),
            needed_by (a name), kind (what it is the name of: criterion, award, law, fact, standard
            or date), effect.

        Raises:
            TableError: the ids are no list, or of another type than those of applications.
        """
        from cbl_engine.assess.missing import missing_of

        return missing_of(self, self._ordinals(applications), whole=applications is None)

    def register(self, *, proposed_status: bool = False) -> dict[str, pl.DataFrame]:
        """The register with what was assessed in place, ready for :func:`cbl_engine.prepare`.

        Args:
            proposed_status: put in the proposed status too, which is an officer's act.
        """
        found = ["bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date"]
        put = [self.assessed[name] for name in found]
        put.append(self._band_from())
        if proposed_status:
            put.append(self.assessed["status_proposed"].alias("status"))
        # A row is in force on the date it was assessed for; other versions are not carried on.
        applications = self.tables["applications"].with_columns(put)
        gone = [c for c in ("valid_from", "valid_to") if c in applications.columns]
        return {**self.tables, "applications": applications.drop(gone)}

    def _band_from(self) -> pl.Series:
        """The day of the band on record; of another, that of its spell, or of what gave it today."""
        have = self.tables["applications"]
        nothing = pl.Series([None]).new_from_index(0, have.height)
        before = have["band"].cast(pl.String) if "band" in have.columns else nothing
        since = have["band_from"] if "band_from" in have.columns else nothing.cast(pl.Date)
        begun = self.trace.band_since.fill_null(self.as_at)
        if self.trace.dates is not None:
            held = self.trace.dates.held()
            in_history = held["band"].eq_missing(self.assessed["band"])
            begun = held["since"].zip_with(in_history, begun)
        none = self.assessed["band"].is_null()
        same = self.assessed["band"].eq_missing(before.cast(pl.String))
        return since.zip_with(same, begun.set(none, None)).alias("band_from")

    def _ordinals(self, applications: Iterable[Any] | None) -> NDArray[np.int64]:
        if applications is None:
            return np.arange(len(self.ids))
        known = self.ids.ids.dtype
        asked = ids_asked(applications, known, "applications", "the ids of applications")
        at = self.ids.ordinals_of(asked).astype(np.int64)
        return np.unique(at[at >= 0])

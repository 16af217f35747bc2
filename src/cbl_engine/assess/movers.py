"""Who moves when one scheme takes the place of another, before anything is simulated.

1. Assess everyone by the old scheme. 2. Put the bands it finds on record, so that every spell until
today is dated by the old scheme. 3. Assess everyone by the new scheme, in force from today; a band
that is another begins for the reason ``policy``. 4. Compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.assessing import assess
from cbl_engine.assess.dating import spells_recorded
from cbl_engine.assess.moved import MOVES, compared, place_in
from cbl_engine.errors import Problem, TableError
from cbl_engine.scheme.parts import InForce

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cbl_engine.assess.assessed import Assessed
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion


@dataclass(frozen=True, eq=False)
class Movers:
    """What a new scheme changes for every household that waits.

    Attributes:
        before: the assessment by the old scheme.
        after: by the new one.
        by: columns to group by, as in the frame.
        mapped: band of the old scheme -> its name in the new one; None where it has none.
    """

    before: Assessed = field(repr=False)
    after: Assessed = field(repr=False)
    by: tuple[str, ...]
    mapped: Mapping[str, str | None]
    _frame: pl.DataFrame = field(repr=False)

    def frame(self) -> pl.DataFrame:
        """A row a household that is on the register by either scheme, ascending by application.

        Returns:
            Frame of application, move (one of :data:`~cbl_engine.assess.moved.MOVES`), band_old (as
            the old scheme calls it), band_new (null: none, or the scheme has no bands), points_old,
            points_new, need_old, need_new [bedrooms], status_old, status_new (as proposed),
            priority_date_old, priority_date_new, date (kept, earlier, later, not known; null: off
            the register, where none ranks), gained and lost (awards that count by one scheme
            alone), changed (awards that count by both and give something else), fails (criteria of
            qualification that only the new one counts against it), household (one adult; two
            adults; three or more; with or without children under 18; applicants and couples are
            adults at any age; null: not known, as where a date of birth is missing), and the
            columns grouped by.
        """
        return self._frame

    def flows(self) -> pl.DataFrame:
        """A matrix of households: a row a band of the old scheme, a column a band of the new.

        Returns:
            Frame of old (``(no band)``, ``(off the register)`` at the end) and a column for each
            band of the new scheme, ``(no band)``, ``(off the register)`` and ``all``; the last
            row is ``all``.
        """
        order_old = [*self.before.version.bands, "(no band)", "(off the register)"]
        order_new = [*self.after.version.bands, "(no band)", "(off the register)"]
        told = self._frame.select(
            place_in("old", self.before.version.bands).alias("old"),
            place_in("new", self.after.version.bands).alias("new"),
        )
        counts = {(old, new): n for old, new, n in told.group_by("old", "new").len().iter_rows()}
        used = [b for b in order_old if b in set(told["old"]) or b in self.before.version.bands]
        shown = [b for b in order_new if b in set(told["new"]) or b in self.after.version.bands]
        rows = [{"old": old, **{new: counts.get((old, new), 0) for new in shown}} for old in used]
        frame = pl.DataFrame(rows, schema={"old": pl.String, **dict.fromkeys(shown, pl.Int64)})
        total = frame.select(pl.lit("all").alias("old"), pl.col(shown).sum())
        return pl.concat([frame, total]).with_columns(pl.sum_horizontal(shown).alias("all"))

    def public(self, by: str | None = None) -> pl.DataFrame:
        """:func:`~cbl_engine.assess.movers_public.published_counts` of this comparison."""
        from cbl_engine.assess.movers_public import published_counts

        return published_counts(self, by)

    def counts(self, by: str) -> pl.DataFrame:
        """Households by a column of the frame and by move.

        Returns:
            Frame of the column (null: not known), a column for each of
            :data:`~cbl_engine.assess.moved.MOVES`, and all.
        """
        told = self._frame.group_by(by).agg(
            *((pl.col("move") == m).sum().cast(pl.Int64).alias(m) for m in MOVES),
            pl.len().cast(pl.Int64).alias("all"),
        )
        return told.sort(by, nulls_last=True)

    def reasons(self) -> pl.DataFrame:
        """How often each award or criterion goes with each move.

        Returns:
            Frame of reason (gained, lost, changed, fails), name, label, a column for each of
            :data:`~cbl_engine.assess.moved.MOVES`, and all; the most frequent first.
        """
        labels = {
            "gained": _awards(self.after), "lost": _awards(self.before),
            "changed": _awards(self.after),
            "fails": {n: c.label for n, c in self.after.version.criteria.items()},
        }
        parts = [
            self._frame.select("move", pl.col(kind).alias("name")).explode("name").drop_nulls()
            .with_columns(
                pl.lit(kind).alias("reason"),
                pl.col("name").replace_strict(names, default=None, return_dtype=pl.String)
                .alias("label"),
            )
            for kind, names in labels.items()
        ]
        told = pl.concat(parts).group_by("reason", "name", "label").agg(
            *((pl.col("move") == m).sum().cast(pl.Int64).alias(m) for m in MOVES),
            pl.len().cast(pl.Int64).alias("all"),
        )
        return told.sort("all", "reason", "name", descending=[True, False, False])


def movers(
    old: Scheme,
    new: Scheme,
    register: Mapping[str, pl.DataFrame],
    as_at: date,
    *,
    by: Sequence[str] = (),
) -> Movers:
    """Who moves up, down or off the register when one scheme takes the place of another.

    Args:
        old: the scheme in force on the date.
        new: the scheme to come: its version in force on the date, or else its latest, taken as in
            force from the date on.
        register: frames by table name, with the columns that both read.
        as_at: the date.
        by: columns of applications to group by, beside the household's kind.

    Raises:
        SchemeError: a scheme is not in force, or says nothing about assessment.
        TableError: a table or column that is read is missing or of another type.
    """
    _check(register, by)
    before = assess(old, register, as_at)
    record = {**register, "band_history": _on_record(before)}
    after = assess(_followed(old, new, as_at), record, as_at, why="policy")
    formerly = after.version.assessment.priority_date if after.version.assessment else None
    names = formerly.formerly if formerly is not None else {}
    bands = after.version.bands
    mapped = {
        band: band if band in bands else names.get(band) for band in before.version.bands
    }
    return Movers(before, after, tuple(by), mapped, compared(before, after, mapped, by, register))


def _check(register: Mapping[str, pl.DataFrame], by: Sequence[str]) -> None:
    have = register["applications"].columns if "applications" in register else []
    taken = {"id", "move", "application", "household", "date", "gained", "lost", "changed", "fails"}
    problems = [
        Problem("unknown_column", f"there is no column {name} to group by",
                where=f"applications.{name}", allowed=", ".join(sorted(set(have) - taken)))
        for name in by if name not in have or name in taken
    ]
    if problems:
        raise TableError(problems)


def _followed(old: Scheme, new: Scheme, as_at: date) -> Scheme:
    """The versions of the old scheme up to the date, then the new one."""
    index = new.index_in_force(as_at)
    index = len(new.versions) - 1 if index is None else index
    force = InForce.model_validate({"from": as_at, "until": None, "assumed": True})
    version = new.versions[index].model_copy(update={"in_force": force})
    past = [at for at, v in enumerate(old.versions) if v.in_force.from_ < as_at]
    versions = [_until(old.versions[at], as_at) for at in past]
    return replace(
        new,
        versions=(*versions, version),
        documents=(*(old.documents[at] for at in past), new.documents[index]),
    )


def _until(version: SchemeVersion, end: date) -> SchemeVersion:
    force = version.in_force
    if force.until is not None and force.until <= end:
        return version
    return version.model_copy(update={"in_force": force.model_copy(update={"until": end})})


def _on_record(before: Assessed) -> pl.DataFrame:
    """The history of bands, with what the old scheme finds today as its last spell.

    It is put on record for the day before, with the date that the old scheme gives it, so that the
    new scheme's band follows it.
    """
    spells = spells_recorded(before.tables, before.ids)
    dates = before.trace.dates
    if dates is None:
        return spells
    ids = pl.col("application").cast(spells.schema["application"])
    found = dates.found_today().with_columns(ids)
    if not found.height:
        return spells
    last = spells.group_by("application").agg(next=pl.col("since").max() + timedelta(1))
    dated = before.assessed.select(ids, "priority_date")
    eve = pl.lit(before.as_at - timedelta(1))
    rows = found.join(last, on="application", how="left").join(
        dated, on="application", how="left").with_columns(
        since=pl.min_horizontal(pl.max_horizontal("since", "next"), eve)).drop("next")
    if "until" in spells.columns:  # a spell that goes on ends as this one begins
        begins = rows.select("application", begins="since")
        later = (pl.col("since") >= pl.col("begins")).fill_null(value=False)
        spells = spells.join(begins, on="application", how="left", maintain_order="left").with_columns(
            until=pl.coalesce("until", pl.when(~later).then("begins"))).drop("begins")
    return pl.concat([spells, rows], how="diagonal_relaxed")


def _awards(result: Assessed) -> dict[str, str]:
    return {name: award.label for name, award in result.trace.plan.rules.awards.items()}

"""A change of scheme for the committee that decides it: who moves, what it asks of officers, the law.

1. Everyone is assessed by both schemes on one day (:func:`cbl_engine.assess.movers`). 2. What the new
scheme keeps of old dates and bands is counted. 3. Officers' hours follow from minutes for each kind
of case. 4. The legal checklist says what the law asks, what could be seen, and what must be checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess import movers
from cbl_engine.assess.moved import MOVES
from cbl_engine.packs.checklist import Checked, checklist_frame, legal_checklist
from cbl_engine.packs.parts import UNKNOWN
from cbl_engine.packs.workload import officer_times, workload
from cbl_engine.scheme import scheme_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from cbl_engine.assess import Movers
    from cbl_engine.packs.workload import OfficerTimes
    from cbl_engine.scheme.changes import Change
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion

_KEPT = {
    "keep": "keeps the date it has", "award": "begins on the day of the change",
    "submitted": "goes back to the day it was asked for",
    "original": "goes back to the first date of the application",
    "restore": "goes back to the date of the band when it was last held",
}


@dataclass(frozen=True, eq=False)
class SchemeChange:
    """What a new scheme does to a register, for a decision.

    Attributes:
        movers: the two assessments side by side.
        changes: of the rules, in words.
        times: minutes by kind of case.
        hours: :func:`~cbl_engine.packs.workload.workload`.
        transition: sentences on what the new scheme's file says of old bands and dates.
        protected: :func:`protected` households.
        checklist: the law, item by item.
    """

    movers: Movers
    changes: Sequence[Change]
    times: OfficerTimes
    hours: pl.DataFrame = field(repr=False)
    transition: tuple[str, ...]
    protected: pl.DataFrame = field(repr=False)
    checklist: list[Checked]

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table of the pack for officers, as the sheets of a workbook."""
        found = self.movers
        names = {name: f"by_{name}" for name in ("need_new", "household", *found.by)}
        lists = [c for c, t in found.frame().schema.items() if isinstance(t, pl.List)]
        return {
            "from_band_to_band": found.flows(),
            **{sheet: _group_in_words(found.counts(name)) for name, sheet in names.items()},
            "reasons": found.reasons(),
            "protection": self.protected,
            "officer_hours": self.hours.with_columns(pl.col("hours").round(2)),
            "legal_checklist": checklist_frame(self.checklist, counted=True),
            "rules": pl.DataFrame([(c.concerns, c.words) for c in self.changes],
                                  {"concerns": pl.String, "change": pl.String}, orient="row"),
            "households": found.frame().with_columns(pl.col(c).list.join(", ") for c in lists),
        }


def _group_in_words(counts: pl.DataFrame) -> pl.DataFrame:
    """Counts of which the group in the first column is named where it is not known."""
    group = counts.to_series(0)
    return counts if not group.null_count() else counts.with_columns(
        group.cast(pl.String).fill_null(UNKNOWN))


def scheme_change(
    old: Scheme,
    new: Scheme,
    register: Mapping[str, pl.DataFrame],
    as_at: date,
    *,
    by: Sequence[str] = (),
    times: OfficerTimes | None = None,
) -> SchemeChange:
    """What a council needs to decide, consult on and carry out a change of scheme.

    Args:
        old: the scheme in force on the date.
        new: the scheme to come.
        register: frames by table name, with the columns that both read.
        as_at: the date.
        by: columns of applications to group by, beside need and kind of household.
        times: minutes by kind of case; None: those shipped, which are assumed.

    Raises:
        SchemeError: a scheme is not in force, or says nothing about assessment.
        TableError: a table or column that is read is missing or of another type.
    """
    found = movers(old, new, register, as_at, by=by)
    times = times or officer_times()
    return SchemeChange(
        found, scheme_changes(old.in_force(as_at), _to_come(new, as_at)), times,
        workload(found, times), tuple(_transition(found)), protected(found),
        legal_checklist(new, found))


def _to_come(new: Scheme, as_at: date) -> SchemeVersion:
    """The version in force on the date, or else the latest."""
    index = new.index_in_force(as_at)
    return new.versions[-1 if index is None else index]


def protected(found: Movers) -> pl.DataFrame:
    """What becomes of dates by move, and how many would be protected if old bands were kept.

    Returns:
        move, households, date_kept, date_earlier, date_later, date_not_known [households; null:
        off the register, where no date ranks], and loses (households that would keep a higher band,
        or their place on the register, if the council let everybody keep what they have); the last
        row is ``all``.
    """
    rows = found.frame().group_by("move").agg(
        pl.len().cast(pl.Int64).alias("households"),
        *(pl.when(pl.col("move").first() != "off").then((pl.col("date") == d).sum().cast(pl.Int64))
          .alias(f"date_{d.replace(' ', '_')}") for d in ("kept", "earlier", "later", "not known")))
    loses = pl.when(pl.col("move").is_in(["down", "off"])).then("households").otherwise(0)
    told = rows.with_columns(loses.alias("loses")).sort(
        pl.col("move").replace_strict({m: i for i, m in enumerate(MOVES)}, return_dtype=pl.Int64))
    return pl.concat([told, told.select(pl.lit("all").alias("move"), pl.exclude("move").sum())])


def _transition(found: Movers) -> Iterator[str]:
    """What the file of the new scheme says of old bands and dates."""
    rules = found.after.version.assessment
    dates = rules.priority_date if rules is not None else None
    if dates is None:
        yield "The new scheme's file says nothing of priority dates: those on record stand."
    else:
        yield f"A household whose band changes because of the new scheme {_KEPT[dates.policy]} (policy)."
        yield (f"One that must register again {_KEPT[dates.reregistration]} (reregistration).")
        if dates.instead:
            many = "a rule" if len(dates.instead) == 1 else f"{len(dates.instead)} rules"
            yield f"Another date is taken for some, by {many} of their own."
    renamed = [(a, b) for a, b in found.mapped.items() if b is not None and a != b]
    if renamed:
        yield "Bands that go on under another name: " + ", ".join(
            f"{a} as {b}" for a, b in renamed) + "."
    lost = [a for a, b in found.mapped.items() if b is None]
    if lost:
        yield ("Bands that have no successor: " + ", ".join(lost)
               + ". Whoever holds one cannot be said to gain or lose; the new scheme's formerly: "
               "would say which band takes its place.")
    if rules is not None and rules.points_at_least is not None:
        yield (f"Points that a household was promised stand as a minimum (the column "
               f"{rules.points_at_least}).")
    else:
        yield ("Nothing in the file lets a household keep an old band or old points: whoever goes "
               "down or off does so on the day.")

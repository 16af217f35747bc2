"""A register assessed again: only those for whom anything can have changed.

An application is assessed again when its ``next_review_on`` has come, when a row of its household
was added, changed or taken away, or when it was joined with or split from one of these. For all
others what was found still holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.assess.assessing import assess, in_force
from cbl_engine.assess.households import linked
from cbl_engine.assess.register_check import plans_of, refuse_arguments, shape_problems
from cbl_engine.errors import Problem, TableError
from cbl_engine.tables import REGISTER_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.assess.assessed import Assessed
    from cbl_engine.scheme.load import Scheme

_WHY = ("new", "changed", "due", "linked")
"""Of several reasons the first is told."""


@dataclass(frozen=True, eq=False)
class Reassessed:
    """A register of which only some applications were assessed anew.

    Attributes:
        scheme: the scheme.
        as_at: the date.
        assessed: as of :class:`~cbl_engine.assess.Assessed`, of the whole register: what assessing
            everyone finds, but that ``next_review_on`` of those carried over is the day found
            before, which is no later.
        contradictions: likewise.
        done: application, why (new, changed, due, linked): those assessed anew, ascending.
        again: their assessment.
        tables: the register's frames.
    """

    scheme: Scheme
    as_at: date
    assessed: pl.DataFrame = field(repr=False)
    contradictions: pl.DataFrame = field(repr=False)
    done: pl.DataFrame = field(repr=False)
    again: Assessed = field(repr=False)
    tables: Mapping[str, pl.DataFrame] = field(repr=False)

    def explained(self, applications: Iterable[Any]) -> Assessed:
        """The assessment of some, with its reasons and what was missing."""
        return assess(self.scheme, self.tables, self.as_at, only=applications)


def reassess(
    previous: Assessed | Reassessed, register: Mapping[str, pl.DataFrame], as_at: date
) -> Reassessed:
    """Assess those of a register for whom anything can have changed since it was last assessed.

    1. Find the rows that differ. 2. Name those who are new, changed, due or linked with them.
    3. Assess these. 4. Put them in place of what was found before. Where something differs that
    all depend on (a table or its columns, areas, whether bands' ends are kept), everyone is
    assessed.

    Args:
        previous: the assessment before, of any earlier day (or the same).
        register: the register as it is now; a frame that is the same object is not compared.
        as_at: the date.

    Raises:
        SchemeError, TableError, PropertyError: as :func:`~cbl_engine.assess.assess`; TableError also
            where the date is before the previous one.
    """
    refuse_arguments(previous.scheme, register, as_at, "need")
    if as_at < previous.as_at:
        raise TableError([Problem(
            "as_at", "the as-at date is before the date last assessed", where="as_at",
            given=str(as_at), allowed=f"{previous.as_at} or later",
        )])
    tables = {name: register[name] for name in REGISTER_TABLES if name in register}
    (plan,) = plans_of(previous.scheme, as_at)
    if problems := list(shape_problems(plan, tables)):
        raise TableError(problems)
    applications, _ = in_force(tables["applications"], as_at)
    now = applications["id"]
    done = _to_do(previous, {**tables, "applications": applications}, as_at)
    again = assess(previous.scheme, tables, as_at, only=done["application"])
    return Reassessed(
        previous.scheme,
        as_at,
        _put(previous.assessed, again.assessed, now, again).sort("application"),
        _put(previous.contradictions, again.contradictions, now, again).sort(
            "application", "kind", pl.col("rows").list.join("|")
        ),
        done,
        again,
        tables,
    )


def _put(
    before: pl.DataFrame, after: pl.DataFrame, now: pl.Series, again: Assessed
) -> pl.DataFrame:
    """Rows of those not done as they were, and the rows found anew."""
    stays = before.with_columns(pl.col("application").cast(now.dtype, strict=False)).filter(
        pl.col("application").is_in(now.implode()),
        ~pl.col("application").is_in(again.ids.ids.implode()),
    )
    return pl.concat([stays, after], how="vertical_relaxed")


def _to_do(
    previous: Assessed | Reassessed, tables: Mapping[str, pl.DataFrame], as_at: date
) -> pl.DataFrame:
    """Who is assessed anew, and why."""
    now = tables["applications"]["id"]
    # Ids may have another type than before; what the type of now cannot have is gone.
    before = previous.assessed["application"].cast(now.dtype, strict=False)
    found = {"new": now.filter(~now.is_in(before.implode()))}
    changed = _changed(previous, tables)
    found["changed"] = now if changed is None else changed
    if changed is not None:
        found["due"] = before.filter(previous.assessed["next_review_on"] <= as_at)
        first = pl.concat([s.cast(now.dtype) for s in found.values()])
        # A link that was taken away has one more consequence: that it is no longer there.
        found["linked"] = pl.concat([linked(tables, first), linked(previous.tables, first)])
    rows = [
        pl.DataFrame({"application": ids.cast(now.dtype)}).with_columns(
            pl.lit(why, pl.Enum(_WHY)).alias("why")
        )
        for why, ids in found.items()
    ]
    told = pl.concat(rows).filter(pl.col("application").is_in(now.implode()))
    return told.group_by("application").agg(pl.col("why").min()).sort("application").with_columns(
        pl.col("why").cast(pl.String)
    )


def _changed(
    previous: Assessed | Reassessed, tables: Mapping[str, pl.DataFrame]
) -> pl.Series | None:
    """Applications of which a row differs; None for everyone."""
    then, _ = in_force(previous.tables["applications"], previous.as_at)
    before = {**previous.tables, "applications": then}
    if before.keys() != tables.keys():
        return None
    found = [pl.Series([], dtype=tables["applications"].schema["id"])]
    for name, frame in tables.items():
        old = before[name]
        if old is frame:
            continue
        if old.schema != frame.schema:
            return None
        if name == "areas":
            if not _same_rows(old, frame):
                return None
            continue
        if name == "band_history" and _ends(old) != _ends(frame):
            return None
        owner = "id" if name == "applications" else "application"
        differs = _owners_of_other_rows(old, frame, owner)
        found.append(differs.cast(found[0].dtype))
    changed = pl.concat(found).drop_nulls().unique()
    return pl.concat([changed, *_who_name_them(before, tables, changed)]).unique()


def _owners_of_other_rows(old: pl.DataFrame, new: pl.DataFrame, owner: str) -> pl.Series:
    """Whose rows are not the same, whatever their order: row by row, or by a hash of each row."""
    if old[owner].equals(new[owner]):
        differs = [old[c].ne_missing(new[c]) for c in new.columns]
        return new.filter(pl.any_horizontal(differs))[owner]
    told = pl.concat([_hashed(old, owner), _hashed(new, owner)])
    # A household's rows are the same when before and after have as many, with hashes of one sum.
    return told.group_by("owner").agg(
        pl.len().alias("n"), pl.struct("rows", "sum").n_unique().alias("kinds")
    ).filter((pl.col("n") < 2) | (pl.col("kinds") > 1))["owner"]


def _hashed(frame: pl.DataFrame, owner: str) -> pl.DataFrame:
    rows = pl.DataFrame({"owner": frame[owner], "sum": frame.hash_rows(seed=0)})
    return rows.group_by("owner").agg(pl.len().alias("rows"), pl.col("sum").sum())


def _who_name_them(
    before: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame], changed: pl.Series
) -> list[pl.Series]:
    """Applications whose connections name a person of a household that changed."""
    found = []
    for name in (before, tables):
        people, connections = name.get("people"), tables.get("connections")
        if people is None or connections is None or (
            connections.schema.get("person") != people.schema["id"]
        ):
            continue
        theirs = people.filter(pl.col("application").is_in(changed.implode()))["id"]
        named = connections.filter(pl.col("person").is_in(theirs.implode()))["application"]
        found.append(named.cast(changed.dtype))
    return found


def _same_rows(old: pl.DataFrame, new: pl.DataFrame) -> bool:
    return old.height == new.height and old.sort(pl.all()).equals(new.sort(pl.all()))


def _ends(history: pl.DataFrame) -> bool:
    return "until" in history.columns and history["until"].null_count() < history.height

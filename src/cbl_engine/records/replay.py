"""A run again: as it was, or with facts put right, and what that does to every position.

1. Read the corrections and check each against the run.
2. Put the facts right; find the adverts they can touch (the others stay as recorded).
3. Run those adverts again as they were: the record must come out, or nothing can be said.
4. Run them with the facts put right, and set the two side by side.

Where people are equal, positions are those of the tie group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.documents import Document, read_document
from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.records.corrected import corrected_tables, refusal
from cbl_engine.records.corrections import held_by_run
from cbl_engine.records.corrections_file import read_corrections
from cbl_engine.records.folder import RunFolder, outputs_of, read_run
from cbl_engine.tables.ordinals import as_id

if TYPE_CHECKING:
    from cbl_engine.records.corrections import Correction
    from cbl_engine.shortlist import Shortlist

Audience = Literal["officer", "applicant"]
AUDIENCES = ("officer", "applicant")

_PAIR = ["advert", "application"]
_STANDING = ("outcome", "set_aside", "stage", "position", "joint", "of", "decided_by", "failed",
             "unknown")


@dataclass(frozen=True, eq=False)
class Replay:
    """A run as recorded and as it comes out again.

    Attributes:
        run: the run folder.
        corrections: facts put right; none when it was run as it was.
        again: ids of the adverts that were run again; the others cannot have changed.
        then, now: the bids on those adverts, a row each, as recorded and as they come out:
            advert, application, outcome (``eligible``, ``held``, ``not eligible``, ``set aside``),
            set_aside (the reason), stage, position and joint (of the tie group), of (bids with a
            position), decided_by, failed, unknown.
        outputs: as it was only: table, rows, same_rows and same_bytes (of the file) of each table
            of the record. Empty with corrections.
    """

    run: RunFolder
    corrections: tuple[Correction, ...]
    again: pl.Series = field(repr=False)
    then: pl.DataFrame = field(repr=False)
    now: pl.DataFrame = field(repr=False)
    outputs: pl.DataFrame = field(repr=False)

    @property
    def reproduced(self) -> bool:
        """Whether the record came out again as it was: every position, reason and row set aside."""
        return bool(self.outputs["same_rows"].all())

    @property
    def households(self) -> list[Any]:
        """Applications whose facts or bids were put right, in order of id."""
        return sorted({h for c in self.corrections for h in c.households}, key=str)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """Every bid on an advert run again, then and now, for officers.

        Returns:
            advert, application, corrected (a household whose facts or bids were), change, and each
            column of ``then`` and ``now`` with ``_then`` or ``_now``. change is ``up``, ``down``,
            ``in`` (a position it had not), ``out``, ``more_share`` or ``fewer_share`` (the same
            place in a larger or smaller tie), ``other`` (a reason, or what decided) or ``same``.
            By advert, then position now and then, application.
        """
        both = self.then.rename({n: f"{n}_then" for n in _STANDING}).join(
            self.now.rename({n: f"{n}_now" for n in _STANDING}), on=_PAIR, how="full",
            coalesce=True,
        )
        ids = self.then.schema["application"]
        own = pl.Series(self.households, dtype=ids, strict=False).implode()
        both = both.with_columns(
            pl.col("application").is_in(own).alias("corrected"), _change().alias("change")
        )
        both = both.select(*_PAIR, "corrected", "change", *(
            f"{n}_{when}" for n in _STANDING for when in ("then", "now")
        ))
        return both.sort("advert", "position_now", "position_then", "application",
                         nulls_last=True, maintain_order=True)

    def frame(self, audience: Audience = "applicant", application: Any = None) -> pl.DataFrame:
        """What changed, for an audience.

        Args:
            audience: ``applicant``: the bids of one household; ``officer``: every bid that changed,
                and those of the households whose facts were put right.
            application: whose form it is; for an applicant it may be left out when one household
                alone was put right.

        Returns:
            Columns of :attr:`changes`; for an applicant without ``corrected``.

        Raises:
            BadInput: no such audience; whose form it is cannot be told; no such household.
        """
        if audience == "officer":
            return self.changes.filter((pl.col("change") != "same") | pl.col("corrected"))
        own = self.addressee(audience, application)
        return self.changes.filter(pl.col("application") == own).drop("corrected")

    def addressee(self, audience: Audience, application: Any = None) -> Any:
        """The application an applicant's form is for; None for officers.

        Raises:
            BadInput: as :meth:`frame`.
        """
        return whose_form(audience, application, self.households,
                          self.run.frames["bids"]["application"],
                          "the application did not bid in this run")

    def first(self, within: int = 1, application: Any = None) -> pl.DataFrame:
        """How often a household stood first, or within the first few.

        Args:
            within: the lowest place counted; 1 for first or joint first.
            application: which household; None for each one put right.

        Returns:
            application, adverts (it bid on, of those run again), then, now, and held_now: of now,
            those on which nothing might be offered before a fact is known.
        """
        mine = pl.col("corrected") if application is None else pl.col("application") == application
        placed = {w: pl.col(f"position_{w}") <= within for w in ("then", "now")}
        return self.changes.filter(mine).group_by("application").agg(
            pl.len().alias("adverts"),
            placed["then"].sum().alias("then"),
            placed["now"].sum().alias("now"),
            (placed["now"] & (pl.col("outcome_now") == "held")).sum().alias("held_now"),
        ).sort("application").cast(dict.fromkeys(("adverts", "then", "now", "held_now"), pl.Int64))

    def first_places(self) -> pl.DataFrame:
        """Adverts on which others stand first now, for officers: advert, then, now (lists of ids)."""
        parts = [
            frame.filter(pl.col("position") == 1).group_by("advert")
            .agg(pl.col("application").sort().alias(when))
            for frame, when in ((self.then, "then"), (self.now, "now"))
        ]
        both = parts[0].join(parts[1], on="advert", how="full", coalesce=True)
        return both.filter(pl.col("then").ne_missing(pl.col("now"))).sort("advert")

    def corrections_for(self, audience: Audience, application: Any = None) -> list[Correction]:
        """The corrections that an audience may see: an applicant sees their own, and of homes."""
        own = self.addressee(audience, application)
        return [c for c in self.corrections if own is None or c.households <= {own}]

    def counts(self, audience: Audience = "applicant", application: Any = None) -> dict[str, int]:
        """Adverts, for an audience.

        Returns:
            adverts: in the run; run_again; changed: on which anything changed. For an applicant:
            adverts the household bid on of those run again, and changed for it.
        """
        if audience == "officer":
            changed = self.changes.filter(pl.col("change") != "same")["advert"].n_unique()
            run = int(self.run.manifest["counts"]["adverts"])
            return {"adverts": run, "run_again": len(self.again), "changed": changed}
        mine = self.frame(audience, application)["change"]
        return {"adverts": len(mine), "changed": int((mine != "same").sum())}

    def as_dict(self, audience: Audience = "applicant", application: Any = None) -> dict[str, Any]:
        """Plain data for JSON, for an audience; the applicant's has nothing of another household."""
        from cbl_engine.records.replay_words import as_plain

        return as_plain(self, audience, application)

    def text(self, audience: Audience = "applicant", application: Any = None) -> str:
        """The replay in plain English, for an audience."""
        from cbl_engine.records.replay_words import in_words

        return in_words(self, audience, application)


def whose_form(
    audience: Audience, application: Any, households: list[Any], known: pl.Series, unknown: str
) -> Any:
    """The application an applicant's form is for; None for officers.

    Args:
        audience: whom it is for.
        application: as asked for; None: the household put right, when there is one.
        households: those put right.
        known: others whose form it may be.
        unknown: what is wrong with any other.

    Raises:
        BadInput: no such audience; whose form it is cannot be told; no such household.
    """
    if audience not in AUDIENCES:
        raise BadInput(
            [Problem("unknown_audience", "there is no such audience", given=str(audience),
                     allowed=", ".join(AUDIENCES))]
        )
    if audience == "officer":
        return None
    if application is None:
        if len(households) != 1:
            raise BadInput(
                [Problem("whose_form", "an applicant's form is about one household",
                         remedy="Name it with --application, or ask for --audience officer")]
            )
        return households[0]
    own = as_id(known, application)
    if own not in households and not (known == own).any():
        raise BadInput([Problem("unknown_application", unknown, given=str(application))])
    return own


def replay_run(
    run: str | Path | RunFolder, correct: str | Path | Document | None = None
) -> Replay:
    """Run a run folder again, as it was or with facts put right.

    Args:
        run: the run folder.
        correct: a file of corrections (``docs/replay.md`` has its form); None runs all of the
            record again as it was.

    Raises:
        RunError: not a run folder, or changed since; everything wrong in the file of corrections;
            or this engine does not reproduce the adverts that they touch.
    """
    folder = run if isinstance(run, RunFolder) else read_run(run)
    if correct is None:
        return _as_it_was(folder)
    document = correct if isinstance(correct, Document) else document_of(Path(correct))
    corrections = read_corrections(document, held_by_run(folder))
    frames, adverts = corrected_tables(folder, corrections)
    folder.reproduced(adverts)
    try:
        now = folder.shortlist_of(frames, adverts)
    except BadInput as error:
        raise refusal(error, document.name) from None
    return Replay(
        folder, corrections, adverts,
        then=_standings(*(_of(folder.table(n), adverts) for n in ("shortlist", "set_aside"))),
        now=_standings(now.frame(), now.set_aside),
        outputs=pl.DataFrame(schema=_OUTPUTS),
    )


_OUTPUTS = {"table": pl.String, "rows": pl.Int64, "same_rows": pl.Boolean,
            "same_bytes": pl.Boolean}


def document_of(path: Path) -> Document:
    """A file of corrections, read.

    Raises:
        RunError: it cannot be.
    """
    try:
        return read_document(path)
    except BadInput as error:
        raise RunError(error.problems) from None


def _as_it_was(folder: RunFolder) -> Replay:
    result = folder.shortlist()
    return Replay(
        folder, (), folder.frames["adverts"]["id"],
        then=_standings(folder.table("shortlist"), folder.table("set_aside")),
        now=_standings(result.frame(), result.set_aside),
        outputs=_compared(folder, result),
    )


def _compared(folder: RunFolder, result: Shortlist) -> pl.DataFrame:
    """Each table of the record against the same table run again: rows, and bytes of the file."""
    rows = []
    for name, frame in outputs_of(result).items():
        content = BytesIO()
        frame.write_parquet(content)
        recorded = folder.table(name)
        same_bytes = (
            sha256(content.getvalue()).hexdigest() == folder.manifest["outputs"][f"{name}.parquet"]
        )
        rows.append((name, recorded.height, frame.equals(recorded), same_bytes))
    return pl.DataFrame(rows, schema=_OUTPUTS, orient="row")


def _of(table: pl.DataFrame, adverts: pl.Series) -> pl.DataFrame:
    return table.filter(pl.col("advert").is_in(adverts.cast(table.schema["advert"]).implode()))


def _standings(shortlist: pl.DataFrame, set_aside: pl.DataFrame) -> pl.DataFrame:
    """One row a household and advert, whose bids count or do not; see :class:`Replay`."""
    tied = pl.col("tie_group").is_not_null()
    group = ["advert", "tie_group"]
    counted = shortlist.with_columns(
        pl.when("eligible").then(pl.lit("eligible"))
        .when(pl.col("eligible").is_null()).then(pl.lit("held"))
        .otherwise(pl.lit("not eligible")).alias("outcome"),
        pl.lit(None, pl.String).alias("set_aside"),
        pl.when(tied).then(pl.col("position").min().over(group)).otherwise("position")
        .alias("position"),
        pl.when(tied).then(pl.len().over(group) - 1).otherwise(0).cast(pl.Int32).alias("joint"),
        pl.col("position").count().over("advert").cast(pl.Int32).alias("of"),
        pl.when(tied).then(pl.col("decided_by").sort_by("position").first().over(group))
        .otherwise("decided_by").alias("decided_by"),
    ).select(*_PAIR, *_STANDING)
    aside = (
        set_aside.join(counted, on=_PAIR, how="anti")
        .sort(*_PAIR, "placed_at", "reason")
        .group_by(_PAIR, maintain_order=True).agg(pl.col("reason").last())
    )
    rest = aside.select(
        *_PAIR, pl.lit("set aside").alias("outcome"), pl.col("reason").alias("set_aside")
    )
    return pl.concat([counted, rest], how="diagonal").sort("advert", "position", "application",
                                                           nulls_last=True)


def _change() -> pl.Expr:
    then, now = pl.col("position_then"), pl.col("position_now")
    more = pl.col("joint_now") - pl.col("joint_then")
    differs = pl.any_horizontal(
        pl.col(f"{n}_then").ne_missing(pl.col(f"{n}_now")) for n in _STANDING if n != "of"
    )
    words = {
        "in": then.is_null() & now.is_not_null(),
        "out": then.is_not_null() & now.is_null(),
        "up": now < then,
        "down": now > then,
        "more_share": more > 0,
        "fewer_share": more < 0,
        "other": differs,
    }
    expression = pl.lit("same")
    for word, holds in reversed(words.items()):
        expression = pl.when(holds.fill_null(value=False)).then(pl.lit(word)).otherwise(expression)
    return expression

"""A state run again: every cycle as it was, or with facts put right through to offers and lettings.

1. As it was, each cycle is run from what it took in, and compared.
2. With facts put right, the cycles from the first that they touch are first run as they were: the
   record must come out, or nothing is said. Then they are run with the right facts, what people
   did following the record (:mod:`cbl_engine.records.followed`), and both are set side by side.

From the first day on which something had to be assumed, what is said is conjecture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.documents import Document
from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.offers.events import Erased, Quarantined, TakenIn
from cbl_engine.records.corrected import refusal
from cbl_engine.records.corrections_file import read_corrections
from cbl_engine.records.cycles_again import Past, RunAgain, run_again
from cbl_engine.records.facts_apart import EVENT_NUMBER, about_of, complete, named_by
from cbl_engine.records.followed import Following, Recorded
from cbl_engine.records.replay import document_of, whose_form
from cbl_engine.records.replay_consequences import consequences_beside
from cbl_engine.records.state import StateFolder, erased_in, read_state
from cbl_engine.records.state_corrected import held_of, put_right
from cbl_engine.tables.taking_in import taken_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cbl_engine.offers.record import Record
    from cbl_engine.records.corrections import Correction
    from cbl_engine.records.followed import Assume
    from cbl_engine.records.replay import Audience
    from cbl_engine.records.trail import Run

_OF_OFFERS = ("position", "step", "proposed_on", "offered_on", "answered_on", "ended_on", "let_on")
_DAYS = ("proposed_on", "offered_on", "answered_on", "ended_on", "let_on")


@dataclass(frozen=True, eq=False)
class Followed:
    """What comes of the right facts.

    Attributes:
        tables: the recorded tables at the end.
        assumed: on, advert, application and what, of each answer that was assumed.
        left: outcomes of the record that found nothing to apply to.
    """

    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    assumed: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    left: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    @cached_property
    def offers(self) -> pl.DataFrame:
        """The offers, with ``let_on``; the step of one that ended is how it ended."""
        signed = self.tables["lettings"].filter(pl.col("undone_on").is_null()).select(
            "id", pl.col("signed_on").alias("let_on"))
        return self.tables["offers"].join(signed, on="id", how="left").with_columns(
            pl.coalesce("ended_by", "step").alias("step"))


@dataclass(frozen=True, eq=False)
class StateReplay:
    """A state as recorded, and as it comes out again.

    Attributes:
        state: the state folder.
        corrections: facts put right; none when it was run as it was.
        runs: the cycles that were run again as they were, in order; with corrections those from
            the first that they touch.
        then: the record at the end of the last of them; None without corrections.
        now: the same with the facts put right, households accepting what they were never offered.
        refused: the same with them refusing it.
        gone: applications whose facts have lawfully gone, for which no later cycle is said anything
            of.
    """

    state: StateFolder
    corrections: tuple[Correction, ...]
    runs: tuple[RunAgain, ...]
    then: Followed | None = None
    now: Followed | None = None
    refused: Followed | None = None
    gone: tuple[str, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether every cycle that can be run again came out as recorded."""
        return all(run.same is not False for run in self.runs)

    @property
    def households(self) -> list[Any]:
        """Applications whose facts were put right, in order of id."""
        return sorted({h for c in self.corrections for h in c.households}, key=str)

    @property
    def until(self) -> date | None:
        """The last day that was run again."""
        return max((r.run.as_at for r in self.runs if r.same is not None), default=None)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """Every offer then and now, for officers.

        Returns:
            id, advert, home, application, corrected, change (``made``: only with the facts put
            right; ``not made``; ``otherwise``; ``same``), then position, step, proposed_on,
            offered_on, answered_on, ended_on and let_on, each ``_then`` and ``_now``; null: no such
            offer, or not yet. step is how it ended, for one that did. By advert, now and then.
        """
        return offers_beside(self._then, self._now, self.households)

    @property
    def _then(self) -> Followed:
        if self.then is None:
            raise TypeError("nothing was put right")
        return self.then

    @property
    def _now(self) -> Followed:
        if self.now is None:
            raise TypeError("nothing was put right")
        return self.now

    @property
    def assumed(self) -> Sequence[Mapping[str, Any]]:
        """Answers that were assumed: on, advert, application, what; none without corrections."""
        return () if self.now is None else self.now.assumed

    @property
    def left(self) -> Sequence[Mapping[str, Any]]:
        """Outcomes of the record that no longer apply; none without corrections."""
        return () if self.now is None else self.now.left

    def offered(self, assume: Assume = "accepts") -> pl.DataFrame:
        """What the households whose facts were put right are offered: changes, where offered now."""
        if assume == "accepts":
            found = self.changes
        elif self.refused is not None:
            found = offers_beside(self._then, self.refused, self.households)
        else:
            raise TypeError("nothing was put right")
        return found.filter("corrected", pl.col("offered_on_now").is_not_null())

    @property
    def refusing_matters(self) -> bool:
        """Whether the finding is another when what was never offered in fact is refused."""
        keys = ["advert", "application", "offered_on_now"]
        return not self.offered().select(keys).equals(self.offered("refuses").select(keys))

    @cached_property
    def displaced(self) -> pl.DataFrame:
        """Others who have a home in the record and not with the facts put right, for officers.

        Returns:
            advert, application, step and let_on (in fact), instead (the advert whose home it is
            offered or let now, by id; null: none), to (who has the home now; null: nobody). By
            advert and application.
        """
        has = ("offered", "accepted", "let")
        ours = self.changes
        lost = ours.filter(~pl.col("corrected"), pl.col("step_then").is_in(has), ~pl.col("step_now").is_in(has).fill_null(
            value=False))
        got = ours.filter(pl.col("step_now").is_in(has)).sort("advert", "id")
        by_household = got.group_by("application").agg(pl.col("advert").last().alias("instead"))
        by_home = got.group_by("advert").agg(pl.col("application").last().alias("to"))
        return (
            lost.select("advert", "application", pl.col("step_then").alias("step"),
                        pl.col("let_on_then").alias("let_on"))
            .join(by_household, on="application", how="left")
            .join(by_home, on="advert", how="left")
            .sort("advert", "application")
        )

    @cached_property
    def places(self) -> pl.DataFrame:
        """Where the households put right stood on each list: advert, application, position then, now.

        Null: no place.
        """
        own = pl.Series([str(h) for h in self.households], dtype=pl.String).implode()
        parts = [
            f.tables["shortlisted"].filter(pl.col("application").is_in(own))
            .select("advert", "application", pl.col("position").alias(f"position_{when}"))
            for f, when in ((self._then, "then"), (self._now, "now"))
        ]
        return parts[0].join(parts[1], on=["advert", "application"], how="full",
                             coalesce=True).sort("advert", "application")

    @cached_property
    def consequences(self) -> pl.DataFrame:
        """Every consequence of refusals or missing bids then and now, for officers.

        Returns:
            application, consequence, corrected, change (``not begun``: it began in fact alone;
            ``begun``: only with the facts put right; ``proposed``: only then, and it waits; ``not
            waiting``: it waits in fact alone; ``otherwise``: on another day or for another time;
            ``same``), since_then, until_then, since_now, until_now (null: it did not begin; until:
            no end set), proposed_on_then and proposed_on_now (null: none waits that does not on the
            other side). By application, name and day; those of one name are matched by the day they
            began, else in order.
        """
        return consequences_beside(self._then.tables, self._now.tables, self.households)

    @property
    def fork_on(self) -> date | None:
        """The first day on which an offer comes out otherwise; None: none does."""
        days = [
            day for row in self.changes.filter(pl.col("change") != "same").iter_rows(named=True)
            for name in _DAYS if row[f"{name}_then"] != row[f"{name}_now"]
            for day in (row[f"{name}_then"], row[f"{name}_now"]) if day is not None
        ]
        return min(days, default=None)

    @property
    def conjecture_from(self) -> date | None:
        """The first day on which an answer was assumed; None: none was."""
        return min((row["on"] for row in self.assumed), default=None)

    def addressee(self, audience: Audience, application: Any = None) -> Any:
        """The application an applicant's form is for; None for officers.

        Raises:
            BadInput: no such audience; whose form it is cannot be told; no such household.
        """
        return whose_form(audience, application, self.households,
                          self.state.tables["applications"]["id"], "the record has no such application")

    def corrections_for(self, audience: Audience, application: Any = None) -> list[Correction]:
        """The corrections that an audience may see: an applicant sees their own, and of homes.

        Checks are for officers: what lies behind one may be held by them.
        """
        own = self.addressee(audience, application)
        return [c for c in self.corrections
                if own is None or (c.households <= {own} and c.table != "checks")]

    def frame(self, audience: Audience = "applicant", application: Any = None) -> pl.DataFrame:
        """Offers then and now, for an audience.

        Args:
            audience: ``applicant``: those of one household, without ``corrected``; ``officer``:
                every offer that comes out otherwise, and those of the households put right.
                Without corrections a row for each cycle: same is null where facts have gone.
            application: whose form it is; may be left out when one household alone was put right.
        """
        if not self.corrections:
            return pl.DataFrame(
                [{"cycle": r.run.cycle, "as_at": r.run.as_at, "counts": r.run.counts,
                  "events": r.events, "same": r.same, "facts_gone": len(r.gone)} for r in self.runs])
        if audience == "officer":
            return self.changes.filter((pl.col("change") != "same") | pl.col("corrected"))
        own = self.addressee(audience, application)
        return self.changes.filter(pl.col("application") == own).drop("corrected")

    def text(self, audience: Audience = "applicant", application: Any = None) -> str:
        """The replay in plain English, for an audience."""
        from cbl_engine.records.replay_offers import in_words

        return in_words(self, audience, application)

    def as_dict(self, audience: Audience = "applicant", application: Any = None) -> dict[str, Any]:
        """Plain data for JSON, for an audience; the applicant's has nothing of another household."""
        from cbl_engine.records.replay_offers import as_plain

        return as_plain(self, audience, application)


def offers_beside(then: Followed, now: Followed, households: Sequence[Any]) -> pl.DataFrame:
    """Offers of two outcomes side by side; columns as :attr:`StateReplay.changes`."""
    about = ("advert", "home", "application")
    sides = [
        f.offers.select("id", *about, *(pl.col(n).alias(f"{n}_{when}") for n in _OF_OFFERS),
                        pl.lit(True).alias(f"is_{when}"))
        for f, when in ((then, "then"), (now, "now"))
    ]
    both = sides[0].join(sides[1], on="id", how="full", coalesce=True).with_columns(
        pl.coalesce(n, f"{n}_right").alias(n) for n in about)
    same = pl.all_horizontal(
        pl.col(f"{n}_then").eq_missing(pl.col(f"{n}_now")) for n in _OF_OFFERS)
    own = pl.Series([str(h) for h in households], dtype=pl.String).implode()
    return both.with_columns(
        pl.col("application").is_in(own).alias("corrected"),
        pl.when(pl.col("is_then").is_null()).then(pl.lit("made"))
        .when(pl.col("is_now").is_null()).then(pl.lit("not made"))
        .when(same).then(pl.lit("same")).otherwise(pl.lit("otherwise")).alias("change"),
    ).select(
        "id", *about, "corrected", "change",
        *(f"{n}_{when}" for n in _OF_OFFERS for when in ("then", "now")),
    ).sort("advert", "proposed_on_now", "proposed_on_then", "id", nulls_last=True)


def replay_state(
    state: str | Path | StateFolder, correct: str | Path | Document | None = None
) -> StateReplay:
    """Run a state again, as it was or with facts put right.

    Args:
        state: the state folder.
        correct: a file of corrections (``docs/replay.md`` has its form); None runs every cycle
            again as it was.

    Raises:
        RunError: no state folder, or changed since; everything wrong in the file of corrections;
            this engine does not reproduce the cycles that they touch; facts that those rest on
            have lawfully gone.
    """
    folder = state if isinstance(state, StateFolder) else read_state(state)
    past = Past.of(folder)
    if correct is None:
        return StateReplay(folder, (), tuple(run_again(past, run) for run in past.trail.runs()))
    document = correct if isinstance(correct, Document) else document_of(Path(correct))
    held = held_of(folder, past)
    corrections = read_corrections(document, held)
    right, added, first = put_right(past, held, corrections)
    runs = [run for run in past.trail.runs() if run.counts]
    touched = runs[runs.index(first):]
    gone = {run.cycle: who for run in touched if (who := _needed(past, run))}
    able = touched[:next((i for i, run in enumerate(touched) if run.cycle in gone), len(touched))]
    if not able:
        raise RunError([_erased(folder, touched[0], gone[touched[0].cycle])])
    again = tuple(run_again(past, run) for run in able)
    if not all(run.same for run in again):
        raise RunError([Problem(
            "not_reproduced", "this engine does not give what was recorded for the cycles that the "
            "corrections touch, so nothing can be said of them", where=str(folder.path),
            rows=tuple(f"cycle {r.run.cycle}" for r in again if not r.same),
            remedy="Use the engine version that wrote the state")])
    try:
        now, refused = (_follow(past, right, added, able, assume)
                        for assume in ("accepts", "refuses"))
    except BadInput as error:
        raise refusal(error, document.name) from None
    then = Followed(past.at(able[-1].last).tables)
    stopped = tuple(sorted({a for who in gone.values() for a in who}))
    return StateReplay(folder, corrections, again, then, now, refused, stopped)


def _erased(folder: StateFolder, run: Run, gone: Sequence[str]) -> Problem:
    return Problem(
        "facts_erased", f"facts that the cycle up to {run.as_at} rests on have lawfully gone, so it "
        "cannot be run again", where=str(folder.path), count=len(gone), rows=tuple(gone[:5]),
        remedy="A state written before the erasure has them, if it is still kept")


def _needed(past: Past, run: Run) -> list[str]:
    """Applications erased since that were live in the record at a run: whoever may have mattered."""
    found = []
    about = about_of(past.trail.events)
    for gone in erased_in(past.trail):
        told = past.facts.digests.filter(pl.col("subject") == gone)[EVENT_NUMBER].to_list()
        told += [n for n, event in enumerate(past.trail.events, 1)
                 if not isinstance(event, Erased) and named_by(event, about) == gone]
        if told and min(told) <= run.last and max(told) >= run.first:
            found.append(gone)
    return sorted(found)


def _follow(
    past: Past, right: Past, added: Mapping[Run, Mapping[str, pl.DataFrame]], runs: Sequence[Run],
    assume: Assume,
) -> Followed:
    """Run the cycles with the right facts, what people did following the record."""
    came = {run: _with(right.given(run)[0], added.get(run, {})) for run in runs}
    told = {run: _rows(came[run].pop("outcomes", None)) for run in runs}
    rows = [row for run in runs for row in told[run]]
    before = runs[0].first
    counting = [(n, event) for n, event in past.trail.counting() if n <= runs[-1].last]
    no_contact = {(r["advert"], r["application"], r["on"]): str(r["id"])
                  for r in rows if r["what"] == "no_contact"}
    following = Following(
        Recorded.of(complete(counting, past.facts), runs[-1].as_at, no_contact),
        sorted(rows, key=lambda r: str(r["id"])), [e for n, e in counting if n < before], assume,
    )
    record = right.before(runs[0])
    for run in runs:
        record = _between(right, record, before, run)
        cycle = right.run(run, record, came[run], right.given(run)[1], following, told[run])
        record, before = cycle.record, run.last
    never = {str(e.outcome) for _, e in counting if isinstance(e, Quarantined)}
    left = [row for outcome, row in following.left.items() if outcome not in never]
    return Followed(record.tables, following.assumed, left)


def _with(
    given: dict[str, pl.DataFrame], added: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    more = {t: pl.concat([given[t], f], how="diagonal_relaxed") if t in given else f
            for t, f in added.items()}
    return {**given, **more}


def _rows(frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    return [] if frame is None else frame.to_dicts()


def _between(right: Past, record: Record, before: int, run: Run) -> Record:
    """The record with what was put right in fact between two cycles."""
    tables = dict(record.tables)
    for n, event in right.trail.counting():
        if before < n < run.first and isinstance(event, TakenIn):
            tables[event.table] = taken_in(
                tables.get(event.table), right.rows(n, event.table), event.table)
    return replace(record, tables=tables)

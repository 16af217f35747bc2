"""Steps by which dates came about, as frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.date_rules import (
    ACTIONS,
    ASKED,
    AWARD,
    EARLIEST,
    GIVEN,
    NO_RULE,
    NOT_ASKED,
    ORIGINAL,
    RECORDED,
    RESTORE,
    RULES,
    SUBMITTED,
    Bands,
    FirstDates,
    Plan,
    Settled,
)
from cbl_engine.assess.date_words import ON_REGISTER
from cbl_engine.assess.histories import NO_DAY, REASONS, TODAY, History, or_null

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.assess.dates_now import Now
    from cbl_engine.assess.found import Found
    from cbl_engine.scheme.assessment import PriorityDate
    from cbl_engine.tables import Ordinals


@dataclass(frozen=True, eq=False)
class Derived:
    """Every spell with the date after it: what steps are told from."""

    ids: Ordinals
    history: History
    plan: Plan
    settled: Settled
    bands: Bands
    firsts: FirstDates
    rule: PriorityDate
    before: Now
    now: Now

    def dates(self) -> pl.DataFrame:
        """application, priority_date, date_rule, date_event, by ordinal."""
        return pl.DataFrame(
            {
                "application": self.ids.ids,
                "priority_date": dates_from(self.now.day),
                "date_rule": rules_from(self.now.rule),
                "date_event": self._events(self.now.event, self.now.item),
            }
        )

    def steps(self, applications: pl.Series) -> pl.DataFrame:
        """Steps of some applications; see :meth:`PriorityDates.steps`."""
        wanted = np.unique(self.ids.ordinals_of(applications))
        wanted = wanted[wanted >= 0]
        chosen = np.zeros(len(self.ids), bool)
        chosen[wanted] = True
        parts = [self._spell_steps(np.flatnonzero(chosen[self.history.application]))]
        bare = wanted[self.now.last[wanted] < 0]
        parts.append(self._last_steps(bare, self.before, "first", None))
        for number, one in enumerate(self.rule.instead):
            at = wanted[self.now.item[wanted] == number]
            does = one.take or ("months_earlier" if one.months_earlier else "date")
            parts.append(self._last_steps(at, self.now, "instead", does, one.label))
        frame = pl.concat(parts).sort("application", maintain_order=True)
        step = pl.int_range(1, pl.len() + 1).over("application").alias("step")
        return frame.select("application", step, pl.exclude("application"))

    def _spell_steps(self, at: NDArray[np.int64]) -> pl.DataFrame:
        history, plan, settled = self.history, self.plan, self.settled
        first, given = plan.first[at], plan.rule[at] == RECORDED
        action = plan.action[at].astype(np.int64)
        action = np.where((action == RESTORE) & (plan.held[at] < 0), ORIGINAL, action)
        action = np.where((action == SUBMITTED) & (history.submitted[at] == NO_DAY), AWARD, action)
        action = np.where(plan.joins[at], EARLIEST, action)
        silent = (first & ~plan.joins[at]) | given | (plan.rule[at] == NO_RULE)
        return pl.DataFrame(
            {
                "application": self.ids.take(history.application[at]),
                "band": self.bands.texts(history.band[at]),
                "since": dates_from(history.since[at]),
                "why": pl.Series(REASONS, dtype=pl.String).gather(history.why[at]),
                "row": or_null(history.row[at]),
                "inherited": history.application[at] != history.origin[at],
                "rule": rules_from(plan.rule[at]),
                "action": pl.Series(ACTIONS, dtype=pl.String).gather(
                    or_null(np.where(silent, -1, action))
                ),
                "date_before": dates_from(np.where(first, NO_DAY, settled.day[at - 1])),
                "date_after": dates_from(settled.day[at]),
                "event": self._events(settled.event[at], None),
                "label": pl.Series([None] * len(at), dtype=pl.String),
            },
            schema_overrides={"inherited": pl.Boolean},
        )

    def _last_steps(
        self,
        at: NDArray[np.integer],
        now: Now,
        rule: str,
        action: str | None,
        label: str | None = None,
    ) -> pl.DataFrame:
        """A step each that is no spell: the first date of one without any, or ``instead``."""
        day = self.before.day[at] if rule == "instead" else np.full(len(at), NO_DAY, np.int32)
        shape = self._spell_steps(np.zeros(0, np.int64)).schema
        said = {"rule": rule, "action": action, "inherited": False, "label": label}
        return pl.DataFrame(
            {
                "application": self.ids.take(at),
                "date_before": dates_from(day),
                "date_after": dates_from(now.day[at]),
                "event": self._events(now.event[at], now.item[at]),
            }
        ).select(
            *(
                pl.col(n) if n in ("application", "date_before", "date_after", "event")
                else pl.lit(said.get(n), t).alias(n)
                for n, t in shape.items()
            )
        )

    def _events(self, event: NDArray[np.int64], item: NDArray[np.int8] | None) -> pl.Series:
        """What dates came from, in few words."""
        columns = pl.Series(self.firsts.columns, dtype=pl.String)
        out = pl.Series("event", columns).gather(or_null(-1 - event))
        of_spell = np.flatnonzero(event >= 0)
        if len(of_spell):
            at, kind = event[of_spell] // 4, event[of_spell] % 4
            words = pl.DataFrame(
                {
                    "band": self.bands.texts(self.history.band[at]).fill_null("no band"),
                    "since": dates_from(self.history.since[at]),
                    "asked": dates_from(self.history.submitted[at]),
                    "kind": kind,
                    "on_register": self.history.on_register[at],
                }
            ).select(
                pl.when((pl.col("kind") == GIVEN) & pl.col("on_register"))
                .then(pl.lit(ON_REGISTER))
                .when(pl.col("kind") == GIVEN)
                .then(pl.format("{} as an officer dated it", "band"))
                .when(pl.col("kind") == ASKED)
                .then(pl.format("{} submitted {}", "band", pl.col("asked").cast(pl.String)))
                .when(pl.col("since").is_null())
                .then(pl.format("{} from the start", "band"))
                .otherwise(pl.format("{} from {}", "band", pl.col("since").cast(pl.String)))
            )
            out = out.scatter(of_spell, words.to_series())
        if item is not None:
            for number, one in enumerate(self.rule.instead):
                if one.months_earlier is not None and (item == number).any():
                    text = f", {one.months_earlier} months earlier"
                    moved = pl.Series(item == number)
                    out = pl.select(pl.when(moved).then(out + text).otherwise(out)).to_series()
        return out


def report(derived: Derived, found: Found) -> None:
    """What is missing behind today's dates, and bands held from before registration."""
    now, history = derived.now, derived.history
    unknown = now.day == NO_DAY
    for number, column in enumerate(derived.firsts.columns):
        lost = np.flatnonzero(unknown & (now.event == -1 - number))
        found.missing(lost, column, "priority_date.first", "the date is not known")
    lost = np.flatnonzero(unknown & (now.event >= 0))
    found.missing(lost, "band_history.since", "priority_date", "the date is not known")
    guessed = np.flatnonzero(~unknown & (now.event >= 0) & (now.event % 4 == NOT_ASKED))
    found.missing(
        guessed, "band_history.submitted_on", "priority_date", "the day the band began is taken"
    )
    first, _ = derived.firsts.of(np.full(len(history), -1), history.application)
    own = (history.row != TODAY) & (history.application == history.origin) & (history.band >= 0)
    early = own & (history.since != NO_DAY) & (history.since < first)
    found.contradiction("band_before_registration", history.application[early], history.row[early])


def dates_from(days: NDArray[np.integer]) -> pl.Series:
    """Dates of days since 1970."""
    series = pl.Series(np.asarray(days, np.int32))
    return pl.select(pl.when(series != NO_DAY).then(series).cast(pl.Date)).to_series()


def rules_from(codes: NDArray[np.int8]) -> pl.Series:
    """Names of rules, null for no change."""
    return pl.Series(RULES, dtype=pl.String).gather(or_null(codes))

"""Everything a record holds about one application, as its household may see it.

A right of access (UK GDPR, Article 15) is to one's own data: other people's facts are withheld and
counted by ground, rivals are told as counts, and checks held by officers as one neutral reason.
``docs/results.md`` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.offers.events import Quarantined
from cbl_engine.records.facts_apart import EVENT_NUMBER, OF_EVENTS, OURS, complete, subjects_of
from cbl_engine.records.rankings import rankings
from cbl_engine.records.state import StateFolder
from cbl_engine.report.subject_chronology import chronology
from cbl_engine.report.subject_redaction import GROUNDS, STATEMENT, Redaction, Row, officer_held
from cbl_engine.scheme.law import bid_criteria
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.offers.events import Erased
    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme

SECTIONS = {
    "applications": "The application",
    "people": "People of the household",
    "connections": "Local connections",
    "band_history": "Bands held",
    "status_history": "Where the application stood",
    "duties": "Homelessness duties",
    "ta_placements": "Temporary accommodation",
    "officer_decisions": "Recommendations and decisions",
    "overrides": "What officers decided instead of the rules",
    "wishes": "Homes wished for",
    "preferences": "Order of preference",
    "bids": "Bids",
    "bids_set_aside": "Bids that did not count",
    "shortlisted": "Places on lists",
    "checks": "Checks",
    "holds": "What homes waited for",
    "passed_over": "Where the household was passed over",
    "officer_held": "Officer-held reasons",
    "proposals": "What was proposed, and what officers decided",
    "offers": "Offers",
    "direct_lets": "Direct lets asked for",
    "outcomes": "What was reported to the council",
    "lettings": "Homes let",
    "tenancies": "Tenancies",
    "consequences": "What refusals or missing bids led to",
    "letters_due": "Decisions to be told in writing",
    "litigation_holds": "Held for a claim or a complaint",
}
"""Tables of the record in the order they are told, and what each is called."""

_MAY_CLASH = ("outcomes", "checks")
"""Tables of rows that may have been left out, by their ids."""
_FREE_WORDS = ("reason", "value", "evidence")
_ADVERSE = {"bypass": "approved", "refusal_counts": "approved", "consequence": "approved",
            "duty_may_end": "approved", "offer": "declined"}


@dataclass(frozen=True)
class SubjectAccess:
    """One household's record.

    Attributes:
        application: whose, as text.
        scheme: title of the scheme.
        as_at: the day at whose end the record stood so.
        sections: table -> rows, in the order of :data:`SECTIONS`; a cell that is withheld is
            ``withheld``. Rows that were taken in have recorded_on and stands (false: left out, or others have
            taken their place).
        chronology: rows of on, what, advert.
        withheld: rows of table, ground and cells (how many).
        erased: when and why the facts were lawfully destroyed; None: they were not.
        free_words: rows of table, column and cells: free words, which may speak of other people
            and are to be read by an officer before the record is sent. Not part of what is sent.
    """

    application: str
    scheme: str
    as_at: date
    sections: Mapping[str, list[Row]] = field(repr=False)
    chronology: list[Row] = field(repr=False)
    withheld: list[Row] = field(repr=False)
    erased: Erased | None
    free_words: list[Row] = field(repr=False)

    def plain(self) -> dict[str, Any]:
        """What is sent, for programs."""
        return {
            "application": self.application,
            "scheme": self.scheme,
            "as_at": self.as_at,
            "audience": "applicant",
            "erased": None if self.erased is None else {
                "on": self.erased.on, "rows": self.erased.rows, "because": self.erased.because
            },
            "sections": dict(self.sections),
            "chronology": self.chronology,
            "withheld": [{**row, "in_words": GROUNDS[row["ground"]]} for row in self.withheld],
            "officer_held": STATEMENT,
        }


def subject_access(
    record: Record, scheme: Scheme, application: str, *, joint: bool = False
) -> SubjectAccess:
    """Everything held on one application, as its household may see it.

    Args:
        record: a state folder; or a cycle's record, which holds neither events nor rows whose
            place others have taken.
        scheme: says which checks officers hold, and what criteria are called.
        application: its id.
        joint: joint applicants ask too: their facts are told as the applicant's own.

    Raises:
        BadInput: the record knows no such application, or has no cycle yet.
    """
    if record.as_at is None:
        raise BadInput([Problem("nothing_recorded", "the record has no cycle yet")])
    own = _own_rows(record, application)
    erased = record.state.erased().get(application) if isinstance(record, StateFolder) else None
    if not any(own.values()) and erased is None:
        raise BadInput([Problem("unknown_application", "the record knows no such application",
                                given=application, remedy="Take its id from the register")])
    events = _events(record)
    held = officer_held(scheme, own, application, (event for _, event, _ in events))
    redaction = Redaction(application, _applicants(own.get("people", []), joint=joint), held)
    told = {table: redaction.rows(table, rows) for table, rows in own.items()}
    redaction.count("band_history", "another_household", _named_elsewhere(record, application))
    told["shortlisted"] = _places(record, scheme, application)
    told["officer_held"] = held.rows()
    told["letters_due"] = _letters(told["proposals"])
    recorded = {n: rows for n, rows in told.items() if n not in RECORDED}
    order = [*SECTIONS, *sorted(set(told) - set(SECTIONS))]
    return SubjectAccess(
        application, scheme.versions[-1].title, record.as_at,
        {name: told[name] for name in order if told.get(name)},
        chronology(events, application, held, recorded),
        [{"table": table, "ground": ground, "cells": n}
         for (table, ground), n in sorted(redaction.cells.items())],
        erased, list(_free_words(told)),
    )


def _own_rows(record: Record, application: str) -> dict[str, list[Row]]:
    """The household's rows of every table, those whose place others have taken among them."""
    own = {
        table: _about(table, frame, application).to_dicts()
        for table, frame in record.tables.items() if {"application", "id"} & set(frame.columns)
    }
    if not isinstance(record, StateFolder):
        return own
    days = [event.on for event in record.trail.events]
    left_out = {str(event.outcome) for _, event in record.trail.counting()
                if isinstance(event, Quarantined)}
    for table, frame in record.facts.rows.items():
        if table in RECORDED or table == OF_EVENTS:
            continue
        rows = _about(table, frame.filter(~pl.col("_erased")), application).sort(EVENT_NUMBER)
        clashed = left_out if table in _MAY_CLASH else ()
        stand = [row for row in own.get(table, []) if str(row.get("id")) not in clashed]
        ever = []
        for row in rows.to_dicts():
            on = days[row[EVENT_NUMBER] - 1]
            content = {n: v for n, v in row.items() if n not in OURS}
            if not any(content == earlier for earlier, _ in ever):
                ever.append((content, on))
        own[table] = [
            {**content, "recorded_on": on,
             "stands": {n: v for n, v in content.items() if v is not None} in
             [{n: v for n, v in row.items() if v is not None} for row in stand]}
            for content, on in ever
        ]
    return own


def _about(table: str, frame: pl.DataFrame, application: str) -> pl.DataFrame:
    return frame.filter(subjects_of(table, frame) == application)


def _applicants(people: Iterable[Row], *, joint: bool) -> frozenset[str]:
    return frozenset(
        str(p["id"]) for p in people
        if p.get("relationship") == "applicant" or (joint and p.get("joint_applicant"))
    )


def _named_elsewhere(record: Record, application: str) -> int:
    """Rows of other households' bands that name this one.

    That a letting to another application names it is told by no count either: of partners who
    parted, the one would learn that the other was housed.
    """
    history = record.tables.get("band_history")
    if history is None or "from_application" not in history.columns:
        return 0
    return history.filter(pl.col("from_application").cast(pl.String) == application).height


def _places(record: Record, scheme: Scheme, application: str) -> list[Row]:
    """Places on lists, on each day one was ranked: how many are on it, stand above, and are equal."""
    labels = {n: c.label for v in scheme.versions for n, c in bid_criteria(v).items()}
    every = rankings(record) if isinstance(record, StateFolder) else record.tables[
        "shortlisted"].with_columns(pl.lit(0).alias("event"), pl.lit(None, pl.Date).alias("ranked_on"))
    out = []
    for row in _about("shortlisted", every, application).sort("advert", "event").to_dicts():
        there = every.filter(pl.col("advert") == row["advert"], pl.col("event") == row["event"])
        able = there.filter(pl.col("position").is_not_null())
        tied = row["tie_group"] is not None
        first = (able.filter(pl.col("tie_group") == row["tie_group"])["position"].min() if tied
                 else row["position"])
        out.append({
            "advert": row["advert"], "application": row["application"],
            "ranked_on": row["ranked_on"], "stage": row["stage"],
            "position": first, "of": able.height,
            "above": None if first is None else able.filter(pl.col("position") < first).height,
            "equal": able.filter(pl.col("tie_group") == row["tie_group"]).height - 1 if tied else 0,
            "eligible": row["eligible"],
            "not_met": [labels.get(name, name) for name in row["failed"]],
            "not_known": [labels.get(name, name) for name in row["unknown"]],
        })
    return out


def _letters(proposals: Iterable[Row]) -> list[Row]:
    return [
        {"decided_on": p["decided_on"], "act": p["act"], "what": p["what"], "advert": p["advert"],
         "by": p["by"]}
        for p in proposals if _ADVERSE.get(p["act"]) == p["status"]
    ]


def _events(record: Record) -> list[tuple[int, Any, bool]]:
    if not isinstance(record, StateFolder):
        return []
    counting = {n for n, _ in record.trail.counting()}
    every = complete(enumerate(record.trail.events, 1), record.facts)
    return [(n, event, n in counting) for n, event, _ in every]


def _free_words(told: Mapping[str, list[Row]]) -> Iterable[Row]:
    for table, rows in told.items():
        for column in _FREE_WORDS:
            n = sum(isinstance(row.get(column), str) for row in rows)
            if n and table not in ("officer_held", "passed_over", "holds"):
                yield {"table": table, "column": column, "cells": n}

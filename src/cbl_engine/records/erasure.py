"""Erasing what is known of a household, and what is due for it.

Erasure destroys, in a new state folder, an application's rows and the key of their digests. Events
and digests stay: the chain still verifies, and the audit says who was lawfully erased. Ids stay, as
pseudonyms. The folders of earlier states, and every copy of them, hold the facts until they are
destroyed; nothing here destroys a folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.errors import Problem, RunError
from cbl_engine.offers.events import Erased
from cbl_engine.records.cycles import recorded
from cbl_engine.records.facts_apart import EVENT_NUMBER, about_of, named_by, subjects_of
from cbl_engine.records.places import MANIFEST
from cbl_engine.records.state import (
    KEYS,
    State,
    StateFolder,
    check_out,
    is_state,
    read_state,
    tables_of,
    write_state,
)
from cbl_engine.records.under_review import under_review
from cbl_engine.tables import versions_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cbl_engine.scheme.retention import Retention

GONE = ("housed", "closed")
"""Statuses of applications that are off the register."""


@dataclass(frozen=True, eq=False)
class Erasure:
    """A state from which applications were erased.

    Attributes:
        folder: the new state.
        rows: application -> rows destroyed.
        still_held: folders beside it or beside the old state of states of the record, earlier ones
            first, that hold facts of them until they are destroyed; those that went on from an
            earlier state another way, and copies, are among them.
        elsewhere: ids of earlier states that are not beside it.
    """

    folder: StateFolder
    rows: Mapping[str, int]
    still_held: tuple[Path, ...]
    elsewhere: tuple[str, ...]


def erase(
    state: str | Path, applications: Sequence[str], because: str, on: date, out: str | Path
) -> Erasure:
    """Write a state without what is known of some applications.

    Args:
        state: a state folder.
        applications: their ids.
        because: what the erasure rests on, without a fact about anyone: it stays for good.
        on: the day.
        out: folder to write; there must be nothing.

    Raises:
        RunError: nothing is said to rest on, an application is not known, erased already, on the
            register still, under a litigation hold, or something of it is open; all of it in one
            report, nothing written.
    """
    check_out(out)
    folder = read_state(state)
    problems = []
    if not because.strip():
        problems.append(Problem("no_reason", "it is not said what the erasure rests on",
                                where="--because", allowed="words that stay in the trail"))
    if on < folder.as_at:
        problems.append(Problem("before_the_state", "the day is before the state's own",
                                where="--as-at", given=str(on), allowed=f"{folder.as_at} or later"))
    keeps = reasons_to_keep(folder.tables, on)
    erased = folder.state.erased()
    wanted = list(dict.fromkeys(applications))
    for application in wanted:
        if application in erased:
            problems.append(Problem("erased_already", "it was erased already", where=str(state),
                                    given=application))
        elif application not in folder.facts.keys or not application:
            problems.append(Problem("unknown_application", "the record knows no such application",
                                    where=str(state), given=application))
        for reason in keeps.get(application, ()):
            problems.append(Problem(reason, _KEPT[reason][0], where=str(state), given=application,
                                    remedy=_KEPT[reason][1]))
    if problems:
        raise RunError(problems)
    trail, facts, rows = folder.trail, folder.facts, {}
    for application in wanted:
        facts, rows[application] = facts.without(application)
        trail = trail.after(
            [Erased(on=on, application=application, rows=rows[application], because=because)], {}
        )
    manifest = folder.manifest
    written = write_state(
        State(trail, facts, tables_of(trail, facts, recorded)), folder.scheme(), out,
        as_at=folder.as_at, seed=manifest["seed"], unattended=manifest["unattended"], before=folder,
    )
    earlier = [*manifest["states_before"], manifest["state_id"]]
    beside = _beside(folder, Path(out), earlier)
    places = [path for i in earlier for path in beside.get(i, ())]
    places += [path for i, paths in beside.items() if i not in earlier for path in paths]
    return Erasure(written, rows, tuple(p for p in places if _holds(p, wanted)),
                   tuple(i for i in earlier if i not in beside))


def _beside(folder: StateFolder, out: Path, earlier: Sequence[str]) -> dict[str, list[Path]]:
    """Id and places of the record's states in the folders that hold the old state and the new one.

    States that have an earlier one in common are of one record.
    """
    found: dict[str, list[Path]] = {}
    parents = {p.resolve(): p for p in (out.parent, folder.path.parent)}
    for parent in parents.values():
        for path in sorted(parent.iterdir()):
            if path.is_dir() and is_state(path):
                manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
                own = manifest.get("state_id", "")
                if {own, *manifest.get("states_before", ())} & {*earlier}:
                    found.setdefault(own, []).append(path)
    return found


def _holds(path: Path, applications: Sequence[str]) -> bool:
    """Whether a state holds facts of any of the applications, as far as can be read."""
    try:
        keys = pl.read_parquet(path / KEYS, glob=False)["subject"]
    except (OSError, pl.exceptions.PolarsError):
        return True
    return bool(keys.is_in(applications).any())


_KEPT = {
    "litigation_hold": ("it is under a litigation hold", "End the hold first"),
    "on_the_register": ("it is on the register still", "Close the application first"),
    "open_offer": ("an offer to it is open", "Settle it first"),
    "open_proposal": ("a proposal about it waits for a decision", "Decide it first"),
    "open_hold": ("a home waits for it", "Settle it first"),
    "open_review": ("its acceptance waits for a review of suitability", "Answer the review first"),
}


def reasons_to_keep(tables: Mapping[str, pl.DataFrame], on: date) -> dict[str, list[str]]:
    """Why applications may not be erased on a day: application, as text -> names of reasons."""
    held = tables.get("litigation_holds", pl.DataFrame(
        schema={"application": pl.String, "since": pl.Date, "until": pl.Date}))
    until = pl.col("until") if "until" in held.columns else pl.lit(None, pl.Date)
    found = {
        "litigation_hold": held.filter(
            pl.col("since") <= on, until.is_null() | (until > on))["application"],
        "on_the_register": _registered(tables, on),
        "open_offer": tables["offers"].filter(
            ~pl.col("step").is_in(["let", "ended"]))["application"],
        "open_proposal": tables["proposals"].filter(pl.col("status") == "open")["application"],
        "open_hold": tables["holds"].filter(pl.col("ended_on").is_null())["application"],
        "open_review": under_review(tables)["application"],
    }
    out: dict[str, list[str]] = {}
    for reason, applications in found.items():
        for application in applications.drop_nulls().cast(pl.String).unique().sort():
            out.setdefault(application, []).append(reason)
    return out


def _registered(tables: Mapping[str, pl.DataFrame], on: date) -> pl.Series:
    """Applications that are on the register on a day, and were not let a home.

    One that only shares a tenant with a letting waits on, until it is settled who is on it.
    """
    rows = versions_in_force(tables["applications"], on)
    housed = tables["lettings"].filter(pl.col("undone_on").is_null())["application"]
    status = pl.col("status") if "status" in rows.columns else pl.lit(None, pl.String)
    there = rows.filter(status.is_null() | ~status.is_in(GONE))["id"].cast(pl.String)
    return there.filter(~there.is_in(housed.drop_nulls().cast(pl.String).implode()))


DUE = ("application", "class", "last_on", "due_on", "kept_for")


def due_for_erasure(folder: StateFolder, rules: Retention, on: date) -> pl.DataFrame:
    """The applications whose facts have been kept as long as the rules say, by a day.

    Args:
        folder: a state.
        rules: from :func:`cbl_engine.scheme.retention.retention_rules`.
        on: the day.

    Returns:
        Frame of application (text), class (the one kept longest of those it has rows of),
        last_on (the last day on which anything of it was recorded), due_on (when the months since
        are whole: begun on the 31st, on the first day after a shorter month), and kept_for (reasons
        why it may not be erased that day; empty: it may); by due_on, then application. Those on
        the register are not due. A record knows no day before it began.
    """
    classes = _classes(folder, rules)
    last = _last_days(folder).filter(pl.col("application").is_in(list(folder.facts.keys)))
    keeps = reasons_to_keep(folder.tables, on)
    return (
        last.join(classes, on="application")
        .with_columns(months_on(pl.col("last_on"), pl.col("months")).alias("due_on"))
        .sort("application", "due_on", "class")
        .group_by("application", maintain_order=True).last()
        .filter(pl.col("due_on") <= on)
        .with_columns(pl.col("application").map_elements(
            lambda a: keeps.get(a, []), return_dtype=pl.List(pl.String)).alias("kept_for"))
        .filter(~pl.col("kept_for").list.contains("on_the_register"))
        .select(DUE)
        .sort("due_on", "application")
    )


def _classes(folder: StateFolder, rules: Retention) -> pl.DataFrame:
    """application, class, months: every class that it has rows of."""
    lots = [
        pl.DataFrame({"application": subjects_of(table, folder.tables[table]).drop_nulls().unique()})
        .with_columns(pl.lit(name).alias("class"),
                      pl.lit(rules.classes[name].months).alias("months"))
        for table, name in rules.tables.items() if table in folder.tables
    ]
    return pl.concat(lots).unique()


def _last_days(folder: StateFolder) -> pl.DataFrame:
    """application, last_on: the last day on which anything of it was recorded."""
    events = folder.trail.events
    about = about_of(events)
    days = pl.DataFrame({EVENT_NUMBER: range(1, len(events) + 1), "last_on": [e.on for e in events]})
    rows = folder.facts.digests.drop_nulls("subject").join(days, on=EVENT_NUMBER)
    named = [(a, e.on) for e in events if (a := named_by(e, about)) is not None]
    every = pl.concat([
        rows.select(pl.col("subject").alias("application"), "last_on"),
        pl.DataFrame(named, {"application": pl.String, "last_on": pl.Date}, orient="row"),
    ])
    return every.group_by("application").agg(pl.col("last_on").max())

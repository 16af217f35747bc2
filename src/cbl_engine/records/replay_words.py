"""A replay in plain English and as plain data, and the file of corrections to start from."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, RunError
from cbl_engine.offers.lines import names_that_hold
from cbl_engine.shortlist.words import SET_ASIDE, key_in_words, ordinal, say
from cbl_engine.tables import key_of
from cbl_engine.tables.ordinals import as_id
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cbl_engine.records.corrections import Correction, Held
    from cbl_engine.records.folder import RunFolder
    from cbl_engine.records.replay import Audience, Replay

NOT_IN_THE_RUN = (
    "Offers and refusals are not part of this run: it says who stood where, not who was housed."
)
WITHIN = 5
CHANGES = {
    "up": "moved up",
    "down": "moved down",
    "in": "gained a place",
    "out": "lost its place",
    "more_share": "shares its place with more",
    "fewer_share": "shares its place with fewer",
    "other": "decided otherwise",
    "same": "as it was",
}
LOSSES = ("down", "out", "more_share")
GAINS = ("up", "in", "fewer_share")
_NOUNS = {"applications": "application", "people": "person", "connections": "connection",
          "bids": "bid", "adverts": "advert", "homes": "home", "areas": "area"}


def as_at_in_words(run: RunFolder) -> str:
    """The date that the run judged facts at."""
    return "each advert's closing date" if run.as_at == "close" else say(run.as_at)


def what(correction: Correction) -> str:
    """What a correction is of: ``application P1: priority date``, ``bid (advert A, ...): added``."""
    row = correction.row
    named = (
        str(row["id"]) if list(row) == ["id"]
        else "(" + ", ".join(f"{_plainly(n)} {say(v)}" for n, v in row.items()) + ")"
    )
    rest = {"add": "added", "remove": "taken out"}.get(
        correction.kind, _plainly(correction.column or "")
    )
    return f"{_NOUNS.get(correction.table, correction.table)} {named}: {rest}"


def _plainly(name: str) -> str:
    return name.replace("_", " ")


def labels_of(run: RunFolder) -> dict[str, str]:
    """The scheme's words for each criterion, and plain ones for each key."""
    rows = run.table("bits").select("kind", "name", "label").iter_rows()
    return {name: label if kind == "criterion" else key_in_words(name)
            for kind, name, label in rows}


def holding_of(run: RunFolder) -> frozenset[str]:
    """Criteria and keys that hold a bid while they are not known, in any version of the run's scheme."""
    return frozenset[str]().union(*map(names_that_hold, run.scheme.versions))


def standing(
    row: Mapping[str, Any], when: str, labels: Mapping[str, str], holding: Collection[str]
) -> str:
    """Where a bid stands, ``then`` or ``now``, with the reasons when it has no place or is held.

    What was not known and counts as no is told as not known, apart from what was not met.

    Args:
        row: of :meth:`Replay.frame`.
        when: ``then`` or ``now``.
        labels: from :func:`labels_of`.
        holding: from :func:`holding_of`.
    """
    outcome = row[f"outcome_{when}"]
    if outcome is None:
        return "no bid"
    if outcome == "set aside":
        return f"set aside: {SET_ASIDE[row[f'set_aside_{when}']]}"
    if outcome == "not eligible":
        failed, unknown = row[f"failed_{when}"], row[f"unknown_{when}"]
        parts = (("not met", [n for n in failed if n not in unknown]),
                 ("not known", [n for n in failed if n in unknown]))
        why = ", and ".join(f"{how}: {'; '.join(labels.get(n, n) for n in names)}"
                        for how, names in parts if names)
        return f"not eligible ({why})"
    joint = "joint " if row[f"joint_{when}"] else ""
    place = f"{joint}{ordinal(row[f'position_{when}'])} of {row[f'of_{when}']}"
    if outcome == "eligible":
        return place
    waits = "; ".join(labels.get(n, n) for n in row[f"unknown_{when}"] if n in holding)
    return f"{place}, held" + (f" (not known: {waits})" if waits else "")


def in_words(replay: Replay, audience: Audience, application: Any = None) -> str:
    """See :meth:`cbl_engine.records.replay.Replay.text`."""
    if not replay.corrections:
        return "\n".join(_as_it_was(replay, audience))
    own = replay.addressee(audience, application)
    title = replay.run.scheme.versions[-1].title
    whose = f", for application {own}" if own is not None else ""
    lines = [
        f"Facts put right{whose}",
        f"Judged as at {as_at_in_words(replay.run)} under {title}.",
        "",
    ]
    for one in (seen := replay.corrections_for(audience, application)):
        lines += correction_in_words(one)
    if hidden := len(replay.corrections) - len(seen):
        lines.append(f"{hidden} more, about other records, not shown here.")
    lines += ["", counts_in_words(replay, audience, application), ""]
    lines += _bids(replay, audience, own)
    return "\n".join([*lines, "", *first_in_words(replay, own), NOT_IN_THE_RUN])


def counts_in_words(replay: Replay, audience: Audience, application: Any = None) -> str:
    """How many adverts come out otherwise, in a sentence or two."""
    counts = replay.counts(audience, application)
    if audience == "officer":
        return (
            f"Adverts that come out otherwise: {counts['changed']} of {counts['adverts']}. Run "
            f"again: {counts['run_again']}; the corrections cannot touch the others."
        )
    return f"Adverts on which it stands otherwise: {counts['changed']} of {counts['adverts']}."


def correction_in_words(one: Correction) -> Iterator[str]:
    """What was put right, why, and the evidence, in lines."""
    values = ""
    if one.kind == "change":
        values = f" was {say(one.was)}, should be {say(one.should_be)}"
        values += f" from {say(one.since)}" if one.since else ""
    yield f"  {what(one)}{values}. {one.reason}"
    if one.evidence:
        yield f"    Evidence: {one.evidence}"


def _bids(replay: Replay, audience: Audience, own: Any) -> Iterator[str]:
    labels, holding = labels_of(replay.run), holding_of(replay.run)
    frame = replay.frame(audience, own)
    if not frame.height:
        yield "No bid of theirs stands elsewhere." if own is not None else "Nothing else changes."
    for row in frame.iter_rows(named=True):
        then, now = (standing(row, when, labels, holding) for when in ("then", "now"))
        who = "" if own is not None else f" {row['application']}"
        mark = " *" if row.get("corrected") else ""
        moved = f"{then} then; {now} now" if row["change"] != "same" else f"{then}, as it was"
        yield f"  {row['advert']}{who}{mark}: {moved}"
    if own is None and frame["corrected"].any():
        yield "  * put right"


def first_in_words(replay: Replay, own: Any) -> Iterator[str]:
    """How often a household stood first, and within the first few, a sentence each."""
    for within, words in ((1, "first, alone or jointly,"), (WITHIN, f"within the first {WITHIN}")):
        for row in replay.first(within, own).iter_rows(named=True):
            held = f", held on {row['held_now']} of them" if row["held_now"] else ""
            yield (
                f"{row['application']} stood {words} on {row['then']} of {row['adverts']} adverts; "
                f"with the facts put right, on {row['now']}{held}."
            )


def _as_it_was(replay: Replay, audience: Audience) -> Iterator[str]:
    manifest = replay.run.manifest
    counts = manifest["counts"]
    yield (
        f"Run {manifest['run_id']}, written by engine {manifest['engine_version']}, run again by "
        f"{__version__}."
    )
    if replay.reproduced:
        yield (
            f"The same in everything: {counts['bids_counted']:,} bids on {counts['adverts']:,} "
            f"adverts, every position and reason, and {counts['bids_set_aside']:,} set aside."
        )
    for row in replay.outputs.iter_rows(named=True):
        if not row["same_rows"]:
            yield f"{row['table']}: not the same as recorded."
        elif not row["same_bytes"]:
            yield f"{row['table']}: the same rows, written as other bytes."
    changed = replay.changes.filter(pl.col("change") != "same")
    if not changed.height:
        return
    yield f"Adverts that come out otherwise: {changed['advert'].n_unique()}."
    if audience == "officer":
        yield from _bids(replay, audience, None)


def as_plain(replay: Replay, audience: Audience, application: Any = None) -> dict[str, Any]:
    """See :meth:`cbl_engine.records.replay.Replay.as_dict`."""
    run = replay.run
    officer = audience == "officer"
    out: dict[str, Any] = {"audience": audience}
    if officer or not replay.corrections:
        out |= {"run_id": run.manifest["run_id"], "engine_then": run.manifest["engine_version"]}
    out |= {
        "scheme": run.scheme.versions[-1].title,
        "as_at": run.manifest["as_at"],
        "engine_now": __version__,
    }
    if not replay.corrections:
        out |= {"reproduced": replay.reproduced, "tables": replay.outputs.to_dicts()}
        if not officer:
            return out
    own = replay.addressee(audience, application)
    seen = replay.corrections_for(audience, application)
    first = [
        {"within": within, **row}
        for within in (1, WITHIN)
        for row in replay.first(within, own).iter_rows(named=True)
    ]
    if officer:
        out["first_places"] = replay.first_places().to_dicts()
    return in_plain(
        out
        | replay.counts(audience, application)
        | {
            "application": own,
            "corrections": [written(one) for one in seen],
            "corrections_not_shown": len(replay.corrections) - len(seen),
            "bids": replay.frame(audience, application).to_dicts(),
            "first": first,
            "note": NOT_IN_THE_RUN,
        }
    )


def written(one: Correction) -> dict[str, Any]:
    """A correction as plain data."""
    out: dict[str, Any] = {"table": one.table, one.kind if one.kind != "change" else "row": one.row}
    if one.kind == "change":
        out |= {"column": one.column, "was": one.was, "should_be": one.should_be}
        out |= {"from": one.since} if one.since else {}
    return out | {"reason": one.reason, "evidence": one.evidence}


def in_plain(value: Any) -> Any:
    """Data that JSON can hold."""
    if isinstance(value, dict):
        return {k: in_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_plain(v) for v in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


_HEAD = """\
# Corrections to a {kind}, application {application}.
# Below is what the {kind} {has} of this household. Take the # away before the entries that were wrong,
# write what each should have been, why, and the evidence; leave the rest. Then:
#   cbl replay {place} --correct THIS_FILE
# was stays as it is: it is checked against the {kind}. An empty cell is null.
{since}# A row that should have been there is added, and one that should not is removed:
#   - table: bids
#     add: {{advert: ..., application: {written}, placed_at: 2026-02-20T10:00:00}}
#     reason: The system refused the bid.
#   - table: bids
#     remove: {{advert: ..., application: {written}}}
#     reason: Placed for another household.
{kind}: "{id}"
corrections:
"""
_SINCE = "# from: DATE (applications only) says the value was wrong from that day on.\n"


def template(held: Held, application: Any) -> str:
    """A file of corrections to start from: every fact of one household that is held.

    Args:
        held: by a run, or the tables of a state as they stand.
        application: its id.

    Raises:
        RunError: no such application is held.
    """
    run = held.kind == "run"
    own = as_id(held.frames["applications"]["id"], application)
    if own not in held.frames["applications"]["id"].to_list():
        raise RunError(
            [Problem("unknown_application",
                     f"the {held.kind} {'read' if run else 'has'} no such application",
                     where=held.id, given=str(application),
                     remedy="It holds the households that bid" if run else "")]
        )
    versions = "valid_from" in held.frames["applications"].columns
    lines = [_HEAD.format(application=own, written=_flow(own), id=held.id, kind=held.kind, place=held.kind.upper(),
                          has="read" if run else "has", since=_SINCE if run or versions else "")]
    theirs = [t for t in ("applications", "people", "connections", "bids") if t in held.read]
    if not run:
        theirs += [t for t in held.read if t not in (*theirs, *_NOT_PUT_RIGHT)]
    for table in theirs:
        frame = held.frames.get(table)
        column = "id" if table == "applications" else "application"
        if frame is None or column not in frame.columns:
            continue
        for row in frame.filter(pl.col(column) == own).iter_rows(named=True):
            lines.append(_entry(table, row, list(held.read[table])))
    return "".join(lines)


_NOT_PUT_RIGHT = ("litigation_holds",)
_NAMED_BY = {
    "applications": ("id", "valid_from"),
    "people": ("id",),
    "connections": ("application", "person", "area", "kind", "since"),
    "bids": ("advert", "application", "placed_at"),
}


_NOT_FACTS = ("id", "application", "advert", "valid_from", "valid_to")


def _entry(table: str, row: Mapping[str, Any], read: list[str]) -> str:
    """Every fact of a row as a correction that is not made yet."""
    by = _NAMED_BY.get(table) or key_of(table, row) or ("application", "since")
    named = {n: row[n] for n in by if n in row and (row[n] is not None or n == "id")}
    name = (
        _flow(named["id"]) if list(named) == ["id"]
        else "{" + ", ".join(f"{n}: {_flow(v)}" for n, v in named.items()) + "}"
    )
    facts = [n for n in read if n not in _NOT_FACTS and (n in row or n == "withdrawn_at")]
    return "".join(
        f"  # - table: {table}\n  #   row: {name}\n  #   column: {n}\n"
        f"  #   was: {_flow(row.get(n))}\n  #   should_be:\n  #   reason:\n  #   evidence:\n"
        for n in facts
    )


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

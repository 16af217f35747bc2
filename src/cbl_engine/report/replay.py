"""The page of a replay: what was put right, and who stands where then and now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.records.replay_words import (
    CHANGES,
    GAINS,
    LOSSES,
    NOT_IN_THE_RUN,
    as_at_in_words,
    counts_in_words,
    first_in_words,
    holding_of,
    labels_of,
    standing,
    what,
)
from cbl_engine.report.page import render
from cbl_engine.shortlist.words import key_in_words, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from cbl_engine.records import Replay
    from cbl_engine.records.corrections import Correction
    from cbl_engine.records.replay import Audience


def replay_page(replay: Replay, audience: Audience = "applicant", application: Any = None) -> str:
    """A page to keep with a complaint file (officer) or to send (applicant).

    Args:
        replay: from :func:`cbl_engine.replay_run`.
        audience: the applicant's page has one household's own facts, positions and counts only.
        application: whose page it is, as :meth:`Replay.frame` takes it.

    Raises:
        BadInput: as :meth:`Replay.frame`.
    """
    run = replay.run
    own = replay.addressee(audience, application) if replay.corrections else None
    officer = audience == "officer"
    rows = list(_rows(replay, audience, own))
    theirs = [r for r in rows if r["corrected"]]
    others = [r for r in rows if not r["corrected"]]
    seen = replay.corrections_for(audience, application) if replay.corrections else []
    return render(
        "replay.html",
        title=_title(replay, own),
        audience=audience,
        run=run.manifest,
        scheme=run.scheme.versions[-1].title,
        as_at=as_at_in_words(run),
        reproduced=replay.reproduced,
        outputs=replay.outputs.to_dicts(),
        corrections=rows_put_right(seen),
        hidden=len(replay.corrections) - len(seen),
        counts=counts_in_words(replay, audience, own) if replay.corrections else "",
        first=list(first_in_words(replay, own)),
        note=NOT_IN_THE_RUN,
        theirs=theirs,
        first_places=replay.first_places().to_dicts() if officer else [],
        displaced=[r for r in others if r["code"] in LOSSES],
        gained=[r for r in others if r["code"] in GAINS],
        other=[r for r in others if r["code"] == "other"],
    )


def rows_put_right(corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    """Corrections as the rows of ``put_right.html``."""
    return [
        {"what": what(c), "kind": c.kind, "was": say(c.was), "should_be": say(c.should_be),
         "since": c.since, "reason": c.reason, "evidence": c.evidence}
        for c in corrections
    ]


def _title(replay: Replay, own: Any) -> str:
    if not replay.corrections:
        return "A shortlist run again"
    whose = [own] if own is not None else replay.households
    name = ": " + ", ".join(map(str, whose)) if whose else ""
    return f"Shortlists with facts put right{name}"


def _rows(replay: Replay, audience: Audience, own: Any) -> Iterator[dict[str, Any]]:
    if own is None and audience != "officer":
        return
    labels, holding = labels_of(replay.run), holding_of(replay.run)
    homes = _homes(replay.run.frames)
    for row in replay.frame(audience, own).iter_rows(named=True):
        then, now = (standing(row, when, labels, holding) for when in ("then", "now"))
        yield {
            "advert": row["advert"],
            "home": homes.get(row["advert"], ""),
            "application": row["application"],
            "corrected": row.get("corrected", True),
            "then": then,
            "now": now,
            "first": row["position_now"] == 1,
            "was_first": row["position_then"] == 1,
            "by": key_in_words(row["decided_by_now"]) if row["decided_by_now"] else "",
            "code": row["change"],
            "change": CHANGES[row["change"]],
        }


def _homes(frames: dict[str, pl.DataFrame] | Any) -> dict[Any, str]:
    """Bedrooms and kind of home of each advert, where the run has them."""
    adverts = frames["adverts"]
    names = ("bedrooms", "property_type")
    out: dict[Any, dict[str, Any]] = {}
    by_home = (
        {row["id"]: row for row in frames["homes"].iter_rows(named=True)}
        if "homes" in frames else {}
    )
    for row in adverts.iter_rows(named=True):
        home = by_home.get(row.get("home"), {})
        out[row["id"]] = {
            n: home.get(n) if row.get(n) is None else row.get(n) for n in names
        }
    return {advert: _kind(**facts) for advert, facts in out.items()}


def _kind(bedrooms: int | None, property_type: str | None) -> str:
    rooms = "" if bedrooms is None else f"{bedrooms}-bed" if bedrooms else "bedsit"
    return " ".join(filter(None, (rooms, property_type or "")))

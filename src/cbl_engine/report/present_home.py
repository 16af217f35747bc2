"""The home a household has now, room by room, for the note of its case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.assess.facts import present_bedrooms, present_overcrowding, standard_of
from cbl_engine.assess.rooms import AREA, AREA_MISSING, DIFFERS, NOT_RECORDED, rooms_on
from cbl_engine.report.case_note import RoomTold
from cbl_engine.scheme.facts import BedroomsNow, StatutoryOvercrowding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.assess import Assessed

_WHY_NOT = {
    NOT_RECORDED: "no room is on record, nor how many bedrooms there are",
    AREA_MISSING: "between {least} and {most}, as a floor area is not known",
    DIFFERS: "the rooms on record and the number of bedrooms on record do not agree",
}


def rooms_told(assessed: Assessed, application: Any) -> tuple[RoomTold, ...]:
    """Rooms of the present home with what each counts as; empty where no rule reads rooms."""
    facts = assessed.trace.plan.facts.values()
    asked = [standard_of(f.bedrooms_now, assessed.version) for f in facts
             if isinstance(f, BedroomsNow)]
    if not any(isinstance(f, (BedroomsNow, StatutoryOvercrowding)) for f in facts):
        return ()
    rooms = rooms_on(assessed.tables["rooms"], assessed.as_at)
    if "room" not in rooms.columns:
        rooms = rooms.with_columns(pl.lit(None, pl.String).alias("room"))
    mine = rooms.filter(pl.col("application") == application)
    limits = sorted({standard.smallest_room_sq_ft for standard in asked})
    return tuple(
        RoomTold(r["room"], r["use"], r[AREA], tuple(_counted(r, limit) for limit in limits))
        for r in mine.sort("use", "room", AREA).to_dicts()
    )


def _counted(room: dict[str, Any], limit: float) -> str:
    if room["use"] != "bedroom":
        return "no bedroom"
    if not limit:
        return "counted"
    if room[AREA] is None:
        return f"not known: counted from {limit:.10g} square feet"
    return "counted" if room[AREA] >= limit else f"not counted: under {limit:.10g} square feet"


def home_told(assessed: Assessed, at: int) -> tuple[str, ...]:
    """What the rooms come to by the standards and by the law, in sentences."""
    return tuple(_sentences(assessed, at))


def _sentences(assessed: Assessed, at: int) -> Iterator[str]:
    trace, version, on = assessed.trace, assessed.version, assessed.as_at
    facts = trace.plan.facts.values()
    for fact in facts:
        if isinstance(fact, BedroomsNow):
            found = present_bedrooms(
                fact, assessed.tables, assessed.ids, on, version, trace.frame).row(at, named=True)
            label = standard_of(fact.bedrooms_now, version).label
            if found["bedrooms"] is None:
                why = _WHY_NOT[found["basis"]].format(**found)
                yield f"Bedrooms now, by the standard {label}: not known ({why})."
            else:
                by = "as recorded, no room being on record" if found["basis"] == NOT_RECORDED else (
                    "by the rooms on record")
                yield f"Bedrooms now, by the standard {label}: {found['bedrooms']} ({by})."
    if any(isinstance(fact, StatutoryOvercrowding) for fact in facts):
        yield from _in_law(present_overcrowding(assessed.tables, assessed.ids, on).row(
            at, named=True))


def _in_law(found: dict[str, Any]) -> Iterator[str]:
    """The two standards of the Housing Act 1985, with the numbers that each compares."""
    said = {True: "broken", False: "kept", None: "not known"}
    rooms, needed = _number(found["rooms"]), _number(found["rooms_needed"])
    yield (f"Room standard (Housing Act 1985 s.325): {said[found['room_standard_broken']]}; rooms "
           f"to sleep in: {rooms}, needed: {needed}.")
    allowed = [_number(found[c]) for c in ("permitted_by_rooms", "permitted_by_area")]
    yield (f"Space standard (s.326): {said[found['space_standard_broken']]}; persons: "
           f"{_number(found['persons'])}, permitted by the number of rooms: {allowed[0]}, by their "
           f"floor area: {allowed[1]}.")


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:g}"

"""Why a bid stands where it stands, for the officer or for the applicant.

To an applicant: their own facts, the criteria failed or not known, their position, the key that
decided, and how many stand above by band and by deciding key; never a rival's id, date or need.
To an officer also: each rival above with both values, and for each of the applicant's own keys
taken alone, the value that would have put it first.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cbl_engine.assess.outcomes import FAILED, UNKNOWN
from cbl_engine.errors import BadInput, Problem, TableError
from cbl_engine.scheme.keys import BandKey, BidTimeKey
from cbl_engine.shortlist.explanation import (
    Audience,
    EarlierStage,
    Effect,
    Explanation,
    Reason,
)
from cbl_engine.shortlist.kernel import ELIGIBLE, INELIGIBLE, NO_STAGE
from cbl_engine.shortlist.result import display_order
from cbl_engine.shortlist.rivals import first_place, rivals_above
from cbl_engine.shortlist.rows import Rows, preference
from cbl_engine.tables.ordinals import as_id
from cbl_engine.tables.values import london_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from numpy.typing import NDArray

    from cbl_engine.shortlist.compiled import Condition, OrderKey, Programme
    from cbl_engine.shortlist.plans import Work
    from cbl_engine.shortlist.result import Shortlist

AUDIENCES: tuple[Audience, ...] = ("officer", "applicant")


def explain(
    result: Shortlist, advert: Any, application: Any, audience: Audience = "applicant"
) -> Explanation:
    """Explain one bid.

    Args:
        result: the shortlist.
        advert: its id.
        application: its id.
        audience: ``applicant`` (the default, and the narrower) or ``officer``.

    Raises:
        TableError: there is no such advert, or the application did not bid on it.
        BadInput: there is no such audience.
    """
    if audience not in AUDIENCES:
        raise BadInput(
            [Problem("unknown_audience", "there is no such audience", given=str(audience),
                     allowed=", ".join(AUDIENCES))]
        )
    advert = as_id(result.adverts.ordinals.ids, advert)
    application = as_id(result.prepared.ordinals.ids, application)
    aside = _set_aside(result, advert, application)
    try:
        at = result.locate(advert, application)
    except TableError:
        if aside is not None:
            return _explain_aside(result, advert, application, audience, aside)
        raise
    place = int(result.bids.places(slice(at, at + 1))[0])
    work, programme = result.work_of(place)
    ranking = result.ranking
    rows = Rows(work, np.array([at]), result.bids)
    eligible, stage = int(ranking.eligible[at]), int(ranking.stage[at])
    ordered = result.ordered(place)
    standing = eligible != INELIGIBLE
    position = int(ranking.position[at])
    tied = _tie_members(result, ordered, position) if standing else np.empty(0, np.int64)
    above = ordered[: position - 1] if standing else np.empty(0, np.int64)
    above = above[~np.isin(above, tied)]
    place_held = len(above) + 1 if standing else None
    decided = _deciding_keys(result, work, programme, at, above)
    officer = audience == "officer"
    view = work.batch.view
    outcome: Literal["eligible", "held", "not eligible"] = "not eligible"
    if standing:
        outcome = "eligible" if eligible == ELIGIBLE else "held"
    return Explanation(
        advert=advert,
        application=application,
        audience=audience,
        scheme=view.compiled.version.title,
        profile=view.compiled.version.profiles[programme.profile].label,
        as_at=_as_at(result, advert),
        outcome=outcome,
        set_aside=None,
        position=place_held,
        of=len(ordered),
        joint=max(len(tied) - 1, 0),
        stage=None if stage == NO_STAGE else stage + 1,
        stage_label=None if stage == NO_STAGE else _stage_label(work, programme, stage),
        earlier_stages=tuple(_earlier(rows, work, programme, stage)) if standing else (),
        reasons=tuple(_reasons(rows, work, programme, stage, standing)),
        decided_by=decided[-1] if len(decided) else None,
        above_by_key=_tally(decided),
        above_by_band=_bands_above(result, work, programme, above, stage),
        own_facts=_own_facts(rows, work, programme, stage),
        advert_facts=_advert_facts(rows, work, programme, stage),
        labels=_labels(rows, work, programme, stage),
        rivals=tuple(rivals_above(result, work, programme, at, above, decided)) if officer else (),
        first_place=(
            tuple(first_place(result, work, programme, at, ordered)) if officer and standing
            else ()
        ),
    )


def _as_at(result: Shortlist, advert: Any) -> date:
    if result.prepared.as_at != "close":
        return result.prepared.as_at
    (place,) = result.places_of([advert])
    micros = int(result.adverts.closes[result.ordinal_at[place]])
    return london_moment(micros).date()


def _set_aside(result: Shortlist, advert: Any, application: Any) -> str | None:
    import polars as pl

    rows = result.set_aside.filter(
        pl.col(name).is_in(pl.Series([value], dtype=dtype, strict=False).implode())
        for name, value, dtype in (
            ("advert", advert, result.set_aside.schema["advert"]),
            ("application", application, result.set_aside.schema["application"]),
        )
    )
    return str(rows["reason"][-1]) if rows.height else None


def _explain_aside(
    result: Shortlist, advert: Any, application: Any, audience: Audience, reason: str
) -> Explanation:
    on = result.prepared.as_at
    closes = result.adverts.ordinals.ordinals_of(_one(result.adverts.ordinals.ids, advert))
    as_at = on if on != "close" else london_moment(int(result.adverts.closes[closes[0]])).date()
    return Explanation(
        advert, application, audience, result.prepared.scheme.in_force(as_at).title, "", as_at,
        "set aside", set_aside=reason,
    )


def _one(ids: pl.Series, value: Any) -> pl.Series:
    import polars as pl

    return pl.Series([value], dtype=ids.dtype)


def _tie_members(
    result: Shortlist, ordered: NDArray[np.int64], position: int
) -> NDArray[np.int64]:
    tied = result.ranking.tied[ordered]
    first = position - 1
    while tied[first]:
        first -= 1
    last = position
    while last < len(ordered) and tied[last]:
        last += 1
    return ordered[first:last] if last - first > 1 else np.empty(0, np.int64)


def _deciding_keys(
    result: Shortlist, work: Work, programme: Programme, at: int, above: NDArray[np.int64]
) -> list[str]:
    """For each bid above, in order of position: the first key that decided, or ``stage``."""
    if not len(above):
        return []
    stages = result.ranking.stage
    out = np.where(stages[above] != stages[at], "stage", "").astype(object)
    mine, theirs = Rows(work, np.array([at]), result.bids), Rows(work, above, result.bids)
    for key in programme.stages[stages[at]].keys:
        open_ = out == ""
        if not open_.any():
            break
        own = preference(key, mine.value(key.key))
        others = preference(key, theirs.value(key.key))
        out[open_ & (others != own[0])] = key.name
    return [str(name) for name in out]


def _tally(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)}


def _bands_above(
    result: Shortlist, work: Work, programme: Programme, above: NDArray[np.int64], stage: int
) -> dict[str, int]:
    if stage == NO_STAGE or not len(above):
        return {}
    keys = [k.key for k in programme.stages[stage].keys if isinstance(k.key, BandKey)]
    if not keys:
        return {}
    bands = Rows(work, above, result.bids).value(keys[0]).to_list()
    counts = _tally([b if b is not None else "not known" for b in bands])
    listed = [b for item in keys[0].band for b in ((item,) if isinstance(item, str) else item)]
    return {b: counts[b] for b in [*listed, "not known"] if b in counts}


def _reasons(
    rows: Rows, work: Work, programme: Programme, stage: int, standing: bool
) -> list[Reason]:
    conditions = work.batch.view.compiled.conditions
    where: dict[int, int | None] = dict.fromkeys(programme.common)
    numbers = range(len(programme.stages)) if stage == NO_STAGE else [stage]
    for number in numbers:
        for bit in programme.stages[number].criteria:
            where.setdefault(bit, number + 1)
    keys: dict[int, OrderKey] = {}
    if standing:
        keys = {k.condition: k for k in programme.stages[stage].keys if k.condition is not None}
    codes = rows.outcomes([conditions[b] for b in {**where, **keys}])
    found: list[Reason] = []
    for condition in display_order((conditions[b] for b in {**where, **keys}), work):
        code = int(codes[condition.bit][0])
        required = condition.bit in where
        if code == 0 or (code != UNKNOWN and not required):
            continue
        rule = condition.when_unknown if required else keys[condition.bit].key.when_unknown
        found.append(
            _reason(
                rows, condition, code, _effect(code == UNKNOWN, rule), where.get(condition.bit),
                keys.get(condition.bit), programme.asked_by.get(condition.bit) if required else None,
            )
        )
    return found


def _reason(
    rows: Rows,
    condition: Condition,
    code: int,
    effect: Effect,
    stage: int | None,
    key: OrderKey | None = None,
    asked_by: str | None = None,
) -> Reason:
    """A criterion or key that failed or is not known, in the scheme's words."""
    version = rows.work.batch.view.compiled.version
    criterion = version.criteria.get(condition.name) if condition.kind == "criterion" else None
    return Reason(
        condition.name,
        criterion.label if criterion else key_label(key) if key else condition.name,
        "not known" if code == UNKNOWN else "failed",
        effect,
        stage,
        _missing(rows, condition) if code == UNKNOWN else (),
        criterion.source if criterion else None,
        asked_by,
    )


def _stage_label(work: Work, programme: Programme, stage: int) -> str | None:
    profile = work.batch.view.compiled.version.profiles[programme.profile]
    return profile.all_stages()[stage].label


def _earlier(
    rows: Rows, work: Work, programme: Programme, stage: int
) -> Iterator[EarlierStage]:
    """The stages before the one the bid stands in: each has a criterion that counts as failed."""
    conditions = work.batch.view.compiled.conditions
    for number in range(stage):
        used = [conditions[b] for b in programme.stages[number].criteria]
        codes = rows.outcomes(used)
        failed = [
            _reason(rows, condition, int(codes[condition.bit][0]), "later stage", number + 1)
            for condition in display_order(used, work)
            if codes[condition.bit][0] == FAILED
            or (codes[condition.bit][0] == UNKNOWN and condition.when_unknown == "fail")
        ]
        yield EarlierStage(number + 1, _stage_label(work, programme, number), tuple(failed))


def _effect(unknown: bool, rule: str) -> Effect:
    if not unknown or rule == "fail":
        return "not eligible"
    if rule == "hold":
        return "held"
    return "ranked last" if rule in {"last", "error"} else "none"


def _missing(rows: Rows, condition: Condition) -> tuple[str, ...]:
    frame = rows.frame([condition])
    return tuple(name for name in frame.columns if name and frame[name][0] is None)


def _used(programme: Programme, stage: int, work: Work) -> list[Condition]:
    """What was asked of the bid: the criteria of stages up to its own, and its own keys."""
    bits = dict.fromkeys(programme.common)
    for number in range(len(programme.stages) if stage == NO_STAGE else stage + 1):
        rules = programme.stages[number]
        bits.update(dict.fromkeys(rules.criteria))
        if stage in (NO_STAGE, number):
            bits.update(dict.fromkeys(k.condition for k in rules.keys if k.condition is not None))
    return [work.batch.view.compiled.conditions[b] for b in bits]


def _own_facts(rows: Rows, work: Work, programme: Programme, stage: int) -> dict[str, Any]:
    frame = rows.frame(_used(programme, stage, work))
    out = {n: _value(frame[n][0]) for n in sorted(frame.columns)
           if n and not n.startswith("advert.")}
    keys = programme.stages[stage].keys if stage != NO_STAGE else ()
    for key in keys:
        if isinstance(key.key, BidTimeKey):
            out["bid_time"] = london_moment(int(rows.value(key.key)[0]))
    return out


def _advert_facts(rows: Rows, work: Work, programme: Programme, stage: int) -> dict[str, Any]:
    frame = rows.frame(_used(programme, stage, work))
    return {n.removeprefix("advert."): _value(frame[n][0]) for n in sorted(frame.columns)
            if n.startswith("advert.")}


def _labels(rows: Rows, work: Work, programme: Programme, stage: int) -> dict[str, str]:
    """Words for the columns and facts read that the scheme declares; standard columns have none."""
    version = work.batch.view.compiled.version
    declared = {f"advert.{n}": c for t in ("homes", "adverts") for n, c in version.declared(t).items()}
    declared |= {**version.declared("applications"), **version.facts}
    read = rows.frame(_used(programme, stage, work)).columns
    return {n: declared[n].label.removeprefix("whether ") for n in sorted(read) if n in declared}


def _value(value: Any) -> Any:
    return value.to_list() if hasattr(value, "to_list") else value


def key_label(key: OrderKey) -> str:
    """Words for a key: the scheme's own, or its kind and column."""
    from cbl_engine.shortlist.words import key_in_words

    return key.key.label or key_in_words(key.name)

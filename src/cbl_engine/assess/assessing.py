"""From a household's facts to need, band, points, date and status, for a whole register at once.

``docs/assessment.md`` is the contract, and :func:`assess` follows its steps. No loop is over
applications: loops are over criteria, awards and versions of the scheme.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from cbl_engine.assess.assessed import Assessed, StatusFound, Trace
from cbl_engine.assess.awards import NO_BAND, Awarded, award_all
from cbl_engine.assess.contradictions import contradictions_of, rooms_that_differ
from cbl_engine.assess.dating import band_since, begun, dates_of, doubts_of_dates, unsettled
from cbl_engine.assess.facts import bedrooms_by, household_facts, with_if_null
from cbl_engine.assess.households import linked, of_households
from cbl_engine.assess.legal import Legal, law_columns, legal_outcomes
from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN, for_sql, judge
from cbl_engine.assess.overrides import TYPES, Overrides, overrides_on, scattered
from cbl_engine.assess.plan import FOUND, Plan
from cbl_engine.assess.register_check import (
    plans_of,
    ready,
    refuse_arguments,
    register_problems,
    shape_problems,
)
from cbl_engine.assess.review import Dated, next_reviews
from cbl_engine.assess.verify import check_assessed
from cbl_engine.errors import TableError
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.parameters import constants_on
from cbl_engine.tables import (
    DTYPES,
    REGISTER_TABLES,
    Ordinals,
    column_types,
    has_versions,
    sizes_in_order,
    spans_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from cbl_engine.assess.priority import PriorityDates
    from cbl_engine.scheme.load import Scheme

STAYS = ("under_offer", "housed", "closed")
"""Statuses that an assessment does not propose to change: the application is not waiting."""


def assess(
    scheme: Scheme,
    register: Mapping[str, pl.DataFrame],
    as_at: date,
    *,
    only: Iterable[Any] | None = None,
    why: Literal["need", "policy"] = "need",
) -> Assessed:
    """Assess every application of a register on a date.

    1. Facts, and bedroom need and sizes. 2. The law. 3. Qualification. 4. Awards. 5. Status.
    6. The priority date. 7. The next day on which anything could change. An officer's override
    takes its value's place as soon as that is found, so later steps go by it. 8. The numbered
    properties are checked.

    Args:
        scheme: from :func:`cbl_engine.load_scheme`; the version in force on the date has an
            ``assessment:`` section.
        register: frames by table name, as in the data dictionary: ``applications`` (id, status),
            the tables that the scheme's facts read, and ``band_history``, ``status_history`` and
            ``overrides`` where there are any. Of applications with versions, the one in force on
            the date counts; those without one are not assessed.
        as_at: the date.
        only: ids of applications to assess, with those they were joined with or split from; what
            is found of them is what assessing everyone finds. Ids that the register has not are
            passed over. None for everyone.
        why: why a band found today began, ``need`` or ``policy``, where it is another than the
            last one recorded.

    Returns:
        An :class:`~cbl_engine.assess.Assessed`.

    Raises:
        SchemeError: the scheme is not in force, or says nothing about assessment.
        TableError: the as-at date is no date, ``why`` is neither, or a table is no frame; or a
            table or column that is read is missing or of another type, ids of applications among
            them; all at once; or ``only`` is no list of ids as the register has them.
        PropertyError: the result broke one of the properties of ``docs/assessment.md``.
    """
    refuse_arguments(scheme, register, as_at, why)
    (plan,) = plans_of(scheme, as_at)
    tables = {name: register[name] for name in REGISTER_TABLES if name in register}
    if only is not None:
        if problems := list(shape_problems(plan, tables)):
            raise TableError(problems)
        tables = ready(plan, tables)
        tables = of_households(tables, linked(tables, only))
    if problems := list(register_problems(plan, tables)):
        raise TableError(problems)
    tables = ready(plan, tables)
    applications, ends = in_force(tables["applications"], as_at)
    tables["applications"] = applications
    ids = Ordinals(applications["id"])
    constants = constants_on(plan.version, as_at, plan.parameters)
    overrides = overrides_on(tables.get("overrides"), ids, as_at, tuple(plan.version.bands))
    dated = plan.rules.priority_date is not None
    doubts = [contradictions_of(tables, ids, as_at, dated=dated), overrides.problems]

    recorded = _recorded(applications, plan)
    doubts.append(rooms_that_differ(plan, tables, ids, as_at, recorded))
    facts = household_facts(plan.facts, tables, ids, as_at, constants, plan.version, recorded)
    found = {name: recorded[name] for name in FOUND}
    bedrooms = None
    if plan.standard is not None:
        bedrooms = bedrooms_by(plan.standard, tables["people"], ids, as_at, recorded)
        found["bedroom_need"] = bedrooms["need"].cast(pl.Int64)
        found["sizes"] = bedrooms["sizes"]
    _put(overrides, found, ("bedroom_need", "sizes"), doubts)
    frame = for_sql([*recorded.drop(FOUND), *facts, *(found[n].alias(n) for n in FOUND)])

    legal = legal_outcomes(tables, recorded, ids, as_at, plan.version)
    codes = judge(frame, plan.early, constants)
    exempted = _exempted(plan, legal, codes)
    qualifies = _qualifies(plan, codes, exempted, len(ids))
    awarded = award_all(plan.version, frame, codes, as_at)
    _put_awarded(plan, awarded, found)
    qualifies = _override(overrides, "qualifies", qualifies, doubts)
    _put(overrides, found, ("band", "points", "place_in_band"), doubts)
    frame = frame.with_columns(found[n].alias(n) for n in ("band", "points", "place_in_band"))
    codes |= judge(frame, plan.late, constants)

    since = band_since(awarded, overrides)
    dates = dates_of(
        scheme, plan, tables, frame, ids, found, awarded, since, overrides, codes, as_at,
        why,
    )
    if dates is not None:
        found["priority_date"] = dates.dates["priority_date"]
        doubts.append(doubts_of_dates(dates.contradictions, ids))
    _put(overrides, found, ("priority_date",), doubts)
    doubtful = np.concatenate([d["ordinal"].to_numpy() for d in doubts]).astype(np.int64)
    status = _status(plan, recorded["status"], legal, qualifies, awarded, codes, found, doubtful)
    proposed = _override(overrides, "status", status.proposed, doubts)
    undated = np.zeros(0, np.int32) if dates is None else dates.undated(as_at)
    review = next_reviews(
        scheme, plan, tables, frame, legal.frame, ids, as_at, constants,
        Dated((ends, *begun(applications, dated)), undated, overrides.edges),
    )

    assessed = pl.DataFrame(
        [
            ids.ids.alias("application"),
            found["bedroom_need"].alias("bedroom_need"),
            found["sizes"].alias("sizes"),
            _truth(legal.eligible).alias("eligible_in_law"),
            qualifies.alias("qualifies"),
            *(found[n].alias(n) for n in ("band", "points", "place_in_band", "priority_date")),
            *_date_words(dates, len(ids)),
            recorded["status"].alias("status"),
            proposed.alias("status_proposed"),
            review.alias("next_review_on"),
            overrides.fields_of(len(ids)).alias("overridden"),
        ]
    )
    trace = Trace(
        plan, codes, exempted, legal, awarded, since, unsettled(awarded, overrides), overrides, status,
        dates, bedrooms, frame,
    )
    result = Assessed(
        scheme, plan.version, as_at, assessed, _contradictions(doubts, ids), tables, ids, trace
    )
    check_assessed(result)
    return result


def in_force(applications: pl.DataFrame, on: date) -> tuple[pl.DataFrame, pl.Series]:
    """The row of each application in force on a date, ascending by id, and the day it ends.

    Sizes come in order and each once, so that how they were written makes no difference later.
    """
    if "sizes" in applications.columns and applications["sizes"].dtype == TYPES["sizes"]:
        applications = applications.with_columns(sizes_in_order(pl.col("sizes")))
    ends = pl.Series([None], dtype=pl.Date).new_from_index(0, applications.height)
    if has_versions(applications):
        spans = spans_of(applications)
        now = (spans["from"] <= on) & (spans["to"] > on)
        applications, ends = applications.filter(now), spans["to"].filter(now)
        ends = ends.set(ends == date.max, None)
    ids = applications["id"]
    if ids.is_sorted():
        return applications, ends
    order = ids.arg_sort()
    return applications[order], ends.gather(order)


def _recorded(applications: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Columns of applications that are read, ``if_null`` put in; null where optional ones lack."""
    wanted = dict.fromkeys(["id", "status", *FOUND, *plan.own, *law_columns(allocation_law())])
    types = column_types("applications")
    columns = [
        applications[name]
        if name in applications.columns
        else pl.Series(name, [None], dtype=DTYPES[types[name]]).new_from_index(
            0, applications.height
        )
        for name in wanted
    ]
    texts = [c.cast(pl.String) if c.dtype in (pl.Enum, pl.Categorical) else c for c in columns]
    return for_sql(with_if_null(pl.DataFrame(texts), "applications", plan.version))


def _put(
    overrides: Overrides, found: dict[str, pl.Series], fields: tuple[str, ...],
    doubts: list[pl.DataFrame],
) -> None:
    """Officers' values in place of what was found. A need of theirs is the size that may be let."""
    for field in fields:
        given = found[field].cast(TYPES[field])
        if field == "sizes":
            at, need = overrides.at("bedroom_need")
            if len(at):
                alone = need.to_frame().select(pl.concat_list(pl.all())).to_series()
                given = scattered(given, at, alone)
        found[field], problems = overrides.put(field, given)
        doubts.append(problems)


def _override(
    overrides: Overrides, field: str, values: pl.Series, doubts: list[pl.DataFrame]
) -> pl.Series:
    values, problems = overrides.put(field, values)
    doubts.append(problems)
    return values


def _exempted(
    plan: Plan, legal: Legal, codes: Mapping[str, NDArray[np.int8]]
) -> dict[str, NDArray[np.int16]]:
    """For each qualifying criterion that the law has a say in: the group that exempts, or -1.

    Groups are numbered in the order of ``legal.exempt``. A household that meets the criterion
    needs no exemption.
    """
    out = {}
    names = list(legal.exempt)
    for name in plan.rules.qualifies:
        groups = legal.exemptions_from(plan.version.criteria[name].tests)
        by = np.full(len(legal.eligible), -1, np.int16)
        for group in reversed(groups):
            by[legal.exempt[group] == MET] = names.index(group)
        by[codes[name] == MET] = -1
        out[name] = by
    return out


def _qualifies(
    plan: Plan,
    codes: Mapping[str, NDArray[np.int8]],
    exempted: Mapping[str, NDArray[np.int16]],
    n: int,
) -> pl.Series:
    """False when a criterion fails, null when one that holds is not known, otherwise true."""
    failed, held = np.zeros(n, bool), np.zeros(n, bool)
    for name in plan.rules.qualifies:
        code = np.where(exempted[name] >= 0, MET, codes[name])
        rule = plan.version.criteria[name].when_unknown
        fails = (code == FAILED) | ((code == UNKNOWN) & (rule == "fail"))
        waits = (code == UNKNOWN) & (rule == "hold")
        failed |= fails
        held |= waits
    return pl.Series(~failed).set(pl.Series(held & ~failed), None)


def _put_awarded(plan: Plan, awarded: Awarded, found: dict[str, pl.Series]) -> None:
    """What the awards give, where the scheme says that they give it."""
    if "band" in plan.found:
        names = pl.Series([*plan.version.bands, None], dtype=pl.String)
        at = np.where(awarded.band == NO_BAND, len(plan.version.bands), awarded.band)
        found["band"] = names.gather(at.astype(np.int64))
    if "points" in plan.found:
        found["points"] = pl.Series(awarded.points)
    if "place_in_band" in plan.found:
        found["place_in_band"] = pl.Series(awarded.place)


def _status(
    plan: Plan,
    recorded: pl.Series,
    legal: Legal,
    qualifies: pl.Series,
    awarded: Awarded,
    codes: Mapping[str, NDArray[np.int8]],
    found: Mapping[str, pl.Series],
    doubtful: NDArray[np.int64],
) -> StatusFound:
    """The status proposed and why. The first that applies: the list is in falling order."""
    n = len(recorded)
    waits = awarded.holds | qualifies.is_null().to_numpy()
    waits[doubtful] = True
    if plan.standard is not None:
        waits |= (found["bedroom_need"].is_null() | found["sizes"].is_null()).to_numpy()
    choices: list[tuple[NDArray[np.bool_], str, str]] = [
        ((recorded == status).fill_null(value=False).to_numpy(), status, "recorded")
        for status in STAYS
    ]
    for rule in plan.rules.status:
        code, how = codes[rule.when], plan.version.criteria[rule.when].when_unknown
        met = (code == MET) | ((code == UNKNOWN) & (how == "pass"))
        waits |= (code == UNKNOWN) & (how == "hold")
        choices.append((met, rule.status, rule.when))
    choices += [
        (legal.eligible == FAILED, "closed", "not_eligible"),
        ((~qualifies).fill_null(value=False).to_numpy(), "closed", "not_qualifying"),
        (waits, "awaiting_review", "not_settled"),
    ]
    if plan.version.bands:
        choices.append((found["band"].is_null().to_numpy(), "unbanded", "no_band"))
    choices.append((np.ones(n, bool), "active", "nothing_against"))
    why = np.full(n, -1, np.int16)
    for number in reversed(range(len(choices))):
        why[choices[number][0]] = number
    statuses = pl.Series([status for _, status, _ in choices])
    return StatusFound(
        statuses.gather(why.astype(np.int64)), why, tuple((s, name) for _, s, name in choices)
    )


def _truth(code: NDArray[np.int8]) -> pl.Series:
    return pl.Series(code == MET).set(pl.Series(code == UNKNOWN), None)


def _date_words(dates: PriorityDates | None, n: int) -> list[pl.Series]:
    if dates is not None:
        return [dates.dates["date_rule"], dates.dates["date_event"]]
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, n)
    return [nothing.alias("date_rule"), nothing.alias("date_event")]


def _contradictions(doubts: list[pl.DataFrame], ids: Ordinals) -> pl.DataFrame:
    told = pl.concat(doubts).unique().sort("ordinal", "kind", pl.col("rows").list.join("|"))
    return told.select(
        ids.ids.gather(told["ordinal"]).alias("application"), "kind", "rows", "assumption"
    )

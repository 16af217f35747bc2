"""How a household stands for a home that day: whether it may go a step further, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import polars as pl

from cbl_engine.offers.checks import ask_checks, first_stop
from cbl_engine.offers.clock import cycle_span
from cbl_engine.offers.considered import under_consideration
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.direct import OVER, as_adverts
from cbl_engine.offers.withdrawals import withdrawn_on
from cbl_engine.scheme.law import bid_criteria
from cbl_engine.scheme.offers import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from cbl_engine.offers.desk import Desk
    from cbl_engine.scheme.bidding import Frozen
    from cbl_engine.scheme.model import SchemeVersion

_STEPS: tuple[Step, ...] = get_args(Step)
_DIRECT = {"id": pl.String(), "home": pl.String()}
NOT_ACTIVE, WITHDRAWN, UNDER_OFFER = "not_active", "bid_withdrawn", "under_offer"


@dataclass(frozen=True)
class Place:
    """A household and a home of which it is asked: its place on the advert's list, or an offer.

    Attributes:
        advert: of a direct let, the id of its offer, which stands for an advert of its home.
        application: the household.
        home: None where the advert names none.
        landlord: that lets the home; None when not known.
        final: whether the offer is a final one.
        waits_for: names that were not known when the list was made, and hold.
        listed: it stands on a list, and nothing has been offered yet.
        direct: it is asked about a direct let.
        allocation: whether the letting is an allocation under Part 6; some direct lets are none.
        let_stand: reasons for which an officer declined to pass it over.
    """

    advert: str
    application: str
    home: str | None = None
    landlord: str | None = None
    final: bool = False
    waits_for: tuple[str, ...] = ()
    listed: bool = False
    direct: bool = False
    allocation: bool = True
    let_stand: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[str, str]:
        """Advert and application."""
        return self.advert, self.application


@dataclass(frozen=True)
class Stop:
    """What stops a household.

    Attributes:
        does: pass_over: it is passed over by a rule or a criterion, undecided. hold: the home
            waits. bypass: passing over is proposed.
        kind: what kind of reason it is.
        reason: its name.
        until: of a hold: the last day; None without a deadline.
        check: id of the check's result.
        must_pass, officer_held: as the check says.
    """

    does: Literal["pass_over", "hold", "bypass"]
    kind: Literal["rule", "criterion", "check"]
    reason: str
    until: date | None = None
    check: str | None = None
    must_pass: bool = False
    officer_held: bool = False


_BY_RULE = {name: Stop("pass_over", "rule", name) for name in (NOT_ACTIVE, WITHDRAWN, UNDER_OFFER)}

Standing = dict[tuple[str, str], Stop]


def due_before(desk: Desk, step: Step) -> Step:
    """The step whose checks are due: where the scheme has no viewing, nothing waits for one."""
    return step if step != "invited" or desk.offers.viewing is not None else "offered"


def what_stops(desk: Desk, places: list[Place], before: Step) -> Standing:
    """What stops households on their way to a step, in the order of ``docs/offers.md``.

    1. Housed, not active, or its bid withdrawn. 2. Under offer elsewhere, or frozen from being
    listed: asked of those on a list alone. 3. Who may be let to in law, and criteria asked again.
    4. What the shortlist holds for. 5. Checks.

    Returns:
        By advert and application; who is not there may go on.
    """
    found: Standing = {}
    for part in (
        lambda desk, left: _rules(desk, left, before), lambda desk, left: _criteria(desk, left, before), _held,
        lambda desk, left: stops_of(_not_let_stand(asked_of(desk, left, before), left)),
    ):
        left = [p for p in places if p.key not in found]
        if left:
            found |= part(desk, left)
    return found


def rule_on_a_list(desk: Desk) -> Callable[[str, str], Stop | None]:
    """What stops a household on the list of an advert by a rule, but for ``frozen``."""
    statuses, withdrawn = desk.statuses, withdrawn_on(desk)

    def make() -> dict[str, set[str | None]]:
        found: dict[str, set[str | None]] = {}
        for offer in desk.book.open.values() if desk.offers.one_at_a_time else ():
            found.setdefault(offer.application, set()).add(offer.advert)
        return found

    adverts = desk.keep("adverts of open offers", (desk.book.events, desk.on), make)

    def stop(advert: str, application: str) -> Stop | None:
        if statuses.get(application) != "active":
            return _BY_RULE[NOT_ACTIVE]
        if (advert, application) in withdrawn:
            return _BY_RULE[WITHDRAWN]
        if application in adverts and not adverts[application] <= {advert}:
            return _BY_RULE[UNDER_OFFER]
        return None

    return stop


def _rules(desk: Desk, places: list[Place], before: Step) -> Standing:
    found: Standing = {}
    # A council's own system may say `under_offer`, and then `housed`, because of our offer.
    may_go_on = ("active", "under_offer", "housed")[: 3 if before == "let" else 2]
    frozen = _frozen(desk, [p for p in places if p.listed])
    on_a_list, statuses, withdrawn = rule_on_a_list(desk), desk.statuses, withdrawn_on(desk)
    for place in places:
        stop, status = None, statuses.get(place.application)
        if place.listed:
            under_offer = _BY_RULE[UNDER_OFFER] if place.key in frozen else None
            stop = on_a_list(*place.key) or under_offer
        elif status in may_go_on:
            stop = _BY_RULE[WITHDRAWN] if place.key in withdrawn else None
        elif not place.direct or status in OVER:
            stop = _BY_RULE[NOT_ACTIVE]
        if stop is not None and stop.reason not in place.let_stand:
            found[place.key] = stop
    return found


def frozen_rules(desk: Desk) -> list[Frozen]:
    """Rules that keep who is under consideration elsewhere from being listed."""
    bidding = desk.version.bidding
    return [f for f in (bidding.frozen.values() if bidding else ()) if f.may_not == "be_listed"]


def _frozen(desk: Desk, places: list[Place]) -> set[tuple[str, str]]:
    """Those who may not be listed here while they are under consideration elsewhere.

    Who stands first on a list is kept from the homes of lists that closed in later cycles.
    """
    bidding, rules = desk.version.bidding, frozen_rules(desk)
    if not rules or not places:
        return set()
    closed = [desk.book.adverts[p.advert].closed_on or desk.on for p in places]
    asked = pl.DataFrame(
        {"row": range(len(places)), "application": [p.application for p in places],
         "day": [desk.on] * len(places), "cycle": [cycle_span(bidding, on)[0] for on in closed]},
        schema={"row": pl.Int64, "application": pl.String, "day": pl.Date, "cycle": pl.Date},
    )
    rows = {row for rule in rules for row in under_consideration(rule, desk.record, asked)}
    return {places[row].key for row in rows}


def _criteria(desk: Desk, places: list[Place], before: Step) -> Standing:
    """The law's criteria, and the scheme's that are asked again up to this step or a later one."""
    found: Standing = {}
    reached = _STEPS.index(before)
    again = [n for n, last in desk.offers.judged_at.items() if _STEPS.index(last) >= reached]
    on_lists = [p for p in places if not p.direct]
    allocations = [p for p in places if p.allocation]
    for name, asked_of_them in (
        *((n, allocations) for n in desk.judge.names_of_law()), *((n, on_lists) for n in again),
    ):
        if not asked_of_them:
            continue
        advert, application = _ids(asked_of_them)
        counts = desk.judge.counts(name, desk.on, advert=advert, application=application)
        for place, met in zip(asked_of_them, counts.to_list(), strict=True):
            if met is not True and name not in place.let_stand:
                does = "hold" if met is None else "pass_over"
                found.setdefault(place.key, Stop(does, "criterion", name))
    return found


def _held(desk: Desk, places: list[Place]) -> Standing:
    """What was not known when the list was made and still is not, or is now, and not met.

    Whom a later stage takes, now that it is known, is passed over until the homes are more than those
    of the stages before; what was offered to it goes on.
    """
    from cbl_engine.offers.lists import listed_now

    waiting = [p for p in places if p.waits_for]
    if not waiting:
        return {}
    now = listed_now(desk, [p.key for p in waiting])
    found: Standing = {}
    for place in waiting:
        stage, failed, unknown = now.get(place.key, (None, (), ()))
        for name in place.waits_for:
            if name in unknown:
                found.setdefault(place.key, Stop("hold", "criterion", name))
            elif name in failed:
                found.setdefault(place.key, Stop("pass_over", "criterion", name))
        if place.listed and place.key not in found and stage is not None and (
            not _is_turn_of(desk, place, stage)
        ):
            found |= _not_met(desk, place)
    return found


def _is_turn_of(desk: Desk, place: Place, stage: int) -> bool:
    """Whether those of the stages before the one in which it stands by now are too few for the homes."""
    from cbl_engine.offers.lines import is_out, last_stage
    from cbl_engine.offers.lists import listed_now

    listed = desk.listed(place.advert)
    if place.application not in listed or listed[listed.place(place.application)].stage >= stage:
        return True
    last = last_stage(desk, place.advert, listed)
    if last is not None and stage > last:
        return False
    gone = {o.application for o in desk.book.offers_on[place.advert] if not o.open and is_out(desk, o)}
    gone |= {p.application for p in desk.book.stands[place.advert]} | {place.application}
    left = [c for c in listed if c.stage < stage and c.application not in gone]
    held = listed_now(desk, [(place.advert, c.application) for c in left if c.unknown])
    before = sum((held.get((place.advert, c.application), (None,))[0] or c.stage) < stage for c in left)
    return before < len(desk.vacant(place.advert))


def _not_met(desk: Desk, place: Place) -> Standing:
    """The first criterion that the place waited for, and that is known by now and not met."""
    names = [n for n in place.waits_for if n in bid_criteria(desk.version)]
    advert, application = _ids([place])
    name = next((n for n in names if desk.judge.counts(
        n, desk.on, advert=advert, application=application).item() is False), None)
    return {} if name is None else {place.key: Stop("pass_over", "criterion", name)}


def asked_of(desk: Desk, places: list[Place], before: Step) -> pl.DataFrame:
    """Every check asked of these, as :func:`cbl_engine.offers.checks.ask_checks` has it.

    Of a final offer its records of suitability and of the warning are asked too, as missing when
    nobody put a name to them.
    """
    parts = []
    for direct in (False, True):
        mine = [p for p in places if p.direct is direct]
        if not mine:
            continue
        judge = desk.judge
        if direct:
            asked = pl.DataFrame([(p.advert, p.home) for p in mine], _DIRECT, orient="row")
            judge = as_adverts(judge, asked)
        parts += _asked(desk, judge, mine, before)
    return pl.concat(parts)


def _asked(
    desk: Desk, judge: Judge, places: list[Place], before: Step
) -> Iterator[pl.DataFrame]:
    checks, areas, final = desk.table("checks"), desk.given.get("areas"), desk.offers.final
    asked = ask_checks(judge, _pairs(desk, places), before, desk.on, checks, areas)
    finals = [p for p in places if p.final]
    if final is None or not finals or before == "invited":
        yield asked
        return
    named = checks.filter(pl.col("by").is_not_null())
    always = _always(judge, desk.version, final.records())
    suited = ask_checks(always, _pairs(desk, finals), "offered", desk.on, named, areas)
    again = suited.select("advert", "application", "check")
    yield asked.join(again, on=again.columns, how="anti", maintain_order="left")
    yield suited


def _not_let_stand(asked: pl.DataFrame, places: list[Place]) -> pl.DataFrame:
    """Checks asked, without those for which an officer declined to pass the household over."""
    stand = [(*place.key, name) for place in places for name in sorted(place.let_stand)]
    if not stand:
        return asked
    key = ["advert", "application", "check"]
    return asked.join(
        pl.DataFrame(stand, schema=dict.fromkeys(key, pl.String), orient="row"), on=key,
        how="anti", maintain_order="left",
    )


def _always(judge: Judge, version: SchemeVersion, names: Iterable[str]) -> Judge:
    """The judge of a scheme in which these checks alone are asked, of everyone before an offer."""
    asked = {"when": None, "before": "offered"}
    checks = {name: version.checks[name].model_copy(update=asked) for name in names}
    alone = version.model_copy(update={"checks": checks, "landlords": {}})
    scheme = replace(judge.scheme, versions=(alone,))
    return Judge(scheme, judge.tables, judge.given_adverts, judge.homes)


def stops_of(asked: pl.DataFrame) -> Standing:
    """The one check that stops each household, and what follows."""
    found: Standing = {}
    for row in first_stop(asked).iter_rows(named=True):
        found[row["advert"], row["application"]] = Stop(
            row["does"], "check", row["check"],
            row["hold_until"] if row["does"] == "hold" else None,
            row["result"], row["must_pass"], row["officer_held"],
        )
    return found


def _pairs(desk: Desk, places: list[Place]) -> pl.DataFrame:
    def area(place: Place) -> str | None:
        own = desk.row("adverts", place.advert).get("area")
        return own if own is not None else desk.row("homes", place.home).get("area")

    return pl.DataFrame(
        [(p.advert, p.application, p.home, p.landlord, area(p)) for p in places],
        schema=dict.fromkeys(("advert", "application", "home", "landlord", "area"), pl.String),
        orient="row",
    )


def _ids(places: list[Place]) -> tuple[pl.Series, pl.Series]:
    return (
        pl.Series([p.advert for p in places], dtype=pl.String),
        pl.Series([p.application for p in places], dtype=pl.String),
    )

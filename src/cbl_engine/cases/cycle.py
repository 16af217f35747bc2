"""What a case may expect of a cycle, from bids to lettings, and in words how it came out other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.scheme.law import bid_criteria
from cbl_engine.tables.letting_columns import ADVERT_STATES, OFFERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cbl_engine.cases.model import Expected
    from cbl_engine.offers.record import Cycle
    from cbl_engine.scheme.model import SchemeVersion

Row = dict[str, Any]
Name = Literal["advert", "home", "application", "word", "day", "sentence"]


def _codes(columns: Iterable[Any], name: str) -> tuple[str, ...]:
    return next(c.codes for c in columns if c.name == name)


_STEPS = {*_codes(OFFERS, "step"), *_codes(OFFERS, "ended_by")} - {"ended"}
_TIMES = ("closed", "withdrawn", "superseded", "void", "window")
_FINDINGS = (
    "bedrooms", "rent_weekly", "service_charge_weekly", "access_category", "adaptations",
    "minimum_age", "area", "landlord", "local_lettings_plan", "profile", "home_let",
    "home_advertised",
)
_NOT_PERMITTED = ("no_such_kind", "no_such_home", "no_such_application", "home_let",
                  "home_advertised")


@dataclass(frozen=True)
class Part:
    """A part of what a case expects: of each advert, or application, what came of it.

    Attributes:
        says: in words, between whom it is about and what came out.
        names: what is named on each level, from the outside.
        found: what came out: names on every level but the last -> those on the last.
        words: what the last level, or the one that is a word, may say.
        ordered: whether the last level is in order.
        whole: whether it holds all there is; else only what is named is compared.
    """

    says: str
    names: tuple[Name, ...]
    found: Callable[[Cycle], Iterable[tuple[Any, ...]]]
    words: Callable[[SchemeVersion], Iterable[str]] | None = None
    ordered: bool = False
    whole: bool = True


def _of_table(table: str, *columns: str, **only: Any) -> Callable[[Cycle], Iterator[tuple]]:
    """Columns of a recorded table, of the rows in which others have these values."""

    def found(cycle: Cycle) -> Iterator[tuple]:
        for row in cycle.record.tables[table].to_dicts():
            if all(row[name] == value for name, value in only.items()):
                yield tuple(row[name] for name in columns)

    return found


def _of_events(kind: str, *fields: str, **only: Any) -> Callable[[Cycle], Iterator[tuple]]:
    """Fields of the events of a kind; a field of several names gives each of them."""

    def found(cycle: Cycle) -> Iterator[tuple]:
        for event in cycle.events:
            if event.kind == kind and all(getattr(event, n) == v for n, v in only.items()):
                (*outer, last) = (getattr(event, name) for name in fields)
                for name in last if isinstance(last, tuple) else (last,):
                    yield *outer, name

    return found


def _offers(cycle: Cycle) -> Iterator[Row]:
    """The offers in the order they began, each under its advert, or the home of a direct let."""
    rows = {row["id"]: row for row in cycle.record.tables["offers"].to_dicts()}
    for event in cycle.events:
        if event.kind == "offer_proposed":
            row = rows[event.offer]
            yield row | {"advert": row["advert"] or row["home"]}


def _standing(cycle: Cycle) -> Iterator[tuple]:
    last = {(o["advert"], o["application"]): o["ended_by"] or o["step"] for o in _offers(cycle)}
    yield from ((*key, step) for key, step in last.items())


def _offered(cycle: Cycle) -> Iterator[tuple]:
    offers = {row["id"]: row for row in _offers(cycle)}
    for event in cycle.events:
        if event.kind == "offer_moved" and event.step == "offered":
            yield offers[event.offer]["advert"], offers[event.offer]["application"]


def _let(cycle: Cycle) -> Iterator[tuple]:
    for row in cycle.record.tables["lettings"].to_dicts():
        if row["undone_on"] is None:
            yield row["advert"] or row["home"], row["application"]


def _holds(cycle: Cycle) -> Iterator[tuple]:
    homes = {row["id"]: row["home"] for row in cycle.record.tables["offers"].to_dicts()}
    for row in cycle.record.tables["holds"].to_dicts():
        if row["ended_on"] is None:
            yield row["advert"] or homes[row["offer"]], row["application"], row["reason"]


def _unlet(cycle: Cycle) -> Iterator[tuple]:
    for row in cycle.record.tables["advert_states"].to_dicts():
        if row["unlet_because"] is not None:
            yield row["advert"], row["unlet_because"]


def _profiles(cycle: Cycle) -> Iterator[tuple]:
    for row in cycle.record.tables["advert_states"].to_dicts():
        if row["profile"] is not None:
            yield row["advert"], row["profile"]


def _ledger(cycle: Cycle) -> Iterator[tuple]:
    rows = cycle.record.tables["ledger"].sort("event").to_dicts()
    yield from ((row["advert"], row["why"]) for row in rows)


def _consequences(cycle: Cycle) -> Iterator[tuple]:
    for row in cycle.record.tables["consequences"].to_dicts():
        yield row["application"], row["consequence"], row["until"] and str(row["until"])


def _refused(cycle: Cycle) -> Iterator[tuple]:
    for row in cycle.telling.get("direct_lets_refused", []):
        yield row["application"], row["finding"]


def _bidding_rules(version: SchemeVersion) -> Iterator[str]:
    yield from (*_TIMES, *version.consequences)
    if (rules := version.bidding) is not None:
        yield from (*rules.caps, *rules.choice, *rules.frozen)


def _passing_over(version: SchemeVersion) -> Iterator[str]:
    yield from ("not_active", "bid_withdrawn", "under_offer", "discretion", *version.checks, *bid_criteria(version))
    yield from version.offers.passing_over if version.offers else ()


def _held_for(version: SchemeVersion) -> Iterator[str]:
    yield from (*version.checks, *bid_criteria(version))


PARTS = {
    "set_aside": Part(
        "bid set aside under", ("advert", "application", "word"),
        _of_table("bids_set_aside", "advert", "application", "rule"), _bidding_rules,
    ),
    "placed": Part(
        "bids placed by the council for", ("advert", "application"),
        _of_events("bid_placed", "advert", "application"),
    ),
    "held_back": Part(
        "advert held back for", ("advert", "word"),
        _of_events("advert_held_back", "advert", "findings"), lambda _: _FINDINGS,
    ),
    "profiles": Part("profile", ("advert", "word"), _profiles, lambda version: version.profiles),
    "ledger": Part("ledger to say", ("advert", "sentence"), _ledger, ordered=True, whole=False),
    "offered": Part("offered to", ("home", "application"), _offered, ordered=True),
    "offers": Part("offer", ("home", "application", "word"), _standing, lambda _: sorted(_STEPS)),
    "passed_over": Part(
        "passed over for", ("advert", "application", "word"),
        _of_table("passed_over", "advert", "application", "reason", until=None), _passing_over,
    ),
    "holds": Part(
        "waited for with", ("home", "application", "word"),
        _holds, _held_for,
    ),
    "let": Part("let to", ("home", "application"), _let),
    "unlet": Part(
        "not let because of", ("advert", "word"), _unlet,
        lambda _: _codes(ADVERT_STATES, "unlet_because"),
    ),
    "rungs": Part(
        "next step", ("advert", "word"), _of_events("rung_taken", "advert", "step"),
        lambda version: [r.step for r in version.advertising.ladder] if version.advertising else (),
    ),
    "consequences": Part(
        "until", ("application", "word", "day"), _consequences, lambda version: version.consequences,
    ),
    "duties_may_end": Part(
        "duty that may end", ("application", "word"),
        _of_events("duty_may_end", "application", "duty"),
        lambda version: version.offers.final.duties
        if version.offers and version.offers.final else (),
    ),
    "not_permitted": Part(
        "direct let not permitted by", ("application", "word"), _refused,
        lambda version: [*_NOT_PERMITTED, *bid_criteria(version)],
    ),
}
"""What ``expect`` may say of a cycle, by name."""


def cycle_differences(expected: Expected, cycle: Cycle) -> Iterator[str]:
    """What came out of a cycle other than expected, a sentence each.

    Args:
        expected: what must come out.
        cycle: of the case, outcomes that clash left out.
    """
    for name, part in PARTS.items():
        hoped = getattr(expected, name)
        if hoped is not None:
            yield from _differ(part, _flat(hoped, part), _gathered(part, cycle))
    yield from _clashes(expected.clashes or {}, cycle)
    if expected.waiting is not None:
        yield from _waiting(expected.waiting, cycle)


Flat = dict[tuple[Any, ...], list[str]]


def _flat(given: Mapping[str, Any], part: Part) -> Flat:
    """Names on every level but the last -> those on the last."""
    if len(part.names) == 2:
        return {(outer,): list(names) for outer, names in given.items()}
    return {(outer, inner): list(names) for outer, its in given.items() for inner, names in its.items()}


def _gathered(part: Part, cycle: Cycle) -> Flat:
    out: Flat = defaultdict(list)
    for *outer, last in part.found(cycle):
        out[tuple(outer)] += [] if last is None else [str(last)]
    return out


def _differ(part: Part, hoped: Flat, got: Flat) -> Iterator[str]:
    for about in [*hoped, *(key for key in got if part.whole and key not in hoped)]:
        wanted, came = hoped.get(about), got.get(about)
        if not part.ordered:
            wanted, came = (sorted(v) if v is not None else None for v in (wanted, came))
        if wanted != came:
            who = ", ".join(map(str, about))
            yield f"{who}: expected {part.says} {_words(part, wanted)}, got {_words(part, came)}"


def _words(part: Part, names: list[str] | None) -> str:
    joined = " | " if part.names[-1] == "sentence" else ", then " if part.ordered else ", "
    if names == [] and part.names[-1] == "day":
        return "for good"
    return joined.join(names or ()) or "nothing"


def _clashes(expected: Mapping[int, str], cycle: Cycle) -> Iterator[str]:
    came = {row["outcome"]: row for row in cycle.quarantined}
    hoped = {f"{number:03}": clash for number, clash in expected.items()}
    for outcome in sorted({*hoped, *came}):
        got = came.get(outcome, {"clash": "nothing", "why": ""})
        if got["clash"] != hoped.get(outcome):
            why = f" ({got['why']})" if got["why"] else ""
            number = outcome.lstrip("0") or outcome
            yield (
                f"outcome {number}: expected to clash as {hoped.get(outcome, 'nothing')}, "
                f"got {got['clash']}{why}"
            )


def _waiting(expected: tuple[Row, ...], cycle: Cycle) -> Iterator[str]:
    """Every open proposal is one that was expected, and every one expected is open."""
    rows = [r for r in cycle.record.tables["proposals"].to_dicts() if r["status"] == "open"]
    for row in expected:
        fits = (r for r in rows if all(r[column] == value for column, value in row.items()))
        found = next(fits, None)
        if found is None:
            yield f"expected to wait for a decision: {_proposal(row)}, got nothing of the kind"
        else:
            rows.remove(found)
    yield from (f"not spoken of under waiting, but waits: {_proposal(row)}" for row in rows)


def _proposal(row: Mapping[str, Any]) -> str:
    named = [f"{n} {row[n]}" for n in ("advert", "application", "what") if row.get(n) is not None]
    return ", ".join([str(row.get("act")), *named])

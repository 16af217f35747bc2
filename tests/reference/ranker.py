"""The shortlist, one bid at a time: who is eligible, in which order, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from cbl_engine.draws import draw, stable_hash
from cbl_engine.scheme.facts import kind_of_fact
from cbl_engine.scheme.keys import key_name, kind_of_key
from cbl_engine.scheme.model import SchemeVersion
from tests.reference.facts import Household, value_of
from tests.reference.law import ELIGIBLE, EXEMPTING, eligible, exempt
from tests.reference.sql import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Row = Mapping[str, Any]

_LONDON = ZoneInfo("Europe/London")
_NOT_CONSIDERED = ("draft", "withdrawn")


class RefusedError(ValueError):
    """The input may not be ranked: the scheme says so, or it is not valid."""


class Ranking(NamedTuple):
    """What comes out, as rows.

    Attributes:
        counted: a row per counted bid, by advert, position (those without one last), application.
        stage_failures: a row per stage and bid that stands in none, in the order of ``counted``.
        set_aside: a row per bid that does not count, by advert, application and time.
    """

    counted: list[dict[str, Any]]
    stage_failures: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]


def rank(
    scheme: Any,
    register: Mapping[str, list[Row]],
    adverts: list[Row],
    bids: list[Row],
    homes: list[Row],
    as_at: date | str,
    seed: int,
) -> Ranking:
    """Rank every bid on every advert considered.

    Args:
        scheme: a scheme with ``in_force``, one version, or a function from a date to a version.
        register: rows of applications, people, connections and areas.
        adverts: rows of adverts.
        bids: rows of bids; ``placed_at`` is timezone-aware.
        homes: rows of homes.
        as_at: a date, or ``close`` for the London date on which each advert closes.
        seed: the run's seed, for lotteries of adverts without one.

    Raises:
        RefusedError: the input must be refused.
    """
    run = _Run(register, homes)
    version_on = _version_on(scheme)
    by_advert = defaultdict(list)
    for bid in bids:
        by_advert[bid["advert"]].append(bid)
    out = Ranking([], [], [])
    for advert in sorted(adverts, key=lambda row: row["id"]):
        placed = by_advert.pop(advert["id"], [])
        if advert["status"] in _NOT_CONSIDERED:
            reason = f"advert_{advert['status']}"
            out.set_aside.extend(_aside(bid, reason) for bid in placed)
            continue
        on = advert["closes_at"].astimezone(_LONDON).date() if as_at == "close" else as_at
        counted, aside = _counted(placed)
        out.set_aside.extend(aside)
        if counted:
            judged = _judged(run, version_on(on), advert, counted, on, seed)
            out.counted.extend(bid.row() for bid in judged)
            out.stage_failures.extend(row for bid in judged for row in bid.stage_failures())
    if by_advert:
        raise RefusedError("a bid names no advert")
    out.set_aside.sort(key=lambda row: (row["advert"], row["application"], row["placed_at"]))
    return out


def judged_bids(
    scheme: Any,
    register: Mapping[str, list[Row]],
    advert: Row,
    bids: list[Row],
    homes: list[Row],
    as_at: date,
    seed: int,
) -> list[JudgedBid]:
    """The counted bids of one advert, best first, with the values they were ordered by."""
    counted, _ = _counted(bids)
    run = _Run(register, homes)
    return _judged(run, _version_on(scheme)(as_at), advert, counted, as_at, seed)


def _version_on(scheme: Any) -> Callable[[date], SchemeVersion]:
    if isinstance(scheme, SchemeVersion):
        return lambda _: scheme
    return scheme.in_force if hasattr(scheme, "in_force") else scheme


@dataclass
class _Counted:
    """The bid that counts for one application on one advert."""

    application: str
    placed_at: datetime
    first_at: datetime


def _aside(bid: Row, reason: str) -> dict[str, Any]:
    return {name: bid[name] for name in ("advert", "application", "placed_at")} | {
        "reason": reason
    }


def _counted(placed: Iterable[Row]) -> tuple[list[_Counted], list[dict[str, Any]]]:
    by_application = defaultdict(list)
    for bid in placed:
        by_application[bid["application"]].append(bid)
    counted, aside = [], []
    for application, own in by_application.items():
        standing = [bid for bid in own if bid.get("withdrawn_at") is None]
        latest = max((bid["placed_at"] for bid in standing), default=None)
        for bid in own:
            if bid.get("withdrawn_at") is not None:
                aside.append(_aside(bid, "withdrawn"))
            elif bid["placed_at"] != latest:
                aside.append(_aside(bid, "superseded"))
        if latest is not None:
            first = min(bid["placed_at"] for bid in standing)
            counted.append(_Counted(application, latest, first))
    return counted, aside


class _Run:
    """The register and homes by id, and facts already worked out."""

    def __init__(self, register: Mapping[str, list[Row]], homes: list[Row]) -> None:
        self.versions = defaultdict(list)
        for row in register["applications"]:
            self.versions[row["id"]].append(row)
        self.people, self.connections = defaultdict(list), defaultdict(list)
        for row in register.get("people", []):
            self.people[row["application"]].append(row)
        for row in register.get("connections", []):
            self.connections[row["application"]].append(row)
        self.areas = {row["id"]: row for row in register.get("areas", [])}
        self.homes = {row["id"]: row for row in homes}
        self.groups = defaultdict(list)
        for row in homes:
            if row.get("home_group") is not None:
                self.groups[row["home_group"]].append(row)
        self.facts: dict[Any, Any] = {}
        # Of a register without such a column, eligibility was settled before.
        self.in_law = [name for name, column in ELIGIBLE.items()
                       if any(column in p for p in register.get("people", []))]

    def application(self, ident: str, on: date) -> Row:
        """The version of an application in force on a date."""
        for row in self.versions[ident]:
            begins, ends = row.get("valid_from"), row.get("valid_to")
            if (begins is None or begins <= on) and (ends is None or on < ends):
                return row
        raise RefusedError(f"no version of {ident} is in force on {on}")


@dataclass
class _Reader:
    """Reads names for one application, one advert and one date."""

    run: _Run
    version: SchemeVersion
    application: Row
    advert: Row
    on: date

    def __call__(self, name: str) -> Any:
        """The value of a name as a criterion reads it; None when not known."""
        if name == "as_at":
            return self.on
        if name.startswith("param."):
            return self.parameter(name.removeprefix("param."))
        if name.startswith("advert."):
            return self.of_advert(name.removeprefix("advert."))
        if name in self.version.facts:
            return self.fact(name)
        value = self.application.get(name)
        return self.stand_in("applications", name) if value is None else value

    def met(self, name: str) -> bool | None:
        """Whether a criterion is met; by whom the law exempts from it, whatever it says."""
        people = self.run.people.get(self.application["id"], [])
        if name in ELIGIBLE:
            return eligible(self.application, people)[name]
        criterion = self.version.criteria[name]
        if criterion.tests in EXEMPTING and exempt(self.application, people, self.on) is True:
            return True
        return evaluate(criterion.when, self)

    def stand_in(self, table: Any, name: str) -> Any:
        """What the scheme says a missing value of a column stands for."""
        column = self.version.columns.get(table, {}).get(name)
        return None if column is None or column.if_null == "unknown" else column.if_null

    def parameter(self, name: str) -> Any:
        """The value with the latest date not after as-at."""
        values = self.version.parameters[name].values
        begun = [day for day in values if day <= self.on]
        if not begun:
            raise RefusedError(f"param.{name} has no value on {self.on}")
        value = values[max(begun)]
        return Fraction(repr(value)) if isinstance(value, float) else value

    def of_advert(self, name: str) -> Any:
        """The advert's own value, else its home's, else what the scheme says for a missing one."""
        value = self.advert.get(name)
        if value is None:
            value = self.of_home(name)
        return self.stand_in("adverts", name) if value is None else value

    def of_home(self, name: str) -> Any:
        """The value of the advert's home, or the one all homes of its group share."""
        if self.advert.get("home") is not None:
            homes = [self.run.homes[self.advert["home"]]]
        else:
            homes = self.run.groups.get(self.advert.get("home_group"), [])
        if not homes:
            return None
        value = homes[0].get(name)
        if any(home.get(name) != value for home in homes):
            raise RefusedError(f"homes of the group differ in {name}")
        return self.stand_in("homes", name) if value is None else value

    def fact(self, name: str) -> Any:
        """A fact, worked out once for each application, date and advert area."""
        fact = self.version.facts[name]
        rule = getattr(fact, kind_of_fact(fact))
        in_advert = getattr(rule, "area", None) == "advert.area"
        area = self.of_advert("area") if in_advert else None
        ident = self.application["id"]
        place = (id(self.version), name, ident, self.on, area)
        if place not in self.run.facts:
            stand_ins = {
                table: {n: c.if_null for n, c in columns.items() if c.if_null != "unknown"}
                for table, columns in self.version.columns.items()
            }
            household = Household(
                self.run.people.get(ident, []),
                self.run.connections.get(ident, []),
                self.run.areas,
                stand_ins,
                self.application,
            )
            self.run.facts[place] = value_of(
                fact, household, self.on, self.parameter, area
            )
        return self.run.facts[place]


@dataclass
class _Answers:
    """Which of some criteria a bid fails, which are not known, and whether one holds it."""

    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    held: bool = False

    def add(self, name: str, answer: bool | None, when_unknown: str) -> None:
        if answer is None:
            self.unknown.append(name)
        if answer is False or (answer is None and when_unknown == "fail"):
            self.failed.append(name)
        self.held |= answer is None and when_unknown == "hold"


@dataclass
class JudgedBid:
    """One counted bid with everything the order needs.

    Attributes:
        stage: 1 for the first; None when it stands in none.
        eligible: None when held.
        values: value of each key of its stage, None when not known; empty when ineligible.
        ranks: the same as sortable tuples, lowest first.
    """

    advert: str
    counted: _Counted
    bid_time: datetime
    stage: int | None
    eligible: bool | None
    keys: tuple[Any, ...] = ()
    values: tuple[Any, ...] = ()
    ranks: tuple[Any, ...] = ()
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    by_stage: list[_Answers] = field(default_factory=list)
    position: int | None = None
    tie_group: int | None = None
    decided_by: str | None = None

    def row(self) -> dict[str, Any]:
        """The bid as a row of the shortlist."""
        return {
            "advert": self.advert,
            "application": self.counted.application,
            "placed_at": self.counted.placed_at,
            "bid_time": self.bid_time,
            "eligible": self.eligible,
            "stage": self.stage,
            "position": self.position,
            "tie_group": self.tie_group,
            "failed": self.failed,
            "unknown": self.unknown,
            "decided_by": self.decided_by,
        }

    def stage_failures(self) -> list[dict[str, Any]]:
        """For a bid that stands in no stage, what it fails in each."""
        if self.stage is not None:
            return []
        return [
            {
                "advert": self.advert,
                "application": self.counted.application,
                "stage": number,
                "failed": answers.failed,
                "unknown": answers.unknown,
            }
            for number, answers in enumerate(self.by_stage, start=1)
        ]


def _judged(
    run: _Run,
    version: SchemeVersion,
    advert: Row,
    counted: list[_Counted],
    on: date,
    seed: int,
) -> list[JudgedBid]:
    rules = _Rules(version, advert, _landlord(run, version, advert, on), run.in_law)
    judged = []
    for bid in counted:
        reader = _Reader(run, version, run.application(bid.application, on), advert, on)
        judged.append(rules.judge(reader, bid, seed))
    ordered = sorted(
        (bid for bid in judged if bid.eligible is not False),
        key=lambda bid: (bid.stage, bid.ranks, bid.counted.application),
    )
    _place(ordered)
    out = [bid for bid in judged if bid.eligible is False]
    return ordered + sorted(out, key=lambda bid: bid.counted.application)


def _place(ordered: list[JudgedBid]) -> None:
    """Positions, tie groups and what decided, down the order."""
    groups = 0
    above: JudgedBid | None = None
    for position, bid in enumerate(ordered, start=1):
        bid.position = position
        if above is not None:
            if bid.stage != above.stage:
                bid.decided_by = "stage"
            elif bid.ranks == above.ranks:
                if above.tie_group is None:
                    groups += 1
                    above.tie_group = groups
                bid.tie_group = above.tie_group
                bid.decided_by = "tie"
            else:
                pairs = zip(bid.ranks, above.ranks, strict=True)
                first = next(i for i, (own, other) in enumerate(pairs) if own != other)
                bid.decided_by = key_name(bid.keys[first])
        above = bid


def _landlord(run: _Run, version: SchemeVersion, advert: Row, on: date) -> Any:
    """The landlord of an advert as the scheme lists it; None when it lists no such landlord."""
    if not version.landlords:
        return None
    ident = _Reader(run, version, {}, advert, on).of_advert("landlord")
    return version.landlords.get(str(ident))


class _Rules:
    """What one advert asks under one version: common criteria, stages and their keys."""

    def __init__(
        self, version: SchemeVersion, advert: Row, landlord: Any, in_law: Iterable[str]
    ) -> None:
        name = version.profile_for(advert.get("profile"))
        if name is None:
            raise RefusedError("the advert names no profile and there is no default")
        self.version = version
        self.profile = version.profiles[name]
        plan_name = advert.get("local_lettings_plan")
        plan = None if plan_name is None else version.local_lettings_plans[plan_name]
        self.common = _once(
            version.eligible,
            self.profile.eligible,
            () if landlord is None else landlord.eligible,
            () if plan is None else plan.eligible,
            in_law,
        )
        plan_keys = () if plan is None else plan.order
        self.stages = [
            (_once(stage.eligible), plan_keys + stage.order)
            for stage in self.profile.all_stages()
        ]
        times = [key.bid_time for _, keys in self.stages for key in keys
                 if kind_of_key(key) == "bid_time"]
        self.bid_time = times[0] if times else "first"

    def judge(self, reader: _Reader, bid: _Counted, seed: int) -> JudgedBid:
        """One bid: its stage, whether it is eligible, and the values of its keys."""
        common = self.ask(self.common, reader)
        by_stage = [self.ask(criteria, reader) for criteria, _ in self.stages]
        stands = next((i for i, answers in enumerate(by_stage) if not answers.failed), None)
        named = [common, *(by_stage if stands is None else [by_stage[stands]])]
        failed = self.listed(name for answers in named for name in answers.failed)
        unknown = self.listed(name for answers in named for name in answers.unknown)
        bid_time = bid.first_at if self.bid_time == "first" else bid.placed_at
        judged = JudgedBid(
            reader.advert["id"],
            bid,
            bid_time,
            None if stands is None else stands + 1,
            eligible=False,
            failed=failed,
            unknown=unknown,
            by_stage=by_stage,
        )
        if stands is None or common.failed:
            return judged
        held = common.held or by_stage[stands].held
        keys = self.stages[stands][1]
        values = tuple(key_value(key, reader, bid, seed) for key in keys)
        missing = [key for key, value in zip(keys, values, strict=True) if value is None]
        if any(key.when_unknown == "error" for key in missing):
            raise RefusedError("a key that must be known is not")
        preferences = [key.prefer for key in missing if kind_of_key(key) == "prefer"]
        others = [key for key in missing if kind_of_key(key) != "prefer"]
        judged.unknown = [*self.listed([*unknown, *preferences]), *self.listed_keys(others)]
        judged.eligible = (
            None if held or any(key.when_unknown == "hold" for key in missing) else True
        )
        judged.keys, judged.values = keys, values
        judged.ranks = tuple(rank_of(k, v) for k, v in zip(keys, values, strict=True))
        return judged

    def ask(self, names: Iterable[str], reader: _Reader) -> _Answers:
        """What a bid fails of some criteria, in the scheme's order."""
        answers = _Answers()
        for name in self.listed(names):
            rule = "hold" if name in ELIGIBLE else self.version.criteria[name].when_unknown
            answers.add(name, reader.met(name), rule)
        return answers

    def listed(self, names: Iterable[str]) -> list[str]:
        """Each name once, in the order the scheme declares its criteria; the law's come last."""
        given = set(names)
        return [name for name in (*self.version.criteria, *ELIGIBLE) if name in given]

    def listed_keys(self, keys: Iterable[Any]) -> list[str]:
        """Each name once, in the order the scheme first uses the keys: plans, then profiles."""
        uses = [key for plan in self.version.local_lettings_plans.values() for key in plan.order]
        for profile in self.version.profiles.values():
            uses += [key for stage in profile.all_stages() for key in stage.order]
        first = {}
        for place, key in enumerate(uses):
            first.setdefault(_what(key), place)
        ordered = sorted(keys, key=lambda key: first[_what(key)])
        return list(dict.fromkeys(key_name(key) for key in ordered))


def _what(key: Any) -> tuple[Any, ...]:
    """What a key looks at, whatever it says of not known."""
    kind = kind_of_key(key)
    named = getattr(key, kind)
    return kind, str(named), getattr(key, "compare", None)


def _once(*lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in lists for name in names))


def key_value(key: Any, reader: _Reader, bid: _Counted, seed: int) -> Any:
    """The value a bid has under a key; None when not known."""
    kind = kind_of_key(key)
    named = getattr(key, kind)
    match kind:
        case "band":
            band = reader("band")
            return band if band in reader.version.bands else None
        case "date":
            return reader(named) if isinstance(named, str) else _chosen_date(named, reader)
        case "points" | "connection":
            return reader(named)
        case "debt":
            owed = reader(named)
            return owed if owed is None or key.compare == "amount" else owed > 0
        case "prefer":
            return reader.met(named)
        case "bedroom_fit":
            return _fit(named, reader("bedroom_need"), reader("advert.bedrooms"))
        case "bid_time":
            return bid.first_at if named == "first" else bid.placed_at
        case "lottery":
            return _lot(named, reader, seed)
    return 0


def rank_of(key: Any, value: Any) -> tuple[int, Any]:
    """Lowest is best; what is not known comes after every known value."""
    kind = kind_of_key(key)
    if kind == "prefer":
        return (0, 0 if value is True else 1)
    if value is None:
        return (1, 0)
    match kind:
        case "band":
            places = [(item,) if isinstance(item, str) else item for item in key.band]
            return (0, next(i for i, bands in enumerate(places) if value in bands))
        case "points":
            return (0, -value)
        case "bedroom_fit" if key.bedroom_fit == "exact_first":
            return (0, 0 if value else 1)
        case "bedroom_fit" if key.bedroom_fit == "largest_need":
            return (0, -value)
    return (0, value)


def _chosen_date(choices: Mapping[str, str], reader: _Reader) -> date | None:
    for chooser, column in choices.items():
        if chooser == "otherwise":
            return reader(column)
        if chooser in reader.version.bands:
            applies = reader("band") == chooser
        else:
            applies = reader.met(chooser)
        if applies is None:
            return None
        if applies:
            return reader(column)
    return None


def _fit(rule: str, need: int | None, bedrooms: int | None) -> Any:
    if need is None or (bedrooms is None and rule != "largest_need"):
        return None
    if rule == "exact_first":
        return need == bedrooms
    return need if rule == "largest_need" else max(bedrooms - need, 0)


def _lot(rule: str, reader: _Reader, seed: int) -> int:
    application = _hash(reader.application["id"])
    if rule == "register":
        return int(draw(seed, application)[0])
    own = reader.advert.get("lottery_seed")
    return int(draw(seed if own is None else own, _hash(reader.advert["id"]), application)[0])


@lru_cache(maxsize=100_000)
def _hash(ident: str) -> int:
    return int(stable_hash([ident])[0])


def first_place_thresholds(judged: list[JudgedBid], application: str) -> list[tuple[str, Any]]:
    """For each key of a bid taken alone, the value that would have put the bid first.

    Args:
        judged: the counted bids of the bid's advert, from :func:`judged_bids`.
        application: whose bid.

    Returns:
        The name of each key of the bid's stage with the value, or None when the bid needs nothing
        of that key, or nothing of it would do. ``known`` says that any known value would do.
    """
    bid = next(b for b in judged if b.counted.application == application)
    rivals = [b for b in judged if b is not bid and b.eligible is not False]
    if bid.eligible is False:
        return []
    if not rivals or bid.stage != rivals[0].stage:
        return [(key_name(key), None) for key in bid.keys]
    top = rivals[0]
    return [
        (key_name(key), _threshold(bid, top, place)) for place, key in enumerate(bid.keys)
    ]


def _threshold(bid: JudgedBid, top: JudgedBid, place: int) -> Any:
    if bid.ranks[:place] != top.ranks[:place]:
        return None
    key, best = bid.keys[place], top.values[place]
    own = bid.values[place]
    if bid.ranks[place + 1 :] < top.ranks[place + 1 :]:
        value = own if bid.ranks[place] == top.ranks[place] else best
        if value is None and kind_of_key(key) != "prefer":
            return own if bid.ranks[place] == top.ranks[place] else "known"
        return _in_words(key, value)
    return _better(key, best)


_CLASSES = {
    "prefer": {True: "met", False: "not met", None: "not met"},
    "bedroom_fit": {True: "exact", False: "not exact"},
    "debt": {False: "no debt", True: "debt"},
}


def _is_class(key: Any) -> bool:
    kind = kind_of_key(key)
    return (
        kind == "prefer"
        or (kind == "debt" and key.compare == "any")
        or (kind == "bedroom_fit" and key.bedroom_fit == "exact_first")
    )


def _in_words(key: Any, value: Any) -> Any:
    return _CLASSES[kind_of_key(key)][value] if _is_class(key) else value


def _better(key: Any, best: Any) -> Any:
    """The least that beats the best rival on this key alone; None when nothing does."""
    kind = kind_of_key(key)
    if kind in {"lottery", "tie"}:
        return None
    if kind == "prefer":
        return None if best else "met"
    if best is None:
        return "known"
    if _is_class(key):
        wanted = kind == "bedroom_fit"
        return None if best is wanted else _CLASSES[kind][wanted]
    match kind:
        case "band":
            limit = rank_of(key, best)
            listed = [b for item in key.band for b in ([item] if isinstance(item, str) else item)]
            better = [b for b in listed if rank_of(key, b) < limit]
            return better[-1] if better else None
        case "date":
            return best - timedelta(days=1)
        case "bid_time":
            return best - timedelta(microseconds=1)
        case "points":
            return best + 1
        case "connection":
            return best - 1 if best > 1 else None
        case "bedroom_fit":
            if key.bedroom_fit == "largest_need":
                return best + 1
            return best - 1 if best > 0 else None
    return best - 1

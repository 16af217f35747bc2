"""A scheme version made ready to run: conditions with bit numbers, programmes with stages and keys.

Nothing here looks at data. A *condition* is anything that can come out failed or not known for a
bid: a criterion, or a key whose value may be missing. Each has one bit, the same in every run of
the scheme version. A *programme* is what an advert is ranked by: its profile with what the
advert adds to it, its landlord's own criteria and its local lettings plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from cbl_engine.assess import columns_welcome, own_columns_read
from cbl_engine.scheme.expressions import Expression, parse_expression
from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    Count,
    EligibleInLaw,
    Max,
    Min,
    expressions_of,
)
from cbl_engine.scheme.keys import (
    BandKey,
    BedroomFitKey,
    BidTimeKey,
    ConnectionKey,
    DateKey,
    DebtKey,
    LotteryKey,
    PointsKey,
    PreferKey,
    TieKey,
    key_name,
)
from cbl_engine.scheme.law import OF_THE_DAY, allocation_law, names_of_law, with_law
from cbl_engine.scheme.vocabulary import is_pair_fact, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.vocabulary import Vocabulary

Side = Literal["application", "pair", "bid", "none"]
Names = tuple[str, str | None, str | None]
"""Profile, landlord and local lettings plan of an advert."""


@dataclass(frozen=True)
class Reads:
    """What a condition or key reads.

    Attributes:
        own: columns and facts of the application, sorted.
        advert: columns of the advert, sorted, without the prefix.
        pair_facts: facts of the application together with the advert's area, sorted.
        dated: whether the answer depends on the as-at date itself.
    """

    own: tuple[str, ...]
    advert: tuple[str, ...]
    pair_facts: tuple[str, ...]
    dated: bool

    @property
    def side(self) -> Side:
        """Whether the application alone settles it."""
        return "pair" if self.advert or self.pair_facts else "application"


@dataclass(frozen=True)
class Condition:
    """One thing with a bit: a criterion, or a key that may be not known.

    Attributes:
        bit: number in the failed and unknown words.
        name: what people are told: the criterion's name or the key's.
        kind: criterion or key.
        when_unknown: the criterion's; ``pass`` for keys, whose own rule stands in the stage.
        reads: what it reads.
    """

    bit: int
    name: str
    kind: Literal["criterion", "key"]
    when_unknown: Literal["fail", "pass", "hold"]
    reads: Reads
    expression: Expression | None
    key: Key | None


@dataclass(frozen=True)
class OrderKey:
    """One key of a stage.

    Attributes:
        name: as in ``decided_by``.
        key: the scheme's own words.
        side: what a value of it belongs to.
        condition: bit of the condition that says it is not known; None when it always is.
    """

    name: str
    key: Key
    side: Side
    condition: int | None


@dataclass(frozen=True)
class StagePlan:
    """One stage: bits of its own criteria, and its keys in order."""

    criteria: tuple[int, ...]
    keys: tuple[OrderKey, ...]


@dataclass(frozen=True)
class Programme:
    """What an advert is ranked by.

    Attributes:
        profile: its name in the scheme.
        common: bits of the criteria common to every stage.
        asked_by: of those, the ones that only an addition asks for -> the addition's label.
        stages: in order.
        bid_time: which of a household's bids on an advert gives its time.
    """

    profile: str
    common: tuple[int, ...]
    asked_by: Mapping[int, str]
    stages: tuple[StagePlan, ...]
    bid_time: Literal["first", "latest"]


@dataclass(frozen=True)
class Compiled:
    """A scheme version ready to run.

    Attributes:
        version: the scheme's own words, with what the law says put in.
        words: the names its expressions may read.
        conditions: by bit.
    """

    version: SchemeVersion
    words: Vocabulary
    conditions: tuple[Condition, ...]
    _programmes: dict[tuple[Names, frozenset[str]], Programme] = field(default_factory=dict, repr=False)

    def programme(self, names: Names, in_law: frozenset[str]) -> Programme:
        """What an advert with these names is ranked by; made when first asked for.

        Args:
            names: profile, landlord and plan; a landlord that the scheme does not list adds
                nothing.
            in_law: the law's criteria that the register is judged by.
        """
        if (names, in_law) not in self._programmes:
            self._programmes[names, in_law] = _programme(
                self.version, names, self.conditions, set(names_of_law().values()) - in_law)
        return self._programmes[names, in_law]

    @property
    def n_words(self) -> int:
        """64-bit words that hold one bit for each condition."""
        return max(1, -(-len(self.conditions) // 64))

    def facts_read(self) -> dict[str, Fact]:
        """Facts that some condition or key reads, by name."""
        names = {n for c in self.conditions for n in (*c.reads.own, *c.reads.pair_facts)}
        return {n: f for n, f in self.version.facts.items() if n in names}

    def own_columns(self) -> tuple[str, ...]:
        """Columns of the application (not facts) that some condition, key or fact reads."""
        names = {n for c in self.conditions for n in c.reads.own} - set(self.version.facts)
        names |= own_columns_read(self.facts_read().values(), self.version)
        return tuple(sorted(names))

    def welcome_columns(self) -> tuple[str, ...]:
        """Columns of the application that facts read where it has them, beside those of above."""
        names = {n for f in self.facts_read().values()
                 for n in columns_welcome(f).get("applications", ())}
        return tuple(sorted(names - set(self.own_columns())))

    def advert_columns(self) -> tuple[str, ...]:
        """Columns of the advert or its home that a condition, a key or the programme reads."""
        names = {n for c in self.conditions for n in c.reads.advert}
        if any(c.reads.pair_facts for c in self.conditions):
            names.add("area")
        if self.version.landlords:
            names.add("landlord")
        return tuple(sorted(names))

    @property
    def dated(self) -> bool:
        """Whether any answer depends on the as-at date itself."""
        return any(c.reads.dated for c in self.conditions)


@dataclass(frozen=True, eq=False)
class ById:
    """A version as a cache key: the same object, not merely an equal one."""

    version: SchemeVersion

    def __hash__(self) -> int:
        return id(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.version is self.version


def compile_version(version: SchemeVersion) -> Compiled:
    """Compile a scheme version that has been checked; the last 64 are remembered."""
    return _compiled(ById(version))


@lru_cache(maxsize=64)
def _compiled(holder: ById) -> Compiled:
    return _compile(holder.version)


def _compile(version: SchemeVersion) -> Compiled:
    version = with_law(version)
    words = vocabulary(version)
    criteria = {
        name: parse_expression(version.criteria[name].when) for name in _criteria_used(version)
    }
    reads = {name: _reads(e, version) for name, e in criteria.items()}
    # Criteria that the application alone settles take the lowest bits: the kernel decodes a run
    # of single-bit fields in one operation. The law's come last: most registers are not judged by them.
    of_law = set(names_of_law().values())
    ordered = sorted(criteria, key=lambda name: (name in of_law, reads[name].side != "application"))
    conditions = [
        Condition(
            bit,
            name,
            "criterion",
            version.criteria[name].when_unknown,
            reads[name],
            criteria[name],
            None,
        )
        for bit, name in enumerate(ordered)
    ]
    known: set[str] = set()
    for key in _keys_used(version):
        bare = _bare(key)
        if isinstance(key, (PreferKey, BidTimeKey, LotteryKey, TieKey)) or repr(bare) in known:
            continue
        known.add(repr(bare))
        conditions.append(
            Condition(
                len(conditions),
                key_name(key),
                "key",
                "pass",
                _key_reads(key, version, reads),
                None,
                bare,
            )
        )
    return Compiled(version, words, tuple(conditions))


def _criteria_used(version: SchemeVersion) -> list[str]:
    """Names of criteria some programme uses, in the order the scheme declares them."""
    used = set(version.eligible)
    for profile in version.profiles.values():
        used.update(profile.eligible, *(s.eligible for s in profile.all_stages()))
    for addition in version.additions().values():
        used.update(addition.eligible)
    for key in _keys_used(version):
        if isinstance(key, PreferKey):
            used.add(key.prefer)
        elif isinstance(key, DateKey) and isinstance(key.date, dict):
            used.update(set(key.date) & set(version.criteria))
    return [name for name in version.criteria if name in used]


def _keys_used(version: SchemeVersion) -> Iterator[Key]:
    for plan in version.local_lettings_plans.values():
        yield from plan.order
    for profile in version.profiles.values():
        for stage in profile.all_stages():
            yield from stage.order


def _bare(key: Key) -> Key:
    """The key without its words and its rule for not known: what makes two keys the same."""
    words = {"label": None, "source": None, "illustrative": False}
    return key.model_copy(update={"when_unknown": "last", **words})


def _reads(expression: Expression, version: SchemeVersion) -> Reads:
    own = expression.own_names
    facts = {n for n in own if n in version.facts}
    pair = {n for n in facts if is_pair_fact(version.facts[n])}
    dated = (
        "as_at" in expression.names
        or any(_dated_fact(version.facts[n], version) for n in facts)
        or any(_moves(version, p) for p in expression.param_names)
    )
    return Reads(
        tuple(n for n in own if n not in pair),
        tuple(sorted(expression.advert_names)),
        tuple(sorted(pair)),
        dated,
    )


def _moves(version: SchemeVersion, parameter: str) -> bool:
    """Whether a parameter's value, or its having one, changes while the version is in force."""
    values = version.parameters[parameter].values
    return len(values) > 1 or min(values) > version.in_force.from_


def _dated_fact(fact: Fact, version: SchemeVersion) -> bool:
    """Whether the fact changes with the as-at date."""
    if isinstance(fact, EligibleInLaw):
        return allocation_law().moves(fact.test, version.in_force.from_)
    if not isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
        return True
    names = {n for t in expressions_of(fact).values() for n in parse_expression(t).names}
    params = {n.removeprefix("param.") for n in names if n.startswith("param.")}
    moving = any(_moves(version, p) for p in params)
    return moving or bool(names & OF_THE_DAY)


def _key_reads(key: Key, version: SchemeVersion, criteria: dict[str, Reads]) -> Reads:
    own: set[str] = set()
    advert: set[str] = set()
    dated = False
    if isinstance(key, BandKey):
        own = {"band"}
    elif isinstance(key, DateKey) and isinstance(key.date, str):
        own = {key.date}
    elif isinstance(key, DateKey) and isinstance(key.date, dict):
        own = set(key.date.values())
        for chooser in key.date:
            if chooser in version.bands:
                own.add("band")
            elif chooser in criteria:
                own.update(criteria[chooser].own)
                dated = dated or criteria[chooser].dated
    elif isinstance(key, PointsKey):
        own = {key.points}
    elif isinstance(key, ConnectionKey):
        own = {key.connection}
    elif isinstance(key, DebtKey):
        own = {key.debt}
    elif isinstance(key, BedroomFitKey):
        own = {"bedroom_need"}
        if key.bedroom_fit != "largest_need":
            advert = {"bedrooms"}
    pair = {n for n in own if n in version.facts and is_pair_fact(version.facts[n])}
    dated = dated or any(
        n in version.facts and _dated_fact(version.facts[n], version) for n in own
    )
    return Reads(tuple(sorted(own - pair)), tuple(sorted(advert)), tuple(sorted(pair)), dated)


def _programme(
    version: SchemeVersion, names: Names, conditions: tuple[Condition, ...], left_out: set[str]
) -> Programme:
    profile, landlord, plan = names
    bits = {c.name: c.bit for c in conditions if c.kind == "criterion"}
    key_bits = {repr(c.key): c.bit for c in conditions if c.kind == "key"}
    rules, added = version.profiles[profile], version.added(landlord, plan)
    asked_by: dict[str, str] = {}
    for addition in added:
        for name in addition.eligible:
            asked_by.setdefault(name, addition.label)
    own = dict.fromkeys(n for n in (*version.eligible, *rules.eligible) if n not in left_out)
    ahead = version.local_lettings_plans[plan].order if plan is not None else ()
    stages = []
    for stage in rules.all_stages():
        keys = tuple(
            _order_key(key, bits, key_bits, conditions) for key in (*ahead, *stage.order)
        )
        stages.append(StagePlan(tuple(bits[n] for n in dict.fromkeys(stage.eligible)), keys))
    times = [k.key.bid_time for s in stages for k in s.keys if isinstance(k.key, BidTimeKey)]
    return Programme(
        profile,
        tuple(bits[n] for n in {**own, **asked_by}),
        {bits[n]: label for n, label in asked_by.items() if n not in own},
        tuple(stages),
        times[0] if times else "first",
    )


def _order_key(
    key: Key, bits: dict[str, int], key_bits: dict[str, int], conditions: tuple[Condition, ...]
) -> OrderKey:
    if isinstance(key, TieKey):
        return OrderKey("tie", key, "none", None)
    if isinstance(key, (BidTimeKey, LotteryKey)):
        return OrderKey(key_name(key), key, "bid", None)
    bit = bits[key.prefer] if isinstance(key, PreferKey) else key_bits[repr(_bare(key))]
    return OrderKey(key_name(key), key, conditions[bit].reads.side, bit)

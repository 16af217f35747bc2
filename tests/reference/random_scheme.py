"""Random scheme files: every fact, every key, every meaning of not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

PROFILES = ("zeta", "alpha", "mid")
PLANS = ("village", "estate")
LANDLORDS = ("L2", "north homes", "L10")
_LABEL = {"label": "x"}
_AREA_IDS = ("w2", "p5", "d9", "d1", "w7", "p3", "p1", "p8", "x4")

_PEOPLE = (
    "age >= 18",
    "age < param.child_age AND age >= 0",
    "relationship = 'child'",
    "relationship IN ('applicant', 'partner')",
    "disabled",
    "NOT carer",
    "sex = 'female' AND disabled",
    "born",
    "date_of_birth <= as_at - INTERVAL '18 years'",
    "temporarily_away IS NULL OR NOT temporarily_away",
    "expected_on IS NOT NULL",
)
_CONNECTIONS = (
    "kind = 'work'",
    "months >= 12",
    "current",
    "confirmed",
    "current AND months >= param.child_age",
    "area IN ('p3', 'w2')",
    "person IS NULL",
    "until > as_at",
)
# What a criterion may say of the application, of the advert, and of both.
_OWN = (
    "status = 'active'",
    "status IN ('active', 'suspended')",
    "band IS NOT NULL",
    "points >= param.least",
    "points % 2 = 0",
    "ABS(points) > 4",
    "points BETWEEN 0 AND param.least",
    "registered_on <= as_at - INTERVAL '6 months'",
    "registered_on + INTERVAL '1 year' <= as_at",
    "priority_date < param.cut_off",
    "band_from = registered_on",
    "income <= param.most",
    "income * 2 > 200.5",
    "COALESCE(in_debt, FALSE)",
    "in_debt",
    "NOT in_debt",
    "owes > 0",
    "- owes < 50",
    "code = 'x'",
    "code <> param.wanted",
    "access_need LIKE 'step%'",
    "UPPER(code) IN ('X', 'Z')",
    "LENGTH(access_need) > 9",
    "array_length(sizes) > 1",
    "array_contains(skills, 'care')",
    "array_contains(skills, code)",
    "CASE WHEN in_debt THEN owes < 200 WHEN points > 5 THEN TRUE END",
    "CASE code WHEN 'x' THEN points > 0 ELSE FALSE END",
    "NULLIF(owes, 0) IS NULL",
    "checked_on >= as_at - INTERVAL '200 days'",
    "bedroom_need NOT IN (3, NULL)",
    "current_home IS NULL",
    "CEIL(income) = 101 OR FLOOR(income) = 100",
    "ROUND(income) = 90",
    "ENDS_WITH(access_need, 'free') OR STARTS_WITH(access_need, 'wheel')",
)
_ADVERT = (
    "advert.pets_allowed",
    "advert.strand = 'local'",
    "advert.rural",
    "advert.urgent OR advert.lift",
    "array_contains(advert.labels, 'quota')",
    "advert.rent_weekly + advert.service_charge_weekly <= 100.5",
    "advert.floor = 0 OR advert.lift",
    "advert.property_type <> 'flat'",
    "as_at >= DATE '2024-03-31'",
    "param.open",
)
_PAIR = (
    "array_contains(sizes, advert.bedrooms)",
    "bedroom_need = advert.bedrooms",
    "advert.bedrooms BETWEEN bedroom_need AND bedroom_need + 1",
    "advert.bedrooms - bedroom_need IN (0, 1)",
    "access_need = advert.access_category",
    "access_need IS NULL OR access_need = advert.access_category",
    "income >= advert.rent_weekly * 1.1",
    "NOT (advert.floor > 0 AND in_debt)",
    "COALESCE(advert.minimum_age, 18) < 55 OR points > 5",
    "CASE WHEN advert.strand = 'local' THEN in_debt ELSE status = 'active' END",
)
_RARE = ("TRUE", "1 > 2", "NULL OR in_debt", "in_debt AND NULL")


@dataclass
class _Words:
    """Names of the scheme under way, by what they can be used for."""

    bools: list[str] = field(default_factory=list)
    ints: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    strengths: list[str] = field(default_factory=list)
    pairs: set[str] = field(default_factory=set)


def random_scheme(rng: random.Random, bands: list[str], *, refusals: bool) -> dict[str, Any]:
    """The content of a scheme file, without its dates.

    Args:
        rng: where the choices come from.
        bands: the scheme's bands, in any order.
        refusals: whether keys may say ``error`` of what may be not known.
    """
    words = _Words()
    facts = _facts(rng, words)
    criteria, of_application = _criteria(rng, words)
    orders = _Orders(rng, bands, list(criteria), of_application, words, refusals)
    scheme: dict[str, Any] = {
        "scheme": "random",
        "title": "Random",
        "authority": "Nobody",
        "in_force": {},
        "bands": dict.fromkeys(sorted(bands), _LABEL),
        "columns": _columns(rng),
        "parameters": _parameters(rng),
        "facts": facts,
        "criteria": criteria,
        "eligible": _asked(rng, list(criteria), 0.35),
        "profiles": {name: orders.profile() for name in PROFILES},
        "default_profile": rng.choice(PROFILES),
        "landlords": {name: orders.landlord() for name in _some(rng, list(LANDLORDS), 2)},
        "local_lettings_plans": {name: orders.plan() for name in PLANS},
    }
    return scheme


def _chance(rng: random.Random, share: float) -> bool:
    return rng.randrange(100) < share * 100


def _asked(rng: random.Random, criteria: list[str], share: float) -> list[str]:
    """Mostly no criterion at all, so that enough bids are left to be ordered."""
    return rng.sample(criteria, rng.choice([1, 1, 2])) if _chance(rng, share) else []


def _some(rng: random.Random, items: list[str], most: int) -> list[str]:
    return rng.sample(items, rng.randint(0, min(most, len(items))))


def _columns(rng: random.Random) -> dict[str, Any]:
    def column(kind: str, *stand_ins: Any, **more: Any) -> dict[str, Any]:
        part: dict[str, Any] = {"type": kind, **_LABEL, **more}
        if stand_ins and _chance(rng, 0.4):
            part["if_null"] = rng.choice(stand_ins)
        return part

    return {
        "applications": {
            "in_debt": column("bool", True, False),
            "owes": column("int", 0, 100),
            "income": column("number", 100.5),
            "checked_on": column("date", date(2024, 1, 31)),
            "code": column("code", "x", codes=["x", "y"]),
            "skills": column("text_list"),
        },
        "people": {"disabled": column("bool", True, False)},
        "connections": {"confirmed": column("bool", True, False)},
        "homes": {"rural": column("bool", True, False), "strand": column("text")},
        "adverts": {"urgent": column("bool", True, False), "strand": column("text", "social")},
    }


def _parameters(rng: random.Random) -> dict[str, Any]:
    def parameter(*values: Any) -> dict[str, Any]:
        dated = {date(2010, 1, 1): rng.choice(values)}
        if _chance(rng, 0.5):
            dated[date(2024, 3, 31)] = rng.choice(values)
        return {**_LABEL, "unit": "x", "values": dated}

    return {
        "least": parameter(0, 5, 8),
        "most": parameter(90.5, 100.5, 101.0),
        "child_age": parameter(16, 18, 20),
        "cut_off": parameter(date(2023, 9, 30), date(2024, 2, 29)),
        "wanted": parameter("x", "it's"),
        "open": parameter(True, False),
    }


def _facts(rng: random.Random, words: _Words) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for kind in rng.sample(sorted(_MAKERS), rng.randint(2, len(_MAKERS))):
        name = f"the_{kind}"
        part, target, pair = _MAKERS[kind](rng)
        facts[name] = {**part, **_LABEL}
        getattr(words, target).append(name)
        if pair:
            words.pairs.add(name)
    return facts


def _reducer(rng: random.Random, kind: str) -> tuple[dict[str, Any], str, bool]:
    of = rng.choice(["people", "people", "connections"])
    rows = _PEOPLE if of == "people" else _CONNECTIONS
    target = "bools"
    if kind in {"any_member", "all_members"}:
        part: dict[str, Any] = {kind: rng.choice(rows), "of": of}
        stand_ins: tuple[Any, ...] = (True, False)
    elif kind == "count":
        part = {kind: of}
        target, stand_ins = "ints", (0, 2)
    elif of == "people" and _chance(rng, 0.3):
        part = {kind: "date_of_birth", "of": of}
        target, stand_ins = "dates", ()
    else:
        ages = ["age", "CASE WHEN age < 0 THEN 0 ELSE age END", "age + 1"]
        part = {kind: rng.choice(ages) if of == "people" else "months", "of": of}
        target, stand_ins = "ints", (0, 30)
    if _chance(rng, 0.5):
        part["where"] = rng.choice(rows)
    if stand_ins and _chance(rng, 0.5):
        part["if_none"] = rng.choice(stand_ins)
    return part, target, False


def _with_area(rng: random.Random, kind: str) -> tuple[dict[str, Any], str, bool]:
    strength = kind == "connection_strength"
    area: Any = "advert.area"
    if not strength and _chance(rng, 0.5):
        area = rng.choice(_AREA_IDS)
        if _chance(rng, 0.4):
            area = rng.sample(_AREA_IDS, 2)
    rule: dict[str, Any] = {"area": area}
    if _chance(rng, 0.3):
        rule["held_by"] = "applicant"
    if _chance(rng, 0.5):
        rule["kinds"] = rng.choice([["residence"], ["work", "family"], ["residence", "duty"]])
    if kind == "months_resident_in":
        if _chance(rng, 0.5):
            rule["window_months"] = rng.choice([1, 12, 60])
        rule["consecutive"] = _chance(rng, 0.5)
    elif kind != "months_connected" and _chance(rng, 0.6):
        rule["min_months"] = rng.choice([1, 6, 12])
    if _chance(rng, 0.3):
        rule["where"] = rng.choice(_CONNECTIONS)
    if area == "advert.area" and not strength and _chance(rng, 0.5):
        rule["level"] = rng.choice(["parish", "ward", "district", "none"])
    if strength:
        rule["levels"] = rng.choice(
            [["parish", "ward", "district"], ["ward", "parish"], ["district"], ["none", "ward"]]
        )
    target = {"connection_strength": "strengths", "connected_to": "bools"}.get(kind, "ints")
    return {kind: rule}, target, area == "advert.area"


_MAKERS: dict[str, Any] = {
    kind: (lambda rng, kind=kind: _reducer(rng, kind))
    for kind in ("any_member", "all_members", "count", "min", "max")
} | {
    kind: (lambda rng, kind=kind: _with_area(rng, kind))
    for kind in ("months_resident_in", "months_connected", "connected_to", "connection_strength")
} | {
    "exempt_by_law": lambda rng: (
        {"exempt_by_law": rng.choice(["local_connection", "residence"])}, "bools", False)
}


def _criteria(rng: random.Random, words: _Words) -> tuple[dict[str, Any], list[str]]:
    """Criteria by name, and the names of those that read the application alone."""
    criteria: dict[str, Any] = {}
    of_application: list[str] = []
    names = rng.sample(["hub", "gap", "toe", "arc", "ink", "sky", "bow", "elm"], rng.randint(3, 8))
    for name in names:
        terms = [_atom(rng, words) for _ in range(rng.choice([1, 1, 2, 3]))]
        text = terms[0][0]
        for term, _ in terms[1:]:
            text = f"({text}) {rng.choice(['AND', 'OR', 'OR', 'OR NOT'])} ({term})"
        # NULL by itself has no type, so it cannot be a part of a condition.
        criteria[name] = {**_LABEL, "when": "NULL" if _chance(rng, 0.02) else text}
        if _chance(rng, 0.7):
            criteria[name]["when_unknown"] = rng.choice(["fail", "pass", "hold", "hold"])
        if _chance(rng, 0.3):
            criteria[name]["tests"] = rng.choice(["local_connection", "residence", "income"])
        if all(own for _, own in terms):
            of_application.append(name)
    return criteria, of_application


def _atom(rng: random.Random, words: _Words) -> tuple[str, bool]:
    """One condition, and whether it reads the application alone."""
    kind = rng.randrange(20)
    if kind == 0:
        return rng.choice(_RARE), True
    if kind < 8:
        return rng.choice(_OWN), True
    if kind < 10:
        return rng.choice(_ADVERT), False
    if kind < 14:
        return rng.choice(_PAIR), False
    if kind < 16 and words.bools:
        name = rng.choice(words.bools)
        return rng.choice([name, f"NOT {name}", f"{name} = in_debt"]), name not in words.pairs
    if kind < 19 and words.ints + words.strengths:
        name = rng.choice(words.ints + words.strengths)
        condition = rng.choice(["> 0", "<= 2", ">= param.least", "BETWEEN 1 AND 18", "IS NULL"])
        return f"{name} {condition}", name not in words.pairs
    if words.dates:
        name = rng.choice(words.dates)
        return f"{name} <= as_at - INTERVAL '{rng.choice(['18 years', '6 months'])}'", True
    return rng.choice(_OWN), True


@dataclass
class _Orders:
    """Draws profiles and plans of one scheme."""

    rng: random.Random
    bands: list[str]
    criteria: list[str]
    of_application: list[str]
    words: _Words
    refusals: bool

    def __post_init__(self) -> None:
        # One reading of the bid time for the whole scheme: a profile that has two is not defined.
        self.bid_time = self.rng.choice(["first", "latest"])

    def profile(self) -> dict[str, Any]:
        part: dict[str, Any] = {**_LABEL, "eligible": _asked(self.rng, self.criteria, 0.35)}
        if _chance(self.rng, 0.5):
            part["stages"] = [
                {"eligible": _asked(self.rng, self.criteria, 0.75), "order": self.order()}
                for _ in range(self.rng.randint(1, 3))
            ]
        else:
            part["order"] = self.order()
        return part

    def plan(self) -> dict[str, Any]:
        keys = [self.key() for _ in range(self.rng.randint(0, 2))]
        return {**_LABEL, "eligible": _asked(self.rng, self.criteria, 0.35), "order": keys}

    def landlord(self) -> dict[str, Any]:
        return {**_LABEL, "eligible": _asked(self.rng, self.criteria, 0.6)}

    def order(self) -> list[dict[str, Any]]:
        keys = [self.key() for _ in range(self.rng.randint(0, 4))]
        last = self.rng.choice(["advert", "register", "human", None])
        if last == "human":
            keys.append({"tie": "human"})
        elif last is not None:
            keys.append({"lottery": last})
        elif not keys:
            keys.append(self.key())
        return keys

    def key(self) -> dict[str, Any]:
        rng = self.rng
        kinds = ["date", "dates", "points", "prefer", "fit", "debt", "bid_time"]
        kinds += ["band", "band"] if self.bands else []
        kinds += ["connection"] if self.words.strengths else []
        part = self.made(rng.choice(kinds))
        if _chance(rng, 0.5):
            certain = "bid_time" in part or part.get("date") == "registered_on"
            choices = ["last", "hold"] + (["error"] if certain or self.refusals else [])
            part["when_unknown"] = rng.choice(choices)
        return part

    def made(self, kind: str) -> dict[str, Any]:
        rng, words = self.rng, self.words
        match kind:
            case "band":
                return {"band": self.nested()}
            case "date":
                return {"date": rng.choice(self.date_columns())}
            case "dates":
                choosers = _some(rng, self.bands + self.of_application, 3)
                columns = self.date_columns()
                return {"date": {c: rng.choice(columns) for c in [*choosers, "otherwise"]}}
            case "points":
                return {"points": rng.choice(["points", "points", "owes", *words.ints])}
            case "prefer":
                return {"prefer": rng.choice(self.criteria)}
            case "connection":
                return {"connection": rng.choice(words.strengths)}
            case "fit":
                rules = ["exact_first", "fewest_spare", "largest_need"]
                return {"bedroom_fit": rng.choice(rules)}
            case "debt":
                if _chance(rng, 0.5):
                    return {"debt": "owes", "compare": "amount"}
                return {"debt": rng.choice(["in_debt", "owes", *words.bools])}
        return {"bid_time": self.bid_time}

    def date_columns(self) -> list[str]:
        own = ["registered_on", "band_from", "priority_date", "checked_on"]
        return own + self.words.dates

    def nested(self) -> list[Any]:
        """Every band once, some of them together."""
        left = self.rng.sample(self.bands, len(self.bands))
        order: list[Any] = []
        while left:
            take = self.rng.choice([1, 1, 2])
            order.append(left[:take] if take > 1 or _chance(self.rng, 0.2) else left[0])
            left = left[take:]
        return order

"""Random schemes, registers, homes, adverts and bids, with many nulls and many ties.

One generator serves both: hypothesis drives it through a ``random.Random`` that it can shrink,
and the long run seeds one itself. Every case is valid input: bids name a considered advert with
an application version in force, and lie within the advert's window.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from cbl_engine.scheme.load import scheme_from_text
from tests.reference.random_scheme import LANDLORDS, random_scheme

if TYPE_CHECKING:
    import random

    from cbl_engine.scheme.load import Scheme

    Row = dict[str, Any]

DAYS = tuple(
    date.fromisoformat(text)
    for text in ["2019-02-28", "2022-03-31", "2023-02-28", "2023-03-01", "2023-09-30", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01", "2024-10-27"]
)
BIRTHDAYS = tuple(
    date.fromisoformat(text)
    for text in ["1964-02-29", "1990-03-31", "2004-02-29", "2006-02-28", "2006-03-01", "2008-02-29", "2008-10-27", "2020-02-29", "2024-02-29", "2024-04-01"]
)
AS_AT = (*(day for day in DAYS if day.year >= 2023), date(2024, 12, 18), date(2025, 7, 10))
# Late evenings in London and UTC, on ordinary days, leap days and when the clocks change.
CLOSES = tuple(
    datetime.fromisoformat(text + ":00+00:00")
    for text in ["2024-02-28T12:00", "2024-02-28T23:59", "2024-02-29T23:30", "2024-03-01T00:00", "2024-03-30T23:59", "2024-03-31T00:30", "2024-03-31T22:59", "2024-03-31T23:00", "2024-10-26T22:59", "2024-10-26T23:00", "2024-10-27T00:30", "2024-10-27T01:30", "2024-10-27T23:59"]
)
SECOND_VERSION = date(2024, 3, 31)
AREAS: tuple[Row, ...] = tuple(
    {"id": ident, "name": None, "parent": parent, "level": level}
    for ident, parent, level in (
        ("w2", "d9", "ward"),
        ("p5", "w2", "parish"),
        ("d9", None, "district"),
        ("d1", None, "district"),
        ("w7", "d1", "ward"),
        ("p3", "w7", "parish"),
        ("p1", "w7", "parish"),
        ("p8", "d1", "parish"),
        ("x4", None, None),
    )
)
_IDS = ("q7", "b2", "Z1", "a10", "a9", "m", "é3", "10", "9", "k5")
_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Case:
    """One input to the shortlist.

    Attributes:
        schemes: the versions of the scheme, as a file's content.
        register: rows of applications, people, connections and areas.
        as_at: a date, or ``close``.
    """

    schemes: tuple[Row, ...]
    register: dict[str, list[Row]]
    homes: list[Row]
    adverts: list[Row]
    bids: list[Row]
    as_at: date | str
    seed: int

    def scheme(self) -> Scheme:
        """The scheme, loaded from its text."""
        return _loaded(tuple(to_yaml(content) for content in self.schemes))

    def with_rows(self, table: str, rows: list[Row]) -> Case:
        """The same case with other rows in one table."""
        if table in self.register:
            return replace(self, register={**self.register, table: rows})
        return replace(self, **{table: rows})


@lru_cache(maxsize=64)
def _loaded(texts: tuple[str, ...]) -> Scheme:
    return scheme_from_text([(f"version_{i}.yaml", text) for i, text in enumerate(texts)])


def to_yaml(value: Any) -> str:
    """A scheme's content as the text of its file: a part a line for the first two levels."""
    lines = []
    for name, part in value.items():
        if isinstance(part, dict) and part and name != "in_force":
            lines.append(f"{name}:")
            lines += [f"  {_flow(key)}: {_flow(item)}" for key, item in part.items()]
        else:
            lines.append(f"{name}: {_flow(part)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def cases(**sizes: Any) -> st.SearchStrategy[Case]:
    """Small cases for hypothesis; ``sizes`` as :func:`random_case` takes them."""
    source = st.randoms(note_method_calls=False, use_true_random=False)
    return source.map(lambda rng: random_case(rng, **sizes))


def random_case(
    rng: random.Random,
    n_applications: tuple[int, int] = (1, 8),
    n_adverts: tuple[int, int] = (1, 4),
    n_bids: tuple[int, int] = (0, 14),
    refusals: bool = False,
) -> Case:
    """A case; the sizes are ranges, of bids for each advert.

    Args:
        rng: where the choices come from.
        n_applications: least and most applications.
        n_adverts: least and most adverts.
        n_bids: least and most bids on an advert.
        refusals: whether a key that is not known may refuse the whole input.
    """
    bands = _bands(rng)
    first = random_scheme(rng, bands, refusals=refusals)
    first["in_force"] = {"from": date(2015, 1, 1), "assumed": True}
    schemes = [first]
    if _chance(rng, 0.2):
        first["in_force"]["until"] = SECOND_VERSION
        others = bands if _chance(rng, 0.4) else _bands(rng)
        second = random_scheme(rng, others, refusals=refusals)
        bands = list(dict.fromkeys([*bands, *others]))
        second["in_force"] = {"from": SECOND_VERSION, "assumed": True}
        schemes.append(second)
    as_at: date | str = "close" if _chance(rng, 0.4) else rng.choice(AS_AT)
    register = _register(rng, bands, rng.randint(*n_applications))
    homes = _homes(rng)
    adverts = _adverts(rng, first, homes, rng.randint(*n_adverts))
    bids = [
        bid
        for advert in adverts
        for bid in _bids(rng, advert, register["applications"], as_at, rng.randint(*n_bids))
    ]
    rng.shuffle(bids)
    seed = rng.choice([0, 1, 20240331, 2**63 + 5])
    return Case(tuple(schemes), register, homes, adverts, bids, as_at, seed)


def _bands(rng: random.Random) -> list[str]:
    """The bands of a version; another may have some of them, others, or none."""
    if _chance(rng, 0.08):
        return []
    return rng.sample(["A", "B", "C", "D+", "E 1"], rng.randint(2, 5))


def _chance(rng: random.Random, share: float) -> bool:
    return rng.randrange(100) < share * 100


def _maybe(rng: random.Random, *values: Any, null: float = 0.3) -> Any:
    return None if _chance(rng, null) else rng.choice(values)


def _ident(number: int) -> str:
    """Ids whose order by creation is not their order as text."""
    return _IDS[number % len(_IDS)] + (str(number // len(_IDS)) if number >= len(_IDS) else "")


_SOME = 2
_IN_LAW = {
    "immigration_status": ("not_subject", "not_subject", "eligible_class", "not_eligible"),
    "habitually_resident": (True, True, True, False),
}


def _register(rng: random.Random, bands: list[str], n: int) -> dict[str, list[Row]]:
    applications: list[Row] = []
    people: list[Row] = []
    connections: list[Row] = []
    versioned = _chance(rng, 0.3)
    in_law = _IN_LAW if _chance(rng, 0.3) else {}
    for number in range(n):
        ident = _ident(number)
        applications += _versions(rng, ident, bands, versioned)
        own = [_person(rng, ident, i) | {name: _maybe(rng, *of, null=0.1) for name, of in in_law.items()}
               for i in range(_few(rng, 3))]
        people += own
        connections += [_connection(rng, ident, own) for _ in range(_few(rng, 4))]
    if len(people) < _SOME:  # so that some are left where one is taken out
        people = [{n: v for n, v in p.items() if n not in _IN_LAW} for p in people]
    for rows in (applications, people, connections):
        rng.shuffle(rows)
    return {
        "applications": applications,
        "people": people,
        "connections": connections,
        "areas": list(AREAS),
    }


def _few(rng: random.Random, most: int) -> int:
    return 0 if _chance(rng, 0.25) else rng.randint(1, most)


def _versions(rng: random.Random, ident: str, bands: list[str], versioned: bool) -> list[Row]:
    if not versioned:
        return [_application(rng, ident, bands)]
    edges = sorted(rng.sample(DAYS[6:], rng.randint(0, 2)))
    starts, ends = [None, *edges], [*edges, None]
    if edges and _chance(rng, 0.3):
        ends[-1] = date(2024, 10, 27) if edges[-1] < date(2024, 10, 27) else None
    if edges and _chance(rng, 0.3):
        starts, ends = starts[1:], ends[1:]
    return [
        _application(rng, ident, bands) | {"valid_from": start, "valid_to": end}
        for start, end in zip(starts, ends, strict=True)
    ]


def _application(rng: random.Random, ident: str, bands: list[str]) -> Row:
    return {
        "id": ident,
        "status": rng.choice(["active", "active", "active", "suspended", "deferred"]),
        "registered_on": rng.choice(DAYS[:4]),
        "band": _maybe(rng, *bands, null=0.15) if bands else None,
        "points": _maybe(rng, 0, 5, 8, 9, -3),
        "band_from": _maybe(rng, *DAYS[1:5]),
        "priority_date": _maybe(rng, *DAYS[2:6]),
        "bedroom_need": _maybe(rng, 1, 1, 2, 3, null=0.2),
        "sizes": _maybe(rng, [1], [1, 2], [2, 3], [], null=0.2),
        "access_need": _maybe(rng, "step_free", "wheelchair"),
        "current_home": _maybe(rng, "h1", null=0.7),
        "in_debt": _maybe(rng, True, False, null=0.4),
        "owes": _maybe(rng, -20, 0, 0, 100, 250),
        "income": _maybe(rng, 90.0, 100.5, 101.0),
        "checked_on": _maybe(rng, *DAYS[4:8], null=0.5),
        "code": _maybe(rng, "x", "y", null=0.4),
        "skills": _maybe(rng, ["care"], ["care", "fire"], []),
        "domestic_abuse_move": _maybe(rng, True, False, False, null=0.4),
        "right_to_move": _maybe(rng, True, False, False, False, null=0.4),
    }


def _person(rng: random.Random, application: str, number: int) -> Row:
    unborn = _chance(rng, 0.12)
    return {
        "id": f"{application}.{9 - number}",
        "application": application,
        "date_of_birth": None if unborn else _maybe(rng, *BIRTHDAYS, null=0.15),
        "expected_on": rng.choice(DAYS[8:]) if unborn else None,
        "sex": _maybe(rng, "female", "male"),
        "relationship": _maybe(rng, "applicant", "applicant", "partner", "child", null=0.15),
        "partner_of": None,
        "carer": _maybe(rng, True, False),
        "cannot_share": None,
        "temporarily_away": _maybe(rng, True, False, null=0.4),
        "disabled": _maybe(rng, True, False, null=0.4),
        "joint_applicant": _maybe(rng, True, False, null=0.7),
        "forces": _maybe(rng, "none", "none", "former_regular", "serving_regular",
                         "injured_reservist", "bereaved_partner", null=0.2),
        "forces_left_on": _maybe(rng, *DAYS, null=0.4),
        "care_leaver": _maybe(rng, True, False, False, null=0.2),
    }


def _connection(rng: random.Random, application: str, people: list[Row]) -> Row:
    return {
        "application": application,
        "person": _maybe(rng, *(p["id"] for p in people)) if people else None,
        "area": rng.choice(AREAS)["id"],
        "kind": rng.choice(["residence", "residence", "residence", "work", "family", "duty"]),
        "since": _maybe(rng, *DAYS, null=0.12),
        "until": _maybe(rng, *DAYS[2:], null=0.6),
        "confirmed": _maybe(rng, True, False, null=0.4),
    }


def _described(rng: random.Random, null: float) -> Row:
    """What homes have and adverts may say instead."""
    return {
        "area": _maybe(rng, *(a["id"] for a in AREAS), null=null),
        "landlord": _maybe(rng, *LANDLORDS, null=null),
        "property_type": _maybe(rng, "flat", "house", null=null),
        "bedrooms": _maybe(rng, 1, 2, 2, 3, null=null),
        "floor": _maybe(rng, 0, 2, -1, null=null),
        "lift": _maybe(rng, True, False, null=null),
        "access_category": _maybe(rng, "step_free", "wheelchair", null=null),
        "rent_weekly": _maybe(rng, 80.0, 99.5, null=null),
        "service_charge_weekly": _maybe(rng, 0.0, 20.5, null=null),
        "minimum_age": _maybe(rng, 18, 55, null=null),
        "pets_allowed": _maybe(rng, True, False, null=null),
        "strand": _maybe(rng, "social", "local", null=null),
    }


def _homes(rng: random.Random) -> list[Row]:
    homes = [
        {"id": f"h{9 - i}", "home_group": None, "rural": _maybe(rng, True, False)}
        | _described(rng, 0.15)
        for i in range(rng.randint(0, 4))
    ]
    if _chance(rng, 0.4):
        shared = {"home_group": "g2", "rural": _maybe(rng, True, False)} | _described(rng, 0.15)
        homes += [shared | {"id": f"u{i}", "heating": f"{i}"} for i in (3, 1, 2)]
    rng.shuffle(homes)
    return homes


def _adverts(rng: random.Random, scheme: Row, homes: list[Row], n: int) -> list[Row]:
    single = [home["id"] for home in homes if home["home_group"] is None]
    groups = sorted({home["home_group"] for home in homes} - {None})
    adverts = []
    for number in range(n):
        home = rng.choice(single) if single and _chance(rng, 0.7) else None
        group = rng.choice(groups) if home is None and groups and _chance(rng, 0.7) else None
        closes = rng.choice(CLOSES)
        adverts.append(
            {
                "id": f"AD{_ident(number)}",
                "home": home,
                "home_group": group,
                "profile": _maybe(rng, *scheme["profiles"], null=0.3),
                "local_lettings_plan": _maybe(rng, *scheme["local_lettings_plans"], null=0.5),
                "labels": _maybe(rng, ["new"], ["new", "quota"], []),
                "opens_at": _maybe(rng, closes - timedelta(days=2)),
                "closes_at": closes,
                "status": rng.choice(["open", "closed", "closed", "closed", "let"])
                if _chance(rng, 0.9)
                else rng.choice(["draft", "withdrawn"]),
                "lottery_seed": _maybe(rng, 0, 7, 2**62, null=0.5),
                "urgent": _maybe(rng, True, False),
            }
            | _described(rng, 0.75 if home or group else 0.3)
        )
    return adverts


def _bids(
    rng: random.Random, advert: Row, applications: list[Row], as_at: date | str, n: int
) -> list[Row]:
    closes = advert["closes_at"]
    on = closes.astimezone(_LONDON).date() if isinstance(as_at, str) else as_at
    in_force = sorted(
        {
            row["id"]
            for row in applications
            if (row.get("valid_from") or date.min) <= on < (row.get("valid_to") or date.max)
        }
    )
    bids: dict[Any, Row] = {}
    for _ in range(n if in_force else 0):
        before = timedelta(minutes=rng.choice([0, 1, 1, 60, 600, 1440]))
        placed_at = closes - before - timedelta(microseconds=rng.choice([0, 0, 1]))
        bid = {
            "advert": advert["id"],
            "application": rng.choice(in_force),
            "placed_at": placed_at,
            "withdrawn_at": closes + timedelta(minutes=5) if _chance(rng, 0.2) else None,
            "placed_by": None,
        }
        bids[bid["application"], placed_at] = bid
    return list(bids.values())


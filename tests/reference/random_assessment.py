"""Random schemes with awards of every kind, and small registers with gaps, for the assessment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.reference.frames import frame_of

if TYPE_CHECKING:
    import polars as pl

BANDS = ("A", "B", "C", "D")
EARLY = ("f_ill", "f_maybe", "f_old", "f_many", "f_kids", "f_owed", "f_short", "f_cramped",
         "f_mixed", "f_in_law")
HEAD = """
scheme: s
title: t
authority: a
in_force: {from: 2000-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}, D: {label: x}}
columns:
  applications:
    ill: {type: bool, label: x}
    maybe: {type: bool, label: x}
    n: {type: int, label: x}
    d1: {type: date, label: x}
    d2: {type: date, label: x}
    promised: {type: int, label: x}
parameters:
  many: {label: x, unit: x, values: {2000-01-01: 2, 2025-08-01: 1}}
facts:
  kids: {label: x, count: people, where: age BETWEEN 0 AND 15, if_none: 0}
  owed: {label: x, any_member: current AND kind = 'main', of: duties, if_none: false}
  owed_long: {label: x, any_member: months >= 6, of: duties, if_none: false}
  decided: {label: x, max: decided_on, of: officer_decisions, where: stage = 'decision'}
  years: {label: x, whole_years_since: d1}
  months: {label: x, whole_months_since: d2}
  rooms: {label: x, bedrooms: eighteen_year}
  here: {label: x, months_resident_in: {area: east, window_months: 12}}
  here_long: {label: x, months_resident_in: {area: town, consecutive: true}}
  here_all: {label: x, months_resident_in: {area: town}}
  held: {label: x, bedrooms_now: roomy}
  cramped: {label: x, statutory_overcrowding: space_standard}
  mixed: {label: x, statutory_overcrowding: room_standard}
  in_law: {label: x, statutory_overcrowding: either}
bedroom_standards:
  roomy: {label: x, extends: twenty_one_year, smallest_room_sq_ft: 50}
criteria:
  f_ill: {label: x, when: ill}
  f_maybe: {label: x, when: maybe, when_unknown: hold}
  f_old: {label: x, when: d1 < as_at - INTERVAL '14 months', when_unknown: pass}
  f_many: {label: x, when: n > param.many AND years >= 1}
  f_kids: {label: x, when: kids >= 1, when_unknown: hold}
  f_owed: {label: x, when: owed OR owed_long}
  f_short: {label: x, when: rooms > held}
  f_cramped: {label: x, when: cramped, when_unknown: hold}
  f_mixed: {label: x, when: mixed, when_unknown: hold}
  f_in_law: {label: x, when: in_law}
  q_here: {label: x, when: here >= 6, tests: residence}
  q_long: {label: x, when: here_long >= 10, tests: local_connection, when_unknown: hold}
  q_all: {label: x, when: here_all >= 9, when_unknown: pass}
  q_need: {label: x, when: bedroom_need <= 3}
  s_top: {label: x, when: band = 'A' AND months > 3}
  s_points: {label: x, when: points > 10, when_unknown: hold}
profiles: {p: {label: x, order: [{band: [A, B, C, D]}, {tie: human}]}}
"""
SPANS = ("band_history", "duties", "rooms", "officer_decisions", "overrides", "connections")


def scheme_text(rng: Any) -> str:
    """The head and a random assessment."""
    parts = []
    if rng.random() < 0.6:
        parts.append("size: twenty_one_year")
    tests = rng.sample(["q_here", "q_long", "q_all", "q_need"], rng.choice([0, 1, 2]))
    parts.append(f"qualifies: [{', '.join(tests)}]")
    awards: list[str] = []
    for number in range(rng.randint(1, 6)):
        awards.append(f"    w{number}: {{{_award(rng, number)}}}")
    parts.append("awards:\n" + "\n".join(awards))
    if rng.random() < 0.5:
        parts.append(f"otherwise: {rng.choice(BANDS)}")
    if rng.random() < 0.3:
        parts.append("points_at_least: promised")
    if rng.random() < 0.5:
        changes = "".join(
            f", {way}: {rng.choice(['keep', 'award', 'submitted', 'original', 'restore'])}"
            for way in ("up", "down", "policy") if rng.random() < 0.6
        )
        first = rng.choice(["registered_on", "[registered_on, d2]"])
        instead = rng.choice([
            "", "", ", instead: [{label: x, when: s_points, date: d1}]",
            ", instead: [{label: x, when: f_ill, months_earlier: 6, bands: [A, B]}]"])
        parts.append(f"priority_date: {{first: {first}{changes}{instead}}}")
    if rng.random() < 0.5:
        parts.append("status: [{label: x, status: deferred, when: s_top}, "
                     "{label: x, status: suspended, when: s_points}]")
    return HEAD + "assessment:\n" + "".join(f"  {part}\n" for part in parts)


def _award(rng: Any, number: int) -> str:
    fields = ["label: x"]
    above = [f"w{i}" for i in range(number)]
    if above and rng.random() < 0.4:
        of = rng.sample(above, rng.randint(1, len(above)))
        fields.append(f"of: [{', '.join(of)}], at_least: {rng.randint(1, len(of))}")
    if len(fields) == 1 or rng.random() < 0.4:
        fields.append(f"when: {rng.choice(EARLY)}")
    if rng.random() < 0.4:
        fields.append(f"since: {rng.choice(['d1', 'd2', 'decided'])}")
        if rng.random() < 0.6:
            fields.append(f"lasts_months: {rng.choice([1, 6, 13])}")
    if rng.random() < 0.3:
        fields.append(f"one_of: {rng.choice('gh')}")
    gives = rng.random()
    if gives < 0.45:
        fields.append(f"band: {rng.choice(BANDS)}")
    elif gives < 0.6:
        fields.append(f"up: {rng.randint(1, 2)}")
        if rng.random() < 0.5:
            fields.append(f"not_above: {rng.choice(BANDS)}")
    elif gives < 0.7:
        fields.append(f"at_most: {rng.choice(BANDS)}")
    elif gives < 0.8:
        fields.append(f"place: {rng.randint(-3, 3)}")
    if gives > 0.75 or rng.random() < 0.4:
        points = rng.randint(-5, 20)
        fields.append(f"points: {points}")
        if rng.random() < 0.5:
            fields.append(f"each: {rng.choice(['n', 'years', 'months', 'kids'])}")
        if rng.random() < 0.4:
            fields.append(f"most: {rng.randint(5, 30) * (-1 if points < 0 else 1)}")
    return ", ".join(fields)


def random_register(rng: Any, as_at: date, n: int = 12) -> dict[str, list[dict[str, Any]]]:
    """Rows by table; dates crowd around as-at, and much is not known."""

    def day(missing: float, most: int = 800) -> date | None:
        if rng.random() < missing:
            return None
        near = [as_at + timedelta(d) for d in (-366, -365, -31, -1, 0, 1, 30, 90)]
        near += [date(2024, 2, 29), date(2025, 1, 31), date(2025, 7, 10)]
        return rng.choice([rng.choice(near), as_at - timedelta(rng.randint(-200, most))])

    def span() -> dict[str, Any]:
        since, until = day(0.15), day(0.5, 200)
        if since is not None and until is not None and until <= since:
            since, until = until, since + timedelta(1)
        return {"since": since, "until": until}

    def maybe(*values: Any, null: float = 0.25) -> Any:
        return None if rng.random() < null else rng.choice(values)

    tables: dict[str, list[dict[str, Any]]] = {
        t: [] for t in ("applications", "people", "connections", "duties", "officer_decisions",
                        "band_history", "overrides", "rooms")
    }
    for number in range(n):
        ident = f"P{number:02d}"
        tables["applications"].append({
            "id": ident,
            "status": rng.choice(["active", "active", "active", "suspended", "housed"]),
            "registered_on": day(0.15), "band_from": day(0.5), "band": maybe(*BANDS, null=0.4),
            "priority_date": day(0.7), "points": maybe(3, 12), "place_in_band": maybe(1),
            "bedroom_need": maybe(1, 2, 3), "sizes": maybe([1, 2], [3]),
            "current_bedrooms": maybe(0, 1, 2), "ill": maybe(True, False),
            "maybe": maybe(True, False), "n": maybe(0, 1, 2, 3, 5), "d1": day(0.2),
            "d2": day(0.2), "promised": maybe(0, 15, 40, null=0.5),
            "domestic_abuse_move": maybe(True, False, False, null=0.5),
            "right_to_move": maybe(True, False, False, False, null=0.5),
            "current_home": maybe("h1", null=0.7),
        })
        for i in range(rng.choice([0, 1, 2, 2, 3])):
            tables["people"].append(_person(rng, ident, i, day, maybe, as_at))
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            tables["connections"].append({
                "application": ident, "area": rng.choice(["east", "town", "abroad"]),
                "person": None if rng.random() < 0.6 else f"{ident}p0",
                "kind": rng.choice(["residence", "residence", "work"]), **span()})
        for _ in range(rng.choice([0, 0, 1, 2])):
            tables["duties"].append({"application": ident, "kind": rng.choice(["main", "relief"]),
                                     **span()})
        for i in range(rng.choice([0, 0, 1, 2])):
            tables["officer_decisions"].append({
                "id": f"{ident}d{i}", "application": ident, "subject": "medical",
                "stage": rng.choice(["decision", "recommendation"]), "decided_on": day(0.2),
                **span()})
        for _ in range(rng.choice([0, 0, 1, 2])):
            tables["band_history"].append({
                "application": ident, "band": maybe(*BANDS, null=0.1), **span(),
                "why": maybe("need", "policy", null=0.5), "submitted_on": day(0.5),
                "priority_date": day(0.9), "from_application": None})
        for i in range(rng.choice([0, 0, 0, 1, 2])):
            tables["overrides"].append(_override(rng, ident, i, day, span))
        for _ in range(rng.choice([0, 1, 2, 3])):
            tables["rooms"].append({
                "application": ident, "room": None,
                "use": rng.choice(["bedroom", "bedroom", "living_room", "other"]),
                "floor_area_sq_ft": maybe(40.0, 49.9, 50.0, 75.0, 95.0, 130.0, null=0.15),
                **(span() if rng.random() < 0.3 else {"since": None, "until": None})})
    return tables


def _person(rng: Any, ident: str, i: int, day: Any, maybe: Any, as_at: date) -> dict[str, Any]:
    child = i > 0 and rng.random() < 0.6
    born = day(0.1, 6_500) if child else day(0.05, 20_000)
    if not child and born is not None and born > as_at - timedelta(6_000):
        born -= timedelta(9_000)
    relationship = "applicant" if i == 0 else rng.choice(["child", "partner", "sibling", None])
    if relationship == "partner" and i > 1:
        relationship = "child"
    return {
        "id": f"{ident}p{i}", "application": ident, "date_of_birth": born,
        "expected_on": as_at + timedelta(rng.randint(-20, 200)) if born is None and i else None,
        "sex": maybe("female", "male", null=0.1), "relationship": relationship,
        "partner_of": None, "joint_applicant": maybe(True, False, null=0.7),
        "immigration_status": maybe("not_subject", "not_subject", "not_subject", "eligible_class",
                                    "not_eligible", null=0.1),
        "habitually_resident": maybe(True, True, True, False, null=0.1),
        "forces": maybe("none", "none", "none", "former_regular", "serving_regular",
                        "injured_reservist", null=0.2),
        "forces_left_on": day(0.5, 3_000), "care_leaver": maybe(True, False, False, null=0.2),
        "carer": False, "cannot_share": False, "temporarily_away": False, "part_time": False,
        "foster_child": False,
    }


def _override(rng: Any, ident: str, i: int, day: Any, span: Any) -> dict[str, Any]:
    field = rng.choice(["bedroom_need", "sizes", "qualifies", "band", "points", "place_in_band",
                        "status", "priority_date"])
    values = {
        "bedroom_need": ["1", "4"], "sizes": ["1|2", "3"], "qualifies": ["yes", "no"],
        "band": ["A", "C"], "points": ["0", "25"], "place_in_band": ["-1", "2"],
        "status": ["suspended", "active"], "priority_date": ["2020-02-29", "2025-01-01"],
    }[field]
    wrong = rng.random() < 0.15
    return {
        "id": f"{ident}o{i}", "application": ident, "field": field,
        "value": "nonsense" if wrong else rng.choice(values),
        "instead_of": None if rng.random() < 0.6 else rng.choice(values),
        "decided_on": day(0.2), **span(), "by": "x", "reason": "y", "evidence": None,
    }


DECLARED = {
    "applications": {
        "ill": {"type": "bool"}, "maybe": {"type": "bool"}, "n": {"type": "int"},
        "d1": {"type": "date"}, "d2": {"type": "date"}, "promised": {"type": "int"},
    }
}
AREAS = [
    {"id": "town", "parent": None, "level": "district"},
    {"id": "east", "parent": "town", "level": "ward"},
    {"id": "abroad", "parent": None, "level": "district"},
]


def frames(tables: dict[str, list[dict[str, Any]]]) -> dict[str, pl.DataFrame]:
    """The register as frames."""
    out = {name: frame_of(name, rows, DECLARED.get(name)) for name, rows in tables.items()}
    return {**out, "areas": frame_of("areas", AREAS)}

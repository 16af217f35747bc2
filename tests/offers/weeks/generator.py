"""Random weeks: a scheme, a register, and what comes in from week to week, as plain rows.

Everything is drawn from one seed. Ids are ``h01`` (households), ``a01`` (adverts), ``m01`` (homes),
``c01`` (checks), ``d01`` (requests for direct lets) and ``o001`` (outcomes).
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.offers.weeks.schemes import offered_at_once, random_scheme, viewed_together

Row = dict[str, Any]
Rows = dict[str, list[Row]]
LONDON = ZoneInfo("Europe/London")
FIRST = date(2024, 6, 3)
"""A Monday; there are no bank holidays in the weeks after it until 26 August."""


@dataclass
class World:
    """What is given from week to week.

    Attributes:
        seed: it was drawn from.
        scheme: as plain data.
        given: rows that come with each week, by table.
        ends: last day of each week.
        unattended: whether nobody looks, week by week.
        viewings: whether several see each home together, many of them not checked yet.
        refusals: whether most offers are refused, without a good reason.
    """

    seed: int
    scheme: Row
    given: list[Rows]
    ends: list[date]
    unattended: list[bool]
    viewings: bool = False
    refusals: bool = False
    n_adverts: int = field(default=0, repr=False)

    def advert_id(self) -> str:
        """The next id of an advert."""
        self.n_adverts += 1
        return f"a{self.n_adverts:02}"


def at(day: date, hours: float) -> datetime:
    """A moment in London."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON) + timedelta(hours=hours)


def random_world(
    seed: int, weeks: int | None = None, *, plain: bool = False, viewings: bool = False,
    refusals: bool = False,
) -> World:
    """A world of 3 to 6 weeks.

    Args:
        seed: draws everything.
        weeks: how many; left out: drawn.
        plain: nothing depends on the letters of ids, and no row takes the place of another.
        viewings: several see each home together, and a check that many have not had is due before.
        refusals: most offers are refused, what follows from it waits for weeks, and is reviewed.
    """
    draw = random.Random(seed)
    n = weeks or draw.randint(3, 6)
    attended = draw.random() < 0.7
    world = World(
        seed, random_scheme(draw, lottery=not plain), [], [FIRST + timedelta(7 * w + 6) for w in range(n)],
        [not attended and draw.random() < 0.7 for _ in range(n)], viewings,
        refusals,
    )
    if viewings:
        viewed_together(draw, world.scheme)
    if refusals:
        offered_at_once(world.scheme)
    households = [f"h{k:02}" for k in range(1, draw.randint(5, 12))]
    rows: Rows = defaultdict(list)
    rows["applications"] = [_application(draw, h) for h in households]
    rows["homes"] = [{"id": f"m9{k}", "bedrooms": 1} for k in range(3)]  # homes of tenants
    rows["people"] = _people(draw, households)
    rows["duties"] = [{"application": r["id"], "kind": "main", "since": date(2024, 1, 1)}
                      for r in rows["applications"] if r["owed"]]
    for w in range(n):
        _week(draw, world, rows, w, households)
        if w and not plain:
            rows["applications"] += [_application(draw, h) for h in households
                                     if draw.random() < 0.08]
        world.given.append({table: its for table, its in rows.items() if its})
        rows = defaultdict(list)
    return world


def _application(draw: random.Random, name: str) -> Row:
    registered = date(2023, 1, 1) + timedelta(days=draw.choice([0, 1, 2, 300, 480]))
    known = lambda chance: draw.random() < chance if draw.random() < 0.9 else None  # noqa: E731
    return {
        "id": name, "status": draw.choices(["active", "suspended"], [9, 1])[0],
        "band": draw.choice("ABC"), "registered_on": registered,
        "priority_date": date(2023, 1, 1) + timedelta(days=draw.randint(0, 4)),
        "place_in_band": 0, "bedroom_need": draw.choice([1, 1, 1, 2, None]),
        "local": known(0.7), "debt": known(0.1), "owed": draw.random() < 0.3,
        "helped": draw.random() < 0.3,
        "current_home": f"m9{draw.randint(0, 2)}" if draw.random() < 0.2 else None,
    }


def _people(draw: random.Random, households: list[str]) -> list[Row]:
    """An applicant each; two of them are sometimes one person."""
    people = [{"id": f"p{h}", "application": h, "relationship": "applicant", "identity": f"i{h}"}
              for h in households]
    if draw.random() < 0.3:
        people[-1]["identity"] = people[0]["identity"]
    return people


def _week(draw: random.Random, world: World, rows: Rows, w: int, households: list[str]) -> None:
    monday = FIRST + timedelta(7 * w)
    for _ in range(draw.randint(1, 3)):
        advert = world.advert_id()
        row, homes = _advert(draw, world.scheme, advert, monday, viewings=world.viewings)
        rows["homes"] += homes
        rows["adverts"].append(row)
        rows["bids"] += random_bids(draw, row, households)
    for bid in rows["bids"]:
        if draw.random() < 0.15:
            rows["preferences"].append({
                "application": bid["application"], "advert": bid["advert"],
                "rank": draw.randint(1, 3)})
    rows["preferences"] = list({(r["application"], r["advert"]): r
                                for r in rows["preferences"]}.values())
    adverts = [r["id"] for r in rows["adverts"]]
    names = list(world.scheme["checks"])
    for n, household in enumerate(households):
        for k, check in enumerate(names):
            most = 0.4 if world.viewings and world.scheme["checks"][check]["before"] == "invited" else 0.85
            if draw.random() < (most if w == 0 else 0.2):
                since = monday + timedelta(draw.randint(-3 if w == 0 else 0, 6))
                rows["checks"].append(_check(draw, f"c{w}{n}{k}", household, check, since, adverts))
    if "direct_lets" in world.scheme and draw.random() < 0.5:
        home = f"m8{w}"
        rows["homes"].append({"id": home, "bedrooms": draw.randint(1, 2)})
        rows["direct_lets"].append({
            "id": f"d{w}", "application": draw.choice(households),
            "home": draw.choice([home, home, "m01"]), "kind": draw.choice(["found", "moved"]),
            "on": monday + timedelta(draw.randint(0, 6)), "by": "Ada"})


def _advert(
    draw: random.Random, scheme: Row, advert: str, monday: date, *, viewings: bool
) -> tuple[Row, list[Row]]:
    bedrooms, number = draw.randint(1, 2), advert[1:]
    landlord = draw.choice(["acorn", "birch", "own"])
    group = draw.random() < (0.5 if viewings else 0.25)
    homes = [{"id": f"m{number}{'ab'[k] if group else ''}", "bedrooms": bedrooms,
              "landlord": landlord, "home_group": f"g{number}" if group else None}
             for k in range(1 + group)]
    opens = monday + timedelta(draw.randint(0, 2))
    row = {
        "id": advert, "status": "open", "opens_at": at(opens, 9),
        "closes_at": at(monday + timedelta(draw.randint(3, 5)), 12), "landlord": landlord,
        "bedrooms": bedrooms + (draw.random() < 0.04),
        "profile": draw.choice([None, None, None, "need", "staged", "staged"]),
        "local_lettings_plan": "plan" if "local_lettings_plans" in scheme and draw.random() < 0.5
        else None,
    }
    row["home_group" if group else "home"] = homes[0]["home_group"] if group else homes[0]["id"]
    if draw.random() < 0.07:
        row["corrected_at"] = at(opens + timedelta(1), 15)
    return row, homes


def random_bids(draw: random.Random, advert: Row, households: list[str]) -> list[Row]:
    """Bids on an advert: some again, some withdrawn, some at moments when it is not open."""
    opens, closes = advert["opens_at"], advert["closes_at"]
    span = (closes - opens).total_seconds() / 3600
    bids = {}
    for household in households:
        for _ in range(draw.choices([0, 1, 2], [3, 7, 1])[0]):
            hours = draw.uniform(0, span) if draw.random() < 0.95 else span + 5
            placed = (opens + timedelta(hours=round(hours, 2)))
            withdrawn = placed + timedelta(hours=draw.randint(1, 30)) if draw.random() < 0.1 else None
            bids[household, placed] = {
                "advert": advert["id"], "application": household, "placed_at": placed,
                "withdrawn_at": withdrawn,
                "placed_by": draw.choice([None, None, None, "applicant", "officer"])}
    return list(bids.values())


def _check(draw: random.Random, key: str, household: str, check: str, since: date,
           adverts: list[str]) -> Row:
    by, second = draw.choice(["Ada", "Ada", "Ada", None]), draw.choice(["Ben", "Ben", "Ben", "Ada", None])
    outcome = draw.choices(["cleared", "refused", "not_for_this_home", "refer"], [12, 1, 1, 1])[0]
    return {
        "id": key, "application": household, "check": check, "outcome": outcome, "since": since,
        "advert": draw.choice(adverts) if draw.random() < 0.1 else None,
        "until": since + timedelta(draw.randint(3, 12)) if draw.random() < 0.1 else None,
        "by": by, "confirmed_by": second,
    }

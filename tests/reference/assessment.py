"""The assessment of one household at a time, in plain Python, from ``docs/assessment.md``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.reference.bedrooms import bounds
from tests.reference.dates import Register as Dates
from tests.reference.facts import Household, value_of, whole_months
from tests.reference.law import EXEMPTING, eligible, exempt
from tests.reference.rooms import rooms_and_number_differ
from tests.reference.sql import evaluate, names_in

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = dict[str, Any]

STATUSES = ("active", "suspended", "deferred", "unbanded", "awaiting_review", "under_offer",
            "housed", "closed")
FIELDS = ("bedroom_need", "sizes", "qualifies", "band", "points", "place_in_band", "status",
          "priority_date")
NOT_WAITING = ("under_offer", "housed", "closed")
MET, FAILED, UNKNOWN = True, False, None


@dataclass
class Found:
    """What is found of one household, as the steps go on."""

    values: Row = field(default_factory=dict)
    awards: dict[str, Any] = field(default_factory=dict)
    held: dict[str, bool] = field(default_factory=dict)
    expired: dict[str, date] = field(default_factory=dict)
    waits: bool = False
    bands: set[str | None] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    overridden: set[str] = field(default_factory=set)


class Assessor:
    """A scheme version (the only one), a register and a date."""

    def __init__(self, version: Any, tables: dict[str, list[Row]], as_at: date,
                 standard: Callable[[str], Any]) -> None:
        self.version = version
        self.rules = version.assessment
        self.tables = tables
        self.as_at = as_at
        own = version.bedroom_standards
        self.standard = lambda name: standard(own.get(name, name))
        self.decided: dict[str, bool] = {}
        self.bands = list(version.bands)

    def of(self, table: str, ident: str) -> list[Row]:
        return [r for r in self.tables.get(table, []) if r["application"] == ident]

    def assess(self, row: Row, date_doubts: bool) -> Found:
        """Every step for one application.

        Args:
            row: its row.
            date_doubts: whether its history of bands contradicts itself.
        """
        found = Found()
        ident = row["id"]
        people = self.of("people", ident)
        household = Household(
            people, self.of("connections", ident),
            {a["id"]: a for a in self.tables.get("areas", [])}, {}, row,
            {t: self.of(t, ident) for t in ("duties", "officer_decisions", "rooms")}, self.standard,
        )
        values = found.values = {
            f: row.get(f)
            for f in ("bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date")
        }
        facts = {n: value_of(f, household, self.as_at, self.parameter)
                 for n, f in self.version.facts.items()}

        def read(name: str) -> Any:
            if name == "as_at":
                return self.as_at
            if name.startswith("param."):
                return self.parameter(name.removeprefix("param."))
            if name in facts:
                return facts[name]
            return values[name] if name in values else row.get(name)

        self.contradictions(row, people, found)
        for name in FIELDS:
            self.current(ident, name, found)
        if self.rules.size is not None:
            both = bounds(people, self.standard(self.rules.size), self.as_at) if people else None
            need = both[0] if both is not None and both[0] == both[1] else None
            values["bedroom_need"] = need
            values["sizes"] = None if need is None else [need]
        self.override(found, ident, "bedroom_need")
        if "bedroom_need" in found.overridden:
            values["sizes"] = [values["bedroom_need"]]
        self.override(found, ident, "sizes")
        values["eligible_in_law"] = self.eligible(row, people)
        values["qualifies"] = self.qualifies(read, row, people)
        self.awards(found, read)
        found.bands = self.bands_left_open(found, read)
        self.override(found, ident, "qualifies")
        for name in ("band", "points", "place_in_band"):
            self.override(found, ident, name)
        if date_doubts:
            found.doubts.add("dates")
        band_since, until = values.pop("band_since"), values.pop("better_until")
        if self.rules.priority_date is not None:
            day, rule, _ = self.dates(row, found, read, band_since, until)
            values["priority_date"], values["date_rule"] = day, rule
        self.override(found, ident, "priority_date")
        values["status_proposed"] = self.status(row, found, read)
        self.override(found, ident, "status", "status_proposed")
        return found

    def parameter(self, name: str) -> Any:
        values = self.version.parameters[name].values
        return values[max(day for day in values if day <= self.as_at)]

    # Facts and law

    def contradictions(self, row: Row, people: list[Row], found: Found) -> None:
        if any(p["date_of_birth"] is not None and p["date_of_birth"] > self.as_at for p in people):
            found.doubts.add("born_after_as_at")
        if self.reads("held") and rooms_and_number_differ(
            self.of("rooms", row["id"]), row["current_bedrooms"],
            self.standard("roomy").smallest_room_sq_ft, self.as_at
        ):
            found.doubts.add("rooms_differ")

    def reads(self, fact: str) -> bool:
        """Whether a criterion that the assessment uses reads a fact."""
        rules = self.version.assessment
        dated = rules.priority_date.instead if rules.priority_date else ()
        used = {*rules.qualifies, *(a.when for a in rules.awards.values()),
                *(s.when for s in rules.status), *(i.when for i in dated)} - {None}
        return any(fact in names_in(self.version.criteria[name].when) for name in used)

    def applicants(self, people: list[Row]) -> list[Row]:
        return [p for p in people
                if p["relationship"] == "applicant" or p["joint_applicant"] is True]

    def eligible(self, row: Row, people: list[Row]) -> bool | None:
        answers = eligible(row, people).values()
        if FAILED in answers:
            return FAILED
        return UNKNOWN if UNKNOWN in answers else MET

    def outcome(self, name: str, read: Any) -> bool | None:
        if name in self.decided:
            return self.decided[name]
        return evaluate(self.version.criteria[name].when, read)

    def counts(self, name: str, outcome: bool | None) -> bool:
        return outcome is True or (
            outcome is None and self.version.criteria[name].when_unknown == "pass")

    def holds(self, name: str) -> bool:
        return self.version.criteria[name].when_unknown == "hold"

    def qualifies(self, read: Any, row: Row, people: list[Row]) -> bool | None:
        result: bool | None = True
        for name in self.rules.qualifies:
            outcome = self.outcome(name, read)
            if self.version.criteria[name].tests in EXEMPTING and (
                exempt(row, people, self.as_at) is True
            ):
                outcome = True
            if self.counts(name, outcome):
                continue
            if outcome is None and self.holds(name):
                result = None if result is True else result
            else:
                result = False
        return result

    # Awards

    def awards(self, found: Found, read: Any) -> None:
        awards, since = self.rules.awards, {}
        points: dict[str, int] = {}
        unsure = set()
        for name, award in awards.items():
            found.awards[name], found.held[name] = self.held(name, award, found, read)
            counted = [since[p] for p in award.of if found.held[p] and since[p] is not None]
            since[name] = (
                read(award.since) if award.since is not None else max(counted, default=None))
            points[name] = award.points or 0
            if award.points is not None and award.each is not None:
                times = read(award.each)
                if times is None:
                    unsure.add(name)
                points[name] = 0 if times is None else award.points * times
            if award.most is not None and name not in unsure:
                nearer_nought = max if award.points < 0 else min
                points[name] = nearer_nought(points[name], award.most)
        counting = [n for n in awards if found.held[n]]
        for group in {a.one_of for a in awards.values()} - {None}:
            mine = [n for n in counting if awards[n].one_of == group]
            mine.sort(key=lambda n: (
                self.bands.index(awards[n].band) if awards[n].band else len(self.bands),
                -points[n],
            ))
            counting = [n for n in counting if n not in mine[1:]]
        found.waits |= any(n in unsure for n in counting)
        values = found.values
        given = [awards[n].band for n in counting if awards[n].band is not None]
        says_band = self.rules.otherwise is not None or any(a.band for a in awards.values())
        best = min(map(self.bands.index, given), default=None)
        decided = [n for n in counting
                   if awards[n].band is not None and self.bands.index(awards[n].band) == best]
        band = best
        if band is None and self.rules.otherwise is not None:
            band = self.bands.index(self.rules.otherwise)
        for name in counting:
            if awards[name].up is not None and band is not None:
                limit = awards[name].not_above
                top = 0 if limit is None else self.bands.index(limit)
                higher = max(band - awards[name].up, top)
                if higher < band:
                    band = higher
                    decided.append(name)
        for name in counting:
            if awards[name].at_most is not None and band is not None:
                lowest = self.bands.index(awards[name].at_most)
                if band < lowest:
                    band = lowest
                    decided.append(name)
        better = [n for n, award in awards.items() if band is not None and n in found.expired and (
            (award.band is not None and self.bands.index(award.band) < band)
            or (award.band is None and award.up is not None
            and band > (self.bands.index(award.not_above) if award.not_above else 0)))]
        values["better_until"] = max((found.expired[n] for n in better), default=None)
        values["band_since"] = max((since[n] for n in decided if since[n] is not None),
                                   default=None)
        if says_band:
            values["band"] = None if band is None else self.bands[band]
        if self.rules.points_at_least is not None or any(
            a.points is not None for a in awards.values()
        ):
            total = sum(points[n] for n in counting)
            promised = (
                read(self.rules.points_at_least) if self.rules.points_at_least else None)
            values["points"] = total if promised is None else max(total, promised)
        if any(a.place is not None for a in awards.values()):
            values["place_in_band"] = min(
                (awards[n].place for n in counting if awards[n].place is not None), default=0)

    def bands_left_open(self, found: Found, read: Any) -> set[str | None]:
        """Every band that there could be, however the criteria that wait come out."""
        waiting = [n for n in dict.fromkeys(a.when for a in self.rules.awards.values() if a.when)
                   if self.holds(n) and self.outcome(n, read) is None]
        out = set()
        for answers in product((True, False), repeat=len(waiting)):
            self.decided = dict(zip(waiting, answers, strict=True))
            one = Found(values=dict(found.values))
            self.awards(one, read)
            out.add(one.values["band"])
        self.decided = {}
        return out

    def held(
        self, name: str, award: Any, found: Found, read: Any
    ) -> tuple[bool | None, bool]:
        parts: list[bool | None] = []
        held = True
        if award.when is not None:
            outcome = self.outcome(award.when, read)
            parts.append(outcome)
            held = self.counts(award.when, outcome)
        if award.at_least is not None:
            theirs = [found.awards[n] for n in award.of]
            sure, maybe = theirs.count(True), theirs.count(True) + theirs.count(None)
            parts.append(
                True if sure >= award.at_least else False if maybe < award.at_least else None)
            held = held and sum(found.held[n] for n in award.of) >= award.at_least
        day = read(award.since) if award.since is not None else None
        if day is not None:
            ended = award.lasts_months is not None and (
                day <= self.as_at and whole_months(day, self.as_at) >= award.lasts_months)
            if ended and held and False not in parts:
                found.expired[name] = next(
                    d for d in (day + timedelta(n) for n in range(40_000))
                    if whole_months(day, d) >= award.lasts_months)
            if day > self.as_at or ended:
                parts.append(False)
        result = False if False in parts else None if None in parts else True
        if result is None and award.when is not None and self.holds(award.when) and (
            self.outcome(award.when, read) is None
        ):
            found.waits = True
        return result, held and result is not False

    # Overrides

    def current(self, ident: str, name: str, found: Found) -> list[tuple[Row, Any]]:
        """The overrides of a field that can be read, the last decision last."""
        good = []
        for one in self.of("overrides", ident):
            begun = one["since"] is None or one["since"] <= self.as_at
            if one["field"] != name or not begun or (
                one["until"] is not None and one["until"] <= self.as_at
            ):
                continue
            try:
                good.append((one, self.read(name, one["value"])))
            except ValueError:
                found.doubts.add("override_unreadable")
        if len({one["value"] for one, _ in good}) > 1:
            found.doubts.add("override_conflict")
        return sorted(good, key=lambda g: (g[0]["decided_on"] or date.min,
                                           g[0]["since"] or date.min, g[0]["id"]))

    def override(self, found: Found, ident: str, name: str, into: str | None = None) -> None:
        good = self.current(ident, name, found)
        if not good:
            return
        last, value = good[-1]
        told = last["instead_of"]
        if told is not None and self.read(name, told) != found.values.get(into or name):
            found.doubts.add("override_basis_changed")
        found.values[into or name] = value
        found.overridden.add(name)
        if name == "band":
            found.values["band_since"] = last["since"] or last["decided_on"]

    def read(self, name: str, text: str | None) -> Any:
        if text is None and name in ("band", "points"):
            return None
        if text is None:
            raise ValueError(name)
        match name:
            case "band":
                if text not in self.bands:
                    raise ValueError(text)
                return text
            case "status":
                if text not in STATUSES:
                    raise ValueError(text)
                return text
            case "sizes":
                return [int(part) for part in text.split("|")]
            case "qualifies":
                if text not in ("yes", "no"):
                    raise ValueError(text)
                return text == "yes"
            case "priority_date":
                return date.fromisoformat(text)
            case "bedroom_need":
                if not 0 <= int(text) <= 20:
                    raise ValueError(text)
        return int(text)

    # Date and status

    def dates(self, row: Row, found: Found, read: Any, since: date | None,
              until: date | None) -> Any:
        rule = self.rules.priority_date
        ident = row["id"]
        spells = self.of("band_history", ident)
        if not spells and row.get("band") is not None:
            spells = [{"application": ident, "band": row["band"], "since": row.get("band_from"),
                       "until": None, "why": None, "submitted_on": None,
                       "priority_date": row.get("priority_date"), "from_application": None,
                       "on_register": True}]
        code = {True: 0, False: 1, None: 2}
        used = {i.when for i in rule.instead if i.when is not None}
        named = [rule.first] if isinstance(rule.first, str) else list(rule.first)
        named += [i.date for i in rule.instead if i.date is not None]
        today = {ident: {"band": found.values["band"], "since": since,
                         "better_until": None if "band" in found.overridden else until}}
        register = Dates(
            {ident: {n: read(n) for n in named}}, spells,
            [(self.version.in_force.from_, rule, self.bands)], self.as_at, today,
            {n: {ident: code[self.outcome(n, read)]} for n in used},
        )
        return register.date_of(ident)

    def status(self, row: Row, found: Found, read: Any) -> str:
        if row["status"] in NOT_WAITING:
            return row["status"]
        for rule in self.rules.status:
            outcome = self.outcome(rule.when, read)
            if outcome is None and self.holds(rule.when):
                found.waits = True
        for rule in self.rules.status:
            if self.counts(rule.when, self.outcome(rule.when, read)):
                return rule.status
        if found.values["eligible_in_law"] is False or found.values["qualifies"] is False:
            return "closed"
        unsized = self.rules.size is not None and found.values["bedroom_need"] is None
        if found.waits or found.doubts or unsized or found.values["qualifies"] is None:
            return "awaiting_review"
        if self.bands and found.values["band"] is None:
            return "unbanded"
        return "active"

"""The priority date of one household at a time, in plain Python, from ``docs/assessment.md``."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

NEVER = date.min
ALWAYS = date.max

Row = dict[str, Any]


@dataclass(frozen=True)
class State:
    """Where a history stands after a spell."""

    day: date | None
    rule: str
    event: str
    original: date | None
    original_event: str


@dataclass
class Register:
    """Everything that dates are worked out from.

    Attributes:
        applications: rows by id.
        spells: rows of the history.
        policies: (first day, rule, bands from the highest).
        as_at: today.
        today: what was found today by id; absent: the history stands.
        outcomes: criterion -> id -> 0 met, 1 failed, 2 not known.
    """

    applications: dict[str, Row]
    spells: list[Row]
    policies: list[tuple[date, Any, list[str]]]
    as_at: date
    today: dict[str, Row]
    outcomes: dict[str, dict[str, int]]

    def date_of(self, ident: str) -> tuple[date | None, str, str]:
        """The date, the rule that set it and what it came from."""
        spells = self.until_today(ident)
        if spells:
            state = self.after(spells)
            band = self.name(spells[-1]["band"])
        else:
            day, event = self.first(ident, self.policies[-1])
            state, band = State(day, "first", event, day, event), None
        return self.instead(ident, state, band, spells)

    def held(self, ident: str) -> tuple[str | None, date | None]:
        """The band now held, and the day it was entered."""
        spells = self.until_today(ident)
        if not spells or spells[-1]["band"] is None:
            return None, None
        return self.name(spells[-1]["band"]), entered(self, spells)["since"]

    def until_today(self, ident: str) -> list[Row]:
        """The history, and the band found today where it is another."""
        spells = self.history(ident)
        found = self.today.get(ident)
        if found is not None:
            last = self.name(spells[-1]["band"]) if spells else None
            if self.name(found["band"]) != last:
                since = found["since"] or self.as_at
                if spells and self.fell(found["band"], spells[-1]["band"]):
                    since = max(since, found.get("better_until") or NEVER)
                    if since <= (spells[-1]["since"] or NEVER):
                        since = self.as_at
                spells = [*spells, {"why": None, "submitted_on": None, "priority_date": None,
                                    "from_application": None, **found, "since": since,
                                    "day": self.as_at, "origin": ident}]
        return spells

    def name(self, band: str | None, policy: Any = None) -> str | None:
        rule = (policy or self.policies[-1])[1]
        return rule.formerly.get(band, band) if band is not None else None

    def fell(self, band: str | None, before: str | None) -> bool:
        """Whether a band is lower than another by the version of today."""
        mine, theirs = (self.place(b, self.policies[-1]) for b in (band, before))
        return mine is not None and theirs is not None and mine > theirs

    def place(self, band: str | None, policy: Any) -> int | None:
        """Place of a band among those of a version, by its name there or else by that of today."""
        if band is None:
            return None
        _, rule, bands = policy
        own = rule.formerly.get(band, band)
        if own in bands:
            return bands.index(own)
        called = [self.name(name) for name in bands]
        return called.index(self.name(band)) if called.count(self.name(band)) == 1 else None

    def policy_on(self, since: date | None) -> Any:
        begun = [p for p in self.policies if p[0] <= (since or NEVER)]
        return begun[-1] if begun else self.policies[0]

    def first(self, ident: str, policy: Any) -> tuple[date | None, str]:
        names = policy[1].first
        names = (names,) if isinstance(names, str) else names
        row = self.applications[ident]
        known = [(row[n], k, n) for k, n in enumerate(names) if row[n] is not None]
        if not known:
            return None, names[0]
        day, _, name = min(known)
        return day, name

    def own(self, ident: str) -> list[Row]:
        """The spells of one application in the order they count."""
        rows = []
        for spell in self.spells:
            since, until = spell["since"], spell["until"]
            if spell["application"] != ident or (since or NEVER) > self.as_at:
                continue
            if until is not None and until <= (since or NEVER):
                continue
            rows.append({**spell, "day": since or NEVER, "origin": ident})
        order = list(dict.fromkeys(
            b for p in reversed(self.policies) for b in [*p[2], *p[1].formerly]
        ))
        whys = [None, "policy", "reregistration", "joined", "split"]
        ids = sorted(self.applications)

        def place(row: Row) -> tuple:
            band = row["band"]
            rank = len(order) if band not in order else order.index(band)
            other = row["from_application"]
            known = -1 if other is None else ids.index(other) if other in ids else -2
            return (
                row["day"], row["until"] or ALWAYS, -(10_000 if band is None else rank),
                whys.index(None if row["why"] == "need" else row["why"]),
                row["submitted_on"] or NEVER, row["priority_date"] or NEVER, known,
            )

        return sorted(rows, key=place)

    def history(self, ident: str) -> list[Row]:
        """The spells of one application, begun with those of the one it was split from."""
        rows = self.own(ident)
        if rows and rows[0]["why"] == "split" and rows[0]["from_application"] in self.applications:
            parent = self.own(rows[0]["from_application"])
            if parent and parent[0]["day"] < rows[0]["day"]:
                before = self.history(rows[0]["from_application"])
                rows = [r for r in before if r["day"] < rows[0]["day"]] + rows
        return rows

    def after(self, spells: list[Row]) -> State:
        """The state after the last of these spells."""
        state: State | None = None
        seen: list[tuple[str | None, State]] = []
        last_band: str | None = None
        for spell in spells:
            policy = self.policy_on(spell["since"])
            band = spell["band"]
            start, start_event = self.first(spell["origin"], policy)
            if state is None:
                rule, action = "first", "keep"
                before = State(start, "first", start_event, start, start_event)
            else:
                before = state
                rule, action = self.change(spell, policy, last_band)
            now = self.act(spell, policy, rule, action, before, seen, first=state is None)
            if rule == "reregistration" and action in ("award", "submitted") and (
                spell["priority_date"] is None
            ):
                now = replace(now, original=now.day, original_event=now.event)
                seen = []
            seen.append((self.name(band), now))
            if band is not None:
                last_band = band
            state = now
        assert state is not None
        return state

    def change(self, spell: Row, policy: Any, last: str | None) -> tuple[str | None, str]:
        """The rule and action of a spell that is not the first."""
        _, rule, _ = policy
        if spell["why"] not in (None, "need"):
            return spell["why"], getattr(rule, spell["why"])
        band = spell["band"]
        if band is None:
            return None, "keep"
        if last is None:
            return "first_band", rule.first_band
        if self.name(band) == self.name(last):
            return None, "keep"
        mine, theirs = self.place(band, policy), self.place(last, policy)
        if mine is None or theirs is None or mine == theirs:
            return None, "keep"
        kind = "up" if mine < theirs else "down"
        return kind, getattr(rule, kind)

    def act(self, spell: Row, policy: Any, rule: Any, action: str, before: State,
            seen: list[tuple[str | None, State]], first: bool) -> State:
        band = "no band" if spell["band"] is None else spell["band"]
        since = spell["since"]
        awarded = f"{band} from " + ("the start" if since is None else since.isoformat())
        if awarded.endswith("from the start"):
            awarded = f"{band} from the start"
        if spell["priority_date"] is not None:
            day, event = spell["priority_date"], (
                "the date on the register" if spell.get("on_register") else f"{band} as an officer dated it")
            state = replace(before, day=day, rule="recorded", event=event)
            return replace(state, original=day, original_event=event) if first else state
        state = before
        if action == "award" or (action == "submitted" and spell["submitted_on"] is None):
            state = replace(before, day=since, rule=rule, event=awarded)
        elif action == "submitted":
            day = spell["submitted_on"]
            state = replace(before, day=day, rule=rule, event=f"{band} submitted {day}")
        elif action == "original":
            state = replace(before, day=before.original, rule=rule, event=before.original_event)
        elif action == "restore":
            held = [s for b, s in seen if b is not None and b == self.name(spell["band"])]
            state = (
                replace(before, day=held[-1].day, rule=rule, event=held[-1].event)
                if held
                else replace(before, day=before.original, rule=rule, event=before.original_event)
            )
        if spell["why"] == "joined" and policy[1].joined == "earliest":
            state = self.join(spell, policy, state)
        return state

    def join(self, spell: Row, policy: Any, state: State) -> State:
        other = spell["from_application"]
        if other not in self.applications:
            return state
        theirs = [s for s in self.history(other) if s["day"] < spell["day"]]
        if theirs:
            them = self.after(theirs)
        else:
            day, event = self.first(other, policy)
            them = State(day, "first", event, day, event)
        if them.day is not None and (state.day is None or them.day < state.day):
            state = replace(state, day=them.day, rule="joined", event=them.event)
        if them.original is not None and (
            state.original is None or them.original < state.original
        ):
            state = replace(
                state, original=them.original, original_event=them.original_event
            )
        return state

    def instead(
        self, ident: str, state: State, band: str | None, spells: list[Row]
    ) -> tuple[date | None, str, str]:
        as_is = state.day, state.rule, state.event
        if state.rule == "recorded":
            return as_is
        for item in self.policies[-1][1].instead:
            if item.bands and band not in item.bands:
                continue
            if item.when is not None and self.outcomes[item.when][ident] != 0:
                continue
            day, event = self.taken(ident, item, state, spells)
            return (day, "instead", event) if day is not None else as_is
        return as_is

    def taken(
        self, ident: str, item: Any, state: State, spells: list[Row]
    ) -> tuple[date | None, str]:
        if item.date is not None:
            return self.applications[ident][item.date], item.date
        if item.months_earlier is not None:
            if state.day is None:
                return None, ""
            return (
                months_before(state.day, item.months_earlier),
                f"{state.event}, {item.months_earlier} months earlier",
            )
        if item.take == "original":
            return state.original, state.original_event
        if not spells:
            return None, ""
        at = entered(self, spells)
        named = at["band"] or "no band"
        if item.take == "submitted" and at["submitted_on"] is not None:
            return at["submitted_on"], f"{named} submitted {at['submitted_on']}"
        return at["since"], f"{named} from {at['since']}"


def entered(register: Register, spells: list[Row]) -> Row:
    """The spell with which the last band held was entered."""
    at = spells[0]
    band: str | None = None
    for spell in spells:
        if spell["band"] is not None and register.name(spell["band"]) != band:
            at, band = spell, register.name(spell["band"])
    return at


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of a shorter month."""
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

"""Quotas and targets of plans, counted from scratch."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.offers.weeks.facts import Facts
    from tests.offers.weeks.fold import Folded

Row = dict[str, Any]
Account = tuple[str, tuple[str, ...], date | None]


class Counts:
    """Own counts of every quota and target, beside those of the ledger.

    Args:
        facts: what was known.
        book: what the events say so far.
    """

    def __init__(self, facts: Facts, book: Folded) -> None:
        self.facts, self.book = facts, book
        self.quotas: Row = facts.scheme.get("advertising", {}).get("quotas", {})
        self.count: dict[Account, list[int]] = defaultdict(lambda: [0, 0])
        self.let: dict[str, list[tuple[Account, int]]] = {}

    def counted(self, event: Row) -> None:
        """An advert opened, or a home was let, or that fell through: once the event is applied."""
        if event["kind"] == "letting_undone":
            for account, part in self.let.pop(event["offer"], []):
                self._add(account, -1, -part)
        elif event["kind"] == "let_to":
            offer = self.book.offers[event["offer"]]
            if offer["advert"] is not None:
                self.let[offer["id"]] = self._of_letting(offer, event["on"])
                for account, part in self.let[offer["id"]]:
                    self._add(account, 1, part)
        else:
            advert, on, profile = event["advert"], event["on"], event["profile"]
            for name, quota in self.quotas.items():
                if quota["on"] == "adverts" and self._in_whole(
                    name, advert, on, lambda q: q.get("profile") == profile
                ):
                    homes = event["homes"]
                    self._add(self._account(name, advert, on), homes,
                              homes * (quota.get("profile") == profile))

    def profile(self, advert: str, on: date, homes: int) -> str:
        """The profile that an advert of so many homes opens with."""
        own = self.facts.adverts[advert].get("profile")
        if own is not None:
            return own
        behind: dict[str, Fraction] = {}
        for name, quota in self.quotas.items():
            if quota.get("profile") is not None and self._in_whole(name, advert, on, lambda _: False):
                whole, part = self.count.get(self._account(name, advert, on), (0, 0))
                behind[name] = Fraction(str(quota["share"])) * (whole + homes) - part
        best = None
        for name, by in behind.items():
            outer = self.quotas[name].get("within")
            if by < homes or (outer in behind and behind[outer] >= homes):
                continue
            if best is None or by > behind[best]:
                best = name
        default = self.facts.scheme.get("default_profile")
        return default if best is None else self.quotas[best]["profile"]

    def reserved(self, advert: str, on: date) -> list[str]:
        """Criteria of the targets that are behind, for a home of this advert."""
        found = []
        for account, target in self._targets(advert, on):
            whole, part = self.count.get(account, (0, 0))
            share, number = target.get("share"), target.get("number")
            if (share and Fraction(str(share)) * (whole + 1) > part) or (number and part < number):
                found.append(target["criterion"])
        return list(dict.fromkeys(found))

    def wrong(self) -> list[str]:
        """Accounts of which the ledger's last row says something else."""
        last = {(r["quota"], tuple(r["stratum"]), r["period"]): [r["whole"], r["part"]]
                for r in self.book.ledger}
        return [
            f"{account}: {last.get(account)}, counted {count}"
            for account, count in self.count.items() if last.get(account, [0, 0]) != count
        ] + [f"{a}: {c}, counted none" for a, c in last.items() if a not in self.count and any(c)]

    def _add(self, account: Account, whole: int, part: int) -> None:
        self.count[account][0] += whole
        self.count[account][1] += part

    def _in_whole(self, name: str, advert: str, on: date, is_part: Any) -> bool:
        quota = self.quotas[name]
        if self.facts.met(quota.get("of"), None, advert, on) is not True:
            return False
        outer = quota.get("within")
        if outer is None or outer not in self.quotas:
            return True
        return not is_part(self.quotas[outer]) and self._in_whole(outer, advert, on, is_part)

    def _account(self, name: str, advert: str, on: date) -> Account:
        row, quota = self.facts.advert(advert), self.quotas[name]
        stratum = tuple("not known" if row.get(c) is None else str(row[c]) for c in quota.get("by", []))
        starts = quota.get("starts")
        if starts is None:
            return name, stratum, None
        month, day = map(int, starts.split("-"))
        this = date(on.year, month, day)
        return name, stratum, this if this <= on else date(on.year - 1, month, day)

    def _targets(self, advert: str, on: date) -> list[tuple[Account, Row]]:
        plan = self.facts.adverts[advert].get("local_lettings_plan")
        rules = self.facts.scheme.get("local_lettings_plans", {}).get(plan, {"targets": []})
        return [
            ((f"{plan}: {t['criterion']}", (t["homes"],) if t.get("homes") else (), None), t)
            for t in rules["targets"] if self.facts.met(t.get("homes"), None, advert, on) is True
        ]

    def _of_letting(self, offer: Row, on: date) -> list[tuple[Account, int]]:
        advert, household = offer["advert"], offer["application"]
        profile = self.book.adverts[advert]["profile"]

        def is_part(quota: Row) -> bool:
            if quota["on"] == "lettings" and quota.get("to"):
                return self._meets(quota["to"], household, advert, on)
            return quota.get("profile") == profile

        found = [(self._account(name, advert, on), int(is_part(quota)))
                 for name, quota in self.quotas.items()
                 if quota["on"] == "lettings" and self._in_whole(name, advert, on, is_part)]
        return found + [(account, int(self._meets(target["criterion"], household, advert, on)))
                        for account, target in self._targets(advert, on)]

    def _meets(self, name: str, household: str, advert: str, on: date) -> bool:
        # As it stood when it signed: it is housed only from then on, which no target reads.
        return self.facts.met(name, household, advert, on) is True

"""Shares among homes, kept in a ledger that says in words why each home was counted or chosen.

Every count is the last row of the ledger for its quota, stratum and period, so that the ledger is
all that need be kept. Shares are compared as the fractions that were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from cbl_engine.offers.events import AdvertCounted
from cbl_engine.scheme.parts import exact_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.advertising import Quota
    from cbl_engine.scheme.model import SchemeVersion, Target

NOT_KNOWN = "not known"
"""Stands in a stratum for a column of the advert that is empty."""


class Account(NamedTuple):
    """Whose count it is: a quota (or ``plan: criterion``), a stratum of it, and a period."""

    quota: str
    stratum: tuple[str, ...] = ()
    period: date | None = None


class Count(NamedTuple):
    """Homes counted so far, and those of them that are the quota's."""

    whole: int = 0
    part: int = 0


class Choice(NamedTuple):
    """What an advert opens with: its profile, the quota that chose it, and what was counted."""

    profile: str | None
    quota: str | None
    events: list[AdvertCounted]


@dataclass(frozen=True)
class _Letting:
    """A home let to a household, and the offer that led to it."""

    advert: Any
    application: Any
    offer: str


class Ledger:
    """Counts of quotas and of plans' targets; what it returns as events it has counted.

    Args:
        judge: with the scheme, and every advert and application that is asked about.
        rows: the table ``ledger`` of a record; None for a record that begins.
    """

    def __init__(self, judge: Judge, rows: pl.DataFrame | None = None) -> None:
        self._judge = judge
        self.counts: dict[Account, Count] = {}
        self._chosen: dict[str, str] = {}
        self._standing: dict[tuple[str, Account], int] = {}  # of lettings that stand: in the part?
        self._adverts: dict[str, dict[str, Any]] | None = None
        if rows is not None and rows.height:
            for row in rows.sort("event").iter_rows(named=True):
                account = Account(row["quota"], tuple(row["stratum"]), row["period"])
                self._note(account, Count(row["whole"], row["part"]), row["letting"])
                if row["chosen"]:
                    self._chosen[str(row["advert"])] = account.quota

    def choose(self, advert_id: Any, on: date, homes: int = 1) -> Choice:
        """The profile that an advert of so many homes opens with, and what it counts in.

        Of the quotas that name a profile and whose whole it would be in, the one furthest behind
        chooses, if it is behind by at least as many homes as the advert lets; one within another is
        asked only when that other is not. Equal: the first written. An advert with a profile keeps
        it.
        """
        return self.choose_each([advert_id], on, {advert_id: homes})[0]

    def choose_each(
        self, advert_ids: Iterable[Any], on: date, homes: Mapping[Any, int] | None = None
    ) -> list[Choice]:
        """The same for several adverts that open one after the other, in this order.

        ``homes`` says how many each lets; one where it does not.
        """
        adverts, homes = list(advert_ids), homes or {}
        version = self._judge.version(on)
        quotas = _quotas(version)
        of = {name: self._meets(quota.of, on, adverts) for name, quota in quotas.items()}
        return [
            self._opened(advert, homes.get(advert, 1), on, version, {n for n in quotas if of[n][place]})
            for place, advert in enumerate(adverts)
        ]

    def letting(
        self, advert_id: Any, application_id: Any, on: date, *, offer: str
    ) -> list[AdvertCounted]:
        """What a letting signed that day counts in: quotas on lettings, and its plan's targets.

        A direct let (no advert) counts in none.
        """
        return self._let(_Letting(advert_id, application_id, offer), on, on, 1)

    def undone(
        self, advert_id: Any, application_id: Any, signed_on: date, on: date, *, offer: str
    ) -> list[AdvertCounted]:
        """A letting that fell through is taken back from what it counted in when it was signed."""
        return self._let(_Letting(advert_id, application_id, offer), signed_on, on, -1)

    def reserved(self, advert_id: Any, on: date) -> tuple[str, ...]:
        """Criteria of its plan's targets that are behind: whoever meets any of them is asked first.

        Returns:
            Each once, in the order of the plan; empty when none is behind, or it has no plan.
        """
        behind = [
            target.criterion
            for account, target in self._targets(advert_id, on)
            if _target_behind(target, self.counts.get(account, Count()))
        ]
        return tuple(dict.fromkeys(behind))

    def profile_of(self, advert_id: Any, on: date) -> str | None:
        """The profile that an advert has, or was given when it opened."""
        version = self._judge.version(on)
        chosen = _quotas(version).get(self._chosen.get(str(advert_id), ""))
        own = self._advert(advert_id).get("profile")
        if own is None and chosen is not None and chosen.profile is not None:
            return chosen.profile
        return version.profile_for(own)

    def _opened(
        self, advert: Any, homes: int, on: date, version: SchemeVersion, meeting: set[str]
    ) -> Choice:
        quotas = _quotas(version)
        own = self._advert(advert).get("profile")
        inside = {
            name for name in quotas
            if _in_whole(name, quotas, meeting, lambda _, outer: own is not None and outer.profile == own)
        }
        accounts = {name: self._account(name, quotas[name], advert, on) for name in inside}
        name = self._furthest(quotas, accounts, homes) if own is None else None
        profile = version.profile_for(own if name is None else quotas[name].profile)
        before = {n: self.counts.get(account, Count()) for n, account in accounts.items()}

        def is_part(_: str, quota: Quota) -> bool:
            return quota.profile is not None and quota.profile == profile

        events = []
        for each, quota in quotas.items():
            counted = quota.on == "adverts" and _in_whole(each, quotas, meeting, is_part)
            if not counted and each != name:
                continue
            count = before[each]
            by = homes if counted else 0
            after = Count(count.whole + by, count.part + by * is_part(each, quota))
            why = _why(quota.label, exact_share(quota.share), quota.by, accounts[each].stratum,
                       count if each == name else after, chosen=each == name)
            events.append(self._event(accounts[each], after, advert, on, why, chosen=each == name))
            if each == name:
                self._chosen[str(advert)] = each
        return Choice(profile, name, events)

    def _furthest(
        self, quotas: dict[str, Quota], accounts: dict[str, Account], homes: int
    ) -> str | None:
        """The quota that chooses, of those whose whole the advert would be in."""
        behind = {
            name: exact_share(quotas[name].share) * (count.whole + homes) - count.part
            for name, account in accounts.items()
            if quotas[name].profile is not None
            for count in (self.counts.get(account, Count()),)
        }
        asked = [
            name for name in quotas
            if behind.get(name, 0) >= homes
            and not any(behind.get(outer, 0) >= homes for outer in _around(name, quotas))
        ]
        return max(asked, key=lambda name: behind[name], default=None)

    def _let(self, letting: _Letting, signed_on: date, on: date, by: int) -> list[AdvertCounted]:
        if letting.advert is None:
            return []
        quotas = _quotas(self._judge.version(signed_on))
        profile = self.profile_of(letting.advert, signed_on)
        meeting = {
            name for name, quota in quotas.items()
            if self._meets(quota.of, signed_on, [letting.advert])[0]
        }

        def is_part(_: str, quota: Quota) -> bool:
            if quota.on == "lettings" and quota.to is not None:
                return self._household_meets(quota.to, letting, signed_on)
            return quota.profile is not None and quota.profile == profile

        found = [
            (self._account(name, quota, letting.advert, signed_on), quota.label, quota.by,
             exact_share(quota.share), None, is_part(name, quota),
             _in_whole(name, quotas, meeting, is_part))
            for name, quota in quotas.items() if quota.on == "lettings"
        ]
        found += [
            (account, target.label, (), None if target.share is None else exact_share(target.share),
             target.number, self._household_meets(target.criterion, letting, signed_on), True)
            for account, target in self._targets(letting.advert, signed_on)
        ]
        events = []
        for account, label, columns, share, number, part, counts in found:
            if by < 0:
                # Facts may be others by now: what was counted is what is taken back.
                counts = (letting.offer, account) in self._standing
                part = self._standing.get((letting.offer, account), 0)
            if not counts:
                continue
            count = self.counts.get(account, Count())
            after = Count(count.whole + by, count.part + by * part)
            why = _why(label, share, columns, account.stratum if columns else (), after, number=number)
            if by < 0:
                why = f"{why}; a letting fell through"
            events.append(self._event(account, after, letting.advert, on, why, letting=letting.offer))
        return events

    def _event(
        self, account: Account, count: Count, advert: Any, on: date, why: str, *,
        letting: str | None = None, chosen: bool = False,
    ) -> AdvertCounted:
        self._note(account, count, letting)
        return AdvertCounted(
            on=on, quota=account.quota, stratum=account.stratum, period=account.period, advert=advert,
            letting=letting, whole=count.whole, part=count.part, chosen=chosen, why=why,
        )

    def _note(self, account: Account, count: Count, letting: str | None) -> None:
        before = self.counts.get(account, Count())
        self.counts[account] = count
        if letting is None:
            return
        if count.whole > before.whole:
            self._standing[letting, account] = count.part - before.part
        else:
            self._standing.pop((letting, account), None)

    def _account(self, name: str, quota: Quota, advert: Any, on: date) -> Account:
        row = self._advert(advert)
        stratum = tuple(
            NOT_KNOWN if row.get(column) is None else str(row[column]) for column in quota.by
        )
        return Account(name, stratum, period_of(quota.starts, on))

    def _targets(self, advert: Any, on: date) -> list[tuple[Account, Target]]:
        """The targets that a home of the advert counts in. Those of some homes alone are apart."""
        plan = self._advert(advert).get("local_lettings_plan")
        rules = self._judge.version(on).local_lettings_plans.get(plan or "")
        return [
            (Account(f"{plan}: {target.criterion}", (target.homes,) if target.homes else ()), target)
            for target in (rules.targets if rules is not None else ())
            if self._meets(target.homes, on, [advert])[0]
        ]

    def _meets(self, criterion: str | None, on: date, adverts: list[Any]) -> list[bool]:
        """Whether each advert meets a criterion; on hold and not known, it does not."""
        if criterion is None or not adverts:
            return [True] * len(adverts)
        counts = self._judge.counts(criterion, on, advert=pl.Series(adverts))
        return counts.fill_null(value=False).to_list()

    def _household_meets(self, criterion: str, letting: _Letting, on: date) -> bool:
        advert, application = pl.Series([letting.advert]), pl.Series([letting.application])
        counts = self._judge.counts(criterion, on, advert=advert, application=application)
        return counts.item() is True

    def _advert(self, advert: Any) -> dict[str, Any]:
        """An advert, with what it takes from its home."""
        if self._adverts is None:
            rows = self._judge.adverts.iter_rows(named=True)
            self._adverts = {str(row["id"]): row for row in rows}
        return self._adverts[str(advert)]


def period_of(starts: str | None, on: date) -> date | None:
    """First day of the period that a day lies in, for counts that begin anew on MM-DD each year.

    A day that a year has not (02-29) is the first of the next month.
    """
    if starts is None:
        return None
    month, day = map(int, starts.split("-"))
    this_year = _day_of(on.year, month, day)
    return this_year if this_year <= on else _day_of(on.year - 1, month, day)


def _day_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month + 1, 1)


def _quotas(version: SchemeVersion) -> dict[str, Quota]:
    return dict(version.advertising.quotas) if version.advertising is not None else {}


def _around(name: str, quotas: dict[str, Quota]) -> list[str]:
    """The quotas that one lies within, the closest first."""
    out: list[str] = []
    outer = quotas[name].within
    while outer is not None and outer in quotas and outer not in out:
        out.append(outer)
        outer = quotas[outer].within
    return out


def _in_whole(name: str, quotas: dict[str, Quota], meeting: set[str], is_part: Any) -> bool:
    """Whether a home is in a quota's whole: it meets ``of``, and is what every outer one leaves."""
    outers = _around(name, quotas)
    return {name, *outers} <= meeting and not any(is_part(o, quotas[o]) for o in outers)


def _target_behind(target: Target, count: Count) -> bool:
    by_share = target.share is not None and exact_share(target.share) * (count.whole + 1) > count.part
    return by_share or (target.number is not None and count.part < target.number)


def _why(
    label: str,
    share: Fraction | None,
    columns: tuple[str, ...],
    stratum: tuple[str, ...],
    count: Count,
    *,
    chosen: bool = False,
    number: int | None = None,
) -> str:
    """What was counted, in words; for one that chose, the count before it and why."""
    so_far = "so far" if chosen else "with this one"
    targets = []
    if share is not None:
        targets.append(f"{share.numerator} in {share.denominator}")
    if number is not None:
        targets.append(f"{number} in all")
    words = f"{label}: {count.part} of {count.whole} {so_far}, target {' and '.join(targets)}"
    homes = ", ".join(
        f"{column.replace('_', ' ')} {value}" for column, value in zip(columns, stratum, strict=True)
    )
    if chosen:
        words += ", furthest behind"
    return f"{words}, for homes with {homes}" if homes else words

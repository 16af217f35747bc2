"""The scheme's rules of the week, compiled once a version; and which of them worlds do not go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.offers.deadlines import days_closed, landlords_last_day, last_day
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Nominations
    from cbl_engine.simulate.quotas import QuotaRules
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.targets import TargetRules


NO_LIMIT = 10_000
"""Days, where a landlord has no last one to answer on."""


@dataclass(eq=False)
class Policy:
    """One version of the scheme, as worlds go by it.

    Attributes:
        number: of the version.
        version: the version.
        stock: every home, a row each, for what goes by landlord.
        quotas: shares among homes, once they have been asked about the stock.
        targets: of local lettings plans, once they have.
    """

    number: int
    version: SchemeVersion
    stock: pl.DataFrame = field(repr=False)
    quotas: QuotaRules | None = None
    targets: TargetRules | None = None

    @cached_property
    def profiles(self) -> tuple[str, ...]:
        """Names of lettings profiles; an advert has the number of its own from 1, 0 for none."""
        return tuple(self.version.profiles)

    def profile_number(self, name: str | None) -> int:
        """The number of a profile, from 1; 0 for none."""
        return 0 if name is None else self.profiles.index(name) + 1

    @cached_property
    def unnamed(self) -> NDArray[np.int64]:
        """Numbers of the profiles that no quota names; all, where quotas name every one."""
        rules = self.version.advertising
        named = {q.profile for q in rules.quotas.values()} if rules is not None else set()
        others = [n for n, name in enumerate(self.profiles, 1) if name not in named]
        return np.array(others or range(1, len(self.profiles) + 1), np.int64)

    @cached_property
    def cap(self) -> int | None:
        """The lowest cap that binds everyone [bids]; None without one."""
        bidding = self.version.bidding
        caps = [c.bids for c in bidding.caps.values() if c.when is None] if bidding else []
        return min(caps, default=None)

    @cached_property
    def bottoms(self) -> bool:
        """Whether a consequence puts households at the bottom of their band."""
        return any(c.bottom_of_band_months for c in self.version.consequences.values())

    def place_of(self, bands: tuple[str, ...]) -> NDArray[np.int64]:
        """Of every band of the run its place in this version's order, from 0; those that only other
        versions have come after them, and last stands the place of no band.
        """
        order = {name: at for at, name in enumerate(self.version.bands)}
        return np.array([*(order.get(name, len(order)) for name in bands), len(order) + 1])

    def lower(
        self, band: NDArray[np.integer], steps: int, bands: tuple[str, ...]
    ) -> NDArray[np.int64]:
        """Bands so many steps lower in this version's order, the lowest at most; a band that it has
        not stays.

        Args:
            band: numbers in ``bands``, -1 for none.
            steps: how many.
            bands: of the run.
        """
        own = np.array([bands.index(name) for name in self.version.bands], np.int64)
        if not len(own):
            return band.astype(np.int64)
        place = self.place_of(bands)[band]
        return np.where(place < len(own), own[np.minimum(place + steps, len(own) - 1)], band)

    @cached_property
    def at_once(self) -> NDArray[np.int64]:
        """Households that are nominated for each home, or view it, together."""
        viewing = self.version.offers.viewing if self.version.offers is not None else None
        together = viewing.together if viewing is not None else 1
        rules = self.version.nominations
        if rules is None:
            return np.full(self.stock.height, together)
        return np.where(self.nominated, rules.at_once, together)

    @property
    def viewed(self) -> bool:
        """Whether households see a home before it is offered to one of them."""
        return self.version.offers is not None and self.version.offers.viewing is not None

    def view_days(self, day: int) -> int:
        """Days from an invitation on a day until the last on which others wait for the visit."""
        offers = self.version.offers
        if offers is None or offers.viewing is None:
            return 0
        on = date_of(day)
        due = last_day(offers.viewing.within, on, None, days_closed(self.version))
        return NO_LIMIT if due is None else (due - on).days

    def answer_days(self, homes: NDArray[np.int64], day: int) -> NDArray[np.int64]:
        """Days that the landlord of each home has to answer a nomination made on a day.

        0 for homes to whose landlord nobody is named; no limit is very many.
        """
        rules = self.version.nominations
        out = np.zeros(len(homes), np.int64)
        mine = np.flatnonzero(self.nominated[homes])
        if rules is None or not len(mine):
            return out
        on = date_of(day)
        names, number = self.landlords
        its = number[homes[mine]]
        last = np.zeros(len(names), np.int64)
        for at in np.unique(its):
            due = landlords_last_day(self.version, names[at], on)
            last[at] = NO_LIMIT if due is None else (due - on).days
        out[mine] = last[its]
        return out

    @cached_property
    def landlords(self) -> tuple[list[str], NDArray[np.int64]]:
        """Landlords by name, and the number of each home's among them."""
        landlord = self.stock["landlord"].cast(pl.String)
        names = landlord.drop_nulls().unique().sort().to_list()
        numbers = landlord.replace_strict(
            {name: at for at, name in enumerate(names)}, default=0, return_dtype=pl.Int64)
        return names, numbers.to_numpy()

    @cached_property
    def nominated(self) -> NDArray[np.bool_]:
        """Whether the council names households to the landlord of each home."""
        rules = self.version.nominations
        if rules is None or "landlord" not in self.stock.columns:
            return np.zeros(self.stock.height, bool)
        landlord = self.stock["landlord"].cast(pl.String)
        listed = _landlords_named(rules, self.version)
        named = landlord.is_not_null() if not listed else landlord.is_in(listed)
        return named.fill_null(value=False).to_numpy()


def _landlords_named(rules: Nominations, version: SchemeVersion) -> list[str]:
    return list(rules.to or version.landlords)


def policy_on(setup: Setup, day: int) -> Policy:
    """The policy in force on a day; compiled when it is first asked for.

    Raises:
        SchemeError: no version of the scheme is in force.
    """
    on = date_of(day)
    version = setup.scheme.in_force(on)
    number = setup.scheme.index_in_force(on)
    kept = setup.policies
    if number not in kept:
        kept[number] = Policy(int(number or 0), version, setup.stock)
    return kept[number]


def not_followed(version: SchemeVersion) -> list[str]:
    """The scheme's own rules that worlds do not go by, in words, as their place in the file.

    What an officer finds out about a household is not simulated: how often a nomination fails for
    it is a parameter.
    """
    found = []
    bidding, offers = version.bidding, version.offers
    if bidding is not None:
        found += [f"bidding.duties.{name}: bids that must be placed" for name in bidding.duties]
        found += [f"bidding.caps.{name}: nobody withdraws a bid"
                  for name, cap in bidding.caps.items() if cap.withdrawn == "spent"]
    found += [f"checks.{name}: nominations.own says how many fail verification"
              for name in version.checks]
    if offers is not None:
        if not offers.one_at_a_time:
            found.append("offers.one_at_a_time: a household has one offer at a time")
        found += [f"offers.judged_at.{name}: judged up to the nomination, once a week"
                  for name in offers.judged_at]
        if offers.answer is not None:
            found.append("offers.answer: nominations.days says how long an answer takes")
        if offers.contact is not None:
            found.append("offers.contact: nominations.own says how many are not reached")
        if offers.final is not None:
            found.append("offers.final: refusals end no duty")
    return found


def versions_lived(setup: Setup) -> list[int]:
    """Numbers of the versions that worlds go by, in order of their days."""
    numbers = dict.fromkeys(
        setup.scheme.index_in_force(date_of(setup.closes(week))) for week in range(setup.weeks))
    return [n for n in numbers if n is not None]


def rules_not_followed(setup: Setup) -> tuple[str, ...]:
    """What of the versions that come into force within the horizon worlds do not go by."""
    return tuple(dict.fromkeys(
        rule for n in versions_lived(setup) for rule in not_followed(setup.scheme.versions[n])))

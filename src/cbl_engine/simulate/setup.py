"""Everything the worlds of one run share: scheme, lives, stock and tables of chances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.simulate.groups import whose
from cbl_engine.simulate.parameters import days_table, share_edges
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.let_before import LetBefore
    from cbl_engine.simulate.lists_under_way import ListsUnderWay
    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.nominees import Chances
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.policy import Policy

FAILED = ("no_contact", "withdrew", "failed_verification", "landlord_rejected", "no_show",
          "refused_at_viewing", "refused_late")
OUTCOMES = (*FAILED, "accepted")
ACCEPTED = len(FAILED)
NOT_CHOSEN = len(OUTCOMES)
ENDINGS = (*OUTCOMES, "not_chosen")
"""What becomes of a nomination: its own outcome, or that a household above it took the home."""
REFUSED = (5, 6)
LANDLORDS = ("council", "provider")
"""Whose a home is; the number after the last stands for not known."""
ROUTES = ("own", "assisted", "automatic", "direct")
CAUSES = ("left", "died", "care", "evicted", "abandoned", "mutual_agreement", "moved", "new_home",
          "returned", "acquired")
MOVED, NEW_HOME, RETURNED, ACQUIRED = (
    CAUSES.index(c) for c in ("moved", "new_home", "returned", "acquired"))
FIRST_LETS = ("new_home", "acquired")
"""Causes of voids that no tenancy of this landlord went before."""
ENDS = ("tenancies.end_per_year", "stock.right_to_buy_per_year", "stock.demolished_per_year",
        "stock.disposed_per_year", "stock.exchanges_per_year")
"""Ways in which a tenancy ends: the rates that add up to its own."""
ENDED_SO, SOLD, DEMOLISHED, DISPOSED, EXCHANGED = range(len(ENDS))
EVENTS = ("right_to_buy", "demolished", "exchange", "succession", "change_of_designation",
          "to_temporary_accommodation", "from_temporary_accommodation", "disposed",
          "from_long_term_void", "acquired", "decanted", "returned_from_decant", "to_be_demolished")
"""What happens to homes beside voids and lettings."""
EVENT = {name: number for number, name in enumerate(EVENTS)}
WORKS = ("none", "standard", "major", "adaptation")
LEAKS = ("fission", "joint_tenant_stays", "successor", "decant", "disposal",
         "temporary_accommodation", "elsewhere")
PLACEMENTS = ("own_stock", "leased", "nightly_paid", "bed_and_breakfast")
DUTIES = ("interim", "relief", "main")
"""Under which duty a household is in temporary accommodation."""
EXITS = ("relieved", "private_rented", "own_arrangements", "decision")
"""Ways out of temporary accommodation but for leaving the register."""
KINDS = ("never", "seldom", "often")
STANDING, TO_COME = -1, -2
"""``built_week`` of homes that are there from the beginning, and of those that come at a rate."""
COMES = ("new", "acquired", "acquired_tenanted")
"""How a home comes: built, or bought empty or with its tenant."""
OWN_COLUMNS = ("built_week", "comes", "numbered")
"""Columns of the stock that no homes table has."""


@dataclass(frozen=True)
class Theory:
    """Simple models in place of fitted ones, to check a world against formulas.

    Attributes:
        bids: ``all``: every household bids for every home it can be let.
        accepts: ``always``, or ``coin``: each nomination is refused with a chance of its own.
        refusal: that chance.
        unlet_lost: a home that nobody is waiting for at the close is lost.
        no_void_days: homes are advertised in the week in which they come, and let at the close.
    """

    bids: bool = False
    accepts: str = "fitted"
    refusal: float = 0.0
    unlet_lost: bool = False
    no_void_days: bool = False


@dataclass(frozen=True)
class Decants:
    """Tenants who must move out of so many homes of each world on a day, for works or for good."""

    day: int
    homes: int
    for_good: bool


@dataclass(frozen=True, eq=False)
class Setup:
    """What the worlds of a run share.

    Attributes:
        scheme: the scheme of every world.
        lives: households.
        stock: the homes, those to come included, with ``built_week`` (-1: there already;
            -2: comes when ``homes_per_week`` says), ``comes`` (one of ``COMES``; null, or no such
            column: new) and ``numbered`` (see :class:`Homes`; no such column: its place); the columns of the
            homes table.
        start: first day, a number; weeks begin on its weekday.
        weeks: that are simulated.
        households: of the opening register; each a life of its own.
        parameters: values; in ``in_week`` those of the week.
        luck: draws.
        areas: the areas table.
        theory: simple models, or None.
        arrivals_per_week: households that join [a week]; None: as the parameters say.
        lived_in: for each life of the opening register the number of the home that it names in the
            stock, -1 none; None where register and stock are not of one council.
        policies: the scheme's rules by number of version, as they are compiled.
        response: how strongly households respond to policy: low, central or high.
        responds_from: day from which they do.
        register_again_on: day by which all must register again.
        decants: homes whose tenants move out for works or demolition on a day.
        homes_per_week: mean number of homes that come in a world [a week], a Poisson count of
            the next of those to come, by their order in the stock.
        later: other values, each with the day from which they hold, in order.
        under_way: voids under way at the start (``opening.voids_under_way``); None: those that are
            usual.
        lists: that are being gone down at the start (``lists_under_way``); None: there are none.
        let_before: lettings before the start that quotas and targets have counted; None: none.
        kinds: of each life of the opening register the chance that it is of each of ``KINDS``;
            None: as :func:`cbl_engine.simulate.habits.kinds_by_years` has it.
        own_areas: areas of a council's own register; None: it has none, or is made up.
    """

    scheme: Scheme
    lives: Lives
    stock: pl.DataFrame = field(repr=False)
    start: int
    weeks: int
    parameters: Parameters
    luck: Luck
    areas: pl.DataFrame = field(repr=False)
    theory: Theory = field(default_factory=Theory)
    arrivals_per_week: float | None = None
    lived_in: NDArray[np.int64] | None = None
    policies: dict[int | None, Policy] = field(default_factory=dict)
    response: str = "central"
    responds_from: int = 1_000_000_000
    register_again_on: int = 1_000_000_000
    homes_per_week: float = 0.0
    later: tuple[tuple[int, Parameters], ...] = ()
    decants: tuple[Decants, ...] = ()
    under_way: pl.DataFrame | None = field(default=None, repr=False)
    lists: ListsUnderWay | None = None
    let_before: LetBefore | None = None
    kinds: NDArray[np.float64] | None = None
    own_areas: pl.DataFrame | None = field(default=None, repr=False)

    def in_week(self, week: int) -> Setup:
        """The same with the values of a week: those in force at its close, as with the scheme."""
        close = self.closes(week)
        return self.spells[sum(day <= close for day, _ in self.later)][1]

    @cached_property
    def spells(self) -> list[tuple[int, Setup]]:
        """The same with the values of the start, then with those from each day on which some change;
        each with the first day of the week from which they hold.
        """
        found: list[tuple[int, Setup]] = [(self.start, self)]
        for day, values in self.later:
            later = replace(self, parameters=values)
            later.__dict__["spells"] = found
            found.append((day - (day - self.start) % 7, later))
        return found

    @property
    def n_homes(self) -> int:
        """Homes of each world."""
        return self.stock.height

    def monday(self, week: int) -> int:
        """First day of a week."""
        return self.start + 7 * week

    def closes(self, week: int) -> int:
        """Day on which the adverts of a week close: its last."""
        return self.start + 7 * week + 6

    @property
    def round_weeks(self) -> int:
        """Length of a round of adverts [weeks]; rounds follow each other from the first week."""
        return int(self.parameters["voids.advert_weeks"])

    def opens(self, week: int) -> int:
        """First day of the round of adverts that closes in a week."""
        return self.monday(max(week - self.round_weeks + 1, 0))

    @cached_property
    def days(self) -> dict[str, NDArray[np.int32]]:
        """Tables of days, by parameter; ``parameter/name`` where it has names."""
        out: dict[str, NDArray[np.int32]] = {}
        for name, parameter in self.parameters.found.items():
            if parameter.days is not None:
                out[name] = days_table(parameter.days)
            for of, points in (parameter.days_by or {}).items():
                out[f"{name}/{of}"] = days_table(points)
        return out

    @cached_property
    def edges(self) -> dict[str, NDArray[np.uint64]]:
        """Edges of shares, by parameter."""
        return {name: share_edges(p.shares) for name, p in self.parameters.found.items()
                if p.shares is not None}

    @cached_property
    def homes(self) -> Homes:
        """The stock in arrays."""
        return _homes(self.stock, self.parameters["choice.rent_not_known"],
                      self.parameters["rents.weekly_loss"])

    @cached_property
    def habits(self) -> NDArray[np.float64]:
        """The chance that each life of the opening register is of each of ``KINDS``."""
        from cbl_engine.simulate.habits import kinds_by_years

        if self.kinds is not None:
            return self.kinds
        waited = self.start - self.lives.registered[: self.lives.opening].astype(np.int64)
        return kinds_by_years(self.parameters, waited / YEAR)

    @cached_property
    def household_kinds(self) -> NDArray[np.int8]:
        """The kind of household of each life, as nominations tell them apart."""
        from cbl_engine.simulate.nominees import household_kinds

        return household_kinds(self.lives)

    @cached_property
    def chances(self) -> Chances:
        """What becomes of nominations."""
        from cbl_engine.simulate.nominees import chances

        return chances(self.parameters)

    @cached_property
    def whose(self) -> pl.DataFrame:
        """What groups of people are told apart by, a row for each life."""
        return whose(self.lives, self.start)

    @cached_property
    def end_rates(self) -> NDArray[np.float64]:
        """How often the tenancy of each home of a world ends [a year]: a row a home, a column for
        each of ends that free the home, right to buy, demolition, disposal and exchange.
        """
        factors = self.parameters["tenancies.ends_by_bedrooms"]
        at = np.minimum(np.maximum(self.homes.bedrooms, 0), len(factors) - 1)
        factor = np.array([factors[size] for size in sorted(factors)])[at]
        there = factor[self.homes.built_week == STANDING]
        mean = there.mean() if there.any() else 1.0
        rates = [self.parameters[name] for name in ENDS]
        return np.column_stack([
            rates[0] * factor / mean, *(np.full(len(factor), rate) for rate in rates[1:])])

    @cached_property
    def all_ends(self) -> NDArray[np.float64]:
        """How often the tenancy of each home of a world ends, whatever way [a year]."""
        return self.end_rates.sum(axis=1)

    @cached_property
    def area_ids(self) -> list[str]:
        """Ids of areas with homes, in order."""
        return self.stock["area"].drop_nulls().unique().sort().to_list()

    @cached_property
    def consequence_names(self) -> list[str]:
        """Consequences of every version of the scheme, by name."""
        return sorted({name for v in self.scheme.versions for name in v.consequences})

    @cached_property
    def tables_read(self) -> tuple[str, ...]:
        """Tables of the register that the shortlist and the rules of bidding and offers read, beside
        applications; not for tests of law that ask for columns the lives have not.
        """
        from cbl_engine.assess import columns_read, columns_welcome
        from cbl_engine.assess.legal import judged_in_law
        from cbl_engine.offers.criteria import facts_read
        from cbl_engine.scheme.facts import EligibleInLaw
        from cbl_engine.scheme.named import criteria_named
        from cbl_engine.shortlist.compiled import compile_version

        judged = judged_in_law(self.lives.tables)
        found: set[str] = set()
        for version in self.scheme.versions:
            facts = dict(compile_version(version).facts_read())
            for named in criteria_named(version):
                facts |= facts_read(version, named.criterion)
            for fact in facts.values():
                if not isinstance(fact, EligibleInLaw) or fact.test in judged:
                    found |= columns_read(fact, version).keys() | columns_welcome(fact).keys()
        return tuple(sorted((found | {"areas"}) - {"applications"}))


@dataclass(frozen=True, eq=False)
class Homes:
    """Homes in arrays, one world's.

    Attributes:
        bedrooms, floor: numbers.
        minimum_age: [years], 0 for none.
        access: 0 general, 1 accessible, 2 for wheelchairs.
        kind: 0 house, 1 flat, 2 bungalow, 3 other.
        garden: has one.
        area: number of its area.
        rent: as those who bid take it to be [pence a week].
        rent_lost: while it is empty [pence a week].
        landlord: number in ``LANDLORDS``: another landlord's where the council has a right of
            nomination to it, the council's where it has none; not known, one more than the last,
            where no home of the stock has one.
        supported: let by referral, as homes of supported housing and extra care mostly are.
        comes: number in ``COMES``.
        built_week: STANDING: there from the beginning; TO_COME: comes at a rate.
        number: that its ids and its luck go by, ascending.
    """

    bedrooms: NDArray[np.int8]
    floor: NDArray[np.int8]
    minimum_age: NDArray[np.int16]
    access: NDArray[np.int8]
    kind: NDArray[np.int8]
    garden: NDArray[np.bool_]
    area: NDArray[np.int16]
    rent: NDArray[np.int32]
    rent_lost: NDArray[np.int32]
    landlord: NDArray[np.int8]
    supported: NDArray[np.bool_]
    comes: NDArray[np.int8]
    built_week: NDArray[np.int32]
    number: NDArray[np.int64]


_SUPPORTED = ("supported", "extra care", "extra_care")
"""Needs groups of homes that are let by referral."""


def _homes(stock: pl.DataFrame, rent_not_known: float, weekly_loss: float) -> Homes:
    ids = {a: i for i, a in enumerate(stock["area"].drop_nulls().unique().sort().to_list())} \
        if "area" in stock.columns else {}

    def number(name: str, null: Any, dtype: Any) -> NDArray[Any]:
        if name not in stock.columns:
            return np.full(stock.height, null, dtype)
        return stock[name].fill_null(null).to_numpy().astype(dtype)

    def code(name: str, codes: dict[str, int], default: int) -> NDArray[np.int8]:
        if name not in stock.columns:
            return np.full(stock.height, default, np.int8)
        return stock[name].cast(pl.String).replace_strict(
            codes, default=default, return_dtype=pl.Int8).to_numpy()

    def rent(not_known: float) -> NDArray[np.int32]:
        return np.rint(number("rent_weekly", not_known, np.float64) * 100).astype(np.int32)

    # One that is not known is in nobody's area.
    area = stock["area"].replace_strict(ids, default=-1, return_dtype=pl.Int16).to_numpy() \
        if ids else np.zeros(stock.height, np.int16)
    return Homes(
        number("bedrooms", 1, np.int8), number("floor", 0, np.int8),
        number("minimum_age", 0, np.int16), code("access_category", {"A1": 1, "A2": 2}, 0),
        code("property_type", {"house": 0, "flat": 1, "bungalow": 2}, 3),
        number("garden", False, bool), area,
        rent(rent_not_known), rent(weekly_loss),
        _landlords(stock),
        code("needs_group", dict.fromkeys(_SUPPORTED, 1), 0).astype(bool),
        code("comes", {name: number for number, name in enumerate(COMES)}, 0),
        number("built_week", STANDING, np.int32),
        stock["numbered"].to_numpy() if "numbered" in stock.columns else np.arange(stock.height),
    )


def _landlords(stock: pl.DataFrame) -> NDArray[np.int8]:
    """Whose each home is, a number in ``LANDLORDS``."""
    right = stock["nomination_right"].is_not_null() if "nomination_right" in stock.columns \
        else pl.repeat(value=False, n=stock.height, eager=True)
    if not right.any():
        return np.full(stock.height, len(LANDLORDS), np.int8)
    return right.to_numpy().astype(np.int8)

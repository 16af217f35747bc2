"""A scenario: a world, a scheme, changes, a horizon, replications and a seed, in a YAML file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme import Scheme, load_scheme
from cbl_engine.scheme.comparison import compare
from cbl_engine.scheme.parts import Part
from cbl_engine.simulate.changes import Change, Dated, in_order, scheme_over_time
from cbl_engine.simulate.levers import scheme_with
from cbl_engine.simulate.parameters import Parameter, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import polars as pl

    from cbl_engine.scheme.model import SchemeVersion

    Rules = tuple[tuple[date, SchemeVersion], ...]

Response = Literal["low", "central", "high"]


class World(Part):
    """Where the worlds begin: made up, or from a council's own tables, or a mixture."""

    households: int = Field(2000, ge=1, le=2_000_000, description="[households] waiting at the "
                            "start, where the register is made up")
    homes: int = Field(5000, ge=1, le=6_000_000, description="[homes] of the stock, where it is "
                       "made up")
    authority_type: Literal[
        "england", "london_borough", "metropolitan_district", "unitary", "shire_district"
    ] = Field("england", description="whose published shares a made-up register follows")
    register_: str | None = Field(None, alias="register", description="a data folder: the register "
                                  "at the start; left out: made up")
    stock: str | None = Field(None, description="a data folder with homes: the stock; left out: "
                              "made up")


class NewHomes(Part):
    """Homes that complete together, as a new-build scheme does."""

    on: date = Field(description="the day they are ready; they come on the first day of the "
                     "simulated week that it is in")
    homes: int = Field(ge=1, le=10_000, description="[homes]")
    bedrooms: int = Field(ge=0, le=9, description="[bedrooms] of each")
    plan: str | None = Field(None, description="local lettings plan of the scheme they are let by")


class Acquisitions(Part):
    """Homes that are bought together."""

    on: date = Field(description="the day they are the landlord's; they come on the first day of "
                     "the simulated week that it is in")
    homes: int = Field(ge=1, le=10_000, description="[homes]")
    bedrooms: int = Field(ge=0, le=9, description="[bedrooms] of each")
    tenanted: bool = Field(default=False, description="with their tenants; else empty")


class Decants(Part):
    """Tenants who must move out of so many homes on a day."""

    on: date = Field(description="the day they are told; they are in the simulated week that it is in")
    homes: int = Field(ge=1, le=10_000, description="[homes]")
    because: Literal["works", "demolition"] = Field(
        description="works: they come back; demolition: they are let another home directly")


class SimpleModels(Part):
    """Simple models in place of the usual ones, to hold a world against formulas."""

    bids: Literal["all"] | None = Field(None, description="all: every household bids for every "
                                        "home it may be let")
    accepts: Literal["always", "coin"] | None = Field(None, description="always, or by a coin")
    refusal: float = Field(0.0, ge=0, lt=1, description="the coin's share of refusals")
    unlet_lost: bool = Field(default=False, description="a home not let at the close is lost")
    no_void_days: bool = Field(default=False, description="let in the week it comes, at the close")

    @model_validator(mode="after")
    def _coin_refuses(self) -> Self:
        if self.refusal and self.accepts != "coin":
            raise ValueError("refusal is the coin's share, and accepts: coin is not given")
        return self


class Variant(Part):
    """What differs from the scenario as it stands; what is left out stays."""

    title: str = Field(description="what is different, in a line")
    scheme: str | None = Field(None, description="another scheme")
    scheme_set: dict[str, Any] = Field(
        default_factory=dict, description="values in place of the scheme's, by path: "
        "bidding.caps.weekly.bids: 5")
    parameters: dict[str, Parameter] = Field(default_factory=dict, description="other values")
    changes: tuple[Change, ...] = Field(
        (), strict=False, description="dated changes beside those of the scenario; of one day and "
        "thing these hold")
    response: Response | None = Field(None, description="another response")
    policy_changes_on: date | None = Field(None, description="the day from which households "
                                           "respond; left out: the scenario's, or the first day "
                                           "that is simulated where other rules hold on it")
    register_again_on: date | None = Field(None, description="the day by which everybody must "
                                           "register again")
    new_homes: tuple[NewHomes, ...] | None = Field(
        None, strict=False, description="other schemes of new homes")
    acquisitions: tuple[Acquisitions, ...] | None = Field(
        None, strict=False, description="other homes bought")
    decants: tuple[Decants, ...] | None = Field(
        None, strict=False, description="other decants")


class Scenario(Part):
    """What is simulated.

    Attributes:
        name: of the scenario, from the file's name.
        scheme: a scheme file, a folder of versions, or the name of a shipped one.
        world: where the worlds begin.
        start: first day that is simulated; weeks begin on its weekday.
        warm_up: weeks from the start that are left out of figures.
        weeks: that figures are of, after the warm-up.
        replications: worlds that differ by luck alone.
        seed: of all luck.
        assess_every: weeks from one round of reassessments to the next.
        parameters_from: a file of parameters, such as ``cbl calibrate`` writes.
        parameters: other values for some parameters.
        response: how strongly households respond to policy.
        policy_changes_on, register_again_on: days of what they respond to.
        new_homes: schemes of new homes.
        acquisitions: homes bought on a day.
        decants: homes whose tenants must move out on a day.
        simple: simple models.
        scheme_set: levers on the scheme: path of a value -> the value.
        changes: of the scheme or of values, each from a day on.
        outcomes: figures that a comparison looks at; none: every one.
        variants: what it is compared with.
    """

    title: str = Field(description="what the scenario is, in a line")
    scheme: str = Field(description="a scheme file or the name of a shipped one")
    world: World = Field(default_factory=lambda: World.model_validate({}),
                         description="where the worlds begin")
    start: date = Field(ge=date(1900, 1, 1), le=date(2200, 1, 1),
                        description="first day that is simulated, YYYY-MM-DD")
    warm_up: int = Field(0, ge=0, le=1040, description="[weeks] from the start that are simulated "
                         "and left out of figures")
    weeks: int = Field(260, ge=1, le=2600, description="[weeks] that figures are of, after the "
                       "warm-up")
    replications: int = Field(100, ge=1, le=100_000, description="[worlds]")
    seed: int = Field(1, description="of all luck")
    assess_every: int = Field(4, ge=1, le=52, description="[weeks] between reassessments")
    parameters_from: str | None = Field(
        None, description="a file of parameters, beside the scenario, as cbl calibrate writes one; "
        "what stands under parameters goes before it")
    parameters: dict[str, Parameter] = Field(default_factory=dict, description="other values")
    response: Response = Field("central", description="how strongly households respond to policy")
    policy_changes_on: date | None = Field(None, description="the day from which households "
                                           "respond; left out: the first on which another version "
                                           "of the scheme comes into force that changes a rule, if "
                                           "one does")
    register_again_on: date | None = Field(None, description="the day by which everybody must "
                                           "register again; left out: none")
    new_homes: tuple[NewHomes, ...] = Field((), strict=False, description="schemes of new homes")
    acquisitions: tuple[Acquisitions, ...] = Field((), strict=False, description="homes bought")
    decants: tuple[Decants, ...] = Field(
        (), strict=False, description="homes whose tenants must move out")
    simple: SimpleModels | None = Field(None, description="simple models, for theory")
    scheme_set: dict[str, Any] = Field(
        default_factory=dict, description="values in place of the scheme's, by path: "
        "bidding.caps.weekly.bids: 5")
    changes: tuple[Change, ...] = Field(
        (), strict=False, description="of the scheme or of values, each from a day on")
    outcomes: tuple[str, ...] = Field(
        (), strict=False, description="figures that a comparison looks at, by name, or with a group "
        "as in void_days:tenancy, mean; left out: every one")
    variants: dict[str, Variant] = Field(
        default_factory=dict, description="what it is compared with, by name")

    @property
    def days(self) -> int:
        """Days that figures are of."""
        return 7 * self.weeks

    @property
    def all_weeks(self) -> int:
        """Weeks that are simulated, the warm-up and those that figures are of."""
        return self.warm_up + self.weeks

    @property
    def figures_from(self) -> date:
        """The first day that figures are of."""
        return self.start + timedelta(weeks=self.warm_up)

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.start + timedelta(weeks=self.all_weeks)

    @property
    def dated(self) -> list[Dated]:
        """Changes in order of their days, with their places in its file."""
        return in_order(self.changes, self.figures_from)


def with_counts(
    scenario: Scenario, *, replications: int | None = None, weeks: int | None = None
) -> Scenario:
    """The scenario with other numbers of worlds and weeks.

    Args:
        scenario: as its file has it.
        replications: [worlds], None: the scenario's.
        weeks: [weeks] that figures are of, None: the scenario's.

    Raises:
        BadInput: a number that a file may not have either, or no whole one; both are said.
    """
    changes = {name: n for name, n in (("replications", replications), ("weeks", weeks))
               if n is not None}
    if problems := [*not_whole(changes)]:
        raise BadInput(problems)
    for name, n in changes.items():
        least, most = (next(getattr(m, of) for m in Scenario.model_fields[name].metadata
                            if hasattr(m, of)) for of in ("ge", "le"))
        if not least <= n <= most:
            problems.append(Problem(
                "not_positive" if n < least else "too_many",
                "there must be at least one" if n < least else "so many cannot be simulated",
                where=f"--{name}", given=str(n), allowed=f"{least} to {most}"))
    if problems:
        raise BadInput(problems)
    return scenario.model_copy(update=changes)


def not_whole(counts: Mapping[str, object]) -> Iterator[Problem]:
    """Counts, by option, that are no whole numbers; None is none."""
    from cbl_engine.tables.needs import whole_number_problems

    for name, n in counts.items():
        if n is not None:
            yield from whole_number_problems(n, f"--{name}", "this")


def variant_of(
    scenario: Scenario, parameters: Parameters, variant: Variant
) -> tuple[Scenario, Parameters]:
    """The scenario with what a variant changes, and the parameters it goes by then."""
    changes: dict[str, Any] = {"title": variant.title, "variants": {},
                               "scheme_set": {**scenario.scheme_set, **variant.scheme_set},
                               "parameters": {**scenario.parameters, **variant.parameters},
                               "changes": (*scenario.changes, *variant.changes)}
    for name in ("scheme", "response", "new_homes", "acquisitions", "decants", "policy_changes_on",
                 "register_again_on"):
        if getattr(variant, name) is not None:
            changes[name] = getattr(variant, name)
    return scenario.model_copy(update=changes), parameters.with_changes(variant.parameters)


def scheme_of(scenario: Scenario, beside: Path | None) -> Scheme:
    """The scheme of a scenario with its levers, and a version for each dated change of it.

    Raises:
        BadInput: what is wrong with it, or a lever that leads nowhere.
    """
    named = loader(beside)
    scheme = scheme_with(named(scenario.scheme), scenario.scheme_set)
    return scheme_over_time(scheme, scenario.dated, named)


def rules_in_turn(scenario: Scenario, scheme: Scheme) -> Rules:
    """What holds in a scenario, each with its day: the versions in force on a day that is simulated.

    A version that says the same as the one before it, in other words, goes on with it.

    Args:
        scenario: with the span.
        scheme: as of :func:`scheme_of`.
    """
    found: list[tuple[date, SchemeVersion]] = []
    for version in scheme.versions:
        force = version.in_force
        if force.from_ < scenario.end and (force.until is None or force.until > scenario.start) and (
                not found or rules_differ(found[-1][1], version)):
            found.append((max(force.from_, scenario.start), version))
    return tuple(found)


_NOT_LIVED = ("review", "upkeep")


def rules_differ(old: SchemeVersion, new: SchemeVersion) -> bool:
    """Whether worlds may go another way under a version: it differs in more than words, dates and
    what no world goes through, the right to a review and the register's upkeep.
    """
    return any(change.of_rules and change.path.split(".")[0] not in _NOT_LIVED
               for change in compare(old, new))


def near(beside: Path | None, named: str) -> str:
    """A path beside the scenario, where there is such a one; else as it is given."""
    path = Path(named)
    if beside is not None and not path.is_absolute() and (beside / path).exists():
        return str(beside / path)
    return named


def loader(beside: Path | None) -> Callable[[str], Scheme]:
    """What loads a scheme that a scenario in this folder names."""
    return lambda named: load_scheme(near(beside, named))


def as_at_start(scheme: Scheme, start: date) -> Scheme:
    """The version of the first day alone: what is made up does not depend on later ones."""
    number = scheme.index_in_force(start) or 0
    return Scheme((scheme.in_force(start),), (scheme.documents[number],))


def read_own(
    folder: str, scheme: Scheme, needs: tuple[str, ...]
) -> dict[str, pl.DataFrame]:
    """A council's own tables, from a data folder.

    Args:
        folder: its path.
        scheme: whose columns the tables may have besides.
        needs: tables that must be there.

    Raises:
        BadInput: the folder cannot be read, with every reason.
    """
    from cbl_engine.records.reads import extra_columns
    from cbl_engine.tables import read_tables

    frames = read_tables(folder, extra_columns(scheme), needs=needs).frames
    lineage = ("source_name", "source_row")
    return {name: frame.drop(lineage, strict=False) for name, frame in frames.items()}

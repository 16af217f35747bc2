"""The world as at the day of the cut: the history's own register and stock, where they will do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.backtest.habits import habits_of
from cbl_engine.compare.calibrate.history import CannotFitError, History
from cbl_engine.compare.calibrate.nominations import begun
from cbl_engine.errors import BadInput
from cbl_engine.simulate.let_before import let_before
from cbl_engine.simulate.lists_under_way import STANDS, lists_under_way
from cbl_engine.simulate.opening import voids_under_way
from cbl_engine.simulate.world import set_up
from cbl_engine.tables.schemas import REGISTER_TABLES
from cbl_engine.tables.versions import last_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cbl_engine.compare.backtest.habits import Habits
    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.let_before import LetBefore
    from cbl_engine.simulate.lists_under_way import ListsUnderWay
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.simulate.setup import Setup

    Frames = Mapping[str, pl.DataFrame]

ENOUGH_TAKEN = 0.9
"""Share of the history's own register that the scheme takes, below which another is made up."""
_WAITS = ("active", "under_offer")


@dataclass(frozen=True, eq=False)
class WorldThen:
    """The world as at the day.

    Attributes:
        setup: what simulated worlds share.
        arrivals: times that arrivals for each application open at the beginning of the window are
            to be taken, so that as many join as in the window; None where that is not known.
        habits: how often those who wait have bid; None where the history does not tell.
        own: whether they are the setup's opening register, life by life.
        notes: what it was set from, in words.
    """

    setup: Setup
    arrivals: float | None
    habits: Habits | None
    own: bool
    notes: tuple[str, ...]


def world_then(
    scenario: Scenario, parameters: Parameters, beside: Path, history: History,
    said: Callable[[int, int], None],
) -> WorldThen:
    """Set up the world of the day: the day is the scenario's start.

    Args:
        scenario: what is simulated from the day on.
        parameters: what it goes by.
        beside: folder that relative paths of the scenario are taken from.
        history: as known on the day, in the window that was fitted.
        said: told rounds of assessment done and of how many.

    Raises:
        BadInput: the world cannot be simulated.
    """
    known = as_it_stands(history, scenario.start)
    applications = _waiting(known)
    with _as_folders(known) as (register, stock):
        homes = {} if stock is None else {"stock": str(stock)}
        setup, said_of_register = None, "the history has nobody waiting on the day"
        if register is not None and len(applications):
            setup, said_of_register = _own(
                _with(scenario, homes | {"register": str(register)}), parameters, beside,
                len(applications), said)
        own = setup is not None
        if setup is not None:
            applications = setup.lives.read_as
            setup = replace(setup, lists=_lists(known, applications, scenario.start),
                            let_before=_let_before(setup.scheme, known, scenario.start))
        else:
            applications = applications.filter(~applications.is_in(_accepted(history).implode()))
            size = len(applications) or scenario.world.households
            setup = set_up(_with(scenario, homes | {"register": None, "households": size}),
                           parameters, beside, said)
            said_of_register = f"made up, {size:,} households: {said_of_register}"
    lives = setup.lives
    sizes = lives.sizes[lives.starts[:lives.opening]] if own else None
    habits = habits_of(history, applications, sizes) if len(applications) else None
    stood = _standing(history)
    notes = (_said_of_stock(known, scenario, own=stock is not None),
             f"Register: {said_of_register}.", _said_of_habits(habits, own=own),
             _said_of_lists(setup.lists))
    return WorldThen(setup, stood / setup.lives.opening if stood else None, habits, own, notes)


def _own(
    scenario: Scenario, parameters: Parameters, beside: Path, waiting: int,
    said: Callable[[int, int], None],
) -> tuple[Setup | None, str]:
    """The world with the history's own register, where the scheme takes nearly all of it."""
    try:
        setup = set_up(scenario, parameters, beside, said)
    except BadInput as error:
        return None, (f"{waiting:,} waited, and their applications cannot be used "
                      f"({error.problems[0].message})")
    taken = setup.lives.opening
    if taken < ENOUGH_TAKEN * waiting:
        return None, (f"{waiting:,} waited, of whom the scheme takes {taken:,}; facts that it reads "
                      "may not be in the history")
    more = "" if taken == waiting else f", of {waiting:,} whom the scheme takes"
    return setup, f"the history's own, {taken:,} households waiting{more}"


def _said_of_stock(known: Frames, scenario: Scenario, *, own: bool) -> str:
    if not own:
        return (f"Stock: the scenario's, {scenario.world.homes:,} homes; the history has no homes "
                "with bedrooms.")
    voids = ", with the voids that were open" if "voids" in known else ""
    unknown = known["homes"]["bedrooms"].null_count()
    without = f", without {unknown:,} whose bedrooms are not known" if unknown else ""
    return f"Stock: the history's own, {known['homes'].height - unknown:,} homes{voids}{without}."


def _said_of_habits(habits: Habits | None, *, own: bool) -> str:
    if habits is None:
        return "Bidders: as the parameters say; the history does not tell who of those waiting bids."
    if own:
        return "Bidders: how often each household that waits bids is told by its own bids so far."
    return "Bidders: as many of each kind as the bids of those who waited tell."


def _said_of_lists(lists: ListsUnderWay | None) -> str:
    if lists is None:
        return ("Lists: none go on; homes that are ready are advertised in the first week, and who was "
                "under offer waits again.")
    counts = dict(lists.entries.group_by("stands").len().iter_rows())
    asked, accepted = (counts.get(STANDS.index(name), 0) for name in ("under_way", "accepted"))
    return (f"Lists: those of {lists.lists.height:,} homes go on, with {asked:,} households under offer "
            f"and {accepted:,} that have accepted.")


def _with(scenario: Scenario, world: Mapping[str, object]) -> Scenario:
    named = {"register_" if name == "register" else name: value for name, value in world.items()}
    return scenario.model_copy(update={"world": scenario.world.model_copy(update=named)})


def as_it_stands(history: History, day: date) -> dict[str, pl.DataFrame]:
    """The tables with the last version of each application; who has accepted a home is housed, unless
    worlds let it.
    """
    known = dict(history.frames)
    applications = known.get("applications")
    if applications is None:
        return known
    if "valid_from" in applications.columns:
        applications = last_versions(applications).drop("valid_from", "valid_to", strict=False)
    if "status" in applications.columns:
        gone = pl.col("id").is_in(_accepted(history).implode()) & ~pl.col("id").is_in(
            _let_in_worlds(known, applications["id"].unique().sort(), day).implode())
        housed = pl.lit("housed").cast(applications.schema["status"])
        applications = applications.with_columns(
            pl.when(gone).then(housed).otherwise("status").alias("status"))
    return known | {"applications": applications}


def _let_in_worlds(known: Frames, waiting: pl.Series, day: date) -> pl.Series:
    """Applications that have accepted a home whose void is open: worlds let it to them."""
    lists = _lists(known, waiting, day)
    if lists is None:
        return waiting.clear()
    return waiting.gather(lists.entries.filter(stands=STANDS.index("accepted"))["life"])


def _lists(known: Frames, waiting: pl.Series, day: date) -> ListsUnderWay | None:
    """Lists that were being gone down on the day; None where worlds do not begin with the voids."""
    homes = _stock(known)
    if homes is None or "voids" not in known:
        return None
    homes = homes.sort("id")
    return lists_under_way(known, voids_under_way(known["voids"], homes, day), homes, waiting, day)


def _let_before(scheme: Scheme, known: Frames, day: date) -> LetBefore | None:
    """Lettings before the day that quotas and targets have counted."""
    homes = _stock(known)
    return None if homes is None or "voids" not in known else let_before(
        scheme, known, homes.sort("id"), day)


def _accepted(history: History) -> pl.Series:
    """Applications whose last word on some home was to accept it."""
    try:
        offers = begun(History(history.frames, date.min, history.until, history.habits))
    except CannotFitError:
        return pl.Series("application", [], pl.String)
    return offers.filter(pl.col("became") == "accepted")["application"]


def _waiting(known: Frames) -> pl.Series:
    """Applications that wait on the day, in order of id."""
    applications = known.get("applications")
    if applications is None or "status" not in applications.columns:
        return pl.Series("id", [], pl.String)
    waits = pl.col("status").cast(pl.String).is_in(_WAITS)
    return applications.filter(waits)["id"].unique().sort()


def _standing(history: History) -> int:
    """Applications open when the window began; 0 where that is not known."""
    if "registered_on" not in history.frames.get("applications", pl.DataFrame()).columns:
        return 0
    first = pl.lit(history.since)
    stood = pl.col("left_on").is_null() | (pl.col("left_on") >= first)
    return history.spells.filter("known", pl.col("registered_on") < first, stood).height


def _stock(known: Frames) -> pl.DataFrame | None:
    """The history's homes whose bedrooms are known; None without one."""
    homes = known.get("homes")
    if homes is None or "bedrooms" not in homes.columns:
        return None
    sized = homes.drop_nulls("bedrooms")
    return sized if sized.height else None


@contextmanager
def _as_folders(known: Frames) -> Iterator[tuple[Path | None, Path | None]]:
    """Register and stock as data folders, for as long as the world is read from them."""
    with TemporaryDirectory() as folder:
        register, stock = Path(folder) / "register", Path(folder) / "stock"
        homes = _stock(known)
        if homes is not None:
            _write({"homes": homes, **_only(known, ("areas", "voids"))}, stock)
        applications = known.get("applications")
        if applications is not None and applications.height:
            _write(_only(known, REGISTER_TABLES), register)
        yield (register if register.is_dir() else None, stock if stock.is_dir() else None)


def _only(known: Frames, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    return {name: known[name] for name in names if name in known}


def _write(frames: Frames, folder: Path) -> None:
    folder.mkdir()
    for name, frame in frames.items():
        frame.drop("source_name", "source_row", strict=False).write_parquet(
            folder / f"{name}.parquet")

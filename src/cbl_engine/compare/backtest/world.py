"""The world as at the day of the cut: the history's own register and stock, where they will do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.calibrate.history import History
from cbl_engine.errors import BadInput
from cbl_engine.simulate.world import set_up
from cbl_engine.tables.schemas import REGISTER_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

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
        notes: what it was set from, in words.
    """

    setup: Setup
    arrivals: float | None
    notes: tuple[str, ...]


def world_then(
    scenario: Scenario, parameters: Parameters, beside: Path, known: Frames, since: date,
    said: Callable[[int, int], None],
) -> WorldThen:
    """Set up the world of the day: the day is the scenario's start.

    Args:
        scenario: what is simulated from the day on.
        parameters: what it goes by.
        beside: folder that relative paths of the scenario are taken from.
        known: the history as known on the day, ids as text.
        since: first day of the window that was fitted.
        said: told rounds of assessment done and of how many.

    Raises:
        BadInput: the world cannot be simulated.
    """
    waiting = _waiting(known)
    changes: dict[str, object] = {}
    notes = []
    with _as_folders(known) as (register, stock):
        if stock is not None:
            changes["stock"] = str(stock)
            notes.append(f"stock: the history's own, {known['homes'].height:,} homes"
                         + (", with the voids that were open" if "voids" in known else ""))
        else:
            notes.append(f"stock: the scenario's, {scenario.world.homes:,} homes; the history has "
                         "no homes with bedrooms")
        setup = None
        if register is not None and waiting:
            own = changes | {"register": str(register)}
            try:
                setup = set_up(_with(scenario, own), parameters, beside, said)
            except BadInput:
                taken = 0
            else:
                taken = setup.lives.opening
                notes.append(f"register: the history's own, {taken:,} households waiting")
                if taken < waiting:
                    notes.append(f"of {waiting:,} the scheme takes {taken:,}")
            if taken < ENOUGH_TAKEN * waiting:
                setup = None
                del notes[1:]
                notes.append(
                    f"register: made up, {waiting:,} households, as many as waited: of the "
                    f"history's own the scheme takes {taken:,}; facts that it reads may not be in "
                    "the history")
        if setup is None:
            made = changes | {"register": None}
            if waiting:
                made["households"] = waiting
            else:
                notes.append(f"register: the scenario's, {scenario.world.households:,} households; "
                             "the history has nobody waiting on the day")
            setup = set_up(_with(scenario, made), parameters, beside, said)
    stood = _standing(known, since)
    return WorldThen(setup, stood / setup.lives.opening if stood else None, tuple(notes))


def _with(scenario: Scenario, world: Mapping[str, object]) -> Scenario:
    named = {"register_" if name == "register" else name: value for name, value in world.items()}
    return scenario.model_copy(update={"world": scenario.world.model_copy(update=named)})


def _waiting(known: Frames) -> int:
    applications = known.get("applications")
    if applications is None or "status" not in applications.columns:
        return 0
    waits = pl.col("status").cast(pl.String).is_in(_WAITS)
    return applications.filter(waits)["id"].n_unique()


def _standing(known: Frames, since: date) -> int:
    """Applications open when the window began; 0 where that is not known."""
    if "registered_on" not in known.get("applications", pl.DataFrame()).columns:
        return 0
    spells = History(known, since, since, frozenset()).spells.filter("known")
    return spells.filter(pl.col("registered_on") < pl.lit(since), pl.col("left_on").is_null()).height


@contextmanager
def _as_folders(known: Frames) -> Iterator[tuple[Path | None, Path | None]]:
    """Register and stock as data folders, for as long as the world is read from them."""
    with TemporaryDirectory() as folder:
        register, stock = Path(folder) / "register", Path(folder) / "stock"
        homes = known.get("homes")
        if homes is not None and "bedrooms" in homes.columns and homes.height:
            _write({"homes": homes, **_only(known, ("areas", "voids"))}, stock)
        applications = known.get("applications")
        if applications is not None and applications.height:
            last = applications
            if "valid_from" in applications.columns:
                last = applications.sort("valid_from", nulls_last=False, maintain_order=True).unique(
                    "id", keep="last", maintain_order=True).drop("valid_from", "valid_to",
                                                                 strict=False)
            _write({**_only(known, REGISTER_TABLES), "applications": last}, register)
        yield (register if register.is_dir() else None, stock if stock.is_dir() else None)


def _only(known: Frames, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    return {name: known[name] for name in names if name in known}


def _write(frames: Frames, folder: Path) -> None:
    folder.mkdir()
    for name, frame in frames.items():
        frame.drop("source_name", "source_row", strict=False).write_parquet(
            folder / f"{name}.parquet")

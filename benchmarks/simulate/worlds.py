"""Worlds to time: a borough, London and England, and where a run's time goes."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cbl_engine.shortlist import run as live
from cbl_engine.simulate import (
    choice,
    listing,
    offering,
    register,
    voids,
    week_frames,
    weeks,
    works,
)
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.scenario import Scenario
from cbl_engine.simulate.world import set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbl_engine.simulate.setup import Setup

BOROUGH = 5_000, 19_500
"""Households waiting and homes: about 15 adverts a week."""
LONDON = 340_000, 600_000
ENGLAND = 133_000, 600_000
"""For each of ten schemes."""
SCHEMES = ("sheffield", "coventry", "breckland", "southend", "welwyn_hatfield", "runnymede",
           "bexley", "home_link", "north_yorkshire", "tonbridge_malling")


def setup(households: int, homes: int, weeks: int = 52, scheme: str = "sheffield") -> Setup:
    """A made-up world of a size, set up; outside the time that is measured."""
    scenario = Scenario.model_validate({
        "title": "timed", "scheme": scheme, "start": date(2026, 4, 6), "weeks": weeks,
        "world": {"households": households, "homes": homes}, "replications": 1,
    })
    return set_up(scenario, shipped_parameters())


@dataclass
class Ran:
    """What a run took and did.

    Attributes:
        seconds: wall clock; by_room: within it, room by room.
        adverts, bids, lettings: counts.
        peak_gib: the process's most resident memory.
    """

    seconds: float
    cpu_seconds: float
    adverts: int
    bids: int
    lettings: int
    peak_gib: float
    by_room: dict[str, float] = field(default_factory=dict)


def ran(prepared: Setup, worlds: int, *, by_room: bool = False) -> Ran:
    """Step some worlds through the horizon, and time it."""
    import scipy.special  # noqa: F401 - its import is not what is timed

    rooms: dict[str, float] = {}
    put_back = list(_timed(rooms)) if by_room else []
    began, began_cpu = time.perf_counter(), time.process_time()
    state, _ = weeks.run_batch(prepared, np.arange(worlds))
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    for back in put_back:
        back()
    return Ran(seconds, cpu, len(state.adverts), int(state.adverts["bids"].sum()),
               len(state.lettings), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
               rooms)


_ROOMS: tuple[tuple[str, Any, str], ...] = (
    ("register", register, "arrive"), ("register", register, "change"),
    ("register", register, "leave"), ("voids", voids, "end_tenancies"), ("voids", voids, "build"),
    ("voids", works, "work"), ("choice", choice, "choose"),
    ("frames", week_frames, "frames_of"), ("prepare", listing, "prepare"),
    ("shortlist", listing, "shortlist"), ("kernel alone", live, "rank"),
    ("offers", offering, "offer"),
)


def _timed(rooms: dict[str, float]) -> Iterator[Callable[[], None]]:
    """Put a clock around each room's functions; what puts them back."""
    for room, module, name in _ROOMS:
        plain = getattr(module, name)

        def clocked(*args: Any, _plain: Any = plain, _room: str = room, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return _plain(*args, **kwargs)
            finally:
                rooms[_room] = rooms.get(_room, 0.0) + time.perf_counter() - began

        setattr(module, name, clocked)
        yield lambda module=module, name=name, plain=plain: setattr(module, name, plain)

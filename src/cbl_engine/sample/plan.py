"""What is asked of a borough, checked before anything is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cbl_engine.errors import BadInput, Problem
from cbl_engine.tables.days import day_number

MOST_HOUSEHOLDS = 5_000_000
MOST_ADVERTS = 500_000
MOST_BIDS = 100_000_000
AUTHORITY_TYPES = (
    "england",
    "london_borough",
    "metropolitan_district",
    "unitary",
    "shire_district",
)
_EARLIEST, _LATEST = date(1950, 1, 1), date(2150, 1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A borough to make. Fields are the arguments of ``sample_borough``.

    Attributes:
        mean_bids: bids per advert; never None here.
        profile_weights: shares of the profiles, adding up to 1; empty without profiles.
    """

    households: int
    adverts: int
    seed: int
    mean_bids: float
    bands: tuple[str, ...]
    close_on: date
    closing_days: int
    window_days: int
    authority_type: str
    profiles: tuple[str, ...]
    profile_weights: tuple[float, ...]
    district: str
    wards: int
    parishes: int

    @property
    def last_day(self) -> int:
        """Day of the last closing [days since 1970-01-01]."""
        return day_number(self.close_on)

    @property
    def first_day(self) -> int:
        """Day the first advert opens [days since 1970-01-01]; everyone registered before it."""
        return self.last_day - (self.closing_days - 1) - (self.window_days - 1)


def checked_plan(**given: Any) -> Plan:
    """A plan from arguments as given.

    Raises:
        BadInput: with every argument that cannot be used.
    """
    problems = [
        *_whole("households", given["households"], 1, MOST_HOUSEHOLDS),
        *_whole("adverts", given["adverts"], 0, MOST_ADVERTS),
        *_whole("seed", given["seed"], -(2**63), 2**64 - 1),
        *_whole("closing_days", given["closing_days"], 1, 366),
        *_whole("window_days", given["window_days"], 1, 60),
        *_whole("wards", given["wards"], 1, 99),
        *_whole("parishes", given["parishes"], 0, 99),
        *_names("bands", given["bands"], least=1),
        *_names("profiles", given["profiles"] or (), least=0),
        *_close_on(given["close_on"]),
        *_choice("authority_type", given["authority_type"], AUTHORITY_TYPES),
        *_names("district", (given["district"],), least=1),
    ]
    if not problems:
        problems = [
            *_mean_bids(given["mean_bids"], given["households"], given["adverts"]),
            *_weights(given["profile_weights"], given["profiles"] or ()),
        ]
    if problems:
        raise BadInput(problems)
    profiles = tuple(given["profiles"] or ())
    weights = given["profile_weights"] or [1.0] * len(profiles)
    shares = tuple(float(weight) / math.fsum(weights) for weight in weights)
    changed: dict[str, Any] = {
        **given,
        "bands": tuple(given["bands"]),
        "profiles": profiles,
        "profile_weights": shares,
        "mean_bids": float(given["mean_bids"]),
    }
    return Plan(**changed)


def _whole(name: str, value: object, least: int, most: int) -> list[Problem]:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return []
    return [_problem(name, value, f"a whole number from {least:,} to {most:,}")]


def _choice(name: str, value: object, allowed: Sequence[str]) -> list[Problem]:
    if value in allowed:
        return []
    return [_problem(name, value, ", ".join(allowed), kind=f"unknown_{name}")]


def _names(name: str, values: object, least: int) -> list[Problem]:
    allowed = "different texts, none blank or with spaces around it"
    if isinstance(values, str) or not isinstance(values, Sequence):
        return [_problem(name, values, f"a list of {allowed}")]
    texts = [
        value for value in values if isinstance(value, str) and value and value == value.strip()
    ]
    if len(texts) == len(values) == len(set(texts)) and len(texts) >= least:
        return []
    return [_problem(name, list(values), allowed)]


def _close_on(value: object) -> list[Problem]:
    is_date = isinstance(value, date) and not isinstance(value, datetime)
    if is_date and _EARLIEST <= value <= _LATEST:  # type: ignore[operator]
        return []
    return [_problem("close_on", value, f"a date from {_EARLIEST} to {_LATEST}")]


def _mean_bids(value: object, households: int, adverts: int) -> list[Problem]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]
        return [_problem("mean_bids", value, "a number from 0 [bids per advert]")]
    if value * adverts > MOST_BIDS:  # type: ignore[operator]
        return [_problem("mean_bids", value, f"{MOST_BIDS:,} bids in all or fewer")]
    if value > households:  # type: ignore[operator]
        return [_problem("mean_bids", value, f"no more than the {households:,} households")]
    return []


def _weights(weights: object, profiles: Sequence[str]) -> list[Problem]:
    if weights is None:
        return []
    allowed = f"a positive number for each of the {len(profiles)} profiles"
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        return [_problem("profile_weights", weights, allowed)]
    good = all(
        isinstance(w, (int, float)) and not isinstance(w, bool) and math.isfinite(w) and w > 0
        for w in weights
    )
    if good and profiles and len(weights) == len(profiles):
        return []
    return [_problem("profile_weights", weights, allowed)]


def _problem(name: str, given: object, allowed: str, kind: str = "bad_argument") -> Problem:
    return Problem(
        kind, "cannot be used to make a borough", where=name, given=repr(given), allowed=allowed
    )

"""Rates that empty or explode a world, and data that do not belong to its time: said, not run out.

Checked once a week on counts that are there already; worlds of simple models are let run, since
theory may want them empty or full.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme.lint_data import data_findings
from cbl_engine.simulate.policy import policy_on, versions_lived
from cbl_engine.simulate.setup import STANDING, Theory
from cbl_engine.tables.days import date_of, day_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cbl_engine.simulate.columns import Columns
    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

MOST_WAITING = 20
"""Times the opening register."""
LEAST_REGISTER = 50
"""[households] for which an opening register counts at least, in that."""
MOST_EMPTY = 0.5
"""Share of the stock that may stand empty."""
WEEKS_EMPTY = 13
"""Weeks in which nobody waits at the end of any."""
WEEKS_UNLET = 26
"""Weeks after which a scheme has let a home."""
ADVERTS_UNLET = 20
"""Adverts after which it has."""
LEAST_LET = 0.01
"""Share of households, of the opening register or of those who may join, that may be let some home."""
DAYS_OLD = 183
"""Days before the start by which the newest application of a register may have been made."""


def check(state: State, weeks: Columns, week: int) -> None:
    """Stop where a world has left every sensible bound.

    Args:
        state: the worlds at the end of a week.
        weeks: a row a world and week so far, week after week.
        week: which.

    Raises:
        BadInput: a line for each bound and the first world beyond it.
    """
    if state.setup.theory != Theory():
        return
    problems = list(_beyond(state, weeks, week))
    if problems:
        raise BadInput(problems)


def _beyond(state: State, weeks: Columns, week: int) -> Iterator[Problem]:
    n = len(state.worlds)
    waiting, voids = weeks["waiting"][-n:], weeks["voids"][-n:]
    most = MOST_WAITING * max(state.setup.lives.opening, LEAST_REGISTER)
    yield from _first(
        state, week, waiting > most, "world_explodes", "the waiting list explodes",
        waiting, "households wait", f"{most:,} or fewer",
        "Look at arrivals.per_year and households.lapse_per_year")
    limit = int(MOST_EMPTY * state.n_homes)
    yield from _first(
        state, week, voids > limit, "voids_explode", "homes come empty faster than they are let",
        voids, f"of {state.n_homes:,} homes are empty", f"{limit:,} or fewer",
        "Look at what empties or adds homes: tenancies.end_per_year, stock.new_per_year, "
        "stock.acquired_per_year, new_homes and acquisitions; and at what lets them: voids.works_teams "
        "and voids.offers_per_week")
    if week + 1 >= WEEKS_EMPTY:
        lately = weeks["waiting"][-n * WEEKS_EMPTY :].reshape(WEEKS_EMPTY, n)
        yield from _first(
            state, week, lately.max(axis=0) == 0, "world_empty",
            f"nobody has waited at the end of a week for {WEEKS_EMPTY} weeks", waiting,
            "households wait", "1 or more",
            "Look at arrivals.per_year, and at what the scheme lets wait")
    if week + 1 == WEEKS_UNLET:
        let = np.bincount(state.voids["world"][state.lettings["void"]], minlength=n)
        adverts = np.bincount(state.voids["world"][state.adverts["void"]], minlength=n)
        none = (let == 0) & (adverts >= ADVERTS_UNLET)
        yield from _first(
            state, week, none, "houses_nobody",
            f"the scheme has let none of the homes advertised in {WEEKS_UNLET} weeks",
            adverts, "adverts", "a letting",
            "Look at bidding.kinds, at nominations.*, at whom the scheme's profiles admit, and whether "
            "homes.bedrooms are sizes that those who wait may be let")


def _first(
    state: State, week: int, beyond: NDArray[np.bool_], kind: str, message: str,
    counts: NDArray[np.integer], unit: str, allowed: str, remedy: str,
) -> Iterator[Problem]:
    """A problem for the first world that is beyond a bound."""
    if beyond.any():
        at = int(np.flatnonzero(beyond)[0])
        day = date_of(state.setup.monday(week))
        yield Problem(kind, message, where=f"world {state.worlds[at]}, week {week} (from {day})",
                      given=f"{counts[at]:,} {unit}", allowed=allowed, remedy=remedy,
                      count=int(beyond.sum()))


def sizes_of_no_use(setup: Setup) -> Iterator[Problem]:
    """A stock of sizes that nobody, or hardly anybody, may be let in any stretch of its life: who wants
    none of them is known before the first week. Whose sizes are not known bids for the size of its need.
    """
    lives, sizes = setup.lives, sorted(set(setup.homes.bedrooms.tolist()))
    sought = _sought(lives)
    fits = (sought & np.uint32(sum(1 << size for size in sizes if size >= 0))) > 0
    given, remedy = ", ".join(map(str, sizes)), "Check the stock's bedrooms and the scheme's bedroom standard"
    if not fits.any():
        yield Problem("no_size_to_let", "no household may be let a home of any size in the stock",
                      where="homes.bedrooms", given=given, remedy=remedy)
        return
    some = np.logical_or.reduceat(fits, lives.starts[:-1])
    shares = [part.mean() for part in (some[: lives.opening], some[lives.opening :]) if len(part)]
    if max(shares) < LEAST_LET and setup.theory == Theory():
        yield Problem(
            "hardly_any_size_to_let", "hardly any household may be let a home of any size in the stock",
            where="homes.bedrooms", given=f"{given}: {some.mean():.2%} of those who wait or may join",
            allowed=f"sizes that {LEAST_LET:.0%} or more may be let, of those who wait or of those who may join",
            remedy=remedy)


def notes_of(setup: Setup) -> list[Problem]:
    """What a world may not be meant to be like, known before the first week."""
    return [*sizes_of_nobody(setup), *profiles_of_other_versions(setup), *areas_of_nobody(setup)]


def sizes_of_nobody(setup: Setup) -> list[Problem]:
    """A note on sizes of the stock that nobody may be let in any stretch of its life, where there are
    others; and one on those of each scheme that holds for a part of the run.
    """
    tracks = setup.lives.tracks
    begins = [day_number(track.from_) for track in tracks]
    ends = [*begins[1:], setup.monday(setup.weeks)]
    lost = [_lost(setup, track, end - 1) for track, end in enumerate(ends)]
    always = set(lost[0]).intersection(*lost)
    found = [_of_nobody(setup, sorted(always), "")]
    for track, begin, end in zip(lost, begins, ends, strict=True):
        found.append(_of_nobody(setup, [size for size in track if size not in always],
                                f" from {date_of(begin)} to {date_of(end - 1)}"))
    return [note for note in found if note is not None]


def _of_nobody(setup: Setup, lost: Sequence[int], when: str) -> Problem | None:
    if not lost:
        return None
    bedrooms, there = setup.homes.bedrooms, setup.homes.built_week == STANDING
    given = []
    for size in lost:
        now, later = (int(np.sum(there_or_not[bedrooms == size])) for there_or_not in (there, ~there))
        given.append(f"{size} ({now:,} homes{f', and {later:,} to come' if later else ''})")
    return Problem(
        "size_of_nobody",
        f"nobody who waits or may join may be let homes of some sizes{when}, which stand empty once they come "
        "free", where="homes.bedrooms", given="; ".join(given),
        remedy="Check the stock's bedrooms and the scheme's bedroom standard")


def _lost(setup: Setup, track: int, last: int) -> list[int]:
    """Sizes of the stock that nobody may be let by a track once all who go over to it have, up to its
    last day; by one that holds for less time than that, on that day.
    """
    lives = setup.lives
    sought = _sought(lives)
    begin = day_number(lives.tracks[track].from_)
    settled = 0 if track == 0 else 7 * (lives.tracks[track].over_weeks + lives.every)
    n, own = len(lives), len(lives) - lives.opening
    waits = slice(0, lives.starts[lives.opening])
    until = np.append(lives.since[waits][1:], last + 1)
    until[lives.starts[1 : lives.opening + 1] - 1] = last + 1
    lived = (lives.since[waits] <= last) & (until > min(begin + settled, last))
    masks = [sought[waits][lived]]
    for joined in _joined_by(lives, track, over=begin + settled <= last):
        first = lives.opening if joined == 0 else n + (joined - 1) * own
        masks.append(sought[lives.starts[first] : lives.starts[first + own]])
    mask = int(np.bitwise_or.reduce(np.concatenate(masks), initial=0))
    sizes = np.unique(setup.homes.bedrooms).tolist()
    return [size for size in sizes if size >= 0 and not mask >> size & 1]


def _joined_by(lives: Lives, track: int, *, over: bool) -> range:
    """Tracks by which some who joined may be assessed while one holds: its own, and earlier ones that
    nobody went over from, or not all have yet.
    """
    first = track
    while first > 0 and (lives.tracks[first].only_new or (first == track and not over)):
        first -= 1
    return range(first, track + 1)


def areas_of_nobody(setup: Setup) -> list[Problem]:
    """A note on areas that a scheme names and a council's own register has not, as cbl validate warns."""
    if setup.own_areas is None:
        return []
    findings = dict.fromkeys(
        (finding.rule, finding.message) for n in versions_lived(setup) for finding in data_findings(
            setup.scheme.versions[n], setup.scheme.documents[n], {"areas": setup.own_areas})
        if finding.level == "warning")
    return [Problem(rule, message, where="areas",
                    remedy="Name it in the register's areas and connections as the scheme does")
            for rule, message in findings]


def profiles_of_other_versions(setup: Setup) -> list[Problem]:
    """A note on earlier adverts whose profile the version of the first day has not: no quota counts them."""
    policy = policy_on(setup, setup.start)
    rules = policy.version.advertising
    if setup.lists is None or rules is None or not rules.quotas:
        return []
    names = setup.lists.shown["profile"].drop_nulls().cast(pl.String)
    lost = names.filter(~names.is_in(list(policy.profiles)))
    if lost.is_empty():
        return []
    return [Problem(
        "profile_of_other_version",
        "earlier adverts have a profile that the scheme has not on the first day, so quotas do not count them",
        where="adverts.profile", given=", ".join(lost.unique().sort().to_list()[:5]), count=len(lost),
        remedy="Where a profile was renamed, give those adverts the name that it has now")]


def _sought(lives: Lives) -> NDArray[np.uint32]:
    """Mask of the sizes of each stretch: those it may be let, or, where they are not known, that of its need."""
    by_need = np.left_shift(np.uint32(1), np.maximum(lives.need, 0).astype(np.uint32))
    return np.where((lives.sizes == 0) & (lives.need >= 0), by_need, lives.sizes).astype(np.uint32)


def register_out_of_time(applications: pl.DataFrame, start: date, where: str) -> list[Problem]:
    """A register that ends long before the start, or goes on after it.

    Args:
        applications: the opening register, with ``registered_on``.
        start: first day.
        where: the folder, for the message.
    """
    if "registered_on" not in applications.columns:
        return []
    days = applications["registered_on"].drop_nulls()
    if days.is_empty():
        return []
    last: date = days.sort()[-1]
    remedy = "Let the scenario start on the day of the extract"
    if last < start - timedelta(days=DAYS_OLD):
        return [Problem("data_end_early", "the register ends long before the start of the scenario",
                        where=where, given=f"the newest application is of {last}",
                        allowed=f"{start - timedelta(days=DAYS_OLD)} to {start}", remedy=remedy)]
    late = applications.filter(pl.col("registered_on") > start)
    if late.is_empty():
        return []
    return [Problem("data_after_start", "applications were made after the start of the scenario",
                    where=where, given=f"up to {last}", allowed=f"up to {start}", remedy=remedy,
                    count=late.height, rows=tuple(late["id"].cast(pl.String).sort().head(5)))]

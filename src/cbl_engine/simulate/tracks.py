"""By which version of the scheme a household is assessed, and when it goes over to another.

Versions that assess alike are one track. Whoever joins is assessed by the version in force; when
another comes into force, those who wait go over to it as its transition says: at the first round of
assessments, at a round drawn for each household over some weeks, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.scheme import Scheme
from cbl_engine.scheme.comparison import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.simulate.luck import Luck

_NOT_READ = ("in_force", "title", "notes", "unknown", "sources", "eligible", "profiles",
             "advertising", "bidding", "checks", "nominations", "offers", "consequences",
             "direct_lets", "default_profile", "landlords", "local_lettings_plans", "review", "upkeep")
"""Parts of a version that no assessment of these worlds reads."""


@dataclass(frozen=True)
class Track:
    """Rules of assessment that hold from a day on.

    Attributes:
        from_: the first day.
        version: of the scheme, whose rules they are.
        scheme: the scheme up to it; it goes on where another would follow in the run.
        only_new: who joined before keeps to the rules it had.
        over_weeks: [weeks] over which those who joined before go over; 0: at once.
    """

    from_: date
    version: SchemeVersion
    scheme: Scheme
    only_new: bool = False
    over_weeks: int = 0

    @property
    def assesses(self) -> bool:
        """Whether the scheme says how households are assessed."""
        return self.version.assessment is not None


def tracks_of(
    scheme: Scheme, start: date, weeks: int, transitions: Mapping[date, tuple[str, int]]
) -> tuple[Track, ...]:
    """The tracks of a run, in order of the days they begin.

    Args:
        scheme: with every version.
        start: first day.
        weeks: that are simulated.
        transitions: by the first day of a version: ``everybody`` or ``only_new``, and over how many
            weeks; everybody at once where nothing is said.

    Raises:
        SchemeError: no version is in force on the first day.
    """
    first = scheme.in_force(start)
    end = start + timedelta(weeks=weeks)
    versions = [v for v in scheme.versions if v is first or start < v.in_force.from_ < end]
    found = [Track(start, first, _up_to(scheme, first, versions))]
    for version in versions[1:]:
        if not _assess_alike(found[-1].version, version):
            who, over = transitions.get(version.in_force.from_, ("everybody", 0))
            found.append(Track(version.in_force.from_, version,
                               _up_to(scheme, version, versions), who == "only_new", over))
    return tuple(found)


def _assess_alike(one: SchemeVersion, other: SchemeVersion) -> bool:
    """Whether they differ in words alone, beside what no assessment reads."""
    return not any(change.of_rules and change.path.partition(".")[0] not in _NOT_READ
                   for change in compare(one, other))


def _up_to(scheme: Scheme, last: SchemeVersion, versions: Sequence[SchemeVersion]) -> Scheme:
    """A scheme whose last version is this one; it goes on where another would follow in the run."""
    at = scheme.versions.index(last)
    if last is versions[-1]:
        return scheme
    going_on = last.model_copy(update={
        "in_force": last.in_force.model_copy(update={"until": None})})
    return Scheme((*scheme.versions[:at], going_on), scheme.documents[: at + 1])


def tracks_on(
    tracks: Sequence[Track], joined: NDArray[np.integer], keys: NDArray[np.integer], luck: Luck,
    on: date, every: int,
) -> NDArray[np.int64]:
    """The track that each household goes by after the round of assessments of a day.

    Args:
        tracks: of the run.
        joined: number of the track by which each was assessed first.
        keys: of each, for its draw.
        luck: draws.
        on: day of the round.
        every: weeks from one round to the next.
    """
    now = joined.astype(np.int64)
    for number, track in enumerate(tracks):
        if track.only_new:
            continue
        rounds = np.uint64(track.over_weeks // every + 1)
        later = (luck.draws("goes_over", keys, number) % rounds).astype(np.int64) * every
        due = (on - track.from_).days >= 7 * later
        now = np.where(due & (number > joined), number, now)
    return now

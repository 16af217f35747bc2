"""What an explanation holds: why a bid stands where it stands, for an officer or an applicant."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Audience = Literal["officer", "applicant"]
Effect = Literal["not eligible", "held", "ranked last", "later stage", "none"]


@dataclass(frozen=True)
class Reason:
    """A criterion or key that failed or is not known.

    Attributes:
        name: the criterion's name or the key's.
        label: the scheme's words for it.
        outcome: ``failed`` or ``not known``.
        effect: what that did: ``not eligible``, ``held``, ``ranked last``, ``later stage`` or
            ``none``.
        stage: stage it belongs to, from 1; None when it is common to all.
        missing: for not known, the columns without a value.
        source: where the rule is written; None when the scheme does not say.
        asked_by: the landlord or local lettings plan that alone asks for it; None when the
            scheme or the profile does.
    """

    name: str
    label: str
    outcome: Literal["failed", "not known"]
    effect: Effect
    stage: int | None
    missing: tuple[str, ...]
    source: str | None
    asked_by: str | None = None


@dataclass(frozen=True)
class EarlierStage:
    """A stage before the bid's own that it does not stand in, and the criteria that say so.

    Attributes:
        stage: from 1.
        label: the scheme's words for who stands in it; None when it has none.
        reasons: the stage's criteria that the bid fails, or that count as failed when not known.
    """

    stage: int
    label: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Rival:
    """For officers: one bid above, and the first key that decided against the applicant's.

    ``position`` is that of the first for members of a tie group.
    """

    application: Any
    position: int
    decided_by: str
    own_value: Any = field(repr=False)
    rival_value: Any = field(repr=False)


@dataclass(frozen=True)
class FirstPlace:
    """For officers: the value of one key alone that would have put the bid first; None if none."""

    key: str
    own_value: Any = field(repr=False)
    value: Any = field(repr=False)


@dataclass(frozen=True)
class Explanation:
    """Everything that decided one bid.

    Attributes:
        advert, application: ids.
        audience: who it is for; nothing in it is beyond them.
        scheme, profile, as_at: what it was judged under, and on which date.
        outcome: ``eligible``, ``held``, ``not eligible`` or ``set aside``.
        set_aside: why the bid does not count; None when it does.
        position: from 1; that of the first for members of a tie group; None when not eligible.
        of: bids on the advert that have a position.
        joint: others in the same tie group.
        stage: from 1; None when it stands in none.
        stage_label: the scheme's words for who stands in that stage, if it has any.
        earlier_stages: of a bid that has a position, the stages before its own, with the reasons
            why it stands in none of them.
        reasons: criteria and keys failed or not known.
        decided_by: the key that put it below the one directly above; None for the first.
        above_by_key: how many above, by the key that decided.
        above_by_band: how many above, by their band; empty where bands do not rank.
        own_facts: the application's columns and facts that were read, with its values.
        advert_facts: the advert's columns that were read.
        labels: the scheme's words for those of the facts read that it declares itself, by name.
        rivals, first_place: officers only; a key is left out of the second when changing it
            changes another key in a way that cannot be worked through.
    """

    advert: Any
    application: Any
    audience: Audience
    scheme: str
    profile: str
    as_at: date
    outcome: Literal["eligible", "held", "not eligible", "set aside"]
    set_aside: str | None = None
    position: int | None = None
    of: int = 0
    joint: int = 0
    stage: int | None = None
    stage_label: str | None = None
    earlier_stages: tuple[EarlierStage, ...] = ()
    reasons: tuple[Reason, ...] = ()
    decided_by: str | None = None
    above_by_key: dict[str, int] = field(default_factory=dict)
    above_by_band: dict[str, int] = field(default_factory=dict)
    own_facts: dict[str, Any] = field(default_factory=dict, repr=False)
    advert_facts: dict[str, Any] = field(default_factory=dict, repr=False)
    labels: dict[str, str] = field(default_factory=dict, repr=False)
    rivals: tuple[Rival, ...] = ()
    first_place: tuple[FirstPlace, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: dates and times as ISO text; officer fields only for officers."""
        out = _plain(asdict(self))
        if self.audience != "officer":
            del out["rivals"], out["first_place"]
        return out

    def text(self) -> str:
        """The explanation in plain English."""
        from cbl_engine.shortlist.words import in_words

        return in_words(self)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value

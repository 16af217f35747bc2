"""Keys of an order: what puts one bid before another, each by one field that names it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from cbl_engine.scheme.parts import Part, Text, kind_among, one_of

KeyWhenUnknown = Literal["last", "hold", "error"]


class _Key(Part):
    """One key of an order; ``when_unknown`` says what follows from a value not known."""

    when_unknown: KeyWhenUnknown = Field(
        "last",
        description="when the value is missing. last: below every known one. hold: the same, and "
        "nothing is offered until it is known. error: the run is refused",
    )
    label: Text | None = Field(None, description="what comes first, in words")
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


class BandKey(_Key):
    """Bands in this order, best first; a nested list holds bands that rank equal."""

    band: tuple[str | tuple[str, ...], ...] = Field(min_length=1)


class DateKey(_Key):
    """Earliest first. A column, or band or criterion -> column, with ``otherwise``."""

    date: str | dict[str, str]


class PointsKey(_Key):
    """Highest first: a whole-number column of the application, or a fact."""

    points: str


class PreferKey(_Key):
    """Those who meet the criterion first; not known ranks as not met."""

    prefer: str


class ConnectionKey(_Key):
    """Lowest first: a connection_strength fact (1 is the strongest)."""

    connection: str


class BedroomFitKey(_Key):
    """How the bedroom need fits the home's bedrooms.

    exact_first: need = bedrooms before the rest. fewest_spare: fewest bedrooms left over first (a
    need at least as large as the home leaves none). largest_need: largest need first.
    """

    bedroom_fit: Literal["exact_first", "fewest_spare", "largest_need"]


class DebtKey(_Key):
    """``any``: those without debt first. ``amount``: the least debt first."""

    debt: str = Field(description="a bool column, or an amount, with pence or without")
    compare: Literal["any", "amount"] = Field(
        "any", description="any: none before some. amount: the least first"
    )


class BidTimeKey(_Key):
    """Earliest bid first: the household's first unwithdrawn bid on the advert, or its latest."""

    bid_time: Literal["first", "latest"]


class LotteryKey(_Key):
    """A seeded draw: one for each advert, or one number per household for all adverts."""

    lottery: Literal["advert", "register"]


class TieKey(_Key):
    """Those still equal are a tie group that people decide."""

    tie: Literal["human"]


KEYS: dict[str, type[_Key]] = {
    "band": BandKey,
    "date": DateKey,
    "points": PointsKey,
    "prefer": PreferKey,
    "connection": ConnectionKey,
    "bedroom_fit": BedroomFitKey,
    "debt": DebtKey,
    "bid_time": BidTimeKey,
    "lottery": LotteryKey,
    "tie": TieKey,
}

Key = Annotated[
    Annotated[BandKey, Tag("band")]
    | Annotated[DateKey, Tag("date")]
    | Annotated[PointsKey, Tag("points")]
    | Annotated[PreferKey, Tag("prefer")]
    | Annotated[ConnectionKey, Tag("connection")]
    | Annotated[BedroomFitKey, Tag("bedroom_fit")]
    | Annotated[DebtKey, Tag("debt")]
    | Annotated[BidTimeKey, Tag("bid_time")]
    | Annotated[LotteryKey, Tag("lottery")]
    | Annotated[TieKey, Tag("tie")],
    one_of(KEYS, "order key"),
]
"""One key of an order; the first of them that tells two bids apart decides."""


def kind_of_key(key: _Key) -> str:
    """The kind of an order key: the one field that names it."""
    return kind_among(KEYS, key)


def key_name(key: Key) -> str:
    """The name an order key goes by in ``decided_by``, ``unknown`` and explanations."""
    kind = kind_of_key(key)
    value = getattr(key, kind)
    if isinstance(key, (PointsKey, ConnectionKey, DebtKey, PreferKey)):
        return f"{kind}: {value}"
    if isinstance(key, DateKey):
        return f"date: {value}" if isinstance(value, str) else "date"
    return kind

"""Adverts as data: what a home that was not let is tried with next, and shares among homes.

``docs/offers.md`` says how each is used.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbl_engine.scheme.parts import DAY_OF_YEAR, Labelled, Name, Part, Share


class Rung(Labelled):
    """One step for a home that was not let. Steps are taken in the order written."""

    step: Literal[
        "readvertise", "widen", "first_come", "direct_let", "change_designation", "landlord"
    ] = Field(
        description="readvertise: again as it was. widen, first_come: under `profile`. direct_let, "
        "change_designation, landlord: leaves bidding"
    )
    profile: Name | None = Field(None, description="for widen and first_come: a lettings profile")
    when: str | None = Field(
        None, description="a criterion over the advert alone: for which homes; left out: all"
    )
    after: tuple[
        Literal["no_bids", "no_eligible", "exhausted", "withdrawn"], ...
    ] = Field((), description="why the home was not let; empty: whatever the reason")


class Quota(Labelled):
    """A share of homes for a purpose, kept in a ledger.

    An advert counts in a quota when it meets ``of`` and lies in the part that ``within`` leaves.
    Of adverts that a quota may label, the one behind its target most gets the label.
    """

    on: Literal["adverts", "lettings"] = Field(
        description="adverts: homes advertised with its profile count, let or not. lettings: lettings to "
        "households that meet `to`"
    )
    share: Share = Field(description="part of the whole; 0.25 or 1/4 for one in four")
    of: str | None = Field(
        None, description="a criterion over the advert alone: the whole; left out: every advert"
    )
    by: tuple[Name, ...] = Field(
        (), description="columns of the advert: each combination has a count of its own"
    )
    profile: Name | None = Field(
        None, description="the lettings profile of a home that the quota chooses"
    )
    to: str | None = Field(
        None,
        description="for lettings: a criterion of the household; who counts; left out: lettings of "
        "homes under `profile`",
    )
    within: Name | None = Field(None, description="another quota: its whole is what that one leaves")
    starts: str | None = Field(
        None,
        pattern=DAY_OF_YEAR,
        description="MM-DD: counts begin anew each year on this day; left out: never",
    )


class Advertising(Part):
    """How homes are advertised."""

    ladder: tuple[Rung, ...] = Field((), description="what a home not let is tried with, in order")
    quotas: dict[Name, Quota] = Field(default_factory=dict, description="shares, by name")

"""Adverts: one for each advertised home, closing one after another over the days asked for.

They open at 00:01 and close at 23:59 London time, as in a published cycle:
https://www.southend-on-the-move.org.uk/content/About_the_scheme/PrioritisingApplications/natsworld/Thebiddingcycle
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import even, numbered, pick, words, yes
from cbl_engine.sample.shares import figure, published_share
from cbl_engine.tables.columns import DTYPES, LONDON

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.homes import AdvertisedHomes
    from cbl_engine.sample.plan import Plan


def make_adverts(plan: Plan, homes: AdvertisedHomes) -> pl.DataFrame:
    """The adverts table, in order of id; the n-th advert is of the n-th home."""
    seed, at = plan.seed, np.arange(plan.adverts)
    closing_day = plan.last_day - (plan.closing_days - 1) + at % plan.closing_days
    own_rent = yes(seed, "advert_rent", at)
    rise = 1 + figure("advert_rent_rise", "most") / 100 * even(seed, "advert_rent_rise", at)
    rent = pl.Series(np.round(homes.rent_weekly * rise, 2))
    return pl.DataFrame(
        {
            "id": numbered("ADV", at, 6),
            "home": homes.ids,
            "profile": _profiles(plan, at),
            "labels": _labels(homes),
            "opens_at": _moments(closing_day - (plan.window_days - 1), 0, 1),
            "closes_at": _moments(closing_day, 23, 59),
            "status": words(
                list(published_share("advert_status")), pick(seed, "advert_status", at)
            ),
            "rent_weekly": pl.select(pl.when(pl.Series(own_rent)).then(rent)).to_series(),
        },
        schema_overrides={"rent_weekly": pl.Float64},
    )


def _profiles(plan: Plan, at: NDArray[np.int64]) -> pl.Series:
    """Profiles in the shares asked for, from the first adverts on; all null when none are.

    The k-th advert of a profile (from 0) is due at place (k + 1/2) / share; profiles take the
    adverts in the order in which they are due.
    """
    if not plan.profiles:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(at))
    shares = np.array(plan.profile_weights)
    counts = np.ceil(len(at) * shares).astype(np.int64) + 1
    profile = np.repeat(np.arange(len(shares)), counts)
    k = np.arange(len(profile)) - np.repeat(np.cumsum(counts) - counts, counts)
    due = np.argsort((k + 0.5) / shares[profile], kind="stable")
    return words(plan.profiles, profile[due][: len(at)])


def _labels(homes: AdvertisedHomes) -> pl.Series:
    """What stands on the advert: sheltered, accessible, wheelchair, new_build; null for nothing."""
    said = {
        "sheltered": homes.minimum_age > 0,
        "accessible": homes.access == 1,
        "wheelchair": homes.access == 2,
        "new_build": homes.first_let,
    }
    words_said = [
        pl.when(pl.Series(held)).then(pl.lit(label)).alias(label) for label, held in said.items()
    ]
    lists = pl.select(words_said).select(pl.concat_list(pl.all()).list.drop_nulls().alias("labels"))
    return lists.select(
        pl.when(pl.col("labels").list.len() > 0).then("labels").cast(DTYPES["text_list"])
    ).to_series()


def _moments(days: NDArray[np.int64], hour: int, minute: int) -> pl.Series:
    """A London time of day on days since 1970-01-01."""
    day = pl.Series(np.asarray(days, np.int32)).cast(pl.Date).cast(pl.Datetime("us"))
    moment = day + pl.duration(hours=hour, minutes=minute)
    return pl.select(moment).to_series().dt.replace_time_zone(LONDON)

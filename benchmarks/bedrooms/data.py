"""Synthetic households: 1.33 million applications and 2.9 million people at size L (England).

Ages, sexes and who is with whom are drawn from one seeded stream. Ids are whole numbers, rows in
the order of applications. The register ``complete`` lacks nothing; in ``patchy`` some dates of birth
and sexes are missing, as in a real one.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

SIZES = {"S": 20_000, "M": 340_000, "L": 1_330_000}
AS_AT = date(2026, 6, 15)
SEED = 20_260_615
# Households by number of people beside the applicant: 2.18 people a household on average.
_OTHERS = np.array([0.43, 0.235, 0.17, 0.09, 0.045, 0.02, 0.007, 0.003])


def load(size: str, register: str = "complete") -> dict[str, pl.DataFrame]:
    """The frames ``applications`` and ``people``."""
    n = SIZES[size]
    rng = np.random.default_rng(SEED)
    others = rng.choice(len(_OTHERS), size=n, p=_OTHERS)
    start = np.cumsum(others + 1) - (others + 1)
    total = int(others.sum()) + n
    household = np.repeat(np.arange(n, dtype=np.int32), others + 1)
    place = np.arange(total) - start[household]
    first = place == 0
    couple = (rng.random(n) < 0.35) & (others > 0)
    partner = (place == 1) & couple[household]
    adult = ~first & ~partner & (rng.random(total) < 0.12)
    child = ~first & ~partner & ~adult
    years = np.select(
        [first | partner, adult], [rng.uniform(18, 80, total), rng.uniform(18, 75, total)],
        rng.uniform(-0.4, 20, total),
    )
    today = AS_AT.toordinal() - date(1970, 1, 1).toordinal()
    days = (today - years * 365.2425).astype(np.int32)
    lost = register == "patchy"
    no_birth = (rng.random(total) < 0.004) & lost
    unborn = child & (days > today)
    sex = rng.integers(0, 2, total)
    no_sex = ((rng.random(total) < 0.003) & lost) | unborn
    relationship = np.select([first, partner, adult], [0, 1, 3], 2)
    carer = adult & (rng.random(total) < 0.1)
    ids = np.arange(total, dtype=np.int32)
    partner_of = np.where(partner, ids - 1, -1)
    both = np.flatnonzero(partner & (rng.random(total) < 0.9))  # recorded on both sides
    partner_of[both - 1] = both

    def some(values: np.ndarray, where: np.ndarray, dtype: pl.DataType) -> pl.Series:
        return pl.select(pl.when(pl.Series(where)).then(pl.Series(values))).to_series().cast(dtype)

    codes = pl.Series(["female", "male"]).gather(sex)
    people = pl.DataFrame(
        {
            "id": ids,
            "application": household,
            "date_of_birth": some(days, ~no_birth & ~unborn, pl.Date()),
            "expected_on": some(days, unborn, pl.Date()),
            "sex": pl.select(pl.when(pl.Series(~no_sex)).then(codes)).to_series(),
            "relationship": pl.Series(
                ["applicant", "partner", "child", "other_relative"]).gather(relationship),
            "partner_of": some(partner_of, partner_of >= 0, pl.Int32()),
            "carer": carer,
            "cannot_share": child & (rng.random(total) < 0.02),
            "temporarily_away": adult & (rng.random(total) < 0.02),
        }
    )
    return {"applications": pl.DataFrame({"id": np.arange(n, dtype=np.int32)}), "people": people}

"""Working days in England: ``scenarios/law/bank_holidays.yaml``."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from cbl_engine.scheme.parts import Part, Source
from cbl_engine.scheme.standards import read_shipped
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


class Year(Part):
    """The bank holidays of a year."""

    published: bool = Field(description="false: as the law gives them; one may be added or moved")
    source: str
    days: tuple[date, ...] = Field(min_length=1)


class BankHolidays(Part):
    """Bank holidays by year.

    Attributes:
        sources: where they were read.
        years: the days of each year on record.
    """

    sources: dict[str, Source]
    years: dict[int, Year]

    @property
    def days(self) -> list[date]:
        """Every bank holiday on record, ascending."""
        return sorted(day for year in self.years.values() for day in year.days)

    @property
    def published_until(self) -> date:
        """The last day of the years that are published."""
        return date(max(year for year, its in self.years.items() if its.published), 12, 31)


@lru_cache(maxsize=1)
def bank_holidays() -> BankHolidays:
    """The bank holidays of England that are on record.

    References:
        https://www.gov.uk/bank-holidays
    """
    return read_shipped(shipped_folder("law") / "bank_holidays.yaml", BankHolidays)


def working_days_after(
    starts: ArrayLike, working_days: int, closed: Iterable[date] = ()
) -> NDArray:
    """The so-many-th working day after each date.

    The day on which a period starts is not counted: one working day after a Friday is Monday, and
    so it is after that Saturday. In years without bank holidays on record only weekends count.

    Args:
        starts: dates (``datetime64[D]``, or lists of dates); NaT stays NaT.
        working_days: at least 0 [working days]; 0 is the last working day up to each date.
        closed: further days that are no working days, as those on which offices are closed.

    Returns:
        ``datetime64[D]``.
    """
    import numpy as np

    days = np.asarray(starts, "datetime64[D]")
    out = np.full(days.shape, np.datetime64("NaT"), "datetime64[D]")
    known = ~np.isnat(days)
    holidays = np.array(sorted({*bank_holidays().days, *closed}), "datetime64[D]")
    out[known] = np.busday_offset(days[known], working_days, roll="backward", holidays=holidays)
    return out

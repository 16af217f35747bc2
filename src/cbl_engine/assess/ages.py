"""Whole years and whole months between dates, as polars expressions."""

from __future__ import annotations

from datetime import date

import polars as pl

UNBORN = -1
"""Age of a child who is expected and not yet born."""


def age_on(on: date, born: str = "date_of_birth") -> pl.Expr:
    """Age [years] on a date: whole years since birth.

    Someone born on 29 February has a birthday on 1 March in years without one. Null when the date
    of birth is.
    """
    column = pl.col(born)
    had_birthday = (column.dt.month() < on.month) | (
        (column.dt.month() == on.month) & (column.dt.day() <= on.day)
    )
    return pl.lit(on.year, pl.Int64) - column.dt.year().cast(pl.Int64) - (~had_birthday).cast(
        pl.Int64
    )


def whole_months(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Whole months [months] from one date to a later one.

    A month is complete on the same day of the month; one begun on the 31st is complete on the
    first of the month after a shorter one.
    """
    years = end.dt.year().cast(pl.Int64) - start.dt.year().cast(pl.Int64)
    months = end.dt.month().cast(pl.Int64) - start.dt.month().cast(pl.Int64)
    short = (end.dt.day() < start.dt.day()).cast(pl.Int64)
    return years * 12 + months - short


def months_on(start: pl.Expr, months: int | pl.Expr) -> pl.Expr:
    """The day on which so many months [months] since a date are whole, as :func:`whole_months`."""
    by = f"{months}mo" if isinstance(months, int) else pl.format("{}mo", months)
    day = start.dt.offset_by(by)
    return pl.when(day.dt.day() < start.dt.day()).then(day + pl.duration(days=1)).otherwise(day)


def days_left_over(start: pl.Expr, months: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Days [days] from so many whole months since a date to a later one.

    They count from the same day of the month, or from the last of a month that has no such day:
    from 31 January to 1 March is one month, and a day is left over.

    Args:
        start: the first date.
        months: whole months between both, as :func:`whole_months`.
        end: the later date.
    """
    return (end - start.dt.offset_by(pl.format("{}mo", months))).dt.total_days()


def born_by(on: date, years: int) -> date:
    """The last day of birth of those who are at least ``years`` old on a date.

    With :func:`age_on`: the age is ``years`` or more exactly for those born on this day or before.
    """
    if on.year - years < 1:
        return date.min
    try:
        return on.replace(year=on.year - years)
    except ValueError:  # 29 February, in a year without one: who was born on 1 March waits a day
        return date(on.year - years, 2, 28)

"""Figures of what is paid to tenants who move to a smaller home."""

from __future__ import annotations

import polars as pl

from cbl_engine.simulate.kpi import ALL, Kpi, Told, grouped
from cbl_engine.simulate.kpis_people import moves_down

_PAYMENT = "downsizing.payment"
ANYWAY, BY_HELP = "would have asked anyway", "asked for the help"
"""Groups of those who are paid."""


def paid(told: Told) -> pl.DataFrame:
    """What tenants who give back a home and move to a smaller one are paid for the bedrooms they free, a
    year, by the value of downsizing.payment on the day on which their new tenancy begins. What those are
    paid who would have asked without the help (downsizing.incentive), or were on the register for
    another reason, is deadweight. It is their landlord's money: for the council's own homes the Housing
    Revenue Account's.
    """
    asked = pl.when(pl.col("would_ask_anyway").eq(other=False).fill_null(value=False)).then(
        pl.lit(BY_HELP)).otherwise(pl.lit(ANYWAY))
    return grouped(_payments(told), pl.col("paid").sum() / told.years, asked)


def for_a_bedroom(told: Told) -> pl.DataFrame:
    """What is paid to them for each bedroom freed by the moves that are paid for, deadweight included;
    null where there is none.
    """
    return grouped(_payments(told), pl.col("paid").sum() / pl.col("freed").sum())


def _payments(told: Told) -> pl.DataFrame:
    """Moves to smaller homes that are paid for, with the pounds ``paid``."""
    pounds = _at(told, "first") + _at(told, "further") * (pl.col("freed") - 1)
    return moves_down(told).with_columns(pounds.alias("paid")).filter(pl.col("paid") > 0)


def _at(told: Told, part: str) -> pl.Expr:
    """Pounds for a bedroom on the day on which a tenancy begins."""
    pounds = pl.lit(float(told.parameters[_PAYMENT][part]))
    for on, values in told.later:
        pounds = pl.when(pl.col("let_on") < on).then(pounds).otherwise(float(values[_PAYMENT][part]))
    return pounds


def _some_are_paid(told: Told) -> bool:
    every = (told.parameters, *(values for _, values in told.later))
    return any(any(values[_PAYMENT].values()) for values in every)


KPIS = (
    Kpi("downsizing_paid", "Paid to tenants who move to a smaller home", "pounds a year", paid, 0.0,
        (ALL, ANYWAY, BY_HELP), ".*", has=_some_are_paid),
    Kpi("downsizing_per_bedroom", "Payment for each bedroom freed", "pounds", for_a_bedroom,
        order=(ALL,), has=_some_are_paid),
)

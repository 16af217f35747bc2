"""What those who bid see of a home, and what they do not."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from tests.simulate import small


def test_what_values_lost_rent_moves_no_bid_and_what_bidders_suppose_of_a_rent_does() -> None:
    setup = small.sheffield()
    odd = pl.int_range(pl.len()) % 2 == 1
    stock = setup.stock.with_columns(rent_weekly=pl.when(odd).then("rent_weekly"))

    def with_value(name: str, pounds: float) -> dict[str, pl.DataFrame]:
        values = setup.parameters.with_changes(small.parameters_of(**{name: {"number": pounds}}))
        return small.tables(replace(setup, stock=stock, parameters=values), [0])

    usual = small.tables(replace(setup, stock=stock), [0])
    dear = with_value("rents.weekly_loss", 400)
    assert dear["voids"].filter(pl.col("rent_weekly") == 400).height > 20
    for name, table in usual.items():
        rent = ["rent_weekly"] if name == "voids" else []
        assert dear[name].drop(rent).equals(table.drop(rent)), name
    shunned = with_value("choice.rent_not_known", 400)
    assert shunned["voids"]["rent_weekly"].max() < 400
    assert not shunned["adverts"]["bids"].equals(usual["adverts"]["bids"])

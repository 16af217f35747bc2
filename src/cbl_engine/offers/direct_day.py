"""Direct lets on their day: proposed where the scheme permits them, listed where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.direct import direct_let_findings

if TYPE_CHECKING:
    from cbl_engine.offers.desk import Desk


def propose_direct_lets(desk: Desk, late: pl.DataFrame | None = None) -> None:
    """Propose the direct lets asked for that day, and those of earlier days that came late."""
    asked = desk.table("direct_lets").filter(pl.col("on") == desk.on)
    if late is not None:
        asked = pl.concat([asked, late], how="diagonal_relaxed")
    if not asked.height:
        return
    findings = direct_let_findings(desk.judge, desk.version, asked, desk.on, desk.record)
    refused = set(findings["id"])
    for row in findings.iter_rows(named=True):
        desk.tell("direct_lets_refused", on=desk.on, **row)
    for row in asked.sort("id").iter_rows(named=True):
        if row["id"] in refused:
            continue
        home, application = str(row["home"]), str(row["application"])
        times = 1 + sum(o.route == "direct" and o.home == home
                        for o in desk.book.offers_of[application])
        offer = desk.offer_id(home, application, times)
        desk.emit(e.OfferProposed(
            on=desk.on, offer=offer, advert=None, home=home, application=application,
            route="direct", final=False, landlord=desk.row("homes", home).get("landlord"),
        ))
        desk.propose("direct_let", application=application, offer=offer, what=row["kind"])

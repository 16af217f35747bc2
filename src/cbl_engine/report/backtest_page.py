"""The page of a backtest: the headline, the picture of every interval, and the table behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.compare.backtest.measures import BY_NAME
from cbl_engine.compare.backtest.told import headline, lines_of, setting
from cbl_engine.report.charts import dots
from cbl_engine.report.page import render
from cbl_engine.simulate.words import value

if TYPE_CHECKING:
    from cbl_engine.compare.backtest import Backtest


def backtest_page(found: Backtest) -> str:
    """The page, as HTML.

    Args:
        found: what was predicted and what happened.
    """
    lines = list(lines_of(found))
    rows, before = [], None
    for line, row in zip(lines, found.compared.iter_rows(named=True), strict=True):
        first = line.measure != before
        before = line.measure
        named = f"{line.measure}, {line.group}" if line.group else line.measure
        words = (f"{named}: predicted {line.predicted} ({line.interval} {line.unit}), "
                 f"happened {line.happened}: {line.held}")
        rows.append((line.measure if first else "", line.group,
                     (row["low"], row["predicted"], row["high"]), row["happened"], words,
                     line.happened))
    verdict, *sentences = headline(found)
    return render(
        "backtest.html", title="Backtest: did the intervals hold?", audience="history",
        setting=setting(found), verdict=verdict, sentences=sentences,
        level=f"{found.interval:.0%}", dots=dots(rows), lines=lines,
        definitions={line.measure: BY_NAME[row["measure"]].definition for line, row in zip(
            lines, found.compared.iter_rows(named=True), strict=True)},
        not_measured=found.not_measured, notes=found.notes,
        fitted=[{"label": found.parameters.found[name].label, "value": value(one.parameter),
                 "unit": found.parameters.found[name].unit, "rows": one.rows}
                for name, one in found.calibration.fitted.items()],
        not_fitted={found.parameters.found[name].label: why
                    for name, why in found.calibration.not_fitted.items()},
    )

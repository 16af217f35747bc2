"""The page of a calibration: the quality of the data first, then what was fitted and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.compare.calibrate.told import lines_of
from cbl_engine.report.page import render
from cbl_engine.report.quality_page import quality_values
from cbl_engine.simulate.parameters import shipped_parameters

if TYPE_CHECKING:
    from cbl_engine.compare.calibrate import Calibration


def calibration_page(found: Calibration, data: str) -> str:
    """The page, as HTML.

    Args:
        found: what was fitted.
        data: what the data are called on the page, without anything secret.
    """
    shipped = shipped_parameters().found
    return render(
        "calibration.html",
        **quality_values(found.quality, data) | {
            "title": "Calibration",
            "found": found,
            "shipped": shipped,
            "lines": {
                name: list(lines_of(shipped[name], one.parameter))
                for name, one in found.fitted.items()
            },
        },
    )

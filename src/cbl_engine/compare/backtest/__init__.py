"""A backtest: parameters fitted on a history up to a day, the rest predicted and held against it.

One module a part: ``ready`` (what is asked, and what is wrong with it), ``drawn`` (parameters drawn
from their intervals), ``habits`` (who of those waiting bids), ``world`` (the world as at the day),
``seen`` (history and simulated worlds in one form), ``measures`` (what is measured of either), ``run``
(all of it), ``told`` (its words), ``kept`` (the folder). What was known on the day is
``calibrate.known``.
"""

from cbl_engine.compare.backtest.run import Backtest, backtest

__all__ = ["Backtest", "backtest"]

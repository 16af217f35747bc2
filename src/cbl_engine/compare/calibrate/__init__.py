"""Parameters of simulated worlds fitted from a council's history, each with its interval.

One module a part: ``known`` (what was known on a day), ``history`` (the window), ``adverts`` (those
that count, and bids), ``estimates`` (the statistics), then ``register``, ``tenancies``, ``voids``,
``bidding``, ``nominations`` and ``nominees``, one function a parameter; ``run`` puts them together
and ``written`` writes the file.
"""

from cbl_engine.compare.calibrate.run import Calibration, Fitted, calibrate
from cbl_engine.compare.calibrate.written import parameters_text, write_parameters

__all__ = ["Calibration", "Fitted", "calibrate", "parameters_text", "write_parameters"]

"""The simulator: worlds stepped week by week around the very rooms that run live."""

from __future__ import annotations

from cbl_engine.simulate.run import Simulation, simulate
from cbl_engine.simulate.scenario import Scenario
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.summary import summary

__all__ = ["Scenario", "Simulation", "read_scenario", "simulate", "summary"]

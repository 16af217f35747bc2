"""Settings of the whole suite: the gate draws the same examples every time, people draw new ones."""

from __future__ import annotations

import os

from hypothesis import settings

# A deadline would test the machine.
settings.register_profile("gate", derandomize=True, database=None, deadline=None)
settings.register_profile("people", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "people")

"""Settings of the whole suite: the gate draws the same examples every time, people draw new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("gate", derandomize=True, database=None)
settings.register_profile("people")
settings.load_profile("gate" if os.environ.get("CI") else "people")

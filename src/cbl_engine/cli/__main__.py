"""``python -m cbl_engine.cli``."""

from __future__ import annotations

from cbl_engine.cli import main

main()

"""A command run as a person would, without a process of its own."""

from __future__ import annotations

from typing import Any

import pytest

from cbl_engine.cli import main


def exit_code(*words: Any) -> int:
    """Run a command and say how it ended."""
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return int(stopped.value.code or 0)

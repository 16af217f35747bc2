"""A command with what it printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

    Cbl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cbl(capsys: pytest.CaptureFixture[str]) -> Cbl:
    """Runs a command; its exit code, what it printed, and what it said on the error stream."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        code = exit_code(*arguments)
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return run

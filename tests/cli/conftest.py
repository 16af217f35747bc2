"""A command run as a person would, without a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cbl_engine.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Cbl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cbl(capsys: pytest.CaptureFixture[str]) -> Cbl:
    """Runs a command; its exit code, what it printed, and what it said on the error stream."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(a) for a in arguments])
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return int(caught.value.code or 0), out.out, out.err

    return run

"""The smallest scheme that loads, to be spoilt one part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cbl_engine.scheme import scheme_from_text

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """\
scheme: harbour
title: Harbour homes
authority: Harbour Council
in_force: {from: 2024-01-01, source: P1}
sources: {P1: {title: Policy}}
"""
PROFILES = """\
profiles:
  all_homes: {label: Every home, order: [{tie: human}]}
"""


@pytest.fixture
def text_with() -> Callable[..., str]:
    """A scheme's text with the parts given between its head and its profiles.

    The first line of the parts is line 6 of the file.
    """

    def write(parts: str = "", profiles: str = PROFILES) -> str:
        return HEAD + parts + profiles

    return write


@pytest.fixture
def load_with(text_with: Callable[..., str]) -> Callable[..., object]:
    """Load a scheme with these parts."""

    def load(parts: str = "", **more: str) -> object:
        return scheme_from_text([("f.yaml", text_with(parts, **more))])

    return load

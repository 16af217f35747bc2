"""The bugs that are planted still fit the engine's text, each in one place."""

from __future__ import annotations

import pytest

from tests.reference.planted import BUGS, SOURCE, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_a_planted_bug_can_be_planted(bug: Bug) -> None:
    text = (SOURCE / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.right) == 1
    assert bug.wrong not in text.replace(bug.right, "") or bug.wrong in bug.right

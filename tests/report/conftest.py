"""The register with decisions of officers, assessed once."""

from __future__ import annotations

import pytest

from tests.report.register import OVERRIDES, assessed_of


@pytest.fixture(scope="session")
def assessed(tmp_path_factory):
    return assessed_of(tmp_path_factory.mktemp("register"), {"overrides": OVERRIDES})

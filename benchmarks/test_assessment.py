"""The whole assessment: equal answers by either way, and the page's figures are those on file.

``python -m benchmarks.assessment.run --size L`` measures at the size of England.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.assessment.run import measured, settled, table
from benchmarks.bedrooms.data import AS_AT
from benchmarks.turns import RESULTS
from cbl_engine.assess import assess
from cbl_engine.scheme import load_scheme


@pytest.mark.benchmark(group="assessment")
def test_the_whole_register(benchmark, size):
    scheme = load_scheme(Path(__file__).parent / "assessment/scheme.yaml")
    frames = settled(size)
    found = benchmark.pedantic(lambda: assess(scheme, frames, AS_AT), rounds=2, warmup_rounds=1)
    assert found.assessed.height == frames["applications"].height


def test_what_is_due_a_week_later_gives_what_everyone_gives():
    result = measured("S")
    assert 0 < result["due"] < result["applications"]
    assert [e["what"] for e in result["entries"] if "median_seconds" not in e] == [
        "the data in memory"]


def test_the_page_has_the_results_on_file():
    result = json.loads((RESULTS / "assessment-L.json").read_text(encoding="utf-8"))
    page = (Path(__file__).parent.parent / "docs/register.md").read_text(encoding="utf-8")
    assert "\n".join(table(result)) in page

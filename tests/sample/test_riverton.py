"""The shipped borough is what its README's command makes."""

from __future__ import annotations

import re

import pytest

from cbl_engine.sample import EXTRA_COLUMNS, write_borough
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import read_tables

RIVERTON = shipped_folder("boroughs") / "riverton"


def test_the_command_makes_the_files(tmp_path, monkeypatch):
    command = re.search(r"```python\n(.*?)```", (RIVERTON / "README.md").read_text(), re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    exec(command, {"write_borough": write_borough})
    made = sorted(tmp_path.rglob("*.csv"))
    assert [path.name for path in made] == sorted(path.name for path in RIVERTON.glob("*.csv"))
    for path in made:
        assert path.read_bytes() == (RIVERTON / path.name).read_bytes(), path.name


def test_it_reads_without_problems_and_is_small():
    frames = read_tables(RIVERTON, EXTRA_COLUMNS).frames
    assert frames["applications"].height == 1_500
    assert frames["adverts"].height == 30
    assert 900 <= frames["bids"].height <= 1_500
    profiles = dict(frames["adverts"]["profile"].value_counts().iter_rows())
    assert profiles == pytest.approx(
        {"housing_register": 18, "waiting_time": 7.5, "first_come_first_served": 4.5}, abs=1
    )
    assert sum(path.stat().st_size for path in RIVERTON.iterdir()) < 1_000_000

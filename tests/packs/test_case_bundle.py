"""A complaint's bundle: chronology, facts known, lists, replay, displaced."""

from __future__ import annotations

import json
from hashlib import sha256

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.case_bundle import case_bundle
from tests.commands import exit_code
from tests.offers.week import Week
from tests.records.weeks_on_record import fact, on_record

EARLIER = fact("ann", "priority_date", "2020-01-02", "2019-12-01")


@pytest.fixture
def state(tmp_path):
    """bob ranks before ann, wrongly; both bid for elm, and bob is let it."""
    week = Week("offers: {answer: {days: 3}}").households("bob ann cat").advert("elm", bids="bob ann")
    week.approve(7, "offer", "elm", "bob").run(until=8)
    week.outcome(9, "accepted", "elm", "bob").outcome(10, "signed", "elm", "bob").run(until=12)
    return on_record(week, tmp_path).path


def _rows(found, name):
    return next(part.frame for part in found.parts if part.name == name)


def test_the_bundle_has_what_happened_what_was_known_and_who_was_let_each_home(state):
    found = case_bundle(state, "ann")
    assert found.audit.sound
    assert found.replay.reproduced
    [row] = _rows(found, "lists").to_dicts()
    assert (row["advert"], row["position"], row["of"], row["let_to"], row["its_position"]) == (
        "elm", 2, 2, "bob", 1)
    assert "2020-01-02" in " ".join(_rows(found, "known")["facts"]) or "January 2020" in " ".join(
        _rows(found, "known")["facts"])
    assert "finding" not in [part.name for part in found.parts]


def test_with_facts_put_right_it_says_who_was_displaced(state, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text("corrections:\n" + EARLIER)
    found = case_bundle(state, "ann", facts)
    assert _rows(found, "displaced")["application"].to_list() == ["bob"]
    assert "put_right.html" in found.pages()
    assert "bob" in found.pages()["index.html"]


def test_the_households_own_copy_names_nobody_else(state):
    assert "bob" not in case_bundle(state, "ann").pages()["record.html"]


def test_an_application_of_which_the_record_has_nothing_is_refused(state):
    with pytest.raises(BadInput, match="nothing of such an application"):
        case_bundle(state, "eve")


def test_the_command_writes_pages_tables_and_the_hash_of_each(state, tmp_path, capsys):
    out = tmp_path / "bundle"
    assert exit_code("case-bundle", state, "ann", "--out", out) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["sound"], manifest["reproduced"]) == (True, True)
    assert {"index.html", "replay.html", "record.html", "case.xlsx", "lists.csv"} <= manifest["files"].keys()
    for name, digest in manifest["files"].items():
        assert sha256((out / name).read_bytes()).hexdigest() == digest
    assert pl.read_csv(out / "lists.csv").height == 1
    assert exit_code("case-bundle", state, "eve", "--out", tmp_path / "none") == 2
    assert "nothing of such an application" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

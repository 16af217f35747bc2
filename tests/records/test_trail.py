"""The trail: a chain in which nothing can be changed, left out, added or put elsewhere unseen."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import pytest

from cbl_engine.offers.events import (
    AdvertClosed,
    Begun,
    CycleBegun,
    CycleSuperseded,
    Erased,
    TakenIn,
)
from cbl_engine.records.trail import START, Trail, read_trail

ON = date(2026, 3, 1)


def cycle(n):
    return CycleBegun(on=ON, cycle=n, since=None, as_at=ON, scheme="s", unattended=False)


def closed(advert):
    return AdvertClosed(on=ON, advert=advert, bids=1, eligible=1)


EVENTS = [Begun(on=ON, engine="1"), cycle(1), closed("a"), closed("b")]
TRAIL = Trail().after(EVENTS, {})


def kinds(text):
    return {p.kind for p in read_trail(text, "trail.jsonl")[1]}


def test_each_line_holds_the_hash_of_the_one_before():
    last = START
    for n, line in enumerate(TRAIL.lines, 1):
        said = json.loads(line)
        own = said.pop("hash")
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (said["n"], said["before"]) == (n, last)
        assert own == sha256(canonical.encode()).hexdigest()
        last = own
    assert last == TRAIL.last


def test_a_trail_is_read_back_as_it_was():
    again, problems = read_trail(TRAIL.text(), "trail.jsonl")
    assert not problems
    assert again.events == TRAIL.events
    assert again.lines == TRAIL.lines
    assert again.after([closed("c")], {}).text() == TRAIL.after([closed("c")], {}).text()


LINES = TRAIL.text().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TRAIL.text().replace('"advert":"a"', '"advert":"z"'), "event_changed"),
        (TRAIL.text().replace('{"advert"', '{ "advert"', 1), "event_changed"),
        ("".join([*LINES[:2], LINES[3]]), "event_out_of_order"),
        ("".join([*LINES[:2], LINES[3]]), "chain_broken"),
        ("".join([LINES[0], LINES[2], LINES[1], LINES[3]]), "chain_broken"),
        (TRAIL.text()[:-1], "line_cut_off"),
        (TRAIL.text() + "{}\n", "no_event"),
        (TRAIL.text() + "[]\n", "no_event"),
        (TRAIL.text() + "nothing\n", "no_event"),
        (TRAIL.text().replace("advert_closed", "advert_sold"), "no_event"),
        ("", "no_events"),
    ],
)
def test_what_was_done_to_a_trail_is_found(text, kind):
    assert kind in kinds(text)


def test_a_fault_names_its_event():
    text = TRAIL.text().replace('"advert":"b"', '"advert":"z"')
    assert [p.rows for p in read_trail(text, "t")[1]] == [("event 4",)]


def test_events_of_another_version_are_not_read_as_ours():
    other = Trail().after([Begun(on=ON, engine="9", version=99)], {})
    assert kinds(other.text()) == {"events_of_other_version"}


def test_a_run_of_a_cycle_ends_where_something_else_begins():
    trail = TRAIL.after(
        [cycle(2), closed("c"), Erased(on=ON, application="1", rows=1, because="x"),
         CycleSuperseded(on=ON, cycle=2, first=5, last=6),
         TakenIn(on=ON, table="people", rows=0, digest="", why="rectified"), cycle(2)], {})
    assert [(r.cycle, r.first, r.last, r.counts) for r in trail.runs()] == [
        (1, 2, 4, True), (2, 5, 6, False), (2, 10, 10, True)]
    assert [n for n, _ in trail.counting()] == [1, 2, 3, 4, 7, 8, 9, 10]

"""Bad files of cases: one report, each line with its place, and never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cbl_engine.cases import case_paths, read_cases, run_cases
from cbl_engine.errors import CaseError
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
scheme: sheffield
as_at: 2024-10-01
advert: {bedrooms: 2}
defaults: {sizes: [2]}
cases:
  - name: one
    applications:
      X: {band: A, priority_date: 2020-01-01}
      Y: {band: B, priority_date: 2020-01-01}
    expect:
      order: [X, Y]
"""
_STATUSES = "active, suspended, deferred, unbanded, awaiting_review, under_offer, housed, closed"


def _report(folder: Path, text: str) -> list[str]:
    path = folder / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_cases(path)
    return str(caught.value).splitlines()


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    file = read_cases(path)
    assert [case.name for case in file.cases] == ["one"]
    assert file.cases[0].register["applications"]["status"].to_list() == ["active", "active"]
    assert file.cases[0].bids["application"].to_list() == ["X", "Y"]


@pytest.mark.parametrize(("offset", "hour"), [("+01:00", 0), ("Z", 1)])
def test_a_moment_with_its_offset_is_that_one_of_two(tmp_path: Path, offset: str, hour: int) -> None:
    path = tmp_path / "good.yaml"
    closes = f"{{bedrooms: 2, closes_at: 2024-10-27T01:15:00{offset}}}"
    path.write_text(GOOD.replace("{bedrooms: 2}", closes), encoding="utf-8")
    (case,) = read_cases(path).cases
    (at,) = case.adverts["closes_at"].dt.convert_time_zone("UTC").to_list()
    assert (at.hour, at.minute) == (hour, 15)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "scheme: sheffield",
            "scheme: shefield",
            "1:9: there is no scheme shefield; allowed: a path beside this file, or one "
            "of bexley, breckland, coventry, home_link, north_yorkshire, runnymede, sheffield, "
            "southend, tonbridge_malling, welwyn_hatfield",
            id="scheme",
        ),
        pytest.param(
            "A, priority_date",
            "A, prioritydate",
            "8:20: prioritydate is not a column of applications, and the scheme declares none; "
            "allowed: priority_date",
            id="column",
        ),
        pytest.param(
            "{bedrooms: 2}",
            "{bedroom: 2}",
            "3:10: bedroom is not a column of an advert or its home, and the scheme declares "
            "none; allowed: bedrooms",
            id="advert column",
        ),
        pytest.param("band: B", "band: 2", "9:17: band must be text in quotes", id="text"),
        pytest.param(
            "B, priority_date: 2020-01-01",
            "B, priority_date: tomorrow",
            "9:35: priority_date must be a date such as 2024-10-01",
            id="date",
        ),
        pytest.param(
            "sizes: [2]", "sizes: [two]", "4:19: sizes must be a list of whole numbers", id="list"
        ),
        pytest.param(
            "{sizes: [2]}",
            "{sizes: [2], status: live}",
            f"4:32: status must be one of: {_STATUSES}",
            id="code",
        ),
        pytest.param(
            "order: [X, Y]",
            "order: [X, Z]",
            "11:18: there is no application Z in this case; allowed: X, Y",
            id="application",
        ),
        pytest.param(
            "order: [X, Y]",
            "order: [X]\n      not_eligible: {Y: [size_maybe_let]}",
            "12:26: there is no criterion size_maybe_let for this advert; allowed: size_may_be_let",
            id="criterion",
        ),
        pytest.param(
            "order: [X, Y]",
            "order: [X, Y]\n      decided_by: {Y: bandd}",
            "12:23: there is no criterion or key bandd for this advert; allowed: band",
            id="key",
        ),
        pytest.param(
            "order: [X, Y]",
            "order: [X, Y]\n      held: {Z: [band]}",
            "12:14: there is no application Z in this case; allowed: X, Y",
            id="held application",
        ),
        pytest.param("order: [X, Y]", "order: [X, [X, Y]]", "11:14: X stands twice", id="twice"),
        pytest.param(
            "order: [X, Y]",
            "order: [X, Y]\n      not_eligible: {Y: [on_register]}",
            "12:22: Y is both in the order and not eligible",
            id="both ways",
        ),
        pytest.param(
            "    expect:\n      order: [X, Y]\n", "", "6:5: expect is missing from cases.0", id="expect"
        ),
        pytest.param(
            "    expect:\n",
            "    expects: 1\n    expect:\n",
            "10:5: expects is not a field of cases.0; allowed: expect",
            id="part",
        ),
        pytest.param(
            "as_at: 2024-10-01\n",
            "",
            "5:5: as_at is missing; allowed: a date, or close",
            id="as_at",
        ),
        pytest.param(
            "as_at: 2024-10-01",
            "as_at: closing",
            "2:8: as_at must be a date, or close; given 'closing'",
            id="as_at value",
        ),
        pytest.param(
            "as_at: 2024-10-01",
            "as_at: close",
            "3:9: as_at is close, so advert needs closes_at",
            id="closes_at",
        ),
        pytest.param(
            "as_at: 2024-10-01",
            "as_at: 2001-10-01",
            "2:8: the scheme sheffield is not in force on 2001-10-01; allowed: from 2024-09-26",
            id="in force",
        ),
        pytest.param(
            "{bedrooms: 2}",
            "{bedrooms: 2, profile: waiting}",
            "3:32: there is no profile waiting; allowed: waiting_time",
            id="profile",
        ),
        pytest.param(
            "    expect:",
            "    bids: {X: monday}\n    expect:",
            "10:15: placed_at must be a moment such as 2024-10-01T09:00:00",
            id="bid",
        ),
        pytest.param(
            "    expect:",
            "    bids: {X: 2024-03-31T01:30:00}\n    expect:",
            "10:15: placed_at must be a moment that London's clock shows: it goes forward over this one",
            id="an hour that the clock skips",
        ),
        pytest.param(
            "{bedrooms: 2}",
            "{bedrooms: 2, closes_at: 2024-10-27T01:15:00}",
            "3:34: advert.closes_at must say which of two moments it is, as London's clock goes back and "
            "shows it twice: write the offset, +00:00 or +01:00",
            id="an hour that the clock shows twice",
        ),
        pytest.param(
            "    expect:",
            "    bids: {Q: 2024-09-30T09:00:00}\n    expect:",
            "10:12: there is no application Q in this case; allowed: X, Y",
            id="bidder",
        ),
        pytest.param(
            "    expect:",
            "    connections: [{application: X, kind: work}]\n    expect:",
            "10:19: area is missing here",
            id="required column",
        ),
        pytest.param(
            "B, priority_date: 2020-01-01",
            "B, priority_date: 2023-02-29",
            "9:35: there is no such day; given 2023-02-29. Correct the date, or put it in quotes "
            "if it is text",
            id="no such day",
        ),
        pytest.param(
            "name: one",
            "name: one\n    name: two",
            '7:5: found duplicate key "name". Keep one of the two',
            id="yaml",
        ),
    ],
)
def test_one_mistake(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in GOOD
    assert _report(tmp_path, GOOD.replace(old, new)) == [f"bad.yaml:{line}"]


ASSESSED = """\
scheme: coventry
as_at: 2024-10-01
cases:
  - name: one
    applications:
      X: {registered_on: 2020-01-01}
    duties:
      X:
        - {kind: main, since: 2024-01-01}
    expect:
      assessed:
        X: {band: "1", awards: [main_duty]}
"""


def test_a_case_of_an_assessment_needs_no_advert(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(ASSESSED, encoding="utf-8")
    case = read_cases(path).cases[0]
    assert case.expected.assessed == {"X": {"band": "1", "awards": ["main_duty"]}}
    assert not case.expected.ranks
    assert case.register["duties"]["application"].to_list() == ["X"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "X: {band:", "Q: {band:", "12:9: there is no application Q in this case; allowed: X",
            id="application",
        ),
        pytest.param(
            'band: "1"', 'bands: "1"',
            "12:13: an assessment finds no bands; allowed: band", id="field",
        ),
        pytest.param(
            'band: "1"', "band: 1", "12:19: band must be text in quotes", id="text",
        ),
        pytest.param(
            'band: "1"', 'band: "9"',
            "12:19: there is no band 9; allowed: 1, 2, 3, 4, Reduced", id="band",
        ),
        pytest.param(
            "[main_duty]", "[main_duties]",
            "12:33: there is no award main_duties; allowed: main_duty",
            id="award",
        ),
        pytest.param(
            "awards: [main_duty]", "failed: [connection]",
            "12:33: there is no test of the law or qualifying criterion connection; allowed: "
            "qualifying_connection", id="failed",
        ),
        pytest.param(
            "kind: main", "kind: owed",
            "9:18: kind must be one of: prevention, relief, main, intentionally_homeless, "
            "refused_final, other", id="code",
        ),
        pytest.param(
            "      X:\n        - {", "      Q:\n        - {",
            "8:7: there is no application Q in this case; allowed: X", id="rows of nobody",
        ),
        pytest.param(
            "      X:\n        - {kind: main, since: 2024-01-01}", "      X: main",
            "8:7: cases.0.duties must be a list of rows, or give each application a list of its rows",
            id="no rows",
        ),
    ],
)
def test_one_mistake_in_a_case_of_an_assessment(
    tmp_path: Path, old: str, new: str, line: str
) -> None:
    assert old in ASSESSED
    assert _report(tmp_path, ASSESSED.replace(old, new)) == [f"bad.yaml:{line}"]


OFFERED = """\
scheme: runnymede
as_at: 2024-10-01
advert: {bedrooms: 2}
defaults: {sizes: [2], owed_homelessness_duty: false, exempt_from_connection: true}
cases:
  - name: one
    adverts: {P: {}, Q: {}}
    applications:
      X: {band: C, registered_on: 2020-01-01}
      Y: {band: D, registered_on: 2020-01-01}
    bids: {P: [X, Y]}
    preferences: {X: [P, Q]}
    checks: {X: {fraud: cleared, home_visit: cleared}}
    outcomes:
      - {viewed: X, advert: P}
      - {accepted: X, advert: P}
    expect:
      offers: {P: {X: accepted}}
      holds: {P: {Y: home_visit}}
      waiting: []
"""


def test_a_case_of_offers_fills_in_what_need_not_be_said(tmp_path: Path) -> None:
    """Days, ids, officers, homes, moments of bids, the state of adverts."""
    path = tmp_path / "good.yaml"
    path.write_text(OFFERED, encoding="utf-8")
    case = read_cases(path).cases[0]
    assert case.adverts["id"].to_list() == case.homes["id"].to_list() == ["P", "Q"]
    assert case.adverts["status"].to_list() == ["open", "open"]
    assert case.bids.select("advert", "application").rows() == [("P", "X"), ("P", "Y")]
    assert case.given["preferences"].rows() == [("X", "P", 1), ("X", "Q", 2)]
    assert case.given["checks"]["by"].to_list() == ["an officer"] * 2
    assert case.given["outcomes"].select("id", "what", "application", "advert").rows() == [
        ("001", "viewed", "X", "P"), ("002", "accepted", "X", "P"),
    ]
    assert set(case.given["outcomes"]["on"]) == set(case.given["checks"]["since"]) == {case.on}
    assert case.unattended
    assert not case.expected.ranks


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "offers: {P", "offers: {R", "18:16: there is no home R in this case; allowed: P, Q",
            id="advert",
        ),
        pytest.param(
            "{X: accepted}", "{Z: accepted}",
            "18:20: there is no application Z in this case; allowed: X, Y", id="application",
        ),
        pytest.param(
            "X: accepted}}", "X: acepted}}",
            "18:23: there is no word acepted to be expected here; allowed: accepted", id="word",
        ),
        pytest.param(
            "Y: home_visit", "Y: home_visits",
            "19:22: there is no word home_visits to be expected here; allowed: home_visit",
            id="name of the scheme",
        ),
        pytest.param(
            "waiting: []", "waiting: [{offer: Z}]",
            "20:17: there is no application Z in this case; allowed: X, Y", id="waiting",
        ),
        pytest.param(
            "waiting: []", "waiting: [{offers: X}]",
            "20:17: there is no column offers to be expected here; allowed: offer", id="act",
        ),
        pytest.param(
            "waiting: []", "clashes: {3: home_let}",
            "20:17: there is no outcome 3 to be expected here; allowed: 1, 2", id="outcome",
        ),
        pytest.param(
            "waiting: []", "clashes: {2: homelet}",
            "20:20: there is no clash homelet to be expected here; allowed: home_let", id="clash",
        ),
        pytest.param(
            "waiting: []", "lists: {P: [X, Z]}",
            "20:22: there is no application Z in this case; allowed: X, Y", id="list",
        ),
        pytest.param(
            "waiting: []", "lists: {R: [X]}",
            "20:15: there is no advert R in this case; allowed: P, Q", id="list of an advert",
        ),
        pytest.param(
            "waiting: []", "order: [X, Y]",
            "17:5: order and what goes with it speak of one advert; lists speaks of each",
            id="order of several",
        ),
        pytest.param(
            "bids: {P: [X, Y]}", "bids: {R: [X, Y]}",
            "11:12: there is no advert R in this case; allowed: P, Q", id="bid for an advert",
        ),
        pytest.param(
            "bids: {P: [X, Y]}", "bids: {P: [X, Z]}",
            "11:19: there is no application Z in this case; allowed: X, Y", id="bidder",
        ),
        pytest.param(
            "{accepted: X, advert: P}", "{accepted: Z, advert: P}",
            "16:9: there is no application Z in this case; allowed: X, Y", id="outcome of nobody",
        ),
        pytest.param(
            "{accepted: X, advert: P}", "{accepted: X, advert: R}",
            "16:31: there is no advert R in this case; allowed: P, Q", id="outcome of no advert",
        ),
        pytest.param(
            "{accepted: X, advert: P}", "{acepted: X, advert: P}",
            "16:10: acepted is not a column of outcomes, and the scheme declares none; allowed: "
            "accepted, act", id="what happened",
        ),
        pytest.param(
            "fraud: cleared", "fraud: clear",
            "13:17: outcome must be one of: cleared, refused, not_for_this_home, refer",
            id="outcome of a check",
        ),
        pytest.param(
            "adverts: {P: {}, Q: {}}", "adverts: [P, Q]",
            "7:14: cases.0.adverts must give each advert its columns; {} where there are none; "
            "given ['P', 'Q']",
            id="adverts",
        ),
        pytest.param(
            "adverts: {P: {}, Q: {}}", "adverts: {P: {}, Q: {profile: cheap}}",
            "7:35: there is no profile cheap; allowed: all_homes", id="profile of one advert",
        ),
    ],
)
def test_one_mistake_in_a_case_of_offers(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in OFFERED
    assert _report(tmp_path, OFFERED.replace(old, new)) == [f"bad.yaml:{line}"]


def test_a_scheme_that_does_not_assess_is_told(tmp_path: Path) -> None:
    scheme = shipped_folder("cases") / "schemes" / "redditch.yaml"
    (tmp_path / "redditch.yaml").write_text(scheme.read_text(encoding="utf-8"), encoding="utf-8")
    text = ASSESSED.replace("scheme: coventry", "scheme: redditch.yaml")
    assert _report(tmp_path, text) == [
        "bad.yaml:11:7: the scheme redditch does not say how households are assessed"
    ]


def test_every_mistake_is_in_one_report(tmp_path: Path) -> None:
    text = GOOD.replace("band: A", "bandd: A").replace("band: B", "band: 1")
    text = text.replace("order: [X, Y]", "order: [X, Q]")
    assert [line.split(":")[1] for line in _report(tmp_path, text)] == ["8", "9", "11"]


def test_the_mistakes_of_the_scheme_are_reported_too(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("scheme: s\n", encoding="utf-8")
    report = _report(tmp_path, GOOD.replace("scheme: sheffield", "scheme: s.yaml"))
    assert "s.yaml:1:1: title is missing" in report


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "a: b\n", "cases: []\nscheme: sheffield\n", "{", "a: &x 1"]
)
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    assert all(line.startswith("bad.yaml") for line in _report(tmp_path, text))


def test_a_folder_means_its_files_with_cases(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "scheme.yaml").write_text("scheme: x\n", encoding="utf-8")
    assert [path.name for path in case_paths(tmp_path)] == ["a.yaml"]


def test_nothing_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(CaseError):
            case_paths(path)


def test_the_files_of_a_run_are_reported_together(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD.replace("band: A", "bandd: A"), encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        run_cases([tmp_path, tmp_path / "none.yaml"])
    files = [problem.where.split(":")[0] for problem in caught.value.problems]
    assert files == ["a.yaml", "b.yaml", str(tmp_path / "none.yaml")]

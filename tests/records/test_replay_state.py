"""Replay of a state: the record comes out again; facts put right flow through to offers."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.cli.app import app
from cbl_engine.errors import RunError
from cbl_engine.offers.events import OfferMoved
from cbl_engine.records import audit_state, erase, read_state, replay_state
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.replay_state import _follow
from cbl_engine.report import replay_state_page
from tests.offers.week import Week, day
from tests.records.small_record import first_week, second_week
from tests.records.weeks_on_record import fact, on_record, put_right

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.records import StateReplay

EARLIER = fact("ann", "priority_date", "2020-01-02", "2019-12-01")


def _rivals(scheme: str = "", bids: str = "bob ann", **options: Any) -> Week:
    """bob ranks before ann, wrongly, and both bid for elm."""
    return Week(scheme, **options).households("bob ann cat").advert("elm", bids=bids)


def _now(replay: StateReplay) -> dict[tuple[str, str], tuple[str, date | None]]:
    """Step and day of offering of each offer with the facts put right."""
    return {(r["advert"], r["application"]): (r["step_now"], r["offered_on_now"])
            for r in replay.changes.iter_rows(named=True) if r["step_now"] is not None}


# As it was.


def test_every_cycle_comes_out_as_recorded(tmp_path: Path) -> None:
    week = _rivals("offers: {answer: {days: 3}}").approve(7, "offer", "elm", "bob").run(until=8)
    week.outcome(9, "accepted", "elm", "bob").run(until=9)
    again = replay_state(on_record(week, tmp_path))
    assert [r.same for r in again.runs] == [True, True]
    assert again.reproduced
    assert "The same in everything: " in again.text()


def test_cycles_from_files_come_out_as_recorded(tmp_path: Path) -> None:
    first_week(tmp_path)
    second_week(tmp_path)
    again = replay_state(tmp_path / "week2")
    assert (again.reproduced, len(again.runs)) == (True, 2)


def test_a_cycle_that_cannot_be_under_the_rules_on_record_does_not_come_out(tmp_path: Path) -> None:
    """The consequence that was approved was taken out of the scheme's file before the next cycle."""
    rules = "consequences: {out: {label: x, suspend_months: 3}}\n"
    offers = "offers: {refusals: {one: {label: x, after: 1, then: out}}}"
    week = Week(rules + offers).household("ann").advert("elm", bids="ann")
    week.approve(7, "offer", "elm", "ann").run(until=7)
    week.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.approve(8, "consequence", household="ann").run(until=8)
    week.scheme = Week((rules + offers).replace("out", "off")).scheme
    again = replay_state(on_record(week.run(until=9), tmp_path))
    assert [r.same for r in again.runs] == [True, False, True]
    assert "not the same as recorded" in again.text()


def test_a_refusal_judged_anew_is_sound_and_comes_out_again(tmp_path: Path) -> None:
    """Sound, the same event by event, and nothing is left over where a fact is put right."""
    rules = "consequences: {out: {label: x, suspend_months: 3}}\n"
    week = _rivals(rules + "offers: {refusals: {one: {label: x, after: 1, then: out}}}")
    week.approve(7, "offer", "elm", "bob").outcome(8, "refused", "elm", "bob", reasonable=False, by="Olu")
    week.approve(8, "consequence", household="bob").run(until=8)
    week.outcome(9, "undone", "elm", "bob", act="refusal_counts", by="Mo")
    week.outcome(9, "undone", household="bob", act="consequence", by="Mo").run(until=10)
    folder = on_record(week, tmp_path / "a")
    assert (audit_state(folder.path).sound, replay_state(folder).reproduced) == (True, True)
    replay = put_right(week, tmp_path / "b", fact("bob", "bedroom_need", 2, 3))
    assert replay.left == []
    assert "the refusal was judged anew and does not count, by Mo" in json.dumps(replay.as_dict("officer"))


def test_a_superseded_cycle_is_run_again_too(tmp_path: Path) -> None:
    first_week(tmp_path)
    second_week(tmp_path)
    from cbl_engine.records import record_cycle

    record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 14), tmp_path / "week3",
                 supersede=True)
    again = replay_state(tmp_path / "week3")
    assert [(r.run.counts, r.same) for r in again.runs] == [(True, True), (False, True), (True, True)]


def test_what_was_left_out_is_left_out_again(tmp_path: Path) -> None:
    """An outcome that clashed, and a check dated ahead, of which nothing was kept."""
    week = _rivals("checks: {fraud: {label: x}}", keep_going=True)
    week.check("bob", "fraud", since=1).check("ann", "fraud", since=29)
    week.outcome(7, "accepted", "elm", "cat").run(until=8)
    assert len(week.cycle.quarantined) == 2
    assert replay_state(on_record(week, tmp_path)).reproduced
    assert put_right(week, tmp_path / "b", fact("ann", "bedroom_need", 2, 3)).left == []


def test_a_lottery_is_drawn_with_the_seed_of_its_cycle(tmp_path: Path) -> None:
    text = "profiles: {only: {label: x, order: [{lottery: advert}]}}\n"
    week = Week(text).households("ann bob cat dan eve").advert("elm", bids="ann bob cat dan eve")
    week.run(until=7, seed=7)
    assert replay_state(on_record(week, tmp_path)).reproduced


def test_another_scheme_does_not_give_the_record(tmp_path: Path) -> None:
    week = _rivals("offers: {answer: {days: 3}}").approve(7, "offer", "elm", "bob").run(until=8)
    week.scheme = Week("offers: {answer: {days: 5}}").scheme
    again = replay_state(on_record(week, tmp_path))
    moved = next(n for n, e in enumerate(week.events, 1) if isinstance(e, OfferMoved))
    assert not again.reproduced
    assert (again.runs[0].event, again.runs[0].tables) == (moved, ("offers",))
    assert f"event {moved} on; tables offers" in again.text()


# With facts put right.


def test_a_wrong_date_cost_a_household_a_home(tmp_path: Path) -> None:
    """ann is offered elm on bob's day, and is let it on his; bob is displaced."""
    week = _rivals().let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, EARLIER)
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}
    assert replay.displaced.select("advert", "application", "to", "instead").rows() == [
        ("elm", "bob", "ann", None)]
    assert (replay.fork_on, replay.conjecture_from) == (day(6), day(7))
    assert [row["id"] for row in replay.now.left] == ["o001", "o002", "o003"]
    text = replay.text()
    assert "ann would have been offered advert elm, home home elm on 7 June 2024, 1st" in text
    assert "went to another household" in text
    assert "bob" not in text
    assert "Displaced: bob" in replay.text("officer")


def test_a_household_is_told_how_many_answers_were_assumed_of_its_own_alone(tmp_path: Path) -> None:
    replay = put_right(_rivals().let("elm", "bob").run(until=9), tmp_path, EARLIER)
    about = [str(row["application"]) for row in replay.assumed]
    assert about.count("ann") == len(about) > 0
    assert f"conjecture: {len(about)} answers were assumed. " in replay.text("officer")
    assert f"conjecture: answers that nobody gave in fact were assumed, {len(about)} of them about ann. " in (
        replay.text())
    others = replace(replay, now=replace(replay.now, assumed=[
        {**row, "application": "cat"} for row in replay.assumed][:1]))
    assert "conjecture: 1 answer was assumed. " in others.text("officer")
    assert "conjecture: answers that nobody gave in fact were assumed. " in others.text()


def test_a_home_that_was_only_offered_to_another_is_not_said_to_have_gone_to_it(tmp_path: Path) -> None:
    week = _rivals().approve(7, "offer", "elm", "bob").run(until=9)
    text = put_right(week, tmp_path, EARLIER).text()
    assert "In fact the home of advert elm was offered to another household." in text
    assert "went to another household" not in text
    assert "on the same day where it never came to that" in text


def test_no_rival_is_on_anything_for_the_applicant(tmp_path: Path) -> None:
    replay = put_right(_rivals().let("elm", "bob").run(until=9), tmp_path, EARLIER)
    for said in (replay.text(), json.dumps(replay.as_dict()), replay_state_page(replay),
                 replay.frame().write_json()):
        assert "bob" not in said
        assert replay.state.manifest["state_id"] not in said


def test_a_refusal_of_the_record_is_made_again(tmp_path: Path) -> None:
    """bob refused on the 8th, and would have: ann comes next, not cat, and is offered it that day."""
    week = Week().household("bob", band="A").households("cat ann", band="C")
    week.advert("elm", bids="bob cat ann")
    week.approve(7, "offer", "elm", "bob").outcome(8, "refused", "elm", "bob")
    week.let("elm", "cat", on=9).run(until=11)
    replay = put_right(week, tmp_path / "c", fact("ann", "band", "C", "B"))
    assert _now(replay) == {("elm", "bob"): ("refused", day(7)), ("elm", "ann"): ("let", day(9))}
    assert [row["id"] for row in replay.now.left] == ["o003", "o004", "o005"]


def test_an_answer_comes_as_long_after_the_offer_as_it_did(tmp_path: Path) -> None:
    """cat, third in fact, was offered elm on the 10th and refused two days later."""
    week = Week().households("bob cat ann").advert("elm", bids="bob cat ann")
    week.approve(7, "offer", "elm", "bob").outcome(8, "refused", "elm", "bob")
    week.approve(10, "offer", "elm", "cat").outcome(12, "refused", "elm", "cat")
    week.let("elm", "ann", on=13).run(until=15)
    replay = put_right(week, tmp_path, fact("cat", "band", "B", "A"))
    cat = replay.changes.filter(pl.col("application") == "cat").row(0, named=True)
    assert (cat["proposed_on_now"], cat["offered_on_now"], cat["ended_on_now"]) == (
        day(6), day(8), day(10))  # approved two days after it was proposed, as in fact


def test_a_check_that_failed_stands_in_the_way_still(tmp_path: Path) -> None:
    """Passing over by a check is approved as in unattended mode: ann gains nothing by her date."""
    week = _rivals("checks: {fraud: {label: x}}").check("bob", "fraud").check("ann", "fraud", "refused")
    week.let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, EARLIER)
    assert _now(replay)["elm", "bob"] == ("let", day(7))
    assert not replay.displaced.height
    assert "ann would not have been offered a home by 9 June 2024." in replay.text()
    right = ("  - {table: checks, row: c1/1/ann/fraud, column: outcome, was: refused, "
             "should_be: cleared, reason: Another person of that name.}\n")
    replay = put_right(week, tmp_path / "b", EARLIER + right)
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}
    assert "1 more, about other records, not shown here" in replay.text()
    assert "checks" not in replay_state_page(replay)


def test_a_home_past_a_hard_stop_is_not_let_by_assumption(tmp_path: Path) -> None:
    text = "checks: {fraud: {label: x, before: let, must_pass: true}}"
    week = _rivals(text).check("bob", "fraud").let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, EARLIER)
    assert _now(replay) == {("elm", "ann"): ("accepted", day(7))}


def test_a_target_that_is_behind_keeps_the_home_for_who_meets_it(tmp_path: Path) -> None:
    """All homes of the plan are for local people: that ann is one was not recorded."""
    text = """
profiles: {only: {label: x, order: [{band: [A, B, C]}, {date: priority_date}]}}
criteria: {near: {label: x, when: local}}
local_lettings_plans:
  village: {label: x, targets: [{label: x, criterion: near, share: 1}]}
"""
    week = Week(text).households("bob ann", local=False)
    week.advert("elm", bids="bob ann", local_lettings_plan="village").let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, fact("ann", "local", "false", "true"))
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}
    assert replay.places.row(0)[2:] == (2, 2)


def test_nothing_would_have_been_otherwise(tmp_path: Path) -> None:
    week = _rivals().let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, fact("ann", "bedroom_need", 2, 3))
    assert set(replay.changes["change"]) == {"same"}
    assert (replay.fork_on, replay.conjecture_from, list(replay.now.left)) == (None, None, [])
    assert "ann would not have been offered a home by 9 June 2024." in replay.text()
    assert "Every offer up to 9 June 2024 comes out as it was." in replay.text()


SUSPENDS = """
consequences: {out: {label: Suspended for three months, suspend_months: 3}}
offers: {refusals: {one: {label: x, after: 1, then: out}}}
"""


def _suspended(reasonable: bool) -> Week:
    """bob's refusal of elm was judged so; what it may lead to was approved on the same day."""
    week = Week(SUSPENDS).households("bob ann").advert("elm", bids="bob").approve(7, "offer", "elm", "bob")
    week.outcome(8, "refused", "elm", "bob", reasonable=reasonable, by="Olu")
    if not reasonable:
        week.approve(8, "consequence", household="bob")
    return week.run(until=9)


def _judged(was: str, should_be: str) -> str:
    return (f"  - {{table: outcomes, row: o002, column: reasonable, was: {was}, should_be: {should_be}, "
            "reason: The letter of the doctor was not read.}\n")


def test_a_suspension_that_would_not_have_begun_is_told(tmp_path: Path) -> None:
    """To its household, on the page, for programs, and to officers; to nobody else."""
    replay = put_right(_suspended(False), tmp_path, _judged("false", "true"))
    said = ("bob: “Suspended for three months”, which began on 8 June 2024 in fact, would not have begun.")
    for text in (replay.text("applicant", "bob"), replay.text("officer"),
                 replay_state_page(replay, "applicant", "bob")):
        assert said in text
    assert ("consequence, Suspended for three months: from 8 June 2024 until 8 September 2024 then; "
            "does not begin now") in replay.text("applicant", "bob")
    assert "<td>does not begin</td>" in replay_state_page(replay, "applicant", "bob")
    (row,) = replay.as_dict("applicant", "bob")["consequences"]
    assert (row["change"], row["since_then"], row["since_now"]) == ("not begun", "2024-06-08", None)
    assert "Suspended" not in replay.text("applicant", "ann")


def test_a_consequence_that_would_have_been_proposed_is_told_and_not_taken_as_begun(tmp_path: Path) -> None:
    """Nobody is assumed to have approved it."""
    replay = put_right(_suspended(True), tmp_path, _judged("true", "false"))
    assert ("bob: “Suspended for three months” would wait for an officer's decision, proposed on 8 June 2024; in fact "
            "it did not begin.") in replay.text("officer")
    assert replay.consequences["change"].to_list() == ["proposed"]


def test_a_consequence_that_begins_as_it_did_is_told_so(tmp_path: Path) -> None:
    replay = put_right(_suspended(False), tmp_path, fact("bob", "bedroom_need", 2, 3))
    assert replay.consequences["change"].to_list() == ["same"]
    assert "from 8 June 2024 until 8 September 2024, as it was" in replay.text()
    assert "would not have begun" not in replay.text()


def test_a_consequence_that_waits_in_fact_and_would_not_be_proposed_is_told(tmp_path: Path) -> None:
    """There is nothing to decide: the officer declines it."""
    week = Week(SUSPENDS).household("bob").advert("elm", bids="bob").approve(7, "offer", "elm", "bob")
    week.outcome(8, "refused", "elm", "bob", reasonable=False, by="Olu").run(until=9)
    replay = put_right(week, tmp_path, _judged("false", "true"))
    said = ("bob: “Suspended for three months” waits for a decision in fact, proposed on 8 June 2024; "
            "there would be nothing to decide.")
    for text in (replay.text("officer"), replay_state_page(replay, "applicant", "bob")):
        assert said in text
    assert ("consequence of bob, Suspended for three months: proposed on 8 June 2024, and not decided then; "
            "does not begin now") in replay.text("officer")
    assert replay.consequences["change"].to_list() == ["not waiting"]


def test_a_consequence_that_waits_in_fact_and_waits_with_the_facts_put_right_is_nothing_new(tmp_path: Path) -> None:
    week = Week(SUSPENDS).household("bob").advert("elm", bids="bob").approve(7, "offer", "elm", "bob")
    week.outcome(8, "refused", "elm", "bob", reasonable=False, by="Olu").run(until=9)
    replay = put_right(week, tmp_path, fact("bob", "bedroom_need", 2, 3))
    assert replay.consequences.is_empty()


def test_a_second_consequence_of_the_same_name_that_comes_out_as_it_did_is_told_so(tmp_path: Path) -> None:
    """The first was for locals alone, and bob is none; the second rests on two refusals of anyone."""
    rules = """
consequences: {out: {label: Out, suspend_months: 1}}
criteria: {loc: {label: local, when: local}}
offers: {refusals: {one: {label: x, after: 1, when: loc, then: out}, two: {label: y, after: 2, then: out}}}
"""
    week = Week(rules).household("bob", local=True)
    for n, start in enumerate((3, 45)):
        week.advert(f"elm{n}", bids="bob", opens=start, closes=start + 2.5)
        week.approve(start + 3, "offer", f"elm{n}", "bob")
        week.outcome(start + 4, "refused", f"elm{n}", "bob", reasonable=False, by="Olu")
        week.approve(start + 5, "consequence", household="bob")
    replay = put_right(week.run(until=60), tmp_path, fact("bob", "local", "true", "false"))
    assert replay.consequences["change"].to_list() == ["not begun", "same"]
    assert "bob: “Out”, which began on 8 June 2024 in fact, would not have begun." in replay.text()
    assert "from 20 July 2024 until 20 August 2024, as it was" in replay.text()


def test_what_was_refused_instead_is_told_where_it_changes_the_finding(tmp_path: Path) -> None:
    """ann has elm by the right date; had she refused it, she would be next for oak."""
    week = Week().households("bob ann").advert("elm", bids="bob ann")
    week.advert("oak", bids="ann", closes=9.5).let("elm", "bob").let("oak", "ann", on=10)
    week.run(until=12)
    replay = put_right(week, tmp_path, EARLIER)
    assert replay.refusing_matters
    assert "would be: elm on 7 June 2024; oak on 10 June 2024" in replay.text()


def test_a_bid_that_was_not_recorded(tmp_path: Path) -> None:
    week = Week().households("ann bob").advert("elm", bids="bob").let("elm", "bob").run(until=9)
    replay = put_right(week, tmp_path, "  - {table: bids, add: {advert: elm, application: ann, "
                       "placed_at: 2024-06-04T10:00:00}, reason: The system refused it.}\n")
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}


def test_what_was_put_right_since_may_be_asked_about_as_it_was(tmp_path: Path) -> None:
    """The record has the right band by now; the complaint is of the weeks before."""
    week = Week().households("bob ann", band="B").advert("elm", bids="bob ann").let("elm", "bob")
    week.run(until=9).add("applications", id="ann", band="A", status="active",
                          priority_date=date(2020, 1, 2)).run(until=10)
    replay = put_right(week, tmp_path, fact("ann", "band", "B", "A"))
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}


def test_corrections_that_cannot_be_used_are_told_in_one_report(tmp_path: Path) -> None:
    week = _rivals().let("elm", "bob").run(until=9)
    with pytest.raises(RunError) as error:
        put_right(week, tmp_path, fact("ann", "band", "C", "A") + fact("eve", "band", "C", "A")
                  + "  - {table: applications, row: bob, column: band, was: B, should_be: A, from: "
                    "2024-06-05, reason: x}\n")
    assert [p.kind for p in error.value.problems] == ["was_differs", "row_not_in_state",
                                                      "from_elsewhere"]


# Facts that have gone.


def test_cycles_that_rest_on_erased_facts_are_named(tmp_path: Path) -> None:
    first_week(tmp_path)
    second_week(tmp_path)
    erase(tmp_path / "week2", ["1"], "schedule", date(2032, 1, 1), tmp_path / "erased")
    again = replay_state(tmp_path / "erased")
    assert [(r.same, r.gone) for r in again.runs] == [(None, ("1",)), (None, ("1",))]
    assert again.runs[0].adverts == ("AD1",)
    assert "facts of 1 households have lawfully gone; adverts AD1" in again.text()
    assert "gone: 1; adverts AD1" in again.text("officer")
    from cbl_engine.documents import parse_document

    with pytest.raises(RunError, match="lawfully gone"):
        replay_state(tmp_path / "erased", parse_document(
            "corrections:\n" + fact("2", "band", "B", "A").replace("row: 2", "row: '2'"), "f.yaml"))


def test_a_replay_ends_where_facts_have_gone(tmp_path: Path) -> None:
    """zed came in the second cycle and was erased: of the first the answer stands."""
    week = _rivals().let("elm", "bob").run(until=9)
    week.household("zed").advert("oak", bids="zed", opens=10, closes=11.5).let("oak", "zed", on=12)
    on_record(week.run(until=14), tmp_path)
    erase(tmp_path / "state", ["zed"], "schedule", date(2032, 1, 1), tmp_path / "erased")
    from cbl_engine.documents import parse_document

    replay = replay_state(tmp_path / "erased", parse_document("corrections:\n" + EARLIER, "f.yaml"))
    assert (replay.gone, replay.until) == (("zed",), day(9))
    assert _now(replay) == {("elm", "ann"): ("let", day(7))}
    assert "Nothing is said after 9 June 2024: facts of 1 households" in replay.text()
    assert "zed" not in replay.text()


# What officers hold back, and the bundle.


def test_the_bundle_tells_an_applicant_no_reason_that_officers_hold_back(tmp_path: Path) -> None:
    text = "checks: {risk: {label: x, officer_held: true, missing: bypass}}"
    week = _rivals(text).check("bob", "risk").approve(7, "bypass", "elm", "ann")
    week = Week(text).households("ann bob").advert("elm", bids="ann bob").check("bob", "risk")
    week.approve(6, "bypass", "elm", "ann", reason="risk").run(until=7)
    replay = put_right(week, tmp_path, fact("ann", "bedroom_need", 2, 3))
    officer, applicant = (json.dumps(replay.as_dict(a)["bundle"]) for a in ("officer", "applicant"))
    assert "passed over: risk" in officer
    assert "proposed: passing over, risk" in officer
    assert "approved by Olu: passing over, risk" in officer
    assert "passed over: officer-held reason" in applicant
    assert "risk" not in applicant
    assert "proposed: passing over" not in applicant
    assert "Olu" not in applicant
    assert [row["table"] for row in replay.as_dict()["bundle"][0]["known"]] == ["applications", "bids"]


# The command.


def test_the_command_for_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on_record(_rivals().let("elm", "bob").run(until=9), tmp_path)
    state, facts = str(tmp_path / "state"), tmp_path / "facts.yaml"

    def cbl(*words: str) -> str:
        assert app(["replay", *words], result_action="return_value") == 0
        return capsys.readouterr().out

    assert "The same in everything" in cbl(state)
    form = cbl(state, "--template", "ann")
    assert read_state(state).manifest["state_id"] in form
    assert "column: priority_date" in form
    facts.write_text("corrections:\n" + EARLIER)
    assert "ann would have been offered advert elm" in cbl(state, "--correct", str(facts))
    out = cbl(state, "--correct", str(facts), "--audience", "officer", "--format", "json")
    assert json.loads(out)["displaced"][0]["application"] == "bob"
    out = cbl(state, "--correct", str(facts), "--audience", "officer", "--format", "csv",
              "--out", str(tmp_path / "page.html"))
    assert out.startswith("id,advert,home,application,corrected,change")
    assert "Displaced" in (tmp_path / "page.html").read_text()


# Against a plain calculation.


class Town:
    """A week of which people's behaviour is known: days to approve, to answer and to sign."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.names = [f"h{n}" for n in range(rng.randint(3, 6))]
        self.bands = {n: rng.choice("ABC") for n in self.names}
        self.adverts = {
            f"a{n}": (rng.sample(self.names, rng.randint(1, len(self.names))), 6.5 + n % 3)
            for n in range(rng.randint(1, 4))
        }
        self.does = {
            (a, h): (rng.randint(1, 2), rng.choice(["accepted", "accepted", "refused"]),
                     rng.randint(1, 3), rng.randint(1, 2))
            for a in self.adverts for h in self.names
        }
        self.complains = rng.choice(self.names)
        self.right = rng.choice([b for b in "ABC" if b != self.bands[self.complains]])

    def lives(self, bands: dict[str, str], does: dict[Any, Any], until: int = 17) -> Week:
        """Day by day; people look each evening at what is asked of them tomorrow."""
        week = Week()
        for name in self.names:
            week.household(name, band=bands[name])
        for advert, (bidders, closes) in self.adverts.items():
            week.advert(advert, bids=" ".join(bidders), closes=closes)
        week.run(until=5)
        for tomorrow in range(6, until + 1):
            for offer in week.table("offers"):
                pair = offer["advert"], offer["application"]
                approve, answer, days, sign = does[pair]
                step, on = offer["step"], day(tomorrow)
                if step == "proposed" and (on - offer["proposed_on"]).days == approve:
                    week.approve(tomorrow, "offer", *pair)
                elif step == "offered" and (on - offer["offered_on"]).days == days:
                    week.outcome(tomorrow, answer, *pair)
                elif step == "accepted" and (on - offer["answered_on"]).days == sign:
                    week.outcome(tomorrow, "signed", *pair)
            week.run(until=tomorrow)
        return week


def _offers(tables: Any) -> pl.DataFrame:
    return tables["offers"].sort("id")


@pytest.mark.parametrize("seed", range(8))
def test_facts_put_right_give_what_cycles_from_scratch_give(seed: int, tmp_path: Path) -> None:
    """The same town with the right band from the beginning.

    People who were asked do as they do; who was not is approved, accepts and signs in the days of the
    first who was, on that advert.
    """
    town = Town(seed)
    was = town.lives(town.bands, town.does)
    asked: dict[Any, Any] = {}
    first: dict[str, list[Any]] = {a: [] for a in town.adverts}
    for offer in was.table("offers"):
        pair = offer["advert"], offer["application"]
        approve, answer, days, sign = town.does[pair]
        reached = [offer["offered_on"], offer["answered_on"],
                   offer["answered_on"] if offer["step"] == "let" else None]
        asked[pair] = [d if r is not None else None
                       for d, r in zip((approve, days, sign), reached, strict=True)]
    for row in sorted(was.table("outcomes"), key=lambda r: r["id"]):
        steps = {"approved": 0, "accepted": 1, "refused": 1, "signed": 2}
        pair, n = (row["advert"], row["application"]), steps[row["what"]]
        firsts = first[row["advert"]] or [None, None, None]
        first[row["advert"]] = firsts
        if firsts[n] is None:
            firsts[n] = asked[pair][n]
    does = {}
    for (advert, household), own in town.does.items():
        mine = asked.get((advert, household), [None] * 3)
        days = [m if m is not None else f
                for m, f in zip(mine, first[advert] or [None] * 3, strict=True)]
        answer = own[1] if mine[1] is not None else "accepted"
        does[advert, household] = (days[0], answer, days[1], days[2])
    replay = put_right(was, tmp_path, fact(
        town.complains, "band", town.bands[town.complains], town.right))
    if any(None in d for (a, h), d in does.items() if h in town.adverts[a][0]):
        return  # a step that nobody came to in fact: taken on the same day, which no evening sees
    scratch = town.lives({**town.bands, town.complains: town.right}, does)
    assert_frame_equal(_offers(replay.now.tables), _offers(scratch.record.tables))


@pytest.mark.parametrize("seed", range(5))
def test_without_a_fact_put_right_the_answers_followed_give_the_record(
    seed: int, tmp_path: Path
) -> None:
    town = Town(seed)
    was = town.lives(town.bands, town.does, until=random.Random(seed).randint(8, 15))
    past = Past.of(on_record(was, tmp_path))
    followed = _follow(past, past, {}, past.trail.runs(), "refuses")
    for table in ("offers", "lettings", "passed_over", "advert_states", "proposals"):
        one, two = (t[table].drop("id" if table == "proposals" else [])
                    for t in (followed.tables, was.record.tables))
        assert_frame_equal(one, two)  # ids of proposals have the numbers of events
    assert (list(followed.assumed), list(followed.left)) == ([], [])

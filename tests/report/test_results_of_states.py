"""Results of a state folder: of the days on record alone, and the same from any later state."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.happened import of_record
from cbl_engine.packs.monthly import monthly
from cbl_engine.packs.prospects import prospects
from cbl_engine.records import erase, read_state, record_cycle
from cbl_engine.report import letting_results, results_page
from cbl_engine.report.results_rows import waiting_of
from cbl_engine.report.results_tables import ALL, BY, offers_in_words
from tests.commands import exit_code
from tests.records.small_record import first_week, second_week
from tests.report.recorded_lettings import SCHEME, Record

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


@pytest.fixture
def weeks(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    return tmp_path


def results(folder, **when):
    state = read_state(folder)
    return letting_results(state, state.scheme(), **when)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"since": date(2025, 1, 1), "until": date(2025, 12, 31)}, "--since: the record begins after"),
        ({"since": date(2026, 2, 1)}, "--since: the record begins after"),
        ({"until": date(2026, 2, 28)}, "--until: the record begins when the time is over"),
        ({"since": FIRST, "until": LAST}, "--until: the record ends before the time does"),
    ],
)
def test_a_time_that_is_not_on_record_is_refused_and_not_nought(weeks, when, said):
    with pytest.raises(BadInput, match=said) as caught:
        results(weeks / "week2", audience="officer", **when)
    assert len(caught.value.problems) == 1


def test_where_no_month_of_the_record_is_over_nothing_is_published_and_nobody_told_of_prospects(weeks):
    state = read_state(weeks / "week2")
    for refused in (lambda: results(weeks / "week2"), lambda: prospects(state, state.scheme(), "2")):
        with pytest.raises(BadInput, match="no month of the record is over yet; given a record from 2026-03") as caught:
            refused()
        assert caught.value.problems[0].remedy == "Ask again when the month is over"
    assert "the record begins on 1 March 2026" in results_page(results(weeks / "week2", audience="officer"))


def _later(weeks):
    """March over: two weeks of April, in which one joins, one leaves, and what was known is put right."""
    april = weeks / "april"
    april.mkdir()
    (april / "applications.csv").write_text(
        "id,status,band,priority_date,registered_on\n2,closed,B,2023-01-01,2023-01-01\n"
        "4,active,A,2026-04-02,2026-04-02\n5,active,A,2026-03-02,2026-03-02\n")
    march = record_cycle(weeks / "scheme.yaml", weeks / "week2", date(2026, 4, 1), weeks / "march")
    record_cycle(weeks / "scheme.yaml", weeks / "march", date(2026, 4, 8), weeks / "later", data=april)
    return march.folder, read_state(weeks / "later")


def test_those_who_wait_are_those_of_the_last_day_told_whichever_state_tells_it(weeks):
    march, later = _later(weeks)
    told = [letting_results(s, s.scheme(), audience="officer", until=LAST) for s in (march, later)]
    for name in (*BY, "offers", "passed_over"):
        assert told[0].tables[name].equals(told[1].tables[name])
    assert told[1].tables["offers"].rows() == [("not settled yet", 1), (ALL, 1)]
    assert told[1].tables["band"].select("band", "waiting").rows() == [("A", 0), ("B", 1), (ALL, 1)]
    assert told[1].frame()["waiting_on"].drop_nulls().unique().to_list() == [LAST]
    assert waiting_of(later)["application"].to_list() == ["4", "5"]
    public = [letting_results(s, s.scheme()) for s in (march, later)]
    assert public[0].until == public[1].until == LAST
    for by in BY:
        assert public[0].tables[by].equals(public[1].tables[by])
    assert "households on the register, 31 March 2026" in results_page(told[1])


def test_one_let_a_home_later_waited_still_and_one_whose_letting_fell_through_later_did_not(weeks):
    state = read_state(weeks / "week2")
    assert waiting_of(state, date(2026, 3, 10))["application"].to_list() == ["1", "2"]
    assert waiting_of(state, date(2026, 3, 11))["application"].to_list() == ["2"]
    lettings = state.tables["lettings"].with_columns(pl.lit(date(2026, 3, 14)).alias("undone_on"))
    undone = Record({**state.tables, "lettings": lettings}, state.as_at)
    assert waiting_of(undone, date(2026, 3, 13))["application"].to_list() == ["2"]
    assert waiting_of(undone, date(2026, 3, 14))["application"].to_list() == ["1", "2"]


def test_the_months_pack_has_the_register_of_the_end_of_the_month(weeks):
    for state in _later(weeks):
        parts = {p.name: p for p in monthly(of_record(state, state.scheme()), FIRST, LAST)}
        assert parts["register_band"].words == "Households on the register on 31 March 2026, the end of the month."
        assert dict(parts["register_band"].frame.iter_rows()) == {"A": 0, "B": 1, "all": 1}
        assert dict(parts["register_last_bid"].frame.iter_rows())["within four weeks"] == 1


def _erased(weeks):
    """The last state with the household that was let a home in March erased, and the command's words."""
    _later(weeks)
    on, why = date(2033, 4, 1), "the period of the retention schedule is over"
    erase(weeks / "later", ["1"], why, on, weeks / "erased")
    return read_state(weeks / "erased")


def test_the_band_of_a_household_that_was_erased_is_not_known_and_not_none(weeks):
    state = _erased(weeks)
    found = letting_results(state, state.scheme(), audience="officer")
    bands = found.tables["band"].select("band", "lettings").rows()
    assert bands == [("A", 0), ("not known (erased)", 1), (ALL, 1)]
    assert found.lettings["band"].to_list() == ["not known (erased)"]
    assert found.erased == 1
    parts = {p.name: p for p in monthly(of_record(state, state.scheme()), FIRST, LAST)}
    assert dict(parts["lettings"].frame.iter_rows()) == {"A": 0, "B": 0, "not known (erased)": 1, "all": 1}
    assert "1 household of this time or later was erased since" in results_page(found)


def test_whoever_counts_a_time_anew_after_an_erasure_is_told_not_to_publish_it(weeks, capsys):
    _erased(weeks)
    for command in (["results", str(weeks / "erased"), "--until", "2026-03-31"],
                    ["monthly", str(weeks / "erased"), "--month", "2026-03", "--audience", "public",
                     "--out", str(weeks / "pack")]):
        assert exit_code(*command) == 0
        said = capsys.readouterr()
        assert "Do not publish this time anew" in said.err
        assert "erased since" not in said.out
    assert "erased since" not in (weeks / "pack" / "page.html").read_text()
    april = ("--since", "2026-04-01", "--audience", "officer")
    assert exit_code("results", str(weeks / "erased"), *april) == 0
    assert "publish" not in capsys.readouterr().err


def test_the_reason_of_a_refusal_that_was_erased_is_not_known():
    offers = pl.DataFrame({"id": ["O1", "O2"], "step": ["ended"] * 2, "ended_by": ["refused"] * 2,
                           "reason": [None, None], "erased": [True, False]},
                          schema_overrides={"reason": pl.String})
    assert offers_in_words(offers, SCHEME).to_list() == [
        "refused: not known (erased)", "refused: another reason"]

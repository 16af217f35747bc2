"""Results of lettings: they add up to the record, and the public's point at no household."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.disclosure import LIMIT
from cbl_engine.errors import BadInput
from cbl_engine.report import letting_results, results_page
from cbl_engine.report.results_rows import lettings_of, waiting_of
from cbl_engine.report.results_tables import ALL, BY, shown_counts
from cbl_engine.report.results_told import told
from cbl_engine.simulate.kpi import months
from tests.disclosure.test_disclosure import ranges
from tests.report.recorded_lettings import SCHEME, drawn, record_of

SEEDS = range(12)
COUNTS = {**dict.fromkeys(BY, "lettings"), "offers": "offers", "passed_over": "times",
          "not_let": "adverts"}


def officers(record, **when):
    return letting_results(record, SCHEME, audience="officer", **when)


def public(record, **when):
    return letting_results(record, SCHEME, **when)


def test_officers_counts_add_up_to_the_record():
    record = drawn(1)
    found = officers(record)
    lettings = record.tables["lettings"]
    assert found.lettings.height == lettings.height == 80
    for by in BY:
        counts = found.tables[by]["lettings"].to_list()
        assert sum(counts[:-1]) == counts[-1] == 80
    offers = record.tables["offers"].filter(pl.col("step") != "let")
    assert found.tables["offers"].row(-1) == (ALL, offers.height)
    assert found.tables["passed_over"]["times"][-1] == record.tables["passed_over"].height
    direct = lettings.filter(pl.col("route") == "direct").height
    assert found.direct_share == round(direct / 80, 3)


def test_where_nobody_was_let_a_home_directly_the_public_is_told_so():
    record = drawn(1)
    record.tables["lettings"] = record.tables["lettings"].with_columns(pl.lit("bid").alias("route"))
    assert public(record).direct_share == 0
    assert officers(record).direct_share == 0


@pytest.mark.parametrize("days", [522, 1009, 3654])
def test_a_wait_is_as_many_months_as_simulations_count(days):
    signed = date(2026, 3, 2)
    record = record_of(
        offers=[{"id": "O1", "application": "P1", "step": "let"}],
        lettings=[{"id": "O1", "application": "P1", "signed_on": signed, "band": "A",
                   "registered_on": signed - timedelta(days=days)}])
    [waited] = pl.DataFrame({"on": [signed], "from": [signed - timedelta(days=days)]}).select(
        months("from", "on")).to_series()
    assert officers(record).tables["band"]["registered_median"][-1] == round(waited, 1)


def test_waits_run_from_the_date_and_from_registering_to_signing_and_those_still_waiting_are_counted():
    record = record_of(
        homes=[{"id": "H1", "bedrooms": 2}], adverts=[{"id": "A1", "home": "H1"}],
        offers=[{"id": "O1", "advert": "A1", "application": "P1", "step": "let"}],
        lettings=[{"id": "O1", "advert": "A1", "application": "P1", "signed_on": date(2026, 3, 2),
                   "started_on": date(2026, 3, 9), "band": "A", "bids": 7,
                   "registered_on": date(2024, 3, 2), "priority_date": date(2025, 3, 2)}],
        applications=[
            {"id": "P1", "band": "A", "registered_on": date(2024, 3, 2)},
            {"id": "P2", "band": "A", "registered_on": date(2025, 3, 31), "bedroom_need": 2},
            {"id": "P3", "band": "B", "status": "closed"},
        ],
    )
    found = officers(record)
    row = found.tables["band"].row(0, named=True)
    assert row == {"band": "A", "lettings": 1, "bids": 7.0, "registered_mean": 24.0,
                   "registered_median": 24.0, "ranked_mean": 12.0, "ranked_median": 12.0,
                   "waiting": 1, "waiting_median": 12.0}
    assert found.tables["bedrooms"].select("bedrooms", "lettings", "waiting").rows() == [
        ("2", 1, 1), (ALL, 1, 1)]
    assert found.lettings["home"].to_list() == ["H1"]


def test_a_letting_that_fell_through_is_no_letting():
    record = drawn(2)
    undone = record.tables["lettings"].with_columns(
        pl.when(pl.col("id") == "O3").then(date(2026, 3, 30)).alias("undone_on"))
    record.tables["lettings"] = undone
    assert officers(record).tables["band"]["lettings"][-1] == 79


def test_a_time_takes_in_what_was_signed_in_it():
    record = drawn(3)
    found = officers(record, since=date(2026, 2, 1), until=date(2026, 2, 10))
    days = found.lettings["signed_on"]
    assert days.len() == lettings_of(record, SCHEME)["signed_on"].is_between(
        date(2026, 2, 1), date(2026, 2, 10)).sum() > 0
    assert set(found.tables["month"]["month"]) == {"2026-02", ALL}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_withheld_count_can_be_worked_out_from_its_table(seed):
    record = drawn(seed)
    full = officers(_without_sensitive(record))
    found = public(record)
    for name, count in COUNTS.items():
        shown = found.tables[name]
        if shown.height == 1 or name == "passed_over":  # officers have more rows of that
            continue
        true = dict(full.tables[name].select(full.tables[name].columns[0], count).iter_rows())
        table = np.array([true[value] for value in shown.to_series(0)])
        hidden = shown[count].is_null().to_numpy()
        assert not ((table > 0) & (table < LIMIT) & ~hidden).any()
        assert shown[count].drop_nulls().to_list() == table[~hidden].tolist()
        for least, most in ranges(table, hidden):
            assert most - least > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_list_says_no_more_than_the_tables_and_no_line_points_at_fewer_than_five(seed):
    found = public(drawn(seed, 150))
    lines = found.lettings
    of_home, of_household = lines.columns[:6], lines.columns[6:]
    for columns in (of_home, of_household):
        assert lines.group_by(columns).len()["len"].min() >= LIMIT
    for name in (*of_home[:-1], "band"):
        shown = dict(found.tables[name].select(name, "lettings").iter_rows())
        for value, n in lines.drop_nulls(name).group_by(name).len().iter_rows():
            assert shown[value] is not None
            assert shown[value] == n or shown[value] - n >= LIMIT


def test_lines_that_may_be_told_apart_are_at_least_five():
    frame = pl.DataFrame({"a": [*"xxxxx", *"yyyyyyy", "z"], "b": [1, 1, 1, 1, 1, *[2] * 5, 3, 3, 3]})
    seen = told(frame, ["a", "b"])
    assert seen.group_by("a", "b").len()["len"].min() >= LIMIT
    assert Counter(seen["a"]) == {None: 6, "y": 7}
    assert told(frame.head(4), ["a"])["a"].to_list() == [None] * 4


def test_a_table_that_could_only_hide_behind_its_total_is_left_out():
    assert shown_counts([3, 3], public=True) is None
    assert shown_counts([3, 3], public=False) == [3, 3, 6]
    assert shown_counts([1, 3], public=True) is None


def test_of_one_home_let_nothing_is_told_and_those_who_wait_are_still_counted():
    lettings = [{"id": "O1", "advert": "A1", "application": "P1", "signed_on": date(2026, 3, 2),
                 "started_on": date(2026, 3, 2), "band": "A", "bids": 7}]
    found = public(record_of(
        homes=[{"id": "H1", "bedrooms": 0, "area": "w5", "landlord": "L1", "property_type": "flat"}],
        adverts=[{"id": "A1", "home": "H1"}], lettings=lettings,
        areas=[{"id": "w5", "name": "Ward 5", "level": "ward"}],
        offers=[{"id": "O1", "advert": "A1", "application": "P1", "step": "let"}],
        applications=[{"id": f"Q{n}", "band": "B", "bedroom_need": 2} for n in range(7)]))
    for by in BY:
        assert found.tables[by]["lettings"].null_count() == found.tables[by].height
    assert found.tables["band"].select("band", "waiting").rows() == [("B", 7), (ALL, 7)]
    assert found.tables["area"]["area"].to_list() == [ALL]
    assert found.direct_share is None
    page = results_page(found)
    assert "Too few were let to be told apart by: band, bedrooms of the home, area" in page
    assert "Ward 5" not in page


def test_sensitive_lets_are_left_out_of_everything_as_if_they_had_never_been():
    record = drawn(5, sensitive=0.3)
    without = _without_sensitive(record)
    assert without.tables["lettings"].height < record.tables["lettings"].height
    ours, theirs = public(record), public(without)
    assert ours.lettings.equals(theirs.lettings)
    assert results_page(ours) == results_page(theirs)


def test_a_sensitive_let_is_known_by_its_label_in_capitals_too():
    record = drawn(5, sensitive=0.3)
    record.tables["adverts"] = record.tables["adverts"].with_columns(
        pl.col("labels").list.eval(pl.lit(" Sensitive")))
    assert public(record).lettings.equals(public(drawn(5, sensitive=0.3)).lettings)


def test_the_public_is_told_no_id_no_address_and_no_day():
    record = drawn(4)
    page = results_page(public(record))
    said = page + json.dumps(public(record).frame().to_dicts(), default=str) + json.dumps(
        public(record).lettings.to_dicts())
    for table in ("homes", "adverts", "applications"):
        assert not any(f'"{i}"' in said or f">{i}<" in said for i in record.tables[table]["id"])
    assert "not_active" not in said
    assert "clearance" not in said
    assert "For publication" in page
    days = {str(d) for d in record.tables["lettings"]["signed_on"]}
    assert not any(d in said for d in days - {"2026-03-31"})


def test_a_list_of_lettings_is_printed_within_the_sheet_and_no_day_is_broken():
    page = results_page(officers(record_of(lettings=[
        {"id": "L1", "application": "P" * 25, "signed_on": date(2026, 2, 3)}])))
    assert '<td class="d">3 February 2026</td>' in page
    assert f'<td class="long">{"P" * 25}</td>' in page
    assert ".list td.long { overflow-wrap: anywhere; }" in page


def test_a_reason_in_free_words_is_for_nobody_but_officers():
    page = results_page(public(drawn(6, 200)))
    assert "refused: too far from school" in page
    assert "too small" not in page
    assert "refused: another reason" in page


def test_officer_held_reasons_are_one_to_the_public_whatever_they_are():
    record = drawn(7)
    passed = record.tables["passed_over"]
    record.tables["passed_over"] = passed.with_columns(
        pl.when("officer_held").then(pl.lit("fraud")).otherwise("reason").alias("reason"))
    assert results_page(public(record)) == results_page(public(drawn(7)))
    assert results_page(officers(record)) != results_page(officers(drawn(7)))


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ({"since": date(2026, 1, 2)}, "not_whole_months"),
        ({"until": date(2026, 2, 27)}, "not_whole_months"),
        ({"until": date(2026, 4, 30)}, "not_whole_months"),
        ({"since": date(2026, 4, 1)}, "no_time"),
        ({"since": date(2026, 3, 1), "until": date(2026, 1, 31)}, "no_time"),
    ],
)
def test_the_public_is_told_whole_months_that_are_over(when, kind):
    with pytest.raises(BadInput) as caught:
        public(drawn(1), **when)
    assert [p.kind for p in caught.value.problems] == [kind]


def test_a_time_of_which_nothing_is_over_is_said_to_be_so():
    """And not told of as ending before it begins."""
    record = drawn(1)
    march = replace(record, as_at=date(2026, 3, 10))
    with pytest.raises(BadInput) as caught:
        public(march, since=date(2026, 3, 1))
    assert [p.line() for p in caught.value.problems] == [
        "--since: no month from 2026-03-01 on is over yet; given 2026-03-01; allowed: 2026-02-01 or "
        "earlier. The record stands at the end of 2026-03-10"]
    with pytest.raises(BadInput, match="the record ends before that"):
        officers(march, since=date(2026, 3, 11))
    assert officers(march, since=date(2026, 3, 1)).until == date(2026, 3, 10)


def test_the_month_under_way_is_not_told():
    record = drawn(1)
    found = letting_results(type(record)(record.tables, date(2026, 3, 30)), SCHEME)
    assert found.until == date(2026, 2, 28)
    assert "2026-03" not in found.tables["month"]["month"]


def _named(n, on, signed=None, **more):
    """A household named to L1 on a day: its offer, and its letting where it was signed."""
    offer = {"id": f"O{n}", "advert": f"A{n}", "application": f"P{n}", "landlord": "L1",
             "nominated_on": on, "step": "let" if signed else "ended", **more}
    letting = {"id": f"O{n}", "advert": f"A{n}", "application": f"P{n}", "home": f"H{n}",
               "signed_on": signed, "started_on": signed, "band": "A"}
    return offer, [letting] if signed else []


def _landlords(named, **when):
    homes = [{"id": f"H{n}", "landlord": "L1"} for n in range(40)]
    record = record_of(homes=homes, adverts=[], applications=[], offers=[o for o, _ in named],
                       lettings=[let for _, lets in named for let in lets])
    audience = when.pop("audience", "officer")
    return letting_results(record, SCHEME, audience=audience, **when).tables["landlord"].row(0, named=True)


def test_households_named_for_each_letting_are_those_whose_nomination_the_time_settled():
    """Named in February and let in March, one is March's; named in March and open still, nobody's yet."""
    named = [_named(n, date(2026, 2, 20), date(2026, 3, 5)) for n in range(2)]
    named += [_named(n, date(2026, 2, 20), ended_on=date(2026, 3, 4), ended_by="refused") for n in (2, 3)]
    named += [_named(4, date(2026, 3, 20), step="invited")]
    named += [_named(5, date(2026, 2, 10), ended_on=date(2026, 2, 12), ended_by="refused")]
    march = _landlords(named, since=date(2026, 3, 1))
    assert (march["lettings"], march["nominated"], march["nominated_for_each"]) == (2, 4, 2.0)


@pytest.mark.parametrize(("unlet", "shown"), [(0, 8), (1, None), (4, None), (5, 13)])
def test_the_public_cannot_take_lettings_from_those_named_and_find_a_few_who_were_let_nothing(unlet, shown):
    named = [_named(n, date(2026, 3, 1), date(2026, 3, 5)) for n in range(8)]
    named += [_named(8 + n, date(2026, 3, 1), ended_on=date(2026, 3, 4), ended_by="refused")
              for n in range(unlet)]
    told = _landlords(named, audience="public")
    assert (told["lettings"], told["nominated"]) == (8, shown)


def test_rows_in_any_order_give_the_same_results():
    record = drawn(8)
    turned = type(record)({n: f.reverse() for n, f in record.tables.items()}, record.as_at)
    for audience in ("public", "officer"):
        one, other = (letting_results(r, SCHEME, audience=audience) for r in (record, turned))
        assert one.lettings.equals(other.lettings)
        assert one.frame().equals(other.frame())


def test_nobody_housed_is_told_as_such():
    found = public(record_of())
    assert found.lettings.is_empty()
    assert found.direct_share is None
    assert "Homes let" in results_page(found)


def test_another_audience_is_refused():
    with pytest.raises(BadInput, match="no such audience"):
        letting_results(drawn(1), SCHEME, audience="press")  # type: ignore[arg-type]


def _without_sensitive(record):
    """The record as if sensitive lets had never been."""
    rows = lettings_of(record, SCHEME)
    gone = rows.filter("sensitive")
    adverts = record.tables["adverts"].filter(
        pl.col("labels").list.contains("sensitive").fill_null(value=False))["id"]
    ids = pl.concat([gone["id"]]).implode()
    tables = dict(record.tables)
    tables["lettings"] = tables["lettings"].filter(~pl.col("id").is_in(ids))
    at = pl.col("advert").is_in(adverts.implode()).fill_null(value=False)
    tables["offers"] = tables["offers"].filter(~at & ~pl.col("id").is_in(ids))
    tables["passed_over"] = tables["passed_over"].filter(~at)
    housed = gone["application"].implode()
    tables["applications"] = tables["applications"].filter(~pl.col("id").is_in(housed))
    return type(record)(tables, record.as_at)


def test_a_household_whose_versions_have_no_ends_waits_once_and_as_the_last_one_says():
    def applied(key, band, since=None, **more):
        return {"id": key, "band": band, "valid_from": since, "registered_on": date(2025, 3, 1), **more}

    record = record_of(
        homes=[], adverts=[], offers=[], lettings=[],
        applications=[applied("P1", "B"), applied("P1", "A", date(2026, 2, 1)),
                      applied("P2", "B"), applied("P2", "B", date(2026, 2, 1), status="closed")])
    record.tables["applications"] = record.tables["applications"].drop("valid_to")
    assert waiting_of(record).select("application", "band").rows() == [("P1", "A")]

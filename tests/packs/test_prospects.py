"""What an applicant is told of its prospects: own facts and published figures alone."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.prospects import prospects
from cbl_engine.scheme import scheme_from_text
from tests.commands import exit_code
from tests.report.recorded_lettings import SCHEME, SCHEME_TEXT, Record, drawn, record_of


def _own(record, **facts):
    """The record with an applicant of these facts."""
    row = {"id": "ME", "status": "active", "band": "B", "bedroom_need": 2,
           "priority_date": date(2025, 1, 1), **facts}
    mine = pl.DataFrame([row], {n: t for n, t in record.tables["applications"].schema.items() if n in row})
    tables = {**record.tables, "applications": pl.concat(
        [record.tables["applications"], mine], how="diagonal")}
    return Record(tables, record.as_at)


def _let(n, **more):
    """``n`` lettings of two-bedroom homes to households in band A."""
    household = {"band": "A", "priority_date": date(2023, 5, 1), "registered_on": date(2020, 1, 1),
                 "signed_on": date(2026, 2, 3), "started_on": date(2026, 2, 3), "bids": 9, **more}
    homes = [{"id": f"H{i}", "bedrooms": 2, "property_type": "flat"} for i in range(n)]
    rows = [{"id": f"O{i}", "home": f"H{i}", "application": f"P{i}", "advert": f"AD{i}", **household}
            for i in range(n)]
    offers = [{"id": f"O{i}", "home": f"H{i}", "application": f"P{i}", "advert": f"AD{i}", "step": "let"}
              for i in range(n)]
    return record_of(homes=homes, lettings=rows, offers=offers, applications=[],
                     adverts=[{"id": f"AD{i}", "home": f"H{i}"} for i in range(n)])


def _told(record, **facts):
    return prospects(_own(record, **facts), SCHEME, "ME")


def test_no_home_of_the_size_let_is_said_to_mean_that_it_may_never_be_offered_one():
    found = _told(_let(8), bedroom_need=5)
    assert found.never
    assert "no home of your size (5 bedrooms) was let" in found.answer[0]
    assert "you may never be offered a home" in found.answer[0]


def test_homes_that_all_went_to_higher_bands_are_said_to_mean_it_too():
    found = _told(_let(8), band="C")
    assert found.never
    assert any("all went to higher bands" in line.lower() for line in found.answer)


def test_a_date_later_than_any_let_in_its_band_waits_longer_and_an_earlier_one_may_be_reached():
    later = _told(_let(8), band="A", priority_date=date(2025, 1, 1))
    assert not later.never
    assert any("Yours is later" in line for line in later.answer)
    earlier = _told(_let(8), band="A", priority_date=date(2022, 1, 1))
    assert any("Yours is not later" in line for line in earlier.answer)


def test_the_date_that_ranks_is_the_one_its_band_is_ordered_by():
    """Bands below A by the day of registration, as Runnymede has it; or by no date, as first come first served."""
    order = "{date: priority_date}"
    by_band = scheme_from_text(SCHEME_TEXT.replace(
        order, "{date: {A: priority_date, otherwise: registered_on}}"))
    record = _own(_let(8, band="B"), registered_on=date(2019, 1, 1))
    found = prospects(record, by_band, "ME")
    assert "Date that ranks: 1 January 2019." in found.own
    assert any("in January 2020" in line for line in found.answer)
    assert any("Yours is not later" in line for line in found.answer)
    undated = prospects(record, scheme_from_text(SCHEME_TEXT.replace(order, "{bid_time: first}")), "ME")
    assert not any("Date that ranks" in line for line in undated.own)
    assert not any("date that ranked" in line or "Yours is" in line for line in undated.answer)


def test_nobody_in_its_band_but_some_in_lower_bands_is_not_never():
    found = _told(_let(8, band="C"), band="B")
    assert not found.never
    assert any("does come to lower bands" in line for line in found.answer)


def test_an_application_that_is_not_active_and_one_without_a_size_are_told_so_first():
    assert "not active" in _told(_let(8), status="suspended").answer[0]
    assert "what size may be let" in _told(_let(8), bedroom_need=None).answer[0]


def test_few_lettings_are_withheld_and_nothing_is_concluded_from_them():
    found = _told(_let(3), band="C")
    assert "withheld" in found.answer[0]
    assert "3" not in found.answer[0].replace("2023", "")


def test_where_too_few_homes_were_let_to_be_told_apart_no_size_is_said_to_have_had_none():
    waiting = [{"id": f"Q{n}", "band": "B", "bedroom_need": 5} for n in range(7)]
    record = _let(1)
    applications = pl.DataFrame(waiting, {n: t for n, t in record.tables["applications"].schema.items()
                                          if n in waiting[0]})
    tables = {**record.tables, "applications": pl.concat(
        [record.tables["applications"], applications], how="diagonal")}
    told = _told(Record(tables, record.as_at), bedroom_need=5)
    assert not told.never
    assert "withheld" in told.answer[0]


def test_who_was_let_a_home_is_told_so_first_whatever_the_register_says():
    """And so is who shares the tenancy; where the letting fell through neither is."""
    record = _let(8, shares_tenant=["P90"])
    for application in ("P3", "P90"):
        found = prospects(_own(record, id=application), SCHEME, application)
        assert found.answer == (
            "You were let a home on 3 February 2026. No other is offered to you on this application.",)
        assert found.own[1] == "You were let a home: the tenancy was signed on 3 February 2026."
        assert not found.never
    undone = prospects(_own(_let(8, undone_on=date(2026, 3, 2)), id="P3"), SCHEME, "P3")
    assert "let a home on" not in " ".join((*undone.own, *undone.answer))


def test_tables_have_headings_whole_months_and_a_dash_where_there_is_none():
    record = _let(8)
    needs = [0] * 6 + [1] * 6 + [3] * 4
    waiting = [{"id": f"Q{n}", "status": "active", "band": "B", "bedroom_need": need,
                "registered_on": date(2025, 3, 17)} for n, need in enumerate(needs)]
    rows = pl.DataFrame(waiting, {n: t for n, t in record.tables["applications"].schema.items()
                                  if n in waiting[0]})
    tables = {**record.tables, "applications": pl.concat(
        [record.tables["applications"], rows], how="diagonal")}
    found = prospects(_own(Record(tables, record.as_at), bedroom_need=0), SCHEME, "ME")
    lines = [line.split() for line in found.text().splitlines()]
    head = next(line for line in lines if line[:1] == ["bedrooms"])
    assert " ".join(head) == ("bedrooms homes let since registering since the date that ranked "
                              "waiting at the end of March 2026 so far")
    assert ["bedsit", "0", "–", "–", "7", "12"] in lines
    assert ["2", "8", "73", "33", "0", "–"] in lines
    assert ["3", "0", "–", "–", "withheld", "withheld"] in lines
    page = found.page()
    assert '<th scope="row">bedsit</th><td class="n">0</td><td class="n">–</td>' in page
    assert found.as_dict()["published"]["waits"][0]["registered_median"] is None


@pytest.mark.parametrize("seed", range(3))
def test_what_an_applicant_is_told_does_not_change_with_another_households_own_facts(seed):
    record = drawn(seed, lettings=60)
    told = _told(record)
    applications = record.tables["applications"]
    other = applications.with_columns(
        pl.when(pl.col("id") == "Q7").then(pl.lit(date(1999, 1, 1))).otherwise("priority_date")
        .alias("priority_date"))
    assert _told(Record({**record.tables, "applications": other}, record.as_at)).text() == told.text()
    ids = [*applications["id"], *record.tables["adverts"]["id"], *record.tables["homes"]["id"]]
    assert not [i for i in ids if f" {i} " in told.text()]


def test_page_and_data_are_for_the_applicant_and_cite_the_section():
    found = _told(drawn(2))
    page = found.page()
    assert "For the applicant." in page
    assert "s.166A(9)(a)" in page
    assert found.as_dict()["application"] == "ME"
    assert found.since == date(2025, 4, 1)


def _waiting(record, n):
    """The record with ``n`` households who wait for two bedrooms, and an applicant among them."""
    rows = [{"id": f"Q{i}", "status": "active", "band": "A", "bedroom_need": 2,
             "registered_on": date(2025, 3, 17)} for i in range(n)]
    schema = {c: t for c, t in record.tables["applications"].schema.items() if c in rows[0]}
    tables = {**record.tables, "applications": pl.concat(
        [record.tables["applications"], pl.DataFrame(rows, schema)], how="diagonal")}
    return _own(Record(tables, record.as_at))


def test_months_without_a_letting_are_part_of_the_pace():
    """Eight homes in a year and 81 households who wait are ten years, whenever in the year they were let."""
    for signed_on in (date(2025, 4, 3), date(2026, 3, 3)):
        found = prospects(_waiting(_let(8, signed_on=signed_on), 80), SCHEME, "ME")
        assert found.since == date(2025, 4, 1)
        assert any("it would take about 10 years" in line for line in found.answer)


def test_the_time_begins_with_the_record_and_no_earlier_one_is_asked_for(monkeypatch):
    monkeypatch.setattr("cbl_engine.report.results.begins_on", lambda _: date(2025, 12, 9))
    record = _waiting(_let(8, signed_on=date(2026, 3, 3)), 80)
    found = prospects(record, SCHEME, "ME")
    assert found.since == date(2025, 12, 1)
    assert any("it would take about 3 years" in line for line in found.answer)
    assert prospects(record, SCHEME, "ME", since=date(2026, 1, 1)).since == date(2026, 1, 1)
    with pytest.raises(BadInput, match="--since: the record begins after the time does"):
        prospects(record, SCHEME, "ME", since=date(2025, 11, 1))


def test_an_undone_letting_of_another_changes_nothing_that_an_applicant_is_told():
    record = _waiting(_let(8, signed_on=date(2026, 3, 3)), 80)
    other = record.tables["lettings"].head(1).with_columns(
        pl.lit("OX").alias("id"), pl.lit(date(2026, 1, 9)).alias("signed_on"),
        pl.lit(date(2026, 2, 1)).alias("undone_on"))
    more = Record({**record.tables, "lettings": pl.concat([record.tables["lettings"], other])}, record.as_at)
    assert prospects(more, SCHEME, "ME").text() == prospects(record, SCHEME, "ME").text()


def test_an_unknown_application_is_refused():
    with pytest.raises(BadInput, match=r"no such application on 2026-03-31; given nobody\. Give its id"):
        prospects(drawn(1), SCHEME, "nobody")


def test_a_page_is_not_written_into_a_file_called_as_another_kind(tmp_path, capsys):
    assert exit_code("prospects", tmp_path, "ME", "--out", tmp_path / "p.pdf") == 2
    assert "a name that ends in .html" in capsys.readouterr().err


def test_the_version_in_force_is_told_wherever_it_stands_among_the_rows():
    record = _own(_let(8), band="B")
    rows = record.tables["applications"].drop("valid_to")
    risen = rows.with_columns(pl.lit("A").alias("band"), pl.lit(date(2026, 2, 1)).alias("valid_from"))
    record.tables["applications"] = pl.concat([risen, rows])
    assert "Band: A." in prospects(record, SCHEME, "ME").own

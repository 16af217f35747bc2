"""The quality of data for a scheme: what cannot be judged, what they will do, what to ask for."""

from __future__ import annotations

import shutil
from datetime import date

import polars as pl
import pytest

from cbl_engine import load_scheme
from cbl_engine.errors import SchemeError, TableError
from cbl_engine.quality import columns_needed, data_quality, extract_request, request_page
from cbl_engine.records import record_cycle
from cbl_engine.report import quality_page
from cbl_engine.shipped import shipped_folder

SCHEMES = sorted(path.stem for path in shipped_folder("schemes").iterdir())


def spoilt(folder, **changes):
    """Riverton with a function of each table's text cells applied."""
    shutil.copytree(shipped_folder("boroughs") / "riverton", folder)
    for table, change in changes.items():
        path = folder / f"{table}.csv"
        change(pl.read_csv(path, infer_schema=False)).write_csv(path)
    return folder


def test_the_shipped_borough_is_fit_for_a_shortlist():
    quality = data_quality("sheffield", "riverton")
    assert quality.problems == ()
    assert [(v.purpose, v.answer) for v in quality.verdicts] == [
        ("shortlist", "yes"), ("replay", "yes"), ("fitting", "with care"),
    ]
    applications = quality.tables[0]
    assert (applications.name, applications.rows, applications.rejected) == (
        "applications", 1500, 0,
    )
    (band,) = [c for c in applications.columns if c.name == "band"]
    assert band.read
    assert band.filled == pytest.approx(1 - 223 / 1500)


def test_what_cannot_be_judged_says_for_how_many_and_for_want_of_what(tmp_path):
    def empty_sizes(frame):
        return frame.with_columns(
            pl.when(pl.int_range(pl.len()) % 3 > 0).then("sizes").alias("sizes")
        )

    folder = spoilt(tmp_path / "data", applications=empty_sizes)
    quality = data_quality("sheffield", folder)
    (one,) = [n for n in quality.not_known if n.name == "size_may_be_let"]
    assert one.label == "The home is a size the household may be let"
    assert one.effect == "hold"
    assert one.columns[0][0] == "sizes"
    assert one.columns[0][1] >= 500
    assert 0.2 < one.bids / one.bids_out_of < 0.5
    verdict = quality.verdicts[0]
    assert verdict.answer == "with care"
    assert "“The home is a size the household may be let” is not known for" in verdict.reasons[0]


def test_what_follows_is_what_the_scheme_says():
    """Sheffield holds a bid whose band or date is not known; its ties read nothing."""
    found = {one.name: one for one in data_quality("sheffield", "riverton").not_known}
    assert found["band"].effect == "hold"
    assert found["band"].applications == 223
    north_yorkshire = data_quality("north_yorkshire", "riverton")
    declared = {c.name: c.type for t in north_yorkshire.tables for c in t.columns if c.read}
    assert all(kind for name, kind in declared.items())


@pytest.mark.parametrize(("every", "answer"), [(1, "no"), (5, "no"), (50, "with care")])
def test_a_habit_of_few_rows_stands_in_the_way_of_little(tmp_path, every, answer):
    def awarded_since(frame):
        bidder = pl.int_range(pl.len()) % every == 0
        return frame.with_columns(
            pl.when(bidder).then(pl.lit("2026-03-03")).otherwise("band_from").alias("band_from")
        )

    quality = data_quality("sheffield", spoilt(tmp_path / "data", applications=awarded_since))
    (overwritten,) = [h for h in quality.habits if h.kind == "band_overwritten"]
    assert (overwritten.count < 0.01 * overwritten.out_of) == (every == 50)
    assert quality.verdicts[1].answer == answer


def test_bids_alone_are_fit_for_nothing(tmp_path):
    folder = tmp_path / "data"
    spoilt(folder)
    (folder / "applications.csv").unlink()
    quality = data_quality("sheffield", folder)
    assert {v.answer for v in quality.verdicts} == {"no"}
    assert quality.not_known is None
    assert "applications" not in {t.name for t in quality.tables}


def test_a_scheme_that_cannot_be_loaded_still_gives_a_page(tmp_path):
    scheme = tmp_path / "bad.yaml"
    scheme.write_text("scheme: x\n")
    quality = data_quality(scheme, "riverton")
    assert quality.scheme is None
    html = quality_page(quality, "riverton")
    assert "no usable scheme" in html
    assert "No shortlist could be made" in html


def test_the_page_is_whole_escaped_and_the_same_each_time(tmp_path):
    def dirty(frame):
        status = pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("<b>")).otherwise("status")
        day = pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("1900-01-01"))
        return frame.with_columns(status.alias("status"),
                                  day.otherwise("registered_on").alias("registered_on"))

    folder = spoilt(tmp_path / "data", applications=dirty)
    page = quality_page(data_quality("sheffield", folder), "data")
    assert page == quality_page(data_quality("sheffield", folder), "data")
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "http" not in page
    assert "<script" not in page
    assert "For officers. It names rows by their ids" in page
    for words in ("What the data will do", "Read otherwise than it is written", "1900-01-01",
                  "Habits of the extract", "What the scheme cannot judge", "priority date"):
        assert words in page


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_a_scheme_needs_is_what_it_cannot_do_without(scheme):
    """Data with the columns asked for and no others are complete for the scheme."""
    loaded = load_scheme(scheme)
    needed = columns_needed(loaded)
    request = extract_request(loaded)
    assert set(request["table"]) == set(needed)
    asked = {(t, c) for t, c in request.select("table", "column").iter_rows()}
    assert asked == {(t, c) for t, columns in needed.items() for c in columns}
    page = request_page(loaded)
    assert all(f"| {c}" in page for _, c in asked)


def test_an_extract_as_requested_gives_the_same_shortlist(tmp_path):
    from cbl_engine import run_shortlist

    needed = columns_needed(load_scheme("sheffield"))
    folder = shipped_folder("boroughs") / "riverton"
    for table, columns in needed.items():
        if not (folder / f"{table}.csv").exists():
            continue
        frame = pl.read_csv(folder / f"{table}.csv", infer_schema=False)
        frame.select([c for c in columns if c in frame.columns]).write_csv(
            tmp_path / f"{table}.csv"
        )
    ours = run_shortlist("sheffield", tmp_path).frame()
    assert ours.equals(run_shortlist("sheffield", "riverton").frame())


def test_weeks_of_an_extract_as_requested_go_as_with_all_of_it(tmp_path):
    from tests.commands import exit_code

    assert exit_code("sample", tmp_path / "all", "--households", "200", "--adverts", "30", "--scheme",
                     "coventry") == 0
    (tmp_path / "asked").mkdir()
    for table, columns in columns_needed(load_scheme("coventry")).items():
        if (given := tmp_path / "all" / f"{table}.csv").exists():
            frame = pl.read_csv(given, infer_schema=False)
            frame.select(c for c in frame.columns if c in columns).write_csv(
                tmp_path / "asked" / f"{table}.csv")
    both = [record_cycle("coventry", tmp_path / data, date(2026, 3, 5), tmp_path / f"{data} week",
                         unattended=True, key=bytes(32)).folder.tables for data in ("all", "asked")]
    for table in ("offers", "shortlisted", "bids_set_aside", "passed_over", "advert_states"):
        assert both[0][table].equals(both[1][table]), table
    assert both[0]["offers"]["nominated_on"].count() > 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_request_asks_for_the_tables_of_what_the_scheme_has_rules_for(scheme):
    needed = columns_needed(load_scheme(scheme))
    (version, *_) = load_scheme(scheme).versions
    assert ("checks" in needed, "direct_lets" in needed) == (bool(version.checks), bool(version.direct_lets))
    weeks = version.offers is not None
    assert weeks == ({"landlords", "tenancies", "outcomes"} <= set(needed))
    if weeks:
        assert {"labels", "corrected_at", "rent_weekly", "landlord"} <= set(needed["adverts"])
        assert {"home_group", "rent_weekly", "landlord"} <= set(needed["homes"])


def test_the_request_says_types_codes_and_what_empty_means():
    rows = {(r["table"], r["column"]): r for r in extract_request(load_scheme("sheffield"))
            .iter_rows(named=True)}
    assert rows["applications", "band"]["codes"] == "A, B, C, D, E"
    assert rows["adverts", "profile"]["codes"].startswith("housing_register, ")
    assert rows["applications", "sizes"]["unit"] == "bedrooms"
    assert rows["bids", "placed_at"]["must"] == "yes"
    assert rows["bids", "placed_by"]["empty_means"] == "applicant"


def test_the_request_asks_for_what_the_assessment_and_offers_read_and_says_so():
    rows = {(r["table"], r["column"]): r["used_for"]
            for r in extract_request(load_scheme("southend")).iter_rows(named=True)}
    assert rows["people", "date_of_birth"] == "shortlist, assessment"  # whom the law exempts
    assert rows["band_history", "since"] == "assessment"
    assert rows["people", "immigration_status"] == "shortlist, assessment"
    assert rows["overrides", "value"] == "assessment"
    assert rows["bids", "placed_at"] == "shortlist"
    assert rows["applications", "band"] == "shortlist, assessment"
    of_coventry = extract_request(load_scheme("coventry"))["used_for"]
    assert of_coventry.str.contains("bidding and offers").any()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_register_with_the_columns_asked_for_can_be_assessed(scheme):
    from cbl_engine.assess import assessment_problems
    from cbl_engine.records.chain import extra_columns
    from cbl_engine.tables import DTYPES, columns_of

    loaded = load_scheme(scheme)
    extras = extra_columns(loaded)
    register = {
        table: pl.DataFrame(schema={
            name: DTYPES[columns_of(table, extras.get(table, ()))[name].type] for name in columns
        })
        for table, columns in columns_needed(loaded).items()
    }
    assert assessment_problems(loaded, register, "close") == []


def test_the_request_says_no_and_not_false():
    page = request_page(load_scheme("southend"))
    assert "taken as no" in page
    assert "taken as False" not in page


def test_a_date_or_a_scheme_that_is_none_is_told():
    with pytest.raises(TableError, match="the as-at date is not a date"):
        data_quality("sheffield", "riverton", "2026-03-01")
    with pytest.raises(SchemeError, match="the scheme is not a loaded one"):
        extract_request("sheffield")

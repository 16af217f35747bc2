"""What the linter sees: each rule on the smallest scheme that shows it, and none without cause."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.scheme import lint, load_scheme, shipped_schemes
from cbl_engine.shipped import shipped_folder

ACTIVE = "criteria:\n  c: {label: x, source: P1, when: status = 'active'}\neligible: [c]\n"


def criterion(when, extra=""):
    return (
        f"{extra}criteria:\n"
        "  active: {label: x, source: P1, when: status = 'active'}\n"
        f"  c:\n    label: x\n    source: P1\n    when: {when}\n"
        "eligible: [active, c]\n"
    )


@pytest.fixture
def findings(load_with):
    def find(parts="", **more):
        return [finding.line() for finding in lint(load_with(parts, **more))]

    return find


def test_nothing_odd(findings):
    assert findings(ACTIVE) == []


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            criterion("bedroom_need > 3 AND bedroom_need < 2"),
            "f.yaml:11:11: warning: c can never be met, whatever the values it mentions",
        ),
        (
            criterion("points >= 0 AND points < param.p",
                      "parameters: {p: {label: x, unit: u, values: {2024-01-01: 0}}}\n"),
            "f.yaml:12:11: warning: c can never be met, whatever the values it mentions",
        ),
        (
            criterion("points > 3 OR points <> NULL"),
            "f.yaml:11:32: warning: c compares with NULL, which is never known to be met; write "
            "IS NULL or IS NOT NULL",
        ),
        (
            criterion("f", "facts: {f: {label: x, any_member: NULL = relationship}}\n"),
            "f.yaml:6:35: warning: f compares with NULL, which is never known to be met; write "
            "IS NULL or IS NOT NULL",
        ),
        (
            criterion("COALESCE(points, 0) >= 0 OR COALESCE(points, -1) < 0"),
            "f.yaml:11:11: warning: c is always met, whatever the values it mentions",
        ),
        (
            criterion("'false'"),
            "f.yaml:11:11: warning: c can never be met, whatever the values it mentions",
        ),
        (
            criterion("1 = 2"),
            "f.yaml:11:11: warning: c can never be met, whatever the values it mentions",
        ),
        (
            criterion("1 < 2"),
            "f.yaml:11:11: warning: c is always met, whatever the values it mentions",
        ),
        (
            criterion("points > 3 OR points IS NULL"),
            "f.yaml:11:11: note: c answers for a missing fact itself, by IS NULL",
        ),
        (
            criterion("CASE WHEN points > 3 THEN bedroom_need > 1 ELSE bedroom_need > 2 END"),
            "f.yaml:11:11: note: c answers for a missing fact itself, by CASE",
        ),
        (
            criterion("coalesce(points, 0) > 3"),
            "f.yaml:11:11: note: c answers for a missing fact itself, by COALESCE",
        ),
        (
            ACTIVE.replace("source: P1, ", ""),
            "f.yaml:7:3: note: c has no source and is not marked illustrative",
        ),
        (
            ACTIVE.replace("eligible: [c]\n", ""),
            "f.yaml:7:3: warning: no list of eligible criteria, order, plan, assessment or rule of offers "
            "uses c",
        ),
        (
            ACTIVE + "facts: {f: {label: x, count: people}}\n",
            "f.yaml:9:9: warning: nothing reads the fact f",
        ),
        (
            ACTIVE + "parameters: {p: {label: x, unit: u, values: {2024-01-01: 1}}}\n",
            "f.yaml:9:14: warning: nothing reads the parameter p",
        ),
        (
            ACTIVE + "columns: {applications: {x: {label: x, type: int}}}\n",
            "f.yaml:9:26: warning: nothing reads the column applications.x",
        ),
        (
            ACTIVE + "columns: {homes: {x: {label: x, type: int}}}\n",
            "f.yaml:9:19: warning: nothing reads the column homes.x",
        ),
        (
            ACTIVE + "bands: {A: {label: a}}\n",
            "f.yaml:9:9: warning: no order and no criterion reads bands, so band A has no effect",
        ),
        (
            criterion("status <> 'house'"),
            "f.yaml:11:21: warning: status is never 'house'; it may be active, suspended, "
            "deferred, unbanded, awaiting_review, under_offer, housed, closed",
        ),
        (
            criterion("band IN ('A', 'C')", "bands: {A: {label: a}, B: {label: b}}\n"),
            "f.yaml:12:25: warning: band is never 'C'; it may be A, B",
        ),
        (
            criterion("coalesce(advert.x, 'n') = 'y' AND NOT coalesce(advert.x, 'b') = 'a'",
                      "columns: {homes: {x: {label: x, type: code, codes: [a, b, n]}}}\n"),
            "f.yaml:12:37: warning: advert.x is never 'y'; it may be a, b, n",
        ),
        (
            criterion("f", "facts: {f: {label: x, any_member: age > 1, "
                           "where: relationship = 'chid'}}\n"),
            "f.yaml:6:66: warning: relationship is never 'chid'; it may be applicant, partner, "
            "child, parent, sibling, other_relative, non_relative, carer",
        ),
        (
            "",
            "f.yaml:1:9: warning: no criterion reads the application's status, so suspended and "
            "housed applications are ranked like any other",
        ),
    ],
)
def test_a_rule_fires(findings, parts, line):
    assert line in findings(parts)


def test_a_criterion_that_compares_with_null_is_told_once(findings):
    (line,) = findings(criterion("points = NULL"))
    assert line.endswith("write IS NULL or IS NOT NULL")


@pytest.mark.parametrize(
    ("profiles", "line"),
    [
        (
            "profiles: {homes: {label: x, order: [{date: registered_on}]}}\n",
            "f.yaml:9:37: warning: profile homes ends with date: registered_on, which can tie; "
            "end with a lottery or tie: human",
        ),
        (
            "profiles:\n  homes:\n    label: x\n    stages:\n      - order: [{tie: human}]\n"
            "      - order: [{bid_time: first}]\n",
            "f.yaml:14:16: warning: profile homes ends with bid_time, which can tie; "
            "end with a lottery or tie: human",
        ),
    ],
)
def test_an_order_that_may_tie(findings, profiles, line):
    assert [found for found in findings(ACTIVE, profiles=profiles) if "can tie" in found] == [line]


STAGES = """\
profiles:
  homes:
    label: x
    eligible: [d]
    stages:
      - eligible: [{}]
        order: [{{tie: human}}]
      - eligible: [{}]
        order: [{{tie: human}}]
"""
OLD = "criteria:\n  c: {label: x, source: P1, when: status = 'active'}\n" + "".join(
    f"  {name}: {{label: x, source: P1, when: points > {n}}}\n" for n, name in enumerate("de", 1)
) + "eligible: [c]\n"


@pytest.mark.parametrize(("first", "second"), [("", ""), ("c", ""), ("c, d", ""), ("e", "e"), ("d", "e")])
def test_a_stage_that_nobody_can_stand_in(findings, first, second):
    assert (
        "f.yaml:18:9: warning: nobody can stand in stage 2 of profile homes: every eligible bid that meets "
        "its criteria stands in stage 1 already"
    ) in findings(OLD, profiles=STAGES.format(first, second))


@pytest.mark.parametrize(("first", "second"), [("e", ""), ("e", "c"), ("c, e", "d")])
def test_a_stage_for_those_who_fail_an_earlier_one(findings, first, second):
    assert findings(OLD, profiles=STAGES.format(first, second)) == []


@pytest.mark.parametrize(("default", "found"), [("", 1), ("default_profile: one\n", 0)])
def test_several_profiles_without_a_default(findings, default, found):
    profiles = "profiles: {one: {label: x, order: [{tie: human}]}, two: {label: x, order: [{tie: human}]}}\n"
    assert findings(ACTIVE, profiles=profiles + default) == [
        "f.yaml:9:1: note: no default_profile is named among several profiles, so every advert must name its "
        "own"
    ][:found]


@pytest.mark.parametrize(("start", "found"), [("2024-01-01", 0), ("2024-03-15", 1)])
def test_a_parameter_that_begins_after_its_version(findings, start, found):
    parts = criterion("points > param.p",
                      f"parameters: {{p: {{label: x, unit: u, values: {{{start}: 1, 2025-01-01: 2}}}}}}\n")
    assert findings(parts) == [
        "f.yaml:6:45: warning: the parameter p has no value before 2024-03-15, and the version begins "
        "2024-01-01: what reads it is refused until then"
    ][:found]


def test_a_start_that_is_assumed(text_with):
    from cbl_engine.scheme import scheme_from_text

    text = text_with(ACTIVE).replace("2024-01-01, source: P1", "2024-01-01, assumed: true")
    (finding,) = lint(scheme_from_text(text))
    assert finding.rule == "start_assumed"
    assert finding.level == "note"
    assert finding.line() == (
        "scheme.yaml:4:11: note: the start 2024-01-01 is assumed; no source gives it"
    )


@pytest.mark.parametrize(
    "when",
    [
        "as_at >= DATE '2031-01-01' AND points > 1",
        "as_at < DATE '1999-01-01' OR points > 1",
        "registered_on < as_at - INTERVAL '5 years'",
        "advert.closes_at > advert.opens_at",
        "length(id) > 7",
        "status LIKE 'act%'",
        "starts_with(status, 'act')",
        "lower(status) = 'ACTIVE' OR upper(status) = 'ACTIVE'",
        "array_contains(sizes, advert.bedrooms)",
        "array_length(sizes) > 2",
        "area = advert.area",
        "array_contains(parishes, advert.area)",
        "points > bedroom_need * 10 + 7",
        "band = 'A' AND status = 'active'",
    ],
)
def test_no_warning_without_cause(findings, when):
    parts = criterion(
        when,
        "bands: {A: {label: a}, B: {label: b}}\n"
        "columns: {applications: {parishes: {label: x, type: text_list},"
        " area: {label: x, type: text}}}\n",
    )
    odd = [line for line in findings(parts) if not ("nothing reads" in line or "no order" in line)]
    assert odd == []


def test_a_date_chosen_by_band_reads_its_columns(findings):
    parts = (
        ACTIVE + "bands: {A: {label: a}}\n"
        "columns: {applications: {old_date: {label: x, type: date}}}\n"
    )
    keys = "[{band: [A]}, {date: {A: old_date, otherwise: registered_on}}, {tie: human}]"
    assert findings(parts, profiles=f"profiles: {{homes: {{label: x, order: {keys}}}}}\n") == []


@pytest.mark.parametrize(
    "path",
    [
        *shipped_schemes().values(),
        *sorted((shipped_folder("cases") / "schemes").glob("*.yaml")),
        shipped_folder("templates") / "scheme.yaml",
    ],
    ids=lambda path: path.stem,
)
def test_the_shipped_schemes_get_notes_alone(path):
    found = lint(load_scheme(path))
    assert {f.level for f in found} <= {"note"}
    assert {f.rule for f in found} <= {
        "start_assumed", "answers_for_missing", "no_discretion", "no_default_profile",
        "award_day_in_part", "test_of_the_home_not_named"}


def test_findings_come_in_the_order_of_the_file(load_with):
    found = lint(load_with("bands: {B: {label: b}}\n" + criterion("points IS NULL")))
    places = [tuple(map(int, f.where.split(":")[1:])) for f in found]
    assert places == sorted(places)
    assert len(places) == 2


LANDLORDS = (
    ACTIVE.replace("eligible: [c]\n", "")
    + "landlords:\n  north: {label: North, source: P1, eligible: [c]}\n"
)


def test_homes_for_people_of_an_age_that_no_criterion_of_bids_asks_for(load_with):
    def told(parts, **tables):
        return [f.line() for f in lint(load_with(parts), tables) if f.rule == "minimum_age_not_read"]

    homes = pl.DataFrame({"id": ["H", "J"], "minimum_age": [60, None]})
    line = ("warning: 1 of the homes in the data have a minimum_age, and no criterion that bids meet reads "
            "advert.minimum_age, so people of any age are ranked for them; if the homes keep to it, add a criterion")
    (found,) = told(ACTIVE, homes=homes)
    assert found.endswith(line)
    assert told(ACTIVE, homes=homes.tail(1)) == told(ACTIVE) == []
    assert told(criterion("bedroom_need >= COALESCE(advert.minimum_age, 0)"), homes=homes) == []


def test_nominations_without_a_landlord_in_the_data(load_with):
    scheme = load_with(ACTIVE.replace("eligible: [c]\n", "") + "nominations: {label: x}\n")
    homes = pl.DataFrame({"id": ["H"], "landlord": pl.Series([None], dtype=pl.String)})
    adverts = pl.DataFrame({"id": ["A"], "home": ["H"]})
    line = ("f.yaml:8:1: warning: the scheme nominates, and no advert or home says who lets it, so every home "
            "is taken as the council's own and nobody is named to a landlord")
    def told(**tables):
        return [f.line() for f in lint(scheme, tables) if f.rule == "no_landlord_known"]

    assert told(adverts=adverts, homes=homes) == told(adverts=adverts) == [line]
    known = homes.with_columns(landlord=pl.lit("north"))
    for tables in ({}, {"homes": homes}, {"adverts": adverts.clear()}, {"adverts": adverts, "homes": known}):
        assert told(**tables) == []


@pytest.mark.parametrize(
    ("homes", "adverts", "lines"),
    [
        (["north"], [None], []),
        ([None], ["north"], []),
        (
            ["south", "west"], ["north"],
            ["f.yaml:8:1: note: the scheme lists no criteria for south, west, so their homes add "
             "none"],
        ),
        ([None], [None], ["f.yaml:9:3: warning: no home or advert names the landlord north"]),
    ],
)
def test_landlords_of_the_data(load_with, homes, adverts, lines):
    tables = {
        "homes": pl.DataFrame({"landlord": pl.Series(homes, dtype=pl.String)}),
        "adverts": pl.DataFrame({"landlord": pl.Series(adverts, dtype=pl.String)}),
    }
    assert [finding.line() for finding in lint(load_with(LANDLORDS), tables)] == lines
    assert lint(load_with(LANDLORDS)) == []


AREAS = (
    ACTIVE
    + "facts:\n"
    "  local: {label: x, connected_to: {area: oakhamm}}\n"
    "  near: {label: x, months_resident_in: {area: [oakham, elm]}}\n"
    "  around: {label: x, months_connected: {area: advert.area, level: wrad}}\n"
    "  close: {label: x, connection_strength: {area: advert.area, levels: [parrish, ward]}}\n"
)


def test_areas_and_levels_that_the_data_have_not(load_with):
    areas = pl.DataFrame({"id": ["oakham", "w1"], "level": [None, "ward"]})
    found = lint(load_with(AREAS), {"areas": areas})
    assert [f.line() for f in found if f.rule.startswith("unknown_")] == [
        "f.yaml:10:42: warning: no area of the data is called oakhamm, so nobody is connected by it for "
        "local; the data have oakham",
        "f.yaml:11:56: note: no area of the data is called elm, so nobody is connected by it for near; "
        "the data have oakham, w1",
        "f.yaml:12:67: warning: no area of the data is of the level wrad, so nobody is connected by it for "
        "around; the data have ward",
        "f.yaml:13:71: warning: no area of the data is of the level parrish, so nobody is connected by it "
        "for close; the data have ward",
    ]


@pytest.mark.parametrize("areas", [
    {"id": ["oakham", "oakhamm", "elm"], "level": ["ward", "wrad", "parrish"]},
    {"id": ["oakham", "oakhamm", "elm"]},
    None,
])
def test_areas_that_the_data_have_or_do_not_tell(load_with, areas):
    tables = {} if areas is None else {"areas": pl.DataFrame(areas)}
    assert not [f for f in lint(load_with(AREAS), tables) if f.rule.startswith("unknown_")]

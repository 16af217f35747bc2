"""What councils publish about bedrooms, each as a standard and the households it decides."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from cbl_engine.assess import bedroom_need, explain_bedrooms
from cbl_engine.assess.bedrooms import WHY
from cbl_engine.errors import SchemeError, TableError
from cbl_engine.scheme.bedrooms import BedroomStandard, SizesLet, TableRow
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import read_tables
from tests.assess.bedroom_frames import AS_AT, applications_of, people_of

COUPLE = "ann F40 applicant, ben M42 partner with:ann"


def standard(**fields):
    return BedroomStandard(label="as the source has it", **fields)


def answer(household, rule, **columns):
    applications = applications_of(household).with_columns(**columns)
    return bedroom_need(people_of(household), rule, AS_AT, applications).row(0, named=True)


def need(household, rule):
    return answer(household, rule)["need"]


def family(*children, parents=COUPLE):
    words = [c if " " in c else f"c{n} {c} child" for n, c in enumerate(children, start=1)]
    return ", ".join([parents, *words])


LHA = "local_housing_allowance"
GENEROUS = standard(any_sex_until=5)  # Dacorum, earlier local standard
STEVENAGE = standard(  # stevenage.gov.uk, accommodation need
    any_sex_inclusive=True,
    table=(
        TableRow(label="Single person only", sizes=(0,),
                 when="children = 0 AND adults = 0 AND couples = 0 AND carers = 0"),
        TableRow(label="Four children", bedrooms=3, sizes=(3, 4),
                 when="children = 4 AND adults = 0 AND rule <= 4"),
        TableRow(label="Five children or more", bedrooms=4, sizes=(4, 5),
                 when="children >= 5 AND adults = 0"),
    ),
)


@pytest.mark.parametrize(
    ("household", "rule", "expected"),
    [
        # slough.gov.uk, local housing allowance, page 3
        (family("F16", "M11", "M3", "F3"), LHA, 4),
        (family("M5", "F3", parents="ann F30 applicant"), LHA, 2),
        (family("F7", "gran F80 parent"), LHA, 3),
        # broxbourne.gov.uk, local housing allowance, page 2
        (family("M6", "F4"), LHA, 2),
        # warwickdc.gov.uk: a couple in a bedsit lacks one bedroom
        (COUPLE, LHA, 1),
        # southend-on-the-move.org.uk, Band C: opposite sexes share until 10, one sex shares
        (family("M11", "F9"), standard(same_sex_until="any_age", own_room_from="never"), 3),
        (family("M9", "F9"), standard(same_sex_until="any_age", own_room_from="never"), 2),
        (family("M17", "M19"), standard(same_sex_until="any_age", own_room_from="never"), 2),
        # brecklandhousing.co.uk, page 140: the LHA size criteria, one room for a carer
        (family("M15", "M8", "k U? carer"), LHA, 3),
        (family("M16", "M8"), LHA, 3),
        # runnymede.gov.uk, housing allocations scheme consultation: 16 becomes 18
        (family("M17", "M15"), standard(), 3),
        (family("M17", "M15"), standard(own_room_from=18, same_sex_until=18), 2),
        (family("M18", "M15"), standard(own_room_from=18, same_sex_until=18), 3),
        # walthamforest.gov.uk, what is different: one sex shares at any age, but the applicants
        (family("M25", "M22"), "same_sex_any_age", 2),
        (family("F44", "sis F60 sibling"), "same_sex_any_age", 2),
        (family("F25", "M22"), "same_sex_any_age", 3),
        # stevenage.gov.uk: couple with separate rooms on medical advice; live-in carer
        ("ann F40 applicant, ben M42 partner with:ann cannot_share", STEVENAGE, 2),
        (f"{COUPLE}, k U? carer", STEVENAGE, 2),
        (family("M5"), STEVENAGE, 2),
        (family("M15", "M5"), STEVENAGE, 2),
        (family("M10", "F10"), STEVENAGE, 2),
        (family("M11", "F10", "c3 M12 child cannot_share"), STEVENAGE, 4),
        # myhousing.org.uk, number of bedrooms: from 10 on not even one sex shares
        (family("M9", "F4"), "scottish", 2),
        (family("M9", "M12"), "scottish", 3),
        (family("M9", "F8", "M7", "F1"), "scottish", 3),
        (family("M20", "F21", "M23", "F25"), "scottish", 5),
        # peterborough.gov.uk: taken literally, one sex shares from 10 only
        (family("M12", "M8"), standard(same_sex_from=10), 3),
        (family("M12", "M8"), LHA, 2),
        # disabilityrightsuk.org: one room, however many carers
        (f"{COUPLE}, k U? carer, j U? carer", LHA, 2),
    ],
)
def test_stated_by_the_source(household, rule, expected):
    assert need(household, rule) == expected


@pytest.mark.parametrize(
    ("children", "lha", "twenty_one", "generous", "any_age"),
    [
        (("M19", "M15"), 3, 2, 3, 2),
        (("F16", "F15"), 3, 2, 3, 2),
        (("M21", "M19"), 3, 3, 3, 2),
        (("M12", "M8", "F9", "F14"), 3, 3, 3, 3),  # pairing the under-10s first gives 4
        (("M10", "F9"), 3, 3, 3, 3),
        (("M9", "F9"), 2, 2, 3, 2),
        (("M8", "F6", "M4"), 3, 3, 3, 3),
        (("F15", "F13", "M9"), 3, 3, 3, 3),
        (("M25", "M22"), 3, 3, 3, 2),
        (("M12", "M8"), 2, 2, 2, 2),
        (("M8", "M6", "F9", "F7", "M1"), 4, 4, 4, 4),
    ],
)
def test_one_family_under_four_standards(children, lha, twenty_one, generous, any_age):
    rules = (standard(), "twenty_one_year", GENEROUS, "same_sex_any_age")
    found = [need(family(*children), rule) for rule in rules]
    assert found == [lha, twenty_one, generous, any_age]


def test_stevenages_inclusive_age():
    inclusive = standard(any_sex_inclusive=True)
    assert need(family("M10", "F9"), inclusive) == 2
    assert need(family("M11", "F9"), inclusive) == 3


@pytest.mark.parametrize(
    ("household", "sizes"),
    [
        ("ann F30 applicant", [0]),
        (COUPLE, [1]),
        (family("M1", "M2", "M3", "M4"), [3, 4]),
        (family("M1", "M2", "M3", "M4", "M5"), [4, 5]),
    ],
)
def test_stevenages_table_gives_sizes(household, sizes):
    assert answer(household, STEVENAGE)["sizes"] == sizes


@pytest.mark.parametrize("household", ["ann F30 applicant", COUPLE])
def test_a_bedsit_or_two_rooms_for_one_or_two_in_glasgow(household):
    assert answer(household, "scottish")["sizes"] == [0, 1, 2]


def test_two_standards_at_once_make_a_set_of_sizes():
    """dacorum.gov.uk: a girl of 4 and a boy of 6 may have two bedrooms and three."""
    adopted = standard(own_room_from=18, same_sex_until=18)
    sizes = {size for rule in (adopted, GENEROUS)
             for size in answer(family("F4", "M6"), rule)["sizes"]}
    assert sizes == {2, 3}


BARNET = standard(own_room_from=21, same_sex_until=21, under_ones="twins_counted")


@pytest.mark.parametrize(
    ("household", "expected"),
    [
        (f"{COUPLE}, b M6m child", 1),
        ("ann F30 applicant, b M6m child", 1),
        ("ann F30 applicant, b U-6w child", 1),
        (f"{COUPLE}, b M6m child, d F6m child", 2),
        (f"{COUPLE}, b M6m child, c F3 child", 2),
        (f"{COUPLE}, b M1 child", 2),
    ],
)
def test_barnet_counts_no_under_ones_but_twins(household, expected):
    """thebarnetgroup.org, overcrowding, Annex 2."""
    assert need(household, BARNET) == expected


@pytest.mark.parametrize(
    ("household", "under_ones", "expected"),
    [
        ("ann F30 applicant, u F-4w child", "not_counted", 1),
        ("ann F30 applicant, b F1m child", "not_counted", 1),
        ("ann F30 applicant, b F1 child", "not_counted", 2),
        ("ann F30 applicant, u F-4w child", "counted", 2),
        ("ann F30 applicant, u F-4w child", "twins_counted", 1),
        ("ann F30 applicant, u F-4w child, v F-4w child", "twins_counted", 2),
        ("ann F30 applicant, b F11m child, u F-4w child", "twins_counted", 2),
        ("ann F30 applicant, b F11m child, u F-16w child", "twins_counted", 1),
    ],
)
def test_the_unborn_are_of_age_0_for_what_is_said_of_under_ones(household, under_ones, expected):
    rule = standard(unborn_from_weeks=25, under_ones=under_ones)
    assert need(household, rule) == expected


@pytest.mark.parametrize("kind", ["part_time", "foster", "carer"])
@pytest.mark.parametrize(("weeks", "early"), [("never", 1), (25, 16)])
def test_before_it_counts_an_unborn_child_has_no_room_with_others_of_its_kind(kind, weeks, early):
    rule = standard(unborn_from_weeks=weeks, part_time_children="one_room", foster_children="one_room")
    found, row = (of(f"ann F30 applicant, u U-{early}w child {kind}", rule) for of in (explained, answer))
    assert (row["need"], row["missing"]) == (1, None)
    (told,) = found.not_counted
    assert told[0] == "A-u"
    assert told[1].startswith("not born yet")
    assert need(f"ann F30 applicant, u U-{early}w carer", rule) == 1


@pytest.mark.parametrize(("applicant", "others", "bounds"), [
    ("by_age", "", (0, 1)), ("own_room", "", (0, 1)), ("by_age", "ann F30 applicant, ", (1, 1)),
])
def test_a_baby_that_may_be_the_applicant_counts_as_one_may(applicant, others, bounds):
    rule = standard(under_ones="twins_counted", applicant=applicant)
    people = people_of(f"{others}b F11m child").with_columns(
        relationship=pl.Series([*(["applicant"] if others else []), None], dtype=pl.String))
    row = bedroom_need(people, rule, AS_AT, pl.DataFrame({"id": ["A"]})).row(0, named=True)
    assert (row["least"], row["most"]) == bounds


def test_an_unborn_child_that_counts_has_a_room_with_others_of_its_kind():
    rule = standard(unborn_from_weeks=25, part_time_children="one_room")
    assert need("ann F30 applicant, u U-15w child part_time, b M9 child part_time", rule) == 2


def test_whether_a_child_that_does_not_count_yet_stays_part_of_the_time_is_not_asked():
    people = people_of("ann F30 applicant, u U-9w child").with_columns(
        part_time=pl.Series([False, None]), foster_child=pl.Series([False, None]))
    for not_stated in ("unknown", "no"):
        rule = standard(part_time_children="one_room", foster_children="one_room", not_stated=not_stated)
        row = bedroom_need(people, rule, AS_AT, pl.DataFrame({"id": ["A"]})).row(0, named=True)
        assert (row["need"], row["missing"], row["assumed"]) == (1, None, None)


def test_an_unborn_child_is_left_out_for_a_reason_that_holds():
    late = explained("ann F30 applicant, u U-4w child", standard(
        unborn_from_weeks=25, under_ones="not_counted"))
    assert late.not_counted == (("A-u", "not born yet, so taken as under 1"),)
    early = explained("ann F30 applicant, u U-16w child", standard(unborn_from_weeks=25))
    assert early.not_counted == (("A-u", "not born yet, and before week 25 of the pregnancy"),)


def test_brents_parent_of_one_child_may_choose_one_bedroom():
    """brent.gov.uk: the need stays two."""
    brent = standard(
        own_room_from="never", same_sex_until="any_age",
        table=(TableRow(when="children = 1 AND adults = 0 AND couples <= 1", sizes=(1, 2)),),
    )
    one = answer(family("M4", parents="ann F30 applicant"), brent)
    assert (one["need"], one["sizes"], one["table_differs"]) == (2, [1, 2], False)
    assert answer(family("M4", "F2"), brent)["sizes"] == [2]


def test_warwick_counts_the_unborn_from_25_weeks_as_the_sex_that_needs_least():
    """warwickdc.gov.uk, applying for social housing, page 10."""
    warwick = standard(unborn_from_weeks=25, unborn_sex="fewest")
    late, early = "u U-15w child", "u U-16w child"
    assert need(f"{COUPLE}, {late}", warwick) == 2
    assert need(f"{COUPLE}, {early}", warwick) == 1
    girl = answer(f"{COUPLE}, c F12 child, {late}", warwick)
    assert (girl["need"], girl["assumed"]) == (2, ["A-u.sex: fewest rooms"])
    assert answer(f"{COUPLE}, c F12 child, {late}", standard(unborn_from_weeks=25))["need"] is None


def test_bed_spaces_are_one_for_each():
    """welhat.gov.uk and dover.gov.uk: a double room is two bed spaces."""
    assert need(family("M12", "M8", "F3"), "bed_spaces") == 5
    assert need("ann F30 applicant, k U? carer, j U? carer", "bed_spaces") == 2
    assert need(family("M?"), "bed_spaces") == 3


def test_a_table_stands_above_the_rule_and_differences_are_flagged():
    rule = standard(
        table=(TableRow(when="children = 2 AND oldest_child >= 10", bedrooms=3),
               TableRow(when="children = 2", bedrooms=2)))
    same_sex = answer(family("M12", "M8"), rule)
    assert (same_sex["need"], same_sex["table_row"], same_sex["table_differs"]) == (3, 0, True)
    agree = answer(family("M12", "F8"), rule)
    assert (agree["need"], agree["table_differs"]) == (3, False)
    none = answer(family("M12"), rule)
    assert (none["need"], none["table_row"], none["table_differs"]) == (2, None, False)
    unsure = answer(family("M?", "M8"), rule)
    assert unsure["need"] is None
    assert unsure["missing"] == ["A-c1.date_of_birth"]


@pytest.mark.parametrize(("household", "expected", "sizes"), [
    (family("M12", "M?", parents="ann F40 applicant"), 3, [3]),  # no row is for a family
    (family("M12", "c2 M? child carer", parents="ann F40 applicant"), 3, [3]),
    ("ann F40 applicant, c1 M? child part_time", 1, [0, 1, 2]),
])
def test_a_table_that_cannot_apply_whatever_is_missing_leaves_the_need_known(household, expected, sizes):
    found = answer(household, "scottish")
    assert (found["need"], found["sizes"], found["missing"]) == (expected, sizes, None)


def test_rows_that_change_sizes_alone_leave_the_need_known_and_the_sizes_open():
    rule = standard(own_room_from=0, table=(TableRow(when="adults = 0", sizes=(1, 2, 3)),))
    household = family("M?", parents="ann F40 applicant")
    found = answer(household, rule)
    assert (found["need"], found["least"], found["most"], found["sizes"]) == (2, 2, 2, None)
    assert found["missing"] == ["A-c1.date_of_birth"]
    text = explained(household, rule).text()
    assert text.startswith("Application A: 2 bedrooms\n")
    assert "Which sizes may be let is not known" in text


def test_a_need_that_rows_of_a_table_leave_open_lies_between_what_they_say():
    rule = standard(own_room_from=0, table=(TableRow(when="adults = 1", bedrooms=4),))
    found = answer(family("M?", parents="ann F40 applicant"), rule)
    assert (found["need"], found["least"], found["most"]) == (None, 2, 4)


def test_a_household_that_may_be_made_up_in_too_many_ways_is_not_guessed():
    rule = standard(own_room_from=0, table=(TableRow(when="adults = 1 OR adults <> 1", bedrooms=4),))
    assert need(family(*["M?"] * 8), rule) == 4
    assert need(family(*["M?"] * 9), rule) is None


def test_sizes_one_smaller_and_for_downsizers_one_larger():
    rule = standard(sizes=SizesLet(smaller=1, smaller_from=3, larger=1, larger_if="downsizing"))
    two, three = family("M5"), family("M5", "F12")
    assert answer(two, rule, downsizing=pl.lit(value=False))["sizes"] == [2]
    assert answer(two, rule, downsizing=pl.lit(value=True))["sizes"] == [2, 3]
    assert answer(two, rule, downsizing=pl.lit(None, pl.Boolean))["sizes"] == [2]
    assert answer(three, rule, downsizing=pl.lit(value=True))["sizes"] == [2, 3, 4]


def test_rooms_an_officer_agreed_come_before_the_cap():
    rule = standard(extra_rooms="extra_rooms", most=3)
    found = answer(f"{COUPLE}, +1", rule)
    assert (found["need"], found["extra"]) == (2, 1)
    assert need(f"{family('M5', 'F12')}, +1", rule) == 3
    lost = answer(COUPLE, rule, extra_rooms=pl.lit(None, pl.Int64))
    assert (lost["need"], lost["missing"]) == (None, ["extra_rooms"])


def test_children_who_stay_part_of_the_time():
    child = "c M5 child part_time, d F12 child part_time"
    assert need(f"{COUPLE}, {child}", standard()) == 1
    assert need(f"{COUPLE}, {child}", standard(part_time_children="one_room")) == 2
    assert need(f"{COUPLE}, {child}", standard(part_time_children="counted")) == 3


def test_people_away_for_now():
    away = f"{COUPLE}, c M17 child away"
    assert need(away, standard()) == 2
    assert need(away, standard(temporarily_away="not_counted")) == 1


def test_the_cap_makes_a_need_known_whatever_is_missing():
    found = answer(family("M17", "F18", "M20", "U?"), LHA)
    assert (found["need"], found["missing"]) == (4, None)


def test_missing_facts_are_known_when_they_cannot_matter_and_named_when_they_can():
    assert need(family("U8"), standard()) == 2
    assert need(family("U12", "U14"), standard(same_sex_until=10)) == 3
    found = answer(family("U12", "M14"), standard())
    assert (found["need"], found["least"], found["most"]) == (None, 2, 3)
    assert found["missing"] == ["A-c1.sex"]
    assert found["sizes"] is None
    assert all(found[why] is None for why in WHY)
    assert need(family("O12", "M14"), standard()) is None  # recorded, but as neither


@pytest.mark.parametrize(("take", "expected"), [("fewest", 2), ("most", 3)])
def test_a_standard_may_state_what_to_assume(take, expected):
    found = answer(family("U12", "M14"), standard(unknown=take))
    assert (found["need"], found["missing"]) == (expected, None)
    assert found["assumed"] == [f"A-c1.sex: {take} rooms"]


def test_facts_not_stated():
    people = people_of(family("M12", "M8")).with_columns(cannot_share=pl.lit(None, pl.Boolean))
    ids = applications_of("")
    held = bedroom_need(people, standard(), AS_AT, ids).row(0, named=True)
    assert (held["need"], held["least"], held["most"]) == (None, 2, 4)
    assert "A-c1.cannot_share" in held["missing"]
    taken = bedroom_need(people, standard(not_stated="no"), AS_AT, ids).row(0, named=True)
    assert taken["need"] == 2
    assert "A-c1.cannot_share: no" in taken["assumed"]
    absent = bedroom_need(people.drop("cannot_share"), standard(), AS_AT, ids)
    assert absent["need"].to_list() == [2]


def test_nobody_recorded_and_two_partners_are_not_known():
    people = people_of("a F40 applicant").head(0)
    found = bedroom_need(people, standard(), AS_AT, pl.DataFrame({"id": ["A"]})).row(0, named=True)
    assert (found["need"], found["least"], found["missing"]) == (None, None, ["people"])
    found = answer("a F40 applicant, b M40 other_relative with:a, c M41 other_relative with:a",
                   standard())
    assert found["need"] is None
    assert found["missing"] == [f"A-{p}.partner_of: two partners" for p in "abc"]


def test_people_of_other_applications_and_partners_elsewhere_are_left_out():
    people = people_of("a F40 applicant", "a M40 applicant")
    people = people.with_columns(partner_of=pl.Series(["B-a", None]))
    found = bedroom_need(people, standard(), AS_AT, pl.DataFrame({"id": ["A", "C"]}))
    assert found["need"].to_list() == [1, None]


def test_a_partner_who_is_not_in_the_last_household_ends_the_search():
    people = people_of("a F40 applicant, b M40 sibling, c M5 child").with_columns(
        partner_of=pl.Series(["A-z", None, "A-y"]))
    assert bedroom_need(people, standard(), AS_AT, applications_of("x"))["need"].item() == 3


def test_whole_number_ids():
    people = people_of("a F40 applicant, b M40 partner", "a F40 applicant, c M5 child")
    people = people.with_columns(
        id=pl.Series([4, 3, 2, 1]), application=pl.Series([7, 7, 5, 5]),
        partner_of=pl.Series([3, None, None, None]))
    found = bedroom_need(people, standard(), AS_AT, pl.DataFrame({"id": [7, 5]}))
    assert found.select("application", "need").rows() == [(5, 2), (7, 1)]


def test_birthdays_count_on_the_day_and_29_february_on_1_march():
    rows = people_of(f"{COUPLE}, c M9 child, d F9 child").with_columns(
        date_of_birth=pl.Series([date(1980, 1, 1), date(1980, 1, 1), date(2016, 2, 29),
                                 date(2020, 1, 1)]))
    ids = pl.DataFrame({"id": ["A"]})
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    assert [bedroom_need(rows, standard(), day, ids)["need"].item() for day in days] == [2, 3]


def test_bad_tables_are_refused_at_once():
    people = people_of(COUPLE).drop("sex").with_columns(carer=pl.lit("no"))
    with pytest.raises(TableError) as caught:
        bedroom_need(people, standard(extra_rooms="agreed"), AS_AT, applications_of(COUPLE))
    assert [(p.kind, p.where) for p in caught.value.problems] == [
        ("missing_column", "people.sex"), ("wrong_type", "people.carer"),
        ("missing_column", "applications.agreed")]
    crowd = pl.concat([people_of("a F40 applicant")] * 256)
    with pytest.raises(TableError, match="more than 255 people on one application"):
        bedroom_need(crowd, standard(), AS_AT, applications_of(COUPLE))
    twice = pl.DataFrame({"id": ["A", "A"], "extra_rooms": [0, 1]})
    with pytest.raises(TableError, match="more than once"):
        bedroom_need(people_of(COUPLE), standard(extra_rooms="extra_rooms"), AS_AT, twice)
    with pytest.raises(SchemeError, match="no bedroom standard named bedrom"):
        bedroom_need(people_of(COUPLE), "bedrom", AS_AT, applications_of(COUPLE))


def explained(household, rule):
    return explain_bedrooms(people_of(household), rule, AS_AT, applications_of(household), "A")


def test_an_explanation_says_who_shares_with_whom_and_why():
    text = explained(
        f"{family('c M12 child', 'd M8 child', 'e F9 child', 'f F14 child')}, u U-9w child",
        "twenty_one_year").text()
    assert text.splitlines() == [
        "Application A: 3 bedrooms",
        "Standard: The bedroom standard, a room of one's own at 21, as at 15 June 2026",
        "  1. A-ann and A-ben: a couple",
        "  2. A-f and A-e: both female and under 21",
        "  3. A-c and A-d: both male and under 21",
        "  A-u is not counted: not born yet",
        "  Sizes that may be let: 3",
    ]


def test_an_explanation_of_what_is_not_known_names_it():
    found = explained(family("U12", "M14"), standard())
    assert found.rooms == ()
    assert "between 2 and 3 bedrooms, not known which" in found.text()
    assert "Not known: A-c1.sex" in found.text()


@pytest.mark.parametrize(
    "household",
    [
        family("M12", "M8", "F9", "F14", "M22", "k U? carer"),
        family("M1", "F2", "M3", "F4", "M5", "c9 F7 child cannot_share"),
        family("F15", "F13", "M9", "c8 M3 child foster", "c9 F3 child foster"),
        "ann F40 applicant, ben M42 partner cannot_share, c M5 child part_time, d M17 child away",
        f"{COUPLE}, c F12 child, u U-9w child",
    ],
)
@pytest.mark.parametrize("rule", [
    "twenty_one_year", "universal_credit", "same_sex_any_age", "scottish",
    standard(unborn_from_weeks=0, unborn_sex="fewest", part_time_children="one_room",
             temporarily_away="not_counted", same_sex_from=4)])
def test_the_rooms_of_an_explanation_are_those_of_the_need(household, rule):
    found, row = explained(household, rule), answer(household, rule)
    kinds = [room.kind for room in found.rooms]
    assert {why: kinds.count(why) for why in WHY} == {why: row[why] for why in WHY}
    everyone = [person for room in found.rooms for person in room.people]
    everyone += [person for person, _ in found.not_counted]
    assert sorted(everyone) == sorted(people_of(household)["id"])
    assert found.to_dict()["as_at"] == "2026-06-15"


def test_the_made_up_borough_needs_the_bedrooms_it_was_made_for():
    borough = read_tables(shipped_folder("boroughs") / "riverton")
    rule = standard(own_room_from=21, unborn_from_weeks=0)
    found = bedroom_need(borough.frames["people"], rule, date(2026, 2, 27), borough.frames["applications"])
    made = borough.frames["applications"].sort("id")
    assert found["application"].to_list() == made["id"].to_list()
    assert found["need"].null_count() == 0
    known = made["bedroom_need"].is_not_null()
    assert found["need"].filter(known).to_list() == made["bedroom_need"].drop_nulls().to_list()


def test_no_explanation_of_an_application_that_is_not_there():
    with pytest.raises(TableError, match="no such application"):
        explain_bedrooms(people_of(COUPLE), standard(), AS_AT, applications_of(COUPLE), "Z")


def test_an_unborn_child_overdue_or_with_a_date_of_birth_to_come():
    rule = standard(unborn_from_weeks=25)
    people = people_of(f"{COUPLE}, u U-1w child")
    for due, births in ((AS_AT - timedelta(days=9), None), (None, AS_AT + timedelta(days=9))):
        rows = people.with_columns(
            expected_on=pl.Series([None, None, due], dtype=pl.Date),
            date_of_birth=pl.Series([date(1980, 1, 1), date(1980, 1, 1), births]))
        assert bedroom_need(rows, rule, AS_AT, pl.DataFrame({"id": ["A"]}))["need"].item() == 2

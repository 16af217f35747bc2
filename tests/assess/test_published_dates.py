"""Date rules that councils publish, each with its source and the reading chosen."""

from __future__ import annotations

import pytest

from tests.assess.dates import dated, only, policy, spells_of

BRECKLAND = policy(
    """
    first: registered_on     # the fully completed application was accepted
    up: award                # "day of entry to the higher band"
    down: original           # "keeps the initial registration date"
    source: https://www.breckland.gov.uk/housing-scheme-guide (January 2021)
    """,
    "Emergency Gold Silver",
)
SOUTHEND = policy(
    """
    first: registered_on
    first_band: award        # reading: from no band into one is a move up
    up: award                # "date assessed as needing the higher band"
    down: restore
    source: https://www.southend-on-the-move.org.uk/content/FrequentlyAskedQuestions/Whatisaneffectivedate
    """
)
COVENTRY = policy(
    """
    first: registered_on
    first_band: keep
    up: submitted            # "any newly awarded band": up and down alike
    down: submitted
    source: https://coventry.gov.uk/housing-1/coventry-homefinder-%E2%80%93-re-registration/4
    """,
    "1 2 3 4 Reduced",
)
NORTH_YORKSHIRE = policy(
    """
    first: registered_on     # reading: the day the application was made active
    up: award
    down: keep
    instead:
      - {label: Armed forces with an urgent need, when: forces_urgent, months_earlier: 6}
    source: https://www.northyorkshirehomechoice.org.uk/content/Whocanusetheservice/Howdoweprioritiseyourapplication
    """,
    "Emergency Gold Silver Bronze",
)
WELWYN = policy(
    """
    first: registered_on
    up: award                # "date of entry to the higher band"
    down: keep               # not stated: ours
    instead:
      # Those under notice to leave come first: for them the day of the notice is said to count.
      - {label: Leaving the forces, when: leaving, bands: [A, B], date: notice_on}
      - {label: Armed forces, when: forces, bands: [A, B], date: enlisted_on}
    source: https://www.welhat.gov.uk/policies/council-housing-allocations/3
    """,
    "A B C D E",
)
RUNNYMEDE = policy(
    """
    first: registered_on
    up: keep
    down: keep
    instead:
      - {label: Band A goes by the day it was awarded, bands: [A], take: award}
    source: https://www.rbc-homes.org/choice/Content.aspx?wkid=23
    """
)
TONBRIDGE = policy(
    """
    first: submitted_on
    up: award                # "the date of that change": reading: the day the band was raised
    down: keep               # "otherwise unchanged"
    source: https://www.tmbc.gov.uk/housing/housing-allocation-scheme/4
    """,
    "A B C",
)
HOME_OPTION = policy(
    """
    first: registered_on
    instead:
      - {label: Transfer applicants wait from the start of their tenancy, when: tenant,
         date: tenancy_from}
    source: a member of https://www.homeoption.org; the clause was not read again
    illustrative: true
    """
)
REGISTERED = {"p": {"registered_on": "2020-01-01"}}


def spell(band: str | None, since: str, **more: str) -> dict[str, str | None]:
    return {"band": band, "since": since, **more}


def test_breckland_up_dates_from_the_day_of_entry() -> None:
    spells = spells_of(spell("Silver", "2020-01-01"), spell("Gold", "2023-05-01"))
    assert only(dated(BRECKLAND, spells, REGISTERED)) == (
        "2023-05-01", "up", "Gold from 2023-05-01"
    )


def test_breckland_down_goes_back_to_the_initial_registration_date() -> None:
    spells = spells_of(
        spell("Silver", "2020-01-01"), spell("Gold", "2023-05-01"), spell("Silver", "2024-02-01")
    )
    assert only(dated(BRECKLAND, spells, REGISTERED)) == ("2020-01-01", "down", "registered_on")


SOUTHEND_HISTORY = [
    # Reading: it waited in no band from the day it applied until it was assessed, since its date
    # in C was not that of its application and it had never held D.
    spell(None, "2021-01-05"),
    spell("C", "2021-03-10"),
    spell("B", "2022-06-01"),
    spell("C", "2023-09-01"),
]
APPLIED = {"p": {"registered_on": "2021-01-05"}}


def test_southend_down_to_a_band_held_before_restores_the_date_that_applied_in_it() -> None:
    result = dated(SOUTHEND, spells_of(*SOUTHEND_HISTORY), APPLIED)
    assert only(result) == ("2021-03-10", "down", "C from 2021-03-10")


def test_southend_down_to_a_band_never_held_goes_back_to_the_application() -> None:
    spells = spells_of(*SOUTHEND_HISTORY, spell("D", "2024-01-01"))
    assert only(dated(SOUTHEND, spells, APPLIED)) == ("2021-01-05", "down", "registered_on")


@pytest.mark.parametrize(("before", "after"), [("3", "2"), ("2", "3"), ("4", "Reduced")])
def test_coventry_any_newly_awarded_band_dates_from_the_day_the_form_was_submitted(
    before: str, after: str
) -> None:
    spells = spells_of(
        spell(before, "2018-02-01"), spell(after, "2024-04-29", submitted_on="2024-04-04")
    )
    result = dated(COVENTRY, spells, {"p": {"registered_on": "2018-02-01"}})
    assert only(result)[::2] == ("2024-04-04", f"{after} submitted 2024-04-04")


def test_north_yorkshire_forces_with_an_urgent_need_are_six_months_earlier() -> None:
    spells = spells_of(spell("Gold", "2024-07-01"))
    result = dated(
        NORTH_YORKSHIRE,
        spells,
        {"p": {"registered_on": "2024-07-01"}, "q": {"registered_on": "2024-07-01"}},
        outcomes={"forces_urgent": [0, 1]},
    )
    assert only(result) == ("2024-01-01", "instead", "registered_on, 6 months earlier")
    assert only(result, "q") == ("2024-07-01", "first", "registered_on")


WELWYN_PEOPLE = {
    "veteran": {"registered_on": "2024-03-01", "enlisted_on": "2010-05-04"},
    "other": {"registered_on": "2019-02-01"},
    "leaver": {"registered_on": "2024-03-01", "enlisted_on": "2012-01-01",
               "notice_on": "2024-01-15"},
    "lower": {"registered_on": "2024-03-01", "enlisted_on": "2010-05-04"},
}
WELWYN_SPELLS = [
    spell("B", "2024-03-01", application="veteran"),
    spell("B", "2019-02-01", application="other"),
    spell("B", "2024-03-01", application="leaver"),
    spell("C", "2024-03-01", application="lower"),
]


def test_welwyn_forces_in_the_high_bands_count_from_the_day_they_entered_the_forces() -> None:
    result = dated(
        WELWYN,
        spells_of(*WELWYN_SPELLS),
        WELWYN_PEOPLE,
        outcomes={"forces": [0, 1, 0, 0], "leaving": [1, 1, 0, 1]},
    )
    assert only(result, "veteran") == ("2010-05-04", "instead", "enlisted_on")
    assert only(result, "leaver") == ("2024-01-15", "instead", "notice_on")
    assert only(result, "lower") == ("2024-03-01", "first", "registered_on")
    # So the veteran stands before one in Band B since 2019.
    assert only(result, "veteran")[0] < only(result, "other")[0]


def test_welwyn_the_earlier_day_of_entry_into_the_band_is_first() -> None:
    spells = spells_of(
        spell("C", "2022-01-01"), spell("B", "2024-03-01"),
        spell("C", "2021-01-01", application="q"), spell("B", "2024-04-01", application="q"),
    )
    result = dated(
        WELWYN,
        spells,
        {"p": {"registered_on": "2022-01-01", "enlisted_on": None, "notice_on": None},
         "q": {"registered_on": "2021-01-01"}},
        outcomes={"forces": [1, 1], "leaving": [1, 1]},
    )
    assert (only(result, "p")[0], only(result, "q")[0]) == ("2024-03-01", "2024-04-01")


def test_runnymede_band_a_goes_by_its_award_and_the_others_by_registration() -> None:
    people = {"x": {"registered_on": "2015-04-01"}, "y": {"registered_on": "2023-02-01"}}
    in_a = spells_of(
        spell("B", "2015-04-01", application="x"), spell("A", "2024-01-10", application="x"),
        spell("A", "2023-02-20", application="y"),
    )
    result = dated(RUNNYMEDE, in_a, people)
    assert only(result, "x") == ("2024-01-10", "instead", "A from 2024-01-10")
    assert only(result, "y") == ("2023-02-20", "instead", "A from 2023-02-20")
    in_b = dated(RUNNYMEDE, in_a, people, today={"x": {"band": "B"}, "y": {"band": "B"}})
    assert only(in_b, "x")[0] == "2015-04-01"
    assert only(in_b, "y")[0] == "2023-02-01"


def test_tonbridge_only_a_raised_band_moves_the_date() -> None:
    people = {"p": {"submitted_on": "2021-03-03"}}
    first = spell("B", "2021-04-01")
    assert only(dated(TONBRIDGE, spells_of(first), people))[0] == "2021-03-03"
    lower = spells_of(first, spell("C", "2022-01-01"))
    assert only(dated(TONBRIDGE, lower, people)) == ("2021-03-03", "first", "submitted_on")
    higher = spells_of(first, spell("A", "2022-01-01"))
    assert only(dated(TONBRIDGE, higher, people)) == ("2022-01-01", "up", "A from 2022-01-01")


def test_home_option_transfers_wait_from_the_start_of_the_tenancy() -> None:
    result = dated(
        HOME_OPTION,
        spells_of(),
        {"p": {"registered_on": "2024-01-01", "tenancy_from": "2009-06-15"},
         "q": {"registered_on": "2024-01-01"}},
        outcomes={"tenant": [0, 1]},
    )
    assert only(result) == ("2009-06-15", "instead", "tenancy_from")
    assert only(result, "q") == ("2024-01-01", "first", "registered_on")


def test_watford_a_rise_for_medical_need_moves_the_date_from_2018_to_2025() -> None:
    # Local Government Ombudsman 25 007 174 (23 October 2025): the council followed its policy.
    rule = policy("{first: registered_on, up: award}")
    spells = spells_of(spell("C", "2018-05-01"), spell("B", "2025-02-01"))
    assert only(dated(rule, spells, {"p": {"registered_on": "2018-05-01"}}))[0] == "2025-02-01"


@pytest.mark.parametrize(("action", "expected"), [("keep", "2016-01-01"), ("award", "2024-04-01")])
def test_arun_what_re_registration_does_is_said_by_the_policy(action: str, expected: str) -> None:
    # Local Government Ombudsman 24 014 374 (14 July 2025): a new policy reset dates on
    # re-registration; the council first kept the old date in error.
    old = policy("{first: registered_on}")
    new = policy(f"{{first: registered_on, reregistration: {action}}}", since="2024-01-01")
    spells = spells_of(
        spell("C", "2016-01-01"), spell("C", "2024-04-01", why="reregistration")
    )
    result = dated([old, new], spells, {"p": {"registered_on": "2016-01-01"}})
    assert only(result)[0] == expected

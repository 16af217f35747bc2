"""Every contradiction in a scheme is one line with its place; all of them come at once."""

from __future__ import annotations

import pytest

from cbl_engine.errors import SchemeError

BANDS = "bands: {A: {label: a}, B: {label: b}}\n"
OLD = "criteria: {old: {label: x, when: points > 1}}\n"


def column(declared, table="applications"):
    return f"columns: {{{table}: {{x: {{label: x, {declared}}}}}}}\n"


def fact(rule):
    return f"facts: {{f: {{label: x, {rule}}}}}\n"


def criterion(when):
    return f"criteria:\n  c:\n    label: x\n    when: {when}\n"


def order(*keys):
    lines = "".join(f"      - {key}\n" for key in keys)
    return "profiles:\n  homes:\n    label: x\n    order:\n" + lines


def two_stages(first, second):
    return (
        "profiles:\n  homes:\n    label: x\n    stages:\n"
        f"      - order: [{first}, {{tie: human}}]\n"
        f"      - order: [{second}, {{tie: human}}]\n"
    )


def plan(keys, profiles="profiles:\n  homes: {label: x, order: [{tie: human}]}\n"):
    return f"local_lettings_plans: {{oak: {{label: x, order: [{keys}]}}}}\n" + profiles


@pytest.fixture
def lines(load_with):
    def load(parts="", **more):
        with pytest.raises(SchemeError) as caught:
            load_with(parts, **more)
        return [p.line() for p in caught.value.problems]

    return load


TARGET = "local_lettings_plans: {{p: {{label: x, targets: [{{label: x, criterion: c, share: {}}}]}}}}\n"
FIELDS = [
    ("titel: x\n", "f.yaml:6:1: titel is not a field of the scheme; allowed: title"),
    ("eligible: x\n", "f.yaml:6:11: eligible must be a list; given 'x'. Write ['x']"),
    ("bands: {1: {label: x}}\n", "f.yaml:6:9: bands.1 must be text; given 1. Put it in quotes"),
    ("bands: {A: {label: ''}}\n", "f.yaml:6:20: bands.A.label is empty"),
    (
        "bidding: {window: {label: x, opens: {day: monday, time: '9:00'}, "
        "closes: {day: monday, time: '23:59'}}}\n",
        "f.yaml:6:57: bidding.window.opens.time is not a time of the clock; given '9:00'; "
        "allowed: HH:MM, such as 09:00",
    ),
    ("criteria: {c: {label: x}}\n", "f.yaml:6:12: when is missing from criteria.c"),
    (
        "criteria: {Old: {label: x, when: y}}\n",
        "f.yaml:6:12: criteria.Old is not a name that can be used; given 'Old'; "
        "allowed: small letters, digits and _, a letter first",
    ),
    (
        "criteria: {c: {label: x, when: y, when_unknown: last}}\n",
        "f.yaml:6:49: criteria.c.when_unknown must be fail, pass or hold; given 'last'",
    ),
    (
        "columns: {tenants: {}}\n",
        "f.yaml:6:11: columns.tenants must be applications, people, connections, "
        "band_history, status_history, duties, rooms, ta_placements, officer_decisions, overrides, homes "
        "or adverts; given 'tenants'",
    ),
    (
        fact("any_member: yes, max: age"),
        "f.yaml:6:12: facts.f: every fact names exactly one of: any_member, all_members, count, "
        "min, max, months_resident_in, months_connected, connected_to, connection_strength, "
        "whole_years_since, whole_months_since, bedrooms, bedrooms_now, statutory_overcrowding, "
        "exempt_by_law",
    ),
    (
        fact("count: homes"),
        "f.yaml:6:30: facts.f.count must be people, connections, band_history, status_history, "
        "duties, rooms, ta_placements, officer_decisions or overrides; given 'homes'",
    ),
    (
        fact("count: people, if_none: x"),
        "f.yaml:6:47: facts.f.if_none must be unknown, true or false or a whole number; given 'x'",
    ),
    (
        fact("connected_to: {area: 1}"),
        "f.yaml:6:44: facts.f.connected_to.area must be text or a list; given 1. Put it in quotes",
    ),
    (
        fact("connected_to: {area: [1, b]}"),
        "f.yaml:6:45: facts.f.connected_to.area.0 must be text; given 1. Put it in quotes",
    ),
    (
        fact("connected_to: {area: a, kinds: []}"),
        "f.yaml:6:54: facts.f.connected_to.kinds is empty",
    ),
    (
        "parameters: {p: {label: x, unit: u, values: {2024-01-01: [1]}}}\n",
        "f.yaml:6:58: parameters.p.values.2024-01-01 must be true or false, a whole number, "
        "a number, a date or text; given [1]",
    ),
    (
        "parameters: {p: {label: x, unit: u, values: {soon: 1}}}\n",
        "f.yaml:6:46: parameters.p.values.soon must be a date; given 'soon'; "
        "allowed: a day written YYYY-MM-DD, such as 2025-04-01",
    ),
    (
        "local_lettings_plans: {p: {label: x, in_force: {from: '2025-04-01'}}}\n",
        "f.yaml:6:55: local_lettings_plans.p.in_force.from must be a date; given '2025-04-01'; "
        "allowed: a day written YYYY-MM-DD, such as 2025-04-01. Leave the quotes out",
    ),
    (
        TARGET.format(1.2),
        "f.yaml:6:80: local_lettings_plans.p.targets.0.share is too large; given 1.2; "
        "allowed: more than 0 and at most 1, such as 0.4 for 40%, or 1/3 for a third (a fraction of "
        "whole numbers up to 999)",
    ),
    (
        TARGET.format("40%"),
        "f.yaml:6:80: local_lettings_plans.p.targets.0.share must be a number; given '40%'; "
        "allowed: more than 0 and at most 1, such as 0.4 for 40%, or 1/3 for a third (a fraction of "
        "whole numbers up to 999)",
    ),
    (
        TARGET.format("1/0"),
        "f.yaml:6:80: local_lettings_plans.p.targets.0.share must be a number; given '1/0'; "
        "allowed: more than 0 and at most 1, such as 0.4 for 40%, or 1/3 for a third (a fraction of "
        "whole numbers up to 999)",
    ),
    (
        TARGET.format("1/1000"),
        "f.yaml:6:80: local_lettings_plans.p.targets.0.share must be a number; given '1/1000'; "
        "allowed: more than 0 and at most 1, such as 0.4 for 40%, or 1/3 for a third (a fraction of "
        "whole numbers up to 999)",
    ),
    (
        "review: {within_days: 0}\n",
        "f.yaml:6:23: review.within_days is too small; given 0; allowed: at least 1 and at most 365",
    ),
    (
        "offers: {answer: {weeks: 2}}\n",
        "f.yaml:6:19: weeks is not a field of offers.answer; "
        "allowed: source, illustrative, days, working_days, hours, starts",
    ),
    (
        fact("connected_to: {area: a, colour: red}"),
        "f.yaml:6:47: colour is not a field of facts.f.connected_to; "
        "allowed: area, held_by, where, kinds, level, min_months",
    ),
    (
        fact("whole_years_since: registered_on, colour: red"),
        "f.yaml:6:57: colour is not a field of facts.f; "
        "allowed: label, source, illustrative, unit, whole_years_since",
    ),
]

NAMES = [
    (
        column("type: code"),
        "f.yaml:6:29: applications.x has type code but lists no codes",
    ),
    (
        column("type: int, codes: [a]"),
        "f.yaml:6:46: applications.x lists codes but has type int; "
        "allowed: type: code, or no codes",
    ),
    (
        "columns: {applications: {points: {label: x, type: int}}}\n",
        "f.yaml:6:26: applications.points is a standard column and needs no declaration",
    ),
    (
        "columns: {people: {age: {label: x, type: int}}}\n",
        "f.yaml:6:20: the column people.age has a name the engine gives. Choose another name",
    ),
    (
        "columns: {homes: {as_at: {label: x, type: date}}}\n",
        "f.yaml:6:19: the column homes.as_at has a name the engine gives. Choose another name",
    ),
    (
        "facts: {points: {label: x, count: people}}\n",
        "f.yaml:6:9: the fact points has the name of a column. Choose another name",
    ),
    (
        column("type: int") + "facts: {x: {label: x, count: people}}\n",
        "f.yaml:7:9: the fact x has the name of a column. Choose another name",
    ),
    (
        "facts: {as_at: {label: x, count: people}}\n",
        "f.yaml:6:9: the fact as_at has a name the engine gives. Choose another name",
    ),
    (
        "criteria: {immigration_status_in_law: {label: x, when: points > 1}}\n",
        "f.yaml:6:12: the criterion immigration_status_in_law has a name the engine gives. Choose another name",
    ),
    (
        "columns: {homes: {x: {label: x, type: int}}, adverts: {x: {label: x, type: bool}}}\n",
        "f.yaml:6:76: adverts.x and homes.x are read as advert.x, so they need one type; "
        "given bool; allowed: int",
    ),
    (
        "columns: {homes: {profile: {label: x, type: int}}}\n",
        "f.yaml:6:45: homes.profile and adverts.profile are read as advert.profile, "
        "so they need one type; given int; allowed: text",
    ),
    (
        column("type: int, if_null: 1.5"),
        "f.yaml:6:60: if_null of applications.x does not fit its type; given 1.5; "
        "allowed: unknown, or a value of type int",
    ),
    (
        column("type: bool, if_null: no"),
        'f.yaml:6:61: if_null of applications.x does not fit its type; given "no"; '
        "allowed: unknown, true or false",
    ),
    (
        column("type: code, codes: [a, b], if_null: c"),
        "f.yaml:6:76: if_null of applications.x does not fit its type; given c; "
        "allowed: unknown, or a, b",
    ),
    (
        column("type: int_list, if_null: 1"),
        "f.yaml:6:65: if_null of applications.x does not fit its type; given 1; allowed: unknown",
    ),
    (
        "parameters: {p: {label: x, unit: u, values: {2024-01-01: 1, 2025-01-01: one}}}\n",
        'f.yaml:6:45: the values of parameter p are of different types; given 1, "one"; '
        "allowed: values of one type",
    ),
    (
        "parameters: {p: {label: x, unit: GBP, values: {2024-01-01: £500}}}\n"
        + criterion("points > param.p"),
        "f.yaml:6:60: the value of parameter p is text; given £500; "
        "allowed: a number by itself, with what it counts under unit. Write 500",
    ),
    (
        "parameters: {p: {label: x, unit: GBP, values: {2024-01-01: 1, 2025-01-01: '1,500'}}}\n"
        + criterion("points > param.p"),
        "f.yaml:6:75: the value of parameter p is text; given 1,500; "
        "allowed: a number by itself, with what it counts under unit. Write 1500",
    ),
    (
        "bands: {A: {label: a, source: P2 section 1}}\n",
        "f.yaml:6:31: there is no source P2; allowed: P1",
    ),
    (
        'bands: {A: {label: a, source: "P1, page 2; P3: b"}}\n',
        "f.yaml:6:31: there is no source P3; allowed: P1",
    ),
    ("bands: {A: {label: a, source: ''}}\n", "f.yaml:6:31: no source is named; allowed: P1"),
]

EXPRESSIONS = [
    (
        criterion("bedroom_neeed > 1"),
        "f.yaml:9:11: bedroom_neeed is not a column, fact or parameter that can be read here, "
        "in: bedroom_neeed > 1; allowed: bedroom_need. "
        "Declare it under columns, facts or parameters, or correct the name",
    ),
    (
        criterion(">-\n      points > 1\n      AND bands = 'A'"),
        "f.yaml:11:11: bands is not a column, fact or parameter that can be read here, "
        "in: points > 1 AND bands = 'A'; allowed: band. "
        "Declare it under columns, facts or parameters, or correct the name",
    ),
    (
        criterion("band = Gold"),
        "f.yaml:9:18: Gold is not a column, fact or parameter that can be read here, "
        "in: band = Gold; allowed: access_need, advert.access_category, advert.adaptations, advert.area, "
        "advert.bed_spaces, advert.bedrooms, advert.cascade_second_on, advert.cascade_third_on, "
        "advert.closes_at, advert.corrected_at, advert.entrance_steps, advert.floor, .... "
        "Declare it under columns, facts or parameters, or correct the name; "
        "if it is text, put it in quotes: 'Gold'",
    ),
    (
        criterion("band IN ('A', Goldd, 'B')"),
        "f.yaml:9:25: Goldd is not a column, fact or parameter that can be read here, "
        "in: band IN ('A', Goldd, 'B'); allowed: access_need, advert.access_category, advert.adaptations, advert.area, "
        "advert.bed_spaces, advert.bedrooms, advert.cascade_second_on, advert.cascade_third_on, "
        "advert.closes_at, advert.corrected_at, advert.entrance_steps, advert.floor, .... "
        "Declare it under columns, facts or parameters, or correct the name; "
        "if it is text, put it in quotes: 'Goldd'",
    ),
    (
        criterion("points > 1 AND NOW() > as_at"),
        "f.yaml:9:26: NOW cannot be used: the engine never reads a clock, "
        "in: points > 1 AND NOW() > as_at. Use as_at, the date the calculation is for",
    ),
    (
        criterion("points + 1"),
        "f.yaml:9:11: this must be true or false, but comes out as Int64, in: points + 1",
    ),
    (
        criterion("points > 'a'"),
        "f.yaml:9:11: a number is compared with text, in: points > 'a'; "
        "allowed: numbers with numbers, and text with text. "
        "Write numbers without quotes, and text in 'single quotes'",
    ),
    (
        criterion("NOT c"),
        "f.yaml:9:15: c is a criterion, and an expression reads none, in: NOT c. "
        "Write out here what c says under when, or list both criteria where both must be met",
    ),
    (
        fact("any_member: age"),
        "f.yaml:6:35: this must be true or false, but comes out as Int64, in: age",
    ),
    (
        fact("max: age, where: band = 'A'"),
        "f.yaml:6:40: band is not a column, fact or parameter that can be read here, "
        "in: band = 'A'; allowed: age, application, as_at, born, cannot_share, "
        "care_leaver, carer, date_of_birth, expected_on, forces, forces_left_on, foster_child, "
        ".... "
        "Declare it under columns, facts or parameters, or correct the name",
    ),
    (
        fact("max: born"),
        "f.yaml:6:28: min and max need a number or a date, but this comes out as Boolean, in: born",
    ),
    (
        fact("min: relationship"),
        "f.yaml:6:28: min and max need a number or a date, but this comes out as String, "
        "in: relationship",
    ),
    (
        fact("any_member: born, if_none: 0"),
        "f.yaml:6:50: if_none of f does not fit the fact; given 0; allowed: unknown, true or false",
    ),
    (
        fact("count: people, if_none: false"),
        "f.yaml:6:47: if_none of f does not fit the fact; given false; "
        "allowed: unknown or a whole number",
    ),
    (
        fact("max: date_of_birth, if_none: 0"),
        "f.yaml:6:52: if_none of f does not fit the fact; given 0; allowed: unknown",
    ),
    (
        fact("connected_to: {area: advert.landlord}"),
        "f.yaml:6:44: advert.landlord cannot stand here; "
        "allowed: advert.area by itself, an area's id, or a list of ids",
    ),
    (
        fact("months_connected: {area: [a, advert.area]}"),
        "f.yaml:6:48: advert.area cannot stand here; "
        "allowed: advert.area by itself, an area's id, or a list of ids",
    ),
    (
        fact("connected_to: {area: []}"),
        "f.yaml:6:44: no area is named; "
        "allowed: advert.area by itself, an area's id, or a list of ids",
    ),
    (
        fact("connection_strength: {area: a, levels: [parish]}"),
        "f.yaml:6:51: connection_strength measures closeness to the advert's area; "
        "allowed: advert.area",
    ),
]


@pytest.mark.parametrize(("parts", "line"), [*FIELDS, *NAMES, *EXPRESSIONS])
def test_one_problem_one_line(lines, parts, line):
    assert lines(parts) == [line]


def test_text_in_double_quotes_is_explained(lines):
    (line,) = lines(criterion('points > 1 OR band = "A"'))
    assert line.startswith("f.yaml:9:32: A is not a column, fact or parameter")
    assert line.endswith(". Text goes in 'single quotes'")


ORDERS = [
    (
        order("band: [A, B]"),
        [
            "f.yaml:10:15: there is no band A; allowed: none is listed under bands",
            "f.yaml:10:15: there is no band B; allowed: none is listed under bands",
        ],
    ),
    (
        BANDS + order("band: [A, [C, A]]"),
        [
            "f.yaml:11:15: band A is listed twice",
            "f.yaml:11:15: there is no band C; allowed: A, B",
            "f.yaml:11:15: the order does not say where B stands; "
            "allowed: every band once; bands that rank equal in a nested list",
        ],
    ),
    (
        order("date: points"),
        [
            "f.yaml:10:15: points is not a column or fact of the application of type date; "
            "given type int; allowed: band_from, priority_date, registered_on, "
            "reviewed_on, submitted_on, valid_from, valid_to"
        ],
    ),
    (
        order("date: priority_dat"),
        [
            "f.yaml:10:15: priority_dat is not a column or fact of the application of type date; "
            "allowed: priority_date"
        ],
    ),
    (
        BANDS + order("date: {otherwise: registered_on, A: band_from}"),
        [
            "f.yaml:11:15: a date chosen by band or criterion ends with otherwise. "
            "Name the column for everyone else, last"
        ],
    ),
    (
        BANDS + order("date: {Aa: registered_on, otherwise: band_from}"),
        ["f.yaml:11:16: Aa is neither a band nor a criterion; allowed: A"],
    ),
    (
        "bands: {old: {label: x}}\n" + OLD + order("date: {old: band_from, otherwise: band_from}"),
        ["f.yaml:12:16: old is both a band and a criterion; allowed: old"],
    ),
    (
        criterion("advert.bedrooms > 1") + order("date: {c: band_from, otherwise: registered_on}"),
        ["f.yaml:14:16: c reads the advert, and a date belongs to the application"],
    ),
    (
        fact("connected_to: {area: advert.area}")
        + criterion("f")
        + order("date: {c: band_from, otherwise: registered_on}"),
        ["f.yaml:15:16: c reads the advert, and a date belongs to the application"],
    ),
    (
        order("prefer: olds") + OLD,
        ["f.yaml:10:17: there is no criterion olds; allowed: old"],
    ),
    (
        order("points: band"),
        [
            "f.yaml:10:17: band is not a column or fact of the application of type int; "
            "given type text; allowed: bedroom_need, current_bedrooms, place_in_band, points"
        ],
    ),
    (
        column("type: bool") + order("{debt: x, compare: amount}"),
        [
            "f.yaml:11:16: x is not a column or fact of the application of type int or number; "
            "given type bool; allowed: bedroom_need, current_bedrooms, place_in_band, points"
        ],
    ),
    (
        fact("count: people") + order("connection: f"),
        [
            "f.yaml:11:21: f is not a connection_strength fact; "
            "allowed: none is declared under facts"
        ],
    ),
    (
        order("tie: human", "date: band_from"),
        ["f.yaml:11:9: tie settles the order, so nothing may follow it"],
    ),
    (
        order("lottery: advert", "tie: human"),
        ["f.yaml:11:9: lottery settles the order, so nothing may follow it"],
    ),
    (
        order("bid_time: first", "bid_time: latest"),
        [
            "f.yaml:11:19: profile homes uses both bid_time: first and bid_time: latest. "
            "Use one of the two throughout"
        ],
    ),
    (
        two_stages("{bid_time: latest}", "{bid_time: first}"),
        [
            "f.yaml:11:28: profile homes uses both bid_time: first and bid_time: latest. "
            "Use one of the two throughout"
        ],
    ),
    (
        plan("{bid_time: latest}", order("bid_time: first")),
        [
            "f.yaml:6:59: plan oak uses bid_time: latest and profile homes, "
            "whose keys follow the plan's, bid_time: first. Use one of the two throughout"
        ],
    ),
    (
        plan("{tie: human}"),
        ["f.yaml:6:48: a plan's keys go ahead of the profile's, so tie cannot be one"],
    ),
    (
        "profiles:\n  homes: {label: x}\n",
        ["f.yaml:7:10: profile homes needs either an order or stages"],
    ),
    (
        "default_profile: home\nprofiles: {homes: {label: x, order: [{tie: human}]}}\n",
        ["f.yaml:6:18: there is no profile home; allowed: homes"],
    ),
    (
        OLD + "eligible: [old, odl]\n" + order("tie: human"),
        ["f.yaml:7:17: there is no criterion odl; allowed: old"],
    ),
    (
        OLD + "profiles:\n  homes:\n    label: x\n    stages:\n"
        "      - {eligible: [young], order: [{tie: human}]}\n",
        ["f.yaml:11:21: there is no criterion young; allowed: old"],
    ),
    (
        "local_lettings_plans:\n  oak:\n    label: x\n    eligible: [young]\n"
        "    targets: [{label: x, criterion: elder}]\n"
        "    in_force: {from: 2025-01-01, until: 2024-01-01}\n" + order("tie: human"),
        [
            "f.yaml:9:16: there is no criterion young",
            "f.yaml:10:37: there is no criterion elder",
            "f.yaml:11:15: in_force needs a source for its start, or assumed: true",
            "f.yaml:11:41: in_force.until must be after in_force.from; given 2024-01-01; "
            "allowed: a date after 2025-01-01",
        ],
    ),
    (
        order("{tie: humans}"),
        ["f.yaml:10:15: profiles.homes.order.0.tie must be human; given 'humans'"],
    ),
    (
        order("{band: [1, [2]]}"),
        [
            "f.yaml:10:17: profiles.homes.order.0.band.0 must be text or a list; given 1. "
            "Put it in quotes",
            "f.yaml:10:21: profiles.homes.order.0.band.1.0 must be text; given 2. Put it in quotes",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("profiles", "expected"), ORDERS)
def test_orders_lists_and_plans(lines, profiles, expected):
    assert lines(profiles=profiles) == expected


def test_one_bid_time_throughout_is_right(load_with):
    load_with(profiles=plan("{bid_time: latest}",
                            two_stages("{bid_time: latest}", "{bid_time: latest}")))


def test_all_problems_come_at_once_in_the_order_of_the_file(lines):
    found = lines(
        "bands: {A: {label: a, source: P9}}\n"
        + column("type: code")
        + criterion("nowhere = 1")
        + "eligible: [d]\n",
        profiles=order("date: soon", "band: [B]"),
    )
    places = [line.split(" ")[0] for line in found]
    assert places == [
        "f.yaml:6:31:", "f.yaml:7:29:", "f.yaml:11:11:", "f.yaml:12:12:", "f.yaml:17:15:",
        "f.yaml:18:15:", "f.yaml:18:15:",
    ]


def test_all_wrong_fields_come_at_once_in_the_order_of_the_file(lines):
    found = lines("colour: x\ncriteria: {c: {label: 1}}\n", profiles=order("{tie: no}"))
    assert [line.split(" ")[0] for line in found] == [
        "f.yaml:6:1:", "f.yaml:7:12:", "f.yaml:7:23:", "f.yaml:12:15:",
    ]


def test_a_whole_and_a_decimal_value_make_a_number(load_with):
    load_with(
        "parameters: {p: {label: x, unit: u, values: {2024-01-01: 1, 2025-01-01: 1.5}}}\n"
        + fact("max: age * param.p")
        + criterion("f > param.p")
    )


def test_a_criterion_named_source_may_choose_a_date(load_with):
    load_with(
        "criteria: {source: {label: x, when: points > 1}}\n",
        profiles=order("date: {source: band_from, otherwise: registered_on}", "tie: human"),
    )


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            "connected_to: {area: here, level: ward}",
            "f.yaml:6:57: level means the area around the advert's; allowed: "
            "level together with area: advert.area",
        ),
        (
            "connected_to: {area: here, where: month > 3}",
            "f.yaml:6:57: month is not a column, fact or parameter that can be read here, in: "
            "month > 3; allowed: months",
        ),
        (
            "connection_strength: {area: advert.area, levels: [ward], level: ward}",
            "f.yaml:6:80: level is not a field of facts.f.connection_strength; allowed: levels",
        ),
    ],
)
def test_which_connections_and_where(lines, rule, line):
    (found,) = lines(fact(rule))
    assert found.startswith(line)


TARGET = (
    "criteria: {c: {label: x, when: points > 1}, flat: {label: x, when: advert.floor > 0}}\n"
    "local_lettings_plans:\n"
    "  oak: {label: x, targets: [{label: x, criterion: c, homes: %s, share: 0.5}]}\n"
)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            OLD + "landlords: {north: {label: x, eligible: [older]}}\n",
            "f.yaml:7:42: there is no criterion older; allowed: old",
        ),
        (
            OLD + "landlords: {north: {label: x, order: [{points: points}]}}\n",
            "f.yaml:7:31: order is not a field of landlords.north",
        ),
        (
            TARGET % "c",
            "f.yaml:8:61: c reads points, and homes are told by the advert alone; allowed: "
            "a criterion that reads advert.* and no column or fact of the application",
        ),
        (TARGET % "flats", "f.yaml:8:61: there is no criterion flats; allowed: flat"),
    ],
)
def test_what_adverts_add(lines, parts, line):
    (found,) = lines(parts)
    assert found.startswith(line)


def test_the_homes_of_a_target_are_told_by_the_advert(load_with):
    assert load_with(TARGET % "flat").versions


def test_keys_and_stages_may_be_marked_as_ours(load_with):
    stage = "{label: x, illustrative: true, source: P1, order: [{tie: human, illustrative: true}]}"
    version = load_with(profiles=f"profiles: {{homes: {{label: x, stages: [{stage}]}}}}\n").versions[0]
    (only,) = version.profiles["homes"].all_stages()
    assert only.illustrative
    assert only.order[0].illustrative

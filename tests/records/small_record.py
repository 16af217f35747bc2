"""A small record: a scheme, three households, two adverts, and the outcomes of a week."""

from __future__ import annotations

from datetime import date

from cbl_engine.records import record_cycle

SCHEME = """\
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}}
profiles: {only: {label: x, order: [{band: [A, B]}, {date: priority_date}, {bid_time: first}]}}
"""
TABLES = {
    "applications": """\
id,status,band,priority_date,registered_on
1,active,A,2024-01-01,2024-01-01
2,active,B,2023-01-01,2023-01-01
3,closed,B,2022-01-01,2022-01-01
""",
    "people": """\
id,application,date_of_birth,relationship
11,1,1980-05-06,applicant
12,1,2015-02-03,child
21,2,1990-07-08,applicant
31,3,1970-01-02,applicant
""",
    "connections": """\
application,person,area,kind,since
1,11,here,residence,2019-01-01
1,11,here,work,2020-01-01
2,21,here,residence,2021-01-01
""",
    "areas": "id,name\nhere,Here\n",
    "homes": "id,bedrooms,area\nH1,2,here\nH2,1,here\n",
    "adverts": """\
id,home,profile,status,opens_at,closes_at
AD1,H1,only,open,2026-03-01T09:00:00,2026-03-05T12:00:00
AD2,H2,only,open,2026-03-08T09:00:00,2026-03-12T12:00:00
""",
    "bids": """\
advert,application,placed_at
AD1,1,2026-03-02T10:00:00
AD1,2,2026-03-03T10:00:00
AD2,2,2026-03-09T10:00:00
""",
}
OUTCOMES = """\
id,on,what,advert,application,act,reason,by
O1,2026-03-09,approved,AD1,1,offer,Seen and agreed,Officer 4
O2,2026-03-10,accepted,AD1,1,,,
O3,2026-03-11,signed,AD1,1,,,Officer 4
"""
KEY = bytes(range(32))


def write_files(folder, tables=TABLES):
    """A scheme and a folder of data; their paths."""
    data = folder / "data"
    data.mkdir(parents=True)
    for table, text in tables.items():
        (data / f"{table}.csv").write_text(text)
    (folder / "scheme.yaml").write_text(SCHEME)
    (folder / "outcomes.csv").write_text(OUTCOMES)
    return folder / "scheme.yaml", data


def first_week(folder, out="week1", **options):
    """The record begun, up to 8 March."""
    return record_cycle(*write_files(folder), date(2026, 3, 8), folder / out, key=KEY, **options)


def second_week(folder, out="week2", **options):
    """The week up to 15 March, after :func:`first_week`."""
    options = {"outcomes": folder / "outcomes.csv", **options}
    return record_cycle(folder / "scheme.yaml", folder / "week1", date(2026, 3, 15), folder / out, **options)

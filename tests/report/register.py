"""A small scheme with an assessment, and a register of six households in files."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cbl_engine.records import run_assessment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cbl_engine.assess import Assessed

AS_AT = date(2026, 3, 1)
SCHEME = """\
scheme: example
title: Example Homes allocation scheme
authority: Example Council
in_force: {from: 2024-04-01, source: P1 section 1}
sources:
  P1: {title: Example allocation scheme, url: "https://www.example.org/scheme"}
bands:
  A: {label: "Band A, urgent need", source: P1 section 4}
  B: {label: "Band B, high need", source: P1 section 4}
  C: {label: "Band C, some need", source: P1 section 4}
columns:
  applications:
    medical_need: {type: code, codes: [urgent, high, none], label: medical need agreed}
    medical_from: {type: date, label: the day the medical need was agreed}
    overcrowded: {type: bool, label: whether the household is overcrowded}
    arrears: {type: number, unit: GBP, label: rent arrears}
facts:
  lives_here:
    label: lives in the district
    count: connections
    where: kind = 'residence' AND current
criteria:
  connected:
    label: The household has a local connection
    when: lives_here > 0
    tests: local_connection
    source: P1 section 2
  medical_urgent: {label: An urgent medical need, when: medical_need = 'urgent', source: P1 section 5}
  medical_high: {label: A high medical need, when: medical_need = 'high', source: P1 section 5}
  overcrowded: {label: The household is overcrowded, when: overcrowded, when_unknown: hold, source: P1 section 6}
  in_arrears: {label: Rent arrears over 500 pounds, when: arrears > 500, source: P1 section 7}
  active: {label: Active, when: status = 'active'}
eligible: [active]
profiles:
  by_band: {label: By band and date, source: P1 section 8, order: [{band: [A, B, C]}, {date: priority_date}]}
assessment:
  size: twenty_one_year
  qualifies: [connected]
  awards:
    medical_urgent:
      label: Urgent medical need
      when: medical_urgent
      since: medical_from
      lasts_months: 12
      band: A
      source: P1 section 5
    medical_high: {label: High medical need, when: medical_high, since: medical_from, band: B, source: P1 section 5}
    overcrowded: {label: Overcrowding, when: overcrowded, band: B, source: P1 section 6}
    two_needs: {label: Two needs of Band B, at_least: 2, of: [medical_high, overcrowded], band: A, source: P1 section 4}
    arrears: {label: Reduced preference for arrears, when: in_arrears, at_most: C, source: P1 section 7}
  otherwise: C
  priority_date: {first: registered_on, up: award, down: keep, source: P1 section 9}
review:
  within_days: 21
  counted: calendar
  starts: received
  ask: Write to the allocations team, or ask any officer to write it down for you.
  source: P1 section 12
"""
_BANDS = SCHEME[SCHEME.index("bands:"):SCHEME.index("columns:")]
WITHOUT_BANDS = (
    SCHEME.replace(_BANDS, "").replace(" needs of Band B", " needs")
    .replace("By band and date", "By points").replace("band: [A, B, C]", "points: points")
    .replace("band: A", "points: 20").replace("band: B", "points: 10")
    .replace("at_most: C", "points: -10").replace("  otherwise: C\n", "")
    .replace("  priority_date: {first: registered_on, up: award, down: keep, source: P1 section 9}\n", "")
)
"""The same needs for points; the register still has the bands of the scheme before."""
REGISTER = {
    "applications": """\
id,status,registered_on,band,band_from,bedroom_need,sizes,medical_need,medical_from,overcrowded,arrears
P1,active,2024-05-01,B,2024-05-01,2,2,high,2024-05-01,true,0
P2,active,2025-01-10,C,2025-01-10,1,1,none,,,0
P3,active,2023-11-05,B,2023-11-05,2,2,none,,true,850
P4,active,2025-06-20,C,2025-06-20,1,1,none,,false,0
P5,active,2024-08-01,A,2024-09-15,1,1,urgent,2024-09-15,false,0
P6,active,2024-02-01,A,2024-03-01,2,2,urgent,2025-09-01,false,0
""",
    "people": """\
id,application,date_of_birth,expected_on,sex,relationship,partner_of,immigration_status,habitually_resident,forces,care_leaver
P1-01,P1,1988-03-02,,female,applicant,,not_subject,true,none,false
P1-02,P1,2014-06-11,,female,child,,,,,
P1-03,P1,2019-10-30,,male,child,,,,,
P2-01,P2,1990-01-01,,male,applicant,,not_subject,true,none,false
P3-01,P3,1979-12-24,,female,applicant,,not_subject,true,none,false
P3-02,P3,2012-07-07,,,child,,,,,
P3-03,P3,2010-01-05,,male,child,,,,,
P4-01,P4,1996-05-05,,male,applicant,,not_subject,true,none,false
P5-01,P5,1985-02-02,,female,applicant,,not_subject,true,none,false
P6-01,P6,1970-01-01,,male,applicant,,not_subject,true,none,false
P6-02,P6,1971-01-01,,female,partner,P6-01,,,,
""",
    "connections": """\
application,person,area,kind,since,until
P1,,example,residence,2015-01-01,
P2,,example,residence,2020-01-01,
P3,,example,residence,2001-01-01,
P5,,example,residence,2019-01-01,
P6,,example,residence,1990-01-01,
""",
    "areas": """\
id,name
example,Example
""",
}


def write_files(
    folder: Path, changes: Mapping[str, str] | None = None, scheme: str = SCHEME
) -> tuple[Path, Path]:
    """The scheme's file and the folder of the register, in a place of their own.

    ``changes`` are whole tables, in place of the register's or beside them.
    """
    place = folder / str(len(list(folder.iterdir())))
    data = place / "register"
    data.mkdir(parents=True)
    for table, text in {**REGISTER, **(changes or {})}.items():
        (data / f"{table}.csv").write_text(text, encoding="utf-8")
    file = place / "example.yaml"
    file.write_text(scheme, encoding="utf-8")
    return file, data


OVERRIDES = """\
id,application,field,value,instead_of,decided_on,since,until,by,reason,evidence
O1,P6,bedroom_need,3,2,2026-01-10,2026-01-10,2026-12-31,J Smith,Secret surgery,MED-17
O2,P6,bedroom_need,2,,2025-05-10,2025-05-10,,A Jones,As assessed,
O3,P6,band,B,,2020-01-10,2020-01-10,2021-01-01,A Jones,Long over,
"""


def assessed_of(
    folder: Path, changes: Mapping[str, str] | None = None, scheme: str = SCHEME
) -> Assessed:
    """The assessment of the register, with some tables or the scheme changed."""
    return run_assessment(*write_files(folder, changes, scheme), AS_AT)


def with_rows(table: str, *rows: str) -> dict[str, str]:
    """The table with rows put to its end."""
    return {table: REGISTER[table] + "".join(f"{row}\n" for row in rows)}


def replaced(table: str, old: str, new: str) -> dict[str, str]:
    """The table with a text in it changed."""
    assert old in REGISTER[table]
    return {table: REGISTER[table].replace(old, new)}

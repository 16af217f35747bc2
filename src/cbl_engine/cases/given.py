"""What a case says beyond register, adverts and bids: wishes, checks, and what happened then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.cases.adverts import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.cases.checker import Checker
    from cbl_engine.cases.rows import Table

Row = dict[str, Any]
TABLES = ("preferences", "wishes", "checks", "outcomes", "tenancies", "direct_lets")
OFFICER = "an officer"
_DECISIONS = ("approved", "declined", "chosen", "judged")


def given_rows(
    check: Checker, tables: Mapping[str, Table], first: date, last: date
) -> dict[str, list[Row]]:
    """The rows of each of :data:`TABLES`, with what a case need not say.

    Args:
        check: the case.
        tables: their columns.
        first: the day on which the first advert closes: what is dated otherwise is dated so.
        last: the day on which the last one does: outcomes come from then on.
    """
    case, adverts = check.case, names_of(check)
    rows = {
        name: check.rows(name, getattr(case, name), tables[name], adverts, **left_out)
        for name, left_out in (
            ("preferences", {}),
            ("wishes", {"rank": 1}),
            ("checks", {"since": first, "by": OFFICER}),
            ("outcomes", {"on": last}),
            ("tenancies", {}),
            ("direct_lets", {"on": last, "by": OFFICER}),
        )
    }
    _ranked(rows["wishes"], case.wishes)
    _outcomes(rows["outcomes"], case.outcomes, adverts)
    for name in ("checks", "outcomes", "tenancies", "direct_lets"):
        for number, row in enumerate(rows[name], start=1):
            row.setdefault("id", f"{number:03}")
    return rows


def _ranked(wishes: list[Row], written: Any) -> None:
    """Wishes without a rank are ranked as they are listed."""
    so_far: dict[Any, int] = {}
    for row, own in zip(wishes, _each(written), strict=True):
        whose = row.get("application")
        so_far[whose] = so_far.get(whose, 0) + 1
        if "rank" not in own:
            row["rank"] = so_far[whose]


def _outcomes(rows: list[Row], written: tuple[Row, ...], adverts: list[str]) -> None:
    """Each is of the day of the one before, of the only advert, and decided by somebody."""
    day = None
    for row, own in zip(rows, written, strict=True):
        if "on" not in own and day is not None:
            row["on"] = day
        day = row["on"]
        if len(adverts) == 1 and not {"advert", "home"} & own.keys():
            row["advert"] = adverts[0]
        if row.get("what") in _DECISIONS or "reasonable" in own:
            row.setdefault("by", OFFICER)


def _each(written: Any) -> list[Row]:
    if isinstance(written, dict):
        return [row for given in written.values() for row in given]
    return list(written)

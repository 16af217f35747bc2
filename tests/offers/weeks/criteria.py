"""The criteria of random schemes: each in SQL for the engine, and in Python for the checker.

A criterion in Python takes an application and an advert, as plain rows, and gives True, False or
None where a fact is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
Known = bool | None


def _negated(value: Known) -> Known:
    return None if value is None else not value


def _at_most(least: int | None, most: int | None) -> Known:
    return None if least is None or most is None else least <= most


COLUMNS = {name: {"type": "bool", "label": name} for name in ("local", "debt", "owed", "helped")}

CRITERIA: dict[str, tuple[str, str, Callable[[Row, Row], Known]]] = {
    "is_local": ("local", "hold", lambda a, _: a["local"]),
    "local_known": ("local", "fail", lambda a, _: a["local"]),
    "no_debt": ("NOT debt", "hold", lambda a, _: _negated(a["debt"])),
    "fits": ("bedroom_need <= advert.bedrooms", "hold",
             lambda a, d: _at_most(a["bedroom_need"], d["bedrooms"])),
    "is_owed": ("owed", "fail", lambda a, _: a["owed"]),
    "is_helped": ("helped", "fail", lambda a, _: a["helped"]),
    "in_band_c": ("band = 'C'", "fail",
                  lambda a, _: None if a["band"] is None else a["band"] == "C"),
    "large": ("advert.bedrooms >= 2", "fail", lambda _, d: _at_most(2, d["bedrooms"])),
}
"""name -> SQL, when_unknown, Python."""


def met(name: str, application: Row, advert: Row) -> Known:
    """Whether a criterion is met; None where it is not known, and a bid would be held.

    Nothing is known of the criteria of other schemes.
    """
    if name not in CRITERIA:
        return None
    _, when_unknown, judge = CRITERIA[name]
    known = judge(application, advert)
    return False if known is None and when_unknown == "fail" else known

"""What a scheme's upkeep must say of the rest of the scheme: columns, and one period each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.errors import Problem
from cbl_engine.scheme.check_orders import Place, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.upkeep import Period
    from cbl_engine.scheme.vocabulary import Vocabulary

_UNITS = ("months", "days", "working_days")


def upkeep_problems(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    """Everything in ``upkeep:`` that names what is not there, or cannot be so."""
    rules = version.upkeep
    if rules is None:
        return
    periods: dict[tuple[str, ...], Period] = {
        **{(name,): period for name in ("review", "non_bidding")
           if (period := getattr(rules, name)) is not None},
        **{("evidence", name): period for name, period in rules.evidence.items()},
        **{("duties", name): period for name, period in rules.duties.items()},
        **{("decisions", name): period for name, period in rules.decisions.items()},
    }
    dates = [n for n, t in words.own.items() if t == "date" and n not in version.facts]
    for place, period in periods.items():
        at: Place = ("upkeep", *place)
        given = [unit for unit in _UNITS if getattr(period, unit) is not None]
        if len(given) != 1:
            yield Problem(
                "period_of_what",
                f"the period of {place[-1]} is given once",
                where=document.where(at, key=True),
                given=" and ".join(given) or "none",
                allowed="one of months, days and working_days",
            )
        if period.first_day_counts and period.working_days is not None:
            yield Problem(
                "first_day_counts",
                f"the period of {place[-1]} is in working days, which count from the day after",
                where=document.where((*at, "first_day_counts"), key=True),
                remedy="Leave first_day_counts out, or give days",
            )
        if place[0] in ("duties", "decisions") or "starts" not in period.model_fields_set:
            continue
        starts = getattr(period, "starts", ())
        for i, name in enumerate([starts] if isinstance(starts, str) else starts):
            if name in dates:
                continue
            where = (*at, "starts") if isinstance(starts, str) else (*at, "starts", i)
            yield Problem(
                "upkeep_column",
                f"{name} is not a date column of the application",
                where=document.where(where),
                given=f"type {words.own[name]}" if name in words.own else "",
                allowed=suggest(name, dates),
            )

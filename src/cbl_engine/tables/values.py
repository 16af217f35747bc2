"""Values in a YAML file -> values of a column's type, with the words for one that does not fit.

Moments are told by London's clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cbl_engine.tables.columns import LONDON, TYPE_IN_WORDS

if TYPE_CHECKING:
    from cbl_engine.tables.columns import Column

_ZONE = ZoneInfo(LONDON)


def moment(value: Any) -> tuple[datetime | None, str]:
    """A moment with its zone, and the words for what is wrong (empty when nothing is).

    Without an offset it is London time; one of an hour that the clock skips or shows twice is not
    taken.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        return None, "must be a moment such as 2024-10-01T09:00:00"
    if value.tzinfo is not None:
        return value.astimezone(_ZONE), ""
    shown = times_shown(value)
    if shown == 1:
        return value.replace(tzinfo=_ZONE), ""
    if shown == 0:
        return None, "must be a moment that London's clock shows: it goes forward over this one"
    return None, (
        "must say which of two moments it is, as London's clock goes back and shows it twice: write "
        "the offset, +00:00 or +01:00"
    )


def times_shown(local: datetime) -> int:
    """How often London's clock shows a date and time: once, or where it changes never or twice."""
    first, second = (local.replace(tzinfo=_ZONE, fold=fold).utcoffset() for fold in (0, 1))
    if first == second:
        return 1
    return 2 if first > second else 0  # type: ignore[operator]


def london_moment(microseconds: int) -> datetime:
    """London time of microseconds since 1970 UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(microseconds=microseconds)).astimezone(_ZONE)


def typed(column: Column, value: Any) -> tuple[Any, str]:
    """The value as the column holds it, and the words for what is wrong (empty when nothing is)."""
    if value is None:
        return None, "may not be empty" if column.required else ""
    if column.type == "datetime":
        return moment(value)
    fitted = _FITS[column.type](value)
    if fitted is None:
        words = "text in quotes" if column.type in ("id", "text", "code") else ""
        return None, f"must be {words or _WORDS.get(column.type, TYPE_IN_WORDS[column.type])}"
    if column.codes and fitted not in column.codes:
        return None, f"must be one of: {', '.join(column.codes)}"
    numbers = fitted if isinstance(fitted, list) else [fitted]
    if column.least is not None and min(numbers, default=column.least) < column.least:
        return None, f"must be at least {column.least}"
    if column.most is not None and max(numbers, default=column.most) > column.most:
        return None, f"must be at most {column.most}"
    return fitted, ""


_WORDS = {
    "bool": "true or false",
    "date": "a date such as 2024-10-01",
    "int_list": "a list of whole numbers",
    "text_list": "a list of texts",
}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain else None


def _date(value: Any) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _list(value: Any, fits: Any) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        return None
    items = [fits(item) for item in value]
    return None if None in items else items


_FITS = {
    "id": _text,
    "text": _text,
    "code": _text,
    "bool": _bool,
    "int": _int,
    "number": _number,
    "date": _date,
    "int_list": lambda value: _list(value, _int),
    "text_list": lambda value: _list(value, _text),
}

"""Settings of a mapping, one reader each: the value that is written, checked, or why it cannot be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from cbl_engine.tables.parsing import can_read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PART = re.compile(r"\{([^{}]*)\}")
"""A column in a template of ``compose``."""

_TEMPLATE = "for example '{BidDate} {BidTime}'"
_DATE_PARTS = frozenset("dmYbBej%")
_TIME_PARTS = frozenset("HMSIpfzTRF:") | _DATE_PARTS
_NOTHING = ("", "~", "null")


class RefusedError(Exception):
    """A value that cannot be used; the arguments are message, what is allowed and the path on."""


@dataclass(frozen=True, slots=True)
class Split:
    """One column cut into several: at what, and what the parts are called; the rest is left out, and told."""

    at: str
    into: tuple[str, ...]


def _text(value: Any, key: str, *below: str) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"{key} must be text", "", *below)
    return value


def _named(value: Any, key: str) -> str:
    text = _text(value, key).strip()
    if not text:
        raise RefusedError(f"{key} must not be empty", "")
    return text


def _texts(value: Any, key: str, *below: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise RefusedError(f"{key} must be a list", "", *below)
    return tuple(_text(item, key, *below).strip() for item in value)


def _pairs(value: Any, key: str, *below: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedError(f"{key} must be a mapping", "", *below)
    return {theirs.strip(): ours for theirs, ours in value.items()}


def _file(value: Any, key: str) -> str:
    text = _text(value, key)
    if re.search(r"[/\\\0]", text) or text in ("", ".", ".."):
        raise RefusedError(f"{key} names no file of this folder", "a file name without a folder")
    endings = (".csv", ".txt", ".parquet", ".xlsx")
    if not text.lower().endswith(endings):
        raise RefusedError(f"{key} has no known ending", ", ".join(endings))
    return text


def _query(value: Any, key: str) -> str:
    text = _named(value, key).rstrip("; \n\t")
    if not re.match(r"(?i)(select|with)\b", text) or ";" in text:
        raise RefusedError(f"{key} must be one SELECT statement", "SELECT ... or WITH ... SELECT ...")
    return text


def _row(value: Any, key: str) -> int:
    text = _text(value, key)
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise RefusedError(f"{key} is not the number of a row", "1, 2, 3, ...")
    return int(text)


def _encoding(value: Any, key: str) -> str:
    text = _text(value, key)
    if not is_text_encoding(text):
        raise RefusedError(f"{key} is not an encoding", "utf-8, cp1252, latin-1, utf-16, ...")
    return text


def _delimiter(value: Any, key: str) -> str:
    text = _text(value, key)
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in '"\r\n':
        raise RefusedError(f"{key} is not a delimiter", "one character such as , ; | or tab")
    return text


def _quote(value: Any, key: str) -> str:
    text = _text(value, key)
    if text not in ('"', "none"):
        raise RefusedError(f"{key} is not a way to quote", "none or a quotation mark")
    return text


def _date_format(value: Any, key: str) -> str:
    text = _text(value, key)
    wrong, allowed = wrong_format(text, with_time=key == "datetime_format")
    if wrong:
        raise RefusedError(f"{key} {wrong}", allowed)
    return text


def _columns(value: Any, key: str) -> dict[str, tuple[str, ...]]:
    return {
        theirs: _texts(ours, key, theirs) if isinstance(ours, list)
        else (_text(ours, key, theirs).strip(),)
        for theirs, ours in _pairs(value, key).items()
    }


def _values(value: Any, key: str) -> dict[str, str]:
    return {ours: _text(text, key, ours).strip() for ours, text in _pairs(value, key).items()}


def _templates(value: Any, key: str) -> dict[str, str]:
    templates = {ours: _text(text, key, ours) for ours, text in _pairs(value, key).items()}
    for ours, text in templates.items():
        if not PART.search(text):
            raise RefusedError(f"{key} names no column", _TEMPLATE, ours)
        if re.search("[{}]", PART.sub("", text)):
            raise RefusedError(f"{key} has a brace that opens or closes no column's name", _TEMPLATE, ours)
    return templates


def _splits(value: Any, key: str) -> dict[str, Split]:
    out = {}
    for theirs, how in _pairs(value, key).items():
        pair = _pairs(how, key, theirs)
        if set(pair) != {"at", "into"} or not pair["at"]:
            raise RefusedError(f"{key} must say at and into", "{at: /, into: [one, other]}", theirs)
        out[theirs] = Split(_text(pair["at"], key, theirs), _texts(pair["into"], key, theirs))
    return out


def _codes(value: Any, key: str) -> dict[str, dict[str, str]]:
    out = {}
    for column, pairs in _pairs(value, key).items():
        ours = {t: _text(o, key, column, t).strip()
                for t, o in _pairs(pairs, key, column).items()}
        out[column] = {t: "" if o in _NOTHING else o for t, o in ours.items()}
    return out


def _rows(value: Any, key: str) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    for theirs, values in _pairs(value, key).items():
        if values == "filled":
            out[theirs] = ()
        elif isinstance(values, list) and values:
            out[theirs] = _texts(values, key, theirs)
        else:
            raise RefusedError(f"{key} must be a list of values", "[A, B], or filled", theirs)
    return out


def _choice(*allowed: str) -> Callable[[Any, str], str]:
    def read(value: Any, key: str) -> str:
        if value not in allowed:
            raise RefusedError(f"{key} is not one of its choices", ", ".join(allowed))
        return str(value)

    return read


def _flag(value: Any, key: str) -> bool:
    return _choice("true", "false", "yes", "no")(value, key) in ("true", "yes")


def _words(value: Any, key: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _texts(value, key))


def read_days(value: Any, key: str) -> tuple[date, ...]:
    """A list of dates as 1900-01-01."""
    days = []
    for text in _texts(value, key):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise RefusedError(f"{key} must be dates", "[1900-01-01, ...]") from None
    return tuple(days)


DEFAULT_SETTINGS: Mapping[str, Callable[[Any, str], Any]] = {
    "encoding": _encoding,
    "delimiter": _delimiter,
    "quote": _quote,
    "date_format": _date_format,
    "datetime_format": _date_format,
    "other_columns": _choice("keep", "ignore"),
    "yes_words": _words,
    "no_words": _words,
    "empty_words": _words,
}
SETTINGS: Mapping[str, Callable[[Any, str], Any]] = {
    "file": _file,
    "sheet": _named,
    "table": _named,
    "query": _query,
    "header_row": _row,
    **DEFAULT_SETTINGS,
    "columns": _columns,
    "constants": _values,
    "compose": _templates,
    "split": _splits,
    "separators": _values,
    "codes": _codes,
    "only_rows": _rows,
    "distinct": _flag,
}


def is_text_encoding(name: str) -> bool:
    """Whether Python can decode text in an encoding of that name."""
    if "escape" in name:
        # These give backslashes a meaning, and are no encoding of any export.
        return False
    try:
        return b"".decode(name) == "" and "a,1\n".encode(name).decode(name) == "a,1\n"
    except (LookupError, UnicodeError, ValueError):
        return False


def wrong_format(text: str, *, with_time: bool) -> tuple[str, str]:
    """What is wrong with a strptime format, and what is allowed; two empty texts when nothing."""
    parts = re.findall(r"%(.?)", text)
    if "y" in parts:
        return "has a two-digit year", "%Y, the year in four digits"
    if not with_time and set("HMSIpfTR") & set(parts):
        return "has a time", "the date alone, as %d/%m/%Y; a midnight after it is read with it"
    known = _TIME_PARTS if with_time else _DATE_PARTS
    if not set(parts) <= known:
        return "has an unknown part", "%d %m %Y %b %B" + (" %H %M %S %f %p %I %z" * with_time)
    has_day = {"Y", "d"} <= set(parts) or {"Y", "e"} <= set(parts) or "F" in parts
    if "F" not in parts and not (has_day and set(parts) & set("mbB")):
        return "does not give day, month and year", "for example %d/%m/%Y"
    if with_time and ("I" in parts) != ("p" in parts):
        return "has one of %I and %p, which go together", "%H:%M, or %I:%M %p"
    if with_time and not ({"T", "R"} & set(parts) or ("M" in parts and {"H", "I"} & set(parts))):
        return "does not give hour and minute", "for example %d/%m/%Y %H:%M"
    if not can_read("datetime" if with_time else "date", text):
        return "is no format that cells can be read by", "for example %d/%m/%Y" + " %H:%M" * with_time
    return "", ""

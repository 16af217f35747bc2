"""The names in what a case expects of a cycle, checked against the scheme and the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from cbl_engine.cases.cycle import PARTS
from cbl_engine.cases.rows import suggest, where_given
from cbl_engine.cases.short import ACTS
from cbl_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cbl_engine.cases.checker import Place
    from cbl_engine.cases.model import WrittenCase
    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion

    Unknown = Callable[..., Problem]

_OF_PROPOSALS = ("act", "advert", "application", "what", "on")


def cycle_problems(
    case: WrittenCase,
    place: Place,
    version: SchemeVersion,
    adverts: Iterable[str],
    homes: Iterable[str],
    document: Document,
) -> Iterator[Problem]:
    """Every name in what a case expects of a cycle that nothing has.

    Args:
        case: as written.
        place: where it stands in the document.
        version: the scheme version in force on the last day.
        adverts: their names.
        homes: theirs.
        document: the file.
    """
    adverts = list(adverts)
    known = {
        "advert": adverts,
        "home": [*adverts, *(h for h in homes if h not in adverts)],
        "application": list(case.applications),
    }

    def unknown(what: str, name: Any, at: Place, allowed: Iterable[str], *, key: bool) -> Problem:
        while (*place, *at) not in document.positions:
            at = at[:-1]
        where = where_given(document, place, at, key=key)
        kind = f"unknown_{what}" if what == "application" else "unknown_in_expect"
        where_it_is = "in this case" if what in known else "to be expected here"
        message = f"there is no {what} {name} {where_it_is}"
        return Problem(kind, message, where=where, allowed=suggest(str(name), allowed))

    for name, part in PARTS.items():
        allowed = known | {"word": list(part.words(version)) if part.words else []}
        for at, named in _named(getattr(case.expect, name), ("expect", name)):
            what = part.names[len(at) - 3]
            if what in allowed and named not in allowed[what]:
                yield unknown(what, named, at, allowed[what], key=at[-1] == named)
    yield from _lists_problems(case, known, unknown)
    yield from _waiting_problems(case, known, unknown)
    yield from _clash_problems(case, unknown)


def _named(given: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Each name on each level of a part, and where it stands."""
    if isinstance(given, dict):
        for name, inner in given.items():
            yield (*place, name), name
            yield from _named(inner, (*place, name))
    elif isinstance(given, tuple):
        yield from (((*place, index), name) for index, name in enumerate(given))


def _lists_problems(
    case: WrittenCase, known: Mapping[str, list[str]], unknown: Unknown
) -> Iterator[Problem]:
    for advert, groups in (case.expect.lists or {}).items():
        at = ("expect", "lists", advert)
        if advert not in known["advert"]:
            yield unknown("advert", advert, at, known["advert"], key=True)
        for index, group in enumerate(groups):
            for name in group:
                if name not in known["application"]:
                    yield unknown("application", name, (*at, index), known["application"], key=False)


def _waiting_problems(
    case: WrittenCase, known: Mapping[str, list[str]], unknown: Unknown
) -> Iterator[Problem]:
    for index, row in enumerate(case.expect.waiting or ()):
        at = ("expect", "waiting", index)
        for column, value in row.items():
            if column not in _OF_PROPOSALS:
                yield unknown("column", column, at, [*_OF_PROPOSALS, *ACTS], key=False)
            elif value is not None and column in known and value not in known[column]:
                yield unknown(column, value, at, known[column], key=False)


def _clash_problems(case: WrittenCase, unknown: Unknown) -> Iterator[Problem]:
    from cbl_engine.offers.clashes import Kind

    for number, clash in (case.expect.clashes or {}).items():
        at = ("expect", "clashes", number)
        if not 1 <= number <= len(case.outcomes):
            allowed = [str(n) for n in range(1, len(case.outcomes) + 1)]
            yield unknown("outcome", number, at, allowed, key=True)
        if clash not in get_args(Kind):
            yield unknown("clash", clash, at, get_args(Kind), key=False)

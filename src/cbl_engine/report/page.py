"""One offline HTML page from a template: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbl_engine.records.places import write_file
from cbl_engine.version import __version__

if TYPE_CHECKING:
    import jinja2


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.PackageLoader("cbl_engine.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(day=day, whole=whole)
    return found


def day(value: date | datetime | None) -> str:
    """A date as people write it (``27 February 2026``); a dash for none."""
    return "–" if value is None else f"{value.day} {value:%B %Y}"


def whole(value: float | None) -> str:
    """A count with thousands marked off; a dash for none."""
    return "–" if value is None else f"{value:,}"


def render(template: str, **values: Any) -> str:
    """Fill a template of this room.

    Args:
        template: file name under ``templates/``; it extends ``page.html``, which needs ``title``
            and ``audience`` (officer, applicant, public, planner or history; printed at the head).
        values: what the template names. One that it names and is not given is an error.

    Returns:
        The page. The same values give the same bytes: nothing in it reads a clock.
    """
    return _environment().get_template(template).render(engine_version=__version__, **values)


def write_page(html: str, out: str | Path, *, replace: bool = True) -> Path:
    """Write a page beside its place, then rename it.

    Args:
        html: the page.
        out: file to write.
        replace: take the place of a file that is there.

    Raises:
        RunError: the file is there and ``replace`` is false, or it cannot be written.
    """
    return write_file(html.encode(), out, replace=replace)

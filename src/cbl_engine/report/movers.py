"""Who moves under a new scheme, as a page for officers and the committee they advise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.assess.moved import MOVES
from cbl_engine.report.flows import flows_drawn
from cbl_engine.report.page import render

if TYPE_CHECKING:
    from typing import Any

    import polars as pl

    from cbl_engine.assess import Movers

MOVED = {
    "up": "up", "down": "down", "same": "no change of band", "on": "onto the register",
    "off": "off the register", "not_comparable": "band not comparable",
}
"""Moves in words."""

_GROUPS = {"need_new": "Bedrooms needed under the new scheme", "household": "Kind of household"}
_REASON = {"gained": "gains", "lost": "loses", "changed": "gives otherwise",
           "fails": "now fails"}
_MOST = 20


def movers_page(found: Movers) -> str:
    """A comparison of two schemes as one offline HTML page.

    It holds counts of any size, so it is for officers; :func:`movers_public_page` is the public's.

    Args:
        found: as :func:`cbl_engine.assess.movers` makes it.
    """
    flows = found.flows()
    frame = found.frame()
    dates = dict(frame.group_by("date").len().iter_rows())
    return render(
        "movers.html",
        title=f"Who moves: {found.before.version.title} to {found.after.version.title}",
        audience="officer",
        found=found,
        moves=[(MOVED[m], n) for m in MOVES if (n := frame.filter(move=m).height)],
        total=frame.height,
        dates=[(d or "off the register", n) for d in ("kept", "earlier", "later", "not known", None)
               if (n := dates.get(d))],
        head=flows.columns,
        rows=flows.rows(),
        picture=flows_picture(found, flows),
        groups=[moved_by(found, name) for name in ("need_new", "household", *found.by)],
        reasons=[
            {**row, "reason": _REASON[row["reason"]]}
            for row in found.reasons().head(_MOST).iter_rows(named=True)
        ],
        reason_moves=[m for m in MOVES if frame.filter(move=m).height],
        moved=MOVED,
        more_reasons=max(found.reasons().height - _MOST, 0),
        mapped=[(old, new) for old, new in found.mapped.items() if old != new],
    )


PUBLIC_NOTE = (
    "Counts of one to four households are withheld (*), and as few others as keep these from being "
    "worked out."
)


def movers_public_page(found: Movers, by: str | None = None) -> str:
    """The same for the public: one table, small counts withheld.

    Args:
        found: the comparison.
        by: what its households are put together by; None for the flows from band to band.

    Raises:
        TableError: counts by that column are not for the public.
    """
    counts = found.public(by)
    head, *columns = counts.columns
    moves = [MOVED.get(name, name) for name in columns]
    return render(
        "movers_public.html",
        title=f"Who moves: {found.before.version.title} to {found.after.version.title}",
        audience="public",
        found=found,
        heading="From band to band" if by is None else _GROUPS.get(by, group_called(by)),
        head=["Old scheme" if by is None else group_called(head), *moves],
        rows=counts.rows(),
        mapped=[(old, new) for old, new in found.mapped.items() if old != new and by is None],
        note=PUBLIC_NOTE,
    )


def group_called(name: str) -> str:
    """A column that households are put together by, as a heading."""
    return name.replace("_", " ").capitalize()


def flows_picture(found: Movers, flows: pl.DataFrame) -> Any:
    """The flows from band to band, as a template draws them."""
    names_new = flows.columns[1:-1]
    names_old = flows["old"].to_list()[:-1]
    counts = {
        (row["old"], new): row[new]
        for row in flows.iter_rows(named=True) if row["old"] != "all" for new in names_new
    }
    return flows_drawn(names_old, names_new, counts, {
        pair: _kind(found, *pair) for pair in counts
    })


def _kind(found: Movers, old: str, new: str) -> str:
    """How a flow is drawn."""
    if new == "(off the register)":
        return "same" if old == new else "off"
    if old == "(off the register)":
        return "on"
    mapped = old if old == "(no band)" else found.mapped[old]
    one_banded = bool(found.before.version.bands) != bool(found.after.version.bands)
    if mapped is None or one_banded:
        return "not_comparable"
    places = [*found.after.version.bands, "(no band)"]
    before, now = places.index(mapped), places.index(new)
    return "up" if now < before else "down" if now > before else "same"


def moved_by(found: Movers, name: str) -> dict[str, Any]:
    """Households by a group and by move, as a template prints them."""
    counts = found.counts(name)
    moves = [m for m in MOVES if counts[m].sum()]
    return {
        "title": _GROUPS.get(name, group_called(name)),
        "moves": moves,
        "rows": [
            ["not known" if row[name] is None else row[name], *(row[m] for m in moves), row["all"]]
            for row in counts.iter_rows(named=True)
        ],
    }

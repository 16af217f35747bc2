"""Parts of a pack: a table with its words, or the word that the record does not hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.disclosure import LIMIT, shown_counts, shown_total
from cbl_engine.report.charts import bars
from cbl_engine.report.page import day, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbl_engine.report.charts import Bars

Audience = Literal["officer", "public"]
ALL, UNKNOWN = "all", "not known"
_BARS, _BROAD = 14, 8


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a pack.

    Attributes:
        name: of the sheet.
        title: the heading.
        words: what is counted, and how.
        frame: the table; its first column names the row. None: there is none.
        why_not: what the record does not hold, where there is no table.
        drawn: a column drawn as bars.
        heads: columns in other words than their names.
        withholds: null is what is withheld, where anything is; else what there is not.
        items: sentences, in a list under the words.
        figures: columns of figures that are written out as text.
        of_sheet: columns of the workbook and the CSV file alone, as numbers that the page has in words.
    """

    name: str
    title: str
    words: str
    frame: pl.DataFrame | None = field(repr=False)
    why_not: str = ""
    drawn: str | None = None
    heads: tuple[tuple[str, str], ...] = ()
    withholds: bool = True
    items: tuple[str, ...] = field(default=(), repr=False)
    figures: tuple[str, ...] = ()
    of_sheet: tuple[str, ...] = ()

    @property
    def on_page(self) -> pl.DataFrame | None:
        """The table as the page has it."""
        return None if self.frame is None else self.frame.drop(self.of_sheet)

    @property
    def chart(self) -> Bars | None:
        """The bars, where there is something to draw."""
        if self.frame is None or self.drawn is None:
            return None
        rows = self.frame.select(self.frame.columns[0], self.drawn).drop_nulls()
        rows = rows.filter(pl.col(self.frame.columns[0]) != ALL).head(_BARS)
        if not rows.height or not (rows[self.drawn] > 0).any():
            return None
        return bars([(str(label), {self.head(self.drawn): float(value)}) for label, value in
                     rows.iter_rows()], _number, label=190)

    @property
    def broad(self) -> bool:
        """Whether it has more columns than an upright sheet has room for."""
        return self.on_page is not None and self.on_page.width > _BROAD

    def kinds(self) -> list[str]:
        """How each column is set: ``n`` as numbers are, ``d`` as days; empty as words."""
        if self.on_page is None:
            return []
        return ["n" if dtype.is_numeric() or name in self.figures else "d" if dtype == pl.Date else ""
                for name, dtype in self.on_page.schema.items()]

    def head(self, column: str) -> str:
        """A column in words."""
        return dict(self.heads).get(column, column.replace("_", " "))


def not_recorded(name: str, title: str, why: str) -> Part:
    """A part that the record does not hold."""
    return Part(name, title, "", None, why)


def counted(values: pl.Series, order: Sequence[str], head: str, audience: Audience) -> pl.DataFrame:
    """How often each value comes up, ``all`` at the end; small counts withheld for the public.

    Args:
        values: a value a household or home, as text; null is not known.
        order: values in order, there even where none has one; others follow by name.
        head: of the column of counts.
        audience: ``public``: counts of one to four are null, with what gives them away; only
            ``all`` is left where that takes the total.
    """
    found = dict(values.fill_null(UNKNOWN).value_counts().iter_rows())
    places = [*order, *sorted(set(found) - set(order))]
    counts = [int(found.get(place, 0)) for place in places]
    public = audience == "public"
    shown = shown_counts(counts, public=public)
    if shown is None:
        places, shown = [], [shown_total(sum(counts), public=public)]
    return pl.DataFrame({"what": [*places, ALL], head: shown},
                        schema={"what": pl.String, head: pl.Int64})


def enough(value: float | None, n: int, audience: Audience) -> float | None:
    """A mean or a share; for the public none that rests on one to four."""
    return None if audience == "public" and n < LIMIT else value


def pack_page(
    title: str, under: str, parts: Iterable[Part], audience: str, *, source: str,
    notes: Sequence[str] = (), hides: bool = False,
) -> str:
    """Parts as one offline HTML page.

    Args:
        title: of the page.
        under: what it is of.
        parts: in order.
        audience: officer, public, applicant or planner.
        source: the scheme and the day, for the foot.
        notes: what to know before the figures are used.
        hides: null is a figure that is withheld; else one that there is not.
    """
    return render("pack.html", title=title, under=under, audience=audience, source_words=source,
                  parts=list(parts), notes=list(notes), cell=_cell,
                  hidden="*" if hides else "–")


def _cell(value: Any, hidden: str) -> str:
    """A value as people read it."""
    if value is None:
        return hidden
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, date):
        return day(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(value: float) -> str:
    """``1.17``, ``9.6``, ``16``: no more than two digits after the point."""
    said = f"{value:,.2f}"
    return said.rstrip("0").rstrip(".")


def sheets(parts: Iterable[Part], about: Sequence[tuple[str, str]]) -> dict[str, pl.DataFrame]:
    """Parts as the sheets of a workbook, what it is of first.

    Args:
        parts: in order; one not recorded has a sheet that says so.
        about: name and value.
    """
    first = pl.DataFrame(list(about), {"what": pl.String, "value": pl.String}, orient="row")
    return {"about": first, **{
        p.name: p.frame if p.frame is not None else pl.DataFrame({"not_recorded": [p.why_not]})
        for p in parts}}

"""A change of scheme as one page for a decision, and the letters that follow from it as drafts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.assess.moved import MOVES
from cbl_engine.packs.checklist import checklist_frame
from cbl_engine.packs.what_may_follow import what_may_follow
from cbl_engine.report.charts import bars
from cbl_engine.report.letter import draft_letter
from cbl_engine.report.movers import MOVED, PUBLIC_NOTE, flows_picture, group_called, moved_by
from cbl_engine.report.page import day, render
from cbl_engine.scheme.changes import changes_described
from cbl_engine.scheme.description import Line, Section
from cbl_engine.simulate.words import number

if TYPE_CHECKING:
    from cbl_engine.assess import Movers
    from cbl_engine.compare import Comparison
    from cbl_engine.packs.scheme_change import SchemeChange
    from cbl_engine.report.letter import Letter

_DATES = {
    "kept": "The date that ranks your application stays the same.",
    "earlier": "The date that ranks your application becomes an earlier one.",
    "later": "The date that ranks your application becomes a later one.",
}
_GROUPS = {"need_new": "By bedrooms needed under the new scheme", "household": "By kind of household"}


def scheme_change_page(
    change: SchemeChange, simulated: Comparison | None = None
) -> str:
    """The pack for officers and the committee they advise, as one offline HTML page.

    It holds counts of any size; :func:`scheme_change_public_page` is for a consultation.

    Args:
        change: from :func:`cbl_engine.packs.scheme_change.scheme_change`.
        simulated: a comparison, whose findings come into it; best of the same two schemes, and
            where it is of others the page says so.
    """
    found = change.movers
    old, new = found.before.version, found.after.version
    frame, flows = found.frame(), found.flows()
    hours = change.hours.filter(pl.col("case") != "all")
    return render(
        "scheme_change.html", **_common(change), audience="officer", public=False,
        moves=[(MOVED[m], n) for m in MOVES if (n := frame.filter(move=m).height)],
        total=frame.height, flows=flows.rows(), head=flows.columns,
        picture=flows_picture(found, flows), moved=MOVED,
        groups=[moved_by(found, name) for name in ("need_new", "household", *found.by)],
        protected=[{**row, "move": MOVED.get(row["move"], "all")}
                   for row in change.protected.iter_rows(named=True)],
        hours=change.hours.to_dicts(),
        hours_drawn=bars([(row["label"].split(",")[0], {"hours": row["hours"]}) for row in hours.to_dicts()],
                         number, unit="hours", label=270),
        assumed=bool(change.hours["assumed"].any()),
        simulated=simulated and what_may_follow(simulated, old, new),
    )


def scheme_change_public_page(change: SchemeChange, by: str | None = None) -> str:
    """The pack for a consultation: rules, one table of counts with small ones withheld, the law.

    Two tables of the same households, set one against the other, could give away what each
    withholds, so there is one.

    Args:
        change: likewise.
        by: what households are put together by; None for the flows from band to band.

    Raises:
        TableError: counts by that column are not for the public.
    """
    counts = change.movers.public(by)
    head, *columns = counts.columns
    title = "From band to band" if by is None else _GROUPS.get(by, group_called(by))
    return render(
        "scheme_change.html", **_common(change), audience="public", public=True, by=title,
        head=["Old scheme" if by is None else group_called(head),
              *(MOVED.get(name, name) for name in columns)],
        rows=counts.rows(), note=PUBLIC_NOTE)


def scheme_change_sheets(change: SchemeChange, *, public: bool, by: str | None) -> dict[str, pl.DataFrame]:
    """The tables of the page, as the sheets of a workbook, what it is of first."""
    tables = change.tables()
    if public:
        tables = {"households": change.movers.public(by),
                  "legal_checklist": checklist_frame(change.checklist, counted=False),
                  "rules": tables["rules"]}
    old, new = change.movers.before.version, change.movers.after.version
    about = {
        "For": "Publication. An empty count is withheld: one to four households, or one that would give "
               "such a count away." if public else
               "Officers. It holds facts about households: keep it with the case files.",
        "Old scheme": old.title, "New scheme": new.title, "As at": str(change.movers.before.as_at),
    }
    return {"about": pl.DataFrame({"what": list(about), "value": list(about.values())}), **tables}


def _common(change: SchemeChange) -> dict[str, Any]:
    old, new = change.movers.before.version, change.movers.after.version
    return {
        "title": f"A new scheme: {old.title} to {new.title}", "old": old, "new": new,
        "as_at": change.movers.before.as_at,
        "rules": changes_described(change.changes, old.title, new.title),
        "transition": change.transition, "checklist": change.checklist,
    }


def rebanding_letter(found: Movers, application: Any) -> Letter:
    """The draft of the letter that tells a household what the new scheme makes of its case.

    It is the decision letter under the new scheme, with what was before at its head.

    Args:
        found: who moves.
        application: its id.

    Raises:
        TableError: there is no such application, or none in force on the date.
    """
    letter = draft_letter(found.after, application)
    row = found.frame().filter(pl.col("application").cast(pl.String) == str(application)).row(0, named=True)
    before, after = found.before.version, found.after.version
    was = _place(row, "old")
    lines = [Line(f"Our housing allocation scheme changes on {day(found.after.as_at)}, from "
                  f"{before.title} to {after.title}. Under the scheme until now {was}."),
             Line(f"Under the new scheme {_place(row, 'new')}.")]
    if row["date"] in _DATES:
        lines.append(Line(_DATES[row["date"]]))
    section = Section("What changes", tuple(lines))
    document = replace(letter.document, title="The new housing allocation scheme and your application",
                       sections=(section, *letter.document.sections))
    adverse = letter.adverse
    if row["move"] == "down" and not adverse:
        adverse = ("lower than under the scheme until now",)
    return replace(letter, document=document, adverse=adverse)


def _place(row: dict[str, Any], when: str) -> str:
    if row[f"status_{when}"] == "closed":
        return "your application is not on the register"
    if row[f"band_{when}"] is not None:
        return f"your application is in band {row[f'band_{when}']}"
    if row[f"points_{when}"] is not None:
        return f"your application has {row[f'points_{when}']} points"
    return "your application is in no band"

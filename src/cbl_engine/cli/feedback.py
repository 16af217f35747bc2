"""``cbl feedback``: what became of the homes of a run, for the public or for officers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def feedback(
    run: Path,
    /,
    *,
    audience: Literal["officer", "public"] = "public",
    by: Annotated[
        tuple[Literal["month", "area", "bedrooms", "property_type"], ...],
        Parameter(consume_multiple=True, negative=""),
    ] = ("month", "area", "bedrooms", "property_type"),
    format: Literal["table", "csv", "json", "parquet"] = "table",
    out: Path | None = None,
) -> int:
    """Publish results: homes by month and kind, bids, who was eligible by band, who came first.

    Parameters
    ----------
    run
        Run folder written by cbl shortlist --out.
    audience
        public: no home's id, no sensitive let, no count that points at a household. officer: every
        advert in full.
    by
        What the public's homes are put together by.
    format
        table to read; csv, json or parquet for programs.
    out
        Page to write (HTML).
    """
    from cbl_engine.cli import show
    from cbl_engine.cli.given import check_written
    from cbl_engine.records import feedback as feedback_of

    check_written(out, "--out", ".html")
    with show.steps() as on_step:
        on_step("Counting")
        found = feedback_of(run, audience, by)
    if out is not None:
        from cbl_engine.report import feedback_page, write_page

        write_page(feedback_page(found), out)
    if format != "table":
        show.show_frame(found.frame, format)
    else:
        show.show_feedback(found, out)
    return 0

"""A scheme in words as a page. A scheme is a public document, and so is its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.report.page import render

if TYPE_CHECKING:
    from cbl_engine.scheme.description import Description


def scheme_page(description: Description) -> str:
    """A description as one offline HTML page for the public.

    Args:
        description: as :func:`cbl_engine.scheme.describe` makes it.
    """
    return render("scheme.html", title=description.title, audience="public",
                  description=description)

"""Pages for people: one HTML file each, which opens offline and prints on paper.

A page is a template of its own that extends ``page.html``; :func:`render` fills it and
:func:`write_page` puts it beside and renames it, so that no half page is ever seen.
"""

from cbl_engine.report.movers import movers_page
from cbl_engine.report.page import render, write_page
from cbl_engine.report.scheme import scheme_page

__all__ = ["movers_page", "render", "scheme_page", "write_page"]

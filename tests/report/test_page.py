"""Pages: escaped, offline, whole or not at all."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from cbl_engine.documents import read_document
from cbl_engine.errors import RunError
from cbl_engine.report import page, render, write_page
from cbl_engine.report.page import day, whole
from cbl_engine.shipped import shipped_folder


def test_what_is_put_into_a_page_is_escaped_and_the_page_asks_for_nothing_from_elsewhere():
    html = render("page.html", title="<script>alert(1)</script>", audience="officer")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "http" not in html
    assert "For officers" in html


def test_a_page_is_refused_where_a_file_is_unless_it_may_be_replaced(tmp_path):
    out = tmp_path / "page.html"
    write_page("one", out)
    with pytest.raises(RunError, match="there already"):
        write_page("two", out, replace=False)
    assert out.read_text() == "one"
    write_page("two", out)
    assert out.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_page("one", tmp_path / "nowhere" / "page.html")


def test_dates_and_counts_are_written_as_people_write_them():
    assert day(dt.date(2026, 2, 7)) == "7 February 2026"
    assert (day(None), whole(None), whole(12345)) == ("–", "–", "12,345")


TEMPLATES = sorted(Path(page.__file__).with_name("templates").glob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_page_is_wider_than_a_phone(template):
    """Columns side by side are no wider than a narrow screen, and the record of days scrolls in itself."""
    text = template.read_text(encoding="utf-8")
    assert all(int(rem) <= 20 for rem in re.findall(r"minmax\((\d+)rem", text))
    assert text.count('<table class="days"') == text.count('<div class="wide"><table class="days"')


@pytest.mark.parametrize("page", ["charts", "comparison"])
def test_no_two_scenarios_of_the_largest_comparison_that_is_shipped_have_one_colour(page):
    texts = {template.stem: template.read_text(encoding="utf-8") for template in TEMPLATES}
    (colours,) = re.findall(r"set colours = (\d+)", texts["charts"])
    fills = {}
    for name in ("charts", page):
        fills |= dict(re.findall(r"\.k(\d+) \{ fill: (#\w+)", texts[name]))
    assert set(map(int, fills)) == set(range(int(colours)))
    assert len(set(fills.values())) == len(fills)
    shipped = shipped_folder("simulations").rglob("*.yaml")
    assert int(colours) >= max(1 + len(read_document(path).data.get("variants", {})) for path in shipped) == 8


def test_what_a_page_shows_by_colour_or_keeps_folded_is_on_paper_too():
    """Browsers leave backgrounds out of print, and what a closed heading folds away."""
    texts = {template.stem: template.read_text(encoding="utf-8") for template in TEMPLATES}
    (bar,) = re.findall(r"td\.bar span \{[^}]*\}", texts["results"])
    assert "print-color-adjust: exact" in bar
    assert "@media print { details::details-content { content-visibility: visible; } }" in texts["quality"]

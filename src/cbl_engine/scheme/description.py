"""A document in sections, as people read it: plain text, Markdown, or parts for a page.

It knows nothing of schemes. :mod:`cbl_engine.scheme.describe` fills it, and a page's template goes
through the same parts.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "ours, not the council's"
_MARKS = re.compile(r"([\\`*<>\[\]|~])|(?<!\w)_|_(?!\w)")
_BEGINNING = re.compile(r"^(\d*)(?=[#+=-]|(?<=\d)[.)])")
_URL = re.compile(r"https?://[^\s<>\"]+", re.ASCII)


@dataclass(frozen=True)
class Line:
    """A paragraph or an item of a list, with what belongs under it.

    Attributes:
        text: plain English.
        name: what it is called in the scheme file; empty where that does not matter.
        source: where the rule was read, as the scheme has it (``P1 section 4; P2``).
        ours: the rule is illustrative: not the council's.
        rule: text of the scheme file that is shown as it stands, such as SQL.
        url: address of a source; anything but http and https is shown and never linked.
        under: what belongs to it.
    """

    text: str
    name: str = ""
    source: str | None = None
    ours: bool = False
    rule: str = ""
    url: str | None = None
    under: tuple[Line, ...] = ()

    @property
    def link(self) -> str | None:
        """The address, when it is one that may be followed."""
        return self.url if self.url and _URL.fullmatch(self.url) else None

    @property
    def marks(self) -> str:
        """Source and standing, as they follow the text: `` [P1 section 4] (ours, ...)``."""
        return (f" [{self.source}]" if self.source else "") + (f" ({OURS})" if self.ours else "")


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the first column names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, in this order; empty parts are left out.

    Attributes:
        title: the heading.
        paragraphs: sentences before the list.
        items: a list; ``numbered`` when its order matters.
        table: a table after the list.
        sections: parts with headings of their own.
    """

    title: str
    paragraphs: tuple[Line, ...] = ()
    items: tuple[Line, ...] = ()
    numbered: bool = False
    table: Table | None = None
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Description:
    """A document: a title, a few lines under it, and sections.

    Attributes:
        title: what it is about.
        head: lines under the title.
        sections: in reading order.
    """

    title: str
    head: tuple[Line, ...]
    sections: tuple[Section, ...]

    def text(self, width: int = 88) -> str:
        """The document as plain text, wrapped at ``width`` [characters]; rules are not wrapped."""
        lines = [*_wrapped(self.title, width), "=" * min(len(self.title), width), ""]
        for line in self.head:
            lines += [*_text_line(line, width, ""), ""]
        for section in self.sections:
            lines += [*_text_section(section, width, "-"), ""]
        return "\n".join(lines).rstrip() + "\n"

    def markdown(self) -> str:
        """The document as Markdown, every mark in the scheme's own words escaped."""
        blocks = [f"# {_escaped(self.title)}", *(_markdown_words(line) for line in self.head)]
        for section in self.sections:
            blocks += _markdown_section(section, 2)
        return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )


def _words(line: Line) -> str:
    """One line's words, its name before them and its marks after."""
    url = f" {line.url}" if line.url else ""
    return (f"{line.name}: " if line.name else "") + line.text + url + line.marks


def _text_line(line: Line, width: int, indent: str, bullet: str = "") -> list[str]:
    inner = indent + " " * len(bullet)
    lines = _wrapped(_words(line), width, indent + bullet, inner)
    lines += [f"{inner}    {part}" for part in line.rule.splitlines()]
    for part in line.under:
        lines += _text_line(part, width, inner, "- ")
    return lines


def _text_section(section: Section, width: int, underline: str) -> list[str]:
    lines = [section.title, underline * min(len(section.title), width)]
    for paragraph in section.paragraphs:
        lines += [*_text_line(paragraph, width, ""), ""]
    for number, item in enumerate(section.items, 1):
        lines += _text_line(item, width, "  ", f"{number}. " if section.numbered else "- ")
    if section.table is not None:
        head = section.table.head
        for first, *rest in section.table.rows:
            cells = [f"{h}: {c}" for h, c in zip(head[1:], rest, strict=True) if c]
            lines += _wrapped(f"{first}. " + ". ".join(cells), width, "  - ", "    ")
    for inner in section.sections:
        lines += [*([""] if lines[-1] else []), *_text_section(inner, width, ".")]
    return lines if lines[-1] else lines[:-1]


def _escaped(text: str) -> str:
    """Plain words in which nothing is Markdown's; a text is one line."""
    marked = _MARKS.sub(lambda m: "\\" + m.group(), " ".join(text.split()))
    return _BEGINNING.sub(r"\1\\", marked)


def _code(text: str) -> str:
    """A name or one line of a rule, set as code whatever backticks it holds."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _markdown_words(line: Line) -> str:
    url = f" <{line.link}>" if line.link else f" {_escaped(line.url)}" if line.url else ""
    source = f" \\[{_escaped(line.source)}\\]" if line.source else ""
    name = f"{_code(line.name)}: " if line.name else ""
    ours = f" *({OURS})*" if line.ours else ""
    return f"{name}{_escaped(line.text)}{url}{source}{ours}"


def _markdown_item(line: Line, indent: str, bullet: str) -> Iterator[str]:
    inner = indent + " " * len(bullet)
    yield indent + bullet + _markdown_words(line)
    if line.rule:
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`*", line.rule)))
        yield ""
        yield inner + fence
        yield from (inner + part for part in line.rule.splitlines())
        yield inner + fence
        yield ""
    for part in line.under:
        yield from _markdown_item(part, inner, "- ")


def _markdown_section(section: Section, level: int) -> list[str]:
    blocks = ["#" * level + " " + _escaped(section.title)]
    for line in section.paragraphs:
        blocks.append(_markdown_words(line))
        under = [part for item in line.under for part in _markdown_item(item, "", "- ")]
        blocks += ["\n".join(under).rstrip()] if under else []
    if section.items:
        lines = [
            part
            for number, item in enumerate(section.items, 1)
            for part in _markdown_item(item, "", f"{number}. " if section.numbered else "- ")
        ]
        blocks.append("\n".join(lines).rstrip())
    if section.table is not None:
        rows = [section.table.head, ("---",) * len(section.table.head)]
        rows += [tuple(map(_escaped, row)) for row in section.table.rows]
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    for inner in section.sections:
        blocks += _markdown_section(inner, level + 1)
    return blocks

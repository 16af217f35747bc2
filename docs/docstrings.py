"""For the Python reference: what docstrings say in reStructuredText is shown as Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|data|mod):`~?([^`]+)`")
LITERAL = re.compile(r"^::\n|:(?=:$)", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites docstrings before they are read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """``:class:`~a.b.Name``` becomes the name in code; two colons before a block become one."""
        if obj.docstring:
            named = ROLE.sub(lambda found: f"`{found[1].rsplit('.', 1)[-1]}`", obj.docstring.value)
            obj.docstring.value = LITERAL.sub("", named)

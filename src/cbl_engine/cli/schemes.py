"""Commands that read a scheme and nothing else: in words, two side by side, and for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import day, give


def describe(
    scheme: str,
    /,
    *,
    format: Literal["text", "markdown", "html"] = "text",
    as_at: str | None = None,
    out: Path | None = None,
) -> int:
    """Read a scheme back in plain English, with its rules as written at the end.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one (sheffield).
    format
        text to read here, markdown, or html for a page of its own.
    as_at
        The version in force on this date, YYYY-MM-DD, with the numbers then; left out, the latest
        version with every dated number.
    out
        File to write; left out, it is printed.
    """
    from cbl_engine.scheme import describe as describe_scheme
    from cbl_engine.scheme import load_scheme

    description = describe_scheme(load_scheme(scheme), day(as_at) if as_at is not None else None)
    if format == "html":
        from cbl_engine.report import scheme_page

        text = scheme_page(description)
    else:
        text = description.markdown() if format == "markdown" else description.text()
    give(text, out)
    return 0


def diff(
    old: str,
    new: str,
    /,
    *,
    format: Literal["text", "markdown", "json"] = "text",
    as_at: str | None = None,
) -> int:
    """Compare two schemes in words, what can alter a shortlist first.

    Exit code: 0 when no rule differs (words and sources may), 1 when a rule does, 2 for bad input.

    Parameters
    ----------
    old
        The scheme before: a file, a folder of versions, or the name of a shipped one.
    new
        The scheme after, likewise.
    format
        text to read, markdown, or json for programs.
    as_at
        Compare the versions in force on this date, YYYY-MM-DD; left out, the latest ones.
    """
    import json

    from cbl_engine.scheme import changes_described, load_scheme, scheme_changes

    changes = scheme_changes(load_scheme(old), load_scheme(new), day(as_at) if as_at is not None else None)
    if format == "json":
        rows = [change.as_dict() for change in changes]
        give(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", None)
    else:
        described = changes_described(changes, old, new)
        give(described.markdown() if format == "markdown" else described.text(), None)
    return int(any(change.concerns != "words" for change in changes))


def schema(
    *, scenario: Annotated[bool, Parameter(negative="")] = False, out: Path | None = None
) -> int:
    """Print the JSON Schema of scheme files, for completion and help in editors.

    Parameters
    ----------
    scenario
        The schema of scenario files, which cbl simulate and cbl compare read.
    out
        File to write, such as scheme.schema.json beside your scheme; left out, it is printed.
    """
    if scenario:
        from cbl_engine.simulate.json_schema import scenario_schema_text as text
    else:
        from cbl_engine.scheme import json_schema_text as text

    give(text(), out)
    return 0

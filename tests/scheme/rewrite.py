"""The words of every shipped scheme, kept as files: ``python -m tests.scheme.rewrite`` writes them.

Every scheme under ``scenarios/schemes`` is found by itself; so are the template and the samplers
of an assessment and of offers. A scheme with several versions has a file for each.
"""

from __future__ import annotations

from pathlib import Path

from cbl_engine.scheme import describe, load_scheme, shipped_schemes
from cbl_engine.shipped import shipped_folder

FOLDER = Path(__file__).parent / "snapshots"


def words() -> dict[str, str]:
    """File name -> the scheme in Markdown."""
    paths = shipped_schemes() | {
        "template": shipped_folder("templates") / "scheme.yaml",
        "assessment_sampler": shipped_folder("cases") / "schemes/assessment_sampler.yaml",
        "offers_sampler": shipped_folder("cases") / "schemes/offers_sampler.yaml",
    }
    found = {}
    for name, path in paths.items():
        versions = load_scheme(path).versions
        for version in versions:
            dated = f"-{version.in_force.from_}" if len(versions) > 1 else ""
            found[f"{name}{dated}.md"] = describe(version).markdown()
    return found


def main() -> None:
    wanted = words()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"Wrote {len(wanted)} files to {FOLDER}")


if __name__ == "__main__":
    main()

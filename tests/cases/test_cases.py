"""Every shipped case passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cbl_engine.cases import case_paths, read_cases, run_case
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from cbl_engine.cases import Case, CaseFile

_FILES = [read_cases(path) for path in case_paths(shipped_folder("cases"))]
_CASES = [
    pytest.param(case, file, id=f"{file.path.stem}: {case.name}")
    for file in _FILES
    for case in file.cases
]


@pytest.mark.parametrize(("case", "file"), _CASES)
def test_case(case: Case, file: CaseFile) -> None:
    result = run_case(case, file)
    assert result.passed, "\n".join(result.differences)


@pytest.mark.parametrize(
    "number", [*range(1, 20), *range(24, 33), 39, 40]
)
def test_numbered_case_is_covered(number: int) -> None:
    """Each numbered case stands once, by the number that its source gives."""
    sources = [case.source or "" for file in _FILES for case in file.cases]
    assert sum(source.endswith(f"case {number}") for source in sources) == 1


def test_sources_are_those_of_the_scheme() -> None:
    for file in _FILES:
        known = {name for version in file.scheme.versions for name in version.sources}
        for case in file.cases:
            named = {part.strip() for part in (case.source or "").split(";")}
            named = {name for name in named if not name.startswith("shortlisting case")}
            assert named, case.name
            assert named <= known, case.name

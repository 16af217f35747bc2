"""Golden cases: small situations with the shortlist they must give, in YAML that officers can read.

``docs/cases.md`` shows the format; a council keeps its own beside its scheme.
"""

from cbl_engine.cases.build import Case
from cbl_engine.cases.read import CaseFile, case_paths, read_cases
from cbl_engine.cases.run import CaseResult, run_case, run_cases

__all__ = [
    "Case",
    "CaseFile",
    "CaseResult",
    "case_paths",
    "read_cases",
    "run_case",
    "run_cases",
]

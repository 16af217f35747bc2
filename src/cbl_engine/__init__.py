"""cbl_engine: the open engine for choice-based lettings.

Everything public is here and is imported when first used::

    import cbl_engine as cbl

    scheme = cbl.load_scheme("sheffield")
    prepared = cbl.prepare(scheme, register, as_at="close")
    result = cbl.shortlist(prepared, adverts, bids, homes)
    print(cbl.explain(result, "ADV000001", "P0000120").text())

or in one call, from files to a run folder: ``cbl.run_shortlist("sheffield", "riverton")``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cbl_engine.version import __version__

if TYPE_CHECKING:
    from cbl_engine.assess import (
        Assessed,
        assess,
        bedroom_need,
        explain_bedrooms,
        statutory_overcrowding,
    )
    from cbl_engine.cases import run_cases
    from cbl_engine.compare import compare, rerun
    from cbl_engine.errors import (
        BadInput,
        CaseError,
        CblError,
        Problem,
        PropertyError,
        RunError,
        SchemeError,
        TableError,
    )
    from cbl_engine.export import write_run_to_excel, write_run_to_sql
    from cbl_engine.quality import data_quality, extract_request
    from cbl_engine.records import (
        audit_state,
        check_inputs,
        feedback,
        read_run,
        read_state,
        record_cycle,
        replay_run,
        replay_state,
        run_assessment,
        run_shortlist,
        write_run,
    )
    from cbl_engine.report import draft_letter, explain_assessment
    from cbl_engine.sample import sample_borough
    from cbl_engine.scheme import (
        Scheme,
        describe,
        lint,
        load_scheme,
        scheme_changes,
        scheme_from_text,
    )
    from cbl_engine.shortlist import Explanation, Prepared, Shortlist, explain, prepare, shortlist
    from cbl_engine.simulate import read_scenario, simulate
    from cbl_engine.tables import data_dictionary, read_tables, validate_frames, write_tables

__all__ = [
    "Assessed",
    "BadInput",
    "CaseError",
    "CblError",
    "Explanation",
    "Prepared",
    "Problem",
    "PropertyError",
    "RunError",
    "Scheme",
    "SchemeError",
    "Shortlist",
    "TableError",
    "__version__",
    "assess",
    "audit_state",
    "bedroom_need",
    "check_inputs",
    "compare",
    "data_dictionary",
    "data_quality",
    "describe",
    "draft_letter",
    "explain",
    "explain_assessment",
    "explain_bedrooms",
    "extract_request",
    "feedback",
    "lint",
    "load_scheme",
    "prepare",
    "read_run",
    "read_scenario",
    "read_state",
    "read_tables",
    "record_cycle",
    "replay_run",
    "replay_state",
    "rerun",
    "run_assessment",
    "run_cases",
    "run_shortlist",
    "sample_borough",
    "scheme_changes",
    "scheme_from_text",
    "shortlist",
    "simulate",
    "statutory_overcrowding",
    "validate_frames",
    "write_run",
    "write_run_to_excel",
    "write_run_to_sql",
    "write_tables",
]

_ROOMS = {
    "assess": (
        "Assessed", "assess", "bedroom_need", "explain_bedrooms", "statutory_overcrowding",
    ),
    "cases": ("run_cases",),
    "compare": ("compare", "rerun"),
    "errors": (
        "BadInput", "CaseError", "CblError", "Problem", "PropertyError", "RunError", "SchemeError",
        "TableError",
    ),
    "export": ("write_run_to_excel", "write_run_to_sql"),
    "quality": ("data_quality", "extract_request"),
    "records": (
        "audit_state", "check_inputs", "feedback", "read_run", "read_state", "record_cycle",
        "replay_run", "replay_state", "run_assessment", "run_shortlist", "write_run",
    ),
    "report": ("draft_letter", "explain_assessment"),
    "sample": ("sample_borough",),
    "scheme": (
        "Scheme", "describe", "lint", "load_scheme", "scheme_changes", "scheme_from_text",
    ),
    "shortlist": ("Explanation", "Prepared", "Shortlist", "explain", "prepare", "shortlist"),
    "simulate": ("read_scenario", "simulate"),
    "tables": ("data_dictionary", "read_tables", "validate_frames", "write_tables"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


class _Package(ModuleType):
    """The package's own module: a public function wins over the room that has its name.

    Importing ``cbl_engine.shortlist`` makes Python bind the room to the package's attribute
    ``shortlist``, which is the name of the function people call; likewise ``assess``, ``compare``
    and ``simulate``.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _ROOM_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"cbl_engine.{_ROOM_OF[name]}"), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _ROOM_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package

"""Results carried out: a run folder as an Excel workbook, or as tables of an SQL database."""

from __future__ import annotations

from cbl_engine.export.database import write_run_to_sql
from cbl_engine.export.workbook import write_run_to_excel

__all__ = ["write_run_to_excel", "write_run_to_sql"]

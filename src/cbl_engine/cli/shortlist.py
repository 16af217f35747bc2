"""``cbl shortlist``, ``validate``, ``explain`` and ``check``: the core on a folder of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Format = Literal["table", "csv", "json", "parquet"]
AUDIENCE = Literal["officer", "applicant"]


def shortlist(
    scheme: str,
    /,
    *,
    data: str,
    mapping: Path | None = None,
    as_at: str = "close",
    out: Path | None = None,
    advert: str | None = None,
    format: Format = "table",
    seed: int = 0,
    verify: Literal["sample", "full"] = "sample",
    lenient: Annotated[bool, Parameter(negative="")] = False,
    replace: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Shortlist every advert: who is eligible, in what order, and why. An officer's tool.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one (sheffield).
    data
        Folder of tables (applications, adverts, bids, ...), an Excel workbook (.xlsx), a database
        (sqlite:///file.db, postgresql://user@host/name), or a shipped borough (riverton).
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    as_at
        The date facts are judged at, YYYY-MM-DD, or close for each advert's own closing date.
    out
        Run folder to write: inputs read, every position, every reason, hashes.
    advert
        Show one advert's whole list instead of a line for each advert.
    format
        table to read; csv, json or parquet have a row for every bid.
    seed
        For lotteries and for the sample that is checked row by row.
    verify
        full checks every bid row by row however many there are.
    lenient
        Leave out bad rows (they are reported and kept) instead of refusing.
    replace
        Replace a run folder that is there.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import run_shortlist

    with show.steps() as on_step:
        result = run_shortlist(
            scheme, data, show.as_at_date(as_at), out, seed=seed, strict=not lenient,
            verify=verify, replace=replace, on_step=on_step,
            on_problems=show.show_problems, on_notes=show.show_notes, mapping=mapping,
        )
    show.show_shortlist(result, advert, format, out)
    return 0


def validate(
    scheme: str,
    /,
    *,
    data: str | None = None,
    mapping: Path | None = None,
    as_at: str = "close",
    use: Annotated[Literal["shortlist", "assessment"] | None, Parameter(name="--for")] = None,
    report: Path | None = None,
    problems: Path | None = None,
    format: Format = "table",
) -> int:
    """Look for everything wrong in a scheme and its data, in one report. An officer's tool.

    The data are looked at for a shortlist and, where the scheme assesses, for the assessment, as
    far as their tables are there: a register alone will do. What was not looked at is said.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one.
    data
        Folder of tables, an Excel workbook, a database or a shipped borough, as for shortlist;
        left out, the scheme alone is looked at.
    mapping
        How the data become our tables; left out, the folder's own tables.yaml or mapping.yaml.
    as_at
        The date the data would be judged at, or close.
    use
        What the data are for, so that all it needs must be there and nothing else is asked:
        shortlist (without an assessment) or assessment (without adverts and bids).
    report
        Write a page on the quality of the data there (HTML, for officers).
    problems
        Write every bad row there, as Parquet.
    format
        table to read; csv, json or parquet with a row for every problem and finding.
    """
    from cbl_engine.cli import show
    from cbl_engine.cli.given import check_written
    from cbl_engine.records import check_inputs
    from cbl_engine.scheme import lint

    check_written(report, "--report", ".html")

    with show.steps() as on_step:
        on_step("Checking")
        inputs = check_inputs(scheme, data, show.as_at_date(as_at), mapping, use)
        tables = inputs.tables.frames if inputs.tables is not None else {}
        findings = lint(inputs.scheme, tables) if inputs.scheme is not None else []
    if problems is not None and inputs.tables is not None:
        show.write_problems(inputs.tables.rejected, problems)
    if report is not None:
        show.write_quality_page(inputs, data, show.as_at_date(as_at), report)
    show.show_report(inputs, findings, format)
    return 2 if inputs.problems else 0


def explain(
    *,
    run: Path,
    advert: str,
    application: str,
    audience: AUDIENCE = "applicant",
    format: Literal["table", "json"] = "table",
) -> int:
    """Explain one bid of a run: eligible or not and why, position, what decided.

    Parameters
    ----------
    run
        Run folder written by cbl shortlist --out.
    advert
        Id of the advert.
    application
        Id of the application.
    audience
        applicant: own facts and counts only, nothing about a rival. officer: the bids above too.
    format
        table to read, json for programs.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import explain_run

    show.show_explanation(explain_run(run, advert, application, audience), format)
    return 0


def check(
    *cases: Path,
    format: Format = "table",
) -> int:
    """Run golden cases: files or folders of YAML; those shipped without any. An officer's tool.

    Parameters
    ----------
    cases
        Case files, or folders of them; or names of shipped schemes, for the cases shipped with them.
    format
        table to read; csv, json or parquet with a row for every case.
    """
    from cbl_engine.cases import run_cases
    from cbl_engine.cli import show
    from cbl_engine.shipped import shipped_folder

    with show.steps() as on_step:
        on_step("Running cases")
        results = run_cases(list(cases) or [shipped_folder("cases")])
    show.show_cases(results, format)
    return 0 if all(r.passed for r in results) else 1

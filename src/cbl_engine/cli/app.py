"""Commands of ``cbl``. Exit codes: 0 all well, 1 cases that fail, 2 bad input, 3 engine defect.

Nothing heavy is imported until a command runs, so ``cbl --help`` stays quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cbl_engine.version import __version__

Format = Literal["table", "csv", "json", "parquet"]
AUDIENCE = Literal["officer", "applicant"]

app = App(
    name="cbl",
    help="The open engine for choice-based lettings.",
    version=__version__,
    help_format="plaintext",
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and turn every error into lines and an exit code.

    Args:
        arguments: what was typed after ``cbl``; None takes it from the process.
    """
    from cbl_engine.errors import BadInput, CblError

    app.resolved_commands()  # modules of commands are light, and have no help until imported
    try:
        sys.exit(app(sys.argv[1:] if arguments is None else arguments) or 0)
    except BadInput as error:
        from cbl_engine.cli.show import show_problems

        show_problems(error.problems)
        sys.exit(error.exit_code)
    except CblError as error:
        sys.stderr.write(f"cbl: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("cbl: stopped; nothing was written\n")
        sys.exit(130)


@app.command
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


@app.command
def validate(
    scheme: str,
    /,
    *,
    data: str | None = None,
    mapping: Path | None = None,
    as_at: str = "close",
    report: Path | None = None,
    problems: Path | None = None,
    format: Format = "table",
) -> int:
    """Look for everything wrong in a scheme and its data, in one report. An officer's tool.

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
    report
        Write a page on the quality of the data there (HTML, for officers).
    problems
        Write every bad row there, as Parquet.
    format
        table to read; csv, json or parquet with a row for every problem and finding.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import check_inputs
    from cbl_engine.scheme import lint

    with show.steps() as on_step:
        on_step("Checking")
        inputs = check_inputs(scheme, data, show.as_at_date(as_at), mapping)
        tables = inputs.tables.frames if inputs.tables is not None else {}
        findings = lint(inputs.scheme, tables) if inputs.scheme is not None else []
    if problems is not None and inputs.tables is not None:
        show.write_problems(inputs.tables.rejected, problems)
    if report is not None:
        show.write_quality_page(inputs, data, show.as_at_date(as_at), report)
    show.show_report(inputs, findings, format)
    return 2 if inputs.problems else 0


@app.command
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


@app.command
def check(
    *cases: Path,
    format: Format = "table",
) -> int:
    """Run golden cases: files or folders of YAML; those shipped without any. An officer's tool.

    Parameters
    ----------
    cases
        Case files, or folders of them.
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


@app.command
def sample(
    out: Path,
    /,
    *,
    households: int = 2_000,
    adverts: int = 40,
    seed: int = 1,
    profiles: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    bands: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    district: str | None = None,
    scheme: str | None = None,
    format: Literal["csv", "parquet"] = "csv",
) -> int:
    """Make a synthetic borough from published shares: register, homes, adverts and bids.

    Parameters
    ----------
    out
        Folder to write; it must not be there yet.
    households
        Applications on the register.
    adverts
        Homes advertised.
    seed
        The same seed gives the same borough.
    profiles
        Names of lettings profiles for the adverts, in turn; left out, adverts name none.
    bands
        Names of the bands, from the greatest need down; left out, A to E.
    district
        Id of the district area, as the scheme's connection facts have it; left out, riverton.
    scheme
        A scheme to try on it: its profiles, bands, district and landlords then stand in for those
        left out, and its own columns are there, empty where nothing is known.
    format
        csv or parquet.
    """
    from cbl_engine.cli import show
    from cbl_engine.errors import Problem, TableError
    from cbl_engine.sample import write_borough

    if out.exists():
        raise TableError(
            [Problem("folder_in_the_way", "the folder is there already", where=str(out))]
        )
    from cbl_engine.scheme import load_scheme

    given = {"profiles": profiles, "bands": bands, "district": district}
    chosen: Any = {name: value for name, value in given.items() if value is not None}
    with show.steps() as on_step:
        on_step(f"Making a borough of {households:,} households")
        files = write_borough(
            out, format, load_scheme(scheme) if scheme is not None else None,
            households=households, adverts=adverts, seed=seed, **chosen,
        )
    show.show_files(files, out)
    return 0


@app.command
def init(out: Path = Path("scheme.yaml"), /) -> int:
    """Write a commented scheme to start from. It loads as it is.

    Parameters
    ----------
    out
        File to write; it must not be there yet.
    """
    from cbl_engine.errors import Problem, SchemeError
    from cbl_engine.shipped import shipped_folder

    if out.exists():
        raise SchemeError([Problem("file_in_the_way", "the file is there already", where=str(out))])
    text = (shipped_folder("templates") / "scheme.yaml").read_text(encoding="utf-8")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemeError(
            [Problem("file_not_written", f"the file cannot be written: {error.strerror}",
                     where=str(out))]
        ) from None
    sys.stdout.write(f"Wrote {out}. Look at it with: cbl validate {out}\n")
    return 0


app.command("cbl_engine.cli.schemes:describe")
app.command("cbl_engine.cli.schemes:diff")
app.command("cbl_engine.cli.schemes:schema")
app.command("cbl_engine.cli.replay:replay")
app.command("cbl_engine.cli.feedback:feedback")
app.command("cbl_engine.cli.doors:export")
app.command("cbl_engine.cli.doors:extract_request")
app.command("cbl_engine.cli.assess:assess")
app.command("cbl_engine.cli.assess:letter")
app.command("cbl_engine.cli.register:register")
app.command("cbl_engine.cli.movers:movers")
app.command("cbl_engine.cli.bid:bid")
app.command("cbl_engine.cli.cycle:cycle")
app.command("cbl_engine.cli.cycle:waiting")
app.command("cbl_engine.cli.state:audit")
app.command("cbl_engine.cli.state:erase")
app.command("cbl_engine.cli.state:retention")
app.command("cbl_engine.cli.results:results")
app.command("cbl_engine.cli.results:sar")
app.command("cbl_engine.cli.notice:notice")
app.command("cbl_engine.cli.rerun:rerun")
app.command("cbl_engine.cli.calibrate:calibrate")
app.command("cbl_engine.cli.simulate:simulate")
app.command("cbl_engine.cli.trace:trace")
app.command("cbl_engine.cli.compare:compare")
app.command("cbl_engine.cli.compare:report")
app.command("cbl_engine.cli.bench_policy:bench_policy")
app.command("cbl_engine.cli.backtest:backtest")
app.command("cbl_engine.cli.scheme_change:scheme_change")
app.command("cbl_engine.cli.packs:monthly")
app.command("cbl_engine.cli.packs:landlords")
app.command("cbl_engine.cli.packs:lettings_plan")
app.command("cbl_engine.cli.prospects:prospects")
app.command("cbl_engine.cli.case_bundle:case_bundle")

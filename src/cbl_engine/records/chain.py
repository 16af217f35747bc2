"""The one-call chain: scheme and data from files, every problem in one report, a run folder out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl

from cbl_engine.assess import assessment_problems, assessment_tables
from cbl_engine.errors import BadInput, Problem, SchemeError, TableError
from cbl_engine.offers.unknown_names import unknown_names
from cbl_engine.records.folder import read_run, write_run
from cbl_engine.records.places import STATE, kind_of
from cbl_engine.records.reads import extra_columns
from cbl_engine.scheme import load_scheme
from cbl_engine.shipped import shipped_folder
from cbl_engine.shortlist import explain, prepare, shortlist
from cbl_engine.shortlist.advert_columns import NOT_THERE, columns_not_there
from cbl_engine.shortlist.adverts import arrange_adverts
from cbl_engine.shortlist.register_check import bands_in_order, register_problems
from cbl_engine.shortlist.run import bid_problems
from cbl_engine.tables import Tables, read_tables
from cbl_engine.tables.ordinals import as_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from cbl_engine.scheme import Scheme
    from cbl_engine.shortlist import Explanation, Shortlist
    from cbl_engine.shortlist.explanation import Audience
    from cbl_engine.shortlist.verify import Extent


Use = Literal["shortlist", "assessment"]
"""What data are for."""

_LISTS = ("adverts", "bids")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What was found in a scheme and a data folder.

    Attributes:
        scheme: None when it cannot be loaded.
        tables: None when the folder cannot be read.
        problems: everything wrong, the scheme's first.
        not_looked_at: what the data were not looked at for, and which tables that would need.
    """

    scheme: Scheme | None
    tables: Tables | None
    problems: tuple[Problem, ...]
    not_looked_at: tuple[Problem, ...] = ()


def data_source(data: str | Path) -> str | Path:
    """A path or database URL as it is, or the folder of shipped data of a name; a path wins.

    Raises:
        TableError: it is a state folder: its facts are kept apart, and no table is read from it.
    """
    if not str(data).strip():
        return data  # which names nothing: told where it is read
    if kind_of(Path(data)) == STATE:
        raise TableError([Problem(
            "state_as_data", "this is a state folder, and no data", where=str(data),
            allowed="a folder of tables, a workbook, a database or the name of a shipped borough",
            remedy="Give the tables that its record was made from; cbl cycle --state goes on from it")])
    if Path(data).exists():
        return data
    for kind in ("boroughs", "exports", "histories"):
        shipped = shipped_folder(kind) / str(data)
        if shipped.is_dir():
            return shipped
    return data


def check_inputs(
    scheme: str | Path | Scheme,
    data: str | Path | None,
    as_at: date | Literal["close"] = "close",
    mapping: str | Path | None = None,
    use: Use | None = "shortlist",
    *,
    through_bids: bool = True,
) -> Inputs:
    """Look at a scheme and, if given, the data for it, and collect everything that is wrong.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one.
        data: folder of tables, ``.xlsx`` file, database URL, or the name of a shipped borough;
            None looks at the scheme alone.
        as_at: the date the data would be judged at.
        mapping: how the data become our tables; None takes the folder's own, if any.
        use: what the data are for, the tables of which must be there; None looks at them for
            whatever their tables serve, and says what they do not.
        through_bids: also go through every bid where nothing else keeps them from being ranked;
            False leaves that to the shortlist, which refuses the same.

    Raises:
        BadInput: there is no such use.
    """
    if use is not None and use not in get_args(Use):
        raise BadInput([Problem("unknown_use", "there is nothing that data are used for so",
                                where="use", given=repr(use)[:40], allowed=", ".join(get_args(Use)))])
    problems: list[Problem] = []
    loaded: Scheme | None = None
    try:
        loaded = load_scheme(scheme) if isinstance(scheme, (str, Path)) else scheme
    except SchemeError as error:
        problems += error.problems
    if data is None:
        return Inputs(loaded, None, tuple(problems))
    tables: Tables | None = None
    try:
        tables = read_tables(
            data_source(data), extra_columns(loaded) if loaded else {},
            needs=("applications", *(_LISTS if use == "shortlist" else ())),
            together=() if use == "assessment" else _LISTS, mapping=mapping, strict=False,
        )
        problems += tables.problems
    except TableError as error:
        problems += error.problems
    aside: list[Problem] = []
    if loaded is not None and tables is not None and "applications" in tables.frames:
        uses = (use,) if use is not None else _served(loaded, tables, as_at, aside)
        if "shortlist" in uses:
            problems += _together(loaded, tables, as_at, through_bids)
        if "assessment" in uses:
            problems += assessment_problems(loaded, tables.frames, as_at)
        if use is None:
            problems += unknown_names(loaded, tables.frames)
        refused = _refused(tables)
        problems = [p for p in problems if p.kind != "missing_table" or p.where not in refused]
    return Inputs(loaded, tables, tuple(dict.fromkeys(problems)), tuple(aside))


def _served(
    scheme: Scheme, tables: Tables, as_at: date | Literal["close"], aside: list[Problem]
) -> Iterator[Use]:
    """What the tables serve; what they do not, since some are not there at all, is told."""
    there = set(tables.sources)
    yield "shortlist"
    if not there & set(_LISTS):
        aside.append(Problem(
            "not_looked_at", "there are no adverts and bids, so only what it reads of the register "
            "was looked at", where="shortlist",
        ))
    try:
        read = assessment_tables(scheme, as_at)
    except BadInput:
        # Without an assessment there is nothing to look at; a scheme not in force is told so.
        return
    lost = [table for table in read if table not in there]
    if not lost:
        yield "assessment"
        return
    aside.append(Problem(
        "not_looked_at", "it was not looked at, for it reads tables that are not there: "
        f"{', '.join(lost)}", where="assessment", remedy="Add them (they may have no rows)",
    ))


def _refused(tables: Tables) -> set[str]:
    """Tables that are there and cannot be used as a whole, which is told: they are not missing."""
    return set(tables.sources) - set(tables.frames)


def _together(
    scheme: Scheme, tables: Tables, as_at: date | Literal["close"], through_bids: bool
) -> Iterator[Problem]:
    """What is wrong between a scheme and the rows that are good."""
    frames = tables.frames
    found = list(register_problems(scheme, frames, as_at))
    yield from found
    if not {"adverts", "homes"}.isdisjoint(_refused(tables)):
        return  # what a table that was refused would give to adverts is not missing
    if "adverts" not in frames or any(problem.kind != "unknown_band" for problem in found):
        if any(problem.kind in NOT_THERE for problem in found):
            yield from columns_not_there(
                scheme.versions if as_at == "close" else (scheme.in_force(as_at),), frames)
        return
    # Bands the scheme has not are told already; without them adverts and bids can be looked at too.
    applications = frames["applications"]
    unranked = applications["id"].clear()
    if found:
        known = pl.col("band").is_in(bands_in_order(scheme))
        unranked = applications.filter(~known)["id"]
        applications = applications.with_columns(pl.when(known).then("band").alias("band"))
    try:
        prepared = prepare(scheme, {**frames, "applications": applications}, as_at)
        arranged = arrange_adverts(prepared, frames["adverts"], frames.get("homes"), 0)
        # Whose band the scheme has not has keys that would be told as not known.
        if through_bids and "bids" in frames:
            yield from bid_problems(prepared, arranged, frames["bids"], unranked)
    except BadInput as error:
        yield from error.problems


def run_shortlist(
    scheme: str | Path | Scheme,
    data: str | Path,
    as_at: date | Literal["close"] = "close",
    out: str | Path | None = None,
    *,
    mapping: str | Path | None = None,
    seed: int = 0,
    strict: bool = True,
    verify: Extent = "sample",
    replace: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
    on_problems: Callable[[Sequence[Problem]], None] = lambda _: None,
    on_notes: Callable[[Sequence[Problem]], None] = lambda _: None,
) -> Shortlist:
    """Shortlist every advert of a data folder, and keep the record.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one.
        data: folder of tables, ``.xlsx`` file, database URL, or the name of a shipped borough.
        as_at: the date facts are judged at, or ``close`` for each advert's closing date.
        out: run folder to write; None writes nothing.
        mapping: how the data become our tables; None takes the folder's own, if any.
        seed: for lotteries and the verified sample.
        strict: False leaves out bad rows instead of refusing; they are in
            ``<out>.problems.parquet`` beside the run folder.
        verify: ``sample`` or ``full``.
        replace: replace a run folder that is there.
        on_step: told the name of each step as it begins.
        on_problems: told what was left out, when not strict.
        on_notes: told what was read otherwise than it is written.

    Returns:
        The :class:`~cbl_engine.shortlist.Shortlist`.

    Raises:
        BadInput: everything wrong with scheme and tables, in one report.
        PropertyError: the output broke a numbered property.
    """
    on_step("Reading the scheme and the tables")
    inputs = check_inputs(scheme, data, as_at, mapping, through_bids=False)
    rejected = inputs.tables.rejected if inputs.tables is not None else pl.DataFrame()
    row_problems = inputs.tables.problems if inputs.tables is not None else ()
    serious = [p for p in inputs.problems if strict or p not in row_problems]
    if serious or inputs.scheme is None or inputs.tables is None:
        raise BadInput(_with_bids(inputs, serious or inputs.problems, as_at))
    frames = inputs.tables.frames
    missing = [t for t in ("applications", "adverts", "bids") if t not in frames]
    if missing:
        raise BadInput(inputs.problems)
    if row_problems:
        on_problems(row_problems)
    if inputs.tables.notes:
        on_notes(inputs.tables.notes)
    on_step("Preparing the register")
    try:
        prepared = prepare(inputs.scheme, frames, as_at)
        on_step("Shortlisting")
        result = shortlist(
            prepared, frames["adverts"], frames["bids"], frames.get("homes"), seed=seed, verify=verify
        )
    except BadInput as error:
        raise type(error)(_with_bids(inputs, error.problems, as_at)) from None
    if out is not None:
        on_step("Writing the run folder")
        write_run(result, frames, out, replace=replace)
        if rejected.height:
            rejected.write_parquet(Path(f"{out}.problems.parquet"))
    return result


def _with_bids(
    inputs: Inputs, found: Sequence[Problem], as_at: date | Literal["close"]
) -> Sequence[Problem]:
    """What keeps a shortlist from being made, with what going through every bid tells beside it."""
    if inputs.scheme is None or inputs.tables is None or "applications" not in inputs.tables.frames:
        return found
    told = {(p.kind, p.where) for p in found} | {("missing_table", t) for t in _refused(inputs.tables)}
    more = _together(inputs.scheme, inputs.tables, as_at, through_bids=True)
    return (*found, *dict.fromkeys(p for p in more if (p.kind, p.where) not in told))


def explain_run(
    run: str | Path, advert: Any, application: Any, audience: Audience = "applicant"
) -> Explanation:
    """Explain one bid of a run folder, from what the folder holds.

    The advert is shortlisted again and compared with the record first.

    Args:
        run: the run folder.
        advert: its id.
        application: its id.
        audience: ``applicant`` or ``officer``.

    Raises:
        RunError: not a run folder, or changed since, or this engine ranks the advert otherwise.
        TableError: there is no such advert, or the application did not bid on it.
    """
    folder = read_run(run)
    advert = as_id(folder.frames["adverts"]["id"], advert)
    if advert not in folder.frames["adverts"]["id"].to_list():
        raise TableError(
            [Problem("unknown_advert", "there is no such advert in the run", where=str(run),
                     given=str(advert))]
        )
    return explain(folder.reproduced([advert]), advert, application, audience)

"""Cases against the engine: what came out, and in words how it differs from what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbl_engine.cases.assessed import assessment_differences
from cbl_engine.cases.cycle import cycle_differences
from cbl_engine.cases.read import case_paths, read_cases
from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, CaseError, Problem
from cbl_engine.scheme.load import load_scheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

    from cbl_engine.cases.build import Case
    from cbl_engine.cases.model import Expected
    from cbl_engine.cases.read import CaseFile
    from cbl_engine.offers.record import Cycle
    from cbl_engine.scheme.load import Scheme

Bid = dict[str, Any]
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@dataclass(frozen=True)
class CaseResult:
    """What one case came to.

    Attributes:
        file: path of its file.
        case: the case.
        passed: everything came out as expected.
        differences: otherwise, one sentence for each thing that did not.
    """

    file: Path
    case: Case
    passed: bool
    differences: tuple[str, ...]


def run_cases(paths: str | Path | Iterable[str | Path]) -> list[CaseResult]:
    """Run every case of these files and folders; a folder means its ``*.yaml`` with cases.

    The name of a shipped scheme means the files that are shipped with it; a path wins.

    Raises:
        CaseError: everything wrong in any of the files; no case is run then.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else paths
    files: list[CaseFile] = []
    problems: list[Problem] = []
    read, load = cache(read_document), cache(load_scheme)
    for path in listed:
        try:
            found = case_paths(path, read)
        except CaseError as error:
            problems += error.problems
            continue
        for file in found:
            try:
                files.append(read_cases(file, read, load))
            except CaseError as error:
                problems += error.problems
    if problems:
        raise CaseError(problems)
    return [run_case(case, file) for file in files for case in file.cases]


def run_case(case: Case, file: CaseFile) -> CaseResult:
    """Run one case of a file."""
    try:
        found = tuple(_found(case, file.scheme))
    except BadInput as error:
        refused = tuple(f"the engine refused it: {p.line()}" for p in error.problems)
        return CaseResult(file.path, case, passed=False, differences=refused)
    return CaseResult(file.path, case, passed=not found, differences=found)


def _found(case: Case, scheme: Scheme) -> Iterator[str]:
    """Differences of the assessment, if the case speaks of it, then of the shortlist, the cycle.

    Where it speaks of an assessment too, the others are of the register as it was assessed.
    """
    register = case.register
    if case.expected.assessed:
        from cbl_engine.assess import assess

        result = assess(scheme, register, case.on)
        yield from assessment_differences(case.expected.assessed, result)
        register = result.register()
    if case.expected.ranks:
        yield from differences(case.expected, _shortlist(case, scheme, register))
    if case.expected.of_cycle:
        cycle = _cycle(case, scheme, register)
        for advert, order in (case.expected.lists or {}).items():
            found = _order(order, _list_of(advert, cycle))
            yield from (f"{advert}: {difference}" for difference in found)
        yield from cycle_differences(case.expected, cycle)


def _cycle(case: Case, scheme: Scheme, register: Mapping[str, pl.DataFrame]) -> Cycle:
    """Everything that happened up to the day of the case, in one cycle."""
    from cbl_engine.offers.cycle import run_cycle
    from cbl_engine.offers.record import Record

    came = {**register, **case.given, "adverts": case.adverts, "homes": case.homes,
            "bids": case.bids}
    return run_cycle(
        Record(), scheme, came, case.on, unattended=case.unattended,
        keep_going=case.expected.clashes is not None, seed=case.seed,
    )


def _list_of(advert: str, cycle: Cycle) -> dict[str, Bid]:
    """Application -> its row of the list of an advert, as at the close."""
    rows = cycle.record.tables["shortlisted"].to_dicts()
    return {r["application"]: r | {"decided_by": None} for r in rows if r["advert"] == advert}


def _shortlist(
    case: Case, scheme: Scheme, register: Mapping[str, pl.DataFrame]
) -> dict[str, Bid]:
    """Application -> its row of the shortlist."""
    from cbl_engine.shortlist import prepare, shortlist

    prepared = prepare(scheme, register, case.as_at)
    result = shortlist(
        prepared, case.adverts, case.bids, homes=case.homes, seed=case.seed, verify="full"
    )
    return {row["application"]: row for row in result.frame().iter_rows(named=True)}


def differences(expected: Expected, bids: Mapping[str, Bid]) -> Iterator[str]:
    """What came out other than expected, a sentence each.

    Args:
        expected: what must come out.
        bids: application -> its row of the shortlist, for every bid that counts.
    """
    ranked = [name for group in expected.order for name in group]
    wanted = {
        name: _outcome("held", expected.held[name]) if name in expected.held else "eligible"
        for name in ranked
    }
    wanted |= {name: _outcome("not eligible", v) for name, v in expected.not_eligible.items()}
    for name, outcome in wanted.items():
        got = _came_out(bids[name]) if name in bids else "no bid that counts"
        if got != outcome:
            yield f"{name}: expected {outcome}, got {got}"
    for name, bid in bids.items():
        if name not in wanted:
            yield f"{name}: not spoken of under expect, but came out {_came_out(bid)}"
    for name, names in expected.not_known.items():
        got = _listed((bids.get(name) or {}).get("unknown") or ())
        if got != _listed(names):
            yield f"{name}: expected not known {_listed(names)}, got {got}"
    yield from _order(expected.order, bids)
    for name, key in expected.decided_by.items():
        got = (bids.get(name) or {}).get("decided_by")
        if got != key:
            yield f"{name}: expected to be decided by {key}, got {got or 'nothing'}"


def _came_out(bid: Bid) -> str:
    if bid["eligible"] is None:
        return _outcome("held", bid["unknown"])
    return "eligible" if bid["eligible"] else _outcome("not eligible", bid["failed"])


def _outcome(word: str, names: Iterable[str]) -> str:
    return f"{word} ({_listed(names)})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _order(
    expected: tuple[tuple[str, ...], ...], bids: Mapping[str, Bid]
) -> Iterator[str]:
    """The first place at which the order differs, and the whole order that came out."""
    wanted = [frozenset(group) for group in expected]
    groups = _groups(bids)
    got = [frozenset(group) for group in groups]
    if wanted == got:
        return
    for index, (hoped, came) in enumerate(zip(wanted, got, strict=False)):
        if hoped != came:
            place = _ORDINALS[index] if index < len(_ORDINALS) else f"at place {index + 1}"
            yield (
                f"expected {_together(hoped)} {place}, got {_together(came)}; "
                f"the order came out as {_in_words(groups, bids)}"
            )
            return
    yield f"the order came out as {_in_words(groups, bids) or 'nobody'}"


def _groups(bids: Mapping[str, Bid]) -> list[list[str]]:
    placed = sorted(
        (b for b in bids.values() if b["position"] is not None), key=lambda b: b["position"]
    )
    groups: list[list[str]] = []
    last = None
    for bid in placed:
        group = bid["tie_group"]
        if group is not None and group == last:
            groups[-1].append(bid["application"])
        else:
            groups.append([bid["application"]])
        last = group
    return groups


def _together(group: Iterable[str]) -> str:
    names = sorted(group)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} as a tie"


def _in_words(groups: list[list[str]], bids: Mapping[str, Bid]) -> str:
    parts = []
    for group in groups:
        key = bids[group[0]]["decided_by"]
        parts.append(_together(group) + (f" (decided by {key})" if key else ""))
    return ", then ".join(parts)

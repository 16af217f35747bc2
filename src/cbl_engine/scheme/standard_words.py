"""A bedroom standard in sentences: who shares, who is counted, the table, the sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.bedrooms import NO_AGE
from cbl_engine.scheme.description import Line
from cbl_engine.scheme.readings import read_expression
from cbl_engine.scheme.standards import resolve_standard, shipped_citation, shipped_standards
from cbl_engine.scheme.words import (
    amount,
    capital,
    column_called,
    dates_in_words,
    listed,
    quoted,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.scheme.bedrooms import BedroomStandard, SizesLet, TableRow
    from cbl_engine.scheme.model import SchemeVersion

_COUPLES = {
    "share": "A couple has one room.",
    "applicant_only": "The applicant and a partner have one room. In any other couple each has a "
    "room.",
    "apart": "Each of a couple has a room.",
}
_APPLICANT = {
    "own_room": "An applicant without a partner has a room at any age.",
    "by_age": "An applicant without a partner has a room by age, as anyone has.",
}
_CANNOT_SHARE = {
    "own_room": "Someone who cannot share a room has one, and a couple of whom one cannot share "
    "has two.",
    "not_counted": "That someone cannot share a room makes no difference.",
}
_UNDER_ONES = {
    "counted": "children under 1",
    "not_counted": "children under 1",
    "twins_counted": "children under 1 when there are two or more",
}
_OTHERS = {
    "foster_children": "foster children",
    "part_time_children": "children with a main home elsewhere",
    "temporarily_away": "people away for now",
    "carers": "carers",
}
_UNKNOWN = {
    "hold": "Where an age, a sex or another fact is missing and matters, the need is not known.",
    "fewest": "Where a fact is missing and matters, the fewest rooms that it may come to are taken.",
    "most": "Where a fact is missing and matters, the most rooms that it may come to are taken.",
}
_NOT_STATED = {
    "unknown": "Where nothing is recorded of whether someone cannot share, is away, is a carer, a "
    "foster child or a child with a main home elsewhere, that is not known.",
    "no": "Where nothing is recorded of whether someone cannot share, is away, is a carer, a "
    "foster child or a child with a main home elsewhere, it is taken that they are not.",
}


def standards_used(version: SchemeVersion) -> list[str]:
    """Names of the bedroom standards a scheme declares, then of the shipped ones it uses."""
    named = [rules.size] if (rules := version.assessment) and rules.size else []
    named += [b for fact in version.facts.values() if (b := getattr(fact, "bedrooms", None))]
    return list(dict.fromkeys((*version.bedroom_standards, *named)))


def standard_in_words(name: str, version: SchemeVersion) -> Line:
    """A standard by its label, with everything it says beneath.

    Args:
        name: one of :func:`standards_used`.
        version: the scheme, whose labels are used.
    """
    declared = version.bedroom_standards.get(name)
    whole = resolve_standard(declared or name)
    if declared is None:
        said = f"A standard that comes with the engine, from: {shipped_citation(name)}"
    elif declared.extends is not None:
        shipped = shipped_standards()[declared.extends]
        said = (f"It begins with {quoted(shipped.label)}, which comes with the engine (from: "
                f"{shipped_citation(declared.extends)}); what the scheme sets itself stands under "
                "The rules as written")
    else:
        said = ""
    whence = [Line(sentence(said))] if said else []
    force = [Line(f"It may be used {dates_in_words(whole.in_force)}.",
                  source=declared.in_force.source if declared and declared.in_force else None)
             ] if whole.in_force is not None else []
    return Line(
        whole.label,
        source=declared.source if declared else None,
        ours=declared.illustrative if declared else False,
        under=(*whence, *force, *_rule(whole, version, lets=_lets(name, version))),
    )


def _lets(name: str, version: SchemeVersion) -> bool:
    """Whether the sizes that may be let go by a standard, as far as the scheme says."""
    size = version.assessment.size if version.assessment else None
    return name == size if size else name in version.bedroom_standards


def _rule(whole: BedroomStandard, version: SchemeVersion, *, lets: bool) -> Iterator[Line]:
    """What a standard says, with what it extends filled in; of sizes where they go by it."""
    if whole.unit == "bed_spaces":
        yield Line("The need is in bed spaces: one for each person counted, whoever may share.")
    else:
        yield from _sharing(whole)
    yield from _counted(whole)
    if whole.extra_rooms is not None:
        yield Line(f"Rooms that an officer has agreed are added: "
                   f"{quoted(column_called(whole.extra_rooms, version))}.")
    if whole.most is not None:
        yield Line(f"The need is never more than {amount(whole.most, 'bedrooms')}.")
    if whole.smallest_room_sq_ft:
        yield Line(f"A bedroom now held that is smaller than {whole.smallest_room_sq_ft:.10g} "
                   "square feet is not counted as held.")
    if whole.table:
        yield Line(
            "The council's table stands above this rule: the first row that applies. A child in it "
            f"is anyone under {whole.children_until}, and another adult is neither the applicant "
            "nor in a couple.",
            under=tuple(_row(row, version) for row in whole.table),
        )
    if lets:
        yield Line(_sizes(whole.sizes, version))
    yield Line(_UNKNOWN[whole.unknown])
    yield Line(_NOT_STATED[whole.not_stated])
    yield from (Line(f"Note: {sentence(note)}") for note in whole.notes)


def _sharing(whole: BedroomStandard) -> Iterator[Line]:
    yield Line("The need is the fewest rooms in which everyone counted can sleep, two to a room at "
               "most.")
    own, same, anyone = whole.own_room_limit(), whole.same_sex_limit(), whole.any_sex_limit()
    yield Line("Age by itself gives nobody a room." if own == NO_AGE else
               f"Everyone of {own} or more has a room, but for couples.")
    low = f" from {whole.same_sex_from} on" if whole.same_sex_from and same else ""
    if same == 0:
        yield Line("That two are of one sex does not let them share.")
    elif same == NO_AGE:
        yield Line(f"Two of one sex may share{low} at any age.")
    else:
        yield Line(f"Two of one sex may share{low} while both are under {same}.")
    yield Line(f"Any two may share while both are under {anyone}." if anyone else
               "Two of opposite sexes do not share, but for couples.")
    yield Line(_COUPLES[whole.couples])
    yield Line(_APPLICANT[whole.applicant])
    yield Line(_CANNOT_SHARE[whole.cannot_share])


def _counted(whole: BedroomStandard) -> Iterator[Line]:
    """Who is counted like anyone, who has one room with others of their kind, and who is not."""
    how: dict[str, list[str]] = {"counted": [], "one_room": [], "not_counted": []}
    how["not_counted" if whole.under_ones == "not_counted" else "counted"].append(
        _UNDER_ONES[whole.under_ones])
    weeks = whole.unborn_from_weeks
    unborn = "children not yet born"
    if weeks == "never" or whole.under_ones == "not_counted":
        how["not_counted"].append(unborn)
    else:
        from_ = f"week {weeks} of pregnancy" if weeks else "the day a pregnancy is recorded"
        sex = ("of the sex that needs the fewest rooms" if whole.unborn_sex == "fewest"
               else "of a sex not known")
        as_ = "among those under 1" if whole.under_ones == "twins_counted" else "as aged 0"
        how["counted"].append(f"{unborn}, from {from_} on, {as_} and {sex}")
    for field, called in _OTHERS.items():
        kind = getattr(whole, field)
        if kind == "one_room" and whole.unit == "bed_spaces" and field != "carers":
            kind = "counted"  # a room for all of them still has a bed for each
        how[kind].append(called)
    one = "room" if whole.unit == "bedrooms" else "bed space"
    leads = {
        "counted": "Counted: {}.",
        "one_room": f"With one {one} for all of their kind: {{}}.",
        "not_counted": "Not counted: {}.",
    }
    for kind, lead in leads.items():
        if how[kind]:
            yield Line(lead.format("; ".join(how[kind])))


def _row(row: TableRow, version: SchemeVersion) -> Line:
    """A row of the council's table."""
    reading = read_expression(row.when, version, "household")
    applies = reading.inline() if reading else f"as the rules as written say ({row.when.strip()})"
    need = "as by the rule" if row.bedrooms is None else amount(row.bedrooms, "bedrooms")
    gives = f"Need: {need}."
    if row.sizes:
        gives += f" Sizes that may be let: {_listed_sizes(row.sizes)}."
    lead = row.label or capital(applies)
    when = (Line(sentence(f"When {applies}")),) if row.label else ()
    return Line(sentence(lead), under=(*when, Line(gives)))


def _listed_sizes(sizes: tuple[int, ...]) -> str:
    said = [str(size) if size else "bedsit" for size in sorted(sizes)]
    return listed(said, "or") + (f" bedroom{'s' * (max(sizes) > 1)}" if any(sizes) else "")


def _sizes(let: SizesLet, version: SchemeVersion) -> str:
    """Sizes that may be let beside the need."""
    parts = []
    if let.smaller:
        low = f", for needs of {amount(let.smaller_from, 'bedrooms')} or more" * bool(
            let.smaller_from)
        below = f", but not below {amount(let.smallest, 'bedrooms')}" * bool(let.smallest)
        parts.append(f"up to {let.smaller} smaller{low}{_for(let.smaller_if, version)}{below}")
    if let.larger:
        parts.append(f"up to {let.larger} larger{_for(let.larger_if, version)}")
    if not parts:
        return "Homes of as many bedrooms as the need may be let, and no others."
    return f"Homes of as many bedrooms as the need may be let, and besides: {'; '.join(parts)}."


def _for(column: str | None, version: SchemeVersion) -> str:
    return f", where {quoted(column_called(column, version))}" if column else ""

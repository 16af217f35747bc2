"""What the law asks of a change of scheme, what the engine could see, and what a person must check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl
from pydantic import Field

from cbl_engine.scheme.lint import lint
from cbl_engine.scheme.parts import Labelled, Name, Part, Source
from cbl_engine.scheme.standards import citation, read_shipped
from cbl_engine.scheme.words import listed
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.assess import Movers
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion

Look = Literal["preference", "qualifying", "unknown", "review", "landlords", "moved", "families",
               "nothing"]
_TESTS = ("qualifying_test_not_named",)
_NOTHING = "Nothing: it is not in a scheme file."


class LegalItem(Labelled):
    """One thing that the law asks."""

    confirmed: bool = Field(description="false: not checked in the text of the law")
    asks: str = Field(description="what, in our words")
    check: str = Field(description="what a person has to check")
    looks: Look = Field(description="what the engine can see of it")
    words: tuple[str, ...] = Field((), description="for preference: what labels of awards speak of")


class SchemeChangeLaw(Part):
    """The items, with their sources."""

    sources: dict[str, Source]
    items: dict[Name, LegalItem]


@dataclass(frozen=True)
class Checked:
    """One item of the checklist.

    Attributes:
        name, label, asks, source, confirmed, check: as of the law's file.
        url: of the first source.
        seen: what the engine could see, in sentences; counts of households in ``counted`` alone.
        counted: what it counted on the register, for officers.
    """

    name: str
    label: str
    asks: str
    source: str
    url: str | None
    confirmed: bool
    check: str
    seen: tuple[str, ...]
    counted: tuple[str, ...]


def legal_checklist(new: Scheme, found: Movers) -> list[Checked]:
    """Every item, with what the engine saw of it in the new scheme and on the register.

    Args:
        new: the scheme to come, as it was read.
        found: who moves.
    """
    law = read_shipped(shipped_folder("law") / "scheme_change.yaml", SchemeChangeLaw)
    out = []
    for name, item in law.items.items():
        seen, counted = _LOOKS[item.looks](_Looked(item, new, found))
        first = (item.source or "").split(" ")[0].rstrip(";")
        source = law.sources.get(first)
        out.append(Checked(
            name, item.label, item.asks, citation(item.source, law.sources),
            None if source is None else source.url, item.confirmed, item.check,
            tuple(seen), tuple(counted)))
    return out


class _Looked(NamedTuple):
    """What is looked at: an item, the new scheme as it was read, and who moves."""

    item: LegalItem
    new: Scheme
    found: Movers


_Seen = tuple[list[str], list[str]]


def _preference(of: _Looked) -> _Seen:
    """Awards whose words speak of the group, and how many of the register hold them."""
    version = of.found.after.version
    rules = version.assessment
    if rules is None:
        return ["The scheme file does not say how households are assessed."], []
    pattern = re.compile("|".join(re.escape(w) for w in of.item.words), re.IGNORECASE)
    mine = {name: award for name, award in rules.awards.items()
            if pattern.search(f"{award.label} {name.replace('_', ' ')}")}
    bands = [f"“{b.label}”" for b in version.bands.values() if pattern.search(b.label)]
    if not mine and bands:
        return [f"No award speaks of it by its words; bands do: {listed(bands, 'and')}."], []
    if not mine:
        return [("No award of the new scheme speaks of it by its words. It may be there under other "
                "words, or be missing.")], []
    seen = [f"Awards whose words speak of it: {listed([_award(version, n) for n in mine], 'and')}."]
    held = of.found.after.trace.awarded.awards
    counts = [held[n].counts for n in mine if n in held]
    if not counts:
        return seen, []
    any_of = counts[0].copy()
    for more in counts[1:]:
        any_of |= more
    frame = pl.DataFrame({"application": of.found.after.assessed["application"], "held": any_of}).join(
        of.found.frame().select("application", "band_new", "move"), on="application")
    holders = frame.filter("held", pl.col("move") != "off")
    bands = holders["band_new"].cast(pl.String).fill_null("no band").value_counts().sort("band_new")
    gone = frame.filter("held", pl.col("move") == "off").height
    by = ", ".join(f"{band}: {n:,}" for band, n in bands.iter_rows())
    return seen, [f"{holders.height:,} households hold one, by band {by or 'none'}"
                  + (f"; {gone:,} who hold one would be off the register." if gone else ".")]


def _award(version: SchemeVersion, name: str) -> str:
    award = version.assessment.awards[name] if version.assessment else None
    if award is None:
        return name
    gives = (f" (band {award.band})" if award.band is not None
             else f" ({award.points} points)" if award.points is not None else "")
    return f"“{award.label}”{gives}"


def _qualifying(of: _Looked) -> _Seen:
    version = of.found.after.version
    rules = version.assessment
    names = rules.qualifies if rules is not None else ()
    seen = [f"Tests of who qualifies: {listed([version.criteria[n].label for n in names], 'and')}."
            if names else "The scheme file has no test of who qualifies."]
    wrong = [f.message for f in lint(of.new) if f.rule in _TESTS]
    seen += [f"The check of the scheme file warns: {message}." for message in wrong]
    if not wrong and names:
        seen.append("The check of the scheme file finds no test of local connection or residence "
                    "that shuts out those whom regulations exempt.")
    n = of.found.frame().filter(move="off").height
    return seen, [f"{n:,} households would no longer be on the register."]


def _unknown(of: _Looked) -> _Seen:
    version = of.found.after.version
    if not version.unknown:
        return ["The scheme file names nothing that no source says."], []
    return [f"The scheme file names {len(version.unknown)} things that no source says: "
            + "; ".join(text.rstrip(".") for text in version.unknown) + "."], []


def _review(of: _Looked) -> _Seen:
    review = of.found.after.version.review
    if review is None:
        return [("The scheme file does not say how a review is asked for; drafts of letters leave "
                "it to fill in.")], []
    within = "no time is given" if review.within_days is None else f"{review.within_days} days"
    return [f"The scheme file has a right to a review: {within} to ask"
            + ("" if review.answer_days is None else f", {review.answer_days} days to answer") + "."], []


def _landlords(of: _Looked) -> _Seen:
    names = [landlord.label for landlord in of.found.after.version.landlords.values()]
    if not names:
        return ["The scheme file lists no landlords."], []
    return [(f"Landlords of the scheme file: {listed(names, 'and')}. Which of them are private "
            "registered providers with nomination arrangements it does not say.")], []


def _moved(of: _Looked) -> _Seen:
    frame = of.found.frame()
    moved = frame.filter(pl.col("move") != "same").height
    share = moved / frame.height if frame.height else 0.0
    return ["Who moves on this register is in the tables."], [
        (f"{moved:,} of {frame.height:,} households change band or points, or come onto or off the "
        f"register: {share:.0%}.")]


def _families(of: _Looked) -> _Seen:
    with_children = of.found.frame().filter(
        pl.col("household").str.ends_with("with children").fill_null(value=False))
    down = with_children.filter(pl.col("move").is_in(["down", "off"])).height
    return ["Which families move goes by the register: the scheme file does not say."], [
        (f"Who moves by kind of household is in the tables: {down:,} of {with_children.height:,} families "
        "with children would go down or off.")]


def _none(_: _Looked) -> _Seen:
    return [_NOTHING], []


_LOOKS = {"preference": _preference, "qualifying": _qualifying, "unknown": _unknown,
          "review": _review, "landlords": _landlords, "moved": _moved, "families": _families,
          "nothing": _none}


def checklist_frame(items: list[Checked], *, counted: bool) -> pl.DataFrame:
    """The checklist as rows: item, law_asks, source, confirmed, seen, to_check."""
    return pl.DataFrame(list(_rows(items, counted=counted)), dict.fromkeys(
        ("item", "law_asks", "source", "confirmed", "seen", "to_check"), pl.String), orient="row")


def _rows(items: list[Checked], *, counted: bool) -> Iterator[tuple[str, ...]]:
    for i in items:
        seen = " ".join([*i.seen, *(i.counted if counted else ())])
        yield (i.label, i.asks, i.source, "yes" if i.confirmed else "not checked in the text", seen,
               i.check)

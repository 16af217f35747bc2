"""Explanations in plain English."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.shortlist.explanation import Explanation, Reason

SET_ASIDE = {
    "withdrawn": "the bid was withdrawn",
    "superseded": "the household bid again on this advert, and the later bid counts",
    "advert_draft": "the advert is a draft",
    "advert_withdrawn": "the advert was withdrawn",
}
_KEYS = {
    "stage": "an earlier stage of the lettings profile",
    "tie": "nothing: they are equal",
    "bedroom_fit": "fit of bedrooms to need",
    "bid_time": "time of the bid",
    "lottery": "lottery draw",
    "connection": "closest connection",
    "prefer": "preference",
}


def in_words(explanation: Explanation) -> str:
    """The explanation as a few short paragraphs; lines are not wrapped."""
    lines = [
        f"Application {explanation.application} on advert {explanation.advert}",
        f"Judged as at {say(explanation.as_at)} under {explanation.scheme}"
        + (f", {explanation.profile}." if explanation.profile else "."),
        "",
        _outcome(explanation),
    ]
    band = _foreign_band(explanation)
    held = explanation.outcome == "held"
    told = [r for r in explanation.reasons if r.effect == "held" or not held]
    labels = explanation.labels
    lines += [f"  - {_reason(r, labels, band)}" for r in told]
    if rest := [r for r in explanation.reasons if r not in told]:
        lines += ["Not known besides, and holding nothing:", *(f"  - {_reason(r, labels, band)}" for r in rest)]
    lines += _stages(explanation)
    if explanation.position is not None:
        lines += ["", *_standing(explanation)]
    if explanation.own_facts:
        lines += ["", "The application's own facts that were read:"]
        lines += [
            f"  {labels.get(n, _plainly(n))}: {say(v)}"
            + (" (a band of another version of the scheme)" if n == "band" and band else "")
            for n, v in explanation.own_facts.items()
        ]
    if explanation.advert_facts:
        lines += ["", "The advert's facts that were read:"]
        lines += [f"  {labels.get(f'advert.{n}', _plainly(n))}: {say(v)}"
                  for n, v in explanation.advert_facts.items()]
    if explanation.audience == "officer":
        lines += _for_officers(explanation)
    return "\n".join(lines)


def _outcome(explanation: Explanation) -> str:
    if explanation.outcome == "set aside":
        return f"The bid does not count: {SET_ASIDE[explanation.set_aside or '']}."
    if explanation.outcome == "not eligible":
        return "Not eligible for this home:"
    place = f"{ordinal(explanation.position or 0)} of {explanation.of}"
    if explanation.joint:
        others = "1 other" if explanation.joint == 1 else f"{explanation.joint} others"
        place = f"joint {place}, equal with {others}"
    if explanation.outcome == "held":
        return (f"Held, {place}: ranked as if eligible, and nothing may be offered until this "
                "is known:")
    return f"Eligible, {place}." + (" Not known:" if explanation.reasons else "")


def _foreign_band(explanation: Explanation) -> str | None:
    """The band held where only another version of the scheme has it, so that it is not known."""
    unknown = any(r.name == "band" and not r.missing and r.outcome == "not known"
                  for r in explanation.reasons)
    return explanation.own_facts.get("band") if unknown else None


def _stages(explanation: Explanation) -> list[str]:
    """Where the bid stands among several stages, and why in none of the earlier."""
    if not explanation.earlier_stages:
        return []
    lines = ["", f"It stands in {_stage(explanation.stage, explanation.stage_label)}."]
    for earlier in explanation.earlier_stages:
        why = "; ".join(_reason(replace(r, stage=None), explanation.labels) for r in earlier.reasons)
        lines.append(f"  - Not in {_stage(earlier.stage, earlier.label)}: {why}")
    return lines


def _stage(number: int | None, label: str | None) -> str:
    return f"stage {number}, {label}" if label else f"stage {number}"


def _reason(reason: Reason, labels: Mapping[str, str], band: str | None = None) -> str:
    whose = f" (asked by {reason.asked_by})" if reason.asked_by else ""
    stage = f" (stage {reason.stage})" if reason.stage else ""
    source = f" [{reason.source}]" if reason.source else ""
    if reason.outcome == "failed":
        return f"{reason.label}: no{whose}{stage}{source}"
    named = ", ".join(labels.get(n, _plainly(n)) for n in reason.missing)
    missing = f" ({named})" if named else ""
    effect = {"ranked last": ", so it ranks below all known values", "none": "",
              "not eligible": "", "held": "", "later stage": ", which counts as no"}[reason.effect]
    if reason.name == "band" and band is not None:
        return (f"{reason.label}: {band}, a band of another version of the scheme, is not known to "
                f"this one{effect}{whose}{stage}{source}")
    return f"{reason.label}: not known{missing}{effect}{whose}{stage}{source}"


def _standing(explanation: Explanation) -> list[str]:
    n_above = sum(explanation.above_by_key.values())
    if not n_above:
        return ["Nobody stands above it."]
    lines = []
    if explanation.decided_by:
        lines.append(f"What put it below the one above: {key_in_words(explanation.decided_by)}.")
    by_key = ", ".join(f"{n} by {key_in_words(k)}" for k, n in explanation.above_by_key.items())
    lines.append(f"Above it: {n_above} ({by_key}).")
    if explanation.above_by_band:
        bands = ", ".join(
            f"{n} in {b}" if b != "not known" else f"{n} in none that is known"
            for b, n in explanation.above_by_band.items()
        )
        lines.append(f"Their bands: {bands}.")
    return lines


def key_in_words(name: str) -> str:
    """A key's name, or a criterion's, as people say it: ``date: priority_date`` is priority date."""
    kind, _, column = name.partition(": ")
    if not column:
        return _KEYS.get(name, _plainly(name))
    if kind in {"prefer", "connection"}:
        return f"{_KEYS[kind]} ({_plainly(column)})"
    return _plainly(column)


def fit_in_words(rule: str, value: int) -> str:
    """Bedrooms against need: for ``largest_need`` the need, else need less the home's bedrooms."""
    if rule == "largest_need":
        return f"{_bedrooms(value)} needed"
    if not value:
        return "as many bedrooms as needed"
    return f"{_bedrooms(abs(value))} {'fewer' if value > 0 else 'more'} than needed"


def _bedrooms(n: int) -> str:
    return f"{n} bedroom{'s' if n != 1 else ''}"


def _plainly(name: str) -> str:
    return name.removeprefix("advert.").replace("_", " ")


def _for_officers(explanation: Explanation) -> list[str]:
    lines: list[str] = []
    if explanation.rivals:
        lines += ["", "Each bid above, and the first key that decided (officers only):"]
        lines += [
            f"  {r.position:>4}  {r.application}  {key_in_words(r.decided_by)}: "
            f"{say(r.rival_value)} against {say(r.own_value)}"
            for r in explanation.rivals
        ]
    if explanation.first_place and explanation.position != 1:
        lines += ["", "What would have put it first, each key taken alone (officers only):"]
        lines += [
            f"  {key_in_words(f.key)}: {say(f.value) if f.value is not None else 'no value of it'}"
            f" (now {say(f.own_value)})"
            for f in explanation.first_place
            if f.key != "lottery"
        ]
    return lines


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if n % 100 in (11, 12, 13):
        return f"{n}th"
    return f"{n}" + {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def say(value: Any) -> str:
    """A value as people write it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        fraction = f".{value.microsecond:06d}".rstrip("0").rstrip(".") if value.microsecond else ""
        return f"{value.day} {value:%B %Y %H:%M:%S}{fraction}"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)

"""Two versions of a scheme side by side: the walk that finds every difference and says it.

Models are compared, not files; what counts as a difference is told in ``differences``. A bedroom
standard is compared with what it extends filled in.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cbl_engine.scheme.assessment import Award
from cbl_engine.scheme.assessment_words import award_gives
from cbl_engine.scheme.differences import (
    EXPRESSIONS,
    ORDERED,
    STEPS,
    Change,
    Concern,
    Path,
    concern_of,
    meant,
    names_criterion,
    same,
    typed,
)
from cbl_engine.scheme.facts import kind_of_fact, rows_of
from cbl_engine.scheme.fields_called import NOUNS, field_called, part_called
from cbl_engine.scheme.key_words import key_called, key_in_words
from cbl_engine.scheme.keys import key_name, kind_of_key
from cbl_engine.scheme.model import Profile, SchemeVersion
from cbl_engine.scheme.pairing import Paired, moved, moved_days, paired
from cbl_engine.scheme.reach import read_by_assessment, read_by_offers, read_by_shortlists
from cbl_engine.scheme.readings import read_expression
from cbl_engine.scheme.rule_changes import rule_in_words
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.scheme.words import amount, capital, dates_in_words, day, listed, quoted, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import Parameter, Stage

_OF_OFFERS: Concern = "offers"
_OF_ASSESSMENT: Concern = "assessment"


def compare(old: SchemeVersion, new: SchemeVersion) -> list[Change]:
    """Every difference between two versions, in the order of the scheme file."""
    return _Comparison(old, new).run()


class _Comparison:
    """Walks two versions side by side and collects what differs."""

    def __init__(self, old: SchemeVersion, new: SchemeVersion) -> None:
        self.old = _resolved(old)
        self.new = _resolved(new)
        self.found: list[Change] = []
        both = (self.old, self.new)
        shortlists = {place for version in both for place in read_by_shortlists(version)}
        assessments = {place for version in both for place in read_by_assessment(version)}
        assessments |= {("bedroom_standards", name) for version in both
                        for name in version.bedroom_standards}
        offers = {place for version in both for place in read_by_offers(version)}
        self.elsewhere: dict[Path, Concern] = {}
        for places, concern in ((offers, _OF_OFFERS), (assessments, _OF_ASSESSMENT)):
            self.elsewhere |= dict.fromkeys(places - shortlists, concern)

    def run(self) -> list[Change]:
        self.fields("the scheme", (), self.old, self.new, "shortlist")
        return self.found

    def add(
        self, kind: Any, part: str, path: Path, old: Any, new: Any, words: str, concerns: Concern
    ) -> None:
        where = ".".join(str(p).rstrip("_") for p in path)
        self.found.append(
            Change(kind, part, where, plain(old), plain(new), capital(f"{part}: {words}"),
                   concerns)
        )

    def fields(self, part: str, path: Path, old: Any, new: Any, concerns: Concern) -> None:
        """Every field of two models of one type."""
        special: dict[str, Callable[..., None]] = {
            "eligible": self.eligible,
            "qualifies": self.eligible,
            "formerly": self.formerly,
            "order": self.order,
            "values": self.dated,
            "in_force": self.in_force,
            "notes": self.texts,
            "unknown": self.texts,
            "targets": self.targets,
        }
        for name in type(old).model_fields:
            if name == "stages":
                continue  # an order is short for one stage: both are compared as stages
            mine = concern_of(name, old, concerns)
            before, after = getattr(old, name), getattr(new, name)
            if name == "order" and isinstance(old, Profile):
                self.stages(part, path, old.all_stages(), new.all_stages(), mine)
            elif same(name, before, after):
                continue
            elif name in STEPS and isinstance(before, tuple):
                self.steps(part, (*path, name), before, after, STEPS[name], mine)
            elif name in special and not isinstance(after, str):
                special[name](part, (*path, name), before, after, mine)
            elif isinstance(before, dict) and isinstance(after, dict):
                self.named(part, (*path, name), before, after, mine)
            elif isinstance(before, BaseModel) and type(before) is type(after):
                self.fields(part_called(path, name, part), (*path, name), before, after, mine)
            elif isinstance(before, BaseModel) or isinstance(after, BaseModel):
                kind = "removed" if after is None else "added"
                self.add(kind, part, (*path, name), before, after,
                         f"{field_called(path, name)} {kind}", mine)
            else:
                self.value(part, (*path, name), before, after, mine)

    def value(self, part: str, path: Path, old: Any, new: Any, concerns: Concern) -> None:
        """One field that has another value."""
        name = path[-1]
        called = field_called(path[:-1], name)
        if names_criterion(path):
            before, after = self._criterion(old, self.old), self._criterion(new, self.new)
            words = f"{called} changed from {before} to {after}"
        elif name in EXPRESSIONS and isinstance(old, str) and isinstance(new, str):
            words = rule_in_words(old, new, self._read(path, self.old), self._read(path, self.new))
        else:
            words = f"{called} changed from {_said(old)} to {_said(new)}"
        self.add("changed", part, path, old, new, words, concerns)

    def _read(self, path: Path, version: SchemeVersion) -> Callable[[str], str]:
        """Reads a piece of an expression in words, or quotes it."""
        table = "applications"
        if path[0] == "facts":
            table = rows_of(version.facts[path[1]])
        elif path[0] == "bedroom_standards":
            table = "household"

        def read(text: str) -> str:
            reading = read_expression(text, version, table)
            return reading.inline() if reading is not None else quoted(text)

        return read

    def _criterion(self, name: str | None, version: SchemeVersion) -> str:
        return "none" if name is None else f"{quoted(version.criteria[name].label)} ({name})"

    def named(
        self, part: str, path: Path, old: Mapping[Any, Any], new: Mapping[Any, Any],
        concerns: Concern,
    ) -> None:
        """Parts under names: those that came, went and changed."""
        if path == ("columns",):
            for table in dict.fromkeys((*old, *new)):
                self.named("column", (*path, table), old.get(table, {}), new.get(table, {}),
                           concerns)
            return
        for name in dict.fromkeys((*new, *old)):
            mine = self._part_called(part, path, name)
            place = (*path, name)
            concern = self.elsewhere.get(place, concerns) if concerns == "shortlist" else concerns
            if name not in old:
                self.add("added", mine, place, None, new[name],
                         f"added{_label_of(new[name])}{_gives(new[name], self.new)}", concern)
            elif name not in new:
                self.add("removed", mine, place, old[name], None,
                         f"removed{_label_of(old[name])}", concern)
            elif type(old[name]) is not type(new[name]):
                self.add("changed", mine, place, old[name], new[name],
                         f"now {_kind_said(new[name])}, no longer {_kind_said(old[name])}",
                         concern)
            elif isinstance(new[name], BaseModel):
                self.fields(mine, place, old[name], new[name], concern)
            elif old[name] != new[name]:
                self.value(mine, place, old[name], new[name], concern)
        if path == ("bands",):
            self._names_moved("band", path, tuple(old), tuple(new), self._of_order_of_bands())
        elif path[-1] in ORDERED:
            self._names_moved(NOUNS[path[-1]], path, tuple(old), tuple(new), concerns)

    def _of_order_of_bands(self) -> Concern:
        """What the order in which bands are listed decides: a shortlist goes by the keys of its order,
        the assessment by the highest band that an award gives, and some refusals lead down a band.
        """
        both = (self.old, self.new)
        if any(v.assessment and (v.assessment.awards or v.assessment.priority_date) for v in both):
            return "assessment"
        down = any(one.down for v in both for one in v.consequences.values())
        return "offers" if down else "words"

    def _part_called(self, part: str, path: Path, name: Any) -> str:
        if path[0] == "columns":
            return f"column {path[1]}.{name}"
        if len(path) == 1 or path[-1] in NOUNS:
            return f"{NOUNS.get(path[-1], path[-1].replace('_', ' ').removesuffix('s'))} {name}"
        return f"{part}, {name}"

    def _names_moved(
        self, noun: str, path: Path, old: tuple[str, ...], new: tuple[str, ...], concerns: Concern
    ) -> None:
        """Names that are listed in another order."""
        both = [name for name in new if name in old]
        for at in moved([old.index(name) for name in both]):
            after = f"after {noun} {both[at - 1]}" if at else "first"
            self.add("moved", f"{noun} {both[at]}", (*path, both[at]), old.index(both[at]),
                     new.index(both[at]), f"now listed {after}", concerns)

    def formerly(
        self, part: str, path: Path, old: Mapping[str, str], new: Mapping[str, str],
        concerns: Concern,
    ) -> None:
        """Bands of before, and the band of today that each is taken as."""
        for name in dict.fromkeys((*new, *old)):
            before, after = old.get(name), new.get(name)
            if before != after:
                kind = "added" if before is None else "removed" if after is None else "changed"
                now = f"is now taken as band {after}" if after else (
                    f"is no longer taken as band {before}")
                was = f" (before: band {before})" if kind == "changed" else ""
                self.add(kind, part, (*path, name), before, after, f"a former band {name} {now}{was}",
                         concerns)

    def eligible(
        self, part: str, path: Path, old: tuple[str, ...], new: tuple[str, ...], concerns: Concern
    ) -> None:
        who = {("eligible",): "every bid", ("assessment", "qualifies"): "qualification"}.get(
            path, part)
        for name in dict.fromkeys((*new, *old)):
            if name in old and name in new:
                continue
            version = self.new if name in new else self.old
            label = f"{quoted(version.criteria[name].label)} ({name})"
            if name in new:
                self.add("added", who, path, None, name, f"now also requires {label}", concerns)
            else:
                self.add("removed", who, path, name, None, f"no longer requires {label}", concerns)

    def texts(
        self, part: str, path: Path, old: tuple[str, ...], new: tuple[str, ...], concerns: Concern
    ) -> None:
        what = {"notes": "a note", "unknown": "what is not known"}[path[-1]]
        for text in (Counter(new) - Counter(old)).elements():
            self.add("added", part, path, None, text, f"{what}, added: {text.rstrip('.')}",
                     concerns)
        for text in (Counter(old) - Counter(new)).elements():
            self.add("removed", part, path, text, None, f"{what}, removed: {text.rstrip('.')}",
                     concerns)

    def in_force(self, part: str, path: Path, old: Any, new: Any, concerns: Concern) -> None:
        if old is not None and new is not None:
            self.fields(part, path, old, new, concerns)
            return
        said = [dates_in_words(f) if f else "for as long as the scheme is" for f in (old, new)]
        self.add("changed", part, path, old, new, f"in force {said[1]} (before: {said[0]})",
                 concerns)

    def dated(
        self, part: str, path: Path, old: Mapping[date, Any], new: Mapping[date, Any],
        concerns: Concern,
    ) -> None:
        """Values with the day from which each holds."""
        before, after = self._parameter(path)
        label = quoted(after.label)
        other_days = moved_days(old, new)
        for start in sorted({*old, *new}):
            if start in old and start in new and typed(old[start]) == typed(new[start]):
                continue
            if start in other_days:
                since = other_days[start]
                self.add("moved", part, (*path, start), since, start,
                         f"{label}: {amount(new[start], after.unit)} from {day(start)} (before: from "
                         f"{day(since)})", concerns)
            if start in other_days or start in other_days.values():
                continue
            was = old[start] if start in old else _value_before(old, start)
            if start in new:
                now = amount(new[start], after.unit)
                words = f"{label} is {now} from {day(start)}, where it had no value"
                if was is not None:
                    words = f"{label}: {amount(was, before.unit)} becomes {now} from {day(start)}"
            else:
                now = _value_before(new, start)
                stays = f"stays {amount(now, after.unit)}" if now is not None else "has no value"
                words = (f"{label} {stays} on {day(start)}, and no longer becomes "
                         f"{amount(old[start], before.unit)}")
            kind = "changed" if start in old and start in new else (
                "added" if start in new else "removed")
            self.add(kind, part, (*path, start), old.get(start), new.get(start), words, concerns)

    def _parameter(self, path: Path) -> tuple[Parameter, Parameter]:
        return self.old.parameters[path[1]], self.new.parameters[path[1]]

    def stages(
        self, part: str, path: Path, old: tuple[Stage, ...], new: tuple[Stage, ...],
        concerns: Concern,
    ) -> None:
        """Stages, paired by their labels and then by place; a lone stage is the profile's order."""
        if len(old) == len(new) == 1:
            self.fields(part, path, old[0], new[0], concerns)
            return
        self.steps(part, (*path, "stages"), old, new, "stage", concerns)

    def steps(
        self, part: str, path: Path, old: tuple[Any, ...], new: tuple[Any, ...], noun: str,
        concerns: Concern,
    ) -> None:
        """Items of a list whose order counts, paired by their labels and then by place."""
        pairs = paired(old, new, lambda item: item.label, lambda _: True)
        for before, after in pairs.both:
            self.fields(f"{part}, {noun} {after + 1}", (*path, after), old[before], new[after],
                        concerns)
        self.came_and_went(part, noun, path, old, new, pairs, concerns)
        for at in moved([before for before, _ in pairs.both]):
            before, after = pairs.both[at]
            self.add("moved", part, (*path, after), before, after,
                     f"what was {noun} {before + 1}{_label_of(new[after])} is now {noun} "
                     f"{after + 1}", concerns)

    def targets(
        self, part: str, path: Path, old: tuple[Any, ...], new: tuple[Any, ...], concerns: Concern
    ) -> None:
        """Aims, whose order means nothing, paired by label and then by place."""
        pairs = paired(old, new, lambda target: target.label, lambda _: True)
        for before, after in pairs.both:
            self.fields(f"{part}, aim {quoted(new[after].label)}", (*path, after), old[before],
                        new[after], concerns)
        self.came_and_went(part, "aim", path, old, new, pairs, concerns)

    def came_and_went(
        self, part: str, noun: str, path: Path, old: Sequence[Any], new: Sequence[Any],
        pairs: Paired, concerns: Concern,
    ) -> None:
        """Items of a list without a partner."""
        for at in pairs.added:
            self.add("added", part, (*path, at), None, new[at],
                     f"{noun} {at + 1} added{_label_of(new[at])}", concerns)
        for at in pairs.removed:
            self.add("removed", part, (*path, at), old[at], None,
                     f"{noun} {at + 1} removed{_label_of(old[at])}", concerns)

    def order(
        self, part: str, path: Path, old: tuple[Key, ...], new: tuple[Key, ...], concerns: Concern
    ) -> None:
        """Keys, paired by name and then by kind."""
        pairs = paired(old, new, key_name, kind_of_key)
        for before, after in pairs.both:
            self.key(part, (*path, after), old[before], new[after], concerns)
        for at in pairs.added:
            self.add("added", part, (*path, at), None, new[at],
                     f"now also ordered by {key_called(new[at], self.new)}, "
                     f"{self.follows(new, at)}: {key_in_words(new[at], self.new)}", concerns)
        for at in pairs.removed:
            self.add("removed", part, (*path, at), old[at], None,
                     f"no longer ordered by {key_called(old[at], self.old)}", concerns)
        for at in moved([before for before, _ in pairs.both]):
            before, after = pairs.both[at]
            self.add("moved", part, (*path, after), before, after,
                     f"{key_called(new[after], self.new)} now comes {self.follows(new, after)}",
                     concerns)

    def follows(self, keys: tuple[Key, ...], at: int) -> str:
        """Where a key stands in its order."""
        return f"after {key_called(keys[at - 1], self.new)}" if at else "first"

    def key(self, part: str, path: Path, old: Key, new: Key, concerns: Concern) -> None:
        """One key: what it does, then its other fields."""
        kind = kind_of_key(new)
        before, after = getattr(old, kind), getattr(new, kind)
        if meant(kind, before) != meant(kind, after):
            self.add("changed", part, (*path, kind), before, after,
                     f"now {_uncapital(key_in_words(new, self.new))} (before: "
                     f"{_uncapital(key_in_words(old, self.old))})", concerns)
        self.fields(f"{part}, {key_called(new, self.new)}", path,
                    old.model_copy(update={kind: after}), new, concerns)


def _resolved(version: SchemeVersion) -> SchemeVersion:
    """The version with what its bedroom standards extend filled in."""
    whole = {name: resolve_standard(s) for name, s in version.bedroom_standards.items()}
    return version.model_copy(update={"bedroom_standards": whole})


def _gives(part: Any, version: SchemeVersion) -> str:
    """What an award gives, after its label."""
    gives = award_gives(part, version) if isinstance(part, Award) else []
    return f", which gives {listed(gives)}" if gives else ""


def _value_before(values: Mapping[date, Any], start: date) -> Any:
    """The value in force on the day before; None when there is none yet."""
    earlier = [d for d in values if d <= start - timedelta(1)]
    return values[max(earlier)] if earlier else None


def _label_of(part: Any) -> str:
    text = part if isinstance(part, str) else None
    label = text or getattr(part, "label", None) or getattr(part, "title", None)
    return f", {quoted(label)}" if label else ""


def _kind_said(fact: Any) -> str:
    return kind_of_fact(fact).replace("_", " ")


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]


def _said(value: Any) -> str:
    """A value in a sentence; text in quotation marks."""
    return quoted(value) if isinstance(value, str) else say(value)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value

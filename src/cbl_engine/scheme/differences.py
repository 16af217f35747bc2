"""What counts as a difference between two versions of a scheme, and what a difference concerns.

Comments, layout, the order of names in a mapping and a default written out make none. Order counts
where the scheme gives it a meaning: in the keys of an order, stages, bands, the levels of a
connection, the entries that choose a date, awards, checks, and the lists of an assessment of which
the first that applies counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel

from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.rule_changes import meaning_of

Concern = Literal["shortlist", "assessment", "offers", "words"]

_WORDS = frozenset(
    {"scheme", "title", "authority", "notes", "unknown", "sources", "label", "source",
     "illustrative", "unit", "assumed", "ask"}
)
"""Fields that no shortlist, no offer and no right depends on, wherever they stand."""

_OFFERS = frozenset(
    {"targets", "next_stage_when", "upkeep", "advertising", "bidding", "checks", "nominations",
     "nominations_share", "send", "answer", "closed", "offers", "consequences", "direct_lets", "review"}
)
"""Fields that no shortlist depends on: they are read when bids are judged and offers made, for
upkeep, or when a decision is reviewed.
"""

_ASSESSED = frozenset({"assessment", "tests"})
"""Fields that only the assessment reads."""

EXPRESSIONS = frozenset({"when", "where", "any_member", "all_members", "min", "max"})
_RULES = frozenset({"criteria", "facts", "bedroom_standards"})
"""Parts of the file whose expressions are SQL; under the same names others name a criterion."""

STEPS = {"instead": "other date", "status": "status rule", "table": "row of the table",
         "ladder": "step"}
"""Lists of which the first item that applies counts, and what an item is."""

_WALKED = frozenset({"order", "targets", *STEPS})
_AS_SETS = frozenset(
    {"eligible", "kinds", "codes", "area", "qualifies", "of", "bands", "sizes", "first", "after",
     "checks", "duties", "fit", "to"}
)
ORDERED = frozenset({"awards", "caps", "checks", "choice", "frozen", "quotas", "refusals"})
"""Parts under names of which the order counts, beside the bands."""
_ONE_OR_SEVERAL = frozenset({"area", "first"})
Path = tuple[Any, ...]


@dataclass(frozen=True)
class Change:
    """One difference between two schemes.

    Attributes:
        kind: added, removed, changed or moved.
        part: what of the scheme it is about, such as ``criterion local_connection``.
        path: where in the file, with dots; items of a list by number from 0, of the new scheme
            unless it was removed.
        old, new: plain values, as JSON has them; None where there is none.
        words: the change in a sentence without a full stop.
        concerns: ``shortlist`` when who is eligible or their order may differ on the register as
            it stands; ``assessment`` when what is found of households may, and with it their place
            once they are assessed anew; ``offers`` when only how bids come to count, what follows
            a shortlist, upkeep or the right to a review may; ``words`` otherwise.
    """

    kind: Literal["added", "removed", "changed", "moved"]
    part: str
    path: str
    old: Any
    new: Any
    words: str
    concerns: Concern

    @property
    def alters_shortlist(self) -> bool:
        """Whether a shortlist can come out otherwise on the register as it stands."""
        return self.concerns == "shortlist"

    @property
    def of_rules(self) -> bool:
        """Whether it is of more than words and of the days on which a version is in force."""
        return ((self.concerns != "words" or self.kind == "moved")
                and not self.path.startswith("in_force"))

    @property
    def of_rule(self) -> bool:
        """Whether an expression has another text."""
        path = self.path.split(".")
        return self.kind == "changed" and path[0] in _RULES and path[-1] in EXPRESSIONS

    def as_dict(self) -> dict[str, Any]:
        """The change as plain data for JSON."""
        return asdict(self) | {"alters_shortlist": self.alters_shortlist}


def concern_of(field: str, of: BaseModel, concerns: Concern) -> Concern:
    """What a change of a field concerns, within a part that concerns this."""
    if isinstance(of, BedroomStandard) and field in ("unit", "unknown"):
        return concerns
    if field in _WORDS:
        return "words"
    if field in _OFFERS:
        return "offers"
    return "assessment" if field in _ASSESSED else concerns


def names_criterion(path: Path) -> bool:
    """Whether a field outside the rules themselves names a criterion."""
    return path[0] not in _RULES and (
        path[-1] in ("when", "only", "suits")
        or (path[0] == "direct_lets" and path[-1] == "homes")
        or ("quotas" in path[:-2] and path[-1] in ("of", "to"))
    )


def same(name: str, old: Any, new: Any) -> bool:
    """Whether two values of a field mean the same; parts within parts are for the walk to tell."""
    if isinstance(new, (dict, BaseModel)) or (isinstance(new, tuple) and name in _WALKED):
        return False
    return typed(meant(name, old)) == typed(meant(name, new))


def meant(name: str, value: Any) -> Any:
    """A value without what makes no difference."""
    if name in EXPRESSIONS and isinstance(value, str):
        return meaning_of(value)
    if name in _ONE_OR_SEVERAL and isinstance(value, str):
        return frozenset({value})
    if name in _AS_SETS and isinstance(value, tuple):
        return frozenset(value)
    if isinstance(value, dict):  # which entry applies first may depend on their order
        return tuple(value.items())
    if name == "band" and isinstance(value, tuple):
        return tuple(frozenset((b,) if isinstance(b, str) else b) for b in value)
    return value


def typed(value: Any) -> tuple[type, Any] | Any:
    """A value that is not equal to one of another type: 1 is not true."""
    return (type(value), value) if isinstance(value, (bool, int, float)) else value

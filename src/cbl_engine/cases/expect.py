"""What a case expects, checked against the names its scheme and its applications have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.cases.assessed import assessed_expectation
from cbl_engine.cases.cycle_names import cycle_problems
from cbl_engine.cases.rows import suggest, where_given
from cbl_engine.errors import Problem
from cbl_engine.scheme.keys import PreferKey, key_name
from cbl_engine.scheme.law import bid_criteria

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbl_engine.cases.model import Expected, WrittenCase
    from cbl_engine.documents import Document
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import SchemeVersion

Place = tuple[Any, ...]


def checked_expectation(
    case: WrittenCase,
    place: Place,
    version: SchemeVersion,
    adverts: Sequence[Mapping[str, Any]],
    homes: Sequence[Mapping[str, Any]],
    document: Document,
) -> tuple[Expected, list[Problem]]:
    """The expectation with short names of keys made long, and every name that nothing has.

    Args:
        case: the case as written.
        place: where it stands in the document.
        version: the scheme version in force.
        adverts: their rows, which name profiles and plans.
        homes: their rows.
        document: the file.
    """
    checker = _Checker(case, place, version, document)
    for advert in adverts if case.expect.ranks or case.expect.of_cycle else ():
        checker.check_advert(advert)
    if case.expect.ranks and len(adverts) != 1:
        message = "order and what goes with it speak of one advert; lists speaks of each"
        checker.problem("several_adverts", message, ("expect",), key=True)
    checker.check_applications()
    expected = checker.expected([key for advert in adverts for key in checker.keys(advert)])
    checker.problems += cycle_problems(
        case, place, version, [row["id"] for row in adverts],
        [row["id"] for row in homes if row.get("id") is not None], document,
    )
    return expected, checker.problems


class _Checker:
    def __init__(
        self, case: WrittenCase, place: Place, version: SchemeVersion, document: Document
    ) -> None:
        self.case = case
        self.place = place
        self.version, self.criteria = version, bid_criteria(version)
        self.document = document
        self.problems: list[Problem] = []

    def problem(
        self, kind: str, message: str, place: Place, allowed: str = "", *, key: bool = False
    ) -> None:
        where = where_given(self.document, self.place, place, key=key)
        self.problems.append(Problem(kind, message, where=where, allowed=allowed))

    def check_advert(self, advert: Mapping[str, Any]) -> None:
        """The advert must name a profile and a plan that there are."""
        profile = self.version.profile_for(advert.get("profile"))
        chosen = self.case.expect.of_cycle and profile is None  # by a quota, on its day
        if profile not in self.version.profiles and not chosen:
            self.problem(
                "unknown_profile",
                f"there is no profile {profile}"
                if profile
                else "the advert names no profile, and the scheme has no default",
                self._of_advert(advert, "profile"),
                suggest(profile or "", self.version.profiles),
            )
        plan = advert.get("local_lettings_plan")
        if plan is not None and plan not in self.version.local_lettings_plans:
            self.problem(
                "unknown_plan",
                f"there is no local lettings plan {plan}",
                self._of_advert(advert, "local_lettings_plan"),
                suggest(plan, self.version.local_lettings_plans),
            )

    def _of_advert(self, advert: Mapping[str, Any], column: str) -> Place:
        own: Place = ("adverts", advert["id"], column)
        return own if (*self.place, *own) in self.document.positions else ("advert", column)

    def keys(self, advert: Mapping[str, Any]) -> list[Key]:
        """Every key that can rank this advert."""
        plan = self.version.local_lettings_plans.get(advert.get("local_lettings_plan") or "")
        profile = self.version.profiles.get(self.version.profile_for(advert.get("profile")) or "")
        stages = profile.all_stages() if profile else ()
        return [*(plan.order if plan else ()), *(key for stage in stages for key in stage.order)]

    def check_applications(self) -> None:
        """Every application spoken of is in the case, and spoken of in one way."""
        expect = self.case.expect
        for name, place in self._named():
            if name not in self.case.applications:
                self.problem(
                    "unknown_application",
                    f"there is no application {name} in this case",
                    place,
                    suggest(name, self.case.applications),
                    key=True,
                )
        ranked = [name for group in expect.order for name in group]
        for name in dict.fromkeys(ranked):
            if ranked.count(name) > 1:
                self.problem("order_twice", f"{name} stands twice", ("expect", "order"))
        for name in expect.not_eligible:
            if name in ranked:
                place = ("expect", "not_eligible", name)
                message = f"{name} is both in the order and not eligible"
                self.problem("both_ways", message, place, key=True)
        for name in expect.held:
            if name in self.case.applications and name not in ranked:
                message = f"{name} is held, so order must say where it stands"
                self.problem("held_not_ranked", message, ("expect", "held", name), key=True)

    def _named(self) -> Iterator[tuple[str, Place]]:
        expect = self.case.expect
        for index, group in enumerate(expect.order):
            for inner, name in enumerate(group):
                deep: Place = ("expect", "order", index, inner)
                known = (*self.place, *deep) in self.document.positions
                yield name, deep if known else deep[:-1]
        for part in ("not_eligible", "held", "not_known", "decided_by", "assessed"):
            yield from ((name, ("expect", part, name)) for name in getattr(expect, part))

    def expected(self, keys: list[Key]) -> Expected:
        """The expectation in full names."""
        expect = self.case.expect
        for name, failed in expect.not_eligible.items():
            for index, criterion in enumerate(failed):
                if criterion not in self.criteria:
                    place = ("expect", "not_eligible", name, index)
                    self._unknown("criterion", criterion, place, self.criteria)
        decisive = [*(key_name(key) for key in keys), "stage", "tie"]
        doubts = [key.prefer if isinstance(key, PreferKey) else key_name(key) for key in keys]
        doubts = [*self.criteria, *doubts]
        assessed, found = assessed_expectation(
            expect.assessed, (*self.place, "expect", "assessed"), self.version, self.document
        )
        self.problems += found
        return expect.model_copy(update={
            "held": self._full_names(expect.held, "held", doubts),
            "not_known": self._full_names(expect.not_known, "not_known", doubts),
            "decided_by": {
                name: self._full_name(key, decisive, ("expect", "decided_by", name))
                for name, key in expect.decided_by.items()
            },
            "assessed": assessed,
        })

    def _full_names(
        self, names: Mapping[str, tuple[str, ...]], part: str, allowed: list[str]
    ) -> dict[str, tuple[str, ...]]:
        return {
            application: tuple(
                self._full_name(name, allowed, ("expect", part, application, index))
                for index, name in enumerate(given)
            )
            for application, given in names.items()
        }

    def _full_name(self, name: str, allowed: list[str], place: Place) -> str:
        """A key's full name; its kind alone (``date``) will do when only one key has it."""
        if name in allowed:
            return name
        of_kind = [full for full in dict.fromkeys(allowed) if full.startswith(f"{name}: ")]
        if len(of_kind) == 1:
            return of_kind[0]
        self._unknown("criterion or key", name, place, of_kind or allowed)
        return name

    def _unknown(self, what: str, name: str, place: Place, allowed: Iterable[str]) -> None:
        message = f"there is no {what} {name} for this advert"
        self.problem("unknown_in_expect", message, place, suggest(name, allowed))

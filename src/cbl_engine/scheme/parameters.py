"""The values of a scheme's parameters on a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.errors import Problem, SchemeError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion


def constants_on(version: SchemeVersion, on: date, used: Collection[str]) -> dict[str, Any]:
    """``as_at``, and ``param.x`` for every parameter x that has a value on the date.

    Args:
        version: the scheme version.
        on: the as-at date.
        used: parameters that are read, without the prefix.

    Raises:
        SchemeError: one that is read has no value yet.
    """
    out: dict[str, Any] = {"as_at": on}
    problems = []
    for name, parameter in version.parameters.items():
        begun = [d for d in parameter.values if d <= on]
        if begun:
            out[f"param.{name}"] = parameter.values[max(begun)]
        elif name in used:
            problems.append(
                Problem(
                    "parameter_not_in_force",
                    f"parameter {name} has no value on {on}",
                    where=f"parameters.{name}",
                    allowed=f"from {min(parameter.values)}",
                )
            )
    if problems:
        raise SchemeError(problems)
    return out

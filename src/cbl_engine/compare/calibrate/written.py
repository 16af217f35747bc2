"""Fitted parameters as a file of the catalogue's form, that a scenario or the next reader can use."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from cbl_engine.records.places import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.compare.calibrate.run import Calibration
    from cbl_engine.simulate.parameters import Parameter

_HEAD = (
    "Fitted by cbl calibrate from {since} to {until} (the first day not looked at).\n"
    "Intervals are of 95 percent. What is under not_fitted keeps the shipped value."
)
_ORDER = ("label", "unit", "rate", "share", "number", "shares", "weights", "weights_by",
          "days", "days_by",
          "low", "high", "intervals", "fitted_from", "source", "note")


def parameters_text(found: Calibration) -> str:
    """The file, as YAML; the same calibration gives the same bytes."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    document = CommentedMap(
        parameters=CommentedMap(
            (name, _mapping(one.parameter)) for name, one in found.fitted.items()
        ),
        not_fitted=CommentedMap(found.not_fitted),
    )
    document.yaml_set_start_comment(_HEAD.format(since=found.since, until=found.until))
    yaml = YAML()
    yaml.width = 4096
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _mapping(parameter: Parameter) -> Any:
    """A parameter as it is written: tables of numbers on a line each."""
    from ruamel.yaml.comments import CommentedMap

    given = parameter.model_dump(exclude_none=True)
    return CommentedMap((name, _plain(given[name], top=True)) for name in _ORDER if name in given)


def _plain(value: Any, *, top: bool = False) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        found = CommentedMap((name, _plain(one)) for name, one in value.items())
        if not (top and any(isinstance(one, dict) for one in value.values())):
            found.fa.set_flow_style()
        return found
    if isinstance(value, list):
        items = CommentedSeq(_plain(one) for one in value)
        items.fa.set_flow_style()
        return items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def write_parameters(found: Calibration, out: str | Path, *, replace: bool = False) -> Path:
    """Write the file beside its place, then rename it.

    Raises:
        RunError: a file is there and ``replace`` is false, or it cannot be written.
    """
    return write_file(parameters_text(found).encode(), out, replace=replace)

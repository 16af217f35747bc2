"""A hash of everything that the worlds of a run are made of, so that a kept run is known again.

Every field counts, by its values alone: what is added to a setup counts too. The words beside a
parameter's value (source, ``assumed``, notes) do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import BaseModel

from cbl_engine.scheme import Scheme
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.simulate.setup import Setup

_KEPT_FOR_LATER = "policies"
"""The field of a setup that fills as worlds are stepped: rules of the scheme, compiled."""


def digest_of(setup: Setup, *others: int) -> str:
    """A hash of a setup and of numbers beside it; the same for the same worlds.

    Args:
        setup: what the worlds of a run share.
        others: what else decides the tables and figures.

    Raises:
        TypeError: the setup has a part of a type that is not known here.
    """
    digest = sha256()
    for part in fields(setup):
        if part.name != _KEPT_FOR_LATER:
            for said in _parts((part.name, getattr(setup, part.name))):
                digest.update(said)
    digest.update(repr(others).encode())
    return digest.hexdigest()


def _parts(thing: Any) -> Iterator[bytes]:
    """What a thing is, in bytes; of an array or a frame its type too."""
    if thing is None or isinstance(thing, bool | int | float | str | date):
        yield f"{thing!r};".encode()
    elif isinstance(thing, np.ndarray):
        yield f"{thing.dtype} {thing.shape};".encode()
        yield thing.tobytes()
    elif isinstance(thing, pl.DataFrame):
        yield f"{thing.schema} {thing.height};".encode()
        words = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
        yield thing.with_columns(words).hash_rows(seed=0).to_numpy().tobytes()
    elif isinstance(thing, pl.Series):
        yield from _parts(thing.to_frame())
    elif isinstance(thing, Parameters):
        yield from _parts({name: p.value for name, p in sorted(thing.found.items())})
    elif isinstance(thing, Scheme):
        yield from _parts(thing.versions)
    elif isinstance(thing, Luck):
        yield from _parts(thing.seed)
    elif isinstance(thing, BaseModel):
        yield repr(thing).encode()
    elif isinstance(thing, Mapping):
        yield from _parts(tuple(thing.items()))
    elif isinstance(thing, tuple | list):
        yield f"{len(thing)}:".encode()
        for one in thing:
            yield from _parts(one)
    elif is_dataclass(thing):
        yield from _parts(tuple((f.name, getattr(thing, f.name)) for f in fields(thing)))
    else:
        raise TypeError(f"a {type(thing).__name__} is not known to a run that is kept")

"""``cbl sample`` and ``cbl init``: something to begin with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter


def sample(
    out: Path,
    /,
    *,
    households: int = 2_000,
    adverts: int = 40,
    seed: int = 1,
    profiles: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    bands: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    district: str | None = None,
    scheme: str | None = None,
    format: Literal["csv", "parquet"] = "csv",
) -> int:
    """Make a synthetic borough from published shares: register, homes, adverts and bids.

    Parameters
    ----------
    out
        Folder to write; it must not be there yet.
    households
        Applications on the register.
    adverts
        Homes advertised.
    seed
        The same seed gives the same borough.
    profiles
        Names of lettings profiles for the adverts, in turn; left out, adverts name none.
    bands
        Names of the bands, from the greatest need down; left out, A to E, or with a scheme its
        own, and none where it has none.
    district
        Id of the district area, as the scheme's connection facts have it; left out, riverton.
    scheme
        A scheme to try on it: its profiles, bands, district and landlords then stand in for those
        left out, and its own columns are there, empty where nothing is known.
    format
        csv or parquet.
    """
    from cbl_engine.cli import show
    from cbl_engine.records.places import check_place, folder_beside
    from cbl_engine.sample import sample_borough, sample_borough_for
    from cbl_engine.scheme import load_scheme
    from cbl_engine.tables import write_tables

    check_place(out, replace=None, kind="borough")
    given = {"profiles": profiles, "bands": bands, "district": district}
    options: Any = {name: value for name, value in given.items() if value is not None}
    options |= {"households": households, "adverts": adverts, "seed": seed}
    tried_on_it = load_scheme(scheme) if scheme is not None else None
    with show.steps() as on_step:
        on_step(f"Making a borough of {households:,} households")
        frames = (sample_borough(**options) if tried_on_it is None
                  else sample_borough_for(tried_on_it, **options))
        with folder_beside(out, kind="borough") as partial:
            files = write_tables(frames, partial, format)
    show.show_files({table: out / file.name for table, file in files.items()}, out)
    return 0


def init(out: Path = Path("scheme.yaml"), /) -> int:
    """Write a commented scheme to start from. It loads as it is.

    Parameters
    ----------
    out
        File to write, .yaml or .yml; it must not be there yet.
    """
    from cbl_engine.errors import Problem, SchemeError
    from cbl_engine.records.places import check_outside
    from cbl_engine.shipped import shipped_folder

    check_outside(out)
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise SchemeError([Problem(
            "not_a_yaml_file", "the file of a scheme ends in .yaml or .yml", where=str(out),
            remedy=f"In a folder that is there: cbl init {shlex.quote(str(out / 'scheme.yaml'))}")])
    if out.exists():
        raise SchemeError([Problem("file_in_the_way", "the file is there already", where=str(out),
                                   remedy="Choose another file")])
    text = (shipped_folder("templates") / "scheme.yaml").read_text(encoding="utf-8")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemeError(
            [Problem("file_not_written", f"the file cannot be written: {error.strerror}",
                     where=str(out))]
        ) from None
    sys.stdout.write(f"Wrote {out}. Look at it with: cbl validate {shlex.quote(str(out))}\n")
    return 0

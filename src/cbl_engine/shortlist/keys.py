"""Order keys as whole numbers: lower is better, equal is equal, not known is above all known.

Each key gives codes from 0 and the bits they need. A key of the application gives one code an
application; a key of the pair a table of codes by application row and advert column; a key of the
bid one code a bid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import MET, UNKNOWN
from cbl_engine.draws import draw
from cbl_engine.scheme.keys import (
    BandKey,
    BedroomFitKey,
    ConnectionKey,
    DateKey,
    DebtKey,
    PointsKey,
    PreferKey,
    kind_of_key,
)
from cbl_engine.shortlist.classes import (
    Classes,
    classify,
    column_codes,
    extent,
    nulls,
    nulls_as,
    whole_numbers,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.keys import Key
    from cbl_engine.shortlist.adverts import AdvertSide
    from cbl_engine.shortlist.classes import Table
    from cbl_engine.shortlist.compiled import OrderKey
    from cbl_engine.shortlist.register import RegisterAt

RANK_ABOVE_BITS = 26
"""Width from which a run of application keys is replaced by its dense rank."""


@dataclass(frozen=True)
class PairCodes:
    """Codes of a pair key by application row and advert column, and where it is not known.

    ``codes[row_of_kind[kind_of[application]], column_of[advert]]``
    """

    kind_of: NDArray[np.integer]
    row_of_kind: NDArray[np.integer]
    column_of: NDArray[np.integer]
    codes: NDArray[np.int64]
    unknown: NDArray[np.bool_]

    @property
    def width(self) -> int:
        """Bits the codes need."""
        return int(self.codes.max(initial=0)).bit_length()


def application_key(view: RegisterAt, key: Key) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Codes and whether unknown, for every application, of a key the application alone settles."""
    return view.keep(("key", repr(key)), lambda: _application_key(view, key))


def _application_key(view: RegisterAt, key: Key) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if isinstance(key, BandKey):
        return _band_codes(view.frame["band"], key)
    if isinstance(key, DateKey):
        return _ascending(_chosen_date(view, key))
    if isinstance(key, PointsKey):
        return _ascending(view.frame[key.points], descending=True)
    if isinstance(key, DebtKey):
        debt = view.frame[key.debt]
        if key.compare == "any" and debt.dtype != pl.Boolean:
            debt = debt > 0
        return _ascending(debt)
    if isinstance(key, BedroomFitKey):
        return _ascending(view.frame["bedroom_need"], descending=True)
    raise TypeError(type(key).__name__)


def _band_codes(bands: pl.Series, key: BandKey) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    codes: dict[str, int] = {}
    for code, item in enumerate(key.band):
        codes.update(dict.fromkeys([item] if isinstance(item, str) else item, code))
    worst = len(key.band)
    if not len(bands):
        return np.zeros(0, np.int64), np.zeros(0, bool)
    physical, size = column_codes(bands)
    ranks = np.full(size, worst, np.int64)
    some_row = np.zeros(size, np.int64)
    some_row[physical] = np.arange(len(bands))
    for number, band in enumerate(bands[some_row].cast(pl.String)):
        ranks[number] = codes.get(band, worst)
    ranked = ranks[physical]
    return ranked, ranked == worst


def _ascending(
    values: pl.Series, *, descending: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Distance from the best value; one more than the furthest where null."""
    unknown = nulls(values)
    if unknown.all():
        return np.zeros(len(values), np.int64), unknown
    whole = whole_numbers(values)
    low, high = extent(whole)
    if high - low >= 1 << 62:
        whole = whole.rank("dense").cast(pl.Int64) - 1
        low, high = extent(whole)
    array = nulls_as(whole, low) if whole.null_count() else whole.to_numpy()
    codes = (high - array) if descending else (array - low)
    codes = np.where(unknown, high - low + 1, codes) if values.null_count() else codes
    return codes.astype(np.int64, copy=False), unknown


def _chosen_date(view: RegisterAt, key: DateKey) -> pl.Series:
    if isinstance(key.date, str):
        return view.frame[key.date]
    version = view.compiled.version
    n = view.frame.height
    chosen = np.full(n, -1, np.int64)  # which entry applies; -2 once a chooser is not known
    columns = list(key.date.values())
    for index, chooser in enumerate(key.date):
        open_ = chosen == -1
        if chooser == "otherwise":
            chosen[open_] = index
        elif chooser in version.bands:
            chosen[open_ & (nulls_as((view.frame["band"] == chooser).cast(pl.Int8), 0) == 1)] = index
        else:
            bit = next(c.bit for c in view.compiled.conditions
                       if c.kind == "criterion" and c.name == chooser)
            codes = view.application_outcomes()[bit]
            chosen[open_ & (codes == MET)] = index
            chosen[open_ & (codes == UNKNOWN)] = -2
    out = np.full(n, np.iinfo(np.int64).min, np.int64)
    for index, column in enumerate(columns):
        days = view.frame[column].to_physical().cast(pl.Int64)
        missing = np.iinfo(np.int64).min
        mine = chosen == index
        out[mine] = nulls_as(days, missing)[mine]
    series = pl.Series("date", out)
    return series.set(series == np.iinfo(np.int64).min, None)


def pair_key(view: RegisterAt, adverts: AdvertSide, key: Key) -> PairCodes:
    """Codes of a key, not a preference, that reads the advert as well as the application."""
    if isinstance(key, BedroomFitKey):
        return _bedroom_fit_codes(view, adverts, key)
    if isinstance(key, (ConnectionKey, PointsKey, DebtKey)):
        return _area_codes(view, adverts, key)
    raise TypeError(type(key).__name__)


def preference_codes(table: Table) -> PairCodes:
    """Codes of a preference, from the outcomes of its criterion."""
    return PairCodes(
        table.kind_of,
        table.row_of_kind,
        table.column_of,
        (table.cells != MET).astype(np.int64),
        table.cells == UNKNOWN,
    )


def _bedroom_fit_codes(view: RegisterAt, adverts: AdvertSide, key: BedroomFitKey) -> PairCodes:
    mine = view.classes(("bedroom_need",))
    theirs = adverts.classes(("bedrooms",))
    need = view.frame["bedroom_need"][mine.first].cast(pl.Int64)
    bedrooms = adverts.column("bedrooms")[theirs.first].cast(pl.Int64)
    unknown = need.is_null().to_numpy()[:, None] | bedrooms.is_null().to_numpy()[None, :]
    spare = bedrooms.fill_null(0).to_numpy()[None, :] - need.fill_null(0).to_numpy()[:, None]
    codes = (spare != 0).astype(np.int64) if key.bedroom_fit == "exact_first" else (
        np.maximum(spare, 0)
    )
    codes = np.where(unknown, codes[~unknown].max(initial=0) + 1, codes)
    return _by_class(mine, theirs, codes, unknown)


def _by_class(
    mine: Classes, theirs: Classes, codes: NDArray[np.int64], unknown: NDArray[np.bool_]
) -> PairCodes:
    column_of = theirs.spread(np.arange(theirs.n))[theirs.ids]
    return PairCodes(mine.ids, mine.spread(np.arange(mine.n)), column_of, codes, unknown)


def _area_codes(
    view: RegisterAt, adverts: AdvertSide, key: ConnectionKey | PointsKey | DebtKey
) -> PairCodes:
    """Codes of a key whose value is a pair fact."""
    name = getattr(key, kind_of_key(key))
    values = view.pair_fact(name, adverts.areas()).select(pl.all().cast(pl.Int64))
    if isinstance(key, PointsKey):
        values = values.select(-pl.all())
    elif isinstance(key, DebtKey) and key.compare == "any":
        values = values.select((pl.all() > 0).cast(pl.Int64))
    mine = classify(values.get_columns(), view.frame.height)
    theirs = adverts.classes(("area",))
    kept = values[mine.first]
    cells = np.zeros((mine.n, theirs.n), np.int64)
    unknown = np.ones((mine.n, theirs.n), bool)
    for column, area in enumerate(adverts.area_index(theirs.first)):
        if area >= 0:
            series = kept.to_series(int(area))
            unknown[:, column] = series.is_null().to_numpy()
            cells[:, column] = series.fill_null(0).to_numpy()
    known = cells[~unknown]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    return _by_class(mine, theirs, np.where(unknown, high - low + 1, cells - low), unknown)


@dataclass(frozen=True)
class Segment:
    """Consecutive application keys as one code an application, and the bits it needs."""

    codes: NDArray[np.uint64]
    width: int


def segment(view: RegisterAt, keys: tuple[OrderKey, ...]) -> Segment:
    """Pack application keys, best first; ranked densely where they would be wide."""
    return view.keep(
        ("segment", tuple(repr(k.key) for k in keys)), lambda: _segment(view, keys)
    )


def _segment(view: RegisterAt, keys: tuple[OrderKey, ...]) -> Segment:
    packed = np.zeros(view.frame.height, np.uint64)
    width = 0
    for key in keys:
        codes, part = codes_of_application(view, key)
        if width + part > 63:
            packed, width = dense(packed)
        packed = (packed << np.uint64(part)) | codes.astype(np.uint64)
        width += part
    if width > RANK_ABOVE_BITS:
        packed, width = dense(packed)
    return Segment(packed, width)


def codes_of_application(view: RegisterAt, key: OrderKey) -> tuple[NDArray[Any], int]:
    """Codes of one application key, and their width; a wide one is ranked."""
    if isinstance(key.key, PreferKey) and key.condition is not None:
        codes = (view.application_outcomes()[key.condition] != MET).astype(np.int64)
    else:
        codes, _ = application_key(view, key.key)
    width = int(codes.max(initial=0)).bit_length()
    return dense(codes) if width > 40 else (codes, width)


def dense(values: NDArray[Any]) -> tuple[NDArray[np.uint64], int]:
    """Ranks from 0 without gaps, and the bits they need."""
    if not len(values):
        return np.zeros(0, np.uint64), 0
    order = np.argsort(values)
    ascending = values[order]
    ranks = np.empty(len(values), np.uint64)
    ranks[order] = np.cumsum(np.concatenate([[False], ascending[1:] != ascending[:-1]]))
    return ranks, int(ranks[order[-1]]).bit_length()


def lottery_draws(
    kind: str,
    seeds: NDArray[np.uint64],
    advert_hashes: NDArray[np.uint64],
    application_hashes: NDArray[np.uint64],
    run_seed: int,
) -> NDArray[np.uint64]:
    """The draw of each bid: of its own advert, or one for the household on all adverts.

    Args:
        kind: ``advert`` or ``register``.
        seeds: one a bid: the advert's own, or the run's.
        advert_hashes: one a bid.
        application_hashes: one a bid.
        run_seed: seed of the run.
    """
    if kind == "register":
        return draw(run_seed, application_hashes)
    out = np.empty(len(seeds), np.uint64)
    for seed in np.unique(seeds):
        mine = seeds == seed
        out[mine] = draw(int(seed), advert_hashes[mine], application_hashes[mine])
    return out

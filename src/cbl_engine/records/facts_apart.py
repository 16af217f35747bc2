"""Facts apart from the trail: rows under the keys of those they are about, so that they can go.

Every row that was ever taken in is here, the ones that others took the place of among them, since
the past needs them. The trail holds a digest of each lot of rows and nothing else::

    row digest    SHA-256(key of whom it is about | event/ordinal/row in canonical bytes)
    lot's digest  SHA-256 over ordinal, subject and row digest of each row, in order

A household's key is the secret salt of its rows: without it a digest cannot be tried against
guesses. Keys come from the record's root, which steps on by a one-way function after each lot of
new keys; a key that was destroyed can therefore not be made again from what is left. **Erasure**
destroys a household's key and all that its rows hold, but for ids. The digests stay, and so does
the chain; they say no more of anyone.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.offers.events import EVENT, OfferProposed, Proposed, TakenIn
from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.taking_in import in_order, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbl_engine.offers.events import Event, Id
    from cbl_engine.records.trail import Trail

EVENT_NUMBER, ORDINAL, ERASED = "_event", "_ordinal", "_erased"
OURS = (EVENT_NUMBER, ORDINAL, ERASED)
OF_EVENTS = "events"
"""The table of what events keep apart: column ``fields``, the fields as JSON."""

APART: Mapping[str, tuple[str, ...]] = {
    "let_to": ("band", "points", "priority_date", "registered_on", "bedroom_need"),
    "offer_ended": ("reason",),
    "letting_undone": ("reason",),
    "decided": ("reason",),
}
"""Fields of events that are facts or free words about a household; the trail holds none of them."""

DIGESTS = {EVENT_NUMBER: pl.Int64(), ORDINAL: pl.Int64(), "subject": pl.String(),
           "digest": pl.Binary()}
NOBODY = ""


@dataclass(frozen=True, eq=False)
class Facts:
    """Rows apart.

    Attributes:
        rows: by table: _event and _ordinal (Int64: which event took the row in, and its place
            among that event's rows, from 0), _erased (Boolean: what it held is gone), then the
            table's columns; by event and ordinal.
        digests: _event, _ordinal, subject (String: the application it is about; null: nobody) and
            digest (Binary) of every row, those erased among them; by event and ordinal.
        keys: application, as text -> its secret key, 32 bytes; an empty text stands for rows
            about nobody. Who was erased has none.
        root: the secret that the next keys come from, 32 bytes.
    """

    rows: Mapping[str, pl.DataFrame] = field(repr=False)
    digests: pl.DataFrame = field(repr=False)
    keys: Mapping[str, bytes] = field(repr=False)
    root: bytes = field(repr=False)

    @classmethod
    def none(cls, root: bytes) -> Facts:
        """Nothing taken in yet."""
        empty = cls({}, pl.DataFrame(schema=DIGESTS), {}, root)
        return empty.with_keys([NOBODY])

    def with_keys(self, subjects: Iterable[str]) -> Facts:
        """With keys for those who have none yet; the root steps on."""
        new = sorted(set(subjects) - set(self.keys))
        if not new:
            return self
        made = {s: hmac.digest(self.root, b"key of " + s.encode(), "sha256") for s in new}
        root = hmac.digest(self.root, b"step", "sha256")
        return replace(self, keys={**self.keys, **made}, root=root)

    def without(self, subject: str) -> tuple[Facts, int]:
        """Without what the rows of an application hold and without its key; and how many rows.

        Ids stay, so that no earlier row of another household takes the place of one erased.
        """
        mine = self.digests.filter(pl.col("subject") == subject)[[EVENT_NUMBER, ORDINAL]]
        rows = {}
        for table, frame in self.rows.items():
            at = frame.select(EVENT_NUMBER, ORDINAL).join(
                mine.with_columns(pl.lit(True).alias("mine")), on=[EVENT_NUMBER, ORDINAL],
                how="left", maintain_order="left",
            )["mine"].fill_null(False)
            ids = {*OURS, "id", "application", "advert" if table == "shortlisted" else ""}
            rows[table] = frame.with_columns(
                pl.when(~at).then(pl.col(c)).alias(c) for c in frame.columns if c not in ids
            ).with_columns((pl.col(ERASED) | at).alias(ERASED))
        keys = {s: key for s, key in self.keys.items() if s != subject}
        return replace(self, rows=rows, keys=keys), mine.height

    def digests_of(self, frame: pl.DataFrame, subjects: pl.Series) -> list[bytes | None]:
        """The digest of each row; null where its key is gone.

        Args:
            frame: _event, _ordinal, _erased and the table's columns.
            subjects: whom each is about, as text; null for nobody.
        """
        content = canonical_rows(frame.drop(OURS))
        at = zip(frame[EVENT_NUMBER], frame[ORDINAL], subjects.fill_null(NOBODY), content,
                 strict=True)
        keys = self.keys
        return [
            sha256(keys[subject] + f"{event}/{ordinal}/{row}".encode()).digest()
            if subject in keys else None
            for event, ordinal, subject, row in at
        ]

    def of_events(self) -> dict[int, dict[str, Any]]:
        """What events keep apart: number -> fields."""
        frame = self.rows.get(OF_EVENTS)
        if frame is None:
            return {}
        left = frame.filter(~pl.col(ERASED))
        return {n: json.loads(said) for n, said in left.select(EVENT_NUMBER, "fields").iter_rows()}


def subjects_of(table: str, frame: pl.DataFrame) -> pl.Series:
    """Whom each row is about, as text; null: nobody."""
    column = "id" if table == "applications" else "application"
    if column not in frame.columns:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return frame[column].cast(pl.String)


def lot_digest(digests: pl.DataFrame) -> str:
    """The digest of one event's rows, as the trail has it."""
    whole = sha256()
    for ordinal, subject, digest in digests.select(ORDINAL, "subject", "digest").iter_rows():
        whole.update(f"{ordinal}/{json.dumps(subject)}/".encode() + digest)
    return whole.hexdigest()


def take_in(
    trail: Trail, facts: Facts, events: Sequence[Event], rows: Iterable[tuple[str, pl.DataFrame]]
) -> tuple[Trail, Facts]:
    """A record with more events and the rows that they take in.

    Args:
        trail: so far.
        facts: so far.
        events: those that follow, complete; digests of :class:`TakenIn` are filled here.
        rows: table and rows of each :class:`TakenIn`, in order.
    """
    coming = iter(rows)
    about = about_of((*trail.events, *events))
    first = len(trail.events) + 1
    said: list[Event] = []
    lots_at: list[int] = []
    lots: list[tuple[str, pl.DataFrame, pl.Series]] = []
    for n, event in enumerate(events, first):
        if isinstance(event, TakenIn):
            lots_at.append(n)
            table, frame = next(coming)
            if (table, frame.height) != (event.table, event.rows):
                raise ValueError(f"event {n} takes in {event.rows} rows of {event.table}, and "
                                 f"{frame.height} of {table} came")
            frame = in_order(table, frame)
            lots.append((table, _numbered(frame, n), subjects_of(table, frame)))
        elif fields := _apart(event):
            lots_at.append(n)
            frame = pl.DataFrame({"fields": [json.dumps(fields, sort_keys=True)]})
            subject = pl.Series([named_by(event, about)], dtype=pl.String)
            lots.append((OF_EVENTS, _numbered(frame, n), subject))
            event = event.model_copy(update=dict.fromkeys(fields))
        said.append(event)
    facts, digests = _with(facts, lots)
    of_lots = iter(digests)
    numbers = {n: lot_digest(next(of_lots)) for n in lots_at}
    said = [
        event.model_copy(update={"digest": numbers[n]}) if isinstance(event, TakenIn) else event
        for n, event in enumerate(said, first)
    ]
    apart = {n: numbers[n] for n in lots_at if not isinstance(said[n - first], TakenIn)}
    return trail.after(said, apart), facts


def complete(
    events: Iterable[tuple[int, Event]], facts: Facts
) -> Iterator[tuple[int, Event, pl.DataFrame | None]]:
    """Number and event with what it keeps apart put back, as far as it is not erased; its rows.

    Rows are those of tables that the record makes itself, such as lists; null for others.
    """
    apart = facts.of_events()
    lots = {
        n: lot.drop(OURS)
        for table in RECORDED if table in facts.rows
        for (n,), lot in facts.rows[table].filter(~pl.col(ERASED))
        .partition_by(EVENT_NUMBER, as_dict=True).items()
    }
    for n, event in events:
        if n in apart:
            event = EVENT.validate_python({**event.model_dump(), **apart[n]})
        yield n, event, lots.get(n)


def standing(events: Iterable[tuple[int, Event]], facts: Facts) -> dict[str, pl.DataFrame]:
    """The tables that rows were taken in for, as they stand.

    A row stands when it was taken in by an event that counts, and none of its place
    (:mod:`cbl_engine.tables.taking_in`) by a later one.

    Args:
        events: number and event of those that count.
        facts: the rows they took in.
    """
    lots: dict[str, list[int]] = {}
    whole: dict[str, int] = {}
    for n, event in events:
        if isinstance(event, TakenIn):
            lots.setdefault(event.table, []).append(n)
            if event.whole:
                whole[event.table] = n
    out = {}
    for table, numbers in sorted(lots.items()):
        frame = facts.rows.get(table)
        if frame is None:
            continue
        counts = pl.Series(numbers, dtype=pl.Int64).implode()
        frame = frame.filter(
            pl.col(EVENT_NUMBER).is_in(counts), pl.col(EVENT_NUMBER) >= whole.get(table, 0)
        )
        last = pl.col(EVENT_NUMBER).max()
        place = place_of(table, frame.columns)
        frame = frame.filter(pl.col(EVENT_NUMBER) == (last.over(place) if place else last))
        out[table] = in_order(table, frame.filter(~pl.col(ERASED)).drop(OURS))
    return out


def about_of(events: Iterable[Event]) -> dict[str | None, str]:
    """Offer or proposal -> the application it is about, as text."""
    about: dict[str | None, str] = {}
    for event in events:
        if isinstance(event, OfferProposed):
            about[event.offer] = str(event.application)
        elif isinstance(event, Proposed) and event.application is not None:
            about[event.proposal] = str(event.application)
    return about


def adverts_of(events: Iterable[Event]) -> dict[str | None, Id | None]:
    """Offer or proposal -> the advert it is about; None where it is about none."""
    adverts: dict[str | None, Id | None] = {}
    for event in events:
        if isinstance(event, OfferProposed):
            adverts[event.offer] = event.advert
        elif isinstance(event, Proposed):
            adverts[event.proposal] = event.advert or adverts.get(event.offer)
    return adverts


def advert_named_by(event: Event, adverts: Mapping[str | None, Id | None]) -> Id | None:
    """The advert that an event is about.

    Args:
        event: it.
        adverts: from :func:`adverts_of`.
    """
    advert = getattr(event, "advert", None)
    if advert is not None:
        return advert
    return adverts.get(getattr(event, "offer", None) or getattr(event, "proposal", None))


def subjects_named(trail: Trail, numbers: Iterable[int]) -> set[str]:
    """The applications that events name, as text.

    Args:
        trail: a trail.
        numbers: of the events.
    """
    about = about_of(trail.events)
    events = [trail.events[n - 1] for n in numbers]
    return {named for event in events if (named := named_by(event, about)) is not None}


def named_by(event: Event, about: Mapping[str | None, str]) -> str | None:
    """The application that an event is about, as text.

    Args:
        event: it.
        about: from :func:`about_of`.
    """
    application = getattr(event, "application", None)
    if application is not None:
        return str(application)
    return about.get(getattr(event, "offer", None) or getattr(event, "proposal", None))


def _apart(event: Event) -> dict[str, Any]:
    """The fields that are kept apart, as JSON has them; empty when there is nothing in them."""
    names = APART.get(event.kind, ())
    if not names:
        return {}
    fields = event.model_dump(mode="json", include=set(names))
    return {name: value for name, value in fields.items() if value is not None}


def _numbered(frame: pl.DataFrame, n: int) -> pl.DataFrame:
    return frame.select(
        pl.lit(n, pl.Int64).alias(EVENT_NUMBER),
        pl.int_range(pl.len(), dtype=pl.Int64).alias(ORDINAL),
        pl.lit(False).alias(ERASED),
        pl.all(),
    )


def _with(
    facts: Facts, lots: Sequence[tuple[str, pl.DataFrame, pl.Series]]
) -> tuple[Facts, list[pl.DataFrame]]:
    """Facts with more lots of rows, and the digests of each lot."""
    subjects = pl.concat([pl.Series([], dtype=pl.String), *(s for _, _, s in lots)]).drop_nulls()
    facts = facts.with_keys(subjects.unique())
    digests = [
        frame.select(EVENT_NUMBER, ORDINAL).with_columns(
            about.alias("subject"),
            pl.Series("digest", facts.digests_of(frame, about), dtype=pl.Binary),
        )
        for _, frame, about in lots
    ]
    rows = dict(facts.rows)
    for table in dict.fromkeys(table for table, _, _ in lots):
        new = [frame for name, frame, _ in lots if name == table]
        before = [rows[table]] if table in rows else []
        whole = pl.concat([*before, *new], how="diagonal_relaxed")
        rows[table] = whole.select(*OURS, *in_order(table, whole.drop(OURS).clear()).columns)
    every = pl.concat([facts.digests, *digests])
    return replace(facts, rows=rows, digests=every), digests


def canonical_rows(frame: pl.DataFrame) -> list[str]:
    """Each row as one text that two rows share only when they hold the same.

    For each column that is not null, by name: length of the name, name, kind of value, length
    of the value, value. Numbers with a point are written as their bits, moments as microseconds
    of universal time. A column that is null everywhere says nothing, so a table may gain one.
    """
    parts = [_canonical_cells(frame[name]) for name in sorted(frame.columns)]
    if not parts:
        return [""] * frame.height
    return pl.select(pl.concat_str(parts)).to_series().to_list()


def _canonical_cells(values: pl.Series) -> pl.Series:
    kind, text = _kind_and_text(values)
    name = values.name
    head = f"{len(name.encode())}:{name}{kind}"
    said = pl.concat_str(pl.lit(head), text.str.len_bytes(), pl.lit(":"), text)
    return pl.select(pl.when(text.is_not_null()).then(said).otherwise(pl.lit(""))).to_series()


def _kind_and_text(values: pl.Series) -> tuple[str, pl.Series]:
    dtype = values.dtype
    if dtype.is_float():
        bits = values.fill_null(0.0).cast(pl.Float64).to_numpy().view(np.int64)
        text = pl.Series(bits).cast(pl.String)
        return "f", pl.select(pl.when(values.is_not_null()).then(text)).to_series()
    if dtype.is_integer():
        return "i", values.cast(pl.String)
    if dtype == pl.Boolean:
        return "b", values.cast(pl.String)
    if isinstance(dtype, pl.Datetime):
        utc = values.dt.convert_time_zone("UTC") if dtype.time_zone else values
        return "m", utc.dt.timestamp("us").cast(pl.String)
    if dtype == pl.Date:
        return "d", values.dt.to_string("%Y-%m-%d")
    if isinstance(dtype, pl.List | pl.Array):
        return "l", _canonical_lists(values)
    return "t", values.cast(pl.String)


def _canonical_lists(values: pl.Series) -> pl.Series:
    item = pl.element().cast(pl.String)
    said = pl.concat_str(item.str.len_bytes(), pl.lit(":"), item).fill_null("-")
    lists = values.cast(pl.List(values.dtype.inner))  # type: ignore[attr-defined]
    return lists.list.eval(said).list.join("")

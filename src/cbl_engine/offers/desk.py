"""The desk on which a record is worked at: what is known that day, and the one way to change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.advertising import homes_let, homes_of
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.deadlines import days_closed, last_day
from cbl_engine.offers.entries import SCHEMAS
from cbl_engine.offers.lines import Listed, names_that_hold
from cbl_engine.offers.overlay import Changes, applications_as_held, changes_on
from cbl_engine.tables import LONDON, REGISTER_TABLES
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.schemas import TABLES
from cbl_engine.tables.taking_in import taken_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cbl_engine.offers.book import Book
    from cbl_engine.offers.entries import Offer, Proposal
    from cbl_engine.scheme import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Offers, Within

@dataclass
class Desk:
    """A record that is being worked at, on one day after the other.

    Attributes:
        scheme: its rules.
        given: the tables taken in, as they stand.
        book: the recorded tables, as they stand.
        on: the day.
        seed: of lotteries without one of their own.
        found: the tables taken in, as the cycle found them.
        events: what happened so far.
        rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn` among them.
        telling: who is to be told what.
        put_right: adverts of which it was written down that they were corrected, and the moment.
        at_rest: the last day and number of events at which it was found that nobody is next.
    """

    scheme: Scheme
    given: dict[str, pl.DataFrame] = field(repr=False)
    book: Book
    on: date = date.min
    seed: int = 0
    found: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    events: list[e.Event] = field(default_factory=list, repr=False)
    rows: list[tuple[str, pl.DataFrame]] = field(default_factory=list, repr=False)
    telling: dict[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False)
    put_right: dict[str, datetime] = field(default_factory=dict)
    at_rest: tuple[date, int] | None = None
    _kept: dict[str, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    _rows_of: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict, repr=False)
    _lists: dict[str, Listed] = field(default_factory=dict, repr=False)
    _came: int = 0

    def emit(self, event: e.Event, rows: pl.DataFrame | None = None) -> None:
        """Something happens: written in the book, and in the events."""
        self.book.apply(event, rows)
        self.events.append(event)
        if rows is not None and isinstance(event, e.TakenIn):
            self.rows.append((event.table, rows))
            if event.table != "shortlisted":
                self.given[event.table] = taken_in(
                    self.given.get(event.table), rows, event.table, whole=event.whole
                )
                self._rows_of.clear()
                self._came += 1
        self._came += isinstance(event, e.AdvertOpened)

    def take_in(self, table: str, rows: pl.DataFrame, why: Any = "made", **more: Any) -> None:
        """Rows come in; nothing happens when there are none."""
        if rows.height or more.get("whole"):
            self.emit(
                e.TakenIn(on=self.on, table=table, rows=rows.height, digest="", why=why, **more),
                rows,
            )

    def propose(self, act: e.Act, **about: Any) -> str:
        """An act waits for a decision from now on.

        Returns:
            Id of the proposal.
        """
        proposal = f"P{self.book.events + 1}"
        self.emit(e.Proposed(on=self.on, proposal=proposal, act=act, **about))
        return proposal

    def offer_id(self, of: str, application: str, times: int) -> str:
        """The id of a new offer, which no other has: of what, to whom, for the how many-th time.

        Ids may hold a stroke, and an advert be called as a home is, so that two offers could be
        called the same; the later one then takes the next number that is free.
        """
        while (offer := f"{of}/{application}/{times}") in self.book.offers:
            times += 1
        return offer

    def decide(self, proposal: Proposal, status: Any, **more: Any) -> None:
        """A proposal is decided, or lapses."""
        self.emit(e.Decided(on=self.on, proposal=proposal.id, status=status, **more))

    def tell(self, what: str, **row: Any) -> None:
        """Somebody is to be told."""
        self.telling.setdefault(what, []).append(row)

    # The rules that day.

    @property
    def version(self) -> SchemeVersion:
        """The scheme as it is in force that day."""
        return self.scheme.in_force(self.on)

    @property
    def offers(self) -> Offers:
        """How homes are offered; where the scheme does not say, nothing binds."""
        from cbl_engine.scheme.offers import Offers

        return self.version.offers or Offers()

    def last_day(self, within: Within | None, viewed_on: date | None = None) -> date | None:
        """The last day of a time allowed for what is done that day."""
        return last_day(within, self.on, viewed_on, days_closed(self.version))

    # What is known that day.

    def table(self, name: str) -> pl.DataFrame:
        """A given table as it stands; without rows, but with its columns, when nothing came."""
        if name in self.given:
            return self.given[name]
        return pl.DataFrame(schema={c.name: DTYPES[c.type] for c in TABLES[name]})

    @property
    def came(self) -> int:
        """How often rows came in, or an advert opened: another number, other rows to read."""
        return self._came

    def keep(self, name: str, key: Any, make: Callable[[], Any]) -> Any:
        """What is kept under a name, made anew when its key is another."""
        if name not in self._kept or self._kept[name][0] != key:
            self._kept[name] = (key, make())
        return self._kept[name][1]

    @property
    def record(self) -> Mapping[str, pl.DataFrame]:
        """The recorded tables as they stand, and the table of tenancies."""
        return self.keep("record", self.book.events, lambda: _AsRecorded(self))

    @property
    def changes(self) -> Changes:
        """What the record changes of applications that day."""
        return self.keep(
            "changes", (self.on, self.book.households), lambda: changes_on(self.book, self.on)
        )

    @property
    def register(self) -> Mapping[str, pl.DataFrame]:
        """The register, applications as the record has them that day."""
        return self.keep("register", (self._came, self.changes), self._register)

    def _register(self) -> Mapping[str, pl.DataFrame]:
        tables = {n: self.given[n] for n in REGISTER_TABLES if n in self.given}
        tables["applications"] = applications_as_held(self.table("applications"), self.changes)
        return tables

    @property
    def judge(self) -> Judge:
        """To ask criteria of, that day."""
        homes = self.given.get("homes")
        return self.keep(
            "judge", (self._came, self.changes),
            lambda: Judge(self.scheme, self.register, self.adverts, homes),
        )

    @property
    def adverts(self) -> pl.DataFrame:
        """The adverts, each under the profile it was opened with."""
        def make() -> pl.DataFrame:
            profiles = {a.advert: a.profile for a in self.book.adverts.values() if a.profile}
            frame = self.table("adverts")
            own = pl.col("profile") if "profile" in frame.columns else pl.lit(None, pl.String)
            return frame.with_columns(
                pl.col("id").replace_strict(
                    profiles, default=own, return_dtype=pl.String
                ).alias("profile")
            )

        return self.keep("adverts", self._came, make)

    def row(self, table: str, key: str | None) -> dict[str, Any]:
        """A row of a given table by id; nothing known when there is none."""
        if table not in self._rows_of:
            frame = self.judge.adverts if table == "adverts" else self.table(table)
            self._rows_of[table] = {str(r["id"]): r for r in frame.iter_rows(named=True)}
        return self._rows_of[table].get(key or "", {})

    @property
    def statuses(self) -> dict[str, str]:
        """The status that day of every application in force."""
        def make() -> dict[str, str]:
            rows = self.judge.applications(self.on).select("id", pl.col("status").cast(pl.String))
            return dict(rows.iter_rows())

        return self.keep("statuses", (self._came, self.book.households, self.on), make)

    def application(self, key: str) -> dict[str, Any]:
        """The row of an application in force that day, as the record has it."""
        rows = self.judge.applications(self.on).filter(pl.col("id") == key).to_dicts()
        return rows[0] if rows else {}

    def closes_on(self, advert: str) -> date:
        """The day on which an advert closes, by London's clock."""
        return london_day(self.row("adverts", advert)["closes_at"])

    def homes_of(self, advert: str) -> list[str | None]:
        """The homes of an advert by id, let or not; one without a name when it names neither home nor group."""
        def make() -> dict[str, list[str | None]]:
            found: dict[str, list[str | None]] = {}
            for key, home in homes_of(self.adverts, self.given.get("homes")).iter_rows():
                found.setdefault(key, []).append(home)
            return found

        found = self.keep("homes", self._came, make).get(advert)
        if found is None:
            return [None] if self.row("adverts", advert).get("home_group") is None else []
        return found

    def vacant(self, advert: str) -> list[str | None]:
        """Its homes that are not let."""
        homes, state = self.homes_of(advert), self.book.adverts.get(advert)
        if homes == [None]:
            return [] if state is not None and state.homes and state.let >= state.homes else homes
        return [home for home in homes if home not in self.let]

    @property
    def let(self) -> set[str]:
        """Homes that are let that day."""
        return self.keep(
            "let", (self._came, self.book.households, self.on),
            lambda: set(homes_let(self.record, self.on).to_list()),
        )

    def at_home(self, advert: str | None, home: str | None) -> list[Offer]:
        """Open offers of a home, in the order they came about."""
        if home is None:
            return [o for o in self.book.offers_on[advert or ""] if o.open]

        def make() -> dict[str | None, list[Offer]]:
            found: dict[str | None, list[Offer]] = {}
            for offer in self.book.open.values():
                found.setdefault(offer.home, []).append(offer)
            return found

        return self.keep("open offers", self.book.events, make).get(home, [])

    def listed(self, advert: str) -> Listed:
        """The list of an advert, read as far as it was asked for; without rows where there is none."""
        rows = self.book.lists.get(advert)
        if rows is None:
            rows = self.keep("no list", None, lambda: pl.DataFrame(schema=SCHEMAS["shortlisted"]))
        holding = self.keep("holding", self.on, lambda: names_that_hold(self.version))
        found = self._lists.get(advert)
        if found is None or found.rows is not rows or found.holding != holding:
            found = self._lists[advert] = Listed(rows, holding)
        return found

    def nominated(self, landlord: str | None) -> bool:
        """Whether the council names households to this landlord, who lets the home."""
        rules, version = self.version.nominations, self.version
        if rules is None or landlord is None:
            return False
        listed = rules.to or version.landlords
        return not listed or landlord in listed


class _AsRecorded(Mapping[str, pl.DataFrame]):
    """Tables of a record, each made when it is asked for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[str, pl.DataFrame] = {}

    def __getitem__(self, table: str) -> pl.DataFrame:
        if table not in self._made:
            if table != "tenancies" and table not in RECORDED:
                raise KeyError(table)
            of = self._desk
            self._made[table] = of.table(table) if table == "tenancies" else of.book.table(table)
        return self._made[table]

    def __iter__(self) -> Iterator[str]:
        return iter((*RECORDED, "tenancies"))

    def __len__(self) -> int:
        return len(RECORDED) + 1


def london_day(moment: Any) -> date:
    """The day of a moment, by London's clock."""
    from zoneinfo import ZoneInfo

    return moment.astimezone(ZoneInfo(LONDON)).date()

"""A small week of lettings, written in a few lines.

A council with three bands, homes advertised from Monday 3 June 2024 and closing at noon on
Thursday the 6th. Households rank by band, then in the order in which they are named::

    week = Week("offers: {answer: {days: 3}}")
    week.households("ann bob cat")
    week.advert("elm", bids="ann bob")
    week.outcome(7, "approved", "elm", "ann", act="offer", by="Olu")
    week.outcome(8, "accepted", "elm", "ann")
    week.run(until=9)
    assert week.steps() == {("elm", "ann"): "accepted"}

Days are days of June 2024; day 31 is 1 July. Rows that are added after a run come with the next.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.scheme import scheme_from_text
from tests.reference.frames import frame_of

if TYPE_CHECKING:
    import polars as pl

    from cbl_engine.offers.events import Event
    from cbl_engine.offers.record import Cycle

HEAD = """
scheme: week
title: Week
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
columns:
  applications:
    local: {type: bool, label: x}
"""
PROFILES = """
profiles: {only: {label: x, order: [{band: [A, B, C]}, {date: priority_date}]}}
"""
COLUMNS = {"applications": {"local": {"type": "bool"}}}


def day(n: int) -> date:
    """The n-th of June 2024."""
    return date(2024, 6, 1) + timedelta(days=n - 1)


def moment(n: float) -> datetime:
    """A moment in London: 6.5 is noon on 6 June 2024."""
    start = datetime(2024, 6, 1, tzinfo=ZoneInfo("Europe/London"))
    return start + timedelta(days=n - 1)


class Week:
    """A scheme, a register and what happens; see the module.

    Args:
        scheme: YAML of the scheme beyond its head (bands A to C, the column ``local``). Without
            ``profiles`` in it there is one, by band and then by priority date.
        options: for every run: ``unattended``, ``keep_going``, ``seed``.

    Attributes:
        record: as it stands after the last run.
        cycle: what the last run did.
        events: of every run so far.
        rows: of every event ``taken_in`` so far.
    """

    def __init__(self, scheme: str = "", **options: Any) -> None:
        profiles = "" if "profiles:" in scheme else PROFILES
        self.scheme = scheme_from_text(HEAD + profiles + scheme)
        self.options = options
        self.record = Record()
        self.cycle: Cycle | None = None
        self.events: list[Event] = []
        self.rows: list[tuple[str, pl.DataFrame]] = []
        self._new: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._n = 0

    def add(self, table: str, **row: Any) -> Week:
        """A row of any table."""
        self._new[table].append(row)
        return self

    def household(self, name: str, **facts: Any) -> Week:
        """An active application of band B; each ranks below those named before it."""
        self._n += 1
        own = {"status": "active", "band": "B", "registered_on": date(2020, 1, self._n),
               "priority_date": date(2020, 1, self._n), "bedroom_need": 2}
        return self.add("applications", id=name, **(own | facts))

    def households(self, names: str, **facts: Any) -> Week:
        """Several, with the same facts."""
        for name in names.split():
            self.household(name, **facts)
        return self

    def advert(
        self, name: str, bids: str = "", *, opens: float = 3, closes: float = 6.5, **row: Any
    ) -> Week:
        """An advert of a home called after it (``elm`` lets ``home elm``), and bids for it."""
        if "home" not in row and "home_group" not in row:
            row["home"] = f"home {name}"
            self.add("homes", id=row["home"], bedrooms=2)
        self.add("adverts", **({"id": name, "status": "open", "opens_at": moment(opens),
                                "closes_at": moment(closes)} | row))
        for order, household in enumerate(bids.split()):
            self.bid(name, household, opens + 0.5 + order / 1000)
        return self

    def bid(self, advert: str, household: str, at: float = 4, **row: Any) -> Week:
        """A bid, at a moment."""
        return self.add("bids", advert=advert, application=household, placed_at=moment(at), **row)

    def check(self, household: str, check: str, outcome: str = "cleared", since: int = 1,
              **row: Any) -> Week:
        """The result of a check."""
        name = row.pop("id", f"c{len(self._new['checks'])}/{since}/{household}/{check}")
        return self.add("checks", id=name, application=household, check=check, outcome=outcome,
                        since=day(since), **row)

    def outcome(
        self, on: int, what: str, advert: str | None = None, household: str | None = None, **row: Any
    ) -> Week:
        """What happened on a day; those of one day in the order they are written."""
        self._n_outcomes = getattr(self, "_n_outcomes", 0) + 1
        own = {"id": f"o{self._n_outcomes:03}"}
        return self.add("outcomes", **(own | {"on": day(on), "what": what, "advert": advert,
                                              "application": household} | row))

    def approve(self, on: int, act: str, advert: str | None = None, household: str | None = None,
                **row: Any) -> Week:
        """An officer approves what was proposed."""
        return self.outcome(on, "approved", advert, household, **({"act": act, "by": "Olu"} | row))

    def decline(self, on: int, act: str, advert: str | None = None, household: str | None = None,
                **row: Any) -> Week:
        """An officer declines what was proposed."""
        return self.outcome(on, "declined", advert, household, **({"act": act, "by": "Olu"} | row))

    def let(self, advert: str, household: str, on: int = 7, **row: Any) -> Week:
        """From approval to signing, a day each."""
        self.approve(on, "offer", advert, household)
        self.outcome(on + 1, "accepted", advert, household)
        return self.outcome(on + 2, "signed", advert, household, **row)

    def given(self) -> dict[str, pl.DataFrame]:
        """The frames of the rows added since the last run."""
        new = {"applications": [], "adverts": [], "bids": []} | self._new
        return {table: frame_of(table, rows, COLUMNS.get(table)) for table, rows in new.items()}

    def run(self, until: int = 7, **options: Any) -> Week:
        """A cycle up to the end of a day."""
        cycle = run_cycle(
            self.record, self.scheme, self.given(), day(until), **(self.options | options)
        )
        self._new = defaultdict(list)
        self.cycle, self.record = cycle, cycle.record
        self.events += cycle.events
        self.rows += cycle.rows
        return self

    # What came of it.

    def table(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table of the record."""
        return self.record.tables[name].to_dicts()

    def steps(self) -> dict[tuple[str | None, str], str]:
        """Where each offer stands, by advert and household: a step, or how it ended."""
        return {
            (o["advert"], o["application"]): o["ended_by"] or o["step"]
            for o in self.table("offers")
        }

    def offer(self, advert: str | None, household: str) -> dict[str, Any]:
        """The last offer of an advert's home to a household."""
        return [o for o in self.table("offers")
                if (o["advert"], o["application"]) == (advert, household)][-1]

    def proposed(self, status: str = "open") -> list[tuple[Any, ...]]:
        """act, advert, household and what of each proposal of a status."""
        return [(p["act"], p["advert"], p["application"], p["what"])
                for p in self.table("proposals") if p["status"] == status]

    def passed(self) -> list[tuple[str, str, str]]:
        """advert, household and reason of each passing over that still stands."""
        return [(p["advert"], p["application"], p["reason"])
                for p in self.table("passed_over") if p["until"] is None]

    def held(self) -> list[tuple[str, str, str]]:
        """advert, household and reason of each hold that still stands."""
        return [(h["advert"], h["application"], h["reason"])
                for h in self.table("holds") if h["ended_on"] is None]

    def status(self, advert: str) -> str:
        """Where an advert stands."""
        return next(a["status"] for a in self.table("advert_states") if a["advert"] == advert)

    def kinds(self) -> list[str]:
        """The kinds of events so far, in order."""
        return [event.kind for event in self.events]

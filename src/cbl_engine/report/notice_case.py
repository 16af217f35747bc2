"""The case of one letter that is due: the household's own rows of the record, and the home it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.records.kinds_of_home import KIND_TYPES, with_kind
from cbl_engine.report.landlord_names import landlord_names
from cbl_engine.report.letter import BLANK
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.offers_words import refusals_in_words
from cbl_engine.scheme.words import amount, capital

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Offers

Row = dict[str, Any]

_COSTS = {"rent_weekly": "Rent", "service_charge_weekly": "Service charge"}
_HOME = {**KIND_TYPES, **dict.fromkeys(_COSTS, pl.Float64()), "landlord": pl.String()}
_AUTOMATED = Line(
    "This was decided by our system alone, without a person. You may tell us what you think of it, "
    "ask for a person to decide, and contest it.", source="UK GDPR, Article 22C",
)


class Case:
    """One letter due, with the household's own rows of the record."""

    def __init__(self, record: Record, scheme: Scheme, due: Row) -> None:
        self.record, self.scheme, self.due = record, scheme, due
        self.version: SchemeVersion = scheme.in_force(due["on"])
        self.on: date = due["on"]

    @property
    def offers(self) -> Offers | None:
        """What the scheme says of offers."""
        return self.version.offers

    def rows(self, table: str, **keys: Any) -> list[Row]:
        """The household's rows of a table with these values."""
        frame = self.record.tables.get(table)
        if frame is None:
            return []
        own = {"application": self.due["application"], **keys}
        return frame.filter(*(pl.col(n).cast(pl.String) == v for n, v in own.items())).to_dicts()

    def offer(self, name: str | None = None) -> Row:
        """The offer that the letter is about, or another of the household's."""
        return self.rows("offers", id=name or self.due["offer"])[0]

    def home(self, offer: Row | None = None) -> Row:
        """The home of the offer or the advert: its kind, area, landlord and costs; null: not known.

        The landlord by its name, where the record has one.
        """
        tables = self.record.tables
        advert = self.due["advert"] if offer is None else offer["advert"]
        own: Row = {}
        if advert is not None and "adverts" in tables:
            own = next(iter(tables["adverts"].filter(
                pl.col("id").cast(pl.String) == advert).to_dicts()), {})
        own = {n: own.get(n) for n in ("home", "home_group", *_HOME)}
        if offer is not None and offer["home"] is not None:
            own["home"] = offer["home"]
        frame = pl.DataFrame([own], {"home": pl.String, "home_group": pl.String, **_HOME})
        home = with_kind(frame, tables, _HOME).row(0, named=True)
        called = landlord_names(self.record.tables)
        return {"advert": advert, **home,
                "landlord": called.get(home["landlord"], home["landlord"])}

    def let_on(self) -> date | None:
        """Day on which the household signed for a home that it had on the day of the letter, if it did."""
        return self._signed(pl.col("application") == self.due["application"])

    def shares_a_tenant(self) -> bool:
        """Whether somebody on the application had a home by another one on the day of the letter."""
        return self._signed(
            pl.col("shares_tenant").list.contains(self.due["application"])) is not None

    def _signed(self, whose: pl.Expr) -> date | None:
        stood = (pl.col("signed_on") <= self.on) & (pl.col("undone_on") > self.on).fill_null(value=True)
        found = self.record.tables["lettings"].filter(whose.fill_null(value=False), stood)
        return max(found["signed_on"].to_list(), default=None)

    def automated(self, *acts: str, **keys: Any) -> tuple[Line, ...]:
        """What must be told where a proposal of these acts was approved by nobody."""
        decided = [p for act in acts for p in self.rows("proposals", act=act, **keys)
                   if p["automated"] and p["status"] == "approved"]
        return (_AUTOMATED,) if decided else ()

    def refusals_so_far(self) -> int:
        """Refusals of the household that count."""
        return len([o for o in self.rows("offers") if o["counts"]])


def home_called(home: Row) -> str:
    """A home by its kind and area: ``a flat with 2 bedrooms in Parkside``."""
    kind = home["property_type"] or "home"
    rooms = home["bedrooms"]
    size = "" if rooms is None else " with " + (amount(rooms, "bedrooms") if rooms else "no bedroom")
    area = f" in {home['area']}" if home["area"] else ""
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}{size}{area}"


def the_home(home: Row, *, whole: bool = False) -> Section:
    """The home of a letter; ``whole`` with a blank for its address, and its costs."""
    lines = [Line(f"{capital(home_called(home))}.")]
    if home["advert"] is not None:
        lines.append(Line(f"Advert: {home['advert']}"))
    if home["landlord"] is not None:
        lines.append(Line(f"Landlord: {home['landlord']}"))
    if whole:
        lines.insert(1, Line(f"Address: {BLANK.format('address of the home')}"))
        lines += [
            Line(f"{called}: " + (BLANK.format(f"{called.lower()} a week") if home[name] is None
                                  else f"£{home[name]:,.2f} a week"))
            for name, called in _COSTS.items()
        ]
    return Section("The home", items=tuple(lines))


def what_refusals_lead_to(case: Case) -> Iterator[Line]:
    """What follows from a number of refusals, and how many there are."""
    rules = case.offers
    if rules is None or not rules.refusals:
        yield Line("Our scheme names nothing that follows from a number of refusals.")
        return
    for rule in rules.refusals.values():
        yield refusals_in_words(rule, case.version)
    yield Line(f"Refusals of yours that count so far: {case.refusals_so_far()}")

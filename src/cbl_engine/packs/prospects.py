"""What an applicant is entitled to be told of its prospects: its own facts, and what is published.

An applicant may ask for such general information as enables it to assess how its application is likely
to be treated, whether housing appropriate to its needs is likely to be made available to it, and if so
how long it is likely to be before that (Housing Act 1996, s.166A(9)(a)). Everything here is worked
out from the household's own facts and from published, suppressed figures, so nothing of another
household is told; and that it may never be offered a home is said plainly, where past lettings say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.packs.parts import ALL, Part, counted, pack_page
from cbl_engine.report.page import day
from cbl_engine.report.results import Results, letting_results
from cbl_engine.report.results_rows import housed_on
from cbl_engine.report.results_tables import UNKNOWN
from cbl_engine.scheme.words import listed
from cbl_engine.shortlist.register_check import bands_in_order
from cbl_engine.tables import versions_in_force
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme

_MONTHS = 12
_NOT_TOLD = "not told"
_MEDIAN_OF = {"registered_median": "lettings", "ranked_median": "lettings", "waiting_median": "waiting"}
_NEVER = "you may never be offered a home"


@dataclass(frozen=True, eq=False)
class Prospects:
    """The answer to one applicant.

    Attributes:
        application: whose, as text.
        scheme: title.
        since: first day of the past lettings it rests on.
        until: last day.
        own: the household's own facts in sentences.
        answer: how it is likely to be treated, whether and how soon, in sentences.
        never: whether past lettings say that it may never be offered a home.
        parts: the published figures it rests on.
    """

    application: str
    scheme: str
    since: date
    until: date
    own: tuple[str, ...] = field(repr=False)
    answer: tuple[str, ...] = field(repr=False)
    never: bool
    parts: tuple[Part, ...]

    def text(self) -> str:
        """The answer as plain text."""
        lines = [f"Prospects of application {self.application}", "", *self.own, ""]
        lines += [f"- {line}" for line in self.answer]
        for part in self.parts:
            lines += ["", part.title, part.words, *_columns(_written(part, "withheld"))]
        return "\n".join(lines) + "\n"

    def page(self) -> str:
        """The answer as one offline HTML page, for the applicant."""
        return pack_page(
            "How likely a home is, and how soon",
            f"Application {self.application}, {self.scheme}. {_period(self.since, self.until)}.",
            [Part("own", "Your application", " ".join(self.own), None),
             Part("answer", "What past lettings say", "", None, items=self.answer),
             *(part if part.drawn else _written(part, "*") for part in self.parts)],
            "applicant", hides=True,
            source=f"{self.scheme}. General information under the Housing Act 1996, s.166A(9)(a); no "
            "promise of a home, nor a decision.")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"application": self.application, "scheme": self.scheme,
                "since": self.since.isoformat(), "until": self.until.isoformat(),
                "own": self.own, "answer": self.answer,
                "may_never_be_offered": self.never,
                "published": {p.name: p.frame.to_dicts() for p in self.parts if p.frame is not None}}


def prospects(
    record: Record, scheme: Scheme, application: str, *, since: date | None = None,
    until: date | None = None,
) -> Prospects:
    """What past lettings say of one application.

    1. Lettings of the last twelve whole months (or from ``since``) are counted as for the public;
    where a state's record begins within them, from the month in which it does. When homes were let
    moves no month: a time without lettings is part of the pace. 2. Of the sizes that may be let to
    the household: how many came up, to which bands, from which dates, where, after what wait, and
    how many wait. 3. What they say is put in sentences.

    Args:
        record: a state folder, or a cycle's record, which does not say when it begins.
        scheme: it was let under.
        application: whose.
        since: first day of a month, none before that in which the record begins; None: of the
            twelve months to ``until`` that are on record.
        until: last day of a month that is over; None: of the last.

    Raises:
        BadInput: no such application on the record's day; days that are not whole months, or that
            the record does not cover.
    """
    own = _own(record, application)
    rules = scheme.in_force(record.as_at)  # type: ignore[arg-type]
    own["ranked_from"] = own.get(rules.ranks_from(None, own.get("band")) or "")
    if since is None:
        everything = letting_results(record, scheme, until=until)
        since = _months_before(everything.until, _MONTHS)
        if everything.begins is not None:
            since = max(since, everything.begins.replace(day=1))
    found = letting_results(record, scheme, since=since, until=until)
    bands = bands_in_order(scheme)
    sizes = _sizes(own)
    of_size = found.lettings.filter(pl.col("bedrooms").is_in([str(s) for s in sizes]))
    let_on = _let_on(record, application)
    answer, never = _answer(own, let_on, bands, sizes, since, found, of_size)
    return Prospects(application, found.title, since, found.until, tuple(_facts(own, let_on, sizes)),
                     tuple(answer), never, tuple(_tables(since, found, of_size, sizes)))


def _months_before(until: date, months: int) -> date:
    """The first day of the months that end with ``until``."""
    at = until.year * 12 + until.month - months
    return date(at // 12, at % 12 + 1, 1)


def _own(record: Record, application: str) -> dict[str, Any]:
    """The application's row in force on the record's day."""
    rows, as_at = record.tables.get("applications"), record.as_at
    on = "in the record" if as_at is None else f"on {as_at}"
    problem = BadInput([Problem("unknown_application", f"there is no such application {on}",
                                given=application[:60], remedy="Give its id as the record has it")])
    if rows is None or as_at is None:
        raise problem
    rows = versions_in_force(rows.filter(pl.col("id").cast(pl.String) == application), as_at)
    if rows.is_empty():
        raise problem
    return rows.row(-1, named=True)


def _let_on(record: Record, application: str) -> date | None:
    """The day on which it was last let a home; None: no letting stands."""
    let = housed_on(record, record.as_at)  # type: ignore[arg-type]
    return let.filter(application=application)["signed_on"].max()  # type: ignore[return-value]


def _sizes(own: dict[str, Any]) -> list[int]:
    if own.get("sizes"):
        return sorted(int(s) for s in own["sizes"])
    return [] if own.get("bedroom_need") is None else [int(own["bedroom_need"])]


def _facts(own: dict[str, Any], let_on: date | None, sizes: list[int]) -> Iterator[str]:
    yield "These are the facts that we hold of you."
    if let_on is not None:
        yield f"You were let a home: the tenancy was signed on {day(let_on)}."
    yield f"Status: {str(own.get('status') or 'not known').replace('_', ' ')}."
    yield "Band: none." if own.get("band") is None else f"Band: {own['band']}."
    if own.get("points") is not None:
        yield f"Points: {own['points']}."
    if own["ranked_from"] is not None:
        yield f"Date that ranks: {day(own['ranked_from'])}."
    yield ("The size of home that may be let to you is not known." if not sizes else
           f"Homes that may be let to you: {_in_words(sizes)}.")


def _in_words(sizes: list[int]) -> str:
    said = ["bedsit" if s == 0 else str(s) for s in sizes]
    return f"{listed(said, 'or')} {'bedroom' if sizes[-1] == 1 else 'bedrooms'}"


def _answer(
    own: dict[str, Any], let_on: date | None, bands: list[str], sizes: list[int], since: date,
    found: Results, of_size: pl.DataFrame,
) -> tuple[list[str], bool]:
    """Sentences, and whether it may never be offered a home."""
    if let_on is not None:
        return [f"You were let a home on {day(let_on)}. No other is offered to you on this application."], False
    if own.get("status") not in ("active", "under_offer"):
        return ["Your application is not active. While it is not, no home is offered to you."], False
    if not sizes:
        return ["We cannot tell which homes would suit you until we know what size may be let to you."], False
    when = _period(since, found.until)
    size = f"your size ({_in_words(sizes)})"
    counts = _counts(found, "bedrooms", [str(s) for s in sizes])
    if all(n == 0 for n in counts):
        return [f"{when} no home of {size} was let. If that goes on, {_NEVER}."], True
    known = sum(n for n in counts if n is not None)
    if None in counts and not known:
        said = [(f"{when} so few homes of {size} were let, if any, that their number is withheld, or it "
                "would give another away.")]
    else:
        more = "" if None not in counts else ", and some more that are withheld"
        said = [f"{when} {known:,} homes of {size} were let{more}."]
    more, never = _by_band(own, bands, found, of_size)
    said += more
    said += _pace(since, found, sizes)
    said.append("This is what happened, not a promise: homes that come up, and who bids for them, differ "
                "from year to year. You may bid for other areas and types, and a change in your "
                "circumstances may change your band.")
    return said, never


def _counts(found: Results, by: str, values: list[str]) -> list[int | None]:
    """Published counts of lettings; nought is always shown, and null withheld."""
    table = found.tables[by]
    told = dict(table.select(by, "lettings").iter_rows())
    any_told = any(n is not None for value, n in told.items() if value != ALL)
    nothing = 0 if any_told or told.get(ALL) == 0 else None
    return [told.get(value, nothing) for value in values]


def _by_band(
    own: dict[str, Any], bands: list[str], found: Results, of_size: pl.DataFrame
) -> tuple[list[str], bool]:
    """To which bands homes went, and from which dates in its own."""
    mine = own.get("band")
    if mine is None or mine not in bands:
        return [], False
    [to_mine] = _counts(found, "band", [mine])
    below = _counts(found, "band", bands[bands.index(mine) + 1:])
    if to_mine == 0:
        if all(n == 0 for n in below):
            lower = " or in a lower one" if below else ""
            return [(f"Nobody in your band{lower} was let a home of any size: all went to higher bands. "
                    f"If that goes on, {_NEVER}.")], True
        return [("Nobody in your band was let a home of any size, but a home does come to lower bands: "
                "those that fewer households bid for.")], False
    said = []
    told = of_size["band"].drop_nulls()
    order = {band: place for place, band in enumerate(bands)}
    if not told.is_empty():
        shown = dict(_lines(of_size, "band").iter_rows())
        went = [f"{shown[b]:,} to band {b}" for b in bands if shown.get(b)]
        if went:
            said = [f"As far as may be told, {listed(went, 'and')}."]
        whole = told.len() == of_size.height and None not in _counts(
            found, "bedrooms", of_size["bedrooms"].unique().to_list())
        if whole and all(order.get(b, len(order)) < order[mine] for b in told.unique()):
            return [*said, (f"All went to higher bands than yours. If that goes on, {_NEVER} of this "
                    "size.")], True
    return [*said, *_dates(own, of_size.filter(pl.col("band") == mine))], False


def _dates(own: dict[str, Any], ours: pl.DataFrame) -> Iterator[str]:
    """From which dates homes of the size went to households in its band."""
    if ours.is_empty():
        return
    told = ours["ranks_from"].drop_nulls()
    if told.is_empty():
        yield "Some went to households in your band; from which dates they ranked is withheld."
    dates = told.filter(told != UNKNOWN).sort()
    if dates.is_empty():
        return
    latest, date_of = str(dates[-1]), own["ranked_from"]
    yield f"The latest date that ranked, of those told in your band, was in {_month(latest)}."
    if date_of is None:
        return
    if date_of.isoformat()[:len(latest)] > latest:
        yield ("Yours is later: households in your band with earlier dates came first, so expect to wait "
               "longer than they did.")
    else:
        yield ("Yours is not later than that: a home of this size may come to you if you bid for homes "
               "that few others want as much.")


def _pace(since: date, found: Results, sizes: list[int]) -> Iterator[str]:
    """The wait of those housed, and how long the pace would take, from the published table by size."""
    table = found.tables["bedrooms"]
    rows = table.filter(pl.col("bedrooms").is_in([str(s) for s in sizes]))
    for row in rows.iter_rows(named=True):
        size = _in_words([int(row["bedrooms"])])
        if row["registered_median"] is not None:
            yield (f"Half of the households let a home of {size} had been on the register for "
                   f"{row['registered_median']:,.0f} months or longer.")
        let, waiting = row["lettings"], row.get("waiting")
        if let and waiting:
            years = ((found.until - since).days + 1) / YEAR
            yield (f"At the end of {found.until:%B %Y} {waiting:,} households waited that need {size}. At "
                   f"this pace it would take about {_years(waiting / (let / years))} to house them all, if nobody "
                   "else joined; those in higher bands, and with earlier dates, come first.")


def _years(years: float) -> str:
    if years < 1:
        return f"{max(1, round(years * 12)):,} months"
    return f"{years:,.0f} {'year' if round(years) == 1 else 'years'}"


def _month(text: str) -> str:
    """``2024``, or ``March 2024`` of ``2024-03``."""
    return text if len(text) == 4 else f"{date.fromisoformat(f'{text}-01'):%B %Y}"


def _period(since: date, until: date) -> str:
    if (since.year, since.month) == (until.year, until.month):
        return f"In {until:%B %Y}"
    return f"From {since:%B %Y} to {until:%B %Y}"


def _tables(
    since: date, found: Results, of_size: pl.DataFrame, sizes: list[int]
) -> Iterator[Part]:
    words = f"{_period(since, found.until)}. Published figures: the same for everybody who asks."
    if not sizes:
        return
    if not of_size.is_empty():
        yield Part("homes", f"Homes of your size ({_in_words(sizes)}), by band of the household", words,
                   _lines(of_size, "band"), drawn="homes")
        yield Part("areas", "By area", words, _lines(of_size, "area"))
        yield Part("types", "By type of home", words, _lines(of_size, "property_type"))
    table = found.tables["bedrooms"]
    wanted = [c for c in ("bedrooms", "lettings", "registered_median", "ranked_median", "waiting",
                          "waiting_median") if c in table.columns]
    yield Part("waits", "How long households waited, by bedrooms", words + " Months, median.",
               table.select(wanted).filter(pl.col("bedrooms") != ALL),
               heads=(("lettings", "homes let"), ("registered_median", "since registering"),
                      ("ranked_median", "since the date that ranked"),
                      ("waiting", f"waiting at the end of {found.until:%B %Y}"),
                      ("waiting_median", "so far")))


def _written(part: Part, hidden: str) -> Part:
    """A part with its table as people read it: withheld is one word, and a dash is that there is none."""
    frame = part.frame
    if frame is None:
        return part
    first, *figures = frame.columns
    rows = [[_bedsit(part, row[first]), *(_figure(row, n, hidden) for n in figures)]
            for row in frame.iter_rows(named=True)]
    text = pl.DataFrame(rows, dict.fromkeys(frame.columns, pl.String), orient="row")
    return replace(part, frame=text, figures=tuple(figures))


def _bedsit(part: Part, value: str) -> str:
    return "bedsit" if part.name == "waits" and value == "0" else value


def _figure(row: dict[str, Any], name: str, hidden: str) -> str:
    """A count, or whole months; of a wait without a value none where the count it is of is told."""
    value = row[name]
    if value is None:
        return hidden if row[_MEDIAN_OF.get(name, name)] is None else "–"
    return f"{value:,.0f}"


def _columns(part: Part) -> Iterator[str]:
    """A written table as lines of plain text, headings first."""
    if part.frame is None:
        return
    rows = [tuple(part.head(n) for n in part.frame.columns), *part.frame.iter_rows()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *figures in rows:
        said = [first.ljust(widths[0]), *(f.rjust(w) for f, w in zip(figures, widths[1:], strict=True))]
        yield "  ".join(said).rstrip()


def _lines(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Lines of the published list by what is told of them; counts of one to four withheld."""
    values = rows[by].fill_null(_NOT_TOLD)
    order = [*sorted(set(values) - {_NOT_TOLD}), *([_NOT_TOLD] if _NOT_TOLD in set(values) else [])]
    return counted(values, order, "homes", "public").rename({"what": by.replace("property_type", "type")})

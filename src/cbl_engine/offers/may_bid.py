"""May this household bid on this advert now; if not, why; and where would it stand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.offers.bidding import Kind, Verdicts, judged
from cbl_engine.offers.clock import cycle_span
from cbl_engine.offers.meanwhile import Meanwhile, meanwhile
from cbl_engine.offers.placed import given_problems, place_bids
from cbl_engine.shortlist import explain, shortlist
from cbl_engine.shortlist.explain import AUDIENCES
from cbl_engine.tables import LONDON
from cbl_engine.tables.needs import with_types
from cbl_engine.tables.ordinals import as_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.parts import Labelled
    from cbl_engine.shortlist import Explanation, Prepared
    from cbl_engine.shortlist.explanation import Audience

Answer = Literal["yes", "no", "not eligible"]
PLACED_BY = ("applicant", "officer")
_KEY = ["advert", "application", "placed_at"]


@dataclass(frozen=True)
class Against:
    """A rule that stands against the bid.

    Attributes:
        rule: its name: a bid placed all the same is set aside under it.
        kind: what kind of rule it is.
        label: what it says, in the scheme's words or ours.
        source: where it is written; None when the scheme does not say, or it is ours.
    """

    rule: str
    kind: Kind
    label: str
    source: str | None


@dataclass(frozen=True)
class CapUsed:
    """A cap that binds the household.

    Attributes:
        name, label, source: of the cap.
        bids: [bids] that may stand.
        used: [bids] that stand already, the one on this advert included.
        per: ``cycle`` or ``live``.
        withdrawn: whether a bid that was withdrawn is ``free`` again or ``spent``.
    """

    name: str
    label: str
    source: str | None
    bids: int
    used: int
    per: Literal["cycle", "live"]
    withdrawn: Literal["free", "spent"]


@dataclass(frozen=True)
class MayBid:
    """What a household is told before it bids.

    Attributes:
        advert, application, at: ids and moment (London).
        audience: who it is for; nothing in it is beyond them.
        scheme: the scheme's title.
        answer: ``no``: a rule stands against the bid, and it would be set aside. ``not eligible``:
            it would count, and the household is not eligible for the home. ``yes``: neither.
        against: every rule that stands against it.
        caps: every cap that binds the household.
        cycle_ends: last day of the cycle in which the advert closes.
        closes_at: when the advert closes (London).
        bid_already: moment of the household's latest bid on the advert that counts; None without.
        standing: how the bid would stand if it counted, as bids stand so far; None when the advert
            takes no bids at that moment, and for an applicant whose application shares a tenant with
            a letting to another.
        meanwhile: what the record has of the household that lasts while it bids.
    """

    advert: Any
    application: Any
    at: datetime
    audience: Audience
    scheme: str
    answer: Answer
    against: tuple[Against, ...]
    caps: tuple[CapUsed, ...]
    cycle_ends: date
    closes_at: datetime
    bid_already: datetime | None
    standing: Explanation | None
    meanwhile: tuple[Meanwhile, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: dates and times as ISO text."""
        return {
            "advert": self.advert,
            "application": self.application,
            "at": self.at.isoformat(),
            "audience": self.audience,
            "scheme": self.scheme,
            "answer": self.answer,
            "against": [asdict(rule) for rule in self.against],
            "caps": [asdict(cap) for cap in self.caps],
            "cycle_ends": self.cycle_ends.isoformat(),
            "closes_at": self.closes_at.isoformat(),
            "bid_already": None if self.bid_already is None else self.bid_already.isoformat(),
            "standing": None if self.standing is None else self.standing.as_dict(),
            "meanwhile": [{**asdict(its), "until": None if its.until is None else its.until.isoformat()}
                          for its in self.meanwhile],
        }

    def text(self) -> str:
        """The same in plain English."""
        from cbl_engine.offers.bid_words import in_words

        return in_words(self)


def may_bid(
    judge: Judge,
    prepared: Prepared,
    bids: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    advert: Any,
    application: Any,
    at: datetime,
    *,
    placed_by: Literal["applicant", "officer"] = "applicant",
    audience: Audience = "applicant",
    seed: int = 0,
) -> MayBid:
    """Ask every rule of bidding of one bid at one moment, and where it would stand.

    The place is that among the bids placed before the moment that count, judged as at the advert's
    close (or the day that ``prepared`` is for): another bid, or a fact that changes, moves it.

    Args:
        judge: for the rules' criteria, with the adverts and homes.
        prepared: the same scheme and register, as the shortlist has it.
        bids: as they stand; those placed, and withdrawals made, after the moment are not looked at.
        record: tables of the record, those there are.
        advert: id of the advert.
        application: id of the application.
        at: the moment, with a time zone.
        placed_by: who would place it.
        audience: ``applicant`` (the default, and the narrower) or ``officer``.
        seed: of the run, for lotteries.

    Raises:
        TableError: there is no such advert or application; adverts or bids are such as ``judge_bids``
            refuses; ``at`` is no moment with a time zone; ``placed_by`` or ``audience`` is none of
            those.
        SchemeError: no version of the scheme is in force that day.
    """
    problems = [
        *given_problems(judge.given_adverts, bids, prepared.ordinals.ids.dtype),
        *_asked_wrongly(at, placed_by, audience),
    ]
    if problems:
        raise TableError(problems)
    at = at.astimezone(ZoneInfo(LONDON))
    adverts = _as_known(judge.given_adverts, at)
    advert, application = as_id(adverts["id"], advert), as_id(prepared.ordinals.ids, application)
    _known(adverts["id"], prepared.ordinals.ids, advert, application)
    theirs = adverts.filter(pl.col("id") == advert)
    closes_at = theirs["closes_at"].dt.convert_time_zone(LONDON)[0]
    bids = with_types(bids, {"advert": adverts.schema["id"], "application": prepared.ordinals.ids.dtype})
    so_far = _so_far(bids, advert, application, at)
    asked = {"advert": advert, "application": application, "placed_at": at, "withdrawn_at": None,
             "placed_by": placed_by}
    mine = pl.DataFrame([pl.Series(n, [value], _type(value, so_far[n])) for n, value in asked.items()])
    bids = pl.concat([so_far, mine], how="vertical_relaxed")
    verdicts = judged(judge, place_bids(adverts, bids, record, at.date()), record)
    row = verdicts.placed.frame.with_row_index("row").filter(
        pl.col("advert") == advert, pl.col("application") == application, pl.col("placed_at") == at
    )["row"][0]
    version = judge.version(at.date())
    against = tuple(_against(verdicts, row, version, theirs))
    counting = verdicts.frame().filter(pl.col("rule").is_null(), pl.col("advert") == advert)
    before = counting.filter(pl.col("application") == application, pl.col("placed_at") < at)
    standing = None
    if not any(rule.kind in ("advert", "time") for rule in against):
        to_rank = pl.concat(
            [counting.select(_KEY), mine.select(_KEY)], how="vertical_relaxed"
        ).unique(_KEY)
        result = shortlist(prepared, theirs, to_rank, judge.homes, seed=seed)
        standing = explain(result, advert, application, audience)
    answer: Answer = "no" if against else "yes"
    if answer == "yes" and standing is not None and standing.outcome == "not eligible":
        answer = "not eligible"
    lasts = tuple(meanwhile(record, version, advert, application, at.date(), audience))
    if any(its.kind == "members" for its in lasts):
        answer = "no" if against else "not eligible"
        standing = None if audience == "applicant" else standing
    return MayBid(
        advert=advert,
        application=application,
        at=at,
        audience=audience,
        scheme=version.title,
        answer=answer,
        against=against,
        caps=tuple(_caps_used(verdicts, row, version)),
        cycle_ends=cycle_span(version.bidding, closes_at.date())[1],
        closes_at=closes_at,
        bid_already=max(before["placed_at"].to_list(), default=None),
        standing=standing,
        meanwhile=lasts,
    )


def _asked_wrongly(at: object, placed_by: str, audience: str) -> Iterator[Problem]:
    """A moment that the machine's own zone would have to settle; words that are none of ours."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        yield Problem("at", "the moment is not one with a time zone", where="at", given=repr(at),
                      allowed="a datetime.datetime with a time zone")
    if placed_by not in PLACED_BY:
        yield Problem("placed_by", "nobody who places bids is called so", where="placed_by",
                      given=repr(placed_by), allowed=", ".join(PLACED_BY))
    if audience not in AUDIENCES:
        yield Problem("unknown_audience", "there is no such audience", where="audience",
                      given=repr(audience), allowed=", ".join(AUDIENCES))


def _as_known(adverts: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The adverts as they were at the moment: what was put right later was not yet."""
    if "corrected_at" not in adverts.columns:
        return adverts
    corrected = _by_the_clock("corrected_at")
    return adverts.with_columns(pl.when(corrected <= at).then(corrected).alias("corrected_at"))


def _known(adverts: pl.Series, applications: pl.Series, advert: Any, application: Any) -> None:
    problems = [
        Problem(f"unknown_{what}", f"there is no such {what}", where=f"{what}s.id", given=str(given))
        for what, ids, given in (
            ("advert", adverts, advert), ("application", applications, application),
        )
        if not pl.Series([given], dtype=ids.dtype, strict=False).is_in(ids.implode()).any()
    ]
    if problems:
        raise TableError(problems)


def _so_far(bids: pl.DataFrame, advert: Any, application: Any, at: datetime) -> pl.DataFrame:
    """Bids placed before, of every household that bid on the advert and of this one."""
    missing = [
        pl.lit(None).alias(name) for name in ("withdrawn_at", "placed_by") if name not in bids.columns
    ]
    placed = bids.with_columns(missing).select(
        "advert",
        "application",
        _by_the_clock("placed_at"),
        _by_the_clock("withdrawn_at"),
        pl.col("placed_by").cast(pl.String),
    ).filter(pl.col("placed_at") < at)
    rivals = placed.filter(pl.col("advert") == advert)["application"]
    withdrawn = pl.col("withdrawn_at")
    return placed.filter(
        pl.col("application").is_in(rivals.implode()) | (pl.col("application") == application)
    ).with_columns(pl.when(withdrawn <= at).then(withdrawn).alias("withdrawn_at"))


def _by_the_clock(column: str) -> pl.Expr:
    """Moments by London's clock, whatever time zone they are given in."""
    return pl.col(column).cast(pl.Datetime("us", LONDON))


def _type(value: Any, of: pl.Series) -> pl.DataType:
    """The type of the other bids' values; for an id beyond it, the widest that goes with it."""
    beyond = isinstance(value, int) and pl.Series([value], dtype=of.dtype, strict=False)[0] is None
    return pl.Int64() if beyond else of.dtype


def _against(
    verdicts: Verdicts,
    row: int,
    version: SchemeVersion,
    advert: pl.DataFrame,
) -> Iterator[Against]:
    from cbl_engine.offers.bid_words import OURS, not_open

    for rule in verdicts.rules:
        if not rule.broken[row]:
            continue
        said = _said(version, rule.kind, rule.name)
        if said is not None:
            yield Against(rule.name, rule.kind, said.label, said.source)
        elif rule.kind == "time":
            opens_at, closes_at = (
                advert[c].dt.convert_time_zone(LONDON)[0]
                if c in advert.columns and advert[c].null_count() == 0 else None
                for c in ("opens_at", "closes_at")
            )
            label = not_open(opens_at, closes_at, verdicts.placed.frame["placed_at"][row])
            yield Against(rule.name, rule.kind, label, None)
        else:
            yield Against(rule.name, rule.kind, OURS.get(rule.name, rule.name), None)


def _said(version: SchemeVersion, kind: Kind, name: str) -> Labelled | None:
    """The scheme's own words for a rule."""
    if kind == "consequence":
        return version.consequences.get(name)
    bidding = version.bidding
    if bidding is None or kind in ("advert", "time", "gone"):
        return None
    if kind == "window":
        return bidding.window
    return {"choice": bidding.choice, "frozen": bidding.frozen, "cap": bidding.caps}[kind].get(name)


def _caps_used(verdicts: Verdicts, row: int, version: SchemeVersion) -> Iterator[CapUsed]:
    if version.bidding is None:
        return
    for limit in verdicts.limits:
        cap = version.bidding.caps.get(limit.name)
        if cap is None or not limit.binds[row]:
            continue
        used = int(verdicts.places.used[limit.tally][row])
        yield CapUsed(limit.name, cap.label, cap.source, cap.bids, used, cap.per, cap.withdrawn)



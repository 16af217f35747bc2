"""Of which steps of a record each household is due a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.offers.clock import london_date
from cbl_engine.report.consequence_letters import consequences_lifted
from cbl_engine.report.judged_anew import refusals_judged_anew
from cbl_engine.report.status_letters import members_unsettled, reviews_asked
from cbl_engine.report.undone import outcomes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme

KINDS = {
    "warning": "what a final offer means",
    "viewing": "an invitation to view a home",
    "offer": "an offer of a home",
    "passed_over": "passed over for a home",
    "withdrawn": "an offer or invitation is withdrawn",
    "refusal": "a refusal counts",
    "judged_anew": "a refusal counts no longer",
    "consequence": "a consequence begins",
    "lifted": "a consequence is lifted",
    "duty_may_end": "a duty may end",
    "void_bid": "a bid is void",
    "automatic_bid": "a bid was placed for the household",
    "review": "a review of suitability was asked for",
    "members": "who is on the application has to be settled",
}
"""What a letter is about, in words."""

WEIGHTIEST_FIRST = (
    "duty_may_end", "consequence", "refusal", "withdrawn", "members", "passed_over", "void_bid", "review",
    "judged_anew", "lifted", "warning", "offer", "viewing", "automatic_bid",
)
"""Kinds as an officer looks at them: what tells against a household, then what waits for it."""

SCHEMA = dict.fromkeys(("notice", "kind", "application", "advert", "offer", "what"), pl.String()) | {
    "on": pl.Date()
}
ENDED_WITHOUT = ("landlord_rejected", "landlord_silent", "absent", "no_reply", "no_contact")
"""Ends of an offer that its household did not choose, and that no row of ``passed_over`` tells."""
WITHDRAWN = ("offer_withdrawn", "advert_withdrawn", "undone", "members_unsettled")
"""Ends by which a household loses a home that it was asked to view, was offered or had accepted."""

_WARNED = ("proposed", "nominated", "invited", "attended", "offered")


def notices_due(record: Record, scheme: Scheme) -> pl.DataFrame:
    """The letters that a record gives rise to. Whether they were sent it does not say.

    The warning of a final offer, while a home waits for the record of it; invitations to view and
    offers while they wait for an answer, a final offer from the proposal on; offers and invitations that
    were withdrawn; passing over that stands; refusals that count, and those that count no longer;
    consequences, and those lifted; duties that officers found may end; bids void because their advert was
    put right; bids that the engine placed; reviews of suitability asked for and not answered;
    applications that share a tenant with a letting to another.

    Args:
        record: a state folder, or a cycle's record.
        scheme: that its cycles used; says what final offers wait for.

    Returns:
        Frame of notice (its id: kind/what it is about), kind (of :data:`KINDS`), application,
        advert and offer (null: about none), what (reason, consequence or kind of duty, as the
        record has it; what officers hold by its one neutral reason; null: none), on (day of what it
        is about); by day, then id.
    """
    t = record.tables
    parts = [_warnings(t, scheme), _offers(t), _passed_over(t), _ended(t), _withdrawn(t), _refusals(t),
             refusals_judged_anew(t), _consequences(t), _lifted(t, scheme), _duties(t),
             _void(t, record), _automatic(t), reviews_asked(t), members_unsettled(t)]
    frame = pl.concat([_whole(part) for part in parts if part is not None])
    return frame.unique("notice", keep="last", maintain_order=True).sort("on", "notice")


def _whole(part: pl.DataFrame) -> pl.DataFrame:
    """A part with every column; its ``key`` makes the notice's id."""
    missing = [pl.lit(None, dtype).alias(n) for n, dtype in SCHEMA.items()
               if n not in ("notice", *part.columns)]
    return part.with_columns(
        pl.format("{}/{}", "kind", pl.col("key").cast(pl.String)).alias("notice"), *missing
    ).select(pl.col(n).cast(dtype) for n, dtype in SCHEMA.items())


def _of(kind: str) -> pl.Expr:
    return pl.lit(kind).alias("kind")


def _pair() -> pl.Expr:
    return _joined("advert", "application")


def _joined(*columns: str) -> pl.Expr:
    """Ids as the key of a notice; a stroke within one is written %2F, so that no two are alike."""
    parts = [pl.col(c).cast(pl.String).str.replace_all("%", "%25", literal=True)
             .str.replace_all("/", "%2F", literal=True) for c in columns]
    return pl.concat_str(parts, separator="/").alias("key")


def _warnings(t: Mapping[str, pl.DataFrame], scheme: Scheme) -> pl.DataFrame:
    """Homes that wait for what must be on record before a final offer is made."""
    names = {
        name for v in scheme.versions if v.offers is not None and v.offers.final is not None
        for name in v.offers.final.records() if not v.checks[name].officer_held
    }
    return t["holds"].filter(
        pl.col("ended_on").is_null(), pl.col("reason").is_in(sorted(names))
    ).select(_of("warning"), _pair(), "application", "advert", pl.col("since").alias("on"))


def _offers(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    made = pl.col("step") == "offered"
    warned = pl.col("final") & pl.col("step").is_in(_WARNED)
    own = ("application", "advert", pl.col("id").alias("offer"))
    invited = t["offers"].filter(pl.col("step") == "invited").select(
        _of("viewing"), pl.col("id").alias("key"), *own, pl.col("invited_on").alias("on"))
    offered = t["offers"].filter(made | warned).select(
        _of("offer"), pl.col("id").alias("key"), *own,
        pl.coalesce("offered_on", "proposed_on").alias("on"),
    )
    return pl.concat([invited, offered])


def _passed_over(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return t["passed_over"].filter(pl.col("until").is_null()).select(
        _of("passed_over"), _pair(), "application", "advert", "on",
        pl.when("officer_held").then(pl.lit(NEUTRAL)).otherwise("reason").alias("what"),
    )


def _ended(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Offers that ended unasked; those of no list, by whatever they were passed over."""
    direct = (pl.col("ended_by") == "bypassed") & pl.col("advert").is_null()
    unasked = pl.col("ended_by").is_in(ENDED_WITHOUT) & ~pl.col("counts")
    return t["offers"].filter(unasked | direct).select(
        _of("passed_over"), pl.col("id").alias("key"), "application", "advert",
        pl.col("id").alias("offer"), pl.col("ended_by").alias("what"), pl.col("ended_on").alias("on"),
    )


def _withdrawn(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Offers taken back from a household that had been told of the home."""
    told = pl.any_horizontal(pl.col("invited_on", "offered_on").is_not_null())
    return t["offers"].filter(pl.col("ended_by").is_in(WITHDRAWN), told).select(
        _of("withdrawn"), pl.col("id").alias("key"), "application", "advert",
        pl.col("id").alias("offer"), pl.col("ended_by").alias("what"), pl.col("ended_on").alias("on"),
    )


def _refusals(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    decided = t["proposals"].filter(
        pl.col("act") == "refusal_counts", pl.col("status") == "approved"
    ).select(pl.col("offer").alias("id"), "decided_on").unique("id", keep="last")
    return t["offers"].filter("counts").join(
        decided, on="id", how="left", maintain_order="left"
    ).select(
        _of("refusal"), pl.col("id").alias("key"), "application", "advert",
        pl.col("id").alias("offer"), pl.coalesce("decided_on", "ended_on").alias("on"),
    )


def _consequences(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return t["consequences"].select(*_about_consequence("consequence"), pl.col("since").alias("on"))


def _lifted(t: Mapping[str, pl.DataFrame], scheme: Scheme) -> pl.DataFrame:
    return consequences_lifted(t, scheme).select(
        *_about_consequence("lifted"), pl.col("until").alias("on"))


def _about_consequence(kind: str) -> list[pl.Expr]:
    return [
        _of(kind), _joined("application", "consequence", "since"),
        pl.col("application"), pl.col("consequence").alias("what"),
    ]


def _duties(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return t["proposals"].filter(
        pl.col("act") == "duty_may_end", pl.col("status") == "approved"
    ).select(
        _of("duty_may_end"), pl.col("id").alias("key"), "application", "advert", "offer", "what",
        pl.col("decided_on").alias("on"),
    )


def _void(t: Mapping[str, pl.DataFrame], record: Record) -> pl.DataFrame | None:
    """Bids from before their advert was put right: told before the advert closes."""
    bids, adverts = t.get("bids"), t.get("adverts")
    if bids is None or adverts is None:
        return None
    placed = bids.select("advert", "application", "placed_at").drop_nulls()
    found = [t["bids_set_aside"].filter(pl.col("rule") == "void").select(
        "advert", "application", london_date("placed_at").alias("on"))]
    if "corrected_at" in adverts.columns:
        found.append(placed.join(
            adverts.select(pl.col("id").alias("advert"), "corrected_at", "closes_at"), on="advert"
        ).filter(
            pl.col("placed_at") < pl.col("corrected_at"),
            pl.col("corrected_at") < pl.col("closes_at"),
            london_date("corrected_at") <= record.as_at,
        ).select("advert", "application", london_date("corrected_at").alias("on")))
    right = outcomes_of(t).filter(pl.col("what") == "advert_corrected").select("advert", "on")
    found.append(placed.join(right, on="advert").filter(
        london_date("placed_at") <= pl.col("on")).select("advert", "application", "on"))
    return pl.concat(found).select(_of("void_bid"), _pair(), "application", "advert", "on")


def _automatic(t: Mapping[str, pl.DataFrame]) -> pl.DataFrame | None:
    bids = t.get("bids")
    if bids is None or "placed_by" not in bids.columns:
        return None
    return bids.filter(pl.col("placed_by") == "automatic").select(
        _of("automatic_bid"), _pair(), "application", "advert", london_date("placed_at").alias("on")
    )


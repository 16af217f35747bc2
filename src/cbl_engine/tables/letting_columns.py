"""Columns of the tables about bids and offers: what comes in, and what the record holds.

What comes in (:data:`GIVEN`) is written by people and systems: wishes, results of checks, what
happened to offers. What the record holds (:data:`RECORDED`) is made from the events of the trail
alone, and is never read from a data folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.tables.columns import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADVERT = Column("advert", "id", "the advert", required=True)
_APPLICATION = Column("application", "id", "the application", required=True)
_EVENT = Column("event", "int", "number of the event in the trail", required=True)
_BY = Column("by", "text", "officer, by name or post")
_EVIDENCE = Column("evidence", "text", "reference to the evidence", null_means="none")

PREFERENCES = (
    _APPLICATION,
    Column("advert", "id", "an advert it has bid for", required=True),
    Column("rank", "int", "its place in the household's own order, 1 first", required=True, least=1),
)

WISHES = (
    _APPLICATION,
    Column("rank", "int", "1 is wished for most", required=True, least=1),
    Column("area", "id", "area it should lie in", null_means="any"),
    Column("property_type", "text", "house, flat, bungalow, ...", null_means="any"),
    Column("bedrooms", "int", "bedrooms it should have", unit="bedrooms", null_means="any", least=0),
)

CHECKS = (
    Column("id", "id", "the result", required=True),
    _APPLICATION,
    Column("check", "text", "name of the check in the scheme", required=True),
    Column(
        "outcome",
        "code",
        "cleared; refused: not at all; not_for_this_home: not there; refer: an officer decides",
        required=True,
        codes=("cleared", "refused", "not_for_this_home", "refer"),
    ),
    Column("home", "id", "home it is about", null_means="every home"),
    Column("advert", "id", "advert it is about", null_means="every advert"),
    Column("area", "id", "area it is about, with what lies in it", null_means="every area"),
    Column("since", "date", "first day it holds", required=True),
    Column("until", "date", "first day it no longer holds", null_means="as long as the scheme says"),
    _BY,
    Column("confirmed_by", "text", "second officer", null_means="not confirmed by a second"),
    _EVIDENCE,
)

OUTCOMES = (
    Column("id", "id", "the outcome", required=True),
    Column("on", "date", "day it happened", required=True),
    Column(
        "what",
        "code",
        "what happened",
        required=True,
        codes=(
            "approved", "declined", "chosen", "judged",
            "landlord_accepted", "landlord_rejected",
            "viewed", "absent", "accepted", "refused", "no_contact", "withdrew",
            "offer_withdrawn", "signed", "undone",
            "advert_withdrawn", "advert_corrected",
        ),
    ),
    Column("advert", "id", "advert it is about", null_means="about no advert"),
    Column("application", "id", "application it is about", null_means="about the advert alone"),
    Column("home", "id", "which home, where the advert has several", null_means="the only one"),
    Column(
        "act",
        "code",
        "of approved and declined: the act that was proposed; of undone: bypass, where a passing over is, "
        "refusal_counts, where a refusal counts no longer, and consequence, where one that began is lifted",
        null_means="not a decision on a proposal",
        codes=(
            "offer", "bypass", "tie", "refusal_counts", "consequence", "duty_may_end",
            "direct_let", "rung",
        ),
    ),
    Column("reason", "text", "why, by a name the scheme lists, or in words", null_means="not given"),
    Column("reasonable", "bool", "of a refusal: for a good reason", null_means="not yet judged"),
    Column("review_requested", "bool", "accepted, and a review of suitability asked for",
           null_means="not asked for"),
    Column("attempts", "int", "of no_contact: attempts made", unit="attempts", least=0),
    Column("channels", "int", "of no_contact: channels used", unit="channels", least=0),
    Column("adjustments_checked", "bool", "of no_contact: reasonable adjustments were checked"),
    Column("tenancy_start", "date", "of signed: first day of the tenancy", null_means="the day itself"),
    Column("tenancy_ends", "bool", "of signed: the household's old tenancy ends and frees its home",
           null_means="it does not, or there is none"),
    _BY,
    Column("second_by", "text", "second officer, where one is needed", null_means="no second officer"),
    _EVIDENCE,
)

TENANCIES = (
    Column("id", "id", "the tenancy", required=True),
    Column("home", "id", "home let", required=True),
    Column("application", "id", "application it was let to", null_means="let before records began"),
    Column("start", "date", "first day"),
    Column("end", "date", "last day", null_means="still runs"),
    Column("reason", "text", "why it ended", null_means="still runs, or not known"),
)

DIRECT_LETS = (
    Column("id", "id", "the request", required=True),
    _APPLICATION,
    Column("home", "id", "home to be let", required=True),
    Column("kind", "text", "name under direct_lets in the scheme", required=True),
    Column("on", "date", "day it was asked for", required=True),
    Column("reason", "text", "why"),
    Column("by", "text", "officer who asks for it, by name or post", required=True, recorded_without=True),
    _EVIDENCE,
)

LITIGATION_HOLDS = (
    Column("id", "id", "the hold", required=True),
    _APPLICATION,
    Column("since", "date", "first day nothing of the application may be erased", required=True),
    Column("until", "date", "first day it may be again", null_means="still held"),
    Column("reason", "text", "complaint, review, claim or request it is held for"),
    _BY,
)

GIVEN: Mapping[str, tuple[Column, ...]] = {
    "preferences": PREFERENCES,
    "wishes": WISHES,
    "checks": CHECKS,
    "outcomes": OUTCOMES,
    "tenancies": TENANCIES,
    "direct_lets": DIRECT_LETS,
    "litigation_holds": LITIGATION_HOLDS,
}
"""Tables that a data folder may hold beside the register, adverts and bids."""

_STEPS = ("proposed", "nominated", "invited", "attended", "offered", "accepted", "let", "ended")
_ENDS = (
    "declined", "landlord_rejected", "landlord_silent", "absent", "not_chosen", "refused",
    "no_reply", "no_contact", "withdrew", "offer_withdrawn", "undone", "housed_elsewhere",
    "members_unsettled", "advert_withdrawn", "bypassed", "outranked",
)

OFFERS = (
    Column("id", "id", "the offer: advert/application/how many times", required=True),
    Column("advert", "id", "the advert", null_means="a direct let"),
    Column("home", "id", "the home", null_means="the advert names none"),
    _APPLICATION,
    Column("route", "code", "how it came about", required=True, codes=("bid", "direct")),
    Column("final", "bool", "its refusal may end a homelessness duty", required=True),
    Column("landlord", "id", "landlord that lets it", null_means="not known"),
    Column("stage", "int", "stage of the list it stood in", null_means="a direct let"),
    Column("position", "int", "place on the list at the time", null_means="a direct let"),
    Column("step", "code", "where it stands", required=True, codes=_STEPS),
    Column("proposed_on", "date", "day it was proposed", required=True),
    Column("nominated_on", "date", "day the household was named to the landlord",
           null_means="not yet, or the council lets it"),
    Column("landlord_result_on", "date", "day the landlord accepted or rejected it",
           null_means="not yet, or never named to it, or ended without"),
    Column("invited_on", "date", "day it was invited to view", null_means="not yet, or no viewing"),
    Column("viewed_on", "date", "day it viewed", null_means="not yet, or no viewing"),
    Column("offered_on", "date", "day it was offered", null_means="not yet"),
    Column("due_on", "date", "last day for what comes next", null_means="no deadline"),
    Column("answered_on", "date", "day of the household's answer", null_means="none yet"),
    Column("ended_on", "date", "day it came to an end", null_means="open, or let"),
    Column("ended_by", "code", "how it came to an end", null_means="open, or let", codes=_ENDS),
    Column("reason", "text", "of a refusal or rejection: why", null_means="not given"),
    Column("reasonable", "bool", "of a refusal: for a good reason", null_means="not judged, or none"),
    Column("counts", "bool", "it counts as a refusal", required=True),
    Column("under_review", "bool", "accepted while its suitability is reviewed", required=True),
)

PROPOSALS = (
    Column("id", "id", "P and the number of its event", required=True),
    Column(
        "act",
        "code",
        "what is proposed",
        required=True,
        codes=(
            "offer", "bypass", "tie", "refusal_counts", "consequence", "duty_may_end",
            "direct_let", "rung",
        ),
    ),
    Column("advert", "id", "the advert", null_means="about no advert"),
    Column("application", "id", "the application", null_means="about the advert alone"),
    Column("offer", "id", "offer it is about", null_means="about none"),
    Column("what", "text", "name of the check, silence, consequence, duty, tie, kind of direct let or rung"),
    Column("rule", "text", "name of the rule of refusals, or of the duty to bid, that proposes a consequence",
           null_means="no consequence"),
    Column("because", "text_list", "offers that were refused, by which it is proposed",
           null_means="none: no consequence, or a duty to bid"),
    Column("on", "date", "day it was proposed", required=True),
    Column("status", "code", "where it stands", required=True,
           codes=("open", "approved", "declined", "lapsed")),
    Column("decided_on", "date", "day it was decided", null_means="open"),
    Column("by", "text", "who decided", null_means="open, lapsed, or nobody: automated"),
    Column("automated", "bool", "decided without a person", required=True),
    Column("reason", "text", "why it was decided so", null_means="not given"),
)

PASSED_OVER = (
    _ADVERT,
    _APPLICATION,
    Column("position", "int", "place on the list at the time", required=True),
    Column("on", "date", "day", required=True),
    Column("reason", "text", "name of the check, criterion or rule, or one of passing_over",
           required=True),
    Column("kind", "code", "what kind of reason it is", required=True,
           codes=("check", "criterion", "rule", "officer")),
    Column("officer_held", "bool", "the reason is for officers alone", required=True),
    Column("until", "date", "first day it no longer stands",
           null_means="for good on this advert, or still"),
    _BY,
    Column("evidence", "id", "id of the check's result, else of the outcome", null_means="none"),
)

HOLDS = (
    Column("advert", "id", "the advert", null_means="a direct let"),
    _APPLICATION,
    Column("reason", "text", "check or criterion waited for", required=True),
    Column("since", "date", "first day", required=True),
    Column("until", "date", "last day it is waited for", null_means="no deadline"),
    Column("ended_on", "date", "day it ended", null_means="still waited for"),
    Column("offer", "id", "of a direct let: its offer", null_means="of an advert"),
)

LETTINGS = (
    Column("id", "id", "offer that led to it", required=True),
    Column("advert", "id", "the advert", null_means="a direct let"),
    Column("home", "id", "the home", null_means="the advert names none"),
    _APPLICATION,
    Column("route", "code", "how it came about", required=True, codes=("bid", "direct")),
    Column("kind", "text", "of a direct let: its kind in the scheme", null_means="by a bid"),
    Column("final", "bool", "it was a final offer", required=True),
    Column("signed_on", "date", "day of signing", required=True),
    Column("started_on", "date", "first day of the tenancy", required=True),
    Column("band", "text", "band held", null_means="in none"),
    Column("points", "int", "points held", unit="points", null_means="none"),
    Column("priority_date", "date", "priority date held", null_means="not known"),
    Column("registered_on", "date", "day it joined the register", null_means="not known"),
    Column("bedroom_need", "int", "bedrooms needed", unit="bedrooms", null_means="not known"),
    Column("bids", "int", "bids that counted on the advert", unit="bids", null_means="a direct let"),
    Column("position", "int", "its place on the list", null_means="a direct let"),
    Column("shares_tenant", "text_list", "other applications of its tenants, off every list too",
           required=True),
    Column("freed_home", "id", "home that its old tenancy left", null_means="none"),
    Column("undone_on", "date", "day it fell through", null_means="it stands"),
)

CONSEQUENCES = (
    _APPLICATION,
    Column("consequence", "text", "name in the scheme", required=True),
    Column("since", "date", "first day", required=True),
    Column("until", "date", "first day it no longer holds; of one that was lifted, the day of that",
           null_means="for good"),
    Column("status", "text", "status meanwhile", null_means="as it is"),
    Column("band", "text", "band meanwhile", null_means="as it is"),
    Column("place_in_band", "int", "place in the band meanwhile", null_means="as it is"),
    Column("may_not_bid", "bool", "its bids do not count meanwhile", required=True),
    Column("council_bids", "bool", "only the council bids for it meanwhile", required=True),
    Column("review", "bool", "an officer is to look at it", required=True),
    Column("because", "text_list", "offers that led to it", null_means="none: a duty to bid"),
    _BY,
)

BIDS_SET_ASIDE = (
    _ADVERT,
    _APPLICATION,
    Column("placed_at", "datetime", "moment it was placed", required=True),
    Column("rule", "text", "name of the rule, or closed, withdrawn, superseded, void", required=True),
)

ADVERT_STATES = (
    Column("advert", "id", "the advert", required=True),
    Column("status", "code", "where it stands", required=True,
           codes=("held_back", "open", "closed", "let", "unlet", "withdrawn")),
    Column("profile", "text", "profile it is let under", null_means="not known"),
    Column("quota", "text", "quota that chose the profile", null_means="none did"),
    Column("closed_on", "date", "day its list was made", null_means="not yet"),
    Column("bids", "int", "bids that count", unit="bids", null_means="not yet closed"),
    Column("eligible", "int", "eligible bids", unit="bids", null_means="not yet closed"),
    Column("homes", "int", "homes to let", unit="homes", required=True),
    Column("let", "int", "homes let", unit="homes", required=True),
    Column("unlet_because", "code", "why it was not let", null_means="let, or still open",
           codes=("no_bids", "no_eligible", "exhausted", "withdrawn")),
    Column("rung", "int", "steps of the ladder taken so far", required=True),
)

LEDGER = (
    Column("quota", "text", "name in the scheme, or plan and target", required=True),
    Column("stratum", "text_list", "values of `by`, in its order; empty when there is none",
           required=True),
    Column("period", "date", "first day of the period", null_means="no period"),
    _EVENT,
    Column("advert", "id", "advert that counted", required=True),
    Column("letting", "id", "letting of it that counted, or fell through", null_means="its opening"),
    Column("whole", "int", "homes counted so far, this one in", unit="homes", required=True),
    Column("part", "int", "of those, homes of the quota", unit="homes", required=True),
    Column("chosen", "bool", "the quota chose the profile of this one", required=True),
    Column("why", "text", "in words: so many of so many so far, the target, who was furthest behind",
           required=True),
)

SHORTLISTED = (
    _ADVERT,
    _APPLICATION,
    Column("stage", "int", "stage it stands in", null_means="it stands in none"),
    Column("position", "int", "place on the list", null_means="not eligible"),
    Column("tie_group", "int", "group of equals it is in", null_means="it is in none"),
    Column("eligible", "bool", "may be offered the home", null_means="a fact must be known first"),
    Column("failed", "text_list", "criteria not met", required=True),
    Column("unknown", "text_list", "criteria not known", required=True),
)

RECORDED: Mapping[str, tuple[Column, ...]] = {
    "advert_states": ADVERT_STATES,
    "shortlisted": SHORTLISTED,
    "bids_set_aside": BIDS_SET_ASIDE,
    "proposals": PROPOSALS,
    "offers": OFFERS,
    "passed_over": PASSED_OVER,
    "holds": HOLDS,
    "lettings": LETTINGS,
    "consequences": CONSEQUENCES,
    "ledger": LEDGER,
}
"""Tables of a state folder that are made from the trail's events."""

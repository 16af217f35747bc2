"""A replay of a state in plain English and as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.records.chronology import chronology, known
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.replay_consequences import consequences_found, consequences_in_words
from cbl_engine.records.replay_words import correction_in_words, in_plain, written
from cbl_engine.shortlist.words import ordinal, say
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.records.cycles_again import RunAgain
    from cbl_engine.records.replay import Audience
    from cbl_engine.records.replay_state import StateReplay

RULE = (
    "What people did in the record applies wherever the same home is offered to the same household, "
    "as many days after as it did in fact. What nobody was asked in fact cannot be known: an offer "
    "never made in fact is taken to be approved and accepted, and the home to be let, each in as many "
    "days as it first took on that advert in fact, and on the same day where it never came to that."
)
STEPS = {
    "proposed": "proposed", "nominated": "named to the landlord", "invited": "asked to view",
    "attended": "waited for its turn", "offered": "offered", "accepted": "accepted", "let": "let",
    "declined": "passed over by an officer", "landlord_rejected": "landlord said no",
    "landlord_silent": "no answer of the landlord", "absent": "did not view",
    "not_chosen": "the home went to another", "refused": "refused", "no_reply": "no reply",
    "no_contact": "not reached", "withdrew": "withdrew", "offer_withdrawn": "offer withdrawn",
    "undone": "fell through", "housed_elsewhere": "let another home",
    "members_unsettled": "ended until it is settled who is on the application",
    "advert_withdrawn": "advert withdrawn", "bypassed": "passed over",
    "outranked": "proposed, and led no longer",
}
CHANGES = {"made": "only with the facts put right", "not made": "made no longer",
           "otherwise": "comes out otherwise", "same": "as it was"}


def offer_in_words(row: Mapping[str, Any], when: str) -> str:
    """An offer ``then`` or ``now``: how far it came, and on which day."""
    step = row[f"step_{when}"]
    if step is None:
        return "no offer"
    days = {"let": "let_on", "accepted": "answered_on", "offered": "offered_on",
            "proposed": "proposed_on"}
    day = row[f"{days.get(step, 'ended_on')}_{when}"]
    place = row[f"position_{when}"]
    first = f"{ordinal(place)} on the list, " if place is not None else ""
    return f"{first}{STEPS[step]}{f' on {say(day)}' if day is not None else ''}"


def finding(replay: StateReplay, own: Any = None) -> Iterator[str]:
    """Would they have been offered a home, which, on which day, what began, and was somebody displaced.

    Args:
        replay: with facts put right.
        own: the household an applicant's form is for; None for officers.
    """
    households = [own] if own is not None else replay.households
    changes, lost = replay.changes, replay.displaced
    for one in map(str, households):
        mine = changes.filter(changes["application"] == one)
        now = mine.filter(mine["offered_on_now"].is_not_null())
        new = now.filter(now["offered_on_then"].is_null())
        for row in now.iter_rows(named=True):
            home = f", home {row['home']}" if row["home"] is not None else ""
            place = row["position_now"]
            listed = f", {ordinal(place)} on the list" if place is not None else ""
            if row["offered_on_then"] is None:
                fact = "; in fact it was not"
            elif row["offered_on_then"] == row["offered_on_now"]:
                fact = ", as it was in fact"
            else:
                fact = f"; in fact on {say(row['offered_on_then'])}"
            yield (f"{one} would have been offered advert {row['advert']}{home} on "
                   f"{say(row['offered_on_now'])}{listed}{fact}.")
            if row["let_on_now"] is not None and row["let_on_then"] is None:
                yield f"If it accepted, it would have been let it on {say(row['let_on_now'])}."
        if not now.height:
            yield f"{one} would not have been offered a home by {say(replay.until)}."
        elif not new.height:
            yield f"{one} would have been offered no home that it was not offered in fact."
        for row in mine.filter(mine["offered_on_then"].is_not_null(),
                               mine["offered_on_now"].is_null()).iter_rows(named=True):
            yield (f"{one} would not have been offered advert {row['advert']}, as it was in fact on "
                   f"{say(row['offered_on_then'])}.")
        theirs = lost.filter(lost["advert"].is_in(now["advert"].implode()))
        if own is not None and theirs.height:
            for advert in theirs["advert"].unique().sort():
                let = theirs.filter(advert=advert)["let_on"].is_not_null().any()
                yield (f"In fact the home of advert {advert} "
                       f"{'went' if let else 'was offered'} to another household.")
    yield from consequences_found(replay, own)
    if own is None:
        for row in lost.iter_rows(named=True):
            then = f"let on {say(row['let_on'])}" if row["let_on"] else STEPS[row["step"]]
            has = f"; it would have that of {row['instead']}" if row["instead"] else ""
            to = f" to {row['to']}" if row["to"] else ""
            yield (f"Displaced: {row['application']} from the home of advert {row['advert']} "
                   f"({then} in fact){to}{has or '; it would have no other'}.")


def if_refused(replay: StateReplay, own: Any = None) -> Iterator[str]:
    """The finding if what was never offered in fact is refused, where it is another."""
    if not replay.refusing_matters:
        return
    found = replay.offered("refuses")
    if own is not None:
        found = found.filter(found["application"] == str(own))
    said = [f"{r['advert']} on {say(r['offered_on_now'])}" if own is not None else
            f"{r['application']}: {r['advert']} on {say(r['offered_on_now'])}"
            for r in found.iter_rows(named=True)]
    yield ("The finding hangs on what is assumed. If what was never offered in fact is refused instead, "
           f"the offers would be: {'; '.join(said) or 'none'}.")


def fork(replay: StateReplay, own: Any = None) -> Iterator[str]:
    """How far history is another, and from which day it is conjecture."""
    changed = replay.changes.filter(replay.changes["change"] != "same")
    if replay.fork_on is None:
        yield f"Every offer up to {say(replay.until)} comes out as it was."
    elif own is None:
        yield (f"Offers come out otherwise from {say(replay.fork_on)}: {changed.height} on "
               f"{changed['advert'].n_unique()} adverts.")
    else:
        yield f"Offers come out otherwise from {say(replay.fork_on)}."
    if replay.conjecture_from is not None:
        yield f"From {say(replay.conjecture_from)} it is conjecture: {_assumed(replay, own)}. {RULE}"
    left = [r for r in replay.left if own is None or str(r["application"]) == str(own)]
    if left:
        ids = ", ".join(str(r["id"]) for r in left) if own is None else str(len(left))
        about = "" if own is None else f" about {own}"
        yield f"Outcomes of the record{about} that no longer apply: {ids}."
    if replay.gone:
        who = ": " + ", ".join(replay.gone) if own is None else ""
        yield (f"Nothing is said after {say(replay.until)}: facts of {len(replay.gone)} households "
               f"that the next cycle rests on have lawfully gone{who}.")


def _assumed(replay: StateReplay, own: Any) -> str:
    """How many answers were assumed. A household is told of its own: how many others gave goes by their facts."""
    if own is None:
        n = len(replay.assumed)
        return f"{n:,} answers were assumed" if n != 1 else "1 answer was assumed"
    mine = sum(str(r["application"]) == str(own) for r in replay.assumed)
    return "answers that nobody gave in fact were assumed" + (f", {mine:,} of them about {own}" if mine else "")


def in_words(replay: StateReplay, audience: Audience, application: Any = None) -> str:
    """See :meth:`cbl_engine.records.replay_state.StateReplay.text`."""
    if not replay.corrections:
        return "\n".join(as_it_was(replay, audience))
    own = replay.addressee(audience, application)
    whose = f", for application {own}" if own is not None else ""
    lines = [f"Facts put right, through to offers{whose}",
             f"Under {replay.state.scheme().versions[-1].title}, up to {say(replay.until)}.", ""]
    for one in (seen := replay.corrections_for(audience, application)):
        lines += correction_in_words(one)
    if hidden := len(replay.corrections) - len(seen):
        lines.append(f"{hidden} more, about other records, not shown here.")
    lines += ["", *finding(replay, own), *if_refused(replay, own), "", *fork(replay, own)]
    lines += ["", *_places(replay, own), *_offers(replay, audience, own), *_consequences(replay, own)]
    return "\n".join(lines).rstrip()


def _places(replay: StateReplay, own: Any) -> Iterator[str]:
    for row in places(replay, own):
        yield f"  {row['advert']}, place of {row['application']}: {row['then']} then; {row['now']} now"


def places(replay: StateReplay, own: Any = None) -> list[dict[str, Any]]:
    """Where the households put right stood on each list, in words."""
    def word(place: int | None) -> str:
        return "no place" if place is None else ordinal(place)

    return [
        {"advert": r["advert"], "application": r["application"], "then": word(r["position_then"]),
         "now": word(r["position_now"])}
        for r in replay.places.iter_rows(named=True)
        if own is None or r["application"] == str(own)
    ]


def _offers(replay: StateReplay, audience: Audience, own: Any) -> Iterator[str]:
    frame = replay.frame(audience, own)
    for row in frame.iter_rows(named=True):
        who = "" if own is not None else f" to {row['application']}"
        then, now = (offer_in_words(row, when) for when in ("then", "now"))
        about = row["advert"] if row["advert"] is not None else "direct let"
        yield f"  {about}, offer{who}: " + (
            f"{then}, as it was" if row["change"] == "same" else f"{then} then; {now} now")


def _consequences(replay: StateReplay, own: Any) -> Iterator[str]:
    for row in consequences_in_words(replay, own):
        who = "" if own is not None else f" of {row['application']}"
        yield f"  consequence{who}, {row['label']}: " + (
            f"{row['then']}, as it was" if row["change"] == "same" else f"{row['then']} then; {row['now']} now")


def as_it_was(replay: StateReplay, audience: Audience) -> Iterator[str]:
    """What came of running every cycle again, a line each."""
    manifest = replay.state.manifest
    yield (f"State {manifest['state_id']}, written by engine {manifest['engine_version']}, run again "
           f"by {__version__}.")
    able = [r for r in replay.runs if r.same is not None]
    if replay.reproduced and able:
        yield (f"The same in everything: {sum(r.events for r in able):,} events of {len(able)} "
               "cycles, and every table after each.")
    for run in replay.runs:
        if run.same is not True:
            yield run_in_words(run, audience)


def run_in_words(run: RunAgain, audience: Audience) -> str:
    """A cycle run again, or why it cannot be."""
    more = "" if run.run.counts else " (superseded)"
    head = f"Cycle {run.run.cycle} up to {run.run.as_at}{more}: "
    if run.gone:
        who = f": {', '.join(run.gone)}" if audience == "officer" else ""
        adverts = f"; adverts {', '.join(run.adverts)}" if run.adverts else ""
        return (head + f"cannot be run again; facts of {len(run.gone)} households have lawfully "
                f"gone{who}{adverts}.")
    if run.same:
        return head + "the same."
    event = f"event {run.event} on" if run.event is not None else ""
    tables = f"tables {', '.join(run.tables)}" if run.tables else ""
    return head + f"not the same as recorded: {'; '.join(filter(None, (event, tables)))}."


def as_plain(replay: StateReplay, audience: Audience, application: Any = None) -> dict[str, Any]:
    """See :meth:`cbl_engine.records.replay_state.StateReplay.as_dict`."""
    manifest = replay.state.manifest
    officer = audience == "officer"
    out: dict[str, Any] = {
        "audience": audience, "scheme": manifest["scheme"], "engine_now": __version__,
        "reproduced": replay.reproduced,
    }
    if officer or not replay.corrections:  # the id is a digest of everybody's facts
        out |= {"state_id": manifest["state_id"], "engine_then": manifest["engine_version"],
                "cycles": [_run(r, audience) for r in replay.runs]}
    if not replay.corrections:
        return in_plain(out)
    own = replay.addressee(audience, application)
    seen = replay.corrections_for(audience, application)
    out |= {
        "application": own,
        "corrections": [written(one) for one in seen],
        "corrections_not_shown": len(replay.corrections) - len(seen),
        "until": replay.until,
        "finding": [*finding(replay, own)],
        "if_refused": [*if_refused(replay, own)],
        "fork_on": replay.fork_on,
        "conjecture_from": replay.conjecture_from,
        "rule": RULE,
        "places": places(replay, own),
        "offers": replay.frame(audience, application).to_dicts(),
        "consequences": [row for row in replay.consequences.to_dicts()
                         if own is None or row["application"] == str(own)],
        "bundle": [bundle(replay, h, audience)
                   for h in ([own] if own is not None else replay.households)],
    }
    if officer:
        out |= {
            "displaced": replay.displaced.to_dicts(),
            "assumed": list(replay.assumed),
            "no_longer_apply": [{n: r[n] for n in ("id", "on", "what", "advert", "application")}
                                for r in replay.left],
            "gone": list(replay.gone),
        }
    return in_plain(out)


def _run(run: RunAgain, audience: Audience) -> dict[str, Any]:
    out: dict[str, Any] = {
        "cycle": run.run.cycle, "as_at": run.run.as_at, "counts": run.run.counts,
        "events": run.events, "same": run.same, "first_event_otherwise": run.event,
        "tables_otherwise": list(run.tables), "facts_gone": len(run.gone),
    }
    if audience == "officer":
        out |= {"gone": list(run.gone), "adverts_gone": list(run.adverts)}
    return out


def bundle(replay: StateReplay, application: Any, audience: Audience) -> dict[str, Any]:
    """What an ombudsman asks for beside the replay: the chronology, and what was known when."""
    past = Past.of(replay.state)
    one = str(application)
    return {"application": one, "chronology": chronology(past, one, audience),
            "known": known(past, one, audience)}

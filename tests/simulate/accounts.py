"""Do the accounts of simulated worlds add up? An independent checker, which reads their tables only.

Each law is a function: the tables in, the rows that break it out.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tables = Mapping[str, pl.DataFrame]

VOID = ["world", "home", "vacancy"]
ORDER = ["tenancy_ended_on", "keys_in_on", "inspected_on", "works_began_on", "ready_on"]
AWAY = ["temporary_accommodation", "decant", "long_term"]
AFTER = ["closed_on", "accepted_on", "let_on"]


def stages_in_order(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Days of a void never go back; notice is before the end; nothing is let before it is ready, nor
    advertised before its inspection.
    """
    voids = tables["voids"]
    broken = pl.col("notice_given_on") > pl.col("tenancy_ended_on")
    for days in (ORDER, AFTER):
        for before, after in pairwise(days):
            broken |= pl.col(before) > pl.col(after)
    broken |= pl.col("ready_on") > pl.col("let_on")
    broken |= pl.col("advertised_on") > pl.col("closed_on")
    broken |= pl.col("advertised_on").is_between(start, pl.col("inspected_on"), closed="left")
    return voids.filter(broken)


def stages_begin_in_turn(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """No day of a void is known where the one before it is not. A landlord's own are not advertised,
    nor are homes that are let directly or by referral.
    """
    voids = tables["voids"].filter(
        ~pl.col("outcome").is_in(["landlord", "referral"]), (pl.col("adverts") > 0) | pl.col("closed_on").is_null())
    broken = pl.col("ready_on").is_null() & pl.col("accepted_on").is_not_null()
    for days in (ORDER, ["inspected_on", "advertised_on", *AFTER]):
        for before, after in pairwise(days):
            broken |= pl.col(before).is_null() & pl.col(after).is_not_null()
    return voids.filter(broken)


def open_voids_have_no_end(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """An open void was neither accepted nor let; one that was let has both days."""
    voids = tables["voids"]
    ends = pl.col("accepted_on").is_not_null() | pl.col("let_on").is_not_null()
    let = pl.col("accepted_on").is_null() | pl.col("let_on").is_null()
    lost = pl.col("let_on").is_not_null()
    return voids.filter(
        ((pl.col("outcome") == "open") & ends) | ((pl.col("outcome") == "let") & let)
        | (pl.col("outcome").is_in(["lost", "long_term"]) & lost))


def one_tenancy_at_a_time(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A home's voids follow each other: the next tenancy ends after the last void was let, or the home
    is back from another use.
    """
    voids = tables["voids"].sort(*VOID)
    before = pl.coalesce("let_on", pl.when(pl.col("outcome").is_in(AWAY)).then("ready_on")).shift(
        1).over("world", "home")
    again = pl.col("vacancy").shift(1).over("world", "home").is_not_null()
    let = pl.col("let_on").shift(1).over("world", "home").is_not_null()
    return voids.filter(again & (before.is_null() | (before > pl.col("tenancy_ended_on"))
                                 | (~let & (pl.col("cause") != "returned"))))


def homes_come_back(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A void of a home that is back has the event that brought it, or was lived in while works were
    done; a home is back from temporary accommodation or long emptiness once for each time it went.
    """
    voids, events = tables["voids"].sort(*VOID), tables["events"]
    lived_in = pl.col("outcome").shift(1).over("world", "home") == "decant"
    returned = voids.with_columns(lived_in.fill_null(value=False).alias("lived_in")).filter(
        pl.col("cause") == "returned", ~pl.col("lived_in"))
    key = ["world", "home", "on"]
    back = events.filter(pl.col("event").str.starts_with("from_"))
    at = returned.select("world", "home", on="tenancy_ended_on")
    broken = [at.join(back, on=key, how="anti"), back.select(key).join(at, on=key, how="anti")]
    went = {"from_temporary_accommodation": events.filter(
                pl.col("event") == "to_temporary_accommodation"),
            "from_long_term_void": voids.filter(pl.col("outcome") == "long_term")}
    for event, there in went.items():
        times = there.group_by("world", "home").agg(n=pl.len())
        came = back.filter(pl.col("event") == event).group_by("world", "home").agg(
            m=pl.len(), on=pl.col("on").max())
        broken.append(came.join(times, on=["world", "home"], how="left").filter(
            pl.col("m") > pl.col("n").fill_null(0)).select(key))
    return pl.concat(broken)


def decants_come_back(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Tenants who move out for works come back before they move out again, and nothing befalls the
    home meanwhile.
    """
    away = ["decanted", "returned_from_decant"]
    rows = tables["events"].filter(pl.col("event").is_in(away)).sort("world", "home", "on", "event")
    nth = pl.int_range(pl.len()).over("world", "home")
    turn = rows.filter((nth % 2 == 1) != (pl.col("event") == "returned_from_decant"))
    nth_out = pl.int_range(pl.len()).over("world", "home", "event")
    rows = rows.with_columns(nth=nth_out)
    out = rows.filter(pl.col("event") == "decanted").select("world", "home", "nth", since="on")
    back = rows.filter(pl.col("event") == "returned_from_decant").select(
        "world", "home", "nth", until="on")
    spells = out.join(back, on=["world", "home", "nth"], how="left")
    ended = tables["voids"].select("world", "home", on="tenancy_ended_on").join(
        spells, on=["world", "home"]).filter(
            pl.col("on").is_between("since", "until", closed="left")
            | (pl.col("until").is_null() & (pl.col("on") >= pl.col("since"))))
    return pl.concat([turn.select("world", "home", "on"), ended.select("world", "home", "on")])


def gone_is_gone(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Nothing befalls a home that was sold, pulled down or disposed of."""
    gone = tables["events"].filter(
        pl.col("event").is_in(["right_to_buy", "demolished", "disposed"])).select(
            "world", "home", gone="on")
    later = pl.concat([tables["events"].select("world", "home", "on"),
                       tables["voids"].select("world", "home", on="tenancy_ended_on")])
    twice = gone.filter(gone.select("world", "home").is_duplicated())
    return pl.concat([
        later.join(gone, on=["world", "home"]).filter(pl.col("on") > pl.col("gone")).select(
            "world", "home", "on"),
        twice.select("world", "home", on="gone")])


def demolition_rehouses(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Who must move for good leaves the register for a home alone, and then its own is pulled down."""
    decanted = tables["households"].filter("decanted")
    told = tables["events"].filter(pl.col("event") == "to_be_demolished").group_by("world").agg(
        n=pl.len())
    counted = decanted.group_by("world").agg(m=pl.len()).join(
        told, on="world", how="full", coalesce=True).filter(
            pl.col("n").fill_null(0) != pl.col("m").fill_null(0))
    left = decanted.filter(~pl.col("status").is_in(["waiting", "under_offer", "housed"]))
    let = tables["lettings"].join(decanted.select("world", "application"),
                                  on=["world", "application"])
    down = tables["events"].filter(pl.col("event") == "demolished").select(
        "world", left_home="home", let_on="on")
    wrong = pl.concat([
        let.filter(pl.col("leaked").ne_missing("decant")),
        let.join(down, on=["world", "left_home", "let_on"], how="anti")])
    return pl.concat([part.select("world") for part in (counted, left, wrong)])


def bought_homes_begin(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A bought home comes once, before anything befalls it; one bought empty is a void that day."""
    bought = tables["events"].filter(pl.col("event") == "acquired")
    voids = tables["voids"].select("world", "home", "cause", on="tenancy_ended_on")
    key = ["world", "home", "on"]
    return pl.concat([
        voids.filter(pl.col("cause") == "acquired").join(bought, on=key, how="anti").select(key),
        voids.join(bought.select("world", "home", since="on"), on=["world", "home"]).filter(
            pl.col("on") < pl.col("since")).select(key),
        bought.filter(bought.select("world", "home").is_duplicated()).select(key)])


def lettings_are_of_voids(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A letting for each void let, and no other; on the void's own days and of its own chain."""
    let = tables["voids"].filter(pl.col("outcome") == "let")
    same = [*VOID, "chain", "link", "accepted_on", "let_on"]
    of = tables["lettings"].select(same)
    return pl.concat([let.select(same).join(of, on=same, how="anti"),
                      of.join(let.select(same), on=same, how="anti"),
                      of.filter(of.select(VOID).is_duplicated())])


def lettings_were_accepted(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A letting has one nomination of its household for its void, accepted on its day."""
    accepted = tables["nominations"].filter(pl.col("outcome") == "accepted")
    key = [*VOID, "application"]
    of = tables["lettings"].select(*key, "accepted_on", settled_on="accepted_on")
    left = of.join(accepted, on=[*key, "settled_on"], how="anti").select(key)
    more = accepted.join(of, on=[*key, "settled_on"], how="anti").select(key)
    return pl.concat([left, more, of.select(key).filter(
        of.select("world", "application").is_duplicated())])


def one_nomination_at_a_time(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Of a household a nomination is settled before the next is made. Of a home as well, but for those
    above one who came to see it.
    """
    end = start + timedelta(weeks=weeks)
    rows = tables["nominations"].with_columns(pl.col("settled_on").fill_null(end))
    found = []
    for whose in (["world", "application"], ["world", "home"]):
        turn = rows.sort(*whose, "nominated_on", "settled_on")
        before = pl.all().shift(1).over(whose).name.suffix("_before")
        turn = turn.with_columns(before).filter(
            pl.col("settled_on_before") > pl.col("nominated_on"))
        if whose[-1] == "home":
            turn = turn.filter(~(
                (pl.col("viewed_on_before") <= pl.col("nominated_on"))
                & (pl.col("position") < pl.col("position_before"))).fill_null(value=False))
        found.append(turn.select(rows.columns))
    return pl.concat(found)


def nominated_while_waiting(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Nobody is nominated before joining, after leaving or after accepting another home."""
    household = tables["households"].select("world", "application", "registered_on", "left_on")
    accepted = tables["lettings"].select("world", "application", housed="accepted_on")
    rows = tables["nominations"].join(household, on=["world", "application"], how="left").join(
        accepted, on=["world", "application"], how="left")
    return rows.filter(
        pl.col("registered_on").is_null()
        | (pl.col("nominated_on") < pl.col("registered_on"))
        | (pl.col("settled_on") > pl.coalesce("housed", "left_on"))
        | (pl.col("nominated_on") > pl.coalesce("housed", "left_on")))


def nominated_for_adverts(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A void has a nomination by a bid only after an advert of it closed; none after it was let."""
    first = tables["adverts"].group_by(VOID).agg(pl.col("week").min())
    days = pl.col("week") * 7 + 6
    rows = tables["nominations"].join(first, on=VOID, how="left").with_columns(
        closed=pl.lit(start) + pl.duration(days=days))
    voids = tables["voids"].select(*VOID, "accepted_on")
    return rows.join(voids, on=VOID, how="left").filter(
        ((pl.col("route") != "direct")
         & (pl.col("closed").is_null() | (pl.col("nominated_on") < pl.col("closed"))))
        | (pl.col("nominated_on") > pl.col("accepted_on")))


def counts_agree(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Adverts and nominations of a void, bids-at-least and refusals of a household: as rows say."""
    found = []
    voids = tables["voids"]
    for name in ("adverts", "nominations"):
        of = tables[name].group_by(VOID).agg(n=pl.len())
        found.append(voids.join(of, on=VOID, how="left").filter(
            pl.col("n").fill_null(0) != pl.col(name)).select("world", id="home"))
    refused = pl.col("outcome").str.starts_with("refused").fill_null(value=False).sum()
    of = tables["nominations"].group_by("world", "application").agg(n=pl.len(), refused=refused)
    found.append(tables["households"].join(of, on=["world", "application"], how="left").filter(
        (pl.col("n").fill_null(0) != pl.col("nominations"))
        | (pl.col("refused").fill_null(0) != pl.col("refusals"))).select(
            "world", id="application"))
    return pl.concat(found)


def chains_link(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Links of a chain run 1, 2, ...; the first has another cause than a move, the others that one."""
    voids = tables["voids"].sort("world", "chain", "link")
    nth = pl.int_range(pl.len()).over("world", "chain") + 1
    own = pl.col("home") + "/" + pl.col("vacancy").cast(pl.String)
    return voids.filter(
        (pl.col("link") != nth) | ((pl.col("link") == 1) == (pl.col("cause") == "moved"))
        | ((pl.col("link") == 1) & (pl.col("chain") != own)))


def moves_free_homes(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A letting to a tenant frees the home it left on the day it begins, or says why it does not; who
    leaves no home of this stock leaves one elsewhere, and nobody else does.
    """
    moved = tables["voids"].filter(pl.col("cause") == "moved").select(
        "world", "chain", "link", left_home="home", application="leaving_application",
        let_on="tenancy_ended_on")
    lettings = tables["lettings"].select(
        "world", "chain", pl.col("link") + 1, "left_home", "application", "let_on", "leaked")
    frees = lettings.filter(pl.col("left_home").is_not_null() & pl.col("leaked").is_null())
    key = ["world", "chain", "link", "left_home", "application", "let_on"]
    nobody = lettings.filter(pl.col("leaked").is_not_null() & (
        pl.col("left_home").is_null() != (pl.col("leaked") == "elsewhere")))
    return pl.concat([part.select(key) for part in (
        frees.join(moved, on=key, how="anti"), moved.join(frees, on=key, how="anti"), nobody)],
        how="vertical_relaxed")


def household_lives_once(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Who was let a home frees that home only: the old one is never left twice."""
    left = tables["lettings"].filter(pl.col("left_home").is_not_null() & pl.col("leaked").is_null())
    key = ["world", "left_home", "let_on"]
    return left.filter(left.select(key).is_duplicated())


def bids_have_a_day(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Who has bid itself did so last for adverts that closed on a day of the run after it joined;
    nominations by its own bid follow one.
    """
    bid, rows = pl.col("last_own_bid_on"), tables["households"]
    own = tables["nominations"].filter(pl.col("route") == "own").select("world", "application").unique()
    named = pl.struct("world", "application").is_in(own.to_struct().implode())
    broken = (pl.col("bids") == 0) & bid.is_not_null() | named & bid.is_null()
    return rows.filter(broken | (bid < pl.col("registered_on")) | (bid < start)
                       | (bid >= start + timedelta(weeks=weeks)))


def left_after_joining(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Statuses and days agree; nobody leaves before joining."""
    rows = tables["households"]
    there = pl.col("status").is_in(["waiting", "under_offer"])
    return rows.filter((pl.col("left_on").is_null() != there)
                       | (pl.col("left_on") < pl.col("registered_on")))


def open_nominations_agree(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Who is under offer at the end has one open nomination, and nobody else has."""
    open_ = tables["nominations"].filter(pl.col("outcome").is_null()).select(
        "world", "application")
    under = tables["households"].filter(pl.col("status") == "under_offer").select(
        "world", "application")
    key = ["world", "application"]
    return pl.concat([open_.join(under, on=key, how="anti"), under.join(open_, on=key, how="anti")])


def weeks_add_up(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """On the register on the last day of each week: whoever joined by then and has neither accepted a
    home nor left, from households and lettings.
    """
    households = tables["households"].join(
        tables["lettings"].select("world", "application", "accepted_on"),
        on=["world", "application"], how="left",
    ).with_columns(
        gone=pl.coalesce("accepted_on", "left_on"),
        came=_week(pl.col("registered_on"), start), new=~pl.col("application").str.starts_with("P0000-"))
    each = _each_week(tables, start)
    there = each.join(households, on="world").filter(
        pl.col("registered_on") <= pl.col("last"), (pl.col("gone") > pl.col("last")).fill_null(value=True)
    ).group_by("world", "week").agg(there=pl.len())
    came = households.filter("new").group_by("world", week="came").agg(came=pl.len())
    return each.join(there, on=["world", "week"], how="left").join(
        came, on=["world", "week"], how="left").filter(
            (pl.col("there").fill_null(0) != pl.col("registered"))
            | (pl.col("waiting") > pl.col("registered"))
            | (pl.col("came").fill_null(0) != pl.col("joined")))


def _each_week(tables: Tables, start: date) -> pl.DataFrame:
    """The table of weeks with the last day of each."""
    return tables["weeks"].with_columns(
        last=pl.lit(start) + pl.duration(days=7 * pl.col("week").cast(pl.Int64) + 6))


def voids_add_up(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Empty on the last day of each week: homes whose tenancy has ended and whose next has not begun;
    those taken out of letting until their works were done, or some day that no table has.
    """
    each = _each_week(tables, start)
    over = pl.when(pl.col("outcome").is_in(["long_term", "temporary_accommodation"])).then(
        "ready_on").otherwise("let_on")
    empty = each.join(tables["voids"], on="world").filter(
        pl.col("tenancy_ended_on") <= pl.col("last"), (over > pl.col("last")).fill_null(value=True))
    some_day = pl.col("outcome").is_in(["lost", "redesignated", "decant"])
    counts = empty.group_by("world", "week").agg(most=pl.len(), least=(~some_day).sum())
    return each.join(counts, on=["world", "week"], how="left").filter(
        ~pl.col("voids").is_between(pl.col("least").fill_null(0), pl.col("most").fill_null(0)))


def nothing_is_done_after_the_end(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Nobody is nominated, accepts or is penalised after the last day, and no stage of an
    open void is over.
    """
    end = start + timedelta(weeks=weeks)
    open_ = tables["voids"].filter(pl.col("outcome") == "open")
    days = {"nominations": ["nominated_on", "settled_on", "viewed_on"], "lettings": ["accepted_on"],
            "consequences": ["since"], "band_changes": ["on"]}
    return pl.concat([
        *(tables[name].filter(pl.any_horizontal([pl.col(day) >= end for day in of])).select("world")
          for name, of in days.items()),
        open_.filter(pl.any_horizontal([pl.col(day) >= end for day in ORDER[1:]])).select("world")])


def placements_end(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Who left the register left temporary accommodation that day or before, and by that way if it was
    that day.
    """
    households = tables["households"].select("world", "application", "left_on", "status")
    rows = tables["placements"].join(households, on=["world", "application"], how="left")
    gone = pl.col("left_on").is_not_null()
    return rows.filter(
        (pl.col("until") < pl.col("since")) | (gone & pl.col("until").is_null())
        | (pl.col("until") > pl.col("left_on")) | (pl.col("until") > pl.col("would_leave_on"))
        | (pl.col("until").is_null() != pl.col("left_by").is_null())
        | ((pl.col("left_by") == pl.col("status")) & (pl.col("until") != pl.col("left_on"))))


def placements_follow(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A household enters once, and is in one placement at a time: it moves to another that day."""
    rows = tables["placements"].sort("world", "application", "since")
    whose = ["world", "application"]
    before = pl.col("until").shift(1).over(whose)
    moved = pl.col("left_by").shift(1).over(whose) == "moved"
    first = pl.int_range(pl.len()).over(whose) == 0
    last = pl.int_range(pl.len(), 0, -1).over(whose) == 1
    return rows.filter(
        (pl.col("entered") != first)
        | (~first & ((before != pl.col("since")) | ~moved).fill_null(value=True))
        | (last & (pl.col("left_by") == "moved").fill_null(value=False)))


def placements_cost(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Nights are paid for while somebody is there, and perhaps after; money is nights times pence."""
    end = start + timedelta(weeks=weeks)
    until = pl.min_horizontal(pl.coalesce("until", pl.lit(end)), pl.lit(end))
    paid = pl.min_horizontal(pl.coalesce("paid_until", pl.lit(end)), pl.lit(end))
    since = pl.col("since")
    return tables["placements"].filter(
        (pl.col("nights") != (until - since).dt.total_days().clip(0))
        | (pl.col("paid_nights") != (paid - since).dt.total_days().clip(0))
        | (pl.col("paid_until") < pl.col("until"))
        | (pl.col("gross_pence") != pl.col("paid_nights") * pl.col("gross_nightly_pence"))
        | (pl.col("net_pence") != pl.col("paid_nights") * pl.col("net_nightly_pence"))
        | (pl.col("net_pence") > pl.col("gross_pence")))


def converted_homes_hold_one(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A home that is temporary accommodation has one household at a time, and comes back without."""
    rows = tables["placements"].filter(pl.col("home").is_not_null()).sort("world", "home", "since")
    before = pl.col("until").shift(1).over("world", "home")
    again = pl.col("since").shift(1).over("world", "home").is_not_null()
    crowded = rows.filter(again & (before.is_null() | (before > pl.col("since"))))
    events = tables["events"].select("world", "home", "on", "event")
    back = events.filter(pl.col("event") == "from_temporary_accommodation").join(
        rows.select("world", "home", "since", "until"), on=["world", "home"])
    inside = back.filter((pl.col("since") < pl.col("on")) & (
        pl.col("until").is_null() | (pl.col("until") > pl.col("on"))))
    there = events.filter(pl.col("event") == "to_temporary_accommodation").select(
        "world", "home", "on")
    before_it = rows.join(there.group_by("world", "home").agg(pl.col("on").min()),
                          on=["world", "home"], how="left").filter(
        pl.col("on").is_null() | (pl.col("since") < pl.col("on")))
    return pl.concat(part.select("world", "home") for part in (crowded, inside, before_it))


def placed_add_up(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Placed in the last night of each week: stays that had begun and went on."""
    each = _each_week(tables, start)
    there = each.join(tables["placements"], on="world").filter(
        pl.col("since") <= pl.col("last"), (pl.col("until") > pl.col("last")).fill_null(value=True))
    return each.join(there.group_by("world", "week").agg(there=pl.len()), on=["world", "week"],
                     how="left").filter(pl.col("there").fill_null(0) != pl.col("placed"))


def duties_follow(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """Of a household one duty is owed at a time, the next from the day on which the one before it ended
    for it, and none after leaving the register.
    """
    whose = ["world", "application"]
    households = tables["households"].select(*whose, "left_on", "status", "homeless")
    rows = tables["duties"].sort(*whose, "since").join(households, on=whose, how="left")
    before, why = (pl.col(name).shift(1).over(whose) for name in ("until", "ended_by"))
    first = pl.int_range(pl.len()).over(whose) == 0
    last = pl.int_range(pl.len(), 0, -1).over(whose) == 1
    gone = pl.col("left_on").is_not_null()
    passed_on = pl.col("ended_by").str.ends_with("_duty").fill_null(value=False)
    return pl.concat([
        rows.filter(
            (pl.col("until").is_null() != pl.col("ended_by").is_null())
            | (pl.col("until") < pl.col("since")) | (pl.col("until") > pl.col("left_on"))
            | (gone & pl.col("until").is_null()) | ~pl.col("homeless")
            | (~first & ((before != pl.col("since")) | (why != pl.col("duty") + "_duty")))
            | (last & passed_on)
            | ((pl.col("ended_by") == pl.col("status")) & (pl.col("until") != pl.col("left_on")))
        ).select(whose),
        households.filter("homeless").join(rows, on=whose, how="anti").select(whose)])


def placed_under_a_duty(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A stay begins while a duty is owed, and a household that leaves by itself does so on the day and
    in the way in which its last duty ends.
    """
    whose = ["world", "application"]
    duties = tables["duties"].select(*whose, "duty", "ended_by", from_="since", to="until")
    rows = tables["placements"].with_columns(
        owed=pl.col("duty").replace({"interim": "relief"})).join(
            duties, on=whose, how="left", suffix="_of")
    key = [*whose, "since"]
    under = rows.filter(
        pl.col("owed") == pl.col("duty_of"), pl.col("from_") <= pl.col("since"),
        pl.col("to").is_null() | (pl.col("to") >= pl.col("since")))
    alone = tables["placements"].filter(pl.col("left_by").is_in(
        ["relieved", "private_rented", "own_arrangements", "decision"]))
    ended = rows.filter(pl.col("ended_by") == pl.col("left_by"), pl.col("to") == pl.col("until"))
    stays = tables["placements"].filter(pl.col("entered"))
    return pl.concat([stays.join(under, on=key, how="anti").select(key),
                      alone.join(ended, on=key, how="anti").select(key)])


def bands_change(tables: Tables, start: date, weeks: int) -> pl.DataFrame:
    """A household goes from one band to another, on the register, and has the last one at the end; but
    for consequences that put it in a band for a time.
    """
    whose = ["world", "application"]
    households = tables["households"].select(*whose, "registered_on", "left_on", "status", last="band")
    rows = tables["band_changes"].sort(*whose, "on").join(households, on=whose, how="left")
    before = pl.col("band").shift(1).over(whose)
    first = pl.int_range(pl.len()).over(whose) == 0
    last = pl.int_range(pl.len(), 0, -1).over(whose) == 1
    put = tables["consequences"].select(whose)
    ends = rows.filter(last, pl.col("band").ne_missing(pl.col("last"))).join(put, on=whose, how="anti")
    return pl.concat([
        rows.filter(
            pl.col("before").eq_missing("band") | (~first & before.ne_missing(pl.col("before")))
            | (pl.col("on") < pl.col("registered_on")) | (pl.col("on") > pl.col("left_on"))
        ).select(whose), ends.select(whose)])


def _week(day: pl.Expr, start: date) -> pl.Expr:
    return (day - pl.lit(start)).dt.total_days().floordiv(7)


LAWS: tuple[Callable[[Tables, date, int], pl.DataFrame], ...] = (
    stages_in_order, stages_begin_in_turn, open_voids_have_no_end, one_tenancy_at_a_time,
    lettings_are_of_voids, lettings_were_accepted, one_nomination_at_a_time,
    nominated_while_waiting, nominated_for_adverts, counts_agree, chains_link, moves_free_homes,
    household_lives_once, bids_have_a_day, left_after_joining, open_nominations_agree, weeks_add_up, voids_add_up,
    nothing_is_done_after_the_end, placements_end, placed_add_up, homes_come_back, decants_come_back, gone_is_gone,
    demolition_rehouses, bought_homes_begin, placements_follow, placements_cost,
    converted_homes_hold_one, duties_follow, placed_under_a_duty, bands_change,
)

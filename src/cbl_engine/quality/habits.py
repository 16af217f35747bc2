"""Habits of real extracts: what is in order cell by cell and yet cannot be the whole truth.

Each habit says what it is, how many rows have it, which bias it brings, and what to do about it.
Nothing here changes data. Figures are counts over good rows; a loop over habits, none over rows.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.quality.habit import ENOUGH, Habit, has, ids_of, rows_where
from cbl_engine.quality.history_habits import HISTORY_CHECKS
from cbl_engine.tables import LINEAGE_COLUMNS, columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Frames = Mapping[str, pl.DataFrame]

_NEARLY_EMPTY = 0.05
_ONE_DAY = 0.5
_MIDNIGHTS = 0.001


def find_habits(frames: Frames, today: date | None = None) -> tuple[Habit, ...]:
    """Every habit the tables show, by table.

    Args:
        frames: good rows by table, in their declared types.
        today: day from which a date is in the future; None takes the day the last advert closes.
    """
    if today is None:
        today = last_close(frames)
    checks = (*_CHECKS, *HISTORY_CHECKS)
    found = [habit for check in checks for habit in check(frames, today)]
    order = {table: at for at, table in enumerate(frames)}
    return tuple(sorted(found, key=lambda habit: order[habit.table]))


def last_close(frames: Frames) -> date | None:
    """The London day on which the last advert closes; None without adverts."""
    adverts = frames.get("adverts")
    if adverts is None or not adverts.height or "closes_at" not in adverts.columns:
        return None
    last = adverts["closes_at"].dt.date().max()
    return last if isinstance(last, date) else None


def _future(frames: Frames, today: date | None) -> Iterator[Habit]:
    """Dates after the last advert closed, in columns that tell of the past."""
    if today is None:
        return
    for table, columns in (
        ("applications", ("registered_on", "band_from", "priority_date")),
        ("people", ("date_of_birth",)),
        ("connections", ("since",)),
    ):
        for column in columns:
            frame = has(frames, table, column)
            if frame is None:
                continue
            bad = frame[column] > today
            count = int(bad.sum())
            if count:
                yield Habit(
                    "future_date", table, column, f"dates after {today:%d/%m/%Y}, the day looked from",
                    count, frame.height,
                    "Waits and ages come out negative; a person is taken as not yet born.",
                    "Ask for the rows again; check that day and month are not exchanged.",
                    {"replay": "care", "fitting": "care"},
                    ids_of(frame, bad, "id" if table != "connections" else "application"),
                )


def _old_births(frames: Frames, _today: date | None) -> Iterator[Habit]:
    people = has(frames, "people", "date_of_birth")
    if people is None:
        return
    bad = people["date_of_birth"] < date(1900, 1, 1)
    if bad.any():
        yield Habit(
            "birth_before_1900", "people", "date_of_birth", "births before 1900",
            int(bad.sum()), people.height,
            "Age rules let the household in, or shut it out, by a date nobody meant.",
            "If the date stands for none, list it under placeholder_dates in the mapping.",
            {"shortlist": "care", "replay": "care", "fitting": "care"}, ids_of(people, bad),
        )


def _registered_before_birth(frames: Frames, _today: date | None) -> Iterator[Habit]:
    people = has(frames, "people", "application", "relationship", "date_of_birth")
    applications = has(frames, "applications", "registered_on")
    if people is None or applications is None:
        return
    applicants = people.filter(pl.col("relationship") == "applicant").select(
        pl.col("application").alias("id"), "date_of_birth"
    ).unique("id", keep="first", maintain_order=True)
    born = applications.select("id", "registered_on").join(
        applicants, on="id", how="left", maintain_order="left"
    )
    bad = rows_where(born, pl.col("registered_on") < pl.col("date_of_birth"))
    if bad.any():
        yield Habit(
            "registered_before_birth", "applications", "registered_on",
            "applications registered before the applicant was born",
            int(bad.sum()), applications.height,
            "One of the two dates is wrong: either the wait or the age is.",
            "Ask for both; often the applicant has changed and the old date was kept.",
            {"replay": "care", "fitting": "care"}, ids_of(born, bad),
        )


def _band_dates(frames: Frames, _today: date | None) -> Iterator[Habit]:
    applications = has(frames, "applications", "band_from", "registered_on")
    if applications is not None:
        bad = rows_where(applications, pl.col("band_from") < pl.col("registered_on"))
        if bad.any():
            yield Habit(
                "band_before_registration", "applications", "band_from",
                "bands held from before the application was registered",
                int(bad.sum()), applications.height,
                "The household ranks by a date from before it was on the register.",
                "Right where a scheme backdates a band; otherwise ask which date is meant.",
                {"replay": "care"}, ids_of(applications, bad),
            )
    for column in ("band_from", "registered_on", "priority_date"):
        frame = has(frames, "applications", column)
        if frame is None:
            continue
        known = frame[column].drop_nulls()
        if len(known) < ENOUGH:
            continue
        day, count = known.value_counts(sort=True).row(0)
        if count > _ONE_DAY * len(known):
            yield Habit(
                "one_day", "applications", column,
                f"one and the same day, {day:%d/%m/%Y}, for most applications",
                count, len(known),
                "The day data were moved or overwritten, not a day in anybody's life: order by "
                "date and waits are lost.",
                "Ask for the dates before the move; without them this cannot be corrected.",
                {"shortlist": "care", "replay": "no", "fitting": "no"},
            )


def _band_overwritten(frames: Frames, _today: date | None) -> Iterator[Habit]:
    """Bids whose application holds its band only since after the advert closed."""
    bids = has(frames, "bids", "advert", "application")
    applications = has(frames, "applications", "band_from")
    adverts = has(frames, "adverts", "id", "closes_at")
    if bids is None or applications is None or adverts is None:
        return
    if "valid_from" in applications.columns or "valid_to" in applications.columns:
        return
    both = bids.select("advert", "application").join(
        adverts.select(pl.col("id").alias("advert"), pl.col("closes_at").dt.date()), on="advert"
    ).join(applications.select(pl.col("id").alias("application"), "band_from"), on="application")
    bad = rows_where(both, pl.col("band_from") > pl.col("closes_at"))
    if bad.any():
        yield Habit(
            "band_overwritten", "applications", "band_from",
            "bids of applications whose band was awarded only after the advert closed",
            int(bad.sum()), bids.height,
            "The register shows today's band, not the one that was ranked: past shortlists come "
            "out wrong, and those who rose look as if they had waited in vain.",
            "Ask for the history of bands (valid_from and valid_to of each version); without it "
            "this cannot be corrected.",
            {"replay": "no", "fitting": "no"}, ids_of(both, bad, "application"),
        )


def _statuses(frames: Frames, _today: date | None) -> Iterator[Habit]:
    applications = has(frames, "applications", "status")
    if applications is None or applications.height < ENOUGH:
        return
    gone = applications["status"].is_in(["housed", "closed"])
    if gone.all():
        yield Habit(
            "only_housed", "applications", "status", "only applications that were housed or closed",
            0, applications.height,
            "Those who waited and got nothing are missing: waits come out too short and every "
            "group's chances too high.",
            "Ask for the whole cohort, those still waiting among them; this cannot be corrected.",
            {"shortlist": "no", "replay": "no", "fitting": "no"},
        )
    elif not gone.any():
        yield Habit(
            "none_housed", "applications", "status", "no application that was housed or closed",
            0, applications.height,
            "Only those still waiting are here: past shortlists lack those who won them.",
            "Enough for a shortlist of today; for anything past ask for the whole cohort.",
            {"replay": "care", "fitting": "no"},
        )


def _one_person_twice(frames: Frames, _today: date | None) -> Iterator[Habit]:
    """Applications of two or more people, all with the same births and sexes."""
    people = has(frames, "people", "application", "date_of_birth", "sex")
    if people is None:
        return
    open_ = people
    applications = has(frames, "applications", "id", "status")
    if applications is not None:
        live = applications.filter(~pl.col("status").is_in(["housed", "closed"]))["id"]
        open_ = people.filter(pl.col("application").is_in(live.unique().implode()))
    households = open_.group_by("application").agg(
        pl.struct("date_of_birth", "sex").hash(1).sort().hash(2).sum().alias("print"),
        pl.struct("date_of_birth", "sex").hash(3).sum().alias("second"),
        pl.len().alias("n"),
        pl.col("date_of_birth").null_count().alias("n_unknown"),
    ).filter((pl.col("n") > 1) & (pl.col("n_unknown") == 0))
    twice = households.filter(pl.struct("print", "second", "n").is_duplicated())
    if twice.height:
        yield Habit(
            "same_household", "applications", "id",
            "open applications whose household has the same births and sexes as another's",
            twice.height, households.height,
            "One household bids twice and takes two places; households are over-counted.",
            "Look at them together; close one, or say why there are two.",
            {"shortlist": "care", "fitting": "care"},
            ids_of(twice, pl.repeat(value=True, n=twice.height, eager=True), "application"),
        )


def _one_uprn(frames: Frames, _today: date | None) -> Iterator[Habit]:
    homes = has(frames, "homes", "uprn")
    if homes is None:
        return
    bad = homes["uprn"].is_duplicated() & homes["uprn"].is_not_null()
    if bad.any():
        yield Habit(
            "one_uprn", "homes", "uprn", "homes that share a UPRN with another",
            int(bad.sum()), homes.height,
            "One home counts as several, or several lettings of one home cannot be told apart.",
            "Use one id for one home; a block's own UPRN is not that of its flats.",
            {"fitting": "care"}, ids_of(homes, bad),
        )


def _bids(frames: Frames, _today: date | None) -> Iterator[Habit]:
    bids = has(frames, "bids", "placed_at")
    if bids is None or bids.height < ENOUGH:
        return
    placed = bids["placed_at"]
    midnight = placed == placed.dt.truncate("1d")
    if int(midnight.sum()) > max(1, _MIDNIGHTS * bids.height):
        yield Habit(
            "midnight_bids", "bids", "placed_at", "bids placed at exactly midnight",
            int(midnight.sum()), bids.height,
            "The day was kept and the time lost: first come, first served cannot be replayed, "
            "and bids look equal that were not.",
            "Ask for the time of day; without it order by bid time cannot be corrected.",
            {"replay": "care", "fitting": "care"}, ids_of(bids, midnight, "advert"),
        )
    marked = "placed_by" in bids.columns and bids["placed_by"].is_in(["automatic", "officer"]).any()
    if not marked:
        yield Habit(
            "automatic_unmarked", "bids", "placed_by",
            "no bid is marked as automatic or placed by an officer", 0, bids.height,
            "Bids nobody chose are taken for choices: who wants what comes out wrong.",
            "Ask whether the system places bids, and for the mark; otherwise choice cannot be "
            "fitted for the bands it bids for.",
            {"fitting": "care"},
        )
    if "withdrawn_at" not in bids.columns or bids["withdrawn_at"].null_count() == bids.height:
        yield Habit(
            "no_withdrawn_bids", "bids", "withdrawn_at", "no bid was ever withdrawn",
            0, bids.height,
            "Withdrawn bids are probably left out: interest in homes comes out too low.",
            "Ask for all bids with the moment of withdrawal.", {"replay": "care", "fitting": "care"},
        )


def _adverts(frames: Frames, _today: date | None) -> Iterator[Habit]:
    adverts = has(frames, "adverts", "id", "status")
    if adverts is None or adverts.height < ENOUGH:
        return
    if not adverts["status"].is_in(["withdrawn", "readvertised"]).any():
        yield Habit(
            "no_failed_adverts", "adverts", "status", "no advert was withdrawn or readvertised",
            0, adverts.height,
            "Homes that nobody took are missing: lettings look easier and quicker than they are.",
            "Ask for every advert, whatever became of it; this cannot be corrected.",
            {"fitting": "care"},
        )
    bids = has(frames, "bids", "advert")
    if bids is not None and not (~adverts["id"].is_in(bids["advert"].unique().implode())).any():
        yield Habit(
            "every_advert_has_bids", "adverts", "id", "every advert has at least one bid",
            0, adverts.height,
            "Adverts nobody bid for are probably left out: demand comes out too high.",
            "Ask for every advert of the period, not only those with bids.", {"fitting": "care"},
        )


def _never_bid(frames: Frames, _today: date | None) -> Iterator[Habit]:
    applications, bids = has(frames, "applications", "id"), has(frames, "bids", "application")
    if applications is None or bids is None:
        return
    ids = applications["id"].unique()
    never = ~ids.is_in(bids["application"].unique().implode())
    count = int(never.sum())
    if count:
        yield Habit(
            "never_bid", "applications", "id", "applications without a bid in these data",
            count, len(ids),
            "Ordinary; but a rate per applicant and a rate per bidder are two figures.",
            "Keep them: demand fitted on bidders alone is too high.", {},
        )
    elif len(ids) >= ENOUGH:
        yield Habit(
            "only_bidders", "applications", "id", "every application has a bid",
            0, len(ids),
            "Those who never bid are left out: the register looks smaller and keener than it is.",
            "Ask for the whole register, not only those who bid.", {"fitting": "no"},
        )


def _nearly_empty(frames: Frames, _today: date | None) -> Iterator[Habit]:
    for table, frame in frames.items():
        if frame.height < ENOUGH:
            continue
        columns = columns_of(table)
        for name in frame.columns:
            column = columns.get(name)
            # Where an empty cell says something, an empty column may be the truth.
            if name in LINEAGE_COLUMNS or (column and column.null_means != "not known"):
                continue
            filled = frame.height - frame[name].null_count()
            if filled < _NEARLY_EMPTY * frame.height:
                yield Habit(
                    "nearly_empty", table, name, "a column that is nearly empty",
                    frame.height - filled, frame.height,
                    "Rules that read it are not known for nearly everyone.",
                    "Ask whether it is kept elsewhere; leave it out if it is not.",
                )


_CHECKS: tuple[Callable[[Frames, date | None], Iterator[Habit]], ...] = (
    _future,
    _old_births,
    _registered_before_birth,
    _band_dates,
    _band_overwritten,
    _statuses,
    _one_person_twice,
    _never_bid,
    _one_uprn,
    _adverts,
    _bids,
    _nearly_empty,
)

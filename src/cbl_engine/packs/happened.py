"""What happened, in one shape, from a live record or from a simulated world: figures are of this alone.

So a month of a record and a month of a simulation are counted by the same definitions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess import upkeep
from cbl_engine.errors import BadInput, Problem
from cbl_engine.records.kinds_of_home import landlords_of_adverts
from cbl_engine.records.overdue import breaches
from cbl_engine.report.landlord_names import landlords_told_apart
from cbl_engine.report.nominations import NOMINATIONS, nominations_agreed
from cbl_engine.report.results_rows import is_erased, lettings_of, sensitive_offers, waiting_of
from cbl_engine.report.results_tables import NOT_SETTLED, offers_in_words, unlet_in_words
from cbl_engine.shortlist.register_check import bands_in_order
from cbl_engine.simulate.kpis_homes import what_adverts_led_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.kept import Kept

LET, WAITS, OPEN = "let", NOT_SETTLED, "still to be let"


@dataclass(frozen=True, eq=False)
class Happened:
    """What is known of a council's lettings up to a day.

    Attributes:
        title: of the scheme, or of the scenario.
        bands: from the greatest need down; of a simulation by name.
        as_at: last day that is known.
        since: first day that it can tell of; None: not known.
        voids: table of voids, with the landlord of each home and its landlord_kind (``council``,
            ``provider``: there is a right of nomination; null: of no home is one known); None: not
            recorded.
        adverts: advert, landlord, closed_on, what (``let``, why not, or ``still to be let``).
        nominations: landlord, route, named_on (to the landlord; null: the council let the home
            without naming anybody, or let it directly), result_on (the landlord's; null: none, or not
            recorded), settled_on, what (``let``, ``not settled yet``, or what came of it, in words),
            ended_by (what came of it as offers have it; null: let, not settled, or simulated),
            application (text).
        lettings: signed_on, application, band, bedrooms, route, landlord and what else the record has.
        register: application, band, bedroom_need, days [since registering], last_bid_on (simulated: of its
            own alone); on as_at
            (of a past day of a live record: :meth:`register_on`).
        bids_known: whether the last bid is known.
        late: times allowed that were not kept (:func:`cbl_engine.records.overdue.breaches`); None:
            not recorded.
        due: lists of the register by name; None: not recorded.
        record: the live record, and the scheme it was let under; None of a simulation.
        landlords: their names, by id, where known; no two alike.
        simulated: which world it is, in words; empty for a live record.

    Rows of voids, adverts, nominations and lettings have ``sensitive``: left out of what is published.
    """

    title: str
    bands: list[str]
    as_at: date
    since: date | None
    voids: pl.DataFrame | None = field(repr=False)
    adverts: pl.DataFrame = field(repr=False)
    nominations: pl.DataFrame = field(repr=False)
    lettings: pl.DataFrame = field(repr=False)
    register: pl.DataFrame = field(repr=False)
    bids_known: bool
    late: pl.DataFrame | None = field(repr=False)
    due: Mapping[str, pl.DataFrame] | None = field(repr=False)
    record: tuple[Record, Scheme] | None = field(default=None, repr=False)
    landlords: Mapping[str, str] = field(default_factory=dict)
    simulated: str = ""

    def published(self) -> Happened:
        """The same without sensitive lets, as if they had never been."""
        def kept(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.filter(~pl.col("sensitive"))

        return replace(
            self, voids=None if self.voids is None else kept(self.voids), adverts=kept(self.adverts),
            nominations=kept(self.nominations), lettings=kept(self.lettings))

    def agreed(self, since: date, until: date) -> pl.DataFrame:
        """Nominations agreed with landlords in a time; no rows where none are."""
        if self.record is None:
            return pl.DataFrame(schema=NOMINATIONS)
        return nominations_agreed(*self.record, since, until)


    def register_on(self, day: date) -> tuple[pl.DataFrame, date]:
        """The register at the end of a day, as it was known then, and the day: a simulation's last."""
        return (self.register, self.as_at) if self.record is None else (
            _register(self.record[0], day), day)


def happened(folder: str | Path, world: int | None = None) -> Happened:
    """What a folder tells: a state folder, or that of a simulation, of which one world is read.

    Args:
        folder: of either.
        world: of a simulation; None: the first.

    Raises:
        RunError: it is neither, or was changed.
        BadInput: the record has no cycle yet, or no worlds, or the simulation no such world.
    """
    from cbl_engine.records import read_state
    from cbl_engine.simulate.kept import open_simulation

    folder = Path(folder)
    if (folder / "begun.json").is_file():
        return of_simulation(open_simulation(folder), world or 0)
    state = read_state(folder)
    if world is not None:
        raise BadInput([Problem("no_world", "a record has no worlds", where="--world", given=str(world),
                                remedy="Leave it out, or give the folder of cbl simulate --out")])
    return of_record(state, state.scheme(), state.since)


def of_record(record: Record, scheme: Scheme, since: date | None = None) -> Happened:
    """What a live record tells.

    Args:
        record: a state folder, or a cycle's record.
        scheme: it was let under.
        since: first day on record; None: not known.

    Raises:
        BadInput: the record has no cycle yet.
    """
    as_at = record.as_at
    if as_at is None:
        raise BadInput([Problem("nothing_recorded", "the record has no cycle yet")])
    tables = record.tables
    landlord_of = landlords_of_adverts(tables)
    secret, direct = sensitive_offers(record, scheme)
    states = tables["advert_states"].filter(pl.col("closed_on").is_not_null())
    what = pl.when(pl.col("status") == "let").then(pl.lit(LET)).when(
        pl.col("unlet_because").is_not_null()).then(unlet_in_words(states)).otherwise(
        pl.lit(OPEN))
    adverts = states.with_columns(what.alias("what"), pl.col("advert").cast(pl.String)).join(
        landlord_of, on="advert", how="left").select(
        "advert", "landlord", "closed_on", "what",
        pl.col("advert").is_in(secret.implode()).alias("sensitive"))
    offers = tables["offers"].with_columns(
        (pl.col("advert").cast(pl.String).is_in(secret.implode()).fill_null(value=False)
         | pl.col("id").is_in(direct.implode())).alias("sensitive"), is_erased(record).alias("erased"))
    lettings = lettings_of(record, scheme)
    homes = pl.concat([frame.filter("sensitive")["home"].cast(pl.String)
                       for frame in (offers, lettings)]).drop_nulls().unique()
    voids = _voids(tables, homes)
    bids = tables.get("bids")
    version = scheme.in_force(as_at) if scheme.index_in_force(as_at) is not None else None
    due = None
    if version is not None and version.upkeep is not None:
        due = upkeep(scheme, tables, as_at, bids=bids, adverts=tables.get("adverts"), within=0)
    return Happened(
        (version or scheme.versions[-1]).title, bands_in_order(scheme), as_at, since, voids, adverts,
        _nominations(offers, tables, scheme), lettings,
        _register(record, as_at), bids is not None,
        breaches(tables, scheme, as_at), due, (record, scheme), landlords_told_apart(tables))


def _register(record: Record, on: date) -> pl.DataFrame:
    """Who waits at the end of a day, and the last bid of each by then."""
    bids = record.tables.get("bids")
    last = (pl.DataFrame(schema={"application": pl.String, "last_bid_on": pl.Date}) if bids is None
            else bids.filter(pl.col("placed_at").dt.date() <= on).group_by(
                pl.col("application").cast(pl.String)).agg(
                pl.col("placed_at").max().dt.date().alias("last_bid_on")))
    return waiting_of(record, on).join(last, on="application", how="left")


def _voids(tables: Mapping[str, pl.DataFrame], sensitive: pl.Series) -> pl.DataFrame | None:
    """The table of voids with the landlord of each home, and its kind."""
    voids, homes = tables.get("voids"), tables.get("homes")
    if voids is None:
        return None
    voids = voids.with_columns(pl.col("home").cast(pl.String)).with_columns(
        pl.col("home").is_in(sensitive.implode()).alias("sensitive"))
    if homes is None:
        homes = pl.DataFrame(schema={"id": pl.String})
    homes = homes.with_columns(pl.lit(None, pl.String).alias(c)
                               for c in ("landlord", "nomination_right") if c not in homes.columns)
    right = pl.col("nomination_right").is_not_null()
    kind = pl.when(right).then(pl.lit("provider")).when(right.any()).then(pl.lit("council"))
    theirs = homes.select(pl.col("id").cast(pl.String).alias("home"), pl.col("landlord").cast(pl.String),
                          kind.alias("landlord_kind"))
    return voids.join(theirs, on="home", how="left", maintain_order="left")


def _nominations(
    offers: pl.DataFrame, tables: Mapping[str, pl.DataFrame], scheme: Scheme
) -> pl.DataFrame:
    """Offers that somebody approved; what is only proposed, was declined or gave way names nobody."""
    offers = offers.filter(
        pl.col("step") != "proposed",
        ~pl.col("ended_by").fill_null("").is_in(["declined", "outranked"]))
    signed = tables["lettings"].filter(pl.col("undone_on").is_null()).select("id", "signed_on")
    what = pl.when(pl.col("step") == "let").then(pl.lit(LET)).otherwise(
        offers_in_words(offers, scheme))
    found = offers.with_columns(what.alias("what")).join(
        signed, on="id", how="left", maintain_order="left")
    return found.select(
        pl.col("landlord").cast(pl.String), "route",
        pl.col("nominated_on").alias("named_on"),
        pl.col("landlord_result_on").alias("result_on"),
        pl.coalesce("ended_on", "signed_on").alias("settled_on"), "what", "ended_by",
        pl.col("application").cast(pl.String), "sensitive")


def of_simulation(kept: Kept, world: int = 0) -> Happened:
    """What one world of a simulation tells.

    Bands and need are those at the end of the horizon, or with which a household left; landlords,
    times allowed and reviews are not simulated, and bids by officers or the engine have no day.

    Raises:
        BadInput: there is no such world.
    """
    scenario = kept.scenario
    if not 0 <= world < scenario.replications:
        raise BadInput([Problem("no_world", "the simulation has no such world", where="--world",
                                given=str(world), allowed=f"0 to {scenario.replications - 1}")])
    t = {name: table.filter(pl.col("world") == world).collect() for name, table in kept.tables.items()}
    end = scenario.end - timedelta(days=1)
    none = pl.lit(None, pl.String).alias("landlord")
    open_to_all = pl.lit(value=False).alias("sensitive")
    adverts = what_adverts_led_to(t)
    closed = pl.lit(scenario.start) + pl.duration(days=pl.col("week").cast(pl.Int64) * 7 + 6)
    because = pl.when(pl.col("bids") == 0).then(pl.lit("no_bids")).when(pl.col("eligible") == 0).then(
        pl.lit("no_eligible")).otherwise(pl.lit("exhausted"))
    unlet = unlet_in_words(adverts.select(because.alias("unlet_because")))
    what = pl.when(pl.col("led_to") == "let").then(pl.lit(LET)).when(
        pl.col("led_to") == "open").then(pl.lit(OPEN)).otherwise(unlet)
    # As in a live record, a letting is made on the day of signing: the nomination is settled with it, and
    # until then whoever accepted the home is on the register.
    lettings = t["lettings"].filter(pl.col("signed_on") <= end)
    households = t["households"]
    waits = households.filter(pl.when(pl.col("status") == "housed").then(
        ~pl.col("application").is_in(lettings["application"].implode())).otherwise(
            pl.col("status").is_in(["waiting", "under_offer"])))
    accepted, signed = pl.col("outcome") == "accepted", pl.col("signed_on")
    nominations = t["nominations"].join(
        lettings.select("home", "vacancy", "application", "signed_on"),
        on=["home", "vacancy", "application"], how="left", maintain_order="left")
    return Happened(
        scenario.title, households["band"].drop_nulls().unique().sort().to_list(),
        end, scenario.start, t["voids"].with_columns(none, open_to_all),
        adverts.select(pl.format("{}/{}/{}", "home", "vacancy", "number").alias("advert"), none,
                       closed.cast(pl.Date).alias("closed_on"), what.alias("what"), open_to_all),
        nominations.select(
            none, "route", pl.col("nominated_on").alias("named_on"),
            pl.lit(None, pl.Date).alias("result_on"),
            pl.when(accepted).then(signed).otherwise("settled_on").alias("settled_on"),
            pl.when(accepted & signed.is_null()).then(pl.lit(WAITS)).when(accepted).then(pl.lit(LET))
            .otherwise(pl.col("outcome").str.replace_all("_", " ").fill_null(WAITS)).alias("what"),
            pl.lit(None, pl.String).alias("ended_by"), "application", open_to_all),
        lettings.select("signed_on", "application", "band", "bedrooms", "route", none, open_to_all),
        waits.select("application", "band", pl.col("bedroom_need").cast(pl.Int64),
                     (pl.lit(end) - pl.col("registered_on")).dt.total_days().alias("days"),
                     pl.col("last_own_bid_on").alias("last_bid_on")),
        bids_known=True, late=None, due=None,
        simulated=f"World {world} of {scenario.replications:,}: one course of luck, not a forecast.")


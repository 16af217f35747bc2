"""A history of real bids shortlisted under another scheme: which lettings would have gone elsewhere.

No behaviour is assumed beyond what is on record: who bid, bid; who refused a home, refuses it;
anybody else who is offered a home that it bid for takes it.

1. Lettings of the history: adverts whose home went to somebody who bid for it. 2. Both schemes
shortlist every such advert, each judging the register as at the advert's close. 3. Adverts are gone
through in order of closing, then id: the home goes to the first on the list who has had none yet and
who did not turn down this very home. 4. Where the old scheme's list does not give the home to
the household that got it, something not on record decided: the letting is not judged, and stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, cast

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme import load_scheme
from cbl_engine.shortlist import prepare, shortlist
from cbl_engine.tables import REGISTER_TABLES, as_of_homes, has_versions, read_tables, spans_of
from cbl_engine.tables.needs import span_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from cbl_engine.scheme import Scheme

TURNED_DOWN = ("refused", "withdrew", "no_contact", "absent", "landlord_rejected")
"""What an outcome says that keeps a home from a household, whatever the scheme."""
Verdict = Literal["same", "other", "nobody", "not_judged"]


@dataclass(frozen=True, eq=False)
class Rerun:
    """What another scheme would have made of a history.

    Attributes:
        lettings: a row a letting of the history: advert, closes_on, bedrooms, bids, went_to, band,
            bedroom_need (of whom it went to), would_go_to, would_band, would_bedroom_need (null
            where nobody or not judged), verdict (same, other, nobody, not_judged), why (null but
            where not judged), failed (criteria of the new scheme that the household it went to
            does not meet).
        groups: by what (band, bedroom_need), group, lettings, would_have, kept, lost, gained; of
            the lettings judged.
        notes: what to know before the figures are used, in sentences.
        applications: ids of the history's register, as text.
    """

    lettings: pl.DataFrame = field(repr=False)
    groups: pl.DataFrame = field(repr=False)
    notes: tuple[str, ...]
    applications: pl.Series = field(repr=False)

    @property
    def judged(self) -> pl.DataFrame:
        """Lettings of which something can be said."""
        return self.lettings.filter(pl.col("verdict") != "not_judged")


def rerun(
    history: str | Path,
    new_scheme: str | Path | Scheme,
    old_scheme: str | Path | Scheme,
    *,
    mapping: str | Path | None = None,
    since: date | None = None,
    until: date | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> Rerun:
    """Run a history of bids under another scheme.

    Args:
        history: a data folder, workbook or database URL with applications, adverts, bids, and
            ``outcomes`` or ``tenancies`` (or both), which say who was let what.
        new_scheme: the scheme to try; a file, folder or shipped name.
        old_scheme: the scheme that was in force.
        mapping: how the data become our tables; None takes the folder's own, if any.
        since: only adverts that closed on this day or later; None: all.
        until: only adverts that closed up to this day; None: all.
        said: told the name of each step.

    Returns:
        A :class:`Rerun`.

    Raises:
        BadInput: everything wrong with schemes and tables, or no letting is on record; a day that is none.
    """
    from cbl_engine.records.chain import data_source
    from cbl_engine.records.reads import extra_columns

    if wrong := list(span_problems(since=since, until=until)):
        raise BadInput(wrong)
    said("Reading the history")
    old, new = _loaded(old_scheme), _loaded(new_scheme)
    extras: dict[str, Any] = {}
    for scheme in (old, new):
        for table, columns in extra_columns(scheme).items():
            known = {c.name for c in extras.get(table, ())}
            extras[table] = [*extras.get(table, ()), *(c for c in columns if c.name not in known)]
    frames = read_tables(data_source(history), extras, mapping=mapping).frames
    lettings = _lettings(frames, since, until)
    if lettings.is_empty():
        raise BadInput([Problem(
            "no_lettings", "no letting of an advert is on record", where=str(history),
            allowed="outcomes signed or accepted, or tenancies of the adverts' homes that begin "
            "after the close, of households that bid",
        )])
    adverts = frames["adverts"].filter(pl.col("id").is_in(lettings["advert"].implode()))
    bids = frames["bids"].filter(pl.col("advert").is_in(lettings["advert"].implode()))
    down = _turned_down(frames, lettings)
    notes = list(_notes(frames))
    lists = {}
    for name, scheme in (("old", old), ("new", new)):
        said(f"Shortlisting under the {name} scheme")
        lists[name] = _lists(scheme, frames, adverts, bids, notes, name)
    said("Going through the lettings")
    was, would = _given(lists, lettings, down)
    return _rerun(lettings, was, would, lists["new"], frames, notes)


def _loaded(scheme: str | Path | Scheme) -> Scheme:
    from pathlib import Path as File

    return load_scheme(scheme) if isinstance(scheme, (str, File)) else scheme


def _lettings(
    frames: Mapping[str, pl.DataFrame], since: date | None, until: date | None
) -> pl.DataFrame:
    """advert, closes_on, closes_at, bedrooms, went_to: of adverts whose home somebody got who bid.

    An outcome names the advert; a tenancy only the home, so it is that of the last advert of the
    home that closed before it began. Where several households are on record for one advert, none is
    taken: a group of homes is let by one list, and the rest cannot be told apart. A column that is
    left out is one whose cells are empty: outcomes without adverts, or tenancies without
    applications, starts or adverts' homes, tell of no letting.
    """
    linked = "home" in frames["adverts"].columns
    adverts = as_of_homes(frames["adverts"], frames.get("homes"), {"bedrooms": pl.Int64()}).select(
        pl.col("id").alias("advert"), *(["home"] if linked else []), "closes_at",
        pl.col("closes_at").dt.date().alias("closes_on"), "bedrooms")
    found = [pl.DataFrame(schema={"advert": pl.String, "went_to": pl.String})]
    outcomes = frames.get("outcomes")
    if _has(outcomes, "advert", "application"):
        signed = outcomes.filter(pl.col("what") == "signed", pl.col("advert").is_not_null())
        found.append(signed.select("advert", pl.col("application").alias("went_to")))
    tenancies = frames.get("tenancies")
    if linked and _has(tenancies, "home", "application", "start"):
        began = tenancies.filter(pl.col("application").is_not_null(), pl.col("start").is_not_null())
        last = began.sort("start").join_asof(
            adverts.sort("closes_on"), left_on="start", right_on="closes_on", by="home",
            strategy="backward", check_sortedness=False).filter(pl.col("advert").is_not_null())
        found.append(last.select("advert", pl.col("application").alias("went_to")))
    got = pl.concat([f.cast({"advert": pl.String, "went_to": pl.String}) for f in found]).unique()
    single = got.filter(pl.len().over("advert") == 1)
    bids = frames["bids"].select("advert", pl.col("application").alias("went_to")).unique()
    out = adverts.join(single.join(bids, on=["advert", "went_to"], how="semi"), on="advert")
    if since is not None:
        out = out.filter(pl.col("closes_on") >= since)
    if until is not None:
        out = out.filter(pl.col("closes_on") <= until)
    return out.sort("closes_at", "advert")


def _has(table: pl.DataFrame | None, *columns: str) -> TypeGuard[pl.DataFrame]:
    """Whether there is such a table, with these columns."""
    return table is not None and set(columns) <= set(table.columns)


def _turned_down(
    frames: Mapping[str, pl.DataFrame], lettings: pl.DataFrame
) -> set[tuple[str, str]]:
    """Advert and application of every home that did not come off, by the household's own doing."""
    outcomes = frames.get("outcomes")
    if not _has(outcomes, "advert", "application"):
        return set()
    rows = outcomes.filter(
        pl.col("what").is_in(list(TURNED_DOWN)),
        pl.col("advert").is_in(lettings["advert"].implode())).select("advert", "application")
    got = set(lettings.select("advert", "went_to").iter_rows())
    return {pair for pair in rows.iter_rows() if pair not in got}


def _notes(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    notes = ["Whoever is offered a home it bid for takes it, unless it turned down that very home."]
    if not has_versions(frames["applications"]):
        notes.append(
            "Applications have no versions: households are judged by what is on record now, and "
            "all who bid are taken as active at the close.")
    if "outcomes" not in frames:
        notes.append("No outcomes are on record: who turned a home down is not known.")
    return notes


def _lists(
    scheme: Scheme, frames: Mapping[str, pl.DataFrame], adverts: pl.DataFrame, bids: pl.DataFrame,
    notes: list[str], which: str,
) -> pl.DataFrame:
    """The shortlist of every advert: advert, application, position, failed and unknown."""
    register = {name: frames[name] for name in REGISTER_TABLES if name in frames}
    applications = register["applications"]
    if not has_versions(applications):
        bid = pl.col("id").is_in(bids["application"].implode())
        applications = applications.with_columns(
            pl.when(bid).then(pl.lit("active")).otherwise("status").alias("status"))
        register["applications"] = applications
    if which == "new" and _other_bands(scheme, applications):
        register["applications"] = _assessed(scheme, register, adverts)
        notes.append(
            "The new scheme has bands of its own: households are assessed under it, on the day of "
            "the last close.")
    profiles = {p for v in scheme.versions for p in v.profiles}
    if "profile" in adverts.columns and not set(adverts["profile"].drop_nulls()) <= profiles:
        adverts = adverts.with_columns(pl.lit(None, pl.String).alias("profile"))
        notes.append(f"The {which} scheme has other profiles: its default is taken.")
    made = shortlist(prepare(scheme, register, "close"), adverts.with_columns(
        pl.lit("closed").alias("status")), bids, homes=frames.get("homes"))
    return made.frame().select("advert", "application", "position", "eligible", "failed",
                               "unknown", "tie_group")


def _other_bands(scheme: Scheme, applications: pl.DataFrame) -> bool:
    held = set(applications["band"].drop_nulls()) if "band" in applications.columns else set()
    return bool(held) and not held <= {b for v in scheme.versions for b in v.bands}


def _assessed(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], adverts: pl.DataFrame
) -> pl.DataFrame:
    from cbl_engine.assess import assess

    on = cast("date", adverts["closes_at"].dt.date().max())
    found = assess(scheme, {**register, "applications": register["applications"].with_columns(
        pl.lit(None, pl.String).alias("band"))}, on).assessed
    columns = [c for c in ("band", "points", "priority_date", "bedroom_need", "sizes")
               if c in found.columns]
    applications = register["applications"].drop(columns, strict=False)
    return applications.join(found.select("application", *columns), left_on="id",
                             right_on="application", how="left")


def _given(
    lists: Mapping[str, pl.DataFrame], lettings: pl.DataFrame, down: set[tuple[str, str]]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Whom each home goes to by the old list and by the new one, advert after advert.

    By the old list beside what really happened before; by the new one beside what would have. A
    home whose letting the old list does not explain goes to whom it went. None: nobody is left.
    One pass over the lettings, down each list as far as the first who is free.
    """
    old, new = ({
        name[0]: part["application"].to_list()
        for name, part in lists[which].filter(pl.col("eligible").fill_null(value=False))
        .sort("advert", "position").group_by("advert", maintain_order=True)
    } for which in ("old", "new"))
    housed: set[str] = set()
    would_be_housed: set[str] = set()
    was: dict[str, str | None] = {}
    would: dict[str, str | None] = {}
    for advert, got in lettings.select("advert", "went_to").iter_rows():
        def free(of: Mapping[str, list[str]], gone: set[str], at: str = advert) -> str | None:
            return next((a for a in of.get(at, ()) if a not in gone and (at, a) not in down), None)

        was[advert] = free(old, housed)
        would[advert] = free(new, would_be_housed) if was[advert] == got else got
        housed.add(got)
        if (taker := would[advert]) is not None:
            would_be_housed.add(taker)
    return was, would


def _rerun(
    lettings: pl.DataFrame, was: dict[str, str | None], would: dict[str, str | None],
    new: pl.DataFrame, frames: Mapping[str, pl.DataFrame], notes: list[str],
) -> Rerun:
    got = dict(lettings.select("advert", "went_to").iter_rows())
    told = pl.DataFrame(
        [(advert, would[advert], *_verdict(got[advert], was[advert], would[advert]))
         for advert in got],
        schema={"advert": pl.String, "would_go_to": pl.String, "verdict": pl.String,
                "why": pl.String}, orient="row")
    facts = _facts_at(frames, lettings)
    out = (
        lettings.select("advert", "closes_on", "bedrooms", "went_to")
        .join(told, on="advert").join(
            frames["bids"].group_by("advert").agg(pl.col("application").n_unique().alias("bids")),
            on="advert", how="left")
        .join(new.select("advert", pl.col("application").alias("went_to"), "failed"),
              on=["advert", "went_to"], how="left")
        .join(facts, left_on=["advert", "went_to"], right_on=["advert", "application"], how="left")
        .join(facts.rename({"band": "would_band", "bedroom_need": "would_bedroom_need"}),
              left_on=["advert", "would_go_to"], right_on=["advert", "application"], how="left")
        .with_columns(pl.when(pl.col("verdict") == "not_judged").then(None)
                      .otherwise("would_go_to").alias("would_go_to"))
        .sort("closes_on", "advert")
    )
    applications = frames["applications"]["id"].cast(pl.String).unique()
    return Rerun(out, _groups(out), tuple(dict.fromkeys(notes)), applications)


def _verdict(got: str, was: str | None, would: str | None) -> tuple[Verdict, str | None]:
    if was != got:
        return "not_judged", "the scheme of the time would have offered it to somebody else first"
    if would is None:
        return "nobody", None
    return ("same" if would == got else "other"), None


def _facts_at(frames: Mapping[str, pl.DataFrame], lettings: pl.DataFrame) -> pl.DataFrame:
    """advert, application, band, bedroom_need: as on record at the close."""
    applications = frames["applications"]
    for name, dtype in (("band", pl.String), ("bedroom_need", pl.Int64)):
        if name not in applications.columns:
            applications = applications.with_columns(pl.lit(None, dtype).alias(name))
    pairs = frames["bids"].select("advert", "application").unique().join(
        lettings.select("advert", "closes_on"), on="advert")
    held = spans_of(applications).with_columns(applications["band"], applications["bedroom_need"])
    closes = pl.col("closes_on")
    return pairs.join(held, left_on="application", right_on="id").filter(
        pl.col("from") <= closes, closes < pl.col("to")).select("advert", "application", "band", "bedroom_need")


def _groups(lettings: pl.DataFrame) -> pl.DataFrame:
    """Lettings before and after by group, of those judged."""
    judged = lettings.filter(pl.col("verdict") != "not_judged")
    parts = []
    for column in ("band", "bedroom_need"):
        before = judged.select(pl.col(column).cast(pl.String).alias("group"),
                               (pl.col("verdict") == "same").alias("kept"))
        after = judged.filter(pl.col("would_go_to").is_not_null()).select(
            pl.col(f"would_{column}").cast(pl.String).alias("group"))
        counts = before.group_by("group").agg(
            pl.len().alias("lettings"), pl.col("kept").sum().cast(pl.UInt32)).join(
                after.group_by("group").agg(pl.len().alias("would_have")), on="group", how="full",
                coalesce=True, nulls_equal=True).with_columns(
                    pl.col("lettings", "kept", "would_have").fill_null(0).cast(pl.Int64))
        parts.append(counts.select(
            pl.lit(column).alias("by"), "group", "lettings", "would_have", "kept",
            (pl.col("lettings") - pl.col("kept")).alias("lost"),
            (pl.col("would_have") - pl.col("kept")).alias("gained")).sort("group"))
    return pl.concat(parts)

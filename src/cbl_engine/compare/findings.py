"""A comparison in plain English: what differs, what could not be told, what changes sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.downsizing import further_bedrooms, in_words
from cbl_engine.compare.pairs import fewest_to_tell
from cbl_engine.compare.says import SAYS, group_of, of_worlds, sentence
from cbl_engine.compare.sides import outcomes_of
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.summary import BY_NAME

if TYPE_CHECKING:
    from cbl_engine.compare.comparing import Comparison

HEADLINES = {
    "lettings": ALL, "void_days": "tenancy, mean", "wait_from_registered": ALL,
    "wait_quarter": "opening", "housed_within_year": ALL, "waiting_at_end": ALL,
    "transfer_share": ALL, "homeless_share": ALL, "bedrooms_freed": ALL, "downsizing_paid": ALL,
    "overcrowding_relieved": ALL, "spare_relieved": ALL, "chain_length": "with leakage",
    "nominees_per_letting": ALL,
    "bids_per_advert": ALL, "adverts_unlet": ALL, "adapted_to_need": ALL, "rent_lost": ALL,
    "ta_households": ALL, "ta_net": ALL, "bnb_over_6_weeks": ALL,
}
"""Figures that a committee asks for first, in order, with the group that stands for the whole."""
MOST = 10
"""Differences said in words of one variant; of more it is said how many, and where they are."""
WHERE = "cbl compare --full, differences.csv or the workbook of cbl report"
"""Where every difference is."""


def findings(
    comparison: Comparison, response: str | None = None, where: str = WHERE
) -> dict[str, list[str]]:
    """Sentences by variant: what differs, headline figures first; what a further bedroom costs where
    tenants are paid to move; what changes sign; what cannot be compared; what is not told.

    Args:
        comparison: from :func:`cbl_engine.compare.compare`.
        response: under which; None, or one not compared under: ``comparison.response``.
        where: whoever reads them finds the told differences that no sentence says.

    Returns:
        name of a variant -> sentences.
    """
    if response not in comparison.responses:
        response = comparison.response
    out, paid = {}, further_bedrooms(comparison)
    for side in comparison.sides[1:]:
        rows = comparison.differences.filter(
            pl.col("variant") == side.name, pl.col("response") == response)
        out[side.name] = [
            *_told(rows, side.scenario.replications, comparison.together, where),
            *map(in_words, paid.filter(variant=side.name, response=response).iter_rows(named=True)),
            *_sign_changes(comparison, side.name), *_not_there(comparison, rows),
            *_not_reached(rows, _heads(comparison)), *_not_told(rows, _heads(comparison))]
    return out


def headlines(comparison: Comparison) -> pl.DataFrame:
    """Rows of ``differences`` of the headline figures as a whole, in their order, told or not; of a
    scenario with ``outcomes`` those figures, in the order it names them.
    """
    wanted = pl.DataFrame(
        _heads(comparison), {"kpi": pl.String, "group": pl.String}, orient="row").with_row_index("place")
    return comparison.differences.join(wanted, on=["kpi", "group"], how="inner").sort(
        "place", maintain_order=True).drop("place")


def _heads(comparison: Comparison) -> list[tuple[str, str]]:
    """Figure and group of each headline; of a figure that has no whole every group stands for it."""
    scenario = comparison.sides[0].scenario
    if not scenario.outcomes:
        return list(HEADLINES.items())
    rows = comparison.differences
    found = []
    for kpi, named in outcomes_of(scenario).items():
        whole = HEADLINES.get(kpi, ALL)
        there = rows.filter(kpi=kpi)["group"].unique(maintain_order=True).to_list()
        groups = named or ([whole] if whole in there else there)
        found += [(kpi, group) for group in groups]
    return found


def _told(rows: pl.DataFrame, worlds: int, together: int, where: str) -> list[str]:
    """Headlines, then what is surest; no more than a few lines of one figure."""
    places = {name: at for at, name in enumerate(HEADLINES)}
    whole = pl.col("group") == pl.col("kpi").replace_strict(HEADLINES, default=ALL)
    told = rows.filter("told").with_columns(
        pl.col("kpi").replace_strict(places, default=len(places), return_dtype=pl.Int64)
        .alias("place"), whole.alias("whole"),
        (pl.col("mean").abs() / (pl.col("high") - pl.col("low"))).alias("sure"))
    ordered = told.sort("place", "kpi", "whole", "sure", "group",
                        descending=[False, False, True, True, False])
    nth = pl.int_range(pl.len()).over("kpi")
    most = pl.col("kpi").replace_strict({name: says.lines for name, says in SAYS.items()})
    few = ordered.with_columns(nth.alias("nth")).filter(pl.col("nth") < most).sort(
        pl.col("nth") > 0, maintain_order=True).head(MOST)
    said = [sentence(row) for row in few.sort(
        "place", "kpi", maintain_order=True).iter_rows(named=True)]
    if not said:
        differs = rows.select(pl.any_horizontal(pl.col("mean", "low", "high") != 0)).to_series()
        if differs.count() and not differs.any():
            return ["No figure differs in any world."]
        fewest = fewest_to_tell(together)
        why = "" if worlds >= fewest or not together else (
            f" {together:,} differences looked at together need {fewest} worlds or more; here are "
            f"{worlds}.")
        return [f"Nothing is told from luck.{why}"]
    if more := told.height - few.height:
        said.append(f"{more:,} more {'is' if more == 1 else 'are'} told from luck: see {where}.")
    return said


def _not_told(rows: pl.DataFrame, heads: list[tuple[str, str]]) -> list[str]:
    untold = set(rows.filter(~pl.col("told"), not_reached=0).select("kpi", "group").iter_rows())
    names = dict.fromkeys(_lower(BY_NAME[k].label) for k, group in heads if (k, group) in untold)
    return [f"Not told from luck: {'; '.join(names)}."] if names else []


def _not_reached(rows: pl.DataFrame, heads: list[tuple[str, str]]) -> list[str]:
    """Headline medians that some world does not reach, with how many do not."""
    lost = {(r["kpi"], r["group"]): r for r in rows.filter(pl.col("not_reached") > 0).iter_rows(named=True)}
    said = [f"{_lower(group_of(*head))} ({of_worlds(lost[head])})" for head in heads if head in lost]
    return [f"Not reached, so not compared: {'; '.join(said)}."] if said else []


def _not_there(comparison: Comparison, rows: pl.DataFrame) -> list[str]:
    """What the scenario names beforehand, and fewer than three worlds have on both sides."""
    scenario = comparison.sides[0].scenario
    if not scenario.outcomes:
        return []
    there = set(rows.select("kpi", "group").iter_rows())
    lost = []
    for kpi, named in outcomes_of(scenario).items():
        lost += [group_of(kpi, group) for group in named if (kpi, group) not in there]
        if not named and all(kpi != name for name, _ in there):
            lost.append(BY_NAME[kpi].label)
    names = "; ".join(map(_lower, lost))
    return [f"In no world, or too few, so not compared: {names}."] if lost else []


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]


def _sign_changes(comparison: Comparison, variant: str) -> list[str]:
    """Figures that go one way under one response and the other under another."""
    return [
        f"{group_of(row['kpi'], row['group'])} changes sign: more under {_and(row['up'])} response, "
        f"less under {_and(row['down'])}."
        for row in sign_changes(comparison).filter(pl.col("variant") == variant).iter_rows(named=True)
    ]


def sign_changes(comparison: Comparison) -> pl.DataFrame:
    """Told differences of which some responses say more and others less.

    Returns:
        variant, kpi, group, up and down (lists of responses).
    """
    rows = comparison.differences.filter("told")
    return rows.group_by("variant", "kpi", "group", maintain_order=True).agg(
        pl.col("response").filter(pl.col("mean") > 0).alias("up"),
        pl.col("response").filter(pl.col("mean") < 0).alias("down"),
    ).filter(pl.col("up").list.len() > 0, pl.col("down").list.len() > 0)


def saved_by_pairing(comparison: Comparison) -> dict[str, float | None]:
    """Share of the variance of the headline differences that pairing took away, median by variant."""
    rows = headlines(comparison).group_by("variant", maintain_order=True).agg(
        pl.col("saved").median())
    found = dict(rows.iter_rows())
    return {side.name: found.get(side.name) for side in comparison.sides[1:]}


def _and(words: list[str]) -> str:
    return " and ".join(words)

"""Consequences of a record beside those with facts put right: which began, would not have, or would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.shortlist.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbl_engine.records.replay_state import StateReplay

_KEY = ("application", "consequence", "n")


def consequences_beside(
    then: Mapping[str, pl.DataFrame], now: Mapping[str, pl.DataFrame], households: Sequence[Any]
) -> pl.DataFrame:
    """Consequences of two outcomes side by side; columns as :attr:`StateReplay.consequences`.

    Those of a name and a household are matched in the order they began. A proposal that waits now and did
    not in fact is told too: nobody is assumed to have approved it.
    """
    began = [_numbered(t["consequences"]).select(*_KEY, *(pl.col(n).alias(f"{n}_{when}")
                                                          for n in ("since", "until")))
             for t, when in ((then, "then"), (now, "now"))]
    asked = [_numbered(_proposed(t)).filter(status="open") for t in (then, now)]
    waits = asked[1].join(asked[0], on=_KEY, how="anti").select(
        *_KEY, pl.col("on").alias("proposed_on_now"))
    both = began[0].join(began[1], on=_KEY, how="full", coalesce=True)
    both = both.join(waits, on=_KEY, how="full", coalesce=True)
    same = pl.all_horizontal(pl.col(f"{n}_then").eq_missing(pl.col(f"{n}_now")) for n in ("since", "until"))
    own = pl.Series([str(h) for h in households], dtype=pl.String).implode()
    return both.with_columns(
        pl.col("application").is_in(own).alias("corrected"),
        pl.when(pl.col("since_now").is_null() & pl.col("since_then").is_null()).then(pl.lit("proposed"))
        .when(pl.col("since_now").is_null()).then(pl.lit("not begun"))
        .when(pl.col("since_then").is_null()).then(pl.lit("begun"))
        .when(same).then(pl.lit("same")).otherwise(pl.lit("otherwise")).alias("change"),
    ).sort(*_KEY).select(
        "application", "consequence", "corrected", "change", "since_then", "until_then", "since_now",
        "until_now", "proposed_on_now",
    )


def _proposed(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["proposals"].filter(pl.col("act") == "consequence").rename({"what": "consequence"})


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.int_range(pl.len()).over("application", "consequence").alias("n"))


def consequences_found(replay: StateReplay, own: Any = None) -> Iterator[str]:
    """Of each consequence that comes out otherwise, what would have been, in a sentence.

    Args:
        replay: with facts put right.
        own: the household an applicant's form is for; None for officers.
    """
    for row in _of(replay, own):
        label = f"{row['application']}: “{_label(replay, row)}”"
        then, now = row["since_then"], row["since_now"]
        asked = "" if row["proposed_on_now"] is None else (
            f"would wait for an officer's decision, proposed on {say(row['proposed_on_now'])}")
        if row["change"] == "not begun" and asked:
            yield f"{label}, which began on {say(then)} in fact, {asked}."
        elif row["change"] == "not begun":
            yield f"{label}, which began on {say(then)} in fact, would not have begun."
        elif row["change"] == "begun":
            yield f"{label} would have begun on {say(now)}; in fact it did not."
        elif row["change"] == "otherwise":
            yield f"{label} would have held {_held(row, 'now')}; in fact it held {_held(row, 'then')}."
        elif row["change"] == "proposed":
            yield f"{label} {asked}; in fact it did not begin."


def consequences_in_words(replay: StateReplay, own: Any = None) -> list[dict[str, Any]]:
    """Every consequence then and now: application, label, then, now, change."""
    return [
        {"application": row["application"], "label": _label(replay, row), "then": _stands(row, "then"),
         "now": _stands(row, "now"), "change": row["change"]}
        for row in _of(replay, own)
    ]


def _of(replay: StateReplay, own: Any) -> Iterator[dict[str, Any]]:
    for row in replay.consequences.iter_rows(named=True):
        if own is None or row["application"] == str(own):
            yield row


def _label(replay: StateReplay, row: Mapping[str, Any]) -> str:
    on = row["since_then"] or row["since_now"] or row["proposed_on_now"]
    rule = replay.state.scheme().in_force(on).consequences.get(row["consequence"])
    return rule.label if rule is not None else row["consequence"].replace("_", " ")


def _stands(row: Mapping[str, Any], when: str) -> str:
    if row[f"since_{when}"] is not None:
        return _held(row, when)
    if when == "now" and row["proposed_on_now"] is not None:
        return f"proposed on {say(row['proposed_on_now'])}, and not decided"
    return "did not begin" if when == "then" else "does not begin"


def _held(row: Mapping[str, Any], when: str) -> str:
    until = row[f"until_{when}"]
    end = "with no end set" if until is None else f"until {say(until)}"
    return f"from {say(row[f'since_{when}'])} {end}"

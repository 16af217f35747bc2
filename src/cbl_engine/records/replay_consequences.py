"""Consequences of a record beside those with facts put right: which began, would not have, or would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.shortlist.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbl_engine.records.replay_state import StateReplay

_WHOSE = ("application", "consequence")


def consequences_beside(
    then: Mapping[str, pl.DataFrame], now: Mapping[str, pl.DataFrame], households: Sequence[Any]
) -> pl.DataFrame:
    """Consequences of two outcomes side by side; columns as :attr:`StateReplay.consequences`.

    Those of a name and a household that began on the same day are one; what is left is matched in order.
    A proposal that waits now and did not in fact is told too: nobody is assumed to have approved it. So is
    one that waits in fact alone.
    """
    began = _matched(_began(then), _began(now), "since")
    asked = _matched(_proposed(then), _proposed(now), "on")
    waits = _numbered(asked.filter(
        pl.col("status_now") == "open", pl.col("status_then").ne_missing("open")
    ).select(*_WHOSE, pl.col("on_now").alias("proposed_on_now")))
    waited = asked.filter(
        pl.col("status_then") == "open", pl.col("on_now").is_null() | (pl.col("status_now") == "lapsed")
    ).select(*_WHOSE, pl.col("on_then").alias("proposed_on_then"))
    gone = pl.col("since_now").is_null()
    both = pl.concat([
        _numbered(began.filter(gone)).join(waits, on=[*_WHOSE, "n"], how="full", coalesce=True).drop("n"),
        began.filter(~gone), waited,
    ], how="diagonal")
    same = pl.all_horizontal(pl.col(f"{n}_then").eq_missing(pl.col(f"{n}_now")) for n in ("since", "until"))
    own = pl.Series([str(h) for h in households], dtype=pl.String).implode()
    first = pl.coalesce("since_then", "since_now", "proposed_on_then", "proposed_on_now")
    return both.with_columns(
        pl.col("application").is_in(own).alias("corrected"),
        pl.when(pl.col("proposed_on_then").is_not_null()).then(pl.lit("not waiting"))
        .when(pl.col("since_now").is_null() & pl.col("since_then").is_null()).then(pl.lit("proposed"))
        .when(pl.col("since_now").is_null()).then(pl.lit("not begun"))
        .when(pl.col("since_then").is_null()).then(pl.lit("begun"))
        .when(same).then(pl.lit("same")).otherwise(pl.lit("otherwise")).alias("change"),
    ).sort(*_WHOSE, first, maintain_order=True).select(
        *_WHOSE, "corrected", "change", "since_then", "until_then", "since_now", "until_now", "proposed_on_then",
        "proposed_on_now",
    )


def _began(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["consequences"].select(*_WHOSE, "since", "until")


def _proposed(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["proposals"].filter(pl.col("act") == "consequence").select(
        "application", pl.col("what").alias("consequence"), "on", "status")


def _matched(then: pl.DataFrame, now: pl.DataFrame, on: str) -> pl.DataFrame:
    """Rows of a name and a household beside those of the other side: of the same day, or else in order.

    Args:
        then: rows in their order.
        now: the same of the other side.
        on: the column of the day.

    Returns:
        Frame of application, consequence, and each other column twice (``_then``, ``_now``).
    """
    day = [*_WHOSE, on, "n"]
    sides = [_numbered(frame, on) for frame in (then, now)]
    found = [side.join(other, on=day, how="semi", maintain_order="left")
             for side, other in (sides, sides[::-1])]
    left = [_numbered(side.join(other, on=day, how="anti", maintain_order="left"))
            for side, other in (sides, sides[::-1])]
    named = [[_called(frame, when) for frame, when in zip(pair, ("then", "now"), strict=True)]
             for pair in (found, left)]
    return pl.concat([
        named[0][0].join(named[0][1], left_on=[*_WHOSE, f"{on}_then", "n"],
                         right_on=[*_WHOSE, f"{on}_now", "n"], how="inner", coalesce=False),
        named[1][0].join(named[1][1], on=[*_WHOSE, "n"], how="full", coalesce=True),
    ], how="diagonal").select(*_WHOSE, pl.col("^.*_(then|now)$"))


def _called(frame: pl.DataFrame, when: str) -> pl.DataFrame:
    return frame.rename({n: f"{n}_{when}" for n in frame.columns if n not in (*_WHOSE, "n")})


def _numbered(frame: pl.DataFrame, *within: str) -> pl.DataFrame:
    return frame.with_columns(pl.int_range(pl.len()).over(*_WHOSE, *within).alias("n"))


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
        elif row["change"] == "not waiting":
            yield (f"{label} waits for a decision in fact, proposed on {say(row['proposed_on_then'])}; "
                   "there would be nothing to decide.")
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
    on = row["since_then"] or row["since_now"] or row["proposed_on_now"] or row["proposed_on_then"]
    rule = replay.state.scheme().in_force(on).consequences.get(row["consequence"])
    return rule.label if rule is not None else row["consequence"].replace("_", " ")


def _stands(row: Mapping[str, Any], when: str) -> str:
    if row[f"since_{when}"] is not None:
        return _held(row, when)
    if (asked := row[f"proposed_on_{when}"]) is not None:
        return f"proposed on {say(asked)}, and not decided"
    return "did not begin" if when == "then" else "does not begin"


def _held(row: Mapping[str, Any], when: str) -> str:
    until = row[f"until_{when}"]
    end = "with no end set" if until is None else f"until {say(until)}"
    return f"from {say(row[f'since_{when}'])} {end}"

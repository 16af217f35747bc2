"""A difference of each figure as people say it: ``12 to 20 fewer homes are let a year to band C``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING, Any

from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.summary import BY_NAME
from cbl_engine.simulate.words import number

if TYPE_CHECKING:
    from collections.abc import Callable

_MEASURE: dict[str, str] = {
    "tenancy": "from one tenancy to the next", "key to key": "from keys in to keys out",
    "standard relet": "in standard relets", "core": "as CORE counts them",
}
_STATISTIC = {"mean": "mean", "median": "median",
              "median with open": "median with those still empty"}


@dataclass(frozen=True)
class Says:
    """How a difference of one figure is said.

    Attributes:
        more_less: sentence; ``[x|y]`` is x where there is more and y where there is less, ``{by}``
            by how much, ``{of}`` the group.
        of: the group in words, nothing for all.
        share: a share, said in points of a hundred.
        pounds: money.
        lines: groups that a short list of findings names at most.
    """

    more_less: str
    of: Callable[[str], str] = lambda group: f" ({group})"
    share: bool = False
    pounds: bool = False
    lines: int = 3


def sentence(row: dict[str, Any]) -> str:
    """One difference in a sentence: by how much at least and at most, and from what.

    Args:
        row: of ``Comparison.differences``.
    """
    says = SAYS[row["kpi"]]
    more = row["mean"] > 0
    as_said = _as_said(says, row["low"], row["high"])
    words = re.sub(r"\[([^|\]]*)\|([^\]]*)\]", r"\1" if more else r"\2", says.more_less)
    least, most = map(as_said, sorted((abs(row["low"]), abs(row["high"]))))
    points = " points" if says.share else ""
    said = words.format(
        by=f"about {least}{points}" if least == most else f"{least} to {most}{points}",
        of="" if row["group"] == ALL else says.of(row["group"]))
    worlds = f"; told by {some}" if (some := _some_worlds(row)) else ""
    base = as_said(row["base"]) + ("%" if says.share else "")
    return f"{said[0].upper()}{said[1:]} (base {base}{worlds})."


def of_worlds(row: dict[str, Any]) -> str:
    """In how many worlds a median is not reached: ``in 6 of 12 worlds``."""
    return f"in {row['not_reached']:,} of {row['worlds'] + row['not_reached']:,} worlds"


def _some_worlds(row: dict[str, Any]) -> str:
    """``5 of 20 worlds``, where the others have no such figure on a side; nothing where all have it."""
    if not row.get("left_out"):
        return ""
    return f"{row['worlds']:,} of {row['worlds'] + row['left_out']:,} worlds"


def change(row: dict[str, Any], says: Says | None = None) -> tuple[str, str]:
    """A difference and its interval with their signs, for a table: ``-3.6``, ``-4.2 to -3.0``; where some
    worlds have no such figure ``-4.2 to -3.0 in 5 of 20 worlds``; of a median that some world does not
    reach ``not reached in 6 of 12 worlds``.

    Args:
        row: of ``Comparison.differences``; with ``says`` anything with mean, low and high.
        says: how it is said; None: as its ``kpi`` is.
    """
    if row["mean"] is None:
        return f"not reached {of_worlds(row)}", ""
    says = says or SAYS[row["kpi"]]
    as_said = _as_said(says, row["low"], row["high"])
    mean, low, high = (_signed(x, as_said(abs(x))) for x in (row["mean"], row["low"], row["high"]))
    some = f"in {some}" if (some := _some_worlds(row)) else ""
    if row["low"] == row["high"]:
        return mean, some
    return mean + (" points" if says.share else ""), f"{low} to {high} {some}".rstrip()


def base_level(row: dict[str, Any]) -> str:
    """The base of a difference for a table; ``not reached`` where a median is not in some world."""
    return "not reached" if row["base"] is None else level(row["kpi"], row["base"])


def level(kpi: str | Says, value: float | None) -> str:
    """A figure for a table: ``229``, ``25.0%``, ``£232,335``; a dash for none."""
    says = SAYS[kpi] if isinstance(kpi, str) else kpi
    if value is None:
        return "–"
    if says.share:
        return f"{number(100 * value)}%"
    return f"{'-' if value < 0 else ''}£{abs(value):,.0f}" if says.pounds else number(value)


def _as_said(says: Says, low: float, high: float) -> Callable[[float], str]:
    """How numbers are written beside an interval: as fine as a quarter of its width."""
    times = 100 if says.share else 1
    width = (high - low) * times
    pounds = "£" if says.pounds else ""
    if not width > 0:
        return lambda x: pounds + number(x * times)
    finest = floor(log10(width / 4))
    return lambda x: f"{pounds}{round(x * times, -finest):,.{max(-finest, 0)}f}"


def _signed(value: float, said: str) -> str:
    nothing = not any(c in "123456789" for c in said)
    return said if nothing else f"{'+' if value > 0 else '-'}{said}"


def group_of(kpi: str, group: str) -> str:
    """A figure and its group as the head of a row: ``Lettings, band A``."""
    label = BY_NAME[kpi].label
    return label if group == ALL else f"{label}: {group}"


def _bedrooms(group: str) -> str:
    return f"a {group}" if group == "bedsit" else group.replace("1 bedroom", "one bedroom")


def _household(group: str) -> str:
    """``in band A``, ``that need 2 bedrooms``."""
    if group == "no band":
        return " with no band"
    if group.startswith("band "):
        return f" in {group}"
    if group == "bedrooms not known":
        return " whose need is not known"
    return f" that need {_bedrooms(group)}"


def _homes(group: str) -> str:
    """``with 2 bedrooms``, ``to households in band A``."""
    if group == "no band" or group.startswith("band "):
        return f" to households{_household(group)}"
    if group == "bedrooms not known":
        return " of unknown size"
    return " that are bedsits" if group == "bedsit" else f" with {_bedrooms(group)}"


def _void(group: str) -> str:
    measure, _, statistic = group.partition(", ")
    return f"{_MEASURE.get(measure, measure)}, {_STATISTIC.get(statistic, statistic)}"


def _cohort(group: str) -> str:
    who, _, band = group.partition(", ")
    words = {"opening": "those on the register at the start", "joined": "those who join"}
    said = words.get(who, f"those who {who.replace('joined', 'join')}")
    return f" of {said}{', ' + band if band else ''}"


def _landlord(group: str) -> str:
    kind, _, reason = group.partition(", ")
    whose = {"council": "the council", "provider": "other landlords"}.get(kind, kind)
    return f" of {whose}{f' that end as {reason!r}' if reason else ''}"


SAYS: dict[str, Says] = {
    "lettings": Says("{by} [more|fewer] homes{of} are let a year", _homes),
    "void_days": Says("homes stand empty {by} days [longer|less] {of}", _void,
                      lines=1),
    "void_stage_days": Says(
        "of the days a home stands empty, {by} [more|fewer] go to {of}", str),
    "rent_lost": Says("{by} [more|less] rent is lost a year on empty homes{of}", pounds=True),
    "bids_per_advert": Says("an advert{of} draws {by} [more|fewer] bids",
                            lambda g: f" of homes{_homes(g)}"),
    "adverts_unlet": Says("the share of adverts{of} that let nothing [rises|falls] by {by}",
                          lambda g: f" of homes{_homes(g)}", share=True),
    "nominees_per_letting": Says("a letting takes {by} [more|fewer] nominations{of}",
                                 lambda g: f" that end as '{g}'"),
    "nominees_by_landlord": Says(
        "a letting takes {by} [more|fewer] nominations{of}", _landlord),
    "let_outside": Says("{by} [more|fewer] homes a year are let outside bidding{of}",
                        lambda g: " by referral" if g == "referral" else " by their landlord"),
    "adapted_to_need": Says(
        "the share of adapted homes let to households that need them [rises|falls] by {by}",
        share=True),
    "chain_length": Says("a void that begins a chain leads to {by} [more|fewer] lettings{of}",
                         lambda g: "" if g == "with leakage" else ", if no chain leaked"),
    "chain_leaks": Says("the share of tenants' moves that free no home{of} [rises|falls] by {by}",
                        share=True),
    "wait_from_registered": Says(
        "households{of} waited {by} months [longer|less] to be housed, from registering",
        _household),
    "wait_from_priority": Says(
        "households{of} waited {by} months [longer|less] to be housed, from the date that ranks",
        _household),
    "wait_quarter": Says("a quarter{of} are housed {by} months [later|sooner], those who still "
                         "wait counted", _cohort),
    "wait_median": Says("half{of} are housed {by} months [later|sooner], those who still wait "
                        "counted", _cohort),
    "housed_within_year": Says(
        "the share of households{of} housed within a year of joining [rises|falls] by {by}",
        _household, share=True),
    "transfer_share": Says(
        "the share of homes let{of} that go to the borough's own tenants [rises|falls] by {by}",
        _homes, share=True),
    "homeless_share": Says(
        "the share of homes let{of} that go to homeless households [rises|falls] by {by}",
        _homes, share=True),
    "spare_relieved": Says(
        "{by} [more|fewer] tenants with bedrooms to spare move to a smaller home a year"),
    "overcrowding_relieved": Says(
        "{by} [more|fewer] tenants short of bedrooms move to a larger home a year"),
    "bedrooms_freed": Says("{by} [more|fewer] bedrooms are freed a year by moves to smaller homes"),
    "downsizing_paid": Says(
        "{by} [more|less] a year is paid to tenants who move to a smaller home{of}",
        lambda g: f" and {g}", pounds=True),
    "downsizing_per_bedroom": Says("each bedroom freed is paid for with {by} [more|less]", pounds=True),
    "left_register": Says("{by} [more|fewer] households leave the register a year{of}"),
    "waiting_at_end": Says("{by} [more|fewer] households{of} are on the register at the end",
                           _household),
    "waited_so_far": Says(
        "households{of} on the register at the end have waited {by} months [longer|less] so far",
        _household),
    "ta_households": Says(
        "{by} [more|fewer] households are in temporary accommodation at the end{of}"),
    "ta_out_of_area": Says(
        "{by} [more|fewer] households are in temporary accommodation out of the area at the end{of}"),
    "ta_entries": Says("{by} [more|fewer] households a year enter temporary accommodation{of}",
                       lambda g: f" under the {g} duty"),
    "ta_exits": Says("{by} [more|fewer] households a year leave temporary accommodation{of}"),
    "ta_empty_nights": Says(
        "{by} [more|fewer] nights a year are paid for after a household left{of}"),
    "ta_nights": Says("{by} [more|fewer] nights a year are spent in temporary accommodation{of}"),
    "ta_gross": Says("temporary accommodation costs {by} a year [more|less] gross{of}", pounds=True),
    "ta_net": Says("temporary accommodation costs the council {by} a year [more|less] net{of}",
                   pounds=True),
    "ta_saving": Says("lettings save {by} a year [more|less] of its net cost{of}", pounds=True),
    "bnb_over_6_weeks": Says("{by} [more|fewer] families with children a year spend over six weeks "
                             "in bed and breakfast"),
}
"""By name of the figure."""

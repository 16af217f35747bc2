"""Write ``docs/believable.md``: prose from ``page.md`` beside this file, tables from the results.

    python -m benchmarks.believable.page
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.believable.against_theory import ARRIVALS, HOMES
from benchmarks.believable.check import kept
from benchmarks.believable.theory import cycle_waits, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PAGE = Path(__file__).parents[2] / "docs" / "believable.md"
PROSE = Path(__file__).with_name("page.md")
VERDICT = {True: "hit", False: "**miss**", None: ""}
HOLDS = {True: "holds", False: "**does not hold**", None: "not told by so many seeds"}
WAYS = {
    "direct": "direct offer, one for each home", "direct_until_taken": "direct offer, until taken",
    "choice": "choice, three bids", "choice_last_round": "choice, by the last round's results alone",
    "acceptance": "deferred acceptance",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table in Markdown; the first columns are words and the others numbers."""
    line = ["---" if i < words else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, line, *rows))


def number(value: float | None, places: int | None = None) -> str:
    """A number with so many places, or three figures; empty where there is none."""
    if value is None:
        return ""
    if places is not None:
        return f"{value:,.{places}f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def between(found: dict[str, Any], places: int | None = None) -> str:
    """A mean and its interval."""
    if found["mean"] is None:
        return "none"
    low, high = number(found["low"], places), number(found["high"], places)
    return f"{number(found['mean'], places)} ({low} to {high})"


def in_worlds(found: dict[str, Any], places: int | None, of: int) -> str:
    """The same, with the number of worlds that have the figure, where not all do."""
    few = 0 < found["worlds"] < of
    return between(found, places) + (f" in {found['worlds']} of {of} worlds" if few else "")


def plural(count: str, noun: str) -> str:
    """A number of things in words."""
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def summary() -> str:
    """What was held against what, and how often it hit."""
    theory = [c for study in kept("theory")["studies"].values() for c in study]
    national = [r for r in _central()["rows"] if r["hit"] is not None]
    lancaster = [r for rows in kept("lancaster")["tables"].values() for r in rows]
    rows = [
        (name, str(len(checks)), str(sum(bool(c["hit"]) for c in checks)))
        for name, checks in (("[formulas](#the-weekly-cycle)", theory),
                             ("[England's lettings](#england)", national),
                             ("[Lancaster in 2015](#lancaster)", lancaster))
    ]
    signs = kept("signs")["signs"]
    rows.append(("[signs of findings](#signs-of-other-findings)", str(len(signs)),
                 str(sum(bool(s["holds"]) for s in signs))))
    order = [s for each in kept("mechanisms")["signs"].values() for s in each]
    rows.append(("[direct offer, choice, deferred acceptance](#direct-offer-choice-deferred-acceptance)",
                 str(len(order)), str(sum(s == 1 for s in order))))
    rows.append(("[Coventry](#coventry-a-prediction)", "not yet", ""))
    return table(("held against", "figures", "hits"), rows)


def rates() -> str:
    """The rates of the queue, in words."""
    return (", ".join(f"{v:g} in band {k}" for k, v in ARRIVALS.items())
            + f" and {HOMES:g} homes in the longest cycle, a week")


def theory() -> str:
    """Every formula."""
    rows = []
    for study in kept("theory")["studies"].values():
        rows += [(c["what"], number(c["expected"]), between(c), VERDICT[c["hit"]]) for c in study]
    return table(("figure", "formula", "simulated", ""), rows)


def _central() -> dict[str, Any]:
    return next(each for each in kept("national")["tried"] if each["central"])


def national() -> str:
    """The central prediction."""
    rows = []
    for row in _central()["rows"]:
        said = row["published"]
        words = "" if said is None else " to ".join(dict.fromkeys(f"{v:g}" for v in said))
        rows.append((row["what"], words, between(row, 3), VERDICT[row["hit"]]))
    return table(("figure", "published", "predicted", ""), rows)


def tenants() -> str:
    """What the prediction turns on."""
    told = kept("national")["tried"]
    names = ("lettings to existing tenants [share]", "people a letting", "moves a chain")
    rows = []
    for each in told:
        by = {row["what"]: row for row in each["rows"]}
        rows.append((f"{each['tenants']:.1%}" + (" (the basis)" if each["central"] else ""),
                     *(between(by[name], 3) for name in names), f"{each['lets']:.2%}",
                     f"{each['ends']:.2%}"))
    return table(("tenants on the register", *names, "homes let [of the stock, a year]",
                  "tenancies that end, set for that [a year]"), rows)


def listed(lines: Iterable[str]) -> str:
    """Lines of a list."""
    return "\n".join(f"- {line}" for line in lines)


def lancaster() -> str:
    """2015 beside its prediction."""
    words = {"share": "share of lets", "bids": "bids a let", "wait": "wait [days]"}
    rows = []
    for name, found in kept("lancaster")["tables"].items():
        for row in found:
            places = 3 if row["figure"] == "share" else 0 if row["figure"] == "wait" else 1
            which = f"band {row['key']}" if name == "band" else plural(row["key"], "bedroom")
            rows.append((words[row["figure"]], which, number(row["actual"], places),
                         between(row, places), number(row["error"], places),
                         number(row["before"], places), VERDICT[row["hit"]]))
    rows.sort(key=lambda r: list(words.values()).index(r[0]))
    return table(("figure", "of", "2015", "predicted", "error", "as before", ""), rows, 2)


def lancaster_errors() -> str:
    """Mean errors of the prediction and of taking the three years as they were."""
    rows = []
    for name, found in kept("lancaster")["tables"].items():
        for figure in ("share", "bids", "wait"):
            mine = [r for r in found if r["figure"] == figure and r["mean"] is not None]
            if not mine:
                continue
            places = 3 if figure == "share" else 0 if figure == "wait" else 1
            ours = sum(abs(r["error"]) for r in mine) / len(mine)
            before = sum(abs(r["before"] - r["actual"]) for r in mine) / len(mine)
            words = {"share": "share of lets", "bids": "bids a let", "wait": "wait [days]"}[figure]
            rows.append((f"{words}, by {name}", number(ours, places), number(before, places)))
    return table(("mean error, either way", "predicted", "as before"), rows)


def adverts() -> str:
    """How many adverts there were."""
    from benchmarks.believable.coventry import extract

    return str(sum(extract("adverts by bedrooms").values()))


def coventry_bids() -> str:
    """Bids per advert by bedrooms."""
    from benchmarks.believable.coventry import extract

    told = kept("coventry")["predicted"]
    worlds = kept("coventry")["worlds"]
    rows = [(name, str(count), in_worlds(told[f"bids/{name[0]}"], 0, worlds))
            for name, count in extract("adverts by bedrooms").items()]
    return table(("bedrooms", "adverts", "bids an advert"), rows)


def coventry_housed() -> str:
    """The split of those housed, and their waits."""
    told = kept("coventry")["predicted"]
    rows = []
    for kind, keys in (("band", ("1", "2", "3", "4", "Reduced")),
                       ("need", ("1", "2", "3", "4", "5"))):
        for key in keys:
            name = f"band {key}" if kind == "band" else "needs " + (
                "5 or more bedrooms" if key == "5" else plural(key, "bedroom"))
            rows.append((name, between(told[f"{kind}/{key}"], 0),
                         in_worlds(told[f"{kind} wait/{key}"], 0, kept("coventry")["worlds"])))
    return table(("of 212 housed", "applications", "mean wait from the priority date [days]"), rows)


def coventry_settings() -> str:
    """What each reading of what is open gives."""
    rows = [(f"{s['opening']:.0%}", "kept" if s["dates_kept"] else "new",
             "some every week" if s["few"] else "most now and then",
             number(s["bids"], 1), number(s["let"], 0), number(s["waited"], 0))
            for s in kept("coventry")["settings"]]
    return table(("there by 1 June", "priority dates", "who bids", "bids an advert", "homes let",
                  "mean wait [days]"), rows, 3)


def mechanisms() -> str:
    """Welfare under each mechanism."""
    told = kept("mechanisms")["measures"]
    rows = [(words, *(between(told[m][name], 3) for m in ("let", "applicants", "landlords")))
            for name, words in WAYS.items()]
    return table(("", "homes let", "welfare of applicants", "welfare of landlords"), rows)


def mechanism_signs() -> str:
    """Whether the published order came out."""
    told = kept("mechanisms")["signs"]
    words = {1: "holds", 0: "not told apart", -1: "**the other way round**"}
    rows = [(step, *(words[told[m][at]] for m in ("let", "applicants", "landlords")))
            for at, step in enumerate(("direct offer < choice", "choice < deferred acceptance"))]
    return table(("sign", "homes let", "applicants", "landlords"), rows, 4)


def signs() -> str:
    """Every finding."""
    rows = [(f"{s['claim']} ({s['source']})",
             "; ".join(f"{name} {between(found)}" for name, found in s["found"].items()),
             s["why"], HOLDS[s["holds"]])
            for s in kept("signs")["signs"]]
    return table(("finding", "came out as", "what it turns on", ""), rows, 4)


def closed_waits() -> str:
    """Waits by the formulas, from a weekly close to homes let as they come."""
    arrivals, homes = (1.0, 1.5, 2.0), 5.0
    rows = [(f"{cycle:g}", *(number(cycle * w, 3) for w in cycle_waits(
        [a * cycle for a in arrivals], homes * cycle))) for cycle in (1.0, 0.3, 0.1, 0.01)]
    rows.append(("as they come", *(number(w, 3) for w in waits(arrivals, homes))))
    return table(("cycle [weeks]", "band 1", "band 2", "band 3"), rows)


def every_run() -> str:
    """How often formulas held over all runs."""
    told = kept("theory")
    figures = sum(len(study) for study in told["studies"].values())
    missed = "; ".join(f"{c['what']}: {number(c['expected'])}, simulated {between(c)}"
                       for c in told["missed_in_other_runs"])
    return (f"In {plural(str(len(told['hits'])), 'run')}, each with seeds of its own, "
            f"{sum(told['hits'])} of {figures * len(told['hits'])} figures hit."
            + (f" Missed in the others: {missed}." if missed else ""))


def of_mechanisms(measure: str, name: str, places: int) -> Callable[[], str]:
    """A figure of a mechanism."""
    return lambda: number(kept("mechanisms")["measures"][measure][name]["mean"], places)


PARTS: dict[str, Callable[[], str]] = {
    "summary": summary, "rates": rates, "theory": theory, "national": national,
    "tenants": tenants, "basis": lambda: listed(kept("national")["basis"]),
    "lancaster": lancaster, "lancaster_errors": lancaster_errors, "adverts": adverts,
    "made_on": lambda: kept("coventry")["made_on"],
    "coventry_worlds": lambda: str(kept("coventry")["worlds"]),
    "coventry_bids": coventry_bids, "coventry_housed": coventry_housed,
    "coventry_all": lambda: between(kept("coventry")["predicted"]["waited"], 0) + " days",
    "coventry_settings": coventry_settings,
    "assumptions": lambda: listed(kept("coventry")["assumptions"]),
    "closed_waits": closed_waits, "every_run": every_run,
    "utility_choice": of_mechanisms("utility", "choice", 2),
    "utility_acceptance": of_mechanisms("utility", "acceptance", 2),
    "applicants_last_round": of_mechanisms("applicants", "choice_last_round", 3),
    "applicants_acceptance": of_mechanisms("applicants", "acceptance", 3),
    "mechanisms": mechanisms, "mechanism_signs": mechanism_signs, "signs": signs,
}


def page() -> str:
    """The page."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: PARTS[found[1]](), PROSE.read_text())


def main() -> None:
    PAGE.write_text(page())


if __name__ == "__main__":
    main()

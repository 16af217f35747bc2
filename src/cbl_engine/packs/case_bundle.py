"""A complaint's bundle: what happened, what was known when, every list, the replay, who was displaced.

For an officer to send to an ombudsman: it names other households by their ids. The household's own copy
of its record (``cbl sar``) is beside it, redacted as that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.packs.parts import Part, pack_page
from cbl_engine.records import audit_state, read_state, replay_state
from cbl_engine.records.chronology import chronology, known
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.rankings import rankings
from cbl_engine.records.replay_offers import as_it_was, finding
from cbl_engine.report.page import day
from cbl_engine.report.replay_state import replay_state_page
from cbl_engine.report.subject_access import subject_access
from cbl_engine.report.subject_page import subject_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cbl_engine.records.audit import Audit
    from cbl_engine.records.replay_state import StateReplay
    from cbl_engine.records.state import StateFolder

_LIST = {"advert": pl.String, "closed_on": pl.Date, "ranked_on": pl.Date, "position": pl.Int64,
         "of": pl.Int64, "eligible": pl.Boolean, "not_met": pl.String, "not_known": pl.String,
         "let_to": pl.String, "its_position": pl.Int64, "let_on": pl.Date}


_CAME = {"given": "given", "rectified": "put right", "left_out": "left out: it clashed",
         "superseded": "given, in a week that was run again"}
"""How a fact came to the record."""


@dataclass(frozen=True, eq=False)
class CaseBundle:
    """One household's case.

    Attributes:
        application: whose, as text.
        state: the record.
        audit: what was looked at in it, and what was found.
        replay: every cycle run again as it was.
        corrected: the same with facts put right; None where nothing was.
        parts: of the first page, each a table of the bundle.
        record: the page of the household's own record, redacted.
    """

    application: str
    state: StateFolder
    audit: Audit
    replay: StateReplay
    corrected: StateReplay | None
    parts: tuple[Part, ...] = field(repr=False)
    record: str = field(repr=False)

    def pages(self) -> dict[str, str]:
        """Pages by the name of the file: ``index``, ``replay``, ``record`` and, where facts were put
        right, ``put_right`` for officers.
        """
        manifest = self.state.manifest
        title = f"The case of application {self.application}"
        out = {
            "index.html": pack_page(
                title, f"From the record as it stood on {day(self.state.as_at)}.", self.parts, "officer",
                source=f"State {manifest['state_id']}, written by engine {manifest['engine_version']}.",
                notes=["Beside this page: replay.html, every cycle run again as it was"
                       + ("; put_right.html, the same with facts put right, with who was displaced"
                          if self.corrected is not None else "")
                       + "; record.html, the household's own record as it would be sent to it. Other "
                       "households are named by their ids: it is for officers and the ombudsman."]),
            "replay.html": replay_state_page(self.replay, "officer"),
            "record.html": self.record,
        }
        if self.corrected is not None:
            out["put_right.html"] = replay_state_page(self.corrected, "officer")
        return out


def case_bundle(
    state: str | Path, application: str, correct: str | Path | None = None
) -> CaseBundle:
    """Everything an ombudsman asks for of one household.

    1. The record is audited, and every cycle run again as it was. 2. What happened to the household
    and what was known of it from each date are read from the trail. 3. Its place on each list is
    set beside whom the home was let to. 4. With ``correct`` the replay says who would have been
    offered what, and who was displaced.

    Args:
        state: a state folder.
        application: whose.
        correct: a file of corrections (``docs/replay.md``); None: nothing is put right.

    Raises:
        RunError: it is no state folder, or was changed; everything wrong with the corrections.
        BadInput: the record has nothing of such an application.
    """
    folder = read_state(state)
    past = Past.of(folder)
    happened, facts = chronology(past, application, "officer"), known(past, application, "officer")
    if not happened and not facts:
        raise BadInput([Problem("unknown_application", "the record has nothing of such an application",
                                where=str(state), given=application[:60])])
    audit = audit_state(folder.path)
    again = replay_state(folder)
    corrected = None if correct is None else replay_state(folder, correct)
    record = subject_page(subject_access(folder, folder.scheme(), application))
    return CaseBundle(application, folder, audit, again, corrected, tuple(
        _parts(folder, application, audit, again, corrected, happened, facts)), record)


def _parts(
    folder: StateFolder, application: str, audit: Audit, again: StateReplay,
    corrected: StateReplay | None, happened: list[dict[str, Any]], facts: list[dict[str, Any]],
) -> Iterator[Part]:
    sound = ["The record is sound: " + "; ".join(audit.checked) + "."] if audit.sound else [
        f"Wrong in the record: {fault.message} ({fault.where})." for fault in audit.faults]
    yield Part("standing", "What the record is worth", "Files, chain, rows and tables were checked, and every "
               "cycle run again.", None, items=(*sound, *as_it_was(again, "officer")))
    if corrected is not None:
        yield Part("finding", "With facts put right", "", None, items=tuple(finding(corrected, None)))
        yield Part("displaced", "Who was displaced", "Others who have a home in the record, and not with the "
                   "facts put right.", corrected.displaced, withholds=False,
                   heads=(("let_on", "let on"), ("to", "it goes to")))
    yield Part("chronology", "What happened, in order", "", pl.DataFrame(
        [(row["on"], row["advert"], row["what"] if row["counts"] else
          f"{row['what']} (the week was run again: this no longer counts)", row["event"])
         for row in happened],
        {"day": pl.Date, "advert": pl.String, "what_happened": pl.String, "event": pl.Int64},
        orient="row"), withholds=False, heads=(("what_happened", "what happened"),))
    yield Part("known", "What was known of it, from each day on", "As the record took it in; a fact that "
               "was put right later is listed under both days.", pl.DataFrame(
        [(row["on"], row["table"].replace("_", " "),
          _CAME[row["why"]],
          "; ".join(f"{n.replace('_', ' ')}: {v}" for n, v in row["facts"].items())) for row in facts],
        {"from": pl.Date, "table": pl.String, "how": pl.String, "facts": pl.String}, orient="row"))
    yield Part("lists", "Its place on each list, and who was let the home",
               "A row for each day on which the list was made or ranked anew. Places of equals follow the id "
               "and mean nothing among them.",
               places(folder, application), withholds=False,
               heads=(("closed_on", "closed"), ("ranked_on", "ranked"), ("of", "of how many"), ("not_met", "not met"),
                      ("not_known", "not known"), ("let_to", "let to"), ("let_on", "let on"),
                      ("its_position", "its place")))


def places(folder: StateFolder, application: str) -> pl.DataFrame:
    """Every list that the household stood on, beside whom the home was let to.

    Returns:
        A row for each ranking: advert, closed_on, ranked_on (the day of the ranking), position (null:
        none), of (how many had one), eligible (null: held), not_met and not_known (criteria), let_to
        (null: nobody yet), its_position and let_on; by closing day, then advert and ranking.
    """
    tables = folder.tables
    rows = rankings(folder)
    of = rows.group_by("event", "advert").agg(pl.col("position").count().cast(pl.Int64).alias("of"))
    let = tables["lettings"].filter(pl.col("undone_on").is_null()).select(
        pl.col("advert").cast(pl.String), pl.col("application").cast(pl.String).alias("let_to"),
        pl.col("position").cast(pl.Int64).alias("its_position"), pl.col("signed_on").alias("let_on"))
    closed = tables["advert_states"].select(pl.col("advert").cast(pl.String), "closed_on")
    mine = rows.filter(pl.col("application") == application).join(
        of, on=["event", "advert"], how="left").join(
        closed, on="advert", how="left").join(let, on="advert", how="left")
    return mine.sort("closed_on", "advert", "event", "let_on", "let_to").select(
        "advert", "closed_on", "ranked_on", pl.col("position").cast(pl.Int64), "of", "eligible",
        pl.col("failed").list.join(", ").alias("not_met"),
        pl.col("unknown").list.join(", ").alias("not_known"), "let_to", "its_position", "let_on",
    ).cast(_LIST)  # type: ignore[arg-type]

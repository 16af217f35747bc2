"""The weeks of a record followed without a fact put right: what people did, applied again, is the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.records.coming import recorded
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.facts_apart import Facts
from cbl_engine.records.replay_state import _follow
from cbl_engine.records.state import State
from cbl_engine.records.trail import Trail
from tests.offers.weeks.playing import frames, scheme_of

if TYPE_CHECKING:
    from tests.offers.weeks.generator import World
    from tests.offers.weeks.playing import Played

TABLES = ("offers", "lettings", "passed_over", "advert_states", "proposals", "consequences")


def otherwise(world: World, played: Played) -> list[str]:
    """What comes out otherwise when the answers of a record are followed, and should not."""
    scheme, record = scheme_of(world), Record()
    state = State(Trail(), Facts.none(bytes(range(32))), {})
    for cycle in played.cycles:
        came = run_cycle(record, scheme, frames(cycle.given), cycle.as_at,
                         unattended=cycle.unattended, keep_going=True)
        state, record = state.after(came.events, came.rows, recorded), came.record
    past = Past(state.trail, state.facts, scheme)
    followed = _follow(past, past, {}, past.trail.runs(), "refuses")
    found = [f"{row['on']}, {row['advert']}, {row['application']}: {row['what']} is assumed"
             for row in followed.assumed]
    found += [f"outcome {row['id']} ({row['what']}, {row['on']}) finds nothing to apply to"
              for row in followed.left]
    for table in TABLES:
        one, two = (t[table].drop("id" if table == "proposals" else [])
                    for t in (followed.tables, record.tables))
        if not one.equals(two):
            where = [(a, b) for a, b in zip(one.to_dicts(), two.to_dicts(), strict=False) if a != b]
            found.append(f"the table {table} is otherwise: {where[:1] or (one.height, two.height)}")
    return found

"""A shortlist as an object: kept, sent elsewhere, of no adverts."""

from __future__ import annotations

import pickle

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.shortlist import explain, prepare, shortlist
from tests.shortlist.small import adverts_of, applications_of, bid, frame, order, ranked, scheme_of

OWN = {
    "a": {"band": "A", "points": 3, "bedroom_need": 2, "local": True},
    "b": {"band": "A", "points": 3, "bedroom_need": 1, "local": None},
    "c": {"band": "B", "points": 1, "bedroom_need": 2, "local": False},
}
PREFER = "criteria: {near: {label: x, when: local}, fits: {label: x, when: bedroom_need = advert.bedrooms}}\n"


@pytest.mark.parametrize("keys", [
    ("band: [A, B, C]", "points: points", "bid_time: latest"),
    ("points: points", "bid_time: first"),
    ("prefer: near", "lottery: advert"),
    ("prefer: fits", "lottery: register"),
    ("bedroom_fit: fewest_spare", "points: points", "tie: human"),
])
def test_a_pickled_shortlist_is_the_same(keys: tuple[str, ...]) -> None:
    result = ranked(PREFER + order(*keys), OWN)
    again = pickle.loads(pickle.dumps(result))
    assert_frame_equal(again.frame(), result.frame())
    assert_frame_equal(again.summary(), result.summary())
    for application in OWN:
        assert explain(again, "ad", application, "officer") == explain(
            result, "ad", application, "officer"
        )


def test_columns_of_a_summary_of_nothing_have_their_types() -> None:
    prepared = prepare(scheme_of(order("points: points")), {"applications": applications_of(OWN)}, "close")
    nothing = shortlist(prepared, adverts_of().clear(), frame("bids", [bid("a")]).clear())
    something = ranked(order("points: points"), OWN)
    assert nothing.summary().schema == something.summary().schema


def test_what_is_done_to_the_bids_afterwards_is_not_in_the_shortlist() -> None:
    prepared = prepare(scheme_of(order("points: points")), {"applications": applications_of(OWN)}, "close")
    bids = frame("bids", [bid("a"), bid("b"), bid("a", 90)])
    result = shortlist(prepared, adverts_of(), bids)
    bids.insert_column(0, pl.Series("advert_", ["x"] * 3))
    bids[2, "application"] = "b"
    assert result.set_aside.select("application", "reason").rows() == [("a", "superseded")]

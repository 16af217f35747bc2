"""The share tables: every figure has a source or a reason, and splits read as shares."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.sample import figure, published_share, share_table
from cbl_engine.sample.households import band_shares, need_shares, reason_shares
from cbl_engine.sample.plan import AUTHORITY_TYPES


def test_published_figures_have_source_licence_and_period_and_assumed_ones_a_reason():
    table = share_table()
    published, assumed = table.filter(~pl.col("assumed")), table.filter("assumed")
    for column in ("source_url", "licence", "period", "unit"):
        assert published[column].null_count() == 0
    assert published["source_url"].str.starts_with("http").all()
    assert assumed["reason"].null_count() == 0
    assert assumed["source_url"].null_count() == assumed.height
    assert published.height > 100


def test_figures_are_named_once_and_none_is_negative():
    table = share_table()
    assert not table.select("share", "place", "category").is_duplicated().any()
    assert table["value"].is_finite().all()
    assert (table["value"] >= 0).all()


def test_the_types_of_authority_add_up_to_england():
    table = share_table().filter(
        pl.col("share").is_in(["register_by_bedroom_need", "register_by_reasonable_preference"])
    )
    by_place = table.group_by("place").agg(pl.col("value").sum())
    sums = dict(by_place.iter_rows())
    assert sums.pop("england") == sum(sums.values())


def test_a_split_is_read_as_shares():
    shares = published_share("register_by_bedroom_need", "england")
    assert list(shares) == ["1", "2", "3", "4+"]
    assert shares["1"] == pytest.approx(554_220 / 1_138_139)
    assert figure("visitable_homes", "yes") == 9


@pytest.mark.parametrize(
    ("share", "place", "kind"),
    [
        ("no_such", None, "unknown_share"),
        ("register_by_bedroom_need", None, "unknown_place"),
        ("register_by_bedroom_need", "atlantis", "unknown_place"),
    ],
)
def test_unknown_splits_and_places_are_bad_input(share, place, kind):
    with pytest.raises(BadInput) as caught:
        published_share(share, place)
    assert caught.value.problems[0].kind == kind
    assert caught.value.problems[0].allowed


def test_an_unknown_category_is_bad_input():
    with pytest.raises(BadInput, match="no such category"):
        figure("visitable_homes", "perhaps")


@pytest.mark.parametrize("authority_type", AUTHORITY_TYPES)
def test_derived_splits_add_up(authority_type):
    assert sum(need_shares(authority_type).values()) == pytest.approx(1)
    assert sum(reason_shares(authority_type).values()) == pytest.approx(1)


def test_bands_stretch_the_published_shares():
    published = list(published_share("band").values())
    assert list(band_shares(tuple("ABCDE")).values()) == pytest.approx(published)
    assert list(band_shares(("X",)).values()) == pytest.approx([1])
    ten = list(band_shares(tuple("ABCDEFGHIJ")).values())
    assert [ten[i] + ten[i + 1] for i in range(0, 10, 2)] == pytest.approx(published)

"""Where the lines, bars and ticks of a chart stand."""

from __future__ import annotations

from cbl_engine.report.charts import bars, fan


def test_a_fan_is_drawn_from_nothing_to_a_round_number_above_the_most() -> None:
    chart = fan([0, 10], [10, 20], [20, 37], [(0, "Apr"), (1, "May")])
    assert [tick.words for tick in chart.up] == ["0", "10", "20", "30", "40"]
    assert [(tick.words, tick.at) for tick in chart.along] == [("Apr", 52.0), ("May", 528.0)]
    assert chart.up[0].at == chart.bottom
    # up along the high values, and back along the low ones
    assert chart.band.startswith("M52.0 ")
    assert chart.band.endswith(f"L52.0 {chart.bottom:.1f}Z")
    assert chart.line.count("L") == 1


def test_a_fan_of_nothing_has_an_axis() -> None:
    assert [tick.words for tick in fan([0], [0], [0], []).up] == ["0", "1"]


def test_pieces_of_a_bar_stand_side_by_side_and_the_longest_fills_the_room() -> None:
    chart = bars([("all", {"works": 30.0, "adverts": 10.0}), ("none", {"works": 0.0, "adverts": 20.0})],
                 str, unit="days")
    first, second = chart.rows
    assert [(p.kind, p.words) for p in first.pieces] == [
        (0, "all, works: 30.0 days"), (1, "all, adverts: 10.0 days")]
    assert first.pieces[0].x + first.pieces[0].width == first.pieces[1].x
    assert first.pieces[0].width == 3 * first.pieces[1].width
    assert second.pieces[1].x == chart.left
    assert (first.value, second.value) == ("40.0", "20.0")
    assert chart.legend == ("works", "adverts")


def test_an_interval_has_room_and_one_piece_needs_no_legend() -> None:
    chart = bars([("a", {"months": 10.0}), ("b", {"months": 5.0})], str, [(8.0, 20.0), (None, None)])
    first, second = chart.rows
    assert first.low < first.pieces[0].x + first.pieces[0].width < first.high
    assert (second.low, second.high, chart.legend) == (None, None, ())

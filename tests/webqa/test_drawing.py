"""Figures: every point within its frame, intervals where they are known."""

import math

import pytest

from webqa.drawing import HEIGHT, WIDTH, Curve, Figure, Point, draw


def test_a_figure_is_drawn_within_its_frame():
    points = tuple(Point(n, n / 4, n / 4 - 1, n / 4 + 1) for n in (1, 2, 4, 16))
    figure = Figure("f", "", "n", (Curve("c", points), Curve("none", ())), (1, 4, 16), True)
    drawn = draw(figure)
    assert drawn
    assert [mark.place for mark in drawn.across] == [0.0, WIDTH / 2, WIDTH]
    (line,) = drawn.lines
    places = [tuple(map(float, pair.split(","))) for pair in line.points.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert places[0][1] > places[-1][1]  # more is higher up
    assert len(line.band.split()) == 2 * len(points)
    assert draw(Figure("f", "", "n", ())) is None


@pytest.mark.parametrize("value", [0.0, -3.0, 1e9])
def test_a_curve_of_one_point_can_be_drawn(value):
    assert draw(Figure("f", "", "n", (Curve("c", (Point(0.0, value, value, value),)),)))


def test_where_nothing_is_known_of_an_interval_none_is_drawn():
    drawn = draw(Figure("f", "", "n", (Curve("c", (Point(0, 1), Point(1, 2, 1, math.inf))),)))
    assert drawn
    assert drawn.lines[0].band == ""

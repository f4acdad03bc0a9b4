"""The report: every curve is drawn, nothing is loaded, nothing that was measured can harm it."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from webqa.drawing import shown
from webqa.report import Chart, render_report, training_charts

LINES = [
    {"step": 0, "validation/loss": 3.0, "validation/quote/line_accuracy": 0.0},
    {"step": 5, "train/loss": 2.0},
    {"step": 10, "train/loss": 1.0, "train/learning_rate": 1e-5},
    {"step": 10, "validation/loss": 1.5, "validation/quote/line_accuracy": 0.25},
]


def render(lines=LINES, **settings):
    return render_report("Cloning", lines, training_charts(lines), {"Loss": "1.5"}, settings)


def test_each_curve_goes_from_its_first_to_its_last_value():
    page = render()
    points = re.findall(r'points="([^"]+)"', page)
    assert points[0] == "320.0,80.0 640.0,160.0"  # training: the highest value is 3
    assert points[1] == "0.0,0.0 640.0,120.0"
    assert "Lines written exactly" in page
    assert "Episodes played" not in page


def test_values_that_hardly_vary_are_no_flat_line():
    lines = [{"step": 0, "value": 0.96}, {"step": 1, "value": 0.98}]
    page = render_report("x", lines, [Chart("x", "", (("value", "v"),))], {}, {})
    (points,) = re.findall(r'points="([^"]+)"', page)
    assert points == "0.0,218.2 640.0,0.0"


def test_the_page_is_alone_and_runs_nothing():
    page = render()
    assert "<script" not in page
    assert not re.findall(r"(?:src|href|url)\s*[=(]", page)
    assert "default-src 'none'" in page


def test_names_and_settings_are_escaped():
    line = {"step": 1, "validation/<b>/loss": 1.0}
    page = render([line], model="<script>alert(1)</script>")
    assert "<script>" not in page
    assert "<b>" not in page


def test_a_report_without_measurements_says_so():
    assert "Nothing was measured yet." in render([])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats()), max_size=30))
def test_any_values_can_be_drawn(values):
    lines = [{"step": step, "value": value} for step, value in values]
    page = render_report("x", lines, [Chart("x", "", (("value", "v"),))], {}, {})
    assert "nan" not in page
    assert ("polyline" in page) == any(abs(value) < 1e12 for _, value in values)


def test_numbers_are_written_for_people():
    assert [shown(value) for value in (0, 0.12345, 1.5, 12345.6, 2.5e-4)] == [
        "0", "0.123", "1.5", "12,346", "2.50e-04",
    ]  # fmt: skip

"""docs/design.md says what the code does, where that can be compared."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from env.browser import Browser
from env.config import DEFAULT, PRESETS
from env.records import Question
from env.render import render
from env.web.indexing import IndexConfig, build_index
from webqa.sample_index import SAMPLE_FILES, SAMPLE_PREFIX
from webqa.webs import open_web

TEXT = (Path(__file__).parent.parent / "docs" / "design.md").read_text(encoding="utf-8")
FIELDS = ("actions", "window", "results", "snippet", "quote", "quotes")
LINES = (
    "Search first man on the Moon",
    "Clicked on link 0",
    "Quote: Neil Armstrong was the commander",
    "Clicked on link 77",
)


@pytest.mark.parametrize(("column", "name"), list(enumerate(PRESETS)))
def test_the_table_of_presets_is_right(column, name):
    """Fails when a number of a preset changed and the page was not told."""
    rows = re.findall(r"^\| [a-z][^|]+ \| ([\d,]+) \| ([\d,]+) \|$", TEXT, re.MULTILINE)
    found = [int(row[column].replace(",", "")) for row in rows]
    assert found == [getattr(PRESETS[name], field) for field in FIELDS]


async def test_the_layouts_are_what_the_browser_shows(tmp_path):
    """Fails when a layout changed: copy what is shown into the page."""
    config = replace(DEFAULT, window=420)
    build_index([SAMPLE_FILES], tmp_path / "web", IndexConfig(url_prefix=SAMPLE_PREFIX))
    browser = Browser(open_web(tmp_path / "web", config), config)
    seen = browser.start(Question("q", "Who first walked on the Moon?"))
    for line in LINES:
        seen = await browser.step(line)
    browsing, answering = re.findall(r"^```\n(.*?)\n```", TEXT, re.MULTILINE | re.DOTALL)
    assert browsing == render(seen).strip()
    assert answering == render(await browser.step("End: Answer"))

"""The README and docs/files.md tell the truth: examples run, tables, lists and transcript hold."""

import json
import re

import pytest

from tests.files import FILES, fresh
from tests.readme import README, ROOT, between, run, transcript
from webqa.cli import COMMANDS
from webqa.cli.exits import Exit

TEXT = README.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
OBJECT = re.search(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache folder, so that the sample web is indexed once for this file."""
    return tmp_path_factory.mktemp("cache")


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_list_of_files_is_what_they_say_of_themselves():
    """Fails when a file was added, moved or removed: `python tests/files.py` writes the list."""
    assert FILES.read_text(encoding="utf-8") == fresh()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number, cache, tmp_path):
    """Fails when an example breaks, or its answer is empty; anywhere, not only in this folder."""
    written = run(["-W", "error", "-c", EXAMPLES[number]], cache, tmp_path)
    assert len(written) > 20
    assert "nothing that answers" not in written


def test_the_object_has_the_shape_that_the_program_writes(cache):
    written = json.loads(run(["-m", "webqa", "ask", "--json", "Why is the sky blue?"], cache))
    assert shape(json.loads(OBJECT)) == shape(written)


def shape(value):
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value)


def test_the_tables_name_every_command_and_every_exit_code():
    text = section("The commands")
    assert tuple(re.findall(r"^\| `webqa ([\w-]+)`", text, re.MULTILINE)) == COMMANDS
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == list(Exit)


def test_every_link_leads_to_a_file():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).is_file(), target


def test_the_transcript_is_what_the_program_writes(cache):
    """Fails when the answer or its layout changed: run `python tests/readme.py`."""
    assert between(TEXT)[1] == transcript(cache)

"""The README tells the truth: its files exist, its examples run, its tables and transcript hold."""

import json
import re
from pathlib import Path

import pytest

from tests.readme import README, ROOT, between, run, transcript
from webqa.cli import COMMANDS
from webqa.cli.exits import Exit

TEXT = README.read_text(encoding="utf-8")
PACKAGES = ("env", "policies", "reward", "webqa")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
OBJECT = re.search(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]
NOT_LISTED = ("__init__.py", "py.typed")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache folder, so that the sample web is indexed once for this file."""
    return tmp_path_factory.mktemp("cache")


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def listed():
    """Return every path in the tree of the README; a folder's ends in a slash."""
    paths, folders = [], []
    for line in section("The files").split("```")[1].strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        paths.append("".join([*folders[:depth], name]))
        if name.endswith("/"):
            folders[depth:] = [name]
    return paths


def there():
    """Return every file of the packages, and every folder that holds one."""
    paths = set()
    for file in (file for package in PACKAGES for file in (ROOT / package).rglob("*")):
        relative = file.relative_to(ROOT)
        if not file.is_file() or "__pycache__" in relative.parts or file.suffix == ".pyc":
            continue
        for web in ("webqa/sample/web", "webqa/injected/web"):
            if relative.is_relative_to(web):
                relative = Path(web, "any")
        paths.update(f"{folder.as_posix()}/" for folder in relative.parents if folder.parts)
        if relative.name not in (*NOT_LISTED, "any"):
            paths.add(relative.as_posix())
    return paths


def test_the_tree_lists_every_file_once():
    """Fails when a file was added, moved or removed and the README was not told."""
    assert sorted(listed()) == sorted(there())


def test_every_line_of_the_tree_says_something():
    lines = section("The files").split("```")[1].strip().splitlines()
    silent = [line for line in lines if len(line.split()) < 2]
    assert silent == ["  injected/", "  sample/", "  templates/"]


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

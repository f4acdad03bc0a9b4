"""Makes docs/files.md afresh: every file of the packages with the first line of its docstring.

python tests/files.py
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = ROOT / "docs" / "files.md"
PACKAGES = ("env", "policies", "reward", "webqa")
WIDTH = 30
HEAD = """\
# The files

Every module with the first line of what it says of itself, a folder with that of its `__init__.py`.
[design.md](design.md) tells how they work together. Beside the packages: `tests/` mirrors them, and
`benchmarks/` has a script for each figure in [log.md](log.md). This page is written by
`python tests/files.py`; a test keeps it up to date.

"""
DATA = {
    "policies/extractive/synonyms.txt": "words that mean nearly the same, a group a line",
    "webqa/injected": "a small web whose pages give orders to their reader",
    "webqa/rating/campaigns/guidelines": "what raters and demonstrators are told to do",
    "webqa/rating/site/static": "scripts and looks of the rating page",
    "webqa/rating/site/templates": "pages of the rating page",
    "webqa/sample": "the web that comes with webqa, and questions about it",
    "webqa/templates": "pages and looks of reports",
}
"""Files and folders that are no Python."""


def fresh() -> str:
    """Return the page as it should be."""
    trees = "\n\n".join("\n".join(lines(ROOT / package)) for package in PACKAGES)
    return f"{HEAD}```\n{trees}\n```\n"


def lines(folder: Path, depth: int = 0) -> Iterator[str]:
    """Yield a line for a folder and for each file in it that is told of."""
    yield told(f"{folder.name}/", described(folder), depth)
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if path.is_dir() and (path / "__init__.py").exists():
            yield from lines(path, depth + 1)
        elif name_of(path) in DATA or (path.suffix == ".py" and path.name != "__init__.py"):
            yield told(f"{path.name}/" if path.is_dir() else path.name, described(path), depth + 1)


def told(name: str, what: str, depth: int) -> str:
    """Return a line of the tree."""
    return f"{'  ' * depth + name:<{WIDTH}} {what}".rstrip()


def described(path: Path) -> str:
    """Return what a file or folder is."""
    if name_of(path) in DATA:
        return DATA[name_of(path)]
    source = (path / "__init__.py" if path.is_dir() else path).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def name_of(path: Path) -> str:
    """Return a path as DATA has it."""
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    FILES.write_text(fresh(), encoding="utf-8")

"""What the project requires, what it imports, and what docs/dependencies.md tells, agree."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
OURS = ("env", "policies", "reward", "webqa")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_IMPORTED = {"lxml-html-clean", "sniffio"}
"""Required for the sake of another package; pyproject.toml says why."""
EXTRAS = ("zim", "models", "eval", "inspect", "rating", "parquet", "dense", "serve-env")
OF_A_GPU = re.compile(r"nvidia-|cuda-|triton")
"""What some builds of torch bring: which build there is, the package index decides."""
PINS = re.compile(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9_.]+)")


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements):
    return {plain(Requirement(one).name) for one in requirements}


def imported():
    """Return the top-level modules of others that the four packages import, wherever."""
    roots = set()
    for path in (path for package in OURS for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                roots.add((node.module or "").split(".")[0])
    return roots - set(OURS) - set(sys.stdlib_module_names)


def closure(requirements):
    """Return the names of everything that installing the requirements brings."""
    waiting, done = [Requirement(one) for one in requirements], set()
    while waiting:
        one = waiting.pop()
        key = (plain(one.name), tuple(sorted(one.extras)))
        if key in done:
            continue
        done.add(key)
        for text in distribution(one.name).requires or ():
            marker = (needed := Requirement(text)).marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *one.extras)):
                waiting.append(needed)
    return {name for name, _ in done}


def test_what_is_imported_is_required_and_the_other_way_round():
    """Fails when an import would break a fresh installation, or a requirement is dead weight."""
    extras = [one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra]]
    known = {module: {plain(one) for one in given} for module, given in
             packages_distributions().items()}  # fmt: skip
    found = set()
    for module in imported():
        found |= known.get(module, {plain(module)})
    required = names(PROJECT["dependencies"])
    assert required - NOT_IMPORTED <= found
    assert found <= required | names(extras)


def test_the_list_of_dependencies_is_whole():
    """Fails when a package is required, directly or not, and its licence is not told."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    told = text.split("## Extras")[0]
    listed = {plain(line.split("|")[1].strip()) for line in told.split("\n")
              if line.startswith("| ") and not line.startswith("| package")}  # fmt: skip
    assert listed == closure(PROJECT["dependencies"])


def test_every_package_is_pinned_once_and_sorted():
    """Fails when a fresh installation would take a version that nobody tested."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [PINS.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(pins), "a line of constraints.txt is not NAME==VERSION"
    pinned = [plain(pin[1]) for pin in pins]
    assert pinned == sorted(set(pinned))
    extras = PROJECT["optional-dependencies"]
    needed = closure([*PROJECT["dependencies"], *extras["models"], *extras["dev"]])
    assert {name for name in needed if not OF_A_GPU.match(name)} <= set(pinned)

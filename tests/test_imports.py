"""The shape of the code: imports run one way, nothing heavy is loaded, files say what they are."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("env", "policies", "reward", "webqa")
"""Each may import itself and those before it."""
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
HEAVY = (
    "torch",
    "transformers",
    "faiss",
    "numpy",
    "sentence_transformers",
    "llguidance",
    "peft",
    "accelerate",
    "trafilatura",
    "tantivy",
)


def name_of(path):
    return str(path.relative_to(ROOT))


def imported(path):
    """Yield the names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path):
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    above = [name for name in imported(path) if name.split(".")[0] in LAYERS[layer + 1 :]]
    assert not above, f"{name_of(path)} imports from a layer above it"


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name_of)
def test_every_file_says_what_it_holds(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name_of)
def test_nothing_is_patched_or_tested_in_product_code(path):
    names = set(imported(path))
    assert not any(name.startswith("unittest") for name in names)
    if path in MODULES:
        roots = {name.split(".")[0] for name in names}
        assert not {"pytest", "hypothesis", "tests"} & roots


def test_no_module_cycle():
    modules = {module_name(path): path for path in MODULES}
    waiting = {
        name: {other for other in top_level_imports(path) if other in modules and other != name}
        for name, path in modules.items()
    }
    while ready := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in ready:
            del waiting[name]
    assert not waiting, "these modules import each other"


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def top_level_imports(path):
    """Return what a module imports when it is loaded, not inside functions or for types only."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").exists()}
            found.update(modules or {node.module or ""})
    return found


def test_nothing_heavy_is_imported_and_nothing_is_printed_on_import():
    code = (
        "import sys, env.browser, env.web.memory, policies.base, policies.check, webqa;"
        f"print(*(name for name in {HEAVY} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr.strip()) == ("", "")


def test_the_test_folders_are_no_packages():
    # tests/env/__init__.py would hide the package env.
    assert not list((ROOT / "tests").rglob("__init__.py"))

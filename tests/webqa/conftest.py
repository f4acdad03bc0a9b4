"""A small offline web on disk, built once, and helpers to run the program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from env.web.indexing import IndexConfig, build_index

PAGES = {
    "sky.example/blue.html": (
        "Why the sky is blue",
        "<p>The sky is blue because molecules of the air scatter blue light more than red light."
        " Lord Rayleigh explained it in 1871.</p><p>At dusk the light crosses more air, so"
        ' <a href="https://sky.example/dusk.html">sunsets are red</a>.</p>',
    ),
    "sky.example/dusk.html": (
        "Why sunsets are red",
        "<p>A sunset is red because most of the blue light is scattered away on the long path."
        "</p><p>Dust in the air makes the red deeper.</p>",
    ),
    "kitchen.example/salt.html": (
        "Salt in the kitchen",
        "<p>Salt keeps meat from going bad because it draws water out of bacteria.</p>"
        "<p>Cooks add it to pasta water for its taste.</p>",
    ),
}


@pytest.fixture(scope="session")
def web(tmp_path_factory):
    """The folder of an index with three pages."""
    source = tmp_path_factory.mktemp("source")
    for name, (title, body) in PAGES.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main>"
            "</body></html>",
            encoding="utf-8",
        )
    out = tmp_path_factory.mktemp("index") / "web"
    build_index([source], out, IndexConfig(url_prefix="https://"))
    return out


@pytest.fixture
def program(tmp_path):
    """Run the program in a process of its own, with its own cache folder."""

    def run(*arguments, code="from webqa.cli import main; sys.exit(main())", stdin="", **settings):
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | settings
        return subprocess.run(
            [sys.executable, "-c", f"import sys; {code}", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            cwd=Path(__file__).parents[2],
            timeout=60,
            check=False,
        )

    return run

"""The offline web: what is found, what is shown, and what a damaged index says."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError, NotFound
from env.web.check import ODD_QUERIES, check_web
from env.web.corpus import Corpus, open_corpus
from env.web.folder import describe, write_description
from env.web.indexing import build_index
from env.web.results import is_results

ROOT = Path(__file__).parents[3]
LONG = "The observatory " + "records the light of distant stars every night and " * 12 + "in Chile."
PAGES = {
    "Marie_Curie": (
        "Marie Curie",
        "Marie Curie was a physicist. She was born in Warsaw in 1867.\n\n## Prizes\n\nShe won the"
        " Nobel Prize in Physics in 1903. She shared it with two others.",
    ),
    "Warsaw": ("Warsaw", "Warsaw is a city. It lies on the Vistula. Marie Curie came from there."),
    "Copy": ("Warsaw", "Warsaw is a city. It lies on the Vistula. Marie Curie came from there."),
    "Nearly": (
        "Warsaw",
        "Warsaw is a city. It lies on the Vistula. Marie Curie came from there.\n\nOther footer.",
    ),
    "Observatory": ("Observatory", LONG),
    "Chess": ("Chess", "# Chess\n\nChess is a game for two.\n\n# Openings\n\nThe Sicilian is one."),
    "Écoles": ("Écoles", "Des élèves étudient ici. 東京タワー is a tower."),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("corpus")
    with (base / "pages.jsonl").open("w") as file:
        for name, (title, text) in PAGES.items():
            line = {"url": f"https://wiki.example/{name}", "title": title, "text": text}
            file.write(json.dumps(line) + "\n")
    build_index([base / "pages.jsonl"], base / "index")
    return base / "index"


@pytest.fixture(scope="module")
def corpus(folder):
    return Corpus(folder)


def test_the_best_page_comes_first_with_the_sentence_that_answers(corpus):
    first = corpus.find("When did Marie Curie win the Nobel Prize in physics?")[0]
    assert first.title == "Marie Curie"
    assert "1903" in first.snippet


def test_pages_that_say_the_same_are_shown_once(corpus):
    titles = [result.title for result in corpus.find("Warsaw Vistula")]
    assert titles.count("Warsaw") == 1


async def test_the_contract_is_kept(corpus):
    await check_web(corpus, queries=("Marie Curie", "chess", "élèves"))


@given(st.text(max_size=60) | st.sampled_from(ODD_QUERIES))
@settings(max_examples=150, deadline=None)
def test_no_query_fails_and_every_snippet_is_a_slice_of_its_page(folder, query):
    corpus = Corpus(folder, snippet=80)
    for result in corpus.find(query) + corpus.find(f"{query} stars night Nobel city"):
        page = corpus._store.page(result.url)
        assert result.snippet
        assert result.snippet in page.text
        assert len(result.snippet) <= 80
    corpus.close()


def test_a_long_sentence_is_cut_between_words_around_what_was_asked(folder):
    corpus = Corpus(folder, snippet=60)
    snippet = corpus.find("observatory in Chile")[0].snippet
    assert "Chile" in snippet or "observatory" in snippet.lower()
    assert f" {snippet} " in f" {LONG} "
    corpus.close()


def test_the_number_of_results_is_bounded(folder):
    corpus = Corpus(folder, results=2)
    assert len(corpus.find("Warsaw Marie Curie chess game")) == 2
    corpus.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/%C3%89coles",
        "http://wiki.example/Écoles#part",
        "https://WIKI.example/%c3%89coles/",
    ],
)
async def test_a_page_opens_however_its_url_is_written(corpus, url):
    page = await corpus.open(url)
    assert page.title == "Écoles"
    assert page.url == "https://wiki.example/Écoles"


async def test_a_page_that_is_not_there_is_not_found(corpus):
    with pytest.raises(NotFound, match="not in this offline web"):
        await corpus.open("https://wiki.example/Nobody")


async def test_nothing_found_is_a_results_page(corpus):
    page = await corpus.search("zzxqjv")
    assert is_results(page)
    assert page.links == ()


def test_a_missing_foreign_or_newer_index_says_what_to_do(tmp_path, folder):
    with pytest.raises(ConfigError, match="webqa index"):
        Corpus(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="is not an index"):
        Corpus(tmp_path)
    write_description(tmp_path, replace(describe(folder), version=99))
    with pytest.raises(ConfigError, match="update webqa"):
        Corpus(tmp_path)


def test_an_index_without_its_files_is_damaged(tmp_path, folder):
    write_description(tmp_path, describe(folder))
    with pytest.raises(ConfigError, match="index again"):
        Corpus(tmp_path)


def test_meaning_needs_vectors(folder):
    with pytest.raises(ConfigError, match="--encoder"):
        open_corpus(folder, dense=True)
    assert open_corpus(folder).notes == ()


def test_opening_and_searching_import_nothing_heavy(folder):
    code = (
        "import sys; from env.web.corpus import open_corpus;"
        f"assert open_corpus({str(folder)!r}).find('chess');"
        "print([m for m in ('torch', 'faiss', 'numpy', 'trafilatura') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_file_of_pages_that_was_cut_short_is_damage_told_at_once(tmp_path, folder):
    """Fails when a copy that broke off is noticed only by the question, as a failed episode."""
    for kept in (0, 5_000, (folder / "pages.sqlite").stat().st_size // 2):
        broken = tmp_path / str(kept)
        shutil.copytree(folder, broken)
        os.truncate(broken / "pages.sqlite", kept)
        with pytest.raises(ConfigError, match=r"is damaged .* index again"):
            Corpus(broken)


async def test_damage_within_the_file_of_pages_is_told_where_it_is_met(tmp_path, folder):
    """Fails when a page that cannot be unpacked ends in an error nobody can act on."""
    shutil.copytree(folder, tmp_path / "index")
    with sqlite3.connect(tmp_path / "index" / "pages.sqlite") as pages:
        pages.execute("UPDATE pages SET text = x'ffffffff'")
    pages.close()
    corpus = Corpus(tmp_path / "index")
    with pytest.raises(ConfigError, match=r"is damaged .* index again"):
        await corpus.open("https://wiki.example/Chess")
    with pytest.raises(ConfigError, match=r"is damaged .* index again"):
        await corpus.search("chess")

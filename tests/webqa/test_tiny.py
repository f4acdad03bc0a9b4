"""`webqa tiny`: from a web to a model that can be cloned, and going on after a stop."""

from hashlib import sha256

import pytest

from env.errors import ConfigError
from env.web.corpus import open_corpus
from env.web.indexing import IndexConfig, build_index
from policies.checkpoints import read_metrics
from policies.language_model import read_config
from policies.models.tiny.config import TinyConfig
from webqa.sample_index import SAMPLE_FILES
from webqa.tiny import ASKED, READING, Watch, make_tiny

SMALL = TinyConfig(text=8000, reading=40, batch_tokens=2048, threads=1)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    build_index([SAMPLE_FILES], folder / "web", IndexConfig(url_prefix="https://"))
    corpus = open_corpus(folder / "web")
    yield corpus
    corpus.close()


class Stop(Exception):
    """Somebody ended the program."""


def stopping(word):
    def note(text):
        if word in text:
            raise Stop

    return Watch(note, lambda _progress: None)


SILENT = Watch(lambda _text: None, lambda _progress: None)


def weights(folder):
    return sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.slow
def test_a_model_is_made_and_a_stopped_one_becomes_the_same(web, tmp_path):
    assert not make_tiny(web, tmp_path / "whole", SMALL, SILENT)
    assert read_config(tmp_path / "whole") == ASKED
    assert {"config.json", "tokenizer.json"} <= {p.name for p in (tmp_path / "whole").iterdir()}
    losses = [line["validation/loss"] for line in read_metrics(tmp_path / "whole" / READING)
              if "validation/loss" in line]  # fmt: skip
    assert len(losses) >= 2
    assert not (tmp_path / "whole" / "checkpoints").exists()
    assert make_tiny(web, tmp_path / "whole", SMALL, SILENT)
    for word in ("Reading", "Learning to quote"):
        with pytest.raises(Stop):
            make_tiny(web, tmp_path / word, SMALL, stopping(word))
        assert not make_tiny(web, tmp_path / word, SMALL, SILENT)
        assert weights(tmp_path / word) == weights(tmp_path / "whole")


@pytest.mark.parametrize("wrong", [{"reading": -1}, {"reading_rate": 0.0}, {"text": 0}])
def test_settings_that_make_no_sense_make_nothing(web, tmp_path, wrong):
    with pytest.raises(ConfigError, match="must be"):
        make_tiny(web, tmp_path / "out", TinyConfig(**wrong), SILENT)
    assert not (tmp_path / "out").exists()

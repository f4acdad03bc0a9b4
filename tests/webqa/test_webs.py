"""Opening webs by name: an index with vectors, where its encoder is not."""

import json

import numpy

from env.web.indexing import build_index
from webqa.webs import open_web


class Elsewhere:
    """An encoder that nobody else has."""

    name = "an/encoder-that-is-elsewhere"

    def encode(self, texts):
        rows = numpy.zeros((len(texts), 4), dtype="float32")
        rows[:, 0] = 1.0
        return rows


def test_an_index_whose_encoder_is_missing_opens_with_one_note(tmp_path):
    """Fails when a web with vectors cannot be used without the extra, or is so in silence."""
    source = tmp_path / "pages.jsonl"
    source.write_text(json.dumps({"url": "https://a.example/", "title": "Tea", "text": "Hot tea."}))
    build_index([source], tmp_path / "web", encoder=Elsewhere())
    said = []
    web = open_web(tmp_path / "web", say=said.append)
    assert web.find("tea")
    assert web.encoder is None
    assert len(said) == 1
    assert "words alone" in said[0]
    assert Elsewhere.name in said[0]

"""Nearness of meaning, where an encoder is at hand. Knows nothing of how vectors are made."""

from __future__ import annotations

from collections.abc import Sequence

from env.web.encoding import Encoder


class Similarity:
    """Cosines between one question and texts; each text is encoded once."""

    def __init__(self, encoder: Encoder, question: str) -> None:
        self._encoder = encoder
        self._question = encoder.encode([question])[0]
        self._known: dict[str, float] = {}

    def __call__(self, texts: Sequence[str]) -> list[float]:
        """Return the cosine of each text with the question."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            cosines = self._encoder.encode(new) @ self._question
            self._known.update(zip(new, map(float, cosines), strict=True))
        return [self._known[text] for text in texts]

"""How fast passages of an index are encoded, and how near that comes to full precision.

    python -m benchmarks.encoding --web DIR --encoder NAME [--passages 2000] [--full]

`--full` also encodes them as sentence-transformers does by itself, in float32: slow.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from env.web.dense import passage_texts
from env.web.encoding import load_encoder
from env.web.store import Store

if TYPE_CHECKING:
    from env.web.encoding import Vectors

AT_ONCE = 256


def sample(web: Path, number: int) -> list[str]:
    """Return some passages of an index, as they are encoded."""
    store = Store(web)
    texts = list(passage_texts(store))
    store.close()
    return sorted(random.Random(1).sample(texts, min(number, len(texts))), key=len, reverse=True)


def timed(name: str, encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> Vectors:
    """Encode, a few hundred at once, and print how long it took."""
    import numpy

    encode(texts[:AT_ONCE:8])
    wall, processor = time.perf_counter(), time.process_time()
    parts = [encode(texts[at : at + AT_ONCE]) for at in range(0, len(texts), AT_ONCE)]
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    number = len(texts)
    print(f"{name:20} {number / wall:7.1f} passages/s, {number / processor:7.1f} a core second")
    return numpy.concatenate(parts)


def full_precision(name: str, texts: Sequence[str]) -> Vectors:
    """Encode as the library does by itself, in the order of the texts."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(getattr(load_encoder(name), "place", name)), device="cpu")
    return timed("float32", lambda some: model.encode(some, normalize_embeddings=True), texts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    texts = sample(options.web, options.passages)
    vectors = timed("webqa", load_encoder(options.encoder).encode, texts)
    if options.full:
        cosines = (vectors * full_precision(options.encoder, texts)).sum(axis=1)
        print(f"cosine to float32: mean {cosines.mean():.5f}, least {cosines.min():.5f}")


if __name__ == "__main__":
    main()

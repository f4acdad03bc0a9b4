"""What do grammars cost: to make, to compile, and for the mask of each token?

    python benchmarks/grammar.py [--web DIR] [--vocabulary 128000] [--pages 20] [--seed 0]

The tokenizer is a byte-level BPE trained here, on pages of an index or, without one, on made words.
Walks through lines and answers as an engine would, one token at a time, with our slices of the
vocabulary and with the library's own. Times are of one thread. A mask is timed where the grammar
leaves a choice; forced tokens come without one.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from llguidance import LLTokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from env.records import Observation, Page, Quote, make_page
from env.view import PageView
from env.web.store import Store
from policies.grammar.config import FREE, TIGHT, GrammarConfig
from policies.grammar.legal import Legal
from policies.grammar.masks import Masks
from policies.grammar.observing import legal_lines

WINDOW = 2400
COMMANDS = ("search", "click", "find", "quote", "down", "up", "top", "back", "answer")
ANSWER = "This is what the pages say about it, in so many words [1], and there is more [2]."
Result = TypeVar("Result")


class Case(NamedTuple):
    """What is legal, and a text that is written under it."""

    kind: str
    observation: Observation
    config: GrammarConfig
    text: str


class Timings(NamedTuple):
    """Milliseconds to make and compile; microseconds of each mask; tokens and those forced."""

    made: list[float]
    compiled: list[float]
    masks: list[float]
    tokens: int
    forced: int


def made_pages(seed: int, count: int) -> list[Page]:
    """Return pages of words made of syllables, frequent and rare ones."""
    draw = random.Random(seed)
    syllables = [a + b + c for a in "bcdfglmnprstv" for b in "aeiou" for c in ("", "n", "r", "s")]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(400_000)]
    weights = list(accumulate(1 / (place + 10) for place in range(len(words))))

    def sentence() -> str:
        chosen = draw.choices(words, cum_weights=weights, k=draw.randint(6, 25))
        return " ".join(chosen).capitalize() + "."

    texts = ("\n".join(" ".join(sentence() for _ in range(4)) for _ in range(20))
             for _ in range(count))  # fmt: skip
    rare = make_page("made:rare", "Rare", " ".join(words), domain="made")
    pages = [make_page(f"made:{n}", "Made", text, domain="made") for n, text in enumerate(texts)]
    return [*pages, rare]


def stored_pages(folder: Path, characters: int) -> Iterator[Page]:
    """Yield pages of an index, up to about so many characters."""
    for stored in Store(folder).texts():
        yield make_page(f"stored:{stored.id}", stored.title, stored.text, domain="stored")
        characters -= len(stored.text)
        if characters < 0:
            return


def trained(texts: Iterator[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer of about so many tokens."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=1,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>")


def cases(page: Page, draw: random.Random) -> Iterator[Case]:
    """Yield what may be written on a page's first window, with a text for each kind."""
    view = PageView(page)
    window = view.window_from(0, WINDOW)
    seen = Observation(
        "Who wrote about the things that the pages tell of, and when was it?",
        page.title, page.domain, view.show(window), commands=COMMANDS,
        actions_left=9, quote_characters_left=6000, quote_limit=1200,
    )  # fmt: skip
    words = seen.text.split()
    yield Case("query, free", seen, FREE, f"Search {' '.join(words[:12])}")
    yield Case("query, of the question", seen, TIGHT, "Search wrote the things tell when")
    free = legal_lines(seen, FREE)
    for line in (each for each in free.lines if each.command == "quote"):
        run = draw.choice(line.choices)
        if line.kind == "span":
            run = " ".join(max(line.choices, key=len).split()[3:23])
        kind = "quote, run of words" if line.kind == "span" else "quote, by its ends"
        yield Case(kind, seen, FREE, line.prefix + run)
    quotes = tuple(Quote(" ".join(words[n : n + 30]), page.title, "d") for n in (0, 40, 80))
    answering = Observation(seen.question, quotes=quotes, answering=True)
    yield Case("answer, free", answering, FREE, ANSWER)
    quoted = f"{' '.join(words[40:70])} [2]"
    yield Case("answer, of quotes", answering, TIGHT, quoted)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what a function returns and the seconds it took."""
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


def walk(masks: Masks, legal: Legal, path: list[int], into: Timings) -> Timings:
    """Go along a path as an engine does; return the timings with its own added."""
    matcher, mask, place, forced = masks.start(legal), np.zeros(masks.vocabulary, np.bool_), 0, 0
    while place < len(path):
        must, asked = timed(matcher.forced)
        if must:
            forced += len(must)
        else:
            _, filled = timed(lambda: matcher.mask(mask))
            into.masks.append((asked + filled) * 1e6)
        for token in must or path[place : place + 1]:
            matcher.consume(token)
            place += 1
    return into._replace(tokens=into.tokens + len(path), forced=into.forced + forced)


def measure(masks: Masks, pages: list[Page], seed: int) -> dict[str, Timings]:
    """Return the timings of each kind of text, over all the pages."""
    results: dict[str, Timings] = {}
    draw = random.Random(seed)
    for page in pages:
        for case in cases(page, draw):
            into = results.setdefault(case.kind, Timings([], [], [], 0, 0))
            observation, config = case.observation, case.config
            legal, made = timed(lambda o=observation, c=config: legal_lines(o, c))  # type: ignore[misc]
            _, compiled = timed(lambda one=legal: masks.start(one))  # type: ignore[misc]
            into.made.append(made * 1e3)
            into.compiled.append(compiled * 1e3)
            path = masks.path(legal, case.text)
            if path is not None:
                results[case.kind] = walk(masks, legal, path, into)
    return results


def report(title: str, results: dict[str, Timings]) -> None:
    """Print a table."""
    print(f"\n{title}")
    print(f"{'':24}  legal ms  compile ms  mask us: mean    p50    p99  forced")
    for kind, timings in results.items():
        mean, p50, p99 = np.mean(timings.masks), *np.percentile(timings.masks, (50, 99))
        print(
            f"{kind:24}  {np.mean(timings.made):8.1f}  {np.mean(timings.compiled):10.1f}"
            f"  {mean:13.0f}  {p50:5.0f}  {p99:5.0f}  {timings.forced / timings.tokens:6.0%}"
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--web", type=Path, help="an index whose pages train the tokenizer")
    parser.add_argument("--vocabulary", type=int, default=128_000)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    stored = stored_pages(chosen.web, 40_000_000) if chosen.web else None
    pages = list(stored) if stored else made_pages(chosen.seed, 200)
    tokenizer, seconds = timed(lambda: trained((one.text for one in pages), chosen.vocabulary))
    masks, wrapped = timed(lambda: Masks(tokenizer))
    print(f"{masks.vocabulary} tokens, trained in {seconds:.0f} s, wrapped in {wrapped:.1f} s")
    long = [page for page in pages[:2000] if WINDOW < len(page.text) < 10**6]
    some = random.Random(chosen.seed).sample(long, min(chosen.pages, len(long)))
    for page in some[:1]:
        measure(masks, [page], chosen.seed)  # what is made once is made before
    report("with our slices", measure(masks, some, chosen.seed))
    default = Masks(tokenizer, LLTokenizer.general_slices())
    report("with the library's slices", measure(default, some, chosen.seed))


if __name__ == "__main__":
    main()

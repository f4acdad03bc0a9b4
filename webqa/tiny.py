"""A tiny model made from a web: tokenizer, random weights, pretraining on its text, reading tasks.

Brings together corpus, model and training. Knows no terminal.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from env.config import PRESETS
from env.errors import ConfigError
from env.records import Step
from env.web.corpus import Corpus
from policies.checkpoints import METRICS
from policies.cloning.config import CloneConfig, ExampleConfig
from policies.cloning.output import begin, finish, held
from policies.cloning.splitting import part_of
from policies.grammar.config import NUMBERED
from policies.language_model import LanguageModelConfig, write_config
from policies.models.tiny.config import SHAPES, TinyConfig, check
from policies.prompts import PromptConfig

if TYPE_CHECKING:
    from policies.cloning.opening import Base
    from policies.cloning.records import Example, Ids
    from policies.cloning.training import Data, Progress
    from policies.models.tiny.passages import Encode

START = "checkpoints/start"
"""The tokenizer and the random weights, while the model is being made."""
READING = "reading"
"""The metrics of learning to read and, until the model is made, its checkpoints."""
PAGES = 2500
"""Pages, at most, that something is asked about."""
HELD_OUT = 0.02
"""Share of the pages that are only measured on."""
MEASURED = 200
"""Stretches of held-out pages that are measured."""
ASKED = LanguageModelConfig(PromptConfig("page-first", aids=True), NUMBERED, preset="small")
"""How a tiny model is asked: with all that helps a small one."""


class Watch(NamedTuple):
    """Who is told of what."""

    note: Callable[[str], None]
    trained: Callable[[Progress], None]


def make_tiny(web: Corpus, out: Path, config: TinyConfig, watch: Watch) -> bool:
    """Make a model, or go on with one that was stopped; the same web and settings give the same.

    Returns:
        Whether it was finished before.

    Raises:
        ConfigError: the settings or the folder cannot be used, or the web has too little text.
    """
    check(config)
    with held(out):
        settings = {"web": asdict(web.identity), "tiny": config, "asked": ASKED}
        if begin(out, settings):
            return True
        (out / METRICS).touch()  # what was begun with these settings is to be gone on with
        _make(web, out, config, watch)
    return False


def _make(web: Corpus, out: Path, config: TinyConfig, watch: Watch) -> None:
    from policies.cloning.opening import open_base
    from policies.cloning.training import CHECKPOINTS, clone

    start = out / START
    if not (start / "model.safetensors").exists():
        watch.note("Training the tokenizer ...")
        _start(web, start, config)
    base = open_base(str(start), 0, config.seed)
    data = _data(web, base.tokens.encode_text, config)
    watch.note(f"Reading {sum(one.length for one in data.train):,} tokens of the web's text")
    clone(base.model, data, out, training_of(config), watch=watch.trained)
    if config.reading:
        watch.note(f"Making {config.reading:,} questions about it ...")
        tasks = _tasks(web, base, config)
        watch.note(f"Learning to quote what answers {len(tasks.train):,} of them")
        training = replace(training_of(config), learning_rate=config.reading_rate, epochs=1)
        clone(base.model, tasks, out / READING, training, watch=watch.trained)

    def write(folder: Path) -> None:
        base.model.save_pretrained(folder)
        base.tokens.tokenizer.save_pretrained(folder)
        write_config(folder, ASKED)

    finish(out, write)
    for folder in (out, out / READING):
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def training_of(config: TinyConfig) -> CloneConfig:
    """Return how the model is trained: the trainer of cloning, on plain text."""
    return CloneConfig(
        learning_rate=config.learning_rate,
        epochs=config.passes,
        batch_tokens=config.batch_tokens,
        warmup=0.05,
        every=100,
        patience=0,
        bf16=config.bf16,
        threads=config.threads,
        seed=config.seed,
    )


def _start(web: Corpus, folder: Path, config: TinyConfig) -> None:
    from policies.models.tiny.making import save_start
    from policies.models.tiny.tokenizer import train_tokenizer

    shape = SHAPES[config.size]
    texts = (f"{page.title}\n{page.text}" for page in web.texts())
    tokenizer = train_tokenizer(texts, shape.vocabulary, shape.context)
    if len(tokenizer) < shape.vocabulary:
        raise ConfigError(
            f"the web has text for {len(tokenizer):,} of {shape.vocabulary:,} tokens: make the "
            "model from a larger one"
        )
    save_start(folder, shape, tokenizer, config.seed)


def _data(web: Corpus, encode: Encode, config: TinyConfig) -> Data:
    from policies.models.tiny.passages import passages

    pages = ((page.title, page.text) for page in web.texts())
    examples = passages(pages, web.description.pages, encode, config.text, config.seed)
    return _split(list(examples), ())


def _tasks(web: Corpus, base: Base, config: TinyConfig) -> Data:
    """Return the reading tasks; those of some pages are held out."""
    from policies.cloning.examples import Reader, Sets, example_of
    from policies.cloning.records import Example
    from policies.models.tiny.reading import reading_steps

    draw, known = Random(config.seed), Sets()
    urls = [page.url for page in web.texts()]
    chosen = draw.sample(urls, min(PAGES, len(urls)))

    async def steps() -> list[Step]:
        pages = [await web.open(url) for url in chosen]
        return await reading_steps(pages, config.reading, draw, PRESETS[ASKED.preset])

    reader, learnt = Reader(base.tokens, base.context), ExampleConfig(loss="masked")
    made = []
    for step in asyncio.run(steps()):
        page = f"{step.observation.domain} {step.observation.title}"
        made.append(example_of(page, step, reader, ASKED, learnt, known))
    return _split([one for one in made if isinstance(one, Example)], known.sets)


def _split(examples: Sequence[Example], sets: Sequence[Ids]) -> Data:
    """Hold out the examples of some pages.

    Raises:
        ConfigError: there are fewer than two.
    """
    from policies.cloning.training import Data

    pages = sorted({one.question for one in examples})
    if len(pages) < 2:
        raise ConfigError("the web has too little text: make the model from a larger one")
    # Of a few pages perhaps none is held out by its hash.
    held = {page for page in pages if part_of(page, HELD_OUT) == "validation"} or {pages[0]}
    train = [one for one in examples if one.question not in held]
    validation = [one for one in examples if one.question in held]
    return Data(train, validation[:MEASURED], tuple(sets))

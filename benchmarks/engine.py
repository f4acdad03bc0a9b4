"""What does the local engine gain by running requests together, and what do masks cost?

    python -m benchmarks.engine [--web INDEX] [--episodes 64] [--vocabulary 128000] [--threads 1]
        [--device cpu] [--parts abcd] [--clock wall]

Random GPT-NeoX models of the shape of `webqa tiny` (4 layers, width 256), made here: what is
written makes no sense, but costs the same. (a) whole episodes with the small preset, 32 at a time
and one at a time, choosing among what is there (tight grammar) and writing freely; (b) decoding
alone, and `generate` of transformers beside it; (c) eight answers to one browse, against eight
requests without a common memory, and `generate` with `num_return_sequences`; (d) masks as a share
of decoding steps, 16 at a time, with a large vocabulary. Weights are fp32 on a CPU and bf16 on a
CUDA device. `--clock process` counts processor time, on a machine that has other things to do.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from benchmarks.grammar import cases, made_pages, stored_pages, trained
from env.config import SMALL
from env.records import Page, Question
from env.web.base import Web
from env.web.corpus import open_corpus
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episodes
from policies.grammar.config import FREE, TIGHT, GrammarConfig
from policies.grammar.observing import legal_lines
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from policies.models.base import Prompt, Request
from policies.models.local.config import LocalConfig
from policies.models.local.model import LocalModel
from policies.models.local.reading import Loaded
from policies.models.tokens import Tokens
from policies.prompts import PromptConfig

CONTEXT = 2048


def make_loaded(tokenizer: PreTrainedTokenizerFast, device: str) -> Loaded:
    """Return a random model of the tiny shape with a vocabulary."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "gpt_neox",
        vocab_size=len(tokenizer),
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        rotary_pct=0.25,
        max_position_embeddings=CONTEXT,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = AutoModelForCausalLM.from_config(config).eval().to(device)
    model = model.to(torch.bfloat16) if device == "cuda" else model
    return Loaded("random", model, Tokens(tokenizer), CONTEXT)


CLOCKS = {"wall": time.perf_counter, "process": time.process_time}
Clock = Callable[[], float]


async def timed(work: Callable[[], Awaitable[Any]], clock: Clock) -> float:
    """Return the seconds that something takes."""
    begin = clock()
    await work()
    return clock() - begin


async def episodes(
    loaded: Loaded,
    web: Web,
    pages: list[Page],
    count: int,
    at_once: int,
    clock: Clock,
    grammar: GrammarConfig,
) -> float:
    """Return episodes a second."""
    model = LocalModel(loaded)
    config = LanguageModelConfig(PromptConfig("page-first"), grammar, temperature=1.0)
    draw = random.Random(1)
    questions = [
        Question(str(number), " ".join(draw.choice(pages).text.split()[5:14]) + "?")
        for number in range(count)
    ]

    async def play() -> None:
        setup = Setup(web, SMALL)
        runs = run_episodes(
            lambda seed: LanguageModelPolicy(model, config, seed),
            questions,
            setup,
            concurrency=at_once,
        )
        async for rollout in runs:
            if rollout.episode.error:
                print(rollout.episode.error)

    seconds = await timed(play, clock)
    counts = model.engine.counts
    print(
        f"  {at_once:2} at a time: {count / seconds:6.2f} episodes/s; {counts.read} tokens read in "
        f"{counts.runs} runs, {counts.padding / (counts.read + counts.padding):.0%} padding"
    )
    await model.aclose()
    return count / seconds


async def part_a(loaded: Loaded, web: Web, pages: list[Page], count: int, clock: Clock) -> None:
    """Measure whole episodes: choosing among what is there, and writing freely."""
    for name, grammar in (("tight", TIGHT), ("free", FREE)):
        print(f"(a) episodes, {name} grammar, preset small, page first")
        await episodes(loaded, web, pages, 2, 2, clock, grammar)
        one = await episodes(loaded, web, pages, max(4, count // 4), 1, clock, grammar)
        many = await episodes(loaded, web, pages, count, 32, clock, grammar)
        print(f"  gain {many / one:.2f} (wanted: at least 1.3 on a CPU)")


def plain(
    loaded: Loaded, prompts: list[list[int]], tokens: int, clock: Clock, **more: object
) -> float:
    """Return the seconds that `generate` takes for prompts, padded on the left, all at once."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(one)) + one for one in prompts])
    real = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts])
    device = loaded.model.device
    begin = clock()
    with torch.inference_mode():
        loaded.model.generate(
            ids.to(device),
            attention_mask=real.to(device),
            max_new_tokens=tokens,
            do_sample=True,
            top_k=0,
            pad_token_id=0,
            **more,
        )
    return clock() - begin


async def part_b(loaded: Loaded, draw: random.Random, clock: Clock) -> None:
    """Measure decoding alone."""
    print("(b) decoding alone: prompts of about 16 tokens, 64 new tokens, no grammar")
    model = LocalModel(loaded)
    texts = [" ".join(draw.choices("why is the sky so blue".split(), k=8)) for _ in range(32)]
    requests = [Request(Prompt(text), max_tokens=64, line=False) for text in texts]
    await model.complete(requests[0])

    async def one_by_one() -> None:
        for request in requests[:8]:
            await model.complete(request)

    async def together() -> None:
        await asyncio.gather(*map(model.complete, requests))

    one = 8 * 64 / await timed(one_by_one, clock)
    model.forget()
    many = 32 * 64 / await timed(together, clock)
    prompts = [loaded.tokens.encode_text(text) for text in texts]
    generated = 32 * 64 / plain(loaded, prompts, 64, clock)
    alone = 2 * 64 / sum(plain(loaded, [prompt], 64, clock) for prompt in prompts[:2])
    print(f"  one at a time {one:6.0f} tokens/s; 32 at a time {many:6.0f}")
    print(f"  generate: one {alone:6.0f} tokens/s; a batch of 32 {generated:6.0f}")
    print(f"  gain {many / one:.1f} (wanted: at least 4)")
    await model.aclose()


async def part_c(loaded: Loaded, pages: list[Page], clock: Clock) -> None:
    """Measure eight answers to one browse."""
    prompt = Prompt(loaded.tokens.decode(loaded.tokens.encode_text(pages[0].text * 5)[:1500]))
    size = loaded.tokens.count(prompt)
    print(f"(c) best of 8: a prompt of {size} tokens")
    model = LocalModel(loaded)
    for tokens in (1, 16):
        request = Request(prompt, samples=8, max_tokens=tokens, line=False)
        single = Request(prompt, max_tokens=tokens, line=False)
        model.forget()
        before = model.engine.counts.read
        shared = await timed(lambda wanted=request: model.complete(wanted), clock)  # type: ignore[misc]
        read, before = model.engine.counts.read - before, model.engine.counts.read
        apart = 0.0
        for _ in range(8):
            model.forget()
            apart += await timed(lambda wanted=single: model.complete(wanted), clock)  # type: ignore[misc]
        ids = loaded.tokens.encode_prompt(prompt)
        generated = plain(loaded, [ids], tokens, clock, num_return_sequences=8)
        print(
            f"  {tokens:2} new tokens: together {shared:.3f} s ({read} tokens read), apart "
            f"{apart:.3f} s ({model.engine.counts.read - before}), ratio {shared / apart:.2f} "
            f"(wanted: at most 0.33 of the prefill); generate with 8 sequences {generated:.3f} s"
        )
    await model.aclose()


class Total:
    """Adds up the time that is spent in some functions."""

    def __init__(self, clock: Clock) -> None:
        self.seconds = 0.0
        self._clock = clock

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of a block."""
        begin = self._clock()
        yield
        self.seconds += self._clock() - begin


class TimedMatcher:
    """A matcher whose time is counted."""

    def __init__(self, matcher: Any, total: Total) -> None:  # noqa: ANN401
        self._matcher = matcher
        self._total = total

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self._matcher, name)
        if not callable(found):
            return found

        def counted(*given: object) -> object:
            with self._total.running():
                return found(*given)

        return counted


async def part_d(loaded: Loaded, pages: list[Page], seed: int, clock: Clock) -> None:
    """Measure masks while 16 sequences are decoded."""
    size = loaded.tokens.size
    print(f"(d) masks, {size} tokens, 16 at a time; mean share of a decoding step")
    made: dict[str, list[Request]] = {}
    draw = random.Random(seed)
    for page in pages[:16]:
        for case in cases(page, draw):
            legal = legal_lines(case.observation, case.config)
            if not legal.answering:  # what this case is about is all that may be written
                name = case.text.split(" ")[0].rstrip(":")
                lines = tuple(one for one in legal.lines if one.prefix.startswith(name))
                legal = type(legal)(lines)
            request = Request(Prompt("Why is it so?"), legal, max_tokens=40, line=False)
            made.setdefault(case.kind, []).append(request)
    for kind, requests in made.items():
        _measure_masks(loaded, kind, requests[:16], clock)


def _measure_masks(loaded: Loaded, kind: str, requests: list[Request], clock: Clock) -> None:
    """Decode requests in this thread, and print how much of the time masks took."""
    engine = LocalModel(loaded, LocalConfig(batch=16)).engine
    total, steps, seconds = Total(clock), 0, 0.0
    for request in requests:
        writings = engine.begin(request)
        for writing in writings:
            writing.matcher = TimedMatcher(writing.matcher, total)  # type: ignore[assignment]
        engine.add(writings)
    engine.step()  # the prompts, and what is made once
    total.seconds = 0.0
    while engine.busy:
        begin = clock()
        engine.step()
        seconds += clock() - begin
        steps += 1
    if steps:
        print(
            f"  {kind:22} {total.seconds / seconds:6.1%} of {seconds / steps * 1e3:6.1f} ms a step "
            f"({steps} steps; wanted: below 10 %)"
        )


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--web", type=Path, help="an index; without it, made pages in memory")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--vocabulary", type=int, default=128_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--parts", default="abcd")
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    clock = CLOCKS[chosen.clock]
    torch.set_num_threads(chosen.threads)
    if chosen.web:
        pages = list(stored_pages(chosen.web, 40_000_000))
        web: Web = open_corpus(chosen.web, results=5, snippet=150)
    else:
        pages = made_pages(chosen.seed, 200)
        web = MemoryWeb(pages[:-1])
    small = make_loaded(trained((one.text for one in pages[:-1][:500]), 4096), chosen.device)
    if "a" in chosen.parts:
        await part_a(small, web, pages[:-1], chosen.episodes, clock)
    if "b" in chosen.parts:
        await part_b(small, random.Random(chosen.seed), clock)
    if "c" in chosen.parts:
        await part_c(small, pages, clock)
    if "d" in chosen.parts:
        tokenizer = trained((one.text for one in pages), chosen.vocabulary)
        long = [page for page in pages if 2400 < len(page.text) < 10**6]
        await part_d(make_loaded(tokenizer, chosen.device), long, chosen.seed, clock)


if __name__ == "__main__":
    asyncio.run(main())

"""The engine: right alone and in any batch, whoever else asks, stops or breaks."""

import asyncio
import threading
from dataclasses import replace

import pytest
import torch

from policies.grammar.legal import VERSION, Legal, Line
from policies.likelihood import Written, completion_logprobs, make_batch, replay
from policies.models.base import ModelError, Prompt, Request
from policies.models.local.config import LocalConfig
from policies.models.local.model import LocalModel
from policies.models.local.reading import Loaded
from policies.models.local.writing import Writing
from policies.models.tokens import Tokens
from tests.policies.models.small import SHAPES, make_model, make_tokenizer

torch.set_num_threads(1)
LEGAL = Legal(
    (
        Line("search", "Search ", "words", ("why", "is", "the", "sky", "blue")),
        Line("click", "Clicked on link ", "choice", ("1", "2", "13")),
        Line("find", "Find in page: ", "text"),
        Line("back", "Back", "nothing"),
    )
)
ONLY = Legal((Line("end", "End: Answer", "nothing"),))
TOKENS = Tokens(make_tokenizer())
LONG = "Why is the sky blue? On a clear day the sky looks blue. " * 4


def make(family="llama", tokens=TOKENS, context=512, **settings):
    loaded = Loaded("small", make_model(tokens.tokenizer, family), tokens, context)
    return LocalModel(loaded, LocalConfig(**settings))


def ask(model, *requests):
    async def all_at_once():
        try:
            return await asyncio.gather(*map(model.complete, requests))
        finally:
            await model.aclose()

    return asyncio.run(all_at_once())


def mixed(number):
    """Requests of different lengths, samples and temperatures, some with a grammar."""
    return [
        Request(
            Prompt(LONG[: 20 + 37 * (n % 6)] + str(n)),
            (None, LEGAL, LEGAL, ONLY)[n % 4],
            samples=1 + n % 3,
            temperature=(0.7, 1.0, 0.0)[n % 3],
            max_tokens=24,
            line=n % 5 > 0,
            seed=n,
        )
        for n in range(number)
    ]


def recomputed(model, request, completions):
    """Return the greatest difference of sampled log-probabilities and those of a plain run."""
    prompt = tuple(model.tokens.encode_prompt(request.prompt))
    written = [
        Written(prompt, one.token_ids, replay(model.tokens, request.legal, one.token_ids).ids)
        for one in completions
    ]
    with torch.no_grad():
        batch = make_batch(written)
        found = completion_logprobs(model.engine.loaded.model, batch, request.temperature).logprobs
    for one, row, forced in zip(completions, found, batch.forced, strict=True):
        sampled = torch.tensor(one.logprobs)
        assert not sampled[forced[: len(sampled)]].any()
        yield float((sampled - row[: len(sampled)]).abs().max())


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_sampled_log_probabilities_are_those_of_training(family):
    model, requests = make(family, batch=8), mixed(24)
    replies = ask(model, *requests)
    for request, completions in zip(requests, replies, strict=True):
        assert len(completions) == request.samples
        assert max(recomputed(model, request, completions)) <= 1e-4
        assert {one.grammar for one in completions} == {VERSION if request.legal else ""}


def test_what_is_drawn_does_not_depend_on_the_batch():
    requests = mixed(18)
    together = ask(make(batch=16), *requests)
    narrow = ask(make(batch=2), *requests)
    alone = [ask(make(), request)[0] for request in requests[:6]]
    texts = [[one.text for one in some] for some in together]
    assert texts == [[one.text for one in some] for some in narrow]
    assert texts[:6] == [[one.text for one in some] for some in alone]


def test_a_seed_draws_the_same_and_others_draw_others():
    request = Request(Prompt("Why?"), samples=6, max_tokens=12)
    again, other = replace(request), replace(request, seed=1)
    first, second, third = ask(make(), request, again, other)
    assert [one.token_ids for one in first] == [one.token_ids for one in second]
    assert len({one.token_ids for one in (*first, *third)}) == 12


def test_samples_follow_the_masked_distribution():
    request = Request(Prompt("Why is"), LEGAL, samples=400, max_tokens=1)
    model = make()
    ((*drawn,),) = ask(model, request)
    likely = {one.token_ids[0]: one.logprobs[0] for one in drawn}
    for token, logprob in likely.items():
        share = sum(one.token_ids[0] == token for one in drawn) / len(drawn)
        probability = float(torch.tensor(logprob).exp())
        spread = (probability * (1 - probability) / len(drawn)) ** 0.5
        assert abs(share - probability) < 5 * spread + 0.01


def test_greedy_takes_what_a_plain_loop_takes():
    model = make()
    ((one,),) = ask(model, Request(Prompt(LONG), temperature=0.0, max_tokens=20, line=False))
    ids = list(TOKENS.encode_text(LONG))
    with torch.no_grad():
        for token in one.token_ids:
            logits = model.engine.loaded.model(torch.tensor([ids])).logits[0, -1]
            assert logits[token] >= logits.max() - 1e-4
            ids.append(token)


def test_the_prompt_is_read_once_for_all_samples():
    model = make()
    ((*drawn,),) = ask(model, Request(Prompt(LONG), LEGAL, samples=8, max_tokens=8))
    size = TOKENS.count(Prompt(LONG))
    assert [one.cached_tokens for one in drawn] == [0] + [size - 1] * 7
    assert {one.prompt_tokens for one in drawn} == {size}
    assert model.engine.counts.read <= size + 7 + sum(one.completion_tokens for one in drawn)


def test_the_next_step_of_an_episode_reads_only_what_is_new():
    async def steps(model):
        first = await model.complete(Request(Prompt(LONG), max_tokens=4))
        second = await model.complete(Request(Prompt(LONG + "Back"), max_tokens=4))
        changed = await model.complete(Request(Prompt("Other. " + LONG), max_tokens=4))
        await model.aclose()
        return first[0].cached_tokens, second[0].cached_tokens, changed[0].cached_tokens

    size = TOKENS.count(Prompt(LONG))
    assert asyncio.run(steps(make())) == (0, pytest.approx(size, abs=2), 0)


def test_what_was_read_is_forgotten_when_the_weights_change():
    async def twice(model):
        await model.complete(Request(Prompt(LONG), max_tokens=4))
        model.forget()
        again = await model.complete(Request(Prompt(LONG), max_tokens=4))
        await model.aclose()
        return again[0].cached_tokens

    assert asyncio.run(twice(make())) == 0


def test_forced_tokens_cost_no_run_of_the_model():
    model = make()
    ((one,),) = ask(model, Request(Prompt("Why?"), ONLY))
    assert (one.text, set(one.logprobs)) == ("End: Answer", {0.0})
    assert one.token_ids[-1] == TOKENS.end
    assert model.engine.counts.runs == 0


@pytest.mark.parametrize("legal", [None, LEGAL])
def test_a_model_that_never_ends_is_stopped(legal):
    ((one, other),) = ask(
        make(), Request(Prompt("Why?"), legal, samples=2, max_tokens=7, line=False)
    )
    assert max(one.completion_tokens, other.completion_tokens) <= 7
    # The context ends a completion too.
    ((short,),) = ask(make(context=20), Request(Prompt("x" * 15), max_tokens=50, line=False))
    assert short.prompt_tokens + short.completion_tokens <= 20


def test_what_is_cut_off_ends_with_a_whole_character():
    legal = Legal(
        (Line("quote", "Quote: ", "span", ("天空は青い。 海も青い。", "水は青くない。")),)
    )
    requests = [Request(Prompt("Why?"), legal, max_tokens=most) for most in range(1, 22)]
    texts = [one.text for (one,) in ask(make(), *requests)]
    assert all("\ufffd" not in text for text in texts)


def test_what_the_grammar_forces_is_not_counted():
    """Fails when a line is cut off in the middle though nothing was left to choose."""
    quote = "天空は青い。海も青い。" * 20
    legal = Legal((Line("quote", "Quote: ", "choice", (quote, "no")),))
    for most in (1, 2):
        ((one,),) = ask(make(), Request(Prompt("Why?"), legal, max_tokens=most))
        assert one.text in (f"Quote: {quote}", "Quote: no")


def steered(*texts):
    """Return a model that writes the texts one after the other, whatever it is asked."""

    class Steered(torch.nn.Module):
        config = make_model(TOKENS.tokenizer).config
        device, dtype = torch.device("cpu"), torch.float32

        def forward(self, input_ids, use_cache=False, **_more):
            logits = torch.zeros(*input_ids.shape, len(TOKENS.tokenizer))
            following = dict(zip([prompt, *texts], texts, strict=False))
            for column, token in enumerate(input_ids[0].tolist()):
                logits[0, column, following.get(token, TOKENS.end)] = 50.0
            return type("Output", (), {"logits": logits})

    prompt = TOKENS.encode_text("?")[-1]
    return LocalModel(Loaded("steered", Steered(), TOKENS, 64), LocalConfig())


def test_the_end_of_the_line_ends_a_command():
    back, line = TOKENS.encode_text("Back"), TOKENS.encode_text("\n")
    request = Request(Prompt("Why?"), temperature=0.0)
    ((one,),) = ask(steered(*back, *line, 50, 51), request)
    assert (one.text, list(one.token_ids)) == ("Back", [*back, *line])
    ((whole,),) = ask(steered(*back, *line, 50), replace(request, line=False))
    assert list(whole.token_ids) == [*back, *line, 50, TOKENS.end]
    assert whole.text == TOKENS.decode([*back, *line, 50])


def test_a_line_that_ends_within_a_token_is_cut_there():
    tokens = Tokens(make_tokenizer(added=("sky\nTop",)))
    token = tokens.tokenizer.convert_tokens_to_ids("sky\nTop")
    writing = Writing(Request(Prompt("Why?")), 0, [1], 50, tokens, None)
    writing.take(tokens.encode_text("Back")[0], -1.0)
    assert not writing.done
    writing.take(token, -1.0)
    assert writing.done
    assert writing.completion().text == tokens.decode(writing.ids[1:2]) + "sky"


@pytest.mark.parametrize(
    "before", ["\n", "<think>\nBack or Top?\n</think>\n\n", "```\n", "<think>\n</think>\n```\n"]
)
def test_the_line_is_looked_for_behind_thoughts_and_fences(before):
    # Without a grammar a chat model would write "<think>" and nothing else, at every step.
    writing = Writing(Request(Prompt("Why?")), 0, [1], 500, TOKENS, None)
    for token in TOKENS.encode_text(f"{before}Search sky\n"):
        assert not writing.done
        writing.take(token, -1.0)
    assert writing.done
    assert writing.completion().text == "Search sky"


def test_an_answer_ends_where_a_model_goes_on_with_the_next_state():
    request = Request(Prompt("Why?"), line=False)
    writing = Writing(request, 0, [1], 500, TOKENS, None)
    for token in TOKENS.encode_text("Air scatters it [1].\n■ Question"):
        writing.take(token, -1.0)
    assert writing.completion().text == "Air scatters it [1]."


def test_a_fault_of_one_request_fails_that_request_alone():
    async def some(model):
        requests = [
            Request(Prompt("Why?"), LEGAL, max_tokens=8),
            Request(Prompt("x" * 600)),
            Request(Prompt("")),
            Request(Prompt("Why?"), samples=0),
            Request(Prompt("Why?"), Legal((Line("click", "Clicked", "choice", ("\0",)),))),
        ]
        replies = await asyncio.gather(*map(model.complete, requests), return_exceptions=True)
        await model.aclose()
        return replies

    good, *bad = asyncio.run(some(make()))
    assert good[0].text
    assert [type(one) for one in bad[:3]] == [ModelError] * 3
    assert "context 512" in str(bad[0])


def test_broken_weights_are_told_in_one_line():
    model = make()
    with torch.no_grad():
        model.engine.loaded.model.get_output_embeddings().weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="no numbers"):
        ask(model, Request(Prompt("Why?"), LEGAL))


def test_a_model_that_breaks_fails_who_waits_and_goes_on_with_the_next():
    class Breaking(torch.nn.Module):
        config = make_model(TOKENS.tokenizer).config
        device, dtype = torch.device("cpu"), torch.float32

        def forward(self, input_ids, **_more):
            raise RuntimeError("out of\nmemory")

    async def twice(model):
        for _ in range(2):
            with pytest.raises(ModelError, match="out of memory"):
                await model.complete(Request(Prompt("Why?")))
        await model.aclose()

    asyncio.run(twice(LocalModel(Loaded("breaking", Breaking(), TOKENS, 64))))


def test_a_cancelled_request_leaves_and_the_others_go_on():
    async def some(model):
        long = Request(Prompt(LONG), samples=8, max_tokens=200, line=False)
        leaving = asyncio.create_task(model.complete(long))
        staying = asyncio.create_task(model.complete(Request(Prompt("Why?"), LEGAL)))
        await asyncio.sleep(0.01)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert (await staying)[0].text
        await asyncio.wait_for(model.complete(Request(Prompt("Why?"), LEGAL)), 10)
        assert not model.engine.busy
        await model.aclose()

    asyncio.run(some(make()))


def test_a_closed_model_says_so_and_leaves_no_thread():
    async def close(model):
        waiting = asyncio.create_task(
            model.complete(Request(Prompt(LONG), max_tokens=300, samples=20, line=False))
        )
        await asyncio.sleep(0.01)
        await model.aclose()
        with pytest.raises(ModelError, match="closed"):
            await waiting
        with pytest.raises(ModelError, match="closed"):
            await model.complete(Request(Prompt("Why?")))

    asyncio.run(close(make()))
    assert not [one for one in threading.enumerate() if one.name.startswith("local-model")]


def test_one_model_serves_one_event_loop_after_another():
    model, request = make(), Request(Prompt("Why?"), LEGAL, temperature=0.0)
    first = asyncio.run(model.complete(request))
    assert [one.text for one in asyncio.run(model.complete(request))] == [one.text for one in first]
    asyncio.run(model.aclose())

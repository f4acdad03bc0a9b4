"""What inspect_ai loads: tasks over question sets, our agent as solver, our measures as scorer.

    inspect eval webqa/questions -T source=questions.jsonl -T web=DIR --model openai/MODEL

The agent browses with the model that is evaluated, or without any (`-T policy=extractive`). What
it did is kept in the sample's store, so that `inspect score` can measure it again. The only place
that knows how inspect_ai is put together; see inspect_model.py for its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ModelOutput, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from env.answers import NOTHING_FOUND
from env.config import PRESETS
from env.errors import ConfigError, Error
from env.records import Episode, Page, Question
from env.web.base import Web
from policies.asking import make_asker
from policies.base import Policy, Rollout, Setup, episode_seed, run_episode
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from reward.support import open_support_judge
from webqa.asking import make_policy
from webqa.asking_again import ask_again
from webqa.harness.inspect_model import CONTEXT, InspectModel
from webqa.metrics.measures import MEASURES, Further, measure_episode
from webqa.webs import SAMPLE, open_web

STORED = "webqa"
"""Key of the store under which a sample's episode stands."""
MODEL = "model"
"""The policy that browses with the model that is evaluated."""
CITED = ("alce_recall", "alce_precision", "liu_recall", "liu_precision", "sentences_cited",
         "quotes_verbatim", "citations_fabricated")  # fmt: skip
COSTS = ("actions", "tokens_read", "tokens_written")
NAMES = {
    "questions": ("answered", "right", "accepted_in_answer", "rouge_l", *CITED, *COSTS),
    "triviaqa": ("answered", "right", "triviaqa_em", "triviaqa_f1", *CITED, *COSTS),
    "eli5": ("answered", "rouge_l", *CITED, *COSTS),
    "truthfulqa": ("answered", "truthful_binary", "position_bias", "binary_unclear",
                   "likeness_difference", *CITED, *COSTS),
}  # fmt: skip
"""The measures of each task; one that does not apply to a sample is unscored there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the solver leaves for the scorer."""

    episode: Episode
    further: Further
    pages: tuple[Page, ...] = ()
    """Those that the answer quotes."""


@task  # type: ignore[untyped-decorator]
def questions(
    source: str, web: str = SAMPLE, policy: str = MODEL, judge: str = "", attempts: int = 1
) -> Task:
    """Questions of any set, answered from a web.

    Args:
        source: the question set, in any form that `webqa questions` takes.
        web: where to look, as `--web` takes it.
        policy: `model` browses with the model that is evaluated; `extractive` needs none.
        judge: of support: empty for the one by rules, or an entailment model.
        attempts: answers to each question, as epochs.
    """
    return _task("questions", source, (web, policy, judge), attempts)


@task  # type: ignore[untyped-decorator]
def triviaqa(
    source: str, web: str = SAMPLE, policy: str = MODEL, judge: str = "", attempts: int = 1
) -> Task:
    """TriviaQA, with its official measures of a short answer; see `questions`."""
    return _task("triviaqa", source, (web, policy, judge), attempts)


@task  # type: ignore[untyped-decorator]
def eli5(
    source: str, web: str = SAMPLE, policy: str = MODEL, judge: str = "", attempts: int = 1
) -> Task:
    """ELI5: long answers, against people's and by their citations; see `questions`."""
    return _task("eli5", source, (web, policy, judge), attempts)


@task  # type: ignore[untyped-decorator]
def truthfulqa(
    source: str, web: str = SAMPLE, policy: str = MODEL, judge: str = "", attempts: int = 1
) -> Task:
    """TruthfulQA, as a choice of two in both orders; see `questions`."""
    return _task("truthfulqa", source, (web, policy, judge), attempts)


def _task(name: str, source: str, means: tuple[str, str, str], attempts: int) -> Task:
    web, policy, judge = means
    return Task(
        dataset=MemoryDataset([sample_of(one) for one in _read(source)], name=name),
        solver=browser_agent(web, policy),
        scorer=measures(list(NAMES[name]), judge),
        epochs=Epochs(attempts, "mean") if attempts > 1 else None,
    )


def _read(source: str) -> list[Question]:
    from webqa.sets.opening import open_questions

    return list(open_questions(source))


def sample_of(question: Question) -> Sample:
    """Return a question as a sample; what is known of it is in its metadata, for the scorer."""
    return Sample(
        id=question.id,
        input=question.text,
        target=list(question.accepted),
        metadata={STORED: msgspec.to_builtins(question), "dataset": question.dataset},
    )


@solver  # type: ignore[untyped-decorator]
def browser_agent(
    web: str = SAMPLE, policy: str = MODEL, preset: str = "default", context: int = CONTEXT
) -> Solver:
    """Browse a web, answer with citations, and say what is asked of the answer again.

    Args:
        web: where to look, as `--web` takes it.
        policy: `model`, or one that needs none: `extractive`.
        preset: of the browser's settings: default or small.
        context: tokens of the model's context.
    """
    if preset not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
    webs: list[Web] = []

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if not webs:
            webs.append(open_web(_web(web), PRESETS[preset]))
        model = InspectModel(get_model(), context) if policy == MODEL else None
        rollout = await _browsed(question_of(state), webs[0], preset, model, policy, state.epoch)
        if model is not None and model.fault is not None:
            raise model.fault
        further = (await ask_again(rollout.episode, make_asker(model))).further
        state.store.set(STORED, msgspec.to_builtins(_stored(rollout, further)))
        _answer(state, rollout.episode)
        return state

    return solve


def _web(name: str) -> str | Path:
    return Path(name) if Path(name).is_dir() else name


def question_of(state: TaskState) -> Question:
    """Return the question of a sample: ours, or one of another data set, read as it stands."""
    if STORED in state.metadata:
        return msgspec.convert(state.metadata[STORED], Question)
    accepted = tuple(one for one in state.target if one)
    return Question(str(state.sample_id), state.input_text, accepted=accepted)


async def _browsed(
    question: Question,
    web: Web,
    preset: str,
    model: InspectModel | None,
    policy: str,
    epoch: int,
) -> Rollout:
    seed = episode_seed(0, question.id, epoch - 1)
    player: Policy
    if model is None:
        player = make_policy(policy, web)(seed)
    else:
        # What is legal cannot be sent: a line that is none costs an action, as everywhere.
        player = LanguageModelPolicy(model, LanguageModelConfig(grammar=None), seed)
    setup = Setup(web, PRESETS[preset], run="inspect_ai")
    return await run_episode(player, question, setup, seed=seed, attempt=epoch - 1)


def _stored(rollout: Rollout, further: Further) -> Stored:
    answer = rollout.episode.answer
    quoted = {quote.page_sha256 for quote in answer.quotes} if answer else set()
    return Stored(
        rollout.episode, further, tuple(one for one in rollout.pages if one.sha256 in quoted)
    )


def _answer(state: TaskState, episode: Episode) -> None:
    """Put the answer, with its sources, where inspect_ai looks for it."""
    answer = episode.answer
    text = answer.text if answer else NOTHING_FOUND
    sources = (
        [f"[{n}] {one.title} {one.url}" for n, one in enumerate(answer.quotes, 1)] if answer else []
    )
    state.messages.append(
        ChatMessageAssistant(content="\n\n".join([text, "\n".join(sources)]).strip())
    )
    state.output = ModelOutput.from_content(episode.policy, text)


@scorer(metrics={"*": [mean(), stderr()]})  # type: ignore[untyped-decorator]
def measures(names: Sequence[str] = NAMES["questions"], judge: str = "") -> Scorer:
    """Measure what the agent did, by our own definitions; one that does not apply is unscored.

    Args:
        names: of `webqa.metrics.measures.MEASURES`.
        judge: of support: empty for the one by rules, or an entailment model.
    """
    if unknown := [name for name in names if name not in MEASURES]:
        raise ConfigError(f"there is no measure {unknown[0]!r}: see webqa eval")
    judging = open_support_judge(judge)

    async def score(state: TaskState, target: Target) -> Score:
        if (found := state.store.get(STORED)) is None:
            return Score.unscored(reason="scoring_failed", explanation="no episode of webqa")
        stored = msgspec.convert(found, Stored)
        episode = stored.episode
        pages = {page.sha256: page for page in stored.pages}
        try:
            values = await measure_episode(episode, pages, judging, stored.further)
        except Error as error:
            return Score.unscored(reason="grader_failed", explanation=str(error))
        return Score(
            # Not a number is inspect_ai's own sign for a value that is left out.
            value={name: values.get(name, float("nan")) for name in names},
            answer=episode.answer.text if episode.answer else "",
            explanation=f"{episode.ended} ({episode.stopped_by}); support by {judging.name}",
            metadata={"episode": episode.id, "short": stored.further.short},
        )

    return score

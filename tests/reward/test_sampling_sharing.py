"""A local model reads what a browse quoted once for all of its answers."""

from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from policies.models.local.config import LocalConfig
from policies.models.local.loading import load
from policies.scripted import ScriptedPolicy
from reward.sampling import SampleConfig, cost_of, sample
from tests.policies.models.small import save_model

TEXT = "The sky is blue because air scatters blue light. " * 4
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
LINES = ("Search sky", "Clicked on link 0", f"Quote: {TEXT.strip()}", "End: Answer")


class Half:
    """Browses by script and answers by model."""

    name = "half"

    def __init__(self, model, seed):
        config = LanguageModelConfig(grammar=None, temperature=1.0, answer_tokens=8)
        self._browse = ScriptedPolicy(LINES)
        self._answer = LanguageModelPolicy(model, config, seed)

    async def act(self, observation):
        """Let the one or the other act."""
        return await (self._answer if observation.answering else self._browse).act(observation)


async def test_the_prompt_of_a_browse_is_read_once(tmp_path):
    """Fails when more answers read their prompt again, or are all the same."""
    model = load(str(save_model(tmp_path)), LocalConfig(device="cpu", batch=4))
    try:
        question = Question("q", "Why is the sky blue?")
        setup, config = Setup(WEB), SampleConfig(1, 6)
        rollouts = await sample(lambda seed: Half(model, seed), question, setup, config)
    finally:
        await model.aclose()
    written = [rollout.episode.steps[-1].completion for rollout in rollouts]
    assert len({one.token_ids for one in written}) == 6
    prompt = written[0].prompt_tokens
    assert prompt > 50
    assert [one.prompt_tokens - one.cached_tokens for one in written] == [prompt, 1, 1, 1, 1, 1]
    found = cost_of(rollout.episode for rollout in rollouts)
    assert found.answering_read == prompt + 5
    assert found.shared == 5 * (prompt - 1)

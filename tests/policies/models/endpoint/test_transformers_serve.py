"""The real `transformers serve`, with a small model made here; only when asked for.

    WEBQA_TRANSFORMERS_SERVE=1 pytest -m slow tests/policies/models/endpoint

It needs `pip install "transformers[serving]"`; where that stands in another environment, the
variable names its Python instead of 1.
"""

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest

from env.config import SMALL
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from policies.models.base import ModelError
from tests.policies.models.endpoint.asking import COMMAND, one

PYTHON = os.environ.get("WEBQA_TRANSFORMERS_SERVE", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="set WEBQA_TRANSFORMERS_SERVE=1 to start it"),
]


@contextmanager
def serving(folder, port):
    """Run the server while the block runs."""
    python = sys.executable if PYTHON == "1" else PYTHON
    code = "from transformers.cli.transformers import main; main()"
    command = [python, "-c", code, "serve", str(folder), "--device", "cpu", "--port", str(port)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


async def ready(model, process):
    """Wait until the server answers."""
    for _ in range(120):
        try:
            await model.start()
        except ModelError:
            assert process.poll() is None, f"the server ended: {process.stderr.read()[-2000:]}"
            await asyncio.sleep(1)
        else:
            return
    raise AssertionError("the server does not answer")


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "base"])
async def test_an_episode_over_the_real_server(make, tmp_path, unused_tcp_port, chat):
    """Fails when our requests are not what a real server takes, or its replies not understood."""
    from tests.policies.models.small import save_model

    folder = save_model(tmp_path / "model", chat=chat, context=4096)
    with serving(folder, unused_tcp_port) as process:
        model = make(f"http://127.0.0.1:{unused_tcp_port}", name=str(folder), context=4096)
        await ready(model, process)
        completion = await one(model, max_tokens=8)
        assert model.chat == chat
        assert completion.prompt_tokens > 0
        assert 0 < completion.completion_tokens <= (8 + 48) * 3, (
            "a command, as JSON, and asked again twice"
        )
        again = await one(model, max_tokens=8)
        assert again.text == completion.text, "temperature 0 takes the likeliest"
        several = replace(COMMAND, samples=3, temperature=1.0, max_tokens=8, legal=None)
        assert len(await model.complete(several)) == 3

        page = make_page("https://sky.test/", "Sky", "The sky is blue.", domain="sky.test")
        setup = Setup(MemoryWeb([page]), replace(SMALL, actions=3))
        config = LanguageModelConfig(command_tokens=12, temperature=1.0)
        rollout = await run_episode(
            LanguageModelPolicy(model, config), Question("q", "Why is the sky blue?"), setup
        )
        assert rollout.episode.error == ""
        assert len(rollout.episode.steps) >= 1
        with pytest.raises(ModelError, match="pinned to"):
            await one(make(f"http://127.0.0.1:{unused_tcp_port}", name="another"))

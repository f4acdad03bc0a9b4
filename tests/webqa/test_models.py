"""`--model`: what is missing or means nothing is said, and nothing else reaches the terminal."""

import json

import pytest

from env.errors import ConfigError
from policies.models.endpoint.config import EndpointConfig
from policies.models.local.config import LocalConfig
from tests.policies.models.small import save_model
from webqa.cli import main
from webqa.cli.exits import Exit
from webqa.models import PACKAGES, ModelConfig, lacking, need_packages, without_effect
from webqa.run import read_config, read_episodes

SKY = "Why is the sky blue?"


def test_a_missing_extra_is_named_in_one_line():
    """Fails when one without torch gets a traceback, or is not told what to install."""
    with pytest.raises(ConfigError, match=r"needs torch, peft: pip install .*\[models\]") as caught:
        need_packages(lambda name: None if name in ("torch", "peft") else name)
    assert "\n" not in str(caught.value)
    assert lacking(lambda _name: None) == list(PACKAGES)
    need_packages(lambda name: name)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            ModelConfig(temperature=1.0),
            ["--temperature", "--engine.batch", "--server.key-variable"],
        ),
        (ModelConfig("m", temperature=1.0), ["--server.key-variable"]),
        (ModelConfig("m", "http://127.0.0.1:9/v1"), ["--engine.batch"]),
    ],
)
def test_flags_without_effect_are_found(model, expected):
    """Fails when one who relies on a flag is not told that it does nothing."""
    given = without_effect(model, LocalConfig(batch=2), EndpointConfig(key_variable="KEY"))
    assert list(given) == expected


def test_flags_without_effect_are_said(web, capsys):
    assert main(["ask", SKY, "--web", str(web), "--grammar", "tight"]) == Exit.DONE
    assert capsys.readouterr().err == "Note: without effect, as no --model is given: --grammar\n"


@pytest.mark.parametrize("grammar", ["free", "tight", "none"])
def test_a_model_answers_and_the_library_stays_quiet(grammar, program, web, tmp_path):
    """Fails when hints of transformers or torch, such as on padding, get to the terminal."""
    folder = save_model(tmp_path / "model", "gpt2")
    settings = json.loads((folder / "config.json").read_text())
    # A token that any prompt may end with.
    (folder / "config.json").write_text(json.dumps(settings | {"pad_token_id": 1}))
    flags = ("--window", 90, "--results", 1, "--actions", 2, "--grammar", grammar)
    done = program("ask", "--model", folder, SKY, "--web", web, "--json", *flags)
    assert done.returncode in (Exit.DONE, Exit.UNANSWERED), done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("Note: ")] == []
    assert json.loads(done.stdout)["question"] == SKY


def test_an_overseer_chooses_among_commands(web, tmp_path, capsys):
    """Fails when --rerank is taken and nothing comes of it."""
    folder = save_model(tmp_path / "model", "gpt2")
    run = tmp_path / "run"
    asked = ("ask", SKY, "--web", str(web), "--model", str(folder), "--window", "90")
    assert main([*asked, "--rerank", "1"]) == Exit.ERROR
    assert "--rerank must be 2 or more" in capsys.readouterr().err
    code = main([*asked, "--actions", "2", "--rerank", "3", "--save", str(run)])
    assert code in (Exit.DONE, Exit.UNANSWERED)
    assert read_config(run).settings.policy_settings["rerank"] == 3
    [episode] = read_episodes(run)
    assert "best of 3 by rules" in episode.policy
    assert main([*asked, "--overseer", "itself"]) == Exit.ERROR
    assert "--overseer needs --rerank" in capsys.readouterr().err
    judged = tmp_path / "judged"
    flags = ("--actions", "1", "--rerank", "2", "--overseer", "itself", "--save", str(judged))
    assert main([*asked, *flags]) in (Exit.DONE, Exit.UNANSWERED)
    [episode] = read_episodes(judged)
    assert "best of 2 by overseer:" in episode.policy

"""Stages run once, go on where they stopped, and refuse to pass for what they are not."""

import json
import os
import signal
import subprocess
import sys

import pytest

from env.errors import ConfigError, Error
from tests.policies.models.small import save_model
from webqa.stages import Stages, Stopped, run_apart


class Commands:
    """Stands for the program: notes what it is asked, and answers with given codes."""

    def __init__(self, *codes):
        self.codes = list(codes)
        self.asked = []

    def __call__(self, arguments):
        self.asked.append(tuple(arguments))
        return self.codes.pop(0) if self.codes else 0


def test_what_is_done_is_not_done_again(tmp_path):
    run, said = Commands(), []
    for _ in range(2):
        stages = Stages(tmp_path, run, said.append)
        stages.command("tiny", "tiny", "--web", tmp_path, "--text", 5)
        assert stages.seconds["tiny"] >= 0
    assert run.asked == [("tiny", "--web", str(tmp_path), "--text", "5")]
    assert len(said) == 1


def test_what_failed_or_was_stopped_is_run_again(tmp_path):
    run = Commands(1, 130)
    stages = Stages(tmp_path, run)
    with pytest.raises(Error, match=r"the stage ppo .* exit code 1"):
        stages.command("ppo", "ppo")
    with pytest.raises(Stopped):
        stages.command("ppo", "ppo")
    stages.command("ppo", "ppo")
    assert len(run.asked) == 3


def test_other_settings_of_a_stage_that_is_done_are_refused(tmp_path):
    stages = Stages(tmp_path, Commands())
    stages.command("ppo", "ppo", "--seed", 1)
    with pytest.raises(ConfigError, match=r"'1' there, '2' here.*name another folder"):
        stages.command("ppo", "ppo", "--seed", 2)
    with pytest.raises(ConfigError, match="3 arguments there, 1 here"):
        stages.command("ppo", "ppo")


def test_a_function_that_was_killed_is_called_again(tmp_path):
    calls = []

    def killed():
        calls.append(1)
        raise SystemExit

    stages = Stages(tmp_path, Commands())
    with pytest.raises(SystemExit):
        stages.make("pairs", killed)
    stages.make("pairs", lambda: calls.append(2))
    stages.make("pairs", killed)
    assert calls == [1, 2]


def test_a_note_that_is_damaged_is_named(tmp_path):
    stages = Stages(tmp_path, Commands())
    stages.command("ppo", "ppo")
    (tmp_path / "stages" / "ppo.json").write_text("{")
    with pytest.raises(Error, match=r"ppo\.json"):
        stages.command("ppo", "ppo")


def test_the_program_is_run_in_a_process_of_its_own(capfd):
    assert run_apart(["--version"]) == 0
    assert run_apart(["no-such-command"]) == 2
    assert "no-such-command" in capfd.readouterr().err


@pytest.mark.slow
def test_ctrl_c_is_told_once(tmp_path, web):
    """Fails when the stage and the command that runs it both tell, or the stage is killed."""
    (tmp_path / "asked.jsonl").write_text(
        "\n".join(json.dumps({"question": f"Why {one}?", "accepted": ["x"]}) for one in range(500))
    )
    asked = f"iterate --model {save_model(tmp_path / 'model')} --web {web} -o {tmp_path / 'out'}"
    asked += f" --questions {tmp_path / 'asked.jsonl'}"
    command = [sys.executable, "-m", "webqa", *asked.split()]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs in the background ignores Ctrl-C, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        told = ""
        while " of 2,000 browses" not in told and (line := process.stderr.readline()):
            told += line
        os.killpg(process.pid, signal.SIGINT)
        try:
            told += process.communicate(timeout=60)[1]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 130
    assert told.count("stopped") == 1
    assert "the same command goes on from here" in told
    assert "Traceback" not in told

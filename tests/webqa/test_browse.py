"""`webqa browse` in a process of its own, a person's lines on its input."""

import signal
import subprocess
import sys

from webqa.cli.exits import Exit
from webqa.run import read_episodes


def test_a_person_answers_and_is_recorded(program, web, tmp_path):
    """Fails when a person's episode is not shown, answered and recorded like any other."""
    lines = "s blue sky\n0\nq molecules of the air ... red light\na\nAir scatters it [1].\n\n"
    run = tmp_path / "run"
    done = program("browse", "Why blue?", "--web", web, "--save", run, stdin=lines)
    assert done.returncode == Exit.DONE
    assert "♦Question\nWhy blue?" in done.stdout
    assert "\nSources\n[1] Why the sky is blue (sky.example)" in done.stdout
    assert "molecules of the air scatter blue light more than red light" in done.stdout
    (episode,) = read_episodes(run)
    assert (episode.policy, episode.ended) == ("human", "answered")
    assert program("verify", run).returncode == Exit.DONE


def test_the_end_of_the_input_is_polite_and_recorded(program, web, tmp_path):
    """Fails when leaving loses the episode or looks like a crash."""
    run = tmp_path / "run"
    done = program("browse", "Why?", "--web", web, "--save", run, stdin="s sky\n")
    assert done.returncode == Exit.UNANSWERED
    assert done.stderr.strip() == f"Left before the question was answered; recorded in {run}."
    (episode,) = read_episodes(run)
    assert (episode.ended, len(episode.steps)) == ("failed", 1)


def test_ctrl_c_is_polite_and_recorded(web, tmp_path):
    """Fails when Ctrl-C while a person thinks loses the episode or shows a traceback."""
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "webqa", "browse", "Why?", "--web", str(web), "--save", str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("s sky\n")
    process.stdin.flush()
    while "Search results" not in process.stdout.readline():
        pass
    while "Next action" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert "Traceback" not in err
    assert [one.ended for one in read_episodes(run)] == ["failed"]

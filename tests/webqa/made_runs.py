"""Run folders made by hand, for tests of what is done with them."""

from env.jsonl import append
from env.records import Answer, Episode, Question, WebIdentity, to_json
from webqa.measured import MEASURES, Measured
from webqa.run import CONFIG, EPISODES, RunConfig, Settings, configuration

WEB = WebIdentity("corpus", "0")


def make_run(folder, *, policy="extractive", questions="set.jsonl abc", seed=0):
    """Make a run folder without episodes."""
    folder.mkdir(parents=True)
    settings = Settings(questions, policy, WEB, seed=seed)
    (folder / CONFIG).write_bytes(to_json(RunConfig(settings, configuration(settings))))
    return folder


def add_measures(folder, values, *, attempt=0, dataset=""):
    """Add a line for each question: {question: {metric: number}}."""
    for question, measured in values.items():
        identifier = f"{folder.name}-{question}-{attempt}"
        line = Measured(identifier, question, dataset, attempt, measured)
        append(folder / MEASURES, line, wait=False)
    return folder


def add_episode(folder, question, text, *, attempt=0):
    """Add an episode that answered; return it. Without a text, it did not."""
    answer = None if text is None else Answer(question.text, text)
    identifier = f"{folder.name}-{question.id}-{attempt}"
    ended = "answered" if answer else "unanswered"
    episode = Episode(identifier, question, "p", WEB, "c", (), answer, ended, "command")
    append(folder / EPISODES, episode, wait=False)
    return episode


def asked(identifier, *written, text=""):
    """Return a question with written answers."""
    return Question(identifier, text or f"Why {identifier}?", "eli5", (), written)

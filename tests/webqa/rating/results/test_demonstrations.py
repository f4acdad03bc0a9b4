"""Demonstrations as run folders: who made which, with which settings, and what is left out."""

from dataclasses import replace

import pytest

from env.errors import ConfigError
from env.records import (
    Answer,
    Completion,
    Episode,
    Observation,
    Question,
    Step,
    WebIdentity,
    to_json,
)
from tests.webqa.rating.made_campaigns import (
    PAGE,
    collected,
    database,
    pair,
    quote,
    submit,
)
from webqa.rating.campaigns.creating import campaign_named
from webqa.rating.campaigns.sources import NewItem
from webqa.rating.records import Demonstration
from webqa.rating.results.demonstrations import AUTHORS, export_run, read_authors
from webqa.rating.results.exporting import export
from webqa.rating.store.tables import StoredPage
from webqa.run import Settings, configuration, read_config, read_episodes, read_pages

SETTINGS = Settings("rating page", "human", WebIdentity("memory", "1"))
OTHER = Settings("rating page", "human", WebIdentity("memory", "1"), seed=1)


def demonstration(name, settings=SETTINGS, text="Air scatters it [1].", cited=True):
    """Return an episode as a person submits it."""
    question = Question("q0", "Why is the sky blue?")
    own = (quote("air scatters blue light more"),) if cited else ()
    answer = Answer(question.text, text, own)
    steps = ()
    return Episode(name, question, "human", settings.web, configuration(settings), steps, answer,
                   "answered", "command")  # fmt: skip


@pytest.fixture
def demonstrated(tmp_path):
    """A database with three people who answer one question, and its store."""
    item = NewItem("q0", Demonstration(Question("q0", "Why is the sky blue?")))
    people = ("Ann", "Bob", "Cem")
    (folder := tmp_path / "demonstrated").mkdir()
    with database(folder, [item], people=people, kind="demonstrate", raters=3) as store:
        yield store


def add(store, person, episode, settings=SETTINGS, page=PAGE):
    draft = to_json({"settings": settings, "lines": ["Search: sky"]}).decode()
    with store.writing() as session:
        submit(session, person, "q0", to_json(episode).decode(), draft=draft)
        if page and not session.get(StoredPage, page.sha256):
            session.add(StoredPage(sha256=page.sha256, content=to_json(page).decode()))


def run_of(store, out, **more):
    with store.reading() as session:
        return export_run(session, campaign_named(session), out, **more)


def with_step(episode):
    """Return an episode in which the answer's quotes were taken, as they must be."""
    seen = Observation(episode.question.text, quotes=episode.answer.quotes, answering=True)
    return replace(episode, steps=(Step(seen, Completion(episode.answer.text)),))


def test_demonstrations_become_a_run_folder(demonstrated, tmp_path):
    add(demonstrated, "Ann", with_step(demonstration("e1")))
    out = tmp_path / "run"
    done = run_of(demonstrated, out)
    assert [(folder.episodes, folder.before) for folder in done.folders] == [(1, 0)]
    assert read_config(out).settings == SETTINGS
    assert [one.id for one in read_episodes(out)] == ["e1"]
    assert read_pages(out) == {PAGE.sha256: PAGE}
    assert read_authors([out]) == {"e1": "Ann"}
    add(demonstrated, "Bob", with_step(demonstration("e2")))
    done = run_of(demonstrated, out)
    assert [(folder.episodes, folder.before) for folder in done.folders] == [(1, 1)]
    assert [one.id for one in read_episodes(out)] == ["e1", "e2"]
    assert (out / AUTHORS).read_text(encoding="utf-8").count("\n") == 2


def test_other_settings_go_to_another_folder(demonstrated, tmp_path):
    add(demonstrated, "Ann", with_step(demonstration("e1")))
    add(demonstrated, "Bob", with_step(demonstration("e2", OTHER)), OTHER)
    add(demonstrated, "Cem", with_step(demonstration("e3", OTHER)), OTHER)
    done = run_of(demonstrated, tmp_path / "run", nameless=True)
    assert [(one.path.name, one.episodes) for one in done.folders] == [("run", 2), ("run-2", 1)]
    assert read_config(tmp_path / "run").settings == OTHER
    assert set(read_authors([tmp_path / "run"]).values()) == {"rater-2", "rater-3"}


def test_what_does_not_verify_is_left_out(demonstrated, tmp_path):
    add(demonstrated, "Ann", with_step(demonstration("e1")), page=None)
    with pytest.raises(ConfigError, match="does not verify"):
        run_of(demonstrated, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_comparisons_are_no_run_and_demonstrations_no_comparisons(demonstrated, tmp_path):
    compared = database(tmp_path, collected([pair(0)]).items)
    with compared as store, pytest.raises(ConfigError, match="another --form"):
        run_of(store, tmp_path / "run")
    with demonstrated.reading() as session, pytest.raises(ConfigError, match="--form run"):
        export(session, campaign_named(session), "webqa", tmp_path / "c.jsonl")

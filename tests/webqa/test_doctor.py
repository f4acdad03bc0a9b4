"""`webqa doctor` says what is missing and what to do; nothing is asked of the net here."""

import asyncio
import os

import pytest

from env.web.fetch.config import FetchConfig
from webqa import doctor
from webqa.cli.exits import Exit
from webqa.webs import CONTACT


def test_a_machine_that_has_all_it_needs(program, web):
    """Fails when a check raises, or calls a fault what is none."""
    done = program("doctor", web, "--offline")
    assert done.returncode == Exit.DONE, done.stderr
    for subject in (
        "webqa",
        "SQLite",
        "cache",
        "workers",
        "web sample",
        f"web {web}",
        "models",
        "encoder",
    ):
        assert f"{subject}: " in done.stdout
    assert "OPENAI_API_KEY is" in done.stdout
    assert "fault" not in done.stdout


def test_a_fault_is_told_and_ends_with_an_error(program, tmp_path):
    done = program("doctor", tmp_path / "no-index", "--offline")
    assert done.returncode == Exit.ERROR
    assert "1 fault" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["flag", "environment"])
def test_a_contact_is_seen_wherever_it_is_given(monkeypatch, given):
    """Fails when one who has set the variable is told to set it."""
    monkeypatch.delenv(CONTACT, raising=False)
    assert doctor.contact(FetchConfig()).state == "note"
    assert CONTACT in doctor.contact(FetchConfig()).advice
    monkeypatch.setenv(CONTACT, "me@webqa.example" if given == "environment" else "")
    config = FetchConfig(contact="me@webqa.example" if given == "flag" else "")
    assert (doctor.contact(config).state, doctor.contact(config).found) == (
        "ok", "me@webqa.example"
    )  # fmt: skip


def test_a_service_that_is_named_is_not_called_well():
    """Fails when a service that nobody asked counts as one that answers."""
    found = asyncio.run(doctor.web("searxng"))
    assert (found.state, "not asked" in found.found) == ("note", True)


def test_a_service_that_does_not_answer_is_told_with_what_to_check(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SEARXNG_URL", "http://127.0.0.1:9")
    found = asyncio.run(doctor.service("searxng", os.environ, doctor.OFFLINE))
    assert (found.state, "connected" in found.found) == ("note", True)
    assert "SEARXNG_URL" in found.advice


def test_a_service_without_its_key_is_no_fault():
    found = asyncio.run(doctor.service("brave", {}, doctor.OFFLINE))
    assert (found.state, "BRAVE_API_KEY" in found.advice) == ("note", True)

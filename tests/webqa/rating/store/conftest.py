"""A database of each kind for the tests of this folder."""

import pytest

from tests.webqa.rating.store.postgresql_server import server
from webqa.rating.store.database import open_store


@pytest.fixture(scope="module")
def postgresql():
    with server() as make:
        yield make


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ratings.db"


@pytest.fixture
def store(path):
    with open_store(path) as opened:
        yield opened

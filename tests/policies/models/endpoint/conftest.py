"""A maker of models that are closed when a test ends, however it ends."""

import pytest

from tests.policies.models.endpoint import asking


@pytest.fixture
async def make():
    made = []

    def make_one(*arguments, **settings):
        made.append(asking.make(*arguments, **settings))
        return made[-1]

    yield make_one
    for model in made:
        await model.aclose()

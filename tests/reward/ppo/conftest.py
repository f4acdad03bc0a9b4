"""Shared by the tests of reinforcement learning."""

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several test processes on few cores are slow with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

"""Fixtures that every test may use."""

from collections.abc import Iterator

import pytest

from tests.sandbox_server import Sandbox


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for the whole run; use `sandbox`, which is fresh for each test."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The WaziMe API on a free port, with its data set, no faults, behaving as observed."""
    sandbox_process.reset()
    return sandbox_process

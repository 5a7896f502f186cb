"""Each test of the engine gets a place of its own for its runs, and is asked afterwards what it has left there."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.engine.harness import Lab


@pytest_asyncio.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    """A place whose runs must have ended, without a trace, when the test is over."""
    lab = Lab()
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    yield lab
    await lab.close()

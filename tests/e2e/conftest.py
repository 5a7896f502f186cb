"""For the tests of the whole program."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.e2e.program import TASKS, Cli
from tests.engine.harness import Lab


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    lab = Lab()
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    lab.write("tasks.py", TASKS)
    yield Cli(lab)
    asyncio.run(lab.close())

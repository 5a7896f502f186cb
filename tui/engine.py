"""The seam between the screens and the engine: all that they need of it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from pooltop.model import Command, Reply, RunSpec, Snapshot
from pooltop.work.describe import Description


class Refused(Exception):
    """The engine cannot do it: one clear line, and the traceback of the user's code where there is one."""

    def __init__(self, line: str, details: str = "") -> None:
        super().__init__(line)
        self.details = details


class Feed(Protocol):
    """A run as a screen sees it; `pooltop.link.Link` is one."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Every new snapshot, until the run's supervisor is gone."""

    async def ask(self, command: Command) -> Reply:
        """Send a command; raises ConnectionError where nobody is there to take it."""

    async def close(self) -> None:
        """Look no longer; the run goes on."""


class Engine(Protocol):
    """What the gallery needs; every method raises `Refused`."""

    def gallery(self) -> Sequence[Description]:
        """All that there is to run, in its order; each under the heading that is its section."""

    def describe(self, workload: str) -> Description:
        """What a function is, read from its source without running it."""

    def default_workers(self) -> int:
        """The CPUs that this process may really use."""

    async def start(self, spec: RunSpec) -> Feed:
        """Start a run that outlives the screen, and look at it."""

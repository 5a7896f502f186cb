"""Handing a descriptor to a child."""

from multiprocessing import reduction
from typing import Any


class PassedDescriptor:
    """A descriptor that travels to a child with its arguments; `descriptor` is valid on the side where it is read."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (reduction.DupFd(self.descriptor),)


def _arrived(duplicate: Any) -> PassedDescriptor:
    return PassedDescriptor(duplicate.detach())

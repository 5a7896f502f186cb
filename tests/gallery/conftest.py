"""Each run of the gallery has a place of its own, and is asked afterwards what it has left there."""

from tests.engine.conftest import lab

__all__ = ["lab"]

"""How many workers the limit on open files allows."""

import resource

import pytest

from pooltop.backends.descriptors import descriptors_for, most_workers, too_many


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit on open files of 1024."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    return 1024


def test_as_many_workers_as_the_limit_allows(limit: int) -> None:
    assert descriptors_for(most_workers()) <= limit < descriptors_for(most_workers() + 1)
    assert too_many(most_workers()) == ""
    assert too_many(most_workers() + 1).endswith(f"the limit is 1,024 (ulimit -n): at most {most_workers()} workers")


@pytest.mark.usefixtures("limit")
def test_too_many_workers_are_named_with_their_files() -> None:
    assert too_many(512).startswith("512 workers need about 2,624 open files and the limit is 1,024")


def test_a_limit_that_allows_no_worker_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    assert too_many(1) == "the limit on open files, 64 (ulimit -n), is too low for any worker: that needs 69"


def test_no_limit_allows_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    assert too_many(1_000_000) == ""

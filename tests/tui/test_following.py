"""A feed that breaks off is a run that failed, and says so."""

import pytest

from tests.tui.fake import FakeFeed, finished, running
from tui.following import to_the_end


async def test_a_run_that_ends_well_has_nothing_added() -> None:
    feed = FakeFeed(running(), finished(), None)
    assert [snapshot async for snapshot in to_the_end(feed)] == [running(), finished()]


@pytest.mark.parametrize(("end", "why"), [(None, ""), (OSError("reset"), "(reset)"), (ValueError("odd"), "(odd)")])
async def test_a_feed_that_breaks_off_ends_in_a_failure(end: Exception | None, why: str) -> None:
    *_, last = [snapshot async for snapshot in to_the_end(FakeFeed(running(), end))]
    assert last.state == "failed"
    assert "supervisor is gone" in last.reason and why in last.reason
    assert last.progress == running().progress


async def test_a_feed_without_a_snapshot_ends_in_a_failure_too() -> None:
    [only] = [snapshot async for snapshot in to_the_end(FakeFeed(None))]
    assert (only.state, "supervisor is gone" in only.reason) == ("failed", True)


async def test_a_connection_that_breaks_after_the_end_does_no_harm() -> None:
    feed = FakeFeed(finished(), OSError("reset"))
    assert [snapshot async for snapshot in to_the_end(feed)] == [finished()]

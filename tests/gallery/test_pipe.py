"""The gallery's pipe: all messages arrive in order, whoever dies over them."""

import multiprocessing
from ctypes import Array, c_double
from multiprocessing.sharedctypes import RawArray, RawValue

import pytest

import pooltop
from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.pipe import Received, all_messages_in_order, pipe

ALL_50 = "50 messages, in order"


def told(*numbers: int) -> tuple[str, bool]:
    """What the check says of these messages, and whether it holds them for right."""
    received: Received = {"numbers": list(numbers), "latencies_us": [1.0 for _ in numbers]}
    expected, actual = all_messages_in_order(
        pooltop.Outcome(results=[None, received], options={"messages": 3}, items=2, failed=0)
    )
    return actual, expected == actual


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_all_messages_in_order(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "pipe", "--messages", "50", "--pause", "0.001", start_method=start_method)
    assert verdict(final) == (ALL_50, ALL_50, True)
    assert final.counters == {"sent": 50, "received": 50}
    (latency,) = [each.value for each in final.shared if each.name == "latency_us"]
    assert isinstance(latency, float) and latency > 0
    assert any(line.text.startswith("latency: median ") for line in final.log)


async def test_large_messages(lab: Lab) -> None:
    final = await play(lab, "pipe", "--messages", "20", "--pause", "0", "--size", "300000")
    assert verdict(final) == ("20 messages, in order", "20 messages, in order", True)


async def test_either_end_killed_meanwhile(lab: Lab) -> None:
    final = await play(lab, "pipe", "--messages", "50", "--pause", "0.02", kills=4)
    assert verdict(final) == (ALL_50, ALL_50, True)
    assert final.counters == {"sent": 50, "received": 50}


def test_over_a_pipe_of_multiprocessing() -> None:
    ends = multiprocessing.Pipe(duplex=False)
    latency: c_double = RawValue("d")
    sent_at: Array[c_double] = RawArray("d", 5)
    assert pipe("sender", messages=5, pause=0, pipe=ends, latency_us=latency, sent_at=sent_at) is None
    received = pipe("receiver", messages=5, pause=0, pipe=ends, latency_us=latency, sent_at=sent_at)
    assert received is not None
    assert received["numbers"] == [0, 1, 2, 3, 4]
    assert all(microseconds > 0 for microseconds in received["latencies_us"])
    assert latency.value == received["latencies_us"][-1]


def test_the_check_says_no() -> None:
    assert told(0, 1, 2) == ("3 messages, in order", True)
    assert told(0, 1) == ("2 messages, in order", False)
    assert told(0, 2, 1) == ("3 messages, out of order", False)
    assert told(0, 1, 1) == ("3 messages, out of order", False)
    assert told(1, 2, 3) == ("3 messages, out of order", False)

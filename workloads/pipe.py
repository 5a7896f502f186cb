"""The gallery's pipe: a sender and a receiver, and how long a message is under way."""

import time
from ctypes import Array, c_double
from multiprocessing.connection import Connection
from statistics import median
from typing import Annotated, TypedDict

from msgspec import Meta

import pooltop
from pooltop import shared

MICROSECONDS = 1e6


class Received(TypedDict):
    """What the receiver has got, in the order of arrival."""

    numbers: list[int]
    latencies_us: list[float]


def all_messages_in_order(outcome: pooltop.Outcome) -> tuple[str, str]:
    """The receiver has every number, one after the other."""
    messages = outcome.options["messages"]
    received = [result for result in outcome.results if result is not None]
    numbers = [number for result in received for number in result["numbers"]]
    latencies = [latency for result in received for latency in result["latencies_us"]]
    if latencies:
        print(f"latency: median {median(latencies):,.0f} µs, least {min(latencies):,.0f}, most {max(latencies):,.0f}")
    order = "in order" if numbers == list(range(len(numbers))) else "out of order"
    return f"{messages} messages, in order", f"{len(numbers)} messages, {order}"


@pooltop.workload(
    title="Pipe",
    section="Sharing",
    items=("sender", "receiver"),
    together=2,
    check=all_messages_in_order,
    takes_items=False,
    shared={
        "pipe": shared.Pipe(duplex=False),
        "latency_us": shared.Value("d", lock=False),
        "sent_at": shared.Array("d", shared.Option("messages"), lock=False),
    },
)
def pipe(
    end: str,
    messages: Annotated[int, Meta(ge=1, le=1_000_000)] = 400,
    size: Annotated[int, Meta(ge=0, le=100_000_000)] = 0,
    pause: Annotated[float, Meta(ge=0, le=60)] = 0.02,
    *,
    pipe: tuple[Connection, Connection],
    latency_us: c_double,
    sent_at: "Array[c_double]",
) -> Received | None:
    """A sender and a receiver at the two ends of a Pipe: numbered messages, and the time each is under way.

    What it shows: a Pipe joins two processes and no more; a queue is for any number. What goes in at one end with
    `send` comes out at the other with `recv`, whole and in order.

    Watch the messages sent and received among the counters, and `latency_us` among the shared values: the
    microseconds that the latest message took, from before `send` to after `recv`. The receiver mostly waits. Every
    message goes by way of pooltop's supervisor, which loses none when a worker dies; that is most of the latency.

    Try `--size 1000000`: each message carries a megabyte and takes longer. Try `--pause 0`: the sender does not wait
    between two messages, so they wait in the pipe for the receiver, and the latency shows it. Kill either (k): it
    begins anew, and still every message arrives once and in order.
    """
    receiver, sender = pipe
    if end == "receiver":
        return receive(receiver, messages, latency_us, sent_at)
    send(sender, messages, bytes(size), pause, sent_at)
    return None


def send(sender: Connection, messages: int, load: bytes, pause: float, sent_at: "Array[c_double]") -> None:
    """A message is a number and a load; so many seconds lie between two.

    The time is told beside the message: one that is sent again, by a worker that takes over, must be the same.
    """
    for number in pooltop.track(range(messages)):
        time.sleep(pause)
        sent_at[number] = time.monotonic()
        sender.send((number, load))
        pooltop.counter("sent").add()


def receive(receiver: Connection, messages: int, latency_us: c_double, sent_at: "Array[c_double]") -> Received:
    """As many messages as there are. Every process of a machine has the same monotonic clock."""
    received: Received = {"numbers": [], "latencies_us": []}
    for _ in pooltop.track(range(messages)):
        number, _load = receiver.recv()
        latency_us.value = round((time.monotonic() - sent_at[number]) * MICROSECONDS, 1)
        received["numbers"].append(number)
        received["latencies_us"].append(latency_us.value)
        pooltop.counter("received").add()
    return received

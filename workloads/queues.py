"""The gallery's queues: producers and consumers over one bounded Queue."""

import time
from collections import Counter
from collections.abc import Iterable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Annotated

from msgspec import Meta

import pooltop
from pooltop import shared

END = None
"""The marker that tells one consumer that nothing comes any more."""


def every_part(producers: int, consumers: int) -> list[str]:
    """An item a producer or consumer."""
    return [f"producer {number}" for number in range(producers)] + [f"consumer {number}" for number in range(consumers)]


def all_parts(producers: int, consumers: int) -> int:
    """They wait for each other, so each needs a worker of its own."""
    return producers + consumers


def everything_consumed_once(outcome: pooltop.Outcome) -> tuple[str, str]:
    """Every number that there is to produce came out once."""
    expected = Counter(range(outcome.options["producers"] * outcome.options["messages"]))
    consumed: Counter[int] = Counter()
    for part, numbers in outcome.results:
        consumed.update(numbers if part.startswith("consumer") else ())
        print(f"{part}: {len(numbers)} messages")
    return account(expected, expected), account(expected, consumed)


def account(produced: "Counter[int]", consumed: "Counter[int]") -> str:
    """How many messages came out, and what is wrong with them."""
    lost, surplus = (produced - consumed).total(), (consumed - produced).total()
    return f"{consumed.total()} consumed, {lost} lost, {surplus} too many"


@pooltop.workload(
    title="Producers and consumers",
    section="Sharing",
    items=every_part,
    together=all_parts,
    check=everything_consumed_once,
    takes_items=False,
    shared={
        "queue": shared.Queue(shared.Option("maxsize")),
        "all_produced": shared.Barrier(shared.Option("producers")),
    },
)
def queues(
    part: str,
    producers: Annotated[int, Meta(ge=1, le=32)] = 2,
    consumers: Annotated[int, Meta(ge=1, le=32)] = 2,
    messages: Annotated[int, Meta(ge=0, le=1_000_000)] = 400,
    maxsize: Annotated[int, Meta(ge=0, le=1_000_000)] = 10,  # noqa: ARG001  # of the queue
    produce: Annotated[float, Meta(ge=0, le=60)] = 0.01,
    consume: Annotated[float, Meta(ge=0, le=60)] = 0.02,
    *,
    queue: "Queue[int | None]",
    all_produced: Barrier,
) -> tuple[str, list[int]]:
    """Producers put numbers into a queue of ten places, consumers take them out; each number is consumed once.

    What it shows: a Queue between processes, and how its end is told. A producer cannot know that it is the last, so
    all producers meet at a Barrier once they have put everything, and then put an end marker for each consumer. A
    consumer stops at the first marker it gets.

    Watch the depth of the queue. Producing a number takes `produce` seconds and consuming one `consume`, twice as
    long, so the queue is soon full and the producers wait (queue wait). With `--consumers 5` it stays empty, and
    the consumers wait. `messages` is how many each producer puts.

    Try to kill a producer or a consumer (k). With `multiprocessing.Queue` that can stop everybody for ever. Here the
    producer's part begins anew, and what it had put before is not put twice; what the consumer had taken goes back
    into the queue, and others take it.
    """
    role, number = part.split()
    if role == "consumer":
        return part, consumed_from(queue, consume)
    produced = range(int(number) * messages, (int(number) + 1) * messages)
    put_all(produced, queue, produce)
    all_produced.wait()
    for _ in range(int(number), consumers, producers):  # the markers are shared out among the producers
        queue.put(END)
    return part, list(produced)


def put_all(numbers: Iterable[int], queue: "Queue[int | None]", seconds: float) -> None:
    """A producer's work, so many seconds for each number."""
    for number in numbers:
        time.sleep(seconds)
        queue.put(number)
        pooltop.counter("produced").add()


def consumed_from(queue: "Queue[int | None]", seconds: float) -> list[int]:
    """A consumer's work until the end, so many seconds for each number."""
    consumed = []
    while (number := queue.get()) is not END:
        time.sleep(seconds)
        consumed.append(number)
        pooltop.counter("consumed").add()
    return consumed

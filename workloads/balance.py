"""The gallery's balance: deposits to and withdrawals from one account, under a lock."""

import time
from ctypes import Array, c_longlong
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Lock
from typing import Annotated

from msgspec import Meta

import pooltop
from pooltop import shared

OPENING = 1000.0
AMOUNT = 10.0
NEXT_CUSTOMER = 0.002
"""Seconds between two entries of a teller."""


def tellers_by_turns(tellers: int) -> list[str]:
    """Every other one takes deposits, the others pay out."""
    return [f"{'withdrawals' if number % 2 else 'deposits'} {number}" for number in range(tellers)]


def amount_of(teller: str) -> float:
    """What an entry of this teller adds to the balance."""
    return AMOUNT if teller.startswith("deposits") else -AMOUNT


def balance_is_right(outcome: pooltop.Outcome) -> tuple[str, str]:
    """The opening balance and every entry once."""
    tellers = tellers_by_turns(outcome.options["tellers"])
    expected = OPENING + outcome.options["entries"] * sum(map(amount_of, tellers))
    return f"{expected:.2f}", f"{outcome.shared['balance'].value:.2f}"


@pooltop.workload(
    title="Shared balance",
    section="Sharing",
    items=tellers_by_turns,
    check=balance_is_right,
    takes_items=False,
    shared={
        "balance": shared.Value("d", OPENING),
        "lock": shared.Lock(),
        "entered": shared.Array("q", shared.Option("tellers"), lock=False),
    },
    baseline="none",
)
def balance(
    teller: str,
    tellers: Annotated[int, Meta(ge=1, le=64)] = 4,  # noqa: ARG001  # so many items, so many cells of `entered`
    entries: Annotated[int, Meta(ge=1, le=1_000_000)] = 300,
    hold: Annotated[float, Meta(ge=0, le=60)] = 0.008,
    *,
    balance: "Synchronized[float]",
    lock: Lock,
    entered: "Array[c_longlong]",
) -> int:
    """Deposits and withdrawals of 10.00 on one account of 1000.00, by several tellers at once.

    What it shows: two things that belong together, the balance and the book that says what has been entered, change
    under one Lock, and nobody sees the one without the other. As many deposits as withdrawals leave 1000.00.

    Watch the lock in the shared values: who holds it, and how long the others have waited. `hold` is how many seconds
    a teller keeps it for each entry; the longer, the less it helps to have more workers (`-j 4`).

    Try to kill the worker that holds the lock. With `multiprocessing.Lock` all others would wait for ever; here they
    go on at once. What cannot be mended is what it was about: it has changed the balance and not the book, so the
    entry is made again. The check then says so: expected 1000.00, actual 1010.00, one worker died inside the critical
    section. A worker that is killed while it waits, or between two entries, does no harm.
    """
    number = int(teller.split()[1])
    for _ in pooltop.track(range(entered[number], entries)):
        with lock:
            balance.value += amount_of(teller)
            time.sleep(hold)
            entered[number] += 1
        time.sleep(NEXT_CUSTOMER)
    return entered[number]

"""What the screen says of the things that workers share: their content, who holds them, who waits for them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Check, SharedKind, SharedObject, Snapshot, Speedup, Wait
from tests.tui.fake import FakeFeed, finished, running, sharing, worker
from tests.tui.stage import run_on_stage
from tui.view import details, result, shared, state, workers
from tui.view.arrangement import arrange
from tui.view.glyphs import HEAT, picture
from tui.view.line import ROLES

LOCK = SharedObject(name="lock", kind="Lock", holder=2, waits=(Wait(1, 0.4), Wait(3, 0.1)))


def shown(*things: SharedObject, width: int = 80, height: int = 20) -> list[str]:
    return [row.text.rstrip() for row in shared.lines(things, width, height)]


def texts(kind: SharedKind, **fields: object) -> str:
    thing = msgspec.structs.replace(SharedObject(name="it", kind=kind), **fields)
    return " ".join(shown(thing)[0].split())


@pytest.mark.parametrize(
    ("text", "kind", "fields"),
    [
        ("it Value 1,000", "Value", {"value": 1000.0}),
        ("it Value 1,010.25", "Value", {"value": 1010.25}),
        ("it Value 2,500,000", "Value", {"value": 2_500_000}),
        ("it Value True", "Value", {"value": True}),
        (r"it Value '\x1b'", "Value", {"value": "\x1b"}),
        ("it Value –", "Value", {}),
        ("it Value 5 held by 2 · 1 waiting 99 ms", "Value", {"value": 5, "holder": 2, "waits": (Wait(1, 0.099),)}),
        ("it Array 3 0 1 2 of 3 not 0", "Array", {"size": 3, "cells": (3, 0, 1)}),
        ("it Array 'a text'", "Array", {"size": 6, "value": "a text"}),
        ("it Lock free", "Lock", {}),
        ("it RLock held by 3", "RLock", {"holder": 3}),
        ("it Condition free 2 waiting 1.50 s", "Condition", {"waits": (Wait(1, 1.5), Wait(2, 0.5))}),
        ("it Semaphore 3 free", "Semaphore", {"value": 3}),
        ("it Event clear", "Event", {"value": False}),
        ("it Event set", "Event", {"value": True}),
        ("it Barrier [|| ] 2 of 4", "Barrier", {"depth": 2, "capacity": 4}),
        ("it Queue [|||||| ] 25 of 50", "Queue", {"depth": 25, "capacity": 50}),
        ("it JoinableQueue 1 message", "JoinableQueue", {"depth": 1}),
        ("it Pipe –", "Pipe", {}),
    ],
)
def test_each_kind_says_what_it_holds(text: str, kind: SharedKind, fields: dict[str, object]) -> None:
    assert texts(kind, **fields) == text


def test_a_lock_names_its_holder_and_how_long_the_first_has_waited() -> None:
    assert " ".join(shown(LOCK)[0].split()) == "lock Lock held by 2 2 waiting 0.40 s"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_columns_stand_still_while_contents_change(width: int) -> None:
    queue = SharedObject(name="orders", kind="Queue", depth=1, capacity=1000)
    now = shown(LOCK, queue, width=width)
    later = shown(msgspec.structs.replace(LOCK, holder=None), msgspec.structs.replace(queue, depth=999), width=width)
    assert now[0].index("held by 2") == later[0].index("free")
    assert now[0].index("2 waiting") == later[0].index("2 waiting")
    assert now[1].find("[") == later[1].find("[")


def test_a_long_array_is_a_picture_that_fills_up() -> None:
    cells = tuple(float(n < 300) for n in range(400))
    rows = shown(SharedObject(name="primes", kind="Array", size=400, cells=cells), width=70)
    assert rows[0].split() == ["primes", "Array", "300", "of", "400", "not", "0"]
    drawn = "".join(row.partition("[")[2].partition("]")[0] for row in rows[1:])
    assert len(rows) == 5
    assert drawn.rstrip() == "█" * round(len(drawn) * 300 / 400)


def test_without_lines_to_spare_the_picture_stands_on_the_arrays_own() -> None:
    cells = tuple(n + 1 for n in range(400))
    [row] = shown(SharedObject(name="primes", kind="Array", size=100_000, cells=cells), height=1)
    assert "▁" in row and "█" in row and row.endswith("about 100 % of 100,000 not 0")


@given(
    cells=st.lists(st.integers(-5, 5) | st.floats(), max_size=300),
    width=st.integers(1, 100),
)
def test_a_picture_is_blank_exactly_where_all_is_zero(cells: list[float], width: int) -> None:
    drawn = picture(cells, width)
    assert len(drawn) == min(len(cells), width)
    assert set(drawn) <= set(HEAT + " ?")
    if len(drawn) == len(cells):
        assert [sign == " " for sign in drawn] == [cell == 0 for cell in cells]
    assert (not drawn.strip()) == (not any(cells))


def test_a_picture_rises_from_the_least_to_the_most() -> None:
    assert picture(range(8), 8) == " ▁▂▃▅▆▇█"
    assert picture([5, 5, 0, 5], 4) == "██ █"
    assert picture([-3, 0, 3], 3) == "▁ █"
    assert picture([float("nan"), 1], 2) == "?█"
    assert picture([1, -1, 0, 0], 2) == "█ "


def test_what_finds_no_line_of_its_own_shares_the_last_one() -> None:
    things = sharing().shared
    rows = shown(*things, height=4)
    assert [row.split()[0] for row in rows] == ["balance", "cells", "lock", "orders"]
    assert rows[3].split(" · ")[1:] == ["gate [||  ] 2 of 4", "ready clear", "+ 2 more"]
    assert shown(*things, height=1, width=50) == [" balance 1,010.5, 1 waiting 12 ms · + 7 more"]
    assert shown(*things, height=1, width=30) == [" 8 shared: balance 1,010.5, 1…"]


@pytest.mark.parametrize("state_", ["lock wait", "queue wait", "event wait"])
def test_waiting_is_a_word_in_the_table_and_says_for_what(state_: str) -> None:
    waiting = worker(1, state=state_, item="3", waits_for="lock")
    row = workers.lines(running(workers=(waiting,)), None, 0, 120, 8, True)[1].text
    assert row.split()[2:4] == state_.split() and "waits for lock  " in row
    assert state.WORKER_ROLES[waiting.state] == "wait" and "wait" in ROLES


def test_a_narrow_table_drops_what_is_waited_for_before_the_item() -> None:
    waiting = worker(1, state="lock wait", waits_for="a_lock_with_a_long_name")
    row = workers.lines(running(workers=(waiting,)), None, 0, 80, 8, True)[1].text
    assert "IMG_2201.jpg" in row and "waits for" not in row


def test_the_details_say_what_is_waited_for_and_who_holds_it() -> None:
    def facts(slot: int) -> str:
        return "\n".join(row.text for row in details.lines(sharing(), slot, 90, 20))

    assert "lock wait  waits for lock, held by worker 2, for 0.40 s" in facts(1)
    assert "lock wait  waits for lock, held by worker 2, for 0.10 s" in facts(3)
    assert "running  holds balance, lock" in facts(2)
    assert "queue wait  waits for orders, for 1.20 s" in facts(4)


def test_the_status_line_says_when_a_frozen_worker_holds_up_others() -> None:
    crew = (worker(1, state="lock wait", waits_for="lock"), worker(2, state="stopped"))
    frozen = running(workers=crew, shared=(LOCK,))
    assert state.explanation(frozen).text == "Worker 2 is stopped and holds lock: 2 workers waiting. p lets it go on."


def test_the_result_and_the_status_line_show_what_may_have_put_a_value_off() -> None:
    note = "one worker died inside the critical section of lock"
    end = finished(check=Check(1000.0, 1010.0, False, (note, "2 items ran again")))
    rows = [row.text.strip() for row in result.lines(end, 120, 20)]
    at = next(number for number, row in enumerate(rows) if row.startswith("check"))
    assert rows[at].split(maxsplit=1)[1] == "✘ expected 1000.0  actual 1010.0"
    assert rows[at + 1 : at + 3] == [note, "2 items ran again"]
    assert note in state.explanation(end).text
    assert result.wanted(end, 120) == len(result.lines(end, 120, 40))


@pytest.mark.parametrize("size", [(140, 40), (120, 24), (80, 24), (50, 15), (40, 12)])
@pytest.mark.parametrize("snapshot", [sharing(), sharing(speedup=finished().speedup)], ids=["alone", "compared"])
async def test_the_shared_values_are_seen_at_any_size(snapshot: Snapshot, size: tuple[int, int]) -> None:
    async with run_on_stage(FakeFeed(snapshot), size=size) as stage:
        await stage.until_shown("1,010.5")
        await stage.until_shown("lock wait")
        await stage.tell(msgspec.structs.replace(snapshot, shared=(LOCK,)))
        await stage.until_shown("held by 2")


def test_the_shared_values_have_the_speedups_place_where_nothing_is_compared() -> None:
    alone, compared = (arrange(snapshot, 140, 36).boxes for snapshot in (sharing(), sharing(speedup=running().speedup)))
    assert "speedup" not in alone and alone["shared"].y == alone["cores"].y
    assert compared["speedup"].y == compared["cores"].y and compared["shared"].y == compared["log"].y
    assert arrange(sharing(counters={}), 140, 36).boxes["log"].width == 140


async def test_there_is_no_panel_where_nothing_is_shared() -> None:
    async with run_on_stage(FakeFeed(running(speedup=Speedup())), size=(140, 40)) as stage:
        assert "Shared values" not in stage.text and "not measured" in stage.text

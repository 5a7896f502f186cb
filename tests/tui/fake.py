"""Made-up snapshots that change over time, and a feed and an engine of them; `python -m tests.tui.fake` shows them."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Sequence

import msgspec

from pooltop.model import (
    Baseline,
    Check,
    Command,
    Core,
    Failure,
    LogLine,
    Progress,
    Reply,
    RunSpec,
    SharedObject,
    Snapshot,
    Speedup,
    Wait,
    Worker,
)
from pooltop.work.describe import Description, Parameter
from tui.engine import Refused

BEGAN = 1_763_819_000.0
TOTAL = 480


SEGFAULT = Failure(
    index=9,
    item="IMG_2193.jpg",
    error="SIGSEGV",
    attempts=3,
    seconds=1.4,
    memory=61_000_000,
    last_lines=("opening", "\x1b[31mhalf read"),
    traceback='Fatal Python error: Segmentation fault\n\n  File "/home/you/blur.py", line 12 in blur\n',
)


def worker(slot: int, **changes: object) -> Worker:
    """A worker in the midst of an item."""
    plain = Worker(
        slot=slot,
        pid=48210 + slot,
        started=BEGAN + slot,
        state="running",
        cpu=99.0 - slot % 7,
        memory=58_000_000 + 1_000_000 * slot,
        item=f"IMG_{2200 + slot}.jpg",
        item_index=slot,
        seconds=0.3,
        done=60 + slot,
        rate=6.0,
    )
    return msgspec.structs.replace(plain, **changes)


def logged(number: int, text: str, **changes: object) -> LogLine:
    """A line of the log, a second after the one before."""
    plain = LogLine(number=number, time=BEGAN + number, kind="event", text=text)
    return msgspec.structs.replace(plain, **changes)


def running(size: int = 4, **changes: object) -> Snapshot:
    """A run that is half through, with something of everything on show."""
    crew = [worker(slot) for slot in range(1, size + 1)]
    crew[0] = msgspec.structs.replace(crew[0], progress=0.45)
    if size > 1:
        crew[1] = msgspec.structs.replace(crew[1], restarts=1, note="killed by you", pid=48977)
    if size > 2:
        crew[2] = msgspec.structs.replace(crew[2], state="stopped", cpu=0.0, seconds=12.4, rate=0.0)
    if size > 3:
        crew[3] = worker(
            4, state="importing", cpu=None, memory=None, item=None, seconds=None, restarts=2, note="out of memory"
        )
    plain = Snapshot(
        run="20251122-140200-blur",
        workload="blur",
        state="running",
        time=BEGAN + 102,
        elapsed=102.0,
        directory="/home/you/.local/state/pooltop/runs/20251122-140200-blur",
        workers_requested=size,
        workers_started=size + 3,
        workers_killed=3,
        workers=tuple(crew),
        cores=tuple(Core(98.0 - 27 * (n % 4), tuple(range(0, 100, 5))) for n in range(4)),
        progress=Progress(total=TOTAL, done=241, failed=3, retried=2, rate=24.1, eta=130.0),
        counters={"pixels": 28_900_112_384, "megabytes written": 1893.25},
        speedup=Speedup(
            baseline=Baseline(371.0, "full"), seconds=102.0, startup_seconds=0.3, speedup=3.61, efficiency=0.9
        ),
        failures=(
            Failure(index=7, item="IMG_2190.jpg", error="UnidentifiedImageError: cannot identify image file"),
            SEGFAULT,
            Failure(index=11, item="notes.txt", error="skipped by you"),
        ),
        log=(
            LogLine(
                number=1,
                time=BEGAN,
                kind="event",
                text="worker 2 (48214) killed by you, SIGKILL; IMG_2190.jpg goes back",
            ),
            LogLine(number=2, time=BEGAN + 1, kind="event", text="worker 2 is 48977, at work after 14 ms"),
            LogLine(
                number=3,
                time=BEGAN + 2,
                kind="out",
                text="big one: 6000 x 4000",
                slot=1,
                pid=48211,
                item="IMG_2212.jpg",
            ),
            LogLine(
                number=4,
                time=BEGAN + 3,
                kind="err",
                text="UserWarning: EXIF lost",
                slot=3,
                pid=48213,
                item="IMG_2198.jpg",
            ),
        ),
    )
    return msgspec.structs.replace(plain, **changes)


def sharing(**changes: object) -> Snapshot:
    """A run whose workers share one of everything; three of them stand in line for a lock."""
    crew = (
        worker(1, state="lock wait", item="3", item_index=3, cpu=0.4, waits_for="lock", seconds=0.8),
        worker(2, item="5", item_index=5),
        worker(3, state="lock wait", item="6", item_index=6, cpu=0.0, waits_for="lock", seconds=0.3),
        worker(4, state="queue wait", item="7", item_index=7, cpu=0.0, waits_for="orders", seconds=1.3),
    )
    shared = (
        SharedObject(name="balance", kind="Value", value=1010.5, holder=2, waits=(Wait(3, 0.012),)),
        SharedObject(name="cells", kind="Array", size=500, cells=tuple(n % 83 if n < 412 else 0 for n in range(500))),
        SharedObject(name="lock", kind="Lock", holder=2, waits=(Wait(1, 0.4), Wait(3, 0.1))),
        SharedObject(name="orders", kind="Queue", depth=12, capacity=50, waits=(Wait(4, 1.2),)),
        SharedObject(name="gate", kind="Barrier", depth=2, capacity=4),
        SharedObject(name="ready", kind="Event", value=False),
        SharedObject(name="seats", kind="Semaphore", value=3),
        SharedObject(name="line", kind="Pipe", depth=1),
    )
    plain = running(workload="balance", workers=crew, shared=shared, counters={"deposits": 241}, speedup=Speedup())
    return msgspec.structs.replace(plain, **changes)


def finished(**changes: object) -> Snapshot:
    """The same run at its end."""
    plain = running(
        state="finished",
        elapsed=226.0,
        progress=Progress(total=TOTAL, done=TOTAL - 3, failed=3, retried=2, rate=None, eta=None),
        speedup=Speedup(
            baseline=Baseline(809.0, "full"),
            seconds=226.0,
            startup_seconds=0.3,
            speedup=3.58,
            speedup_with_startup=3.57,
            efficiency=0.895,
            final=True,
        ),
        check=Check("477 readable pictures", "477 readable pictures", True),
        outputs=("/home/you/.local/state/pooltop/runs/20251122-140200-blur/output",),
    )
    return msgspec.structs.replace(plain, **changes)


def stopped(**changes: object) -> Snapshot:
    """A resumed run that a person has stopped again."""
    plain = running(
        state="stopped",
        progress=Progress(total=TOTAL, done=241, failed=3, kept=120),
        speedup=Speedup(),
        notes=(
            "2 items are new, 14 stand elsewhere now; 1 of the old results matches nothing any more: that of item 17",
        ),
    )
    return msgspec.structs.replace(plain, **changes)


def at(second: float, workers: int, cores: int) -> Snapshot:
    """The run as it looks so many seconds after its beginning."""
    done = min(int(second * 8), TOTAL)
    wave = [50 + 50 * math.sin(second / 3 + n) for n in range(cores)]
    history = [[round(50 + 50 * math.sin((second - k / 2) / 3 + n)) for k in range(40, 0, -1)] for n in range(cores)]
    moving = msgspec.structs.replace(
        running(workers),
        time=BEGAN + second,
        elapsed=second,
        cores=tuple(Core(wave[n], tuple(history[n])) for n in range(cores)),
        progress=Progress(total=TOTAL, done=done, failed=3, rate=8.0, eta=(TOTAL - done) / 8),
    )
    crew = tuple(
        msgspec.structs.replace(w, item=w.item and f"IMG_{done + w.slot:04}.jpg", done=w.done + done // workers)
        for w in moving.workers
    )
    return msgspec.structs.replace(moving, workers=crew)


class FakeFeed:
    """A feed that a test fills; it keeps the commands it was sent."""

    def __init__(self, *news: Snapshot | Exception | None, reply: Reply | Exception | None = None) -> None:
        self.commands: list[Command] = []
        self.closed = False
        self.reply = reply
        self._waiting: asyncio.Queue[Snapshot | Exception | None] = asyncio.Queue()
        for each in news:
            self.tell(each)

    def tell(self, news: Snapshot | Exception | None) -> None:
        """The next snapshot; an exception breaks the connection, None ends it."""
        self._waiting.put_nowait(news)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """See `Feed`."""
        while (news := await self._waiting.get()) is not None:
            if isinstance(news, Exception):
                raise news
            yield news

    async def ask(self, command: Command) -> Reply:
        """See `Feed`."""
        self.commands.append(command)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply or Reply(len(self.commands), True, f"done: {command}")

    async def close(self) -> None:
        """See `Feed`."""
        self.closed = True


class MovingFeed(FakeFeed):
    """Tells of a run as time goes by, for looking at it."""

    def __init__(self, workers: int, cores: int, seconds: float) -> None:
        super().__init__()
        self._shape = (workers, cores)
        self._seconds = seconds

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """See `Feed`."""
        second = 0.0
        while second < self._seconds:
            yield at(second, *self._shape)
            await asyncio.sleep(0.5)
            second += 0.5
        yield finished()


class FakeEngine:
    """An engine with two workloads and one function of the user's own; it keeps what it was asked to start."""

    def __init__(self, *, refusal: Refused | None = None) -> None:
        self.started: list[RunSpec] = []
        self.feeds: list[FakeFeed] = []
        self.refusal = refusal

    def gallery(self) -> Sequence[Description]:
        """See `Engine`."""
        return [BLUR, described("hello", "Hello", "Basics"), *OTHERS]

    def describe(self, workload: str) -> Description:
        """See `Engine`."""
        if workload not in ("tasks:resize", "tasks:resize_twice"):
            raise Refused(f"there is no {workload}")
        found = described(workload, workload, "")
        return msgspec.structs.replace(found, baseline="full") if workload.endswith("twice") else found

    def default_workers(self) -> int:
        """See `Engine`."""
        return 3

    async def start(self, spec: RunSpec) -> FakeFeed:
        """See `Engine`."""
        self.started.append(spec)
        if self.refusal is not None:
            raise self.refusal
        self.feeds.append(FakeFeed(running(workload=spec.workload)))
        return self.feeds[-1]


def described(workload: str, title: str, section: str, *parameters: Parameter) -> Description:
    """A workload, as its source shows it; one of the gallery is run twice."""
    doc = f"What {title} does.\n\nAnd a second\nparagraph."
    source = f"def {workload.rpartition(':')[2]}(item):\n    return item\n"
    return Description(
        workload=workload,
        title=title,
        section=section,
        doc=doc,
        source=source,
        path=f"/home/me/{workload.partition(':')[0].removesuffix('.py')}.py",
        parameters=parameters,
        baseline="none" if ":" in workload else "full",
    )


BLUR = described(
    "blur",
    "Blur pictures",
    "Real work",
    Parameter("radius", "Annotated[float, Meta(ge=0)]", "8.0"),
    Parameter("mode", "Literal['box', 'gauss']", "'gauss'"),
    Parameter("keep_size", "bool", "True"),
    Parameter("out", "Path", "Path('output')"),
)
OTHERS = [
    Description(
        workload="melt",
        title="melt",
        section="Installed",
        distribution="acme-tools",
        summary="cannot be used: no module named 'acme' is installed",
    ),
    described("tasks.py:shrink", "shrink", "From tasks.py", Parameter("factor", "float", "0.5")),
]


def main() -> None:
    """Show a made-up run: `python -m tests.tui.fake [workers [cores [seconds]]]`."""
    from tui.app import show
    from tui.dashboard import Dashboard

    workers, cores, seconds = [*map(int, sys.argv[1:]), *(4, 4, 60)[len(sys.argv) - 1 :]]

    async def watch() -> MovingFeed:
        return MovingFeed(workers, cores, seconds)

    raise SystemExit(show(Dashboard(FakeEngine(), watch)))


if __name__ == "__main__":
    main()

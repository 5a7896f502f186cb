"""The plain data that every part shares: what a run was asked to do, what it looks like now, what a person asks of it.

Everything that can be watched produces `Snapshot`s and takes `Command`s; everything that shows consumes `Snapshot`s.
Neither side knows the other. All of it crosses sockets as MessagePack or JSON (msgspec), never as pickles.

Units: times are seconds (`time` is seconds since the epoch), memory is bytes, CPU is percent of one core.
"""

from typing import Literal, TypeAlias

import msgspec

Number: TypeAlias = int | float

StartMethod: TypeAlias = Literal["forkserver", "spawn", "fork"]
BaselineMethod: TypeAlias = Literal["full", "none"]

RunState: TypeAlias = Literal[
    "starting",  # the fork server imports the user's module, the first workers start
    "baseline",  # the same items in a plain loop in one process
    "running",
    "paused",  # the whole pool, by a person
    "checking",  # every item has ended; the check and the output file are under way
    "finished",  # every item has an end
    "stopped",  # by a person
    "failed",  # the start, the source or a halt rule failed; `Snapshot.reason` says how
]
ENDED: frozenset[RunState] = frozenset({"finished", "stopped", "failed"})

WorkerState: TypeAlias = Literal[
    "starting",  # the process is being made
    "importing",  # importing the user's module, running `setup`
    "waiting",  # nothing to do
    "unpickling",
    "running",
    "lock wait",  # the item waits for a shared Lock, RLock or Semaphore
    "queue wait",  # the item waits for a shared Queue, JoinableQueue or Pipe
    "event wait",  # the item waits for a shared Event, Barrier or Condition
    "sending",  # handing results back
    "paused",  # frozen by pooltop
    "stopped",  # frozen from outside (SIGSTOP)
    "ending",  # will end after its present item
    "dead",  # gone, its replacement is not there yet
    "ended",  # gone, with nothing left to do
]


Slowness: TypeAlias = Literal["", "computing", "waiting"]
"""Of an item that takes unusually long: its CPU is busy, or idle; "" is an ordinary item."""


Resumption: TypeAlias = Literal["", "all", "failed"]
"""What a run that is gone on with is to do: nothing ("" is a first session), all that has no result, the failures."""


class Halt(msgspec.Struct, frozen=True):
    """When too many failures end a run (`--halt now,fail=3`); one of `count` and `percent` is given."""

    when: Literal["now", "soon"]
    """`soon`: give out nothing more, but let what is in hand end."""
    count: int | None = None
    """Failed items."""
    percent: float | None = None
    """Of the items that have ended, once three have failed."""

    def __str__(self) -> str:
        return f"{self.when},fail={self.count if self.percent is None else f'{self.percent:g}%'}"


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked to do; kept in its journal, enough to run it again."""

    workload: str
    """As the person named it: `blur`, `mypkg.tasks:resize`, `./script.py:resize`."""
    options: tuple[str, ...] = ()
    """The words for the function's own options, unconverted: `("--radius", "3")`."""
    items: str | None = None
    """The item source as given (`range:8`, a folder, ...); None is the workload's own."""
    workers: int | None = None
    """None: as many as there are CPUs, or as the workload's parts need together, and not more than there are items."""
    chunksize: int | None = None
    """Items per range; None lets the engine choose."""
    start_method: StartMethod = "forkserver"
    retries: int = 2
    """How often more an item is tried that ended its worker, or took too long or too much memory."""
    retry_exceptions: bool = False
    """Retry an item that raised, too."""
    timeout: float | None = None
    """Seconds that an item may take."""
    timeout_percent: float | None = None
    """The same as a share of the running median, once ten items are done."""
    memory_limit: int | None = None
    """Resident bytes of a worker, its children included."""
    halt: Halt | None = None
    maxtasksperchild: int | None = None
    """Items after which a worker is replaced."""
    baseline: BaselineMethod = "none"
    directory: str
    """The working directory of the command."""
    environment: tuple[str, ...] = ()
    """Names of the environment variables at the start (never their values)."""
    output: str | None = None
    """File for the return values as JSON lines (`-o`), absolute."""
    joblog: str | None = None
    """File to which a line for each ended item is appended (`--joblog`), absolute."""
    joblog_anew: bool = False
    """What it holds when the run begins is removed."""
    hash_seed: int = 0
    """PYTHONHASHSEED of every process of the run, and of its resumptions."""


class Core(msgspec.Struct, frozen=True):
    """One CPU core of the machine."""

    percent: float
    history: tuple[int, ...] = ()
    """Whole percents, one a sample, oldest first."""


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One worker slot; the slot number outlives the PID. Slot 0 is the sequential baseline while it runs."""

    slot: int
    pid: int | None
    started: float | None = None
    """When the process was made, seconds since the epoch; with `pid` it identifies the process."""
    state: WorkerState
    cpu: float | None = None
    """Percent of one core over the last interval, its children included; None before the second sample."""
    memory: int | None = None
    """Resident bytes, its children included."""
    item: str | None = None
    """Label of the item in hand; of the first one where items take less than a millisecond."""
    item_index: int | None = None
    """Position of that item in the input, from 0."""
    seconds: float | None = None
    """How long the item has been in hand."""
    progress: float | None = None
    """0 to 1 inside the item, where the function uses `pooltop.track`."""
    done: int = 0
    """Items ended in this slot, all its processes together."""
    rate: float | None = None
    """Items per second over the last seconds."""
    restarts: int = 0
    slow: Slowness = ""
    """The item takes more than five times the median: with its CPU busy, or idle."""
    waits_for: str = ""
    """Name of the shared object that the item waits for."""
    note: str = ""
    """Why the last process of this slot ended: `killed by you`, `SIGSEGV`."""


SharedKind: TypeAlias = Literal[
    "Value",
    "Array",
    "Lock",
    "RLock",
    "Semaphore",
    "Event",
    "Barrier",
    "Condition",
    "Queue",
    "JoinableQueue",
    "Pipe",
]


class Wait(msgspec.Struct, frozen=True):
    """One worker that waits for a shared object."""

    slot: int
    seconds: float


class SharedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a workload's workers share, as it is now."""

    name: str
    kind: SharedKind
    value: Number | bool | str | None = None
    """A Value's content, the text of an Array of characters, a Semaphore's permits, whether an Event is set."""
    size: int | None = None
    """An Array's number of cells."""
    cells: tuple[Number | bool, ...] = ()
    """An Array's content: all of it where it is short, else cells at even distances."""
    depth: int | None = None
    """Messages in a Queue or Pipe, workers that wait at a Barrier."""
    capacity: int | None = None
    """A Queue's maxsize, a Barrier's parties; None is unbounded."""
    holder: int | None = None
    """The slot whose worker holds the lock: itself, that of a Value or an Array, or a Condition's."""
    waits: tuple[Wait, ...] = ()
    """Who waits for it, the longest first."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Items counted, whatever they are packed in."""

    total: int | None = None
    """None while the source has not said how many there are."""
    done: int = 0
    failed: int = 0
    retried: int = 0
    """Executions beyond the first of items whose worker died."""
    kept: int = 0
    """How many of `done` and `failed` had ended before the run was resumed."""
    rate: float | None = None
    """Items ended per second, over the last seconds."""
    eta: float | None = None
    """Seconds left; None is unknown."""


class Baseline(msgspec.Struct, frozen=True):
    """What the same items cost one process."""

    seconds: float
    method: Literal["full"]


class Speedup(msgspec.Struct, frozen=True, kw_only=True):
    """Sequential against parallel; formulas in `speedup.py`."""

    baseline: Baseline | None = None
    seconds: float | None = None
    """From the first dispatch to the last result (so far), pauses included."""
    startup_seconds: float | None = None
    speedup: float | None = None
    speedup_with_startup: float | None = None
    efficiency: float | None = None
    """Speedup per worker, 0 to 1 (over 1 is superlinear); per worker on average where the pool was resized."""
    final: bool = False
    """False: an estimate while the run goes on."""


class Check(msgspec.Struct, frozen=True):
    """The outcome of a workload's check; what JSON cannot hold is its repr."""

    expected: object
    actual: object
    ok: bool
    notes: tuple[str, ...] = ()
    """What may have put a shared value off: `one worker died inside the critical section of lock`."""
    printed: tuple[str, ...] = ()
    """What the check has printed, the first lines."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One item that has ended without a result."""

    index: int
    item: str
    error: str
    """One line: `ValueError: bad header`, `SIGSEGV`, `exit code 5`, `timed out after 30 s`, `memory: 2.1 GB, over the
    limit of 2 GB`, `skipped by you`."""
    attempts: int = 1
    traceback: str = ""
    """Of the exception; of a process that died or was ended, what it could still write of its stack."""
    seconds: float | None = None
    """How long its last attempt took."""
    memory: int | None = None
    """Resident bytes of its worker when that was last looked at, for an item that ended with its worker."""
    last_lines: tuple[str, ...] = ()
    """What it had printed last; of an item that ended with its worker, what that one had."""


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that user code printed, or an event of the run."""

    number: int
    """Rises by one a line; a screen that has seen n wants those above n."""
    time: float
    kind: Literal["event", "out", "err"]
    text: str
    slot: int | None = None
    pid: int | None = None
    item: str | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A run at one instant: all that a screen, `--json` or a test ever needs."""

    run: str
    workload: str
    state: RunState
    time: float
    reason: str = ""
    """Why it failed or what it waits for, one line."""
    elapsed: float = 0.0
    """Since the run began, baseline included; stands still once it has ended."""
    directory: str = ""
    """The run's own directory."""
    workers_requested: int = 1
    together: int = 1
    """So many items must run at the same time."""
    workers_started: int = 0
    """Worker processes made so far, replacements included."""
    workers_killed: int = 0
    """Worker processes that ended otherwise than by finishing their work."""
    pids: tuple[int, ...] = ()
    """Of every worker process so far, the newest thousand."""
    workers: tuple[Worker, ...] = ()
    cores: tuple[Core, ...] = ()
    progress: Progress = Progress()
    counters: dict[str, Number] = {}
    shared: tuple[SharedObject, ...] = ()
    """What the workload declares as shared, in its order."""
    speedup: Speedup = Speedup()
    check: Check | None = None
    failures: tuple[Failure, ...] = ()
    """The newest hundred."""
    log: tuple[LogLine, ...] = ()
    """The newest two hundred."""
    outputs: tuple[str, ...] = ()
    """Files and folders that this run writes for the person."""
    notes: tuple[str, ...] = ()
    """What a person should know of how the result came about, a line each: what a resumed run found changed."""


# What a person asks of a run. A `pid` that is given must still be the slot's, else the command is refused.


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Send a signal; STOP is `Pause` and CONT is `Resume` for that worker."""

    slot: int
    signal: str = "TERM"
    """A name without SIG."""
    pid: int | None = None


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Replace the worker after its present item, or now."""

    slot: int
    now: bool = False
    pid: int | None = None


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """Freeze a worker with its children (None: the pool); with `wait` present items end first."""

    slot: int | None = None
    wait: bool = False
    pid: int | None = None


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Let a paused worker (None: the pool) go on."""

    slot: int | None = None
    pid: int | None = None


class Skip(msgspec.Struct, frozen=True, tag="skip"):
    """Give up the item in the worker's hand: it fails with `skipped by you`."""

    slot: int
    pid: int | None = None
    item_index: int | None = None
    """Where given, skip only if this is still the item in hand."""


class Resize(msgspec.Struct, frozen=True, tag="resize"):
    """Make it n workers; those too many end their item first."""

    workers: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the run now; what is finished is kept."""


Command: TypeAlias = Kill | Restart | Pause | Resume | Skip | Resize | Stop


class Request(msgspec.Struct, frozen=True, tag="request"):
    """A command on the wire, numbered by its sender."""

    number: int
    command: Command


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Send me snapshots, this many a second."""

    hz: float = 2.0


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """What became of a request."""

    number: int
    ok: bool
    text: str
    """One line for a person: what was done, or why not."""


class Update(msgspec.Struct, frozen=True, tag="update"):
    """A snapshot on the wire."""

    snapshot: Snapshot

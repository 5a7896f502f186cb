"""Any snapshot at all, for hypothesis."""

from typing import get_args

from hypothesis import strategies as st

from pooltop.model import (
    Baseline,
    Check,
    Core,
    Failure,
    LogLine,
    Progress,
    RunState,
    SharedKind,
    SharedObject,
    Snapshot,
    Speedup,
    Wait,
    Worker,
    WorkerState,
)

NASTY = ["", "写真.jpg", "👩\u200d👩\u200d👧.png", "\x1b[2Jgone", "a\u202eb", "\udcff", "e\u0301" * 9, "❤\ufe0f"]
texts = st.text(max_size=30) | st.sampled_from(NASTY)
numbers = st.floats() | st.floats(0, 1e7)
counts = st.integers(0, 2**40)
maybe = st.none() | numbers
worker_strategy = st.builds(
    Worker,
    slot=st.integers(0, 10_000),
    pid=st.none() | st.integers(1, 4_194_304),
    started=maybe,
    state=st.sampled_from(get_args(WorkerState)),
    cpu=maybe,
    memory=st.none() | counts,
    item=st.none() | texts,
    item_index=st.none() | counts,
    seconds=maybe,
    progress=maybe,
    done=counts,
    rate=maybe,
    restarts=counts,
    slow=st.sampled_from(["", "computing", "waiting"]),
    waits_for=texts,
    note=texts,
)
shared_objects = st.builds(
    SharedObject,
    name=texts,
    kind=st.sampled_from(get_args(SharedKind)),
    value=st.none() | st.integers(-(2**63), 2**63) | numbers | st.booleans() | texts,
    size=st.none() | counts,
    cells=st.lists(st.integers(-(2**63), 2**63) | st.floats() | st.booleans(), max_size=300).map(tuple),
    depth=st.none() | counts,
    capacity=st.none() | counts,
    holder=st.none() | st.integers(0, 10_000),
    waits=st.lists(st.builds(Wait, st.integers(0, 10_000), numbers), max_size=4).map(tuple),
)
snapshots = st.builds(
    Snapshot,
    run=texts,
    workload=texts,
    state=st.sampled_from(get_args(RunState)),
    time=numbers,
    reason=texts,
    elapsed=numbers,
    directory=texts,
    workers_requested=st.integers(1, 1000),
    workers_started=counts,
    workers_killed=counts,
    workers=st.lists(worker_strategy, max_size=6, unique_by=lambda w: w.slot).map(tuple),
    cores=st.lists(
        st.builds(Core, percent=numbers, history=st.lists(st.integers(-5, 200), max_size=50).map(tuple)), max_size=140
    ).map(tuple),
    progress=st.builds(
        Progress,
        total=st.none() | counts,
        done=counts,
        failed=counts,
        retried=counts,
        kept=counts,
        rate=maybe,
        eta=maybe,
    ),
    counters=st.dictionaries(texts, st.integers(-(2**63), 2**63) | numbers, max_size=5),
    shared=st.lists(shared_objects, max_size=8).map(tuple),
    speedup=st.builds(
        Speedup,
        baseline=st.none() | st.builds(Baseline, seconds=numbers, method=st.just("full")),
        seconds=maybe,
        startup_seconds=maybe,
        speedup=maybe,
        speedup_with_startup=maybe,
        efficiency=maybe,
        final=st.booleans(),
    ),
    check=st.none()
    | st.builds(
        Check,
        expected=texts | counts,
        actual=texts | counts,
        ok=st.booleans(),
        notes=st.lists(texts, max_size=3).map(tuple),
    ),
    failures=st.lists(
        st.builds(
            Failure,
            index=counts,
            item=texts,
            error=texts,
            attempts=counts,
            traceback=texts,
            seconds=maybe,
            memory=st.none() | counts,
            last_lines=st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=12,
    ).map(tuple),
    log=st.lists(
        st.builds(
            LogLine,
            number=counts,
            time=numbers,
            kind=st.sampled_from(["event", "out", "err"]),
            text=texts,
            slot=st.none() | st.integers(0, 9),
            pid=st.none() | counts,
            item=st.none() | texts,
        ),
        max_size=5,
    ).map(tuple),
    outputs=st.lists(texts, max_size=2).map(tuple),
    notes=st.lists(texts | st.text(max_size=200), max_size=2).map(tuple),
)

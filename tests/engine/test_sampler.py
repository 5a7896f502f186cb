"""The sampler against real processes: what they use is seen exactly once, whoever ends in the middle."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from pooltop.run import sampler as sampler_module
from pooltop.run.sampler import MachineSample, ProcessSample, Sampler, stopped

PUPPET = """
import os, subprocess, sys, time

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def spawn():
    return subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[1]], stdin=-1, stdout=-1, text=True)

def tell(child, statement):
    child.stdin.write(statement + "\\n"); child.stdin.flush()
    child.stdout.readline()

for statement in sys.stdin:
    exec(statement)
    print("done", flush=True)
"""


class Puppet:
    """A process that does what it is told, statement by statement, with all its children in a session of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PUPPET, PUPPET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self.process.pid

    def do(self, statement: str) -> None:
        """Returns when it is done."""
        self.begin(statement)
        assert self.process.stdout and self.process.stdout.readline() == "done\n"

    def begin(self, statement: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(statement + "\n")
        self.process.stdin.flush()

    def is_done(self) -> bool:
        """Whether what was begun is."""
        assert self.process.stdout
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def puppets() -> Iterator[Callable[[], Puppet]]:
    with ExitStack() as stack:

        def make() -> Puppet:
            puppet = Puppet()
            stack.callback(puppet.end)
            puppet.do("pass")
            return puppet

        yield make


class Watch:
    """Samples one process, and knows the seconds between two samples from outside."""

    def __init__(self, pid: int) -> None:
        self.sampler = Sampler()
        self.pid = pid
        self.now: ProcessSample
        self.look()

    def look(self) -> ProcessSample:
        self.now = self.sampler.sample([self.pid]).processes[self.pid]
        self.time = time.monotonic()
        return self.now

    def cpu_seconds(self) -> float:
        """CPU time used since the last look, by what the sampler says."""
        before = self.time
        percent = self.look().cpu
        assert percent is not None
        return percent / 100 * (self.time - before)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_first_sight_has_no_cpu_and_the_rest(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    seen = Watch(puppet.pid).now
    assert seen.cpu is None
    assert seen.memory > 1_000_000
    assert not seen.stopped
    assert seen.children == 0
    assert seen.started == pytest.approx(psutil.Process(puppet.pid).create_time())


def test_cpu_is_what_was_used_over_the_true_interval(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    watch = Watch(puppet.pid)
    puppet.do("burn(0.3)")
    assert watch.cpu_seconds() == pytest.approx(0.3, rel=0.25)
    puppet.do("time.sleep(0.2)")
    assert watch.cpu_seconds() < 0.1


def test_children_count(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    puppet.do("child = spawn(); tell(child, 'grandchild = spawn()')")
    watch = Watch(puppet.pid)
    assert watch.now.children == 2
    alone = watch.now.memory
    puppet.do("tell(child, 'burn(0.3); big = os.urandom(64_000_000)')")
    assert watch.cpu_seconds() > 0.25
    assert watch.now.memory - alone > 50_000_000


def test_a_child_that_ends_is_not_counted_again(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    puppet.do("child = spawn(); tell(child, 'burn(0.5)')")
    watch = Watch(puppet.pid)
    puppet.do("child.communicate()")
    assert 0 <= watch.cpu_seconds() < 0.25
    assert watch.now.children == 0


def test_a_child_never_seen_alive_is_counted(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    watch = Watch(puppet.pid)
    puppet.do("child = spawn(); tell(child, 'burn(0.4)'); child.communicate()")
    assert watch.cpu_seconds() > 0.35


def test_a_child_that_slips_away_makes_no_nonsense(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    puppet.do("child = spawn(); tell(child, 'grandchild = spawn(); tell(grandchild, \"burn(0.5)\")')")
    watch = Watch(puppet.pid)
    puppet.do("burn(0.1)")
    last = watch.look().cpu
    puppet.do("child.kill(); child.wait()")
    assert watch.look().cpu == last
    assert watch.cpu_seconds() < 0.25


def test_children_that_come_and_go_are_counted_once(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    watch = Watch(puppet.pid)
    puppet.begin("[os.fork() and os.wait() or (burn(0.02), os._exit(0)) for _ in range(40)]")
    used, most_children = 0.0, 0
    while not puppet.is_done():
        time.sleep(0.003)  # a look changes what it looks at: leave the puppet some time of its core
        used += watch.cpu_seconds()
        most_children = max(most_children, watch.now.children)
    assert used == pytest.approx(0.8, rel=0.25)
    assert most_children == 1


def test_a_child_that_ends_while_the_tree_is_read(
    puppets: Callable[[], Puppet], monkeypatch: pytest.MonkeyPatch
) -> None:
    puppet = puppets()
    puppet.do("child = spawn(); tell(child, 'burn(0.5)')")
    child = psutil.Process(puppet.pid).children()[0]
    watch = Watch(puppet.pid)
    read = sampler_module._read

    def read_too_late(pid: int) -> object:
        if pid == child.pid and child.is_running():
            puppet.do("child.communicate()")
        return read(pid)

    monkeypatch.setattr(sampler_module, "_read", read_too_late)
    assert watch.cpu_seconds() < 0.25
    assert watch.now.children == 0
    assert watch.cpu_seconds() < 0.25


def test_stopped_and_going_on(puppets: Callable[[], Puppet]) -> None:
    puppet, other = puppets(), puppets()
    watch = Watch(puppet.pid)
    os.kill(puppet.pid, signal.SIGSTOP)
    until(lambda: watch.look().stopped)
    assert stopped([puppet.pid, other.pid]) == {puppet.pid}
    os.kill(puppet.pid, signal.SIGCONT)
    until(lambda: not watch.look().stopped)
    assert stopped([puppet.pid, other.pid]) == frozenset()


def test_a_stopped_child_is_not_a_stopped_worker(puppets: Callable[[], Puppet]) -> None:
    puppet = puppets()
    puppet.do("child = spawn(); tell(child, 'pass'); child.send_signal(19)")
    child = psutil.Process(puppet.pid).children()[0]
    until(lambda: child.status() == psutil.STATUS_STOPPED)
    assert not Watch(puppet.pid).now.stopped


def test_those_that_are_gone_are_left_out(puppets: Callable[[], Puppet]) -> None:
    gone, left = puppets(), puppets()
    sampler = Sampler()
    assert sampler.sample([gone.pid, left.pid]).processes.keys() == {gone.pid, left.pid}
    gone.end()
    assert sampler.sample([gone.pid, left.pid]).processes.keys() == {left.pid}
    assert stopped([gone.pid]) == frozenset()
    assert sampler.sample([]).processes == {}


def test_beyond_a_limit_they_take_turns(puppets: Callable[[], Puppet], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler_module, "AT_ONCE", 2)
    pids = [puppets().pid for _ in range(5)]
    sampler = Sampler()

    def three_times() -> MachineSample:
        return [sampler.sample(pids) for _ in range(3)][-1]

    assert len(sampler.sample(pids).processes) == 2
    assert three_times().processes.keys() == set(pids)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: stopped(pids) == set(pids))
    assert sum(seen.stopped for seen in sampler.sample(pids).processes.values()) == 2
    assert all(seen.stopped for seen in three_times().processes.values())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_a_busy_core_shows(puppets: Callable[[], Puppet]) -> None:
    core = max(os.sched_getaffinity(0))
    puppet, sampler = puppets(), Sampler()
    puppet.do(f"os.sched_setaffinity(0, [{core}]); burn(0.5)")
    cores = sampler.sample([]).cores
    assert len(cores) == len(psutil.cpu_percent(percpu=True))
    assert all(0 <= percent <= 100 for percent in cores)
    assert cores[core] > 80


REUSE = """
import os, subprocess, sys, time
from pooltop.run.sampler import Sampler

def sleeper():
    return subprocess.Popen(["sleep", "60"])

sampler = Sampler()
first = sleeper()
sampler.sample([first.pid])
assert sampler.sample([first.pid]).processes[first.pid].cpu is not None
first.kill()
first.wait()
time.sleep(2 / os.sysconf("SC_CLK_TCK"))  # the kernel counts a process's beginning in these ticks
open("/proc/sys/kernel/ns_last_pid", "w").write(str(first.pid - 1))
second = sleeper()
assert second.pid == first.pid
print(sampler.sample([second.pid]).processes[second.pid].cpu)
"""


def test_another_process_with_the_same_number_starts_anew() -> None:
    own_numbers = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    try:
        subprocess.run([*own_numbers, "true"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not make a PID namespace here")
    ran = subprocess.run([*own_numbers, sys.executable, "-c", REUSE], capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("None\n", "")

"""How a run begins: kinds of functions, imports that go well and badly, and what is said about it."""

import re
import signal
import time

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab, Running

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])

KINDS = """
import asyncio

def plain(item: int) -> int:
    return item * item

async def coroutine(item: int) -> int:
    await asyncio.sleep(0)
    return item * item

def generator(item: int):
    yield from range(item)

async def async_generator(item: int):
    for number in range(item):
        yield number

class Tools:
    @staticmethod
    def static(item: int) -> int:
        return item * item

    @classmethod
    def of_class(cls, item: int) -> int:
        return item * item

def with_option(item: int, factor: int = 1) -> int:
    return item * factor
"""


@both_methods
@pytest.mark.parametrize("function", ["plain", "coroutine", "Tools.static", "Tools.of_class"])
async def test_every_kind_of_function_runs(lab: Lab, function: str, start_method: StartMethod) -> None:
    file = lab.write("kinds.py", KINDS)
    run = await lab.start(f"{file}:{function}", "range:50", start_method=start_method)
    await run.ends_exactly(50)


@pytest.mark.parametrize("function", ["generator", "async_generator"])
async def test_what_a_generator_yields_is_its_result(lab: Lab, function: str) -> None:
    file = lab.write("kinds.py", KINDS)
    run = await lab.start(f"{file}:{function}", "range:5")
    await run.ends_exactly(5, lambda item: list(range(item)))


@both_methods
async def test_a_function_of_a_package_in_the_working_directory(lab: Lab, start_method: StartMethod) -> None:
    lab.write("mypkg/__init__.py", "")
    lab.write("mypkg/tasks.py", "from . import other\ndef square(item: int) -> int:\n    return other.square(item)\n")
    lab.write("mypkg/other.py", "def square(item: int) -> int:\n    return item * item\n")
    run = await lab.start("mypkg.tasks:square", "range:10", start_method=start_method)
    await run.ends_exactly(10)


async def test_a_builtin_function(lab: Lab) -> None:
    run = await lab.start("math:factorial", "range:10")
    final = await run.end()
    assert final.progress.done + final.progress.failed == 10


@both_methods
async def test_options_reach_every_worker(lab: Lab, start_method: StartMethod) -> None:
    file = lab.write("kinds.py", KINDS)
    run = await lab.start(f"{file}:with_option", "range:20", "--factor", "7", start_method=start_method)
    await run.ends_exactly(20, lambda item: item * 7)


@both_methods
async def test_setup_runs_once_in_each_worker(lab: Lab, start_method: StartMethod) -> None:
    file = lab.write(
        "ready.py",
        "import os, pooltop\n"
        "model = None\n"
        "def load(size: int) -> None:\n"
        "    global model\n"
        "    assert model is None\n"
        "    model = size\n"
        "    print('loaded', size)\n"
        "@pooltop.workload(setup=load)\n"
        "def use(item: int, size: int = 3) -> int:\n"
        "    return item * model\n",
    )
    run = await lab.start(f"{file}:use", "range:20", "--size", "4", start_method=start_method, workers=3)
    await run.ends_exactly(20, lambda item: item * 4)
    assert sorted(line.slot or 0 for line in run.printed() if line.text == "loaded 4") == [1, 2, 3]


# Imports that go badly


async def refusal(run: Running) -> str:
    """The line with which a run that cannot begin ends, exit code 2."""
    assert await run.exit() == 2, run.stderr
    return run.stderr.splitlines()[-1]


BAD_IMPORTS = {
    "raise ValueError('no good')": "fails when it is imported: ValueError: no good",
    "import no_such_module_anywhere": "no_such_module_anywhere",
    "import sys; sys.exit('not today')": "exits when it is imported: not today",
    "import os; os._exit(7)": "exit code 7",
    "import ctypes; ctypes.string_at(0)": "SIGSEGV",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "SIGKILL",
    "def f(:": "SyntaxError",
    "raise KeyboardInterrupt": "fails when it is imported: KeyboardInterrupt",
    "def other(): pass": "no 'function' in",
    "function = 3": "not a function",
}


@both_methods
@pytest.mark.parametrize(("source", "complaint"), BAD_IMPORTS.items())
async def test_an_import_that_fails_is_one_clear_line(
    lab: Lab, source: str, complaint: str, start_method: StartMethod
) -> None:
    file = lab.write("bad.py", f"print('hello from the import')\n{source}\n" if source != "def f(:" else source)
    run = await lab.start(f"{file}:function", "range:3", start_method=start_method)
    line = await refusal(run)
    assert complaint in line, run.stderr
    assert "bad.py" in line
    if complaint != "SIGSEGV":  # a crash report names every frame
        assert "pooltop/" not in "".join(re.findall(r'File "(.*)"', run.stderr)), "a traceback of ours"


async def test_what_an_import_prints_is_in_the_log(lab: Lab) -> None:
    file = lab.write(
        "chatty.py",
        "import os\nprint('loading')\nos.system('echo from a child')\n"
        "def f(item: int) -> int:\n    return item * item\n",
    )
    run = await lab.start(f"{file}:f", "range:3")
    await run.ends_exactly(3)
    printed = [line.text for line in run.printed()]
    assert "loading" in printed and "from a child" in printed


@both_methods
async def test_a_hanging_import_can_be_interrupted(lab: Lab, start_method: StartMethod) -> None:
    file = lab.write(
        "slow.py",
        "import os, pathlib, time\npathlib.Path(os.environ['POOLTOP_LAB'], 'importing').touch()\ntime.sleep(600)\n",
    )
    run = await lab.start(f"{file}:function", "range:3", start_method=start_method)
    await lab.wait_for("importing")
    run.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert await run.exit() == 130
    assert time.monotonic() - began < 2


async def test_an_import_that_starts_a_thread_is_done_in_each_worker(lab: Lab) -> None:
    file = lab.write(
        "threaded.py",
        "import os, threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "born = os.getpid()\n"
        "def own(item: int) -> bool:\n"
        "    return born == os.getpid()\n",
    )
    run = await lab.start(f"{file}:own", "range:10")
    await run.ends_exactly(10, lambda _: True)
    assert any("started threads" in event for event in run.events())


async def test_a_setup_that_fails_ends_the_run(lab: Lab) -> None:
    file = lab.write(
        "bad.py",
        "import pooltop\ndef load():\n    raise OSError('no model')\n"
        "@pooltop.workload(setup=load)\ndef f(item: int) -> int:\n    return item\n",
    )
    run = await lab.start(f"{file}:f", "range:3")
    final = await run.end()
    assert (final.state, run.process.returncode) == ("failed", 1)
    assert "no model" in final.reason
    assert any("in load" in line.text for line in run.printed())


async def test_a_setup_that_dies_ends_the_run(lab: Lab) -> None:
    file = lab.write(
        "bad.py",
        "import os, pooltop\ndef load():\n    os._exit(9)\n"
        "@pooltop.workload(setup=load)\ndef f(item: int) -> int:\n    return item\n",
    )
    run = await lab.start(f"{file}:f", "range:3")
    final = await run.end()
    assert final.state == "failed"
    assert "exit code 9" in final.reason


@pytest.mark.parametrize(
    ("workload", "items", "options", "complaint"),
    [
        ("no_such_module:f", "range:3", (), "no module named 'no_such_module'"),
        ("math:no_such_function", "range:3", (), "no 'no_such_function' in"),
        ("./missing.py:f", "range:3", (), "no such file: ./missing.py"),
        ("square", "glob:nothing/*", (), "glob:nothing/* matches no file"),
        ("square", "math:pi", (), "not an iterable"),
        ("nap", "range:3", ("--seconds", "soon"), "--seconds"),
        ("nap", "range:3", ("--no-such-option", "1"), "no-such-option"),
        ("square", None, (), "needs items"),
    ],
)
async def test_bad_input_is_one_clear_line(
    lab: Lab, workload: str, items: str | None, options: tuple[str, ...], complaint: str
) -> None:
    run = await lab.start(workload, items, *options)
    assert complaint in await refusal(run)
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert not run.run.directory.exists()


# Signals of the foreground


@both_methods
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_a_run_cleanly(lab: Lab, number: int, code: int, start_method: StartMethod) -> None:
    run = await lab.start("held", "range:4", start_method=start_method)
    await lab.wait_for("began-0", "began-1")
    lab.signal("go-0")
    await run.until(lambda s: s.progress.done == 1)
    run.process.send_signal(number)
    began = time.monotonic()
    assert await run.exit() == code
    assert time.monotonic() - began < 2
    assert run.values() == {0: 0}
    assert "Traceback" not in run.stderr


@both_methods
async def test_a_neighbour_can_be_imported_when_an_item_runs(lab: Lab, start_method: StartMethod) -> None:
    """multiprocessing gives each child of the fork server the supervisor's sys.path."""
    lab.write("neighbour.py", "def square(item: int) -> int:\n    return item * item\n")
    file = lab.write(
        "late.py", "def late(item: int) -> int:\n    import neighbour\n    return neighbour.square(item)\n"
    )
    run = await lab.start(f"{file}:late", "range:4", start_method=start_method)
    await run.ends_exactly(4)

"""All there is to run, by heading: pooltop's own, what is installed, the functions of files, and those run lately."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pooltop import gallery, runs
from pooltop.errors import WorkloadError
from pooltop.model import RunSpec
from pooltop.run.journal import Journal
from pooltop.work.describe import Description, describe
from pooltop.work.imported import load
from pooltop.work.locate import locate

DECLARED = """
    import pooltop
    raise RuntimeError("imported")

    @pooltop.workload(title="Shrink pictures", section="Mine")
    def shrink(picture):
        \"\"\"Make it small.\"\"\"

    def ordinary(x): ...

    @pooltop.workload
    def grow(picture): ...
"""
ORDINARY = """
    def double(x): ...
    async def later(*items): ...
    def _hidden(x): ...
    def nothing(*, word=""): ...
    class Shape:
        def method(self, x): ...
    def double(x, by=2): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A person's folder, in a home of their own; what is imported from it is forgotten afterwards."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    here = tmp_path / "here"
    write(here / "declared.py", DECLARED)
    write(here / "ordinary.py", ORDINARY)
    yield here
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))


def named(entries: list[Description]) -> list[str]:
    return [entry.workload for entry in entries]


def sections(entries: list[Description]) -> list[str]:
    return list(dict.fromkeys(entry.section for entry in entries))


# Pooltop's own


def test_every_entry_of_pooltops_own_is_whole() -> None:
    entries = gallery.pooltops_own()
    assert "blur" in named(entries)
    assert len(set(named(entries))) == len(entries)
    for entry in entries:
        assert entry.section and entry.summary and entry.source and entry.item_parameter
        assert entry.title != entry.workload
        assert all(parameter.default is not None for parameter in entry.parameters)
        assert entry.workload not in sys.stdlib_module_names


def test_headings_stand_as_the_tutorial_goes() -> None:
    assert sections(gallery.pooltops_own()) == ["First steps", "Sharing", "Real work", "Measuring"]


def test_the_users_own_folder_of_that_name_is_no_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads/mine.py").write_text("import pooltop\n@pooltop.workload\ndef mine(x): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert "mine" not in named(gallery.pooltops_own())


# Installed


@pytest.fixture
def install(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a distribution `acme-tools` with a module `acme` and these entry points."""
    packages = tmp_path / "packages"
    assert folder.parent == tmp_path
    monkeypatch.syspath_prepend(packages)

    def install(entry_points: str) -> None:
        write(packages / "acme/__init__.py", "VERSION = 1\n")
        write(
            packages / "acme/tasks.py",
            'def melt(ore: int, heat=3):\n    """Make it liquid."""\n    return ore * heat\n',
        )
        write(packages / "acme_tools-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme-tools\nVersion: 1\n")
        write(packages / "acme_tools-1.dist-info/entry_points.txt", f"[pooltop.workloads]\n{dedent(entry_points)}")

    return install


def test_an_installed_workload_is_named_with_its_distribution(install: Callable[[str], None], folder: Path) -> None:
    install("melting = acme.tasks:melt [extra]\n")
    [entry] = gallery.installed()
    assert (entry.workload, entry.title, entry.section) == ("melting", "melting", "Installed")
    assert (entry.distribution, entry.summary, entry.baseline) == ("acme-tools", "Make it liquid.", "full")
    assert entry.source.startswith("def melt(ore: int, heat=3):")
    assert entry in gallery.gallery(folder)
    assert "acme" not in sys.modules


def test_an_installed_workload_is_run_by_its_name_whatever_lies_in_the_working_directory(
    install: Callable[[str], None], folder: Path
) -> None:
    install("melting = acme.tasks:melt\n")
    write(folder / "acme/tasks.py", "def melt(ore): return 'of the working directory'")
    assert describe("melting", folder).parameters[0].name == "heat"
    assert load(locate("melting", folder)).function(2, heat=5) == 10


@pytest.mark.parametrize(
    ("entry_point", "line"),
    [
        ("bad = nowhere.tasks:melt", "bad (of acme-tools): no module named 'nowhere.tasks' is installed"),
        ("bad = acme.tasks", "bad (of acme-tools): its entry point is 'acme.tasks', not module:function"),
        ("bad = acme tasks:melt", "bad (of acme-tools): its entry point is 'acme tasks:melt', not module:function"),
        ("bad = acme.tasks:absent", "bad: no 'absent' in "),
    ],
)
def test_a_broken_one_is_one_line_when_it_is_used_and_breaks_no_list(
    entry_point: str, line: str, install: Callable[[str], None], folder: Path
) -> None:
    install(f"{entry_point}\ngood = acme.tasks:melt\n")
    bad, good = gallery.installed()
    assert good.summary == "Make it liquid."
    assert (bad.workload, bad.distribution) == ("bad", "acme-tools")
    assert bad.summary.startswith(f"cannot be used: {line}")
    with pytest.raises(WorkloadError) as caught:
        describe("bad", folder)
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)


def test_pooltops_own_come_first_on_a_clash(install: Callable[[str], None], folder: Path) -> None:
    install("blur = acme.tasks:melt\na:b = acme.tasks:melt\n")
    assert gallery.installed() == []
    assert describe("blur", folder).distribution == ""


def test_a_name_that_is_nearly_an_installed_one_is_suggested(install: Callable[[str], None], folder: Path) -> None:
    install("melting = acme.tasks:melt\n")
    with pytest.raises(WorkloadError, match="did you mean melting"):
        describe("meltin", folder)


# Files


def test_of_a_file_its_workloads_are_listed(folder: Path) -> None:
    shrink, grow = gallery.in_file("declared.py", folder)
    assert (shrink.workload, shrink.title, shrink.section) == (
        "declared.py:shrink",
        "Shrink pictures",
        "From declared.py",
    )
    assert (shrink.summary, grow.workload, grow.title) == ("Make it small.", "declared.py:grow", "grow")


def test_where_none_is_declared_the_public_functions_that_take_an_item(folder: Path) -> None:
    assert named(gallery.in_file("./ordinary.py", folder)) == ["./ordinary.py:double", "./ordinary.py:later"]
    double, _ = gallery.in_file("../here/ordinary.py", folder)
    assert [parameter.name for parameter in double.parameters] == ["by"]
    assert locate(double.workload, folder).file == str(folder / "ordinary.py")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("absent.py", "no such file: absent.py"),
        (".", ". is a folder, not a Python file"),
        ("notes.txt", "notes.txt is not a Python file (.py)"),
        ("broken.py", "{folder}/broken.py, line 1: "),
        ("empty.py", "empty.py has no function that takes an item"),
    ],
)
def test_a_file_that_holds_nothing_to_run_is_one_line(place: str, line: str, folder: Path) -> None:
    write(folder / "notes.txt", "notes")
    write(folder / "broken.py", "def f(:")
    write(folder / "empty.py", "def f(): ...\nNUMBER = 1")
    with pytest.raises(WorkloadError) as caught:
        gallery.in_file(place, folder)
    assert str(caught.value).startswith(line.format(folder=folder)) and "\n" not in str(caught.value)


# Lately


def ran(workload: str, directory: Path) -> None:
    """Leave a run of this in the journals."""
    run = runs.create(workload)
    Journal.create(run.journal, RunSpec(workload=workload, directory=str(directory))).close()
    newest = max((each.created for each in runs.all_runs()), default=0.0)
    os.utime(run.directory / runs.LOCK, (newest + 1, newest + 1))


def lately(directory: Path) -> list[str]:
    return [entry.workload for entry in gallery.gallery(directory) if entry.section == "Lately"]


def test_what_ran_last_comes_first_and_each_once(folder: Path) -> None:
    for workload in ("ordinary:double", "./ordinary.py:later", "blur", "./declared.py:grow", "ordinary.py:later"):
        ran(workload, folder)
    assert lately(folder) == ["ordinary.py:later", "./declared.py:grow", "ordinary:double"]


def test_what_is_named_on_the_command_line_is_not_repeated(folder: Path) -> None:
    ran("./ordinary.py:later", folder)
    entries = gallery.gallery(folder, gallery.in_file("ordinary.py", folder))
    assert named(entries)[-2:] == ["ordinary.py:double", "ordinary.py:later"]


def test_files_are_named_so_that_they_are_right_from_here(folder: Path) -> None:
    ran("./ordinary.py:double", folder)
    assert lately(folder.parent) == ["here/ordinary.py:double"]
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    assert lately(elsewhere) == [f"{folder}/ordinary.py:double"]
    for directory in (folder.parent, elsewhere):
        [workload] = lately(directory)
        assert locate(workload, directory).file == str(folder / "ordinary.py")


def test_a_module_that_is_another_one_here_is_left_out(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    write(elsewhere / "ordinary.py", ORDINARY)
    ran("ordinary:double", folder)
    ran("json:dumps", folder)
    assert lately(elsewhere) == ["json:dumps"]


def test_what_is_gone_or_damaged_is_left_out(folder: Path) -> None:
    for name in ("gone", "broken", "ordinary"):
        write(folder / f"{name}.py", ORDINARY)
        ran(f"./{name}.py:double", folder)
    ran("./ordinary.py:later", folder)
    runs.all_runs()[0].journal.write_bytes(b"no journal")
    (folder / "gone.py").unlink()
    write(folder / "broken.py", "def double(:")
    assert lately(folder) == ["./ordinary.py:double"]


def test_no_more_than_eight_are_listed(folder: Path) -> None:
    for number in range(10):
        write(folder / f"script{number}.py", ORDINARY)
        ran(f"script{number}.py:double", folder)
    assert lately(folder) == [f"script{number}.py:double" for number in range(9, 1, -1)]


def test_without_any_runs_there_is_nothing_to_list(folder: Path) -> None:
    assert lately(folder) == []

"""A workload is described from its source, and nothing of it is run."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from pooltop.work.describe import Description, Parameter, describe, gallery
from pooltop.work.imported import WorkloadError

SCRIPT = '''
    # -*- coding: latin-1 -*-
    import pooltop
    from elsewhere import borrowed
    raise RuntimeError("imported")

    @pooltop.workload(
        title="Shrink é", items="range:3", section="Mine", check=None
    )
    @other
    def shrink(picture: Path, factor: float = 2 ** 3, /, size=(1, 2), *rest, mode: "Literal['a']", **more):
        """Make it small.

        Watch:
            Indented.
        """
        return "\\f"

    async def plain(x): return x

    class Shape:
        class Inner:
            def method(self, x: int, by=1):
                """In a class."""
        @staticmethod
        def static(x, by=1): ...

    made = lambda x: x
    def no_item(): ...
    def twice(x): "first"
    def twice(x): "second"
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(dedent(SCRIPT).lstrip(), "latin-1")
    return path


def test_a_declared_function(script: Path) -> None:
    described = describe("./script.py:shrink", script.parent)
    assert described.source.startswith('@pooltop.workload(\n    title="Shrink é"')
    assert described.source.endswith('    return "\\f"')
    assert described == Description(
        workload="./script.py:shrink",
        title="Shrink é",
        section="Mine",
        summary="Make it small.",
        doc="Make it small.\n\nWatch:\n    Indented.",
        source=described.source,
        path=str(script),
        items="range:3",
        item_parameter="picture",
        parameters=(
            Parameter("size", "", "(1, 2)"),
            Parameter("mode", "\"Literal['a']\"", None),
        ),
    )
    assert "script" not in sys.modules


def test_an_ordinary_function_in_a_module(script: Path) -> None:
    assert describe("script:plain", script.parent) == Description(
        workload="script:plain",
        title="script:plain",
        source="async def plain(x): return x",
        path=str(script),
        item_parameter="x",
    )


@pytest.mark.parametrize(
    ("attribute", "doc"), [("Shape.Inner.method", "In a class."), ("Shape.static", ""), ("twice", "second")]
)
def test_methods_and_redefinitions(attribute: str, doc: str, script: Path) -> None:
    described = describe(f"script:{attribute}", script.parent)
    assert (described.item_parameter, described.doc) == ("x", doc)
    assert described.parameters == (() if attribute == "twice" else (Parameter("by", "", "1"),))
    assert described.source.splitlines()[0] in (
        "def method(self, x: int, by=1):",
        "@staticmethod",
        'def twice(x): "second"',
    )


@pytest.mark.parametrize("workload", ["script:made", "script:borrowed", "math:sqrt", "sys.monitoring:x"])
def test_what_only_running_could_tell_is_left_open(workload: str, script: Path) -> None:
    assert describe(workload, script.parent).title == workload
    assert describe(workload, script.parent).source == ""


@pytest.mark.parametrize(
    ("workload", "line"),
    [
        ("script:absent", "script:absent: no 'absent' in "),
        ("absent:x", "no module named 'absent'"),
        ("absent", "no workload 'absent' in the gallery"),
        ("broken:x", "{folder}/broken.py, line 2: "),
        ("null:x", "{folder}/null.py"),
        ("latin:x", "{folder}/latin.py"),
    ],
)
def test_what_is_not_there_is_one_line(workload: str, line: str, script: Path) -> None:
    (script.parent / "broken.py").write_text("\ndef x(:")
    (script.parent / "null.py").write_bytes(b"x = 1\0")
    (script.parent / "latin.py").write_bytes(b"x = '\xe9'")
    with pytest.raises(WorkloadError) as caught:
        describe(workload, script.parent)
    assert str(caught.value).startswith(line.format(folder=script.parent))
    assert "\n" not in str(caught.value)


def test_every_entry_of_the_gallery_is_whole() -> None:
    entries = gallery()
    assert "blur" in [entry.workload for entry in entries]
    assert len({entry.workload for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.section and entry.summary and entry.source and entry.item_parameter
        assert entry.title != entry.workload
        assert all(parameter.default is not None for parameter in entry.parameters)
        assert entry.workload not in sys.stdlib_module_names


def test_the_users_own_folder_of_that_name_is_no_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads/mine.py").write_text("import pooltop\n@pooltop.workload\ndef mine(x): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert "mine" not in [entry.workload for entry in gallery()]

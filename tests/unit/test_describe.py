"""A workload is described from its source, and nothing of it is run."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from pooltop.work import locate
from pooltop.work.describe import Description, Parameter, SharedName, describe
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


SHARING = """
    import pooltop
    from pooltop import shared
    NAMED = {"first": 1}
    NAMED: dict[str, object] = {"balance": shared.Value("d", 1000.0), "lock": shared.Lock(), **more, 3: 4}

    @pooltop.workload(shared={"queue": shared.Queue(shared.Option("size"))}, together=2, baseline="full")
    def declared(x, size=3, *, queue): ...
    @pooltop.workload(shared=NAMED, together=lambda parts: parts)
    def named(x, /, balance, parts=2, *, lock): ...
    @pooltop.workload(shared=made(), baseline=none)
    def elsewhere(x, lock): ...
"""


def test_what_is_shared_is_no_option(script: Path) -> None:
    (script.parent / "sharing.py").write_text(dedent(SHARING))
    declared, named, elsewhere = (
        describe(f"sharing:{name}", script.parent) for name in ("declared", "named", "elsewhere")
    )
    assert declared.parameters == (Parameter("size", "", "3"),)
    assert declared.shared == (SharedName("queue", "shared.Queue(shared.Option('size'))"),)
    assert named.parameters == (Parameter("parts", "", "2"),)
    assert [each.name for each in named.shared] == ["balance", "lock"]
    assert (elsewhere.shared, elsewhere.parameters) == ((), (Parameter("lock", "", None),))


def test_the_baseline_is_as_declared_and_else_only_the_gallerys(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script.parent / "sharing.py").write_text(dedent(SHARING))
    assert [describe(f"sharing:{name}", script.parent).baseline for name in ("declared", "named", "elsewhere")] == [
        *("full", "none", "none")
    ]
    assert describe("./script.py:plain", script.parent).baseline == "none"
    gallery = script.parent / "gallery"
    gallery.mkdir()
    for name, words in {"plain": "", "together": "together=2", "none": 'baseline="none"'}.items():
        (gallery / f"{name}.py").write_text(f"from pooltop import workload\n\n\n@workload({words})\ndef f(x): ...\n")
    monkeypatch.setattr(locate, "GALLERY", gallery)
    assert [describe(name, script.parent).baseline for name in ("plain", "together", "none")] == [
        *("full", "none", "none")
    ]


def test_of_the_gallery_the_whole_file_is_shown() -> None:
    assert describe("blur", Path.cwd()).source.startswith('"""The gallery\'s blur')

"""Whatever stands in a file of items, or in the words that name it: items, or one clear line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pooltop.work.imported import WorkloadError
from pooltop.work.items import check_spec
from pooltop.work.records import READERS, open_records

BOM = b"\xef\xbb\xbf"
CSV = st.text("ab,\"\n\r\0;'\\ \ufeff", max_size=60).map(str.encode)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
BROKEN_JSON = st.tuples(JSON.map(json.dumps), st.integers(0, 30)).map(lambda cut: cut[0][: cut[1]].encode())
CONTENTS = st.binary(max_size=80) | CSV | st.lists(BROKEN_JSON, max_size=4).map(b"\n".join)
AWKWARD = [
    b"",
    BOM,
    BOM + BOM + b"a,b\n1,2\n",
    b"\n\n\n",
    b"\0",
    b"a\r\nb\rc\n",
    b"a,a\n1,2\n",
    b"a,b\n1\n",
    b"a,b\n1,2,3\n",
    b'a,b\n"1\n',
    b'a\n"' + b"x" * 200_000 + b'"\n',
    b"x" * 1_000_000,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"1" * 5_000,
    b"1e999\nNaN\n-Infinity",
    b'"\\ud800"',
    b"\xff\xfe[\0]\0",
]
WORDS = st.text(max_size=20) | st.text("range:lines:glob-0123456789/.*[]~{}\0 \n", max_size=25)


def records(kind: str, folder: Path) -> list[Any] | str:
    """The records of the file, or what is wrong with it."""
    try:
        return list(open_records(kind, "items", folder, None))
    except WorkloadError as error:
        return said(error)


def said(error: WorkloadError) -> str:
    """The complaint, which is a line about what the person gave, without a traceback of ours."""
    line = str(error)
    assert line and not error.details
    return line


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("content", AWKWARD, ids=lambda content: repr(content[:12]))
def test_awkward_files_are_read_or_refused_by_their_name(kind: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "items").write_bytes(content)
    found = records(kind, tmp_path)
    assert isinstance(found, list) or (found.startswith("items, line ") and len(found) < 200)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENTS, kind=st.sampled_from(sorted(READERS)))
def test_any_file_is_read_or_refused_by_its_name(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "items").write_bytes(content)
    found = records(kind, tmp_path)
    assert isinstance(found, list) or found.startswith("items, line ")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(JSON, max_size=5), bom=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_json_lines_come_back(values: list[Any], bom: bool, end: str, tmp_path: Path) -> None:
    text = "".join(f"{json.dumps(value)}{end}" for value in values)
    (tmp_path / "items").write_bytes(bom * BOM + text.encode())
    assert repr(records("jsonl", tmp_path)) == repr(values)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, prefix=st.sampled_from(["", "range:", "glob:", *(f"{kind}:" for kind in READERS)]))
@example(words="~nobody-of-that-name", prefix="")
@example(words="~nobody-of-that-name/items", prefix="lines:")
@example(words="~nobody-of-that-name/*", prefix="glob:")
@example(words="a\0b", prefix="")
@example(words="a\0b/*", prefix="glob:")
@example(words="x" * 300, prefix="")
@example(words="x" * 300, prefix="csv:")
@example(words="x" * 300 + "/*", prefix="glob:")
@example(words="x" * 5000 + ":y", prefix="")
@example(words="1" * 5000, prefix="range:")
def test_any_words_name_items_or_are_refused(words: str, prefix: str, tmp_path: Path) -> None:
    try:
        check_spec(prefix + words, tmp_path)
    except WorkloadError as error:
        said(error)

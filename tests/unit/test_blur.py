"""The gallery's blur does to a picture what a plain Pillow loop does, and nothing to any other."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter, ImageOps

import pooltop
from pooltop.work.imported import Workload, WorkloadError, load, locate
from pooltop.work.items import open_source

ORIENTATION = 0x0112


@pytest.fixture
def blur(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workload]:
    """The workload as the engine loads it."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield load(locate("blur", Path.cwd()))
    del sys.modules["blur"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (40, 30), **save: Any) -> Path:
    """A picture with something in it to blur."""
    path.parent.mkdir(exist_ok=True)
    gradient = Image.linear_gradient("L").resize(size)
    image = gradient.convert("I").point(lambda value: value * 257) if mode == "I;16" else gradient
    image.convert(mode).save(path, **save)
    return path


def turned(path: Path) -> Path:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Maker"
    return picture(path, exif=exif, icc_profile=b"a profile")


def outcome(results: list[Any]) -> pooltop.Outcome:
    return pooltop.Outcome(results=results, options={}, items=len(results), failed=0)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.bmp"])
@pytest.mark.parametrize("radius", [0, 2.5, 30])
def test_outputs_are_those_of_a_plain_loop(blur: Workload, tmp_path: Path, out: Path, name: str, radius: float) -> None:
    source = picture(tmp_path / name)
    plain = tmp_path / f"plain-{name}"
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image.convert("RGB") if name == "a.gif" else image)
        upright.filter(ImageFilter.GaussianBlur(radius)).save(plain, image.format)
    result = blur.function(source, radius=radius, out=out)
    assert result == {"picture": str(source), "output": str(out / name)}
    assert (out / name).read_bytes() == plain.read_bytes()
    assert [path.name for path in out.iterdir()] == [name]


def test_a_turned_picture_comes_out_upright_with_its_metadata(blur: Workload, tmp_path: Path, out: Path) -> None:
    source = turned(tmp_path / "phone.jpg")
    result = blur.function(source, out=out)
    with Image.open(out / "phone.jpg") as image:
        assert image.size == (30, 40)
        assert ORIENTATION not in image.getexif()
        assert image.getexif()[0x010F] == "Maker"
        assert image.info["icc_profile"] == b"a profile"
    assert blur.check is not None and blur.check(outcome([result])) == (1, 1)


@pytest.mark.parametrize(
    ("name", "mode", "becomes"),
    [
        ("a.png", "1", "L"),
        ("a.png", "P", "RGB"),
        ("a.png", "LA", "LA"),
        ("a.png", "I;16", "L"),
        ("a.tif", "I;16", "L"),
        ("a.tif", "I", "L"),
        ("a.tif", "F", "L"),
        ("a.tif", "CMYK", "CMYK"),
        ("a.jpg", "CMYK", "CMYK"),
        ("a.gif", "P", "P"),
    ],
)
def test_every_mode_is_blurred(blur: Workload, tmp_path: Path, out: Path, name: str, mode: str, becomes: str) -> None:
    blur.function(picture(tmp_path / name, mode), radius=2, out=out)
    with Image.open(out / name) as image:
        assert (image.mode, image.size) == (becomes, (40, 30))
        greys = image.convert("L").tobytes()
        assert min(greys) < 60 and max(greys) > 190


def test_transparent_palettes_stay_transparent(blur: Workload, tmp_path: Path, out: Path) -> None:
    source = picture(tmp_path / "a.png", "P", transparency=0)
    blur.function(source, out=out)
    with Image.open(out / "a.png") as image:
        assert image.mode == "RGBA"


def test_of_an_animation_the_first_picture_is_blurred(blur: Workload, tmp_path: Path, out: Path) -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    blur.function(tmp_path / "a.gif", out=out)
    with Image.open(out / "a.gif") as image:
        assert getattr(image, "n_frames", 1) == 1
        assert image.convert("RGB").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.jpg", "half", r"^a\.jpg: image file is truncated \(\d+ bytes not processed\)$"),
        ("a.png", "half", r"^a\.png: "),
        ("a.webp", "half", r"^a\.webp: "),
        ("a.gif", "half", r"^a\.gif: "),
        ("notes.jpg", b"no picture", r"^notes\.jpg: not a picture that Pillow can read$"),
        ("empty.png", b"", r"^empty\.png: not a picture that Pillow can read$"),
        ("absent.jpg", None, r"^absent\.jpg: No such file or directory$"),
    ],
)
def test_a_damaged_picture_fails_by_its_name(
    blur: Workload, tmp_path: Path, out: Path, name: str, content: bytes | str | None, line: str
) -> None:
    source = tmp_path / name
    if content == "half":
        whole = picture(source, size=(400, 300)).read_bytes()
        source.write_bytes(whole[: len(whole) // 2])
    elif isinstance(content, bytes):
        source.write_bytes(content)
    with pytest.raises(ValueError, match=line):
        blur.function(source, out=out)
    assert not list(out.iterdir())


def test_an_enormous_picture_fails_alone(
    blur: Workload, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = picture(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.warns(Image.DecompressionBombWarning):
        blur.function(source, out=out)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"^a\.png: Image size \(1200 pixels\) exceeds limit"):
        blur.function(source, out=out)


def test_the_original_is_never_written_over(blur: Workload, tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    before = source.read_bytes()
    with pytest.raises(ValueError, match=r"^a\.png: the output would replace the picture itself"):
        blur.function(source, out=tmp_path)
    assert source.read_bytes() == before


def test_no_name_leads_out_of_the_output_folder(blur: Workload, tmp_path: Path, out: Path) -> None:
    bystander = tmp_path / "bystander.png"
    bystander.write_text("not to be touched")
    (out / "a.png").symlink_to(bystander)
    source = picture(tmp_path / "photos" / "a.png")
    blur.function(tmp_path / "photos" / ".." / "photos" / "a.png", out=out)
    assert not (out / "a.png").is_symlink()
    for name in ("..", "photos/..", "/"):
        with pytest.raises(ValueError, match="Is a directory"):
            blur.function(tmp_path / name, out=out)
    assert bystander.read_text() == "not to be touched"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bystander.png", "out", "photos"]
    assert list((tmp_path / "photos").iterdir()) == [source]


def test_what_a_killed_worker_left_is_replaced(
    blur: Workload, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = picture(tmp_path / "a.png")
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            blur.function(source, out=out)
    assert not (out / "a.png").exists()
    assert all(path.name.startswith(".") for path in out.iterdir())
    blur.function(source, out=out)
    assert [path.name for path in out.iterdir()] == ["a.png"]


def test_no_room_is_that_items_failure(
    blur: Workload, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    source = picture(tmp_path / "a.png")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ValueError, match=r"a\.png: No space left on device$"):
        blur.function(source, out=out)
    assert not list(out.iterdir())


def test_the_check_counts_outputs_that_are_missing_unreadable_or_of_another_size(
    blur: Workload, tmp_path: Path, out: Path
) -> None:
    results = [blur.function(picture(tmp_path / f"{name}.png"), out=out) for name in "abcd"]
    assert blur.check is not None
    assert blur.check(outcome(results)) == (4, 4)
    (out / "a.png").unlink()
    (out / "b.png").write_bytes((out / "b.png").read_bytes()[:60])
    picture(out / "c.png", size=(41, 30))
    assert blur.check(outcome(results)) == (4, 1)


def test_two_pictures_of_one_name_do_not_pass_the_check(
    blur: Workload, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = picture(tmp_path / "x/a.png"), picture(tmp_path / "y/a.png")
    results = [blur.function(source, out=out) for source in (first, second)]
    assert blur.check is not None
    assert blur.check(outcome(results)) == (2, 1)
    assert f"{out}/a.png is the output of two pictures: {first} and {second}" in capsys.readouterr().out


@pytest.mark.parametrize("radius", ["-1", "nan", "inf", "abc"])
def test_a_radius_that_is_none_is_refused(blur: Workload, tmp_path: Path, radius: str) -> None:
    with pytest.raises(WorkloadError, match=f"--radius: '{radius}' is not a float >= 0 and <= 1000"):
        blur.bind(("--radius", radius), run_folder=tmp_path, directory=tmp_path)


def test_its_own_pictures_are_made_once_in_a_run(
    blur: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(blur.function.__globals__, "OWN_PICTURES", 12)
    (tmp_path / ".pictures").mkdir()  # an earlier try was killed
    first = list(open_source(None, blur, tmp_path, None, run_folder=tmp_path).iterable)
    times = [path.stat().st_mtime_ns for path in first]
    second = list(open_source(None, blur, tmp_path, None, run_folder=tmp_path).iterable)
    assert first == second and len(first) == 12
    assert [path.stat().st_mtime_ns for path in second] == times
    assert {path.suffix for path in first} == {".jpg", ".png", ".webp"}
    with Image.open(first[3]) as image:
        assert image.getexif()[ORIENTATION] == 6
        assert min(image.size) >= 900

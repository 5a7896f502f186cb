"""The gallery's filters make one output a picture and filter, of any picture, whatever is killed meanwhile."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageFilter

import pooltop
from pooltop.model import StartMethod
from pooltop.work.imported import Workload, WorkloadError, load, locate
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict

ALL = ("blur", "sharpen", "contour", "edges", "emboss", "thumbnail", "greyscale")
SIZE = (520, 390)


@pytest.fixture
def filters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workload]:
    """The workload as the engine loads it."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield load(locate("filters", Path.cwd()))
    for module in ("filters", "blur"):
        sys.modules.pop(module, None)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = SIZE, **save: Any) -> Path:
    """A picture with greys and, where its mode has them, colours; half of it transparent where it can be."""
    path.parent.mkdir(exist_ok=True)
    grey = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", [grey, grey.transpose(Image.Transpose.ROTATE_180), grey])
    if mode == "I;16":
        image = grey.convert("I").point(lambda value: value * 257)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").rotate(90).resize(size))
    image.convert(mode).save(path, **save)
    return path


def pictures(folder: Path, number: int, size: tuple[int, int] = SIZE) -> Path:
    for each in range(number):
        picture(folder / f"{each:02}.{('jpg', 'png', 'webp')[each % 3]}", size=size)
    return folder


def outcome(results: list[Any], filters: tuple[str, ...] = ALL) -> pooltop.Outcome:
    return pooltop.Outcome(results=results, options={"filters": filters}, items=len(results), failed=0)


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_one_output_a_picture_and_filter(lab: Lab, start_method: StartMethod) -> None:
    folder = pictures(lab.folder / "pictures", 6)
    final = await play(lab, "filters", items=str(folder), workers=2, start_method=start_method)
    assert verdict(final) == (42, 42, True)
    assert final.counters == dict.fromkeys(ALL, 6)
    (output,) = final.outputs
    assert sorted(path.relative_to(output) for path in Path(output).rglob("*.*")) == sorted(
        Path(name) / path.name for name in ALL for path in folder.iterdir()
    )


async def test_kills_leave_neither_gaps_nor_halves(lab: Lab) -> None:
    folder = pictures(lab.folder / "pictures", 10, size=(900, 600))
    out = lab.folder / "out"
    final = await play(lab, "filters", "--out", str(out), items=str(folder), workers=2, kills=4)
    assert verdict(final) == (70, 70, True)
    assert final.counters == dict.fromkeys(ALL, 10)
    assert len([path for path in out.rglob("*") if path.is_file()]) == 70


def test_given_none_it_makes_those_of_blur(filters: Workload) -> None:
    assert filters.items is load(locate("blur", Path.cwd())).items


@pytest.mark.parametrize(
    ("name", "pillows"),
    [
        ("blur", ImageFilter.GaussianBlur(8)),
        ("sharpen", ImageFilter.SHARPEN),
        ("contour", ImageFilter.CONTOUR),
        ("edges", ImageFilter.FIND_EDGES),
        ("emboss", ImageFilter.EMBOSS),
    ],
)
def test_filters_are_those_of_pillow(filters: Workload, tmp_path: Path, out: Path, name: str, pillows: Any) -> None:
    source = picture(tmp_path / "a.png")
    result = filters.function(source, (name,), out)
    assert result == {"picture": str(source), "outputs": {name: str(out / name / "a.png")}}
    with Image.open(source) as before, Image.open(out / name / "a.png") as after:
        assert after.tobytes() == before.filter(pillows).tobytes()


def test_greyscale_has_greys_only(filters: Workload, tmp_path: Path, out: Path) -> None:
    filters.function(picture(tmp_path / "a.png"), ("greyscale",), out)
    with Image.open(tmp_path / "a.png") as before, Image.open(out / "greyscale/a.png") as after:
        red, green, blue = after.split()
        assert red.tobytes() == green.tobytes() == blue.tobytes() == before.convert("L").tobytes()


@pytest.mark.parametrize(
    ("size", "small"), [((520, 390), (256, 192)), ((100, 70), (100, 70)), ((5, 4000), (1, 256)), ((3000, 1), (256, 1))]
)
def test_thumbnails_keep_the_proportions_and_never_grow(
    filters: Workload, tmp_path: Path, out: Path, size: tuple[int, int], small: tuple[int, int]
) -> None:
    result = filters.function(picture(tmp_path / "a.png", size=size), ("thumbnail",), out)
    with Image.open(out / "thumbnail/a.png") as image:
        assert image.size == small
    assert filters.check is not None and filters.check(outcome([result], ("thumbnail",))) == (1, 1)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.png", "1"),
        ("a.png", "L"),
        ("a.png", "LA"),
        ("a.png", "P"),
        ("a.png", "RGBA"),
        ("a.png", "I;16"),
        ("a.tif", "I"),
        ("a.tif", "F"),
        ("a.tif", "CMYK"),
        ("a.jpg", "CMYK"),
        ("a.gif", "P"),
        ("a.webp", "RGBA"),
        ("a.bmp", "RGB"),
    ],
)
def test_every_mode_is_filtered(filters: Workload, tmp_path: Path, out: Path, name: str, mode: str) -> None:
    result = filters.function(picture(tmp_path / name, mode), out=out)
    assert filters.check is not None and filters.check(outcome([result])) == (7, 7)
    for output in result["outputs"].values():
        with Image.open(output) as image:
            darkest, lightest = image.convert("RGB").convert("L").getextrema()
            assert darkest != lightest, f"{output} shows nothing"


@pytest.mark.parametrize("name", ["blur", "sharpen", "contour", "edges", "emboss", "greyscale"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_stays(filters: Workload, tmp_path: Path, out: Path, name: str, mode: str) -> None:
    source = picture(tmp_path / "a.png", mode)
    filters.function(source, (name,), out)
    with Image.open(source) as before, Image.open(out / name / "a.png") as after:
        assert after.mode == mode
        assert after.getchannel("A").tobytes() == before.getchannel("A").tobytes()


def test_paper_without_ink_has_no_edges(filters: Workload, tmp_path: Path, out: Path) -> None:
    Image.new("CMYK", (60, 40)).save(tmp_path / "a.tif", icc_profile=b"about inks")
    filters.function(tmp_path / "a.tif", ("contour", "thumbnail"), out)
    with Image.open(out / "contour/a.tif") as image:
        assert image.convert("RGB").getpixel((30, 20)) == (255, 255, 255)
        assert "icc_profile" not in image.info
    with Image.open(out / "thumbnail/a.tif") as image:
        assert (image.mode, image.info["icc_profile"]) == ("CMYK", b"about inks")


def test_a_turned_picture_comes_out_upright_with_its_profile(filters: Workload, tmp_path: Path, out: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result = filters.function(picture(tmp_path / "a.jpg", exif=exif, icc_profile=profile), out=out)
    for name, output in result["outputs"].items():
        with Image.open(output) as image:
            assert image.size == ((192, 256) if name == "thumbnail" else (390, 520))
            assert image.mode == "RGB" and image.info["icc_profile"] == profile
    assert filters.check is not None and filters.check(outcome([result])) == (7, 7)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"no picture", r"^a\.jpg: not a picture that Pillow can read$"),
        (None, r"^a\.jpg: No such file or directory$"),
        ("half", r"^a\.jpg: image file is truncated"),
    ],
)
def test_a_damaged_picture_fails_by_its_name(
    filters: Workload, tmp_path: Path, out: Path, content: bytes | str | None, line: str
) -> None:
    source = tmp_path / "a.jpg"
    if content == "half":
        whole = picture(source).read_bytes()
        source.write_bytes(whole[: len(whole) // 2])
    elif isinstance(content, bytes):
        source.write_bytes(content)
    with pytest.raises(ValueError, match=line):
        filters.function(source, out=out)
    assert not list(out.iterdir())


def test_the_original_is_never_written_over(filters: Workload, tmp_path: Path) -> None:
    source = picture(tmp_path / "edges/a.png")
    before = source.read_bytes()
    with pytest.raises(ValueError, match=r"^a\.png: the output would replace the picture itself"):
        filters.function(source, ("edges",), out=tmp_path)
    assert source.read_bytes() == before


def test_a_file_in_the_way_is_named(filters: Workload, tmp_path: Path, out: Path) -> None:
    (out / "edges").write_text("in the way")
    with pytest.raises(ValueError, match=r"out/edges: File exists$"):
        filters.function(picture(tmp_path / "a.png"), ("edges",), out)


def test_the_check_counts_outputs_that_are_missing_unreadable_or_of_another_size(
    filters: Workload, tmp_path: Path, out: Path
) -> None:
    results = [filters.function(picture(tmp_path / f"{name}.png"), ALL, out) for name in "abc"]
    assert filters.check is not None
    assert filters.check(outcome(results)) == (21, 21)
    (out / "blur/a.png").unlink()
    (out / "edges/b.png").write_bytes((out / "edges/b.png").read_bytes()[:60])
    picture(out / "thumbnail/c.png")
    assert filters.check(outcome(results)) == (21, 18)
    del results[0]["outputs"]["emboss"]
    assert filters.check(outcome(results)) == (21, 17)


def test_two_pictures_of_one_name_do_not_pass_the_check(
    filters: Workload, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = picture(tmp_path / "x/a.png"), picture(tmp_path / "y/a.png")
    results = [filters.function(source, ("edges",), out) for source in (first, second)]
    assert filters.check is not None
    assert filters.check(outcome(results, ("edges",))) == (2, 1)
    assert f"{out}/edges/a.png is the output of two pictures: {first} and {second}" in capsys.readouterr().out


def test_a_filter_named_twice_is_one(filters: Workload, tmp_path: Path, out: Path) -> None:
    result = filters.function(picture(tmp_path / "a.png"), ("edges", "edges"), out)
    assert filters.check is not None and filters.check(outcome([result], ("edges", "edges"))) == (1, 1)


def test_a_filter_that_there_is_not_is_refused(filters: Workload, tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"^--filters: 'sepia' is not one of 'blur', 'sharpen', "):
        filters.bind(("--filters", "edges,sepia"), run_folder=tmp_path, directory=tmp_path)
    with pytest.raises(WorkloadError, match=r"^--filters: 1 value or more, each one of 'blur', 'sharpen', "):
        filters.bind(("--filters", ""), run_folder=tmp_path, directory=tmp_path)

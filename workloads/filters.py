"""The gallery's filters: several of Pillow's filters over a folder of pictures."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypedDict

# What any picture needs is in the file beside this one. Its folder is on sys.path in a run, but mypy knows no runs.
from blur import make_pictures, read, reason, size_of, upright_size, write  # type: ignore[import-not-found]  # see above
from msgspec import Meta
from PIL import Image, ImageFilter

import pooltop

Filter: TypeAlias = Literal["blur", "sharpen", "contour", "edges", "emboss", "thumbnail", "greyscale"]
ALL: tuple[Filter, ...] = ("blur", "sharpen", "contour", "edges", "emboss", "thumbnail", "greyscale")
PILLOWS: dict[Filter, ImageFilter.Filter] = {
    "blur": ImageFilter.GaussianBlur(8),
    "sharpen": ImageFilter.SHARPEN(),
    "contour": ImageFilter.CONTOUR(),
    "edges": ImageFilter.FIND_EDGES(),
    "emboss": ImageFilter.EMBOSS(),
}
THUMBNAIL = 256
"""The longer side of a thumbnail, in pixels."""


class Filtered(TypedDict):
    """What became of one picture."""

    picture: str
    outputs: dict[Filter, str]


def every_output_there(outcome: pooltop.Outcome) -> tuple[int, int]:
    """One readable output of the right size for each picture that was read and each filter chosen."""
    filters = outcome.options["filters"]
    assert isinstance(filters, tuple)
    expected = 0
    good: dict[str, str] = {}
    for filtered in outcome.results:
        expected += len(set(filters))
        picture = filtered["picture"]
        for name, output in filtered["outputs"].items():
            if output in good:
                print(f"{output} is the output of two pictures: {good[output]} and {picture}")
            elif size_of(output) == size_after(name, upright_size(picture)):
                good[output] = picture
    return expected, len(good)


def size_after(name: Filter, size: tuple[int, int]) -> tuple[int, int]:
    """The size that a picture of this size has after a filter: only a thumbnail is smaller."""
    scale = min(1, THUMBNAIL / max(size)) if name == "thumbnail" else 1
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@pooltop.workload(
    title="Filter pictures",
    section="Real work",
    items=make_pictures,
    check=every_output_there,
)
def filters(
    picture: Path,
    filters: Annotated[tuple[Filter, ...], Meta(min_length=1)] = ALL,
    out: pooltop.OutputFolder = Path("output"),
) -> Filtered:
    """Several filters over a folder of pictures, a picture an item.

    What it shows: an item that does several things with what it has read once. Reading and unpacking a picture is
    shared by all its filters, so the pictures are handed out, and not each filter of each picture.

    Watch the progress inside each item, a step a filter, and how unequal the steps are: a blur takes twice as
    long as sharpening, a thumbnail next to nothing.

    Try one filter alone (--filters thumbnail): now most of the time goes into reading. Choose several
    (--filters edges,emboss,greyscale), and your own pictures: give a folder as the items. Kill a worker in the
    middle of a picture (k): all filters of that picture are run again and no half file is left.

    There is a folder of outputs a filter; each has its picture's name and format, is upright, and keeps its
    transparency, its colour profile and EXIF data. Palettes become true colour, 16-bit greys become 8-bit, and inks
    (CMYK) become light (RGB), except in thumbnails. A picture that cannot be read is a failure of its own, and the
    original is never written over. Two pictures of the same name share outputs, the later one's, and the check then
    says which.
    """
    image, file_format = read(picture)
    outputs: dict[Filter, str] = {}
    for name in pooltop.track(filters):
        output = out / name / picture.name
        make_way(output, picture)
        write(filtered(image, name), output, file_format, picture)
        outputs[name] = str(output)
        pooltop.counter(name).add()
    return {"picture": str(picture), "outputs": outputs}


def make_way(output: Path, picture: Path) -> None:
    """A folder for the output, which must not be the picture itself."""
    try:
        output.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"{output.parent}: {reason(error)}") from None
    if output.exists() and output.samefile(picture):
        raise ValueError(f"{picture.name}: the output would replace the picture itself; give another --out")


def filtered(image: Image.Image, name: Filter) -> Image.Image:
    """The image after a filter. Transparency stays as it was: the edges of an even one would be all transparent."""
    if name == "thumbnail":
        return image.resize(size_after(name, image.size))
    colours = colours_of(image)
    changed = greyed(colours) if name == "greyscale" else colours.filter(PILLOWS[name])
    if "A" in image.getbands():
        changed.putalpha(image.getchannel("A"))
    return changed


def greyed(colours: Image.Image) -> Image.Image:
    """Greys, in the mode that the colours had: their profile is for that."""
    return colours.convert("L").convert(colours.mode)


def colours_of(image: Image.Image) -> Image.Image:
    """The image as light, grey or red, green and blue: filters for light make black of paper without ink."""
    colours = image.convert(Image.getmodebase(image.mode))
    if image.mode == "CMYK":
        colours.info.pop("icc_profile", None)  # it is about inks
    return colours

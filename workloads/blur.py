"""The gallery's blur: a Gaussian blur over a folder of pictures."""

import hashlib
import io
import random
from pathlib import Path
from typing import Annotated, TypedDict

from msgspec import Meta
from PIL import ExifTags, Image, ImageFilter, ImageOps, UnidentifiedImageError

import pooltop

BLURRABLE = {"L", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK"}
"""The modes that Pillow's blur takes."""
OWN_PICTURES = 48


class Blurred(TypedDict):
    """What became of one picture."""

    picture: str
    output: str


def make_pictures(run_folder: Path) -> list[Path]:
    """A few dozen varied pictures of photo size, the same in every run, made once in a run."""
    folder = run_folder / "pictures"
    if not folder.exists():
        print(f"no pictures were given: making {OWN_PICTURES} in {folder}")
        unfinished = run_folder / ".pictures"
        unfinished.mkdir(parents=True, exist_ok=True)
        for number in range(OWN_PICTURES):
            make_picture(number, unfinished)
        unfinished.rename(folder)
    return sorted(folder.iterdir())


def make_picture(number: int, folder: Path) -> None:
    """Clouds of colour, coarse and fine; mostly JPEG, some PNG and WebP, some turned by their EXIF orientation."""
    chance = random.Random(number)
    suffix = {5: "png", 11: "webp"}.get(number % 12, "jpg")
    sizes = [(1000, 750)] if suffix == "png" else [(1600, 1200), (1280, 1920), (2000, 1333), (2400, 1600)]
    size = chance.choice(sizes)
    picture = Image.blend(clouds(size, 90, chance), clouds(size, 9, chance), 0.3)
    exif = Image.Exif()
    if number % 12 == 3:
        exif[ExifTags.Base.Orientation] = 6
    picture.save(folder / f"picture-{number:02}.{suffix}", exif=exif, compress_level=1, method=0)


def clouds(size: tuple[int, int], grain: int, chance: random.Random) -> Image.Image:
    """Random colours, a grain of so many pixels each, smoothly joined."""
    width, height = size[0] // grain, size[1] // grain
    return Image.frombytes("RGB", (width, height), chance.randbytes(3 * width * height)).resize(size)


def every_picture_blurred(outcome: pooltop.Outcome) -> tuple[int, int]:
    """One readable output of the same size for each picture that was read."""
    expected = 0
    good: dict[str, str] = {}
    for blurred in outcome.results:
        expected += 1
        picture, output = blurred["picture"], blurred["output"]
        if output in good:
            print(f"{output} is the output of two pictures: {good[output]} and {picture}")
        elif size_of(output) == upright_size(picture):
            good[output] = picture
    return expected, len(good)


def size_of(picture: str) -> tuple[int, int] | None:
    """Its size once it has been read to the end; None where it is unreadable."""
    try:
        with Image.open(picture) as image:
            image.load()
            return image.size
    except (OSError, SyntaxError, ValueError):
        return None


def upright_size(picture: str) -> tuple[int, int]:
    """The size of a picture as a person sees it, turned as its EXIF orientation says."""
    with Image.open(picture) as image:
        width, height = image.size
        on_its_side = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (height, width) if on_its_side else (width, height)


@pooltop.workload(title="Blur pictures", section="Real work", items=make_pictures, check=every_picture_blurred)
def blur(
    picture: Path,
    radius: Annotated[float, Meta(ge=0, le=1000)] = 8.0,
    out: pooltop.OutputFolder = Path("output"),
) -> Blurred:
    """Gaussian blur over a folder of pictures, a picture an item.

    What it shows: work that keeps every core busy and shares nothing, which is what a pool of processes is best at.

    Watch the cores fill, the counter of pixels, and the speedup, which comes close to the number of cores: pictures
    cost enough each that handing them out is nothing beside it.

    Try it on your own pictures: give a folder as the items. Kill a worker in the middle of a picture (k): the
    picture is blurred by another and no half file is left. Pause one (p), take one away (-), add two (+): the
    outputs are the same. Give a larger radius: it costs no more, since Pillow blurs by three box filters whose
    cost does not depend on their size.

    Each output has its picture's name and format, is upright, and keeps colour profile and EXIF data. Of an animation
    or a file of many pages the first picture is blurred. Palettes become true colour, 16-bit greys become 8-bit. A
    picture that cannot be read is a failure of its own, and the original is never written over. Two pictures of the
    same name share one output, the later one's, and the check then says which.
    """
    image, file_format = read(picture)
    output = out / picture.name
    if output.exists() and output.samefile(picture):
        raise ValueError(f"{picture.name}: the output would replace the picture itself; give another --out")
    blurred = image.filter(ImageFilter.GaussianBlur(radius))
    write(blurred, output, file_format, picture)
    pooltop.counter("pixels").add(blurred.width * blurred.height)
    return {"picture": str(picture), "output": str(output)}


def read(picture: Path) -> tuple[Image.Image, str]:
    """The picture, upright and in a mode that can be blurred, and its file format."""
    try:
        with Image.open(picture) as image:
            return blurrable(ImageOps.exif_transpose(image)), image.format or ""
    except UnidentifiedImageError:
        raise ValueError(f"{picture.name}: not a picture that Pillow can read") from None
    except Exception as error:  # decoders raise all sorts for a damaged file
        raise ValueError(f"{picture.name}: {reason(error)}") from None


def blurrable(image: Image.Image) -> Image.Image:
    """The image, converted where Pillow blurs none of its mode."""
    if image.mode in BLURRABLE:
        return image
    if image.mode.startswith("I;16"):
        return grey(image, 0, 65535)
    if image.mode in ("I", "F"):
        return grey(image, *image.getextrema())
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def grey(image: Image.Image, black: float, white: float) -> Image.Image:
    """An image of deep greys in 8 bits, `black` as 0 and `white` as 255."""
    scale = 255 / ((white - black) or 1)
    return image.convert("F").point(lambda value: value * scale - black * scale).convert("L")


def write(image: Image.Image, output: Path, file_format: str, picture: Path) -> None:
    """Write under a hidden name, then rename: a worker killed meanwhile leaves no half picture.

    The hidden name is the picture's own, so the next try at it replaces what was left.
    """
    kept = {key: image.info[key] for key in ("exif", "icc_profile") if image.info.get(key)}
    encoded = io.BytesIO()
    try:
        image.save(encoded, file_format, **kept)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{picture.name}: cannot be written as {file_format}: {error}") from None
    digest = hashlib.sha256(str(picture).encode(errors="surrogateescape")).hexdigest()
    unfinished = output.with_name(f".{digest[:16]}.part")
    try:
        unfinished.write_bytes(encoded.getbuffer())
        unfinished.replace(output)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ValueError(f"{output}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """What went wrong, in few words."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__

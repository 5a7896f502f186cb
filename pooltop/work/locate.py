"""Finding a workload's function from the words a person types, without importing anything of theirs."""

import difflib
import importlib
import sys
import sysconfig
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import msgspec

from pooltop.errors import WorkloadError
from pooltop.work import syntax
from pooltop.work.installed import Installed, installed
from pooltop.work.paths import path_of

GALLERY = Path(__file__).resolve().parents[2] / "workloads"
"""The gallery that is installed beside the engine; a folder of that name of the user's own is theirs."""
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")


class Target(msgspec.Struct, frozen=True):
    """Where a function (or an iterable) of the user's is."""

    workload: str
    """As the person named it."""
    module: str
    """The name under which every process imports it; for a file its stem."""
    attribute: str
    """`resize`, `Class.method`."""
    file: str | None
    """The absolute path where it is loaded by path: for `./script.py:resize`, and in the gallery."""
    folder: str
    """What comes first on sys.path: the script's folder, or the working directory; for what is installed the standard
    library, as always."""
    distribution: str = ""
    """The name of the installed distribution that adds it to the gallery."""

    @property
    def in_gallery(self) -> bool:
        """Whether one word names it: it is pooltop's own, or a distribution's entry point."""
        return ":" not in self.workload


def locate(workload: str, directory: Path) -> Target:
    """Where `blur` (of the gallery), `module:function` or `path.py:function` is, seen from `directory`.

    Raises WorkloadError where that is nowhere. A module that only its parent's import could find is left to loading.
    """
    place, colon, attribute = workload.rpartition(":")
    if not colon:
        return _in_gallery(workload, directory)
    if not place:
        raise WorkloadError(f"{workload!r} names no module: write module:function or ./file.py:function")
    if not is_dotted_name(attribute):
        raise WorkloadError(f"{workload!r} names no function: write {place}:function")
    if "/" in place or place.endswith(".py"):
        return _in_file(workload, place, attribute, directory)
    if not is_dotted_name(place):
        raise WorkloadError(f"{workload!r}: {place!r} is not the name of a module")
    folder = str(directory.absolute())
    find_module(place, folder)
    return Target(workload=workload, module=place, attribute=attribute, file=None, folder=folder)


def gallery_targets() -> list[Target]:
    """Pooltop's own gallery."""
    found = (gallery_target(path.stem) for path in sorted(GALLERY.glob("[!_]*.py")))
    return [target for target in found if target is not None]


def gallery_target(name: str) -> Target | None:
    """An entry of pooltop's own gallery: the function of the file of that name that is decorated with `workload`."""
    path = path_of(f"{name}.py", GALLERY)
    if not (name.isidentifier() and path.exists()):
        return None
    functions = syntax.workloads(syntax.read(path)[1])
    if not functions:
        return None
    return Target(workload=name, module=name, attribute=functions[0].name, file=str(path), folder=str(GALLERY))


def installed_target(entry: Installed) -> Target:
    """Where the entry point of an installed distribution leads. Raises WorkloadError where that is nowhere."""
    module, _, attribute = entry.place.partition(":")
    said = f"{entry.name} (of {entry.distribution})"
    if not (is_dotted_name(module) and is_dotted_name(attribute)):
        raise WorkloadError(f"{said}: its entry point is {entry.place!r}, not module:function")
    try:
        find_module(module, _STANDARD_LIBRARY)
    except WorkloadError:
        raise WorkloadError(f"{said}: no module named {module!r} is installed") from None
    return Target(
        workload=entry.name,
        module=module,
        attribute=attribute,
        file=None,
        folder=_STANDARD_LIBRARY,
        distribution=entry.distribution,
    )


def targets_in(place: str, directory: Path) -> list[Target]:
    """The functions of a Python file that are workloads, or could be.

    Raises WorkloadError where the file is not there, is no Python, or has none.
    """
    functions = syntax.offered(syntax.read(_python_file(place, directory))[1])
    if not functions:
        raise WorkloadError(f"{place} has no function that takes an item")
    return [_in_file(f"{place}:{function.name}", place, function.name, directory) for function in functions]


def source_file(target: Target) -> Path | None:
    """The Python file that holds `target`; None where importing alone could tell, or it is not written in Python."""
    if target.file is not None:
        return Path(target.file)
    spec = find_module(target.module, target.folder)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def find_module(module: str, folder: str) -> ModuleSpec | None:
    """What the import system knows of a module without importing its parents; None where they must be asked.

    Raises WorkloadError where not even its first part is anywhere.
    """
    importlib.invalidate_caches()
    head, *inner = module.split(".")
    spec = _find_top(head, folder)
    if spec is None:
        raise WorkloadError(f"no module named {head!r} in {folder} or among the installed packages")
    for part in inner:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec


def _find_top(name: str, folder: str) -> ModuleSpec | None:
    spec = PathFinder.find_spec(name, [folder, *sys.path])
    if spec is not None:
        return spec
    found = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((spec for spec in found if spec is not None), None)


def _in_gallery(name: str, directory: Path) -> Target:
    own = gallery_target(name)
    if own is not None:
        return own
    others = installed()
    if name in others:
        return installed_target(others[name])
    raise WorkloadError(_unknown(name, [target.workload for target in gallery_targets()] + list(others), directory))


def _unknown(name: str, known: list[str], directory: Path) -> str:
    if name.endswith(".py") or "/" in name:
        return f"{name}: name the function too, as {name}:function"
    if path_of(f"{name}.py", directory).exists() or "." in name:
        return f"no workload {name!r} in the gallery; a function of your own is module:function or ./file.py:function"
    close = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known)}"
    return f"no workload {name!r} in the gallery: {hint} (your own: module:function or ./file.py:function)"


def _in_file(workload: str, place: str, attribute: str, directory: Path) -> Target:
    file = _python_file(place, directory)
    return Target(
        workload=workload,
        module=file.stem.replace(".", "_"),  # a dot would make it the submodule of a package
        attribute=attribute,
        file=str(file),
        folder=str(file.resolve().parent),  # as Python does for a script that is a link
    )


def _python_file(place: str, directory: Path) -> Path:
    given = path_of(place, directory)
    file = given.parent.resolve() / given.name
    if file.is_dir():
        raise WorkloadError(f"{place} is a folder, not a Python file")
    if not file.exists():
        raise WorkloadError(f"no such file: {place}")
    if file.suffix != ".py":
        raise WorkloadError(f"{place} is not a Python file (.py)")
    return file


def is_dotted_name(text: str) -> bool:
    """Whether `text` could name a module or an attribute: `mypkg.tasks`."""
    return all(part.isidentifier() for part in text.split("."))

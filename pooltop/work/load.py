"""Importing what a `Target` names into this process: for the fork server, the feeder and the workers only."""

import difflib
import importlib
import importlib.util
import inspect
import sys
from types import ModuleType

from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.work.locate import Target


def load_object(target: Target) -> object:
    """The object `target` names. Its folder comes first on sys.path, as Python puts a script's.

    Raises WorkloadError where the import fails, or exits, or there is nothing of that name.
    """
    module = _import(target)
    found: object = module
    for name in target.attribute.split("."):
        owner = found
        try:
            found = getattr(owner, name)
        except AttributeError:
            raise WorkloadError(_missing(target, owner, name)) from None
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, name)):
        raise WorkloadError(
            f"{target.workload}: {target.attribute} is an instance method; "
            "name a function, a static method or a class method"
        )
    return found


def put_first(folder: str) -> None:
    """Begin sys.path with a folder, as Python does with a script's."""
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)


def _import(target: Target) -> ModuleType:
    put_first(target.folder)
    importlib.invalidate_caches()
    try:
        if target.file is None:
            return importlib.import_module(target.module)
        return _import_file(target.module, target.file)
    except WorkloadError:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the user's module too
        raise _failure(target, error) from None


def _import_file(name: str, file: str) -> ModuleType:
    loaded = sys.modules.get(name)
    if loaded is not None:
        if getattr(loaded, "__file__", None) == file:
            return loaded
        raise WorkloadError(f"{file}: another module is called {name!r} already; rename the file")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise WorkloadError(f"{file} is not a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _failure(target: Target, error: BaseException) -> WorkloadError:
    place = target.file or target.module
    details = user_traceback(error)
    if isinstance(error, ModuleNotFoundError) and not details:
        return WorkloadError(f"no module named {error.name!r} (for {target.workload})")
    match error:
        case SystemExit(code=None):
            return WorkloadError(f"{place} exits when it is imported", details)
        case SystemExit(code=code):
            return WorkloadError(f"{place} exits when it is imported: {code}", details)
        case _:
            return WorkloadError(f"{place} fails when it is imported: {summary(error)}", details)


def _missing(target: Target, owner: object, name: str) -> str:
    place = getattr(owner, "__file__", None) or target.file or target.module
    public = [known for known in dir(owner) if not known.startswith("_")]
    close = difflib.get_close_matches(name, public, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{target.workload}: no {name!r} in {place}{hint}"

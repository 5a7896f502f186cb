"""Results unpickled outside the run's own processes, long after it perhaps: their classes must be imported first."""

import io
import pickle
import sys
from mmap import mmap
from typing import Any, TypeAlias

from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.work.load import load_object, put_first
from pooltop.work.locate import Target

Pickled: TypeAlias = bytes | bytearray | mmap


class Unpickler:
    """For results of the workload at `target`, None where that is gone; imports of the person's code what their classes
    need, and no more."""

    def __init__(self, target: Target | None) -> None:
        if target is not None:
            put_first(target.folder)
        self._target = target

    def __call__(self, body: Pickled) -> Any:
        """The object. Raises WorkloadError, naming the module, where a class of it cannot be had."""
        try:
            return _Unpickler(body, self._target).load()
        except WorkloadError:
            raise
        except Exception as error:  # of the objects' own code
            raise WorkloadError(f"a result cannot be unpickled: {summary(error)}", user_traceback(error)) from None


class _Unpickler(pickle.Unpickler):
    def __init__(self, body: Pickled, target: Target | None) -> None:
        super().__init__(io.BytesIO(body))
        self._target = target

    def find_class(self, module: str, name: str) -> Any:
        """A class or function of a module, which is imported if need be."""
        if self._target is not None and module == self._target.module and module not in sys.modules:
            load_object(self._target)  # a script may have a name that `import` does not find
        needed = f"a result needs {module}.{name}"
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            raise WorkloadError(f"{needed}, and there is no module named {error.name!r}") from None
        except AttributeError:
            raise WorkloadError(f"{needed}, and {module} has no {name!r}") from None
        except (Exception, SystemExit) as error:
            failed = f"{needed}, and {module} fails when it is imported: {summary(error)}"
            raise WorkloadError(failed, user_traceback(error)) from None

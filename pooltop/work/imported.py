"""What a workload is: a function of one item, its options, and where its items come from by default."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pooltop import shared
from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.work.calling import Call, call_with, converting, parameters_of, synchronous
from pooltop.work.convert import converter
from pooltop.work.declare import ItemsDeclaration, Outcome, OutputFolder, declaration_of, workload
from pooltop.work.load import load_object
from pooltop.work.locate import Target, locate
from pooltop.work.options import values_given
from pooltop.work.paths import path_of
from pooltop.work.sharing import names_of, resolved
from pooltop.work.signature import Option, signature_of

__all__ = ["Outcome", "OutputFolder", "Target", "Workload", "WorkloadError", "load", "locate", "workload"]


class Workload:
    """A function that has been imported into this process, with what was declared about it."""

    def __init__(self, target: Target, function: Callable[..., Any]) -> None:
        """Raises WorkloadError where `function` cannot take an item."""
        declaration = declaration_of(function)
        self.name = target.workload
        self.function = function
        self.title = declaration.title or self.name
        self.items: ItemsDeclaration | None = declaration.items
        self.setup = declaration.setup
        self.check = declaration.check
        self.takes_items = declaration.takes_items
        self._shared = declaration.shared
        self._together = declaration.together
        names = names_of(declaration.shared, self.name)
        self._signature = signature_of(function, self.name, names)
        if self.check is None:
            self._refuse_what_nobody_takes(names)

    def _refuse_what_nobody_takes(self, names: frozenset[str]) -> None:
        """A name that is misspelt somewhere. (A check may take them all.)"""
        taken = self._signature.shared | parameters_of(self.setup)
        for name in sorted(names - taken):
            raise WorkloadError(f"{self.name}: shared {name!r} is no parameter of the function, nor of setup")

    def bind(
        self, words: Sequence[str], *, run_folder: Path, directory: Path, fresh: bool = False
    ) -> dict[str, object]:
        """The value of every option; output folders are made.

        words: as typed after the workload, `("--radius", "3")`.
        run_folder: where default output folders lie.
        directory: the working directory of the command, where given ones lie.
        fresh: every output folder lies in `run_folder`, those that were given too (for the sequential baseline).

        Raises WorkloadError for words that do not fit and for a folder that cannot be made.
        """
        given = values_given(words, self._signature.options, self.name)
        values: dict[str, object] = {}
        for option in self._signature.options:
            value = given.get(option.name, option.default)
            if option.is_output_folder and value is not None:
                if fresh:
                    value = run_folder / option.name
                elif option.name in given:
                    value = path_of(str(value), directory)
                else:
                    value = run_folder / value
                _make(value, option)
            values[option.name] = value
        return values

    def shared(self, options: Mapping[str, object]) -> dict[str, shared.Description]:
        """What the workers share in a run with these options. Raises WorkloadError for what is not plain."""
        return resolved(self._shared, options, self.name)

    def together(self, options: Mapping[str, object]) -> int:
        """How many items must run at the same time with these options. Raises WorkloadError where that is no number."""
        declared = self._together
        try:
            parts = call_with(declared, options) if callable(declared) else declared
        except Exception as error:
            raise WorkloadError(f"{self.name}: together raises {summary(error)}", user_traceback(error)) from None
        if isinstance(parts, bool) or not isinstance(parts, int) or parts < 1:
            raise WorkloadError(f"{self.name}: together is a whole number from 1 on, not {parts!r}")
        return parts

    def caller(
        self, options: Mapping[str, object], shared: Mapping[str, object] | None = None, *, convert_items: bool
    ) -> Call:
        """The function of one item, with `options` applied; the function itself where nothing is to be added.

        shared: the objects that the workers share, by their names.
        convert_items: items are text or other plain data, to be converted by the annotation of the first parameter.
        One that does not convert raises ValueError when it is called.
        """
        changed = {
            option.name: options[option.name]
            for option in self._signature.options
            if options[option.name] is not option.default
        }
        given = changed | {name: (shared or {})[name] for name in self._signature.shared}
        call = synchronous(partial(self.function, **given) if given else self.function)
        convert = converter(self.item_annotation) if convert_items else None
        return call if convert is None else converting(call, convert)

    def set_up(self, options: Mapping[str, object], shared: Mapping[str, object] | None = None) -> None:
        """Run the declared `setup`, if any, with those of the options and the shared objects that it takes."""
        if self.setup is not None:
            call_with(self.setup, {**options, **(shared or {})})

    def output_folders(self, options: Mapping[str, object]) -> list[Path]:
        """The folders that a run with these bound options writes to."""
        values = (options[option.name] for option in self._signature.options if option.is_output_folder)
        return [value for value in values if isinstance(value, Path)]

    @property
    def item_annotation(self) -> Any:
        """The annotation of the first parameter; `signature.ABSENT` where there is none."""
        return self._signature.item


def load(target: Target) -> Workload:
    """Import a workload into this process: in the fork server, the feeder and the workers, nowhere else.

    Raises WorkloadError, with the user's traceback in `details` where their code raised.
    """
    function = load_object(target)
    if not callable(function):
        raise WorkloadError(f"{target.workload} is of type {type(function).__name__}, not a function")
    return Workload(target, function)


def _make(folder: Path, option: Option) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkloadError(f"{option.flag}: cannot make the folder {folder}: {error.strerror}") from None

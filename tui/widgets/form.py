"""The form of a workload: its options, and how to run it."""

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.reactive import reactive
from textual.widgets import Select

from pooltop.model import BaselineMethod
from pooltop.work.describe import Description, Parameter
from tui.form import items_blank, parameter_blanks, settings_blanks
from tui.widgets.field import Field


class Parameters(VerticalGroup):
    """The lines that depend on the function."""

    parameters: reactive[tuple[Parameter, ...]] = reactive((), recompose=True)

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        super().__init__()
        self.set_reactive(Parameters.parameters, parameters)

    def compose(self) -> ComposeResult:
        """A line for each."""
        yield from map(Field, parameter_blanks(self.parameters))


class Form(VerticalGroup):
    """Made anew for each workload that is chosen.

    While somebody types a function of their own, all lines but those of its parameters stay as they are: what is typed
    meanwhile, and where, is not lost. Only the baseline follows what the function declares, unless it says otherwise.
    """

    def __init__(self, cpus: int) -> None:
        super().__init__()
        self._cpus = cpus
        self._shown: Description | None = None
        self._typed = False

    def compose(self) -> ComposeResult:
        """A line for each blank."""
        yield Field(items_blank(self._shown))
        yield Parameters(self._shown.parameters if self._shown else ())
        yield from map(Field, settings_blanks(self._cpus, self._baseline))

    def show(self, description: Description | None, typed: bool) -> None:
        """The form of this workload, which the person has `typed` or chosen; None is one that is not known yet."""
        stays = self._typed and typed
        before = self._baseline
        self._shown, self._typed = description, typed
        if stays:
            self.query_one(Parameters).parameters = description.parameters if description else ()
            self._follow_baseline(before)
        else:
            self.refresh(recompose=True)

    @property
    def answers(self) -> dict[str, str]:
        """What every field says now, by the name of its blank."""
        return {field.blank.name: field.answer for field in self.query(Field)}

    @property
    def _baseline(self) -> BaselineMethod:
        """What holds where nobody says anything."""
        return self._shown.baseline if self._shown else "none"

    def _follow_baseline(self, before: BaselineMethod) -> None:
        for field in self.query(Field):
            if field.blank.name == "baseline" and field.answer == before:
                field.query_one(Select).value = self._baseline

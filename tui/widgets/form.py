"""The form of a workload: its options, and how to run it."""

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.reactive import reactive

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
    """Made anew for each workload of the gallery.

    While somebody types a function of their own, all lines but those of its parameters stay as they are: what is typed
    meanwhile, and where, is not lost.
    """

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._workers = workers
        self._shown: Description | None = None
        self._own = False

    def compose(self) -> ComposeResult:
        """A line for each blank."""
        yield Field(items_blank(self._shown.items if self._shown else None, self._own))
        yield Parameters(self._shown.parameters if self._shown else ())
        yield from map(Field, settings_blanks(self._workers, self._own))

    def show(self, description: Description | None, own: bool) -> None:
        """The form of this workload; None is a function that is not known yet."""
        stays = self._own and own
        self._shown, self._own = description, own
        if stays:
            self.query_one(Parameters).parameters = description.parameters if description else ()
        else:
            self.refresh(recompose=True)

    @property
    def answers(self) -> dict[str, str]:
        """What every field says now, by the name of its blank."""
        return {field.blank.name: field.answer for field in self.query(Field)}

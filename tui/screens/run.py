"""The screen of one run: it follows the feed, lays the panels out, and turns keys into commands."""

import asyncio
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from pooltop.model import Command, Kill, Pause, Reply, Resize, Restart, Resume, Skip, Snapshot, Stop, Worker
from tui.engine import Feed
from tui.following import to_the_end
from tui.screens.dialog import Dialog
from tui.screens.failures import FailuresDialog
from tui.screens.help import RUN
from tui.screens.keys import KEYS, TO_WORKERS
from tui.screens.kill import KillDialog
from tui.screens.leave import Choice, LeaveDialog
from tui.screens.text import TextDialog
from tui.screens.worker import WorkerDialog
from tui.view import parting
from tui.view.arrangement import arrange
from tui.view.state import ended
from tui.widgets.cores import Cores
from tui.widgets.counters import Counters
from tui.widgets.header import Header
from tui.widgets.log import Log
from tui.widgets.panel import Panel
from tui.widgets.result import Result
from tui.widgets.shared import Shared
from tui.widgets.speedup import Speedup
from tui.widgets.status import Status
from tui.widgets.workers import Workers

ANSWER_SECONDS = 5.0
STOP_SECONDS = 5.0


class RunScreen(Screen[None]):
    """Shows the snapshots of one feed; `snapshot` is the newest."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    class Arrived(Message):
        """A new snapshot; where the screen is slow, only the newest counts."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

        def can_replace(self, message: Message) -> bool:
            """See `Message`."""
            return isinstance(message, RunScreen.Arrived)

    class Left(Message):
        """The person is done with this run; what the program ends with."""

        def __init__(self, exit_code: int, parting: str) -> None:
            super().__init__()
            self.exit_code = exit_code
            self.parting = parting

    class ToGallery(Message):
        """The person wants to run something else."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.snapshot: Snapshot | None = None
        self._feed = feed
        self._feed_over = asyncio.Event()
        self._size_asked_for: int | None = None
        self._header, self._workers, self._status = Header(), Workers(), Status()
        self._body: tuple[Panel, ...] = (Result(), Cores(), Speedup(), self._workers, Counters(), Shared(), Log())

    def compose(self) -> ComposeResult:
        """Every panel; `_arrange` decides which are seen, and where."""
        yield self._header
        yield Container(*self._body, id="body")
        yield self._status
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self._follow()

    async def on_unmount(self) -> None:
        """Look no longer."""
        await self._feed.close()

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.snapshot is not None and ended(self.snapshot)

    @property
    def measuring(self) -> bool:
        """Whether the items still run in the plain loop, and there are no workers that could be told anything."""
        return self.snapshot is not None and self.snapshot.state == "baseline"

    @work
    async def _follow(self) -> None:
        async for snapshot in to_the_end(self._feed):
            self.post_message(self.Arrived(snapshot))
        self.call_later(self._feed_over.set)  # behind the last of them

    def on_run_screen_arrived(self, message: Arrived) -> None:
        """Show it everywhere."""
        state_before = self.snapshot.state if self.snapshot is not None else None
        self.snapshot = message.snapshot
        if self.snapshot.workers_requested == self._size_asked_for:
            self._size_asked_for = None
        if self.snapshot.state != state_before:
            self.refresh_bindings()
        self._arrange()
        for panel in (self._header, *self._body, self._status):
            panel.show(self.snapshot)
        for screen in self.app.screen_stack:
            if isinstance(screen, Dialog):
                screen.show(self.snapshot)

    def on_resize(self, _: events.Resize) -> None:
        """Another size may have room for other panels."""
        self.call_after_refresh(self._arrange)

    def _arrange(self) -> None:
        body = self.query_one("#body")
        if self.snapshot is None or not body.size:
            return
        arrangement = arrange(self.snapshot, body.size.width, body.size.height)
        for panel in self._body:
            panel.place(arrangement.boxes.get(panel.id or ""), arrangement.framed)

    # What the keys do.

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Commands to the workers make sense while there are any, the gallery after the run."""
        match action:
            case "gallery":
                return self.over
            case "say_no_pool_yet":
                return self.measuring
            case _:
                return action not in TO_WORKERS or not (self.over or self.measuring)

    def action_help(self) -> None:
        """The keys and the words."""
        self.app.push_screen(TextDialog("pooltop", RUN))

    def action_move(self, rows: int) -> None:
        """Select another worker."""
        self._workers.move(rows)

    def action_page(self, pages: int) -> None:
        """Select a worker further away."""
        self._workers.move(pages * self._workers.page)

    def action_details(self) -> None:
        """All about the selected worker."""
        if self.snapshot is not None and (worker := self._workers.chosen):
            self.app.push_screen(WorkerDialog(worker.slot, self.snapshot))

    def action_failures(self) -> None:
        """The items that have failed so far."""
        if self.snapshot is not None:
            self.app.push_screen(FailuresDialog(self.snapshot))

    def action_gallery(self) -> None:
        """Run something else."""
        self.post_message(self.ToGallery())

    def action_say_no_pool_yet(self) -> None:
        """In place of the commands to workers."""
        self._answer("Measuring the baseline; q can stop the run. Its workers start after that.", ok=False)

    def action_signal(self) -> None:
        """Ask which signal, and send it to the process that was selected when asking."""
        if (worker := self._process()) is None:
            return

        def send(signal: str | None) -> None:
            if signal is not None:
                self._ask(Kill(worker.slot, signal, worker.pid))

        self.app.push_screen(KillDialog(worker), send)

    def action_kill(self) -> None:
        """SIGKILL at once."""
        if worker := self._process():
            self._ask(Kill(worker.slot, "KILL", worker.pid))

    def action_restart(self) -> None:
        """Replace the worker after its present item."""
        if worker := self._process():
            self._ask(Restart(worker.slot, pid=worker.pid))

    def action_skip(self) -> None:
        """Give up the item in the worker's hand."""
        if worker := self._process():
            self._ask(Skip(worker.slot, worker.pid, worker.item_index))

    def action_pause(self) -> None:
        """Freeze the worker, or let it go on."""
        if worker := self._process():
            frozen = worker.state in ("paused", "stopped")
            self._ask((Resume if frozen else Pause)(worker.slot, pid=worker.pid))

    def action_pause_pool(self) -> None:
        """Freeze every worker, or let them go on."""
        if self.snapshot is not None:
            self._ask(Resume() if self.snapshot.state == "paused" else Pause())

    def action_resize(self, more: int) -> None:
        """One worker more or fewer than last asked for, also where no snapshot has come since."""
        if self.snapshot is None:
            return
        size = (self._size_asked_for or self.snapshot.workers_requested) + more
        if size < 1:
            self._answer("A pool has at least one worker; q stops the run.", ok=False)
            return
        self._size_asked_for = size
        self._ask(Resize(size))

    def action_leave(self) -> None:
        """Leave at once after the end; else ask what becomes of the run."""
        if self.snapshot is None or self.over:
            self._leave()
        else:
            self.app.push_screen(LeaveDialog(self.snapshot), self._leave_as)

    def _leave_as(self, choice: Choice | None) -> None:
        if choice == "background" and self.snapshot is not None:
            self.post_message(self.Left(0, parting.in_the_background(self.snapshot)))
        elif choice == "stop":
            self._stop_and_leave()

    @work
    async def _stop_and_leave(self) -> None:
        reply = await self._reply(Stop())
        self._answer(reply.text, reply.ok)
        if reply.ok and await self._ends_within(STOP_SECONDS):
            self._leave()

    async def _ends_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._feed_over.wait(), seconds)
        except TimeoutError:
            self._answer("It has not ended yet; q leaves it to that in the background.", ok=False)
            return False
        return True

    def _leave(self) -> None:
        if self.snapshot is None:
            self.post_message(self.Left(0, ""))
        else:
            self.post_message(self.Left(parting.exit_code(self.snapshot), parting.at_the_end(self.snapshot)))

    def _process(self) -> Worker | None:
        """The selected worker, if there is a process in its slot; else say so."""
        worker = self._workers.chosen
        if worker is None or worker.pid is None:
            self._answer("There is no process in that slot just now.", ok=False)
            return None
        return worker

    @work
    async def _ask(self, command: Command) -> None:
        reply = await self._reply(command)
        if isinstance(command, Resize) and not reply.ok:
            self._size_asked_for = None
        self._answer(reply.text, reply.ok)

    async def _reply(self, command: Command) -> Reply:
        try:
            return await asyncio.wait_for(self._feed.ask(command), ANSWER_SECONDS)
        except ConnectionError:
            return Reply(0, False, "The run's supervisor is gone; nothing was done.")
        except TimeoutError:
            return Reply(0, False, f"No answer within {ANSWER_SECONDS:.0f} s; it may still be done.")

    def _answer(self, text: str, ok: bool) -> None:
        self._status.answer(text, "strong" if ok else "warning")

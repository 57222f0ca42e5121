"""The live panel of a run, in any number of cells; it costs next to nothing while nobody looks."""

import threading
import time
from html import escape
from typing import Any, Protocol

import ipywidgets

from explorekit.engine.load import WorkerLoad
from explorekit.engine.progress import Progress
from explorekit.engine.tally import Tally
from explorekit.explorer.access import Access
from explorekit.explorer.panel.board import Board, FailureList, put
from explorekit.explorer.panel.onlookers import Onlookers
from explorekit.explorer.panel.state import failure_states, head_state, map_state, worker_states
from explorekit.explorer.panel.words import text_line
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.watch import Watch

WIDTH = "720px"
BUTTON = {"width": "auto"}
# Seconds between two pictures of the map, two questions to the workers, and two announcements to those who do not see.
MAP_INTERVAL, LOAD_INTERVAL, SAID_INTERVAL = 1.0, 2.0, 20.0
# Without a browser that speaks up there may be one that cannot, or a notebook that is being kept.
UNHEARD_INTERVAL = 5.0


class Running(Protocol):
    """What a panel needs of a run."""

    name: str

    @property
    def progress(self) -> Progress:
        """A snapshot; cheap to ask."""

    @property
    def tally(self) -> Tally:
        """Counts over a map; cheap to ask."""

    def loads(self) -> tuple[WorkerLoad, ...]:
        """How busy the workers are; takes some milliseconds."""

    def cancel(self) -> None:
        """End the run soon; returns at once."""

    def retry(self) -> "Running":
        """Run again what failed; returns at once."""

    def show_in(self, panel: "ProgressPanel") -> None:
        """Take a panel for this run's own."""


class ProgressPanel(ipywidgets.VBox):  # type: ignore[misc]
    """The live panel of a run.

    It can be shown in any number of cells, at any time: its state lives in the kernel, and every view of it is
    brought up to date until the run has ended. While no view is in sight, nothing is computed and nothing sent.

    Parameters
    ----------
    run
        An `explorekit.engine.run.Run`, or anything else that has what `Running` names.
    """

    def __init__(self, run: Running) -> None:
        self._run = run
        self._lock = threading.RLock()
        self.onlookers = Onlookers()
        self.board = Board()
        self.failure_list = FailureList()
        # For browsers that cannot draw the board; where it can be drawn, its style hides this.
        self.line = ipywidgets.HTML()
        self.line.add_class("explorekit-line")
        self.stop_button = ipywidgets.Button(
            description="Stop", icon="stop", tooltip="End the run, and keep what is finished", layout=BUTTON
        )
        self.retry_button = ipywidgets.Button(
            description="Retry failed",
            icon="repeat",
            tooltip="Run again what failed or timed out",
            layout=BUTTON,
        )
        self.problem = ipywidgets.HTML()
        self._access = Access()
        self._buttons = ipywidgets.HBox(
            [self.stop_button, self.retry_button], layout={"flex_flow": "row wrap"}
        )
        self._map_due = self._loads_due = self._said_due = self._look_due = 0.0
        self._said_state = ""
        super().__init__(
            children=[self.board, self.line, self._buttons, self.problem, self.failure_list, self._access],
            layout={"max_width": WIDTH, "padding": "4px 0"},
        )
        self.add_class("explorekit-panel")
        self.stop_button.on_click(self._stop)
        self.retry_button.on_click(self._retry)
        self.board.on_msg(self._heard)
        self._follow()

    def _follow(self) -> None:
        self._watch: Watch[ProgressPanel] = Watch(self, ProgressPanel._look)
        if self.refresh():
            self._watch.start()

    def refresh(self) -> bool:
        """Show the newest progress; return whether the run goes on."""
        with self._lock:
            progress = self._run.progress
            now = time.monotonic()
            put(self.board, "head", head_state(self._run.name, progress))
            if now >= self._map_due or progress.done:
                self._map_due = now + MAP_INTERVAL
                put(self.board, "picture", map_state(self._run.tally))
            put(self.failure_list, "groups", failure_states(progress.failures))
            put(self.failure_list, "note", _others(progress))
            put(self.line, "value", "" if self.onlookers.ever else _plain(progress))
            self._say(progress, now)
            self._offer(progress)
            if progress.done:
                put(self.board, "workers", [])
        return not progress.done

    def _say(self, progress: Progress, now: float) -> None:
        """Tell those who do not see, but not all the time."""
        if progress.state != self._said_state or now >= self._said_due:
            self._said_state, self._said_due = progress.state, now + SAID_INTERVAL
            put(self.board, "said", text_line(progress))

    def _offer(self, progress: Progress) -> None:
        put(self.stop_button, "disabled", progress.done or progress.state == "cancelling")
        put(self.stop_button.layout, "display", "none" if progress.done else None)
        retry = progress.done and progress.failed
        put(self.retry_button, "disabled", not retry)
        put(self.retry_button.layout, "display", None if retry else "none")

    def _look(self) -> bool:
        """Do what the watching thread does twice a second."""
        self.onlookers.forget_the_silent()
        now = time.monotonic()
        done = self._run.progress.done
        if not (done or self.onlookers.present or (not self.onlookers.ever and now >= self._look_due)):
            return True
        self._look_due = now + UNHEARD_INTERVAL
        if self.onlookers.present and not done and now >= self._loads_due:
            self._loads_due = now + LOAD_INTERVAL
            loads = worker_states(self._run.loads())
            with self._lock:
                put(self.board, "workers", loads)
        return self.refresh()

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if self.onlookers.hear(content):
            self.refresh()

    def _stop(self, _button: Any) -> None:
        self.stop_button.disabled = True
        self._run.cancel()

    def _retry(self, _button: Any) -> None:
        self.retry_button.disabled = True
        on_kernel_thread(self._run_again)

    def _run_again(self) -> None:
        try:
            run = self._run.retry()  # reads what has failed
        except Exception as error:  # noqa: BLE001 - there is nobody left to raise to
            self.problem.value = f'<span class="explorekit-problem" role="alert">{escape(str(error))}</span>'
            self.retry_button.disabled = False
            return
        self._watch.stop()
        self.problem.value = ""
        self._run = run
        run.show_in(self)
        self._follow()

    def close(self) -> None:
        """Stop following the run, which goes on, and remove the panel."""
        if "_watch" in self.__dict__:
            self._watch.stop()
            widgets = (self.board, self.failure_list, self.line, self.problem, self._buttons, self._access)
            for widget in (*widgets, self.stop_button, self.retry_button):
                widget.close()
        super().close()

    def __repr__(self) -> str:
        return text_line(self._run.progress)


def _plain(progress: Progress) -> str:
    latest = "".join(f"<br>{group.count:,} × {escape(group.error)}" for group in progress.failures[:5])
    return f"{escape(text_line(progress))}{latest}"


def _others(progress: Progress) -> str:
    """Return what is to be said of failures whose error is not at hand."""
    others = progress.failed - sum(group.count for group in progress.failures)
    return f"{others:,} more failed in earlier runs: see study.failures" if others > 0 else ""

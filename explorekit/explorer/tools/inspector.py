"""All that is known of the run that is looked at, and what can be done with it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.engine.progress import duration
from explorekit.errors import ExplorekitError
from explorekit.explorer.code.run import code_of_run
from explorekit.explorer.record_html import STYLE, record_html, said_html
from explorekit.explorer.running import flat_position, index_at, run_index
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.copying import CopyButton
from explorekit.explorer.tools.tool import Tool
from explorekit.explorer.view import parameter_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

logger = logging.getLogger(__name__)

_LONG = 2.0  # seconds that a kernel may be busy without a word


class Inspector(ipywidgets.VBox):  # type: ignore[misc]
    """The record of one run, and buttons to run it, run it again, compare, and take it along.

    Parameters
    ----------
    explorer
        Which run is looked at.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._position: int | None = None
        self._told = ""
        self._generation: int | None = None
        self.run_button = self._button(
            "Run this", "play", "Run this point now; the study keeps the result", self._run
        )
        self.reproduce_button = self._button(
            "Reproduce",
            "check",
            "Run it again here, and compare with what is kept, bit for bit",
            self._reproduce,
        )
        self.code_button = CopyButton(
            label="Copy as code", icon="code", title="Python that opens the study and selects this run"
        )
        self.failure_button = self._button(
            "Next failure", "forward", "Go to the next run that failed", self._next
        )
        self.as_moved = ipywidgets.ToggleButton(
            explorer.runner.as_moved,
            description="Run as I move",
            icon="road",
            tooltip="Run each pending point that is come to, where a run is known to be short",
            layout={"width": "auto"},
        )
        self.as_moved.observe(self._as_moved_changed, "value")
        self.said = ipywidgets.HTML()
        self.hint = ipywidgets.HTML()
        self.record = ipywidgets.HTML()
        self.buttons = ipywidgets.HBox(layout={"flex_flow": "row wrap"})
        running = explorer.runner.can_run
        self.buttons.children = (
            *((self.run_button, self.as_moved) if running else ()),
            self.failure_button,
            *((self.reproduce_button,) if hasattr(explorer.source, "reproduce") else ()),
            self.code_button,
        )
        super().__init__(
            [
                ipywidgets.HTML(STYLE, layout={"display": "none"}),
                self.buttons,
                self.hint,
                self.said,
                self.record,
            ]
        )
        self.add_class("explorekit-inspector")

    def follow(self) -> None:
        """Show the run that is looked at; only its record is read."""
        explorer, runner = self._explorer, self._explorer.runner
        dataset, source = explorer.slicer.dataset, explorer.source
        here = run_index(dataset, explorer.view)
        position = flat_position(dataset, here)
        if position != self._position:
            self._position, self._told = position, ""
            self.said.value = ""
        path = source.path  # type: ignore[attr-defined]
        _set(self.code_button, text=code_of_run(path, dataset, here, position))
        runner.go_on()
        try:
            record: Any = source.inspect(position)  # type: ignore[attr-defined]
        except (ExplorekitError, OSError, RuntimeError) as error:
            self.record.value = said_html(f"The record of this run cannot be read: {error}")
            return
        self.record.value = record_html(record, "running" if runner.running_this else "")
        if runner.message != self._told:
            self._told = runner.message
            self.said.value = said_html(self._told)
        _set(self.hint, value=said_html(self._hint()))
        failed = record.status in ("failed", "timed_out")
        _set(
            self.run_button,
            description="Run again" if failed else "Run this",
            icon="repeat" if failed else "play",
        )
        _set(self.run_button, disabled=record.status == "ok" or runner.running_this)
        _set(self.reproduce_button, disabled=record.status == "pending")
        if self._generation != source.generation:
            self._generation = source.generation
            _set(self.failure_button, disabled=source.next_failure() is None)  # type: ignore[attr-defined]
        _set(self.as_moved, value=runner.as_moved)

    def close(self) -> None:
        """Remove the buttons too."""
        buttons = (
            self.run_button,
            self.as_moved,
            self.failure_button,
            self.reproduce_button,
            self.code_button,
        )
        for widget in (*buttons, *self.children):
            widget.close()
        super().close()

    def _hint(self) -> str:
        """Return how to choose among the runs that the picture shows, while none is chosen."""
        view, parameters = self._explorer.view, parameter_dims(self._explorer.slicer.dataset)
        along = [dim for dim in view.axes if dim in parameters and not view.picked]
        others = [dim for dim in view.placed if dim in parameters and dim not in view.axes]
        parts = [
            f"Click in the picture to choose the run along {' and '.join(along)}." if along else "",
            f"The picture has several runs along {' and '.join(others)}; this is one of them."
            if others
            else "",
        ]
        return " ".join(filter(None, parts))

    def _button(self, name: str, icon: str, tooltip: str, press: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: on_kernel_thread(lambda: self._press(press)))
        return button

    def _press(self, press: Callable[[], None]) -> None:
        """Do what a button says; what goes wrong is said below it."""
        with self._explorer.lock:
            try:
                press()
            except (ExplorekitError, OSError, RuntimeError) as error:
                self.said.value = said_html(str(error))

    def _run(self) -> None:
        self._explorer.runner.run_this()
        self.follow()

    def _as_moved_changed(self, _change: Any) -> None:
        on_kernel_thread(self._take_up)

    def _take_up(self) -> None:
        explorer = self._explorer
        with explorer.lock:
            if explorer.runner.as_moved != self.as_moved.value:
                explorer.runner.as_moved = self.as_moved.value
                explorer.runner.follow()
                self.follow()

    def _next(self) -> None:
        explorer = self._explorer
        dataset = explorer.slicer.dataset
        failure = explorer.source.next_failure(self._position)  # type: ignore[attr-defined]
        if failure is not None:
            view, index = explorer.view, index_at(dataset, failure)
            picked = view.picked or (bool(view.axes) and index.keys() >= set(view.axes))
            explorer.show(replace(view, selection={**view.selection, **index}, picked=picked))

    def _reproduce(self) -> None:
        source: Any = self._explorer.source
        taken = source.inspect(self._position).duration
        if taken > _LONG:
            self.said.value = said_html(f"Running it here; the kernel is busy for about {duration(taken)}.")
        again = source.reproduce(self._position)
        same = "The same error." if again.new_error else "The same numbers."
        self.said.value = said_html(same if again.same else repr(again))


def _set(widget: ipywidgets.Widget, **traits: object) -> None:
    for name, value in traits.items():
        if getattr(widget, name) != value:
            setattr(widget, name, value)


TOOL = Tool(
    "Run",
    "search",
    "All that is known of the run that is looked at: parameters, times, error, log; run it, again, or reproduce it",
    Inspector,
    lambda explorer: hasattr(explorer.source, "inspect"),
)

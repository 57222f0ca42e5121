"""The widget that slices results: one variable at a time, while the runs go on or after."""

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
from matplotlib.figure import Figure

from explorekit.explorer.asking import asked_for
from explorekit.explorer.camera import NOTHING, Shot
from explorekit.explorer.captions import caption
from explorekit.explorer.code import code_of
from explorekit.explorer.controls import WIDTH
from explorekit.explorer.entering import enter
from explorekit.explorer.foreseeing import Foresight
from explorekit.explorer.menus import Menus, Step
from explorekit.explorer.page import MAX_BYTES, Dims
from explorekit.explorer.picking import point_of, with_pick
from explorekit.explorer.refreshing import Refreshing
from explorekit.explorer.resting import Rest
from explorekit.explorer.running import PointRunner
from explorekit.explorer.saving import save, save_page
from explorekit.explorer.scales import Scales
from explorekit.explorer.scene import Scene
from explorekit.explorer.screen import Screen
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.sliders import Sliders
from explorekit.explorer.source import Source, as_source, look_at
from explorekit.explorer.state import State, state_of, view_of
from explorekit.explorer.still import with_stills
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools import Toolbar, tools
from explorekit.explorer.trimming import trim_after
from explorekit.explorer.view import View, checked, moved_dims, slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.beside import Beside


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """A picture of one slice, and the controls that choose it.

    `explore` makes one.

    Parameters
    ----------
    data, variable, x, y
        As in `explore`.
    selection
        The value to start with along each dimension.
    **options
        The other arguments of `explore`.

    Attributes
    ----------
    source
        The study or Dataset that is looked at.
    lock
        Held while the view changes, a frame is read or drawn.
    menus
        What is shown, and how.
    tools
        What can be done with what is shown: the buttons below the picture.
    runner
        Runs the point that is looked at.
    foresight
        Has the browser hold what is beside it.
    """

    children: tuple[ipywidgets.Widget, ...]

    def __init__(
        self,
        data: Any,
        variable: str | None = None,
        x: str | None = None,
        y: str | None = None,
        selection: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        # One lock round artists, views and file reads: the watching thread redraws too.
        self.lock = threading.RLock()
        self.source: Source = as_source(data)
        self._scene = Scene(self.source, asked_for(selection or {}, variable=variable, x=x, y=y, **options))
        self._shown = NOTHING
        self._sketched = False
        self._rest = Rest(self.settle)
        self.foresight = Foresight(self)
        self._after: list[Callable[[], object]] = []
        self._pickers: list[Callable[[dict[str, Any]], object]] = []
        self.menus = Menus(self._take, self._typed)
        self.variable_chooser, self.x_chooser = self.menus.variable, self.menus.x
        self.y_chooser, self.kind_chooser = self.menus.y, self.menus.kind
        self.sliders = Sliders(self._take)
        self.screen = Screen(self)
        self.image, self.picture = self.screen.image, self.screen.picture
        self.caption = ipywidgets.HTML()
        self.runner = PointRunner(self)
        self.tools = Toolbar(self, tools())
        self._refreshing = Refreshing(self.source, self.refresh)
        below = (self.sliders, self.screen.widget, self.caption, self.tools)
        super().__init__([self.menus, *below], layout={"max_width": WIDTH, "padding": "4px 0"})
        self.add_class("explorekit-explorer")
        with self.lock:
            self._arrange()
            self._draw()
        look_at(self.source)
        self._scene.look_first()
        self.watch()

    @property
    def slicer(self) -> Slicer:
        """What takes frames from the newest snapshot, which is ``slicer.dataset``."""
        return self._scene.slicer

    @property
    def view(self) -> View:
        """What is looked at: the variable, the axes, and the index along every dimension."""
        return self._scene.view

    @property
    def shown(self) -> Shot:
        """What is drawn now: its frame, the scale, and a message over it."""
        self.settle()
        return self._shown

    @property
    def latest(self) -> Shot:
        """What was drawn last, which may be a sketch."""
        return self._shown

    @property
    def shown_kind(self) -> str:
        """The kind of plot that is shown; an empty text where there is none, or more than a single one."""
        frame = self._shown.frame
        return frame.kind if frame.kind != "nothing" and frame.plain else ""

    @property
    def scales(self) -> Scales:
        """The scales on which variables are drawn."""
        return self._scene.camera.scales

    @property
    def controls(self) -> dict[str, ipywidgets.Widget]:
        """The control of every dimension of which the picture shows one value."""
        with self.lock:  # where a dimension has grown, its control is being replaced
            return self.sliders.of(slider_dims(self.slicer.dataset, self.view))

    @property
    def figure(self) -> Figure:
        """What is shown as a matplotlib figure, to save or restyle."""
        with self.lock:
            return self.screen.figure(self.shown)

    @property
    def still(self) -> bytes:
        """What is drawn now, as PNG."""
        with self.lock:
            return self.screen.still(self.shown)

    def show(self, view: View, notes: Sequence[str] = ()) -> None:
        """Go to another view, as if its controls had been turned.

        Parameters
        ----------
        view
            A view of what this explorer shows; positions beyond the end of a dimension become its last.
        notes
            What to say below the picture.

        Raises
        ------
        ValueError
            If the view names a variable or a dimension that is not there.
        """
        with self.lock:
            self._go(checked(self.slicer.dataset, view), notes)
            self.sliders.turn(self.view)

    def redraw(self) -> None:
        """Draw what is looked at once more."""
        with self.lock:
            self._draw()

    def shot(self, view: View) -> Shot:
        """Return what is drawn of a view."""
        started = view == self.view and self.runner.running_this
        return self._scene.shot(view, started=started)

    def foreseen(self, view: View) -> Shot | None:
        """Return what will be drawn of a view if nothing changes until then; None where that cannot be told."""
        return self._scene.foreseen(view)

    def on_shown(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have a function called, without arguments, after each frame; on the kernel's thread. Call the result to end that."""
        entry = partial(callback)  # so that each is another, even of one function
        self._after.append(entry)

        def stop() -> None:
            if entry in self._after:
                self._after.remove(entry)

        return stop

    @property
    def picked(self) -> dict[str, Any] | None:
        """The labels of the value under the cross-hair by dimension, the index where there are none; None without one."""
        with self.lock:
            return point_of(self.slicer.dataset, self.view)

    def pick(self, places: Sequence[int]) -> None:
        """Pick what lies at a place of the picture, as a click does: a row and a column, or a place along a line; or nothing."""
        with self.lock:
            try:
                view = with_pick(self.view, self.shown.frame, places)
            except IndexError:
                return  # picked in a picture that is no longer shown
            self._go(view)
            self.sliders.turn(self.view)
            point = self.picked
        if point is not None:
            for callback in list(self._pickers):
                callback(point)

    def on_pick(self, callback: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called with the labels of what is picked, as in `picked`, each time somebody does."""
        self._pickers.append(callback)

    @property
    def pinned(self) -> View | None:
        """The view that was pinned; None without one."""
        return self._scene.camera.pin.view

    def pin(self, way: str | None = None) -> None:
        """Pin the place that is shown: what is shown from now on is compared with what lies there.

        Parameters
        ----------
        way : str, optional
            ``both`` leaves a curve where it is, ``difference`` shows that of what is shown, and ``relative difference``
            that in per cent. By default curves stay, and of images and numbers the difference is shown.
        """
        with self.lock:
            self._scene.camera.pin.put(self.slicer, self.view)
            self.compare_by(way)

    def compare_by(self, way: str | None) -> None:
        """Compare with what is pinned in another way, as in `pin`."""
        with self.lock:
            self._scene.camera.pin.compare_by(way)
            self.show(self.view)

    def unpin(self) -> None:
        """Let go of what is pinned."""
        with self.lock:
            self._scene.camera.pin.remove()
            self.show(self.view)

    def way_of(self, kind: str) -> str | None:
        """Return how a kind of plot is compared with what is pinned; None where it is not."""
        return self._scene.camera.pin.way_of(kind)

    @property
    def state(self) -> State:
        """What is looked at as a small dict that JSON can hold; ``explore(data, **state)`` and `restore` go there again."""
        with self.lock:
            return state_of(self.slicer.dataset, self.view)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a `state`; a value that is not on the grid any more becomes the nearest, and a note says so."""
        with self.lock:
            self.show(*view_of(self.slicer.dataset, state))

    @property
    def code(self) -> str:
        """The lines of xarray and matplotlib that draw what is shown, from the file or the results alone."""
        return code_of(self)

    def save(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write what is shown to a file, in the format that the end of its name says, and return its path.

        Parameters
        ----------
        path
            ``.png``, ``.svg``, ``.pdf``: the figure. ``.nc``, ``.csv``: the numbers, with coordinates and run status.
            ``.html``: a page with sliders, as of `to_html`. ``.gif``, ``.mp4``: an animation along one dimension.
        **options
            ``dpi`` of figures; ``max_rows`` of ``.csv``, 2,000,000 by default; ``dims`` and ``max_bytes`` of pages; ``dim`` and ``fps`` of animations.

        Examples
        --------
        >>> explorer.save("rate.pdf")  # doctest: +SKIP
        >>> explorer.save("field.gif", dim="time")  # doctest: +SKIP
        """
        return save(self, path, **options)

    def to_html(
        self, path: str | os.PathLike[str], dims: Dims | None = None, *, max_bytes: int = MAX_BYTES
    ) -> Path:
        """Write a page with sliders that works without a kernel and without a network, of ``max_bytes`` at most.

        Sliders are along ``dims``, by default along all that have a control; ``{"I": 20}`` says how many values at most.
        """
        return save_page(self, path, dims, max_bytes=max_bytes)

    def beside(self, *variables: str) -> "Beside":
        """Show outputs of the run that is picked beside this summary of all: ``study.explore("rate").beside("V")``."""
        from explorekit.explorer.beside import Beside

        return Beside(self, variables)

    def prefer_axes(self, dims: Sequence[str]) -> None:
        """Have the first two of some dimensions along the axes, unless others were asked for."""
        with self.lock:
            if (view := self._scene.with_axes(dims)) is not None:
                self.show(view)

    def resize(self, width: float, height: float) -> None:
        """Draw pictures of another size, in inches; on screen they are as wide as there is room."""
        with self.lock:
            self.screen.resize(width, height)
            self.screen.show(self.shown)

    def head(self, widget: ipywidgets.Widget) -> None:
        """Have another widget in the place of the menus, which are shown elsewhere."""
        with self.lock:
            self.children = (widget, *self.children[1:])

    def lend(self, dims: Collection[str]) -> None:
        """Leave out the controls of some dimensions, which are shown elsewhere."""
        with self.lock:
            if self.sliders.lend(dims):
                self._arrange()

    def share_scales(self, other: "Explorer") -> None:
        """Draw variables in the same limits and colours as another explorer, over the values of both."""
        with self.lock:
            self.scales.share(other.scales)

    def rescale(self) -> None:
        """Draw anew if an explorer with the same scales has widened what is shown."""
        with self.lock:
            frame, scale, _ = self._shown
            own = frame.kind == "nothing" or self.way_of(self.shown_kind) is not None
            if not own and self.scales.outgrown(self.view, frame, scale):
                self._draw()

    def watch(self) -> None:
        """Follow the source while it is running; touching a control does the same."""
        self._refreshing.start()

    def refresh(self) -> bool:
        """Show the newest results, on the same view; return whether more may come."""
        # Asked before the generation, so that the last results of a run that ends just now are not missed.
        running = self.source.running
        with self.lock:
            if self._news() or (self._scene.empty and not running):
                self._arrange()
                self._draw()
            elif not running:
                self.tools.follow()
        return running

    def close(self) -> None:
        """Stop following the source and remove the widget, here and in every browser."""
        # A widget that could not be built is closed too, by its destructor.
        if "_refreshing" in self.__dict__:
            self.runner.stop()
            self._refreshing.stop()
            self._rest.stop()
            self.foresight.stop()
            for widget in (self.menus, self.screen, *self.children):
                widget.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_stills(super()._repr_mimebundle_(**kwargs), [self])

    def __repr__(self) -> str:
        return f"<Explorer of {self.view.variable or 'a study without results yet'}>"

    def _typed(self, slider: str, text: str) -> None:
        on_kernel_thread(lambda: enter(self, slider, text))

    def _take(self, step: Step) -> None:
        """Go where somebody turned a control to."""
        with self.lock:
            view = step(self.slicer.dataset, self.view)
            if view is not None:
                before, started = self.view, time.perf_counter()
                self._go(view)
                self.foresight.moved(before, time.perf_counter() - started)

    def _go(self, view: View, notes: Sequence[str] = ()) -> None:
        before = self.view
        arrange = self._scene.go(view, notes)
        if self._news() or arrange:
            self._arrange()
        self._scene.look_first()
        self._draw(moved=not arrange and bool(moved_dims(self.slicer.dataset, before, self.view)))
        self.watch()

    def _news(self) -> bool:
        """Take a newer snapshot if there is one; return whether there was."""
        old = self._scene.news()
        if old is not None:
            self.sliders.renew(old, self.slicer.dataset)
        return old is not None

    def _arrange(self) -> None:
        """Make the controls fit the view."""
        self.menus.arrange(self.slicer.dataset, self.view)
        self.sliders.arrange(self.slicer, self.view)

    def settle(self) -> None:
        """Draw the whole of what was only sketched, as sliders do when they have come to rest."""
        with self.lock:
            if self._sketched:
                self._draw()

    def _draw(self, *, moved: bool = False) -> None:
        if self.runner.run_quickly() and self._news():
            self._arrange()
        sketch = self._scene.sketch(self.view) if moved and self.screen.drawn_there else None
        self._sketched = sketch is not None and self.screen.sketch(sketch)
        if sketch is not None and self._sketched:
            self._shown = sketch
        else:
            self._shown = self.shot(self.view)  # which those who hear of what is drawn may ask for
            self._shown = self.screen.show(self._shown, moving=moved)
            trim_after(self._shown.frame.values)
        if self._sketched:
            self._rest.moved()
        text = caption(self._shown.frame, self._scene.notes)
        if self.caption.value != text:
            self.caption.value = text
        if not self._sketched:
            self.tools.follow()
        for callback in list(self._after):
            callback()

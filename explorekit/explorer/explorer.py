"""The widget that slices results: one variable at a time, while the runs go on or after."""

import functools
import logging
import threading
import time
import weakref
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets
import xarray as xr
from matplotlib.figure import Figure

from explorekit.explorer import flags
from explorekit.explorer.access import Access
from explorekit.explorer.asking import asked_for
from explorekit.explorer.captions import caption, message_for
from explorekit.explorer.controls import WIDTH, chooser, index_of, index_trait, offer, slice_control
from explorekit.explorer.drawing import Canvas
from explorekit.explorer.drawing.kinds import choices_of_kind, frame_of, kind_name, settled, with_kind
from explorekit.explorer.measuring import looked_at, measure_view, numbers, subject
from explorekit.explorer.picking import point_of, with_pick
from explorekit.explorer.picture import Picture
from explorekit.explorer.pinning import Pinning
from explorekit.explorer.playing import Player
from explorekit.explorer.pointing import value_in_words
from explorekit.explorer.portable import Portable
from explorekit.explorer.running import PointRunner, flat_position, run_index
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.source import Source, as_source, error_text, look_at
from explorekit.explorer.still import with_stills
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools import Toolbar, tools
from explorekit.explorer.view import (
    View,
    carried,
    checked,
    choices_of_x,
    dims_of,
    first_view,
    parameter_dims,
    slider_dims,
    variables,
    with_choice_of_x,
    with_index,
    with_variable,
    with_y,
)
from explorekit.explorer.watch import Watch

if TYPE_CHECKING:
    from explorekit.explorer.beside import Beside

logger = logging.getLogger(__name__)

# Following a run may take this part of a core at most, but waits no longer than so many seconds.
_SHARE = 0.04
_LONGEST = 30.0


class Explorer(Portable, Pinning, ipywidgets.VBox):  # type: ignore[misc]
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
    slicer
        Takes frames from the newest snapshot, ``slicer.dataset``.
    lock
        Held while the view changes, a frame is read or drawn.
    tools
        What can be done with what is shown: the buttons below the picture.
    runner
        Runs the point that is looked at.
    """

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
        self._syncing = False
        self.source: Source = as_source(data)
        self._asked = asked_for(selection or {}, variable=variable, x=x, y=y, **options)
        self._generation = self.source.generation
        self.slicer = Slicer(self.source.results)
        self.scales: dict[Hashable, Scale] = {}
        self._measured: set[Hashable] = set()
        self._view, self._notes = self._asked.start(self.slicer.dataset, running=self.source.running)
        self._canvas = Canvas()
        self._shown: tuple[Frame, Scale, str] = (Frame("nothing"), Scale(), "")
        self._made: dict[str, ipywidgets.Widget] = {}
        self._after: list[Callable[[], object]] = []
        self._lent: frozenset[str] = frozenset()
        self._pickers: list[Callable[[dict[str, Any]], object]] = []
        self._build()
        self.runner = PointRunner(self)
        self.tools = Toolbar(self, tools())
        super().__init__(
            children=self._stack(self.image),
            layout={"max_width": WIDTH, "padding": "4px 0"},
        )
        self.add_class("explorekit-explorer")
        self._due = 0.0
        self._watch: Watch[Explorer] = Watch(self, Explorer._look)
        with self.lock:
            self._arrange()
            self._draw()
        look_at(self.source)
        self._look_first()
        self.watch()

    def _build(self) -> None:
        self.variable_chooser = chooser("variable")
        self.x_chooser = chooser("x")
        self.y_chooser = chooser("y")
        self.kind_chooser = chooser("kind")
        choosers = (self.variable_chooser, self.x_chooser, self.y_chooser, self.kind_chooser)
        # Until a browser says that it can draw frames itself, it gets them as images.
        self.image = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": WIDTH})
        self.picture = Picture(self._on_ready, self._on_window, self._on_pick, self._words_for)
        self._drawn_there = False
        self.caption = ipywidgets.HTML()
        self.menus = ipywidgets.HBox([*choosers, Access()], layout={"flex_flow": "row wrap"})
        self._head: ipywidgets.Widget = self.menus
        self._sliders = ipywidgets.VBox()
        self._player = Player()
        for menu in choosers:
            menu.observe(self._menu_changed, "value")

    @property
    def view(self) -> View:
        """What is shown: the variable, the axes, and the index along every dimension."""
        return self._view

    @property
    def shown_kind(self) -> str:
        """The kind of plot that is shown; an empty text where there is none, or more than a single one."""
        frame = self._shown[0]
        return frame.kind if frame.kind != "nothing" and frame.plain else ""

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
            self._turn()

    def redraw(self) -> None:
        """Draw what is shown once more."""
        with self.lock:
            self._draw()

    def on_shown(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have a function called, without arguments, after each frame; on the kernel's thread. Call the result to end that."""
        entry = partial(callback)  # so that each is another, even of one function
        self._after.append(entry)

        def stop() -> None:
            if entry in self._after:
                self._after.remove(entry)

        return stop

    def prefer_axes(self, dims: Sequence[str]) -> None:
        """Have the first two of some dimensions along the axes, unless others were asked for."""
        with self.lock:
            free = [dim for dim in dims if dim not in self._asked.positions]
            x, y = (*free, None, None)[:2]
            if self._asked.free and x is not None:
                self._asked = self._asked.on_axes(x, y)
                if self._view.variable is not None:
                    self.show(replace(self._view, x=x, y=y, by=None))

    def resize(self, width: float, height: float) -> None:
        """Draw pictures of another size, in inches; on screen they are as wide as there is room."""
        with self.lock:
            self._canvas = Canvas((width, height))
            self.picture.resize(width, height)
            self._show()

    def head(self, widget: ipywidgets.Widget) -> None:
        """Have another widget in the place of the menus, which are shown elsewhere."""
        with self.lock:
            self._head = widget
            self.children = self._stack(self.picture if self._drawn_there else self.image)

    def _stack(self, shown: ipywidgets.Widget) -> list[ipywidgets.Widget]:
        return [self._head, self._sliders, shown, self.caption, self.tools]

    def share_scales(self, other: "Explorer") -> None:
        """Draw variables in the same limits and colours as another explorer, over the values of both."""
        with self.lock:
            for name, scale in self.scales.items():
                other.scales[name] = _joined(other.scales.get(name, Scale()), scale)
            self.scales = other.scales

    def rescale(self) -> None:
        """Draw anew if an explorer with the same scales has widened what is shown."""
        with self.lock:
            scale = self.scales.get(subject(self._view))
            shown = self._shown
            if (
                scale is not None
                and looked_at(scale, shown[0], self._view) != shown[1]
                and self._shown[0].kind != "nothing"
                and self.way_of(self.shown_kind) is None  # or it has a scale of its own
            ):
                self._draw()

    def lend(self, dims: Collection[str]) -> None:
        """Leave out the controls of some dimensions, which are shown elsewhere."""
        with self.lock:
            if self._lent != frozenset(dims):
                self._lent = frozenset(dims)
                self._arrange()

    def beside(self, *variables: str) -> "Beside":
        """Show outputs of the run that is picked beside this summary of all: ``study.explore("rate").beside("V")``.

        Parameters
        ----------
        *variables : str
            What to show of it, a picture each.

        Returns
        -------
        Beside
            A widget. A click on the summary takes the other pictures there.

        Raises
        ------
        ValueError
            If a variable is unknown, or has no dimension in common with the summary.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import explorekit as ek
        >>> trace = xr.DataArray(np.ones((3, 4, 5)), dims=("I", "tau", "time"), name="V")
        >>> both = ek.explore(xr.merge([trace, trace.mean("time").rename("rate")]), "rate").beside("V")
        >>> both.summary.picked, both.details[0].view.x
        ({'I': 1, 'tau': 2}, 'time')
        """
        from explorekit.explorer import beside

        return beside.Beside(self, variables)

    @property
    def picked(self) -> dict[str, Any] | None:
        """The labels of the value under the cross-hair by dimension, the index where there are none; None without one."""
        with self.lock:
            return point_of(self.slicer.dataset, self._view)

    def on_pick(self, callback: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called with the labels of what is picked, as in `picked`, each time somebody does."""
        self._pickers.append(callback)

    @property
    def controls(self) -> dict[str, ipywidgets.Widget]:
        """The control of every dimension that is not on an axis."""
        with self.lock:  # where a dimension has grown, its control is being replaced
            return {dim: self._made[dim] for dim in slider_dims(self.slicer.dataset, self._view)}

    @property
    def figure(self) -> Figure:
        """What is shown as a matplotlib figure, to save or restyle."""
        with self.lock:
            self._canvas.draw(*self._shown)
        return self._canvas.figure

    def watch(self) -> None:
        """Follow the source while it is running; touching a control does the same."""
        if self.source.running:
            self._watch.start()

    def refresh(self) -> bool:
        """Show the newest results, on the same view; return whether more may come."""
        # Asked before the generation, so that the last results of a run that ends just now are not missed.
        running = self.source.running
        with self.lock:
            if self._news() or (self._view.variable is None and not running):
                self._arrange()
                self._draw()
            elif not running:
                self.tools.follow()
        return running

    def _look(self) -> bool:
        """See whether a refresh is due: no more often than drawing can afford, and at once when the run has ended."""
        running = self.source.running
        if not running or time.monotonic() >= self._due:
            self._due = time.monotonic() + _LONGEST
            this = weakref.WeakMethod(self._refresh_and_reckon)
            on_kernel_thread(lambda: (method := this()) and method())
        return running

    def _refresh_and_reckon(self) -> None:
        start = time.perf_counter()
        try:
            self.refresh()
        finally:
            self._due = time.monotonic() + min((time.perf_counter() - start) / _SHARE, _LONGEST)

    def close(self) -> None:
        """Stop following the source and remove the widget, here and in every browser."""
        # A widget that could not be built is closed too, by its destructor.
        if "_watch" in self.__dict__:
            self.runner.stop()
            self._watch.stop()
            for widget in (
                *self._made.values(),
                *self.menus.children,
                self.menus,
                *self.children,
                self.image,
                self.picture,
                self._player,
            ):
                widget.close()
        super().close()

    @property
    def still(self) -> bytes:
        """What is drawn now, as PNG."""
        with self.lock:
            return self._canvas.draw(*self._shown) if self._drawn_there else bytes(self.image.value)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_stills(super()._repr_mimebundle_(**kwargs), [self])

    def __repr__(self) -> str:
        return f"<Explorer of {self._view.variable or 'a study without results yet'}>"

    def _news(self) -> bool:
        """Take a newer snapshot if there is one."""
        generation = self.source.generation
        if generation == self._generation:
            return False
        old, self.slicer = self.slicer.dataset, Slicer(self.source.results)
        new = self.slicer.dataset
        self._generation = generation
        for dim in [dim for dim in self._made if old.sizes.get(dim) != new.sizes.get(dim)]:
            self._made.pop(dim).close()
        self._measured = set()
        if self._view.variable is None:
            self._view = self._resumed(old)
            self._look_first()
        else:
            self._view = carried(self._view, old, new)
        return True

    def _resumed(self, old: xr.Dataset) -> View:
        try:
            now = carried(self._view, old, self.slicer.dataset)
            view, self._notes = self._asked.start(self.slicer.dataset, now, running=self.source.running)
        except ValueError as error:
            # Asked for before there were results to check it against: there is nobody left to raise to.
            self._notes = [str(error)]
            return first_view(self.slicer.dataset, selection=self._view.selection)
        return view

    def _menu_changed(self, change: Any) -> None:
        on_kernel_thread(lambda: self._on_menu(change))

    def _on_menu(self, change: Any) -> None:
        with self.lock:
            if self._syncing:
                return
            menu, dataset = change["owner"], self.slicer.dataset
            if menu is self.x_chooser:
                self._go(with_choice_of_x(dataset, self._view, menu.value or None))
            elif menu is self.y_chooser:
                self._go(with_y(self._view, menu.value or None))
            elif menu is self.kind_chooser:
                self._go(with_kind(dataset, self._view, menu.value))
            elif menu.value is not None:
                self._go(with_variable(dataset, self._view, menu.value))

    def _on_control(self, dim: str) -> None:
        with self.lock:
            if not self._syncing and dim in self._made:
                # Read here, not from the message: only the newest position matters.
                index = index_of(self._made[dim])
                self._go(with_index(self.slicer.dataset, self._view, dim, index))

    def _go(self, view: View, notes: Sequence[str] = ()) -> None:
        self._notes = list(notes)
        view = settled(self.slicer.dataset, view)
        # Whatever is changed but a position, the controls may be others.
        arrange = replace(view, selection={}) != replace(self._view, selection={})
        self._view = view
        if self._news() or arrange:
            self._arrange()
        self._look_first()
        self._draw()
        self.watch()

    def _look_first(self) -> None:
        """Have what is shown computed before the rest."""
        dataset, view = self.slicer.dataset, self._view
        parameters = parameter_dims(dataset)
        if view.variable is not None:
            look_at(self.source, {d: view.index(d) for d in slider_dims(dataset, view) if d in parameters})

    def _arrange(self) -> None:
        """Make the controls fit the view."""
        dataset, view = self.slicer.dataset, self._view
        dims = list(dims_of(dataset, view)) if view.variable is not None else []
        self._syncing = True
        try:
            offer(self.variable_chooser, variables(dataset), view.variable)
            offer(self.x_chooser, choices_of_x(dataset, view), view.by or view.x, none=True)
            offer(self.y_chooser, dims, view.y, none=True)
            offer(self.kind_chooser, choices_of_kind(dataset, view), kind_name(dataset, view))
            for dim in slider_dims(dataset, view):
                if dim not in self._made:
                    self._made[dim] = self._control(dim)
            shown = tuple(
                self._player.beside(c) if dim == view.animate else c
                for dim, c in self.controls.items()
                if dim not in self._lent
            )
            if self._sliders.children != shown:
                self._sliders.children = shown
        finally:
            self._syncing = False

    def _turn(self) -> None:
        """Turn every control to where the view is."""
        self._syncing = True
        try:
            for dim, control in self._made.items():
                setattr(control, index_trait(control), self._view.index(dim))
        finally:
            self._syncing = False

    def _control(self, dim: str) -> ipywidgets.Widget:
        control = slice_control(self.slicer, dim, self._view.index(dim))
        control.observe(lambda _: on_kernel_thread(lambda: self._on_control(dim)), index_trait(control))
        return control

    @property
    def shown(self) -> tuple[Frame, Scale, str]:
        """What is drawn now: its frame, the scale, and a message over it."""
        return self._shown

    def shot(self, view: View) -> tuple[Frame, Scale, str]:
        """Return what is drawn of a view: its frame, the scale, and a message over it."""
        try:
            frame = frame_of(self.slicer, view)
            frame, scale = self.compared(frame, self._scale(frame, view), view)
            started = view == self._view and self.runner.running_this
            message = message_for(
                frame, self._error(frame, view), running=self.source.running, started=started
            )
        except Exception as error:
            # The controls have moved already: beside them, the picture of before would be a wrong one.
            logger.debug("could not read %s", view, exc_info=True)
            frame, scale = Frame("nothing", title=self.slicer.title(view)), Scale()
            message = f"{view.variable} cannot be read: {error}"
        return frame, scale, message

    def _draw(self) -> None:
        if self.runner.run_quickly() and self._news():
            self._arrange()
        self._shown = self.shot(self._view)
        self._show()
        text = caption(self._shown[0], self._notes)
        if self.caption.value != text:
            self.caption.value = text
        self.tools.follow()
        for callback in list(self._after):
            callback()

    def _show(self) -> None:
        if self._drawn_there:
            self.picture.show(*self._shown)
        else:
            self.image.value = self._canvas.draw(*self._shown)

    def _on_ready(self) -> None:
        on_kernel_thread(self._draw_there)

    def _draw_there(self) -> None:
        with self.lock:
            if not self._drawn_there:
                self._drawn_there = True
                self._show()
                self.children = self._stack(self.picture)

    def _on_window(self) -> None:
        on_kernel_thread(self._redraw_axes)

    def _redraw_axes(self) -> None:
        with self.lock:
            self._show()

    def _on_pick(self) -> None:
        on_kernel_thread(self._take_pick)

    def _take_pick(self) -> None:
        with self.lock:
            frame, places = self._shown[0], self.picture.pick
            if places == list(frame.pick or ()):
                return
            try:
                view = with_pick(self._view, frame, places)
            except IndexError:
                return  # picked in a picture that is no longer shown
            self._go(view)
            self._turn()
            point = self.picked
        if point is not None:
            for callback in list(self._pickers):
                callback(point)

    def _words_for(self, where: Sequence[int]) -> str:
        """Return what lies under the pointer; nothing where the picture has changed since."""
        with self.lock:
            try:
                return value_in_words(self.slicer, self._shown[0], where)
            except (IndexError, ValueError):
                return ""

    def _scale(self, frame: Frame, view: View) -> Scale:
        if view.variable is None:
            return Scale()
        key = subject(view)
        scale = self.scales.get(key, Scale())
        if key not in self._measured:
            scale = _joined(scale, measure_view(self.slicer, view))
            self._measured.add(key)
        self.scales[key] = scale = functools.reduce(Scale.including, numbers(frame), scale)
        return looked_at(scale, frame, view)

    def _error(self, frame: Frame, view: View) -> str:
        if frame.outcome not in (flags.FAILED, flags.TIMED_OUT):
            return ""
        where = run_index(self.slicer.dataset, view)
        return error_text(self.source, where, flat_position(self.slicer.dataset, where))


def _joined(old: Scale, new: Scale) -> Scale:
    """Return the scale over both: the colours of what has been seen stay."""
    added = tuple(c for c in new.categories if c not in old.categories)
    wider = old.or_wider(new.low, new.high)
    return replace(wider, categories=(*old.categories, *added), signed=new.signed)

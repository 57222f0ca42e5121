"""What is looked at? A view of the newest results of a source; it stays on the same labels while they grow."""

from collections.abc import Sequence
from dataclasses import replace

import xarray as xr

from explorekit.explorer.asking import Asked
from explorekit.explorer.camera import Camera, Shot
from explorekit.explorer.drawing.kinds import settled
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.source import Source, look_at
from explorekit.explorer.view import View, carried, first_view, parameter_dims, slider_dims


class Scene:
    """A view, and the snapshot of a source that it is of.

    Parameters
    ----------
    source
        Where results land.
    asked
        What was asked to be shown.

    Attributes
    ----------
    slicer
        Takes frames from the snapshot, ``slicer.dataset``.
    view
        The view.
    notes
        What to say about it.
    camera
        Takes shots of it.
    """

    def __init__(self, source: Source, asked: Asked) -> None:
        self.source = source
        self._asked = asked
        self._generation = source.generation
        self.slicer = Slicer(source.results)
        self.view, self.notes = asked.start(self.slicer.dataset, running=source.running)
        self.camera = Camera(source)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look at yet."""
        return self.view.variable is None

    def go(self, view: View, notes: Sequence[str] = ()) -> bool:
        """Look at another view; return whether more than a position has changed."""
        before, self.notes = self.view, list(notes)
        self.view = settled(self.slicer.dataset, view)
        return replace(self.view, selection={}) != replace(before, selection={})

    def news(self) -> xr.Dataset | None:
        """Take a newer snapshot if there is one, and return the one of before; None if there is none."""
        generation = self.source.generation
        if generation == self._generation:
            return None
        old, self.slicer = self.slicer.dataset, Slicer(self.source.results)
        self._generation = generation
        view = carried(self.view, old, self.slicer.dataset)
        if self.empty:
            self._begin(view)
            self.look_first()
        else:
            self.view = settled(self.slicer.dataset, view)
        return old

    def _begin(self, now: View) -> None:
        """Show what was asked for, now that there may be something to show."""
        dataset = self.slicer.dataset
        try:
            self.view, self.notes = self._asked.start(dataset, now, running=self.source.running)
        except ValueError as error:
            # Asked for before there were results to check it against: there is nobody left to raise to.
            self.view, self.notes = first_view(dataset, selection=now.selection), [str(error)]

    def with_axes(self, dims: Sequence[str]) -> View | None:
        """Return the view with the first two of some dimensions along the axes; None where others were asked for."""
        x, y = (*(dim for dim in dims if dim not in self._asked.positions), None, None)[:2]
        if x is None or not self._asked.free:
            return None
        self._asked = self._asked.on_axes(x, y)
        return None if self.empty else replace(self.view, x=x, y=y, by=None)

    def look_first(self) -> None:
        """Have what is looked at computed before the rest."""
        dataset, view = self.slicer.dataset, self.view
        parameters = parameter_dims(dataset)
        if not self.empty:
            look_at(self.source, {d: view.index(d) for d in slider_dims(dataset, view) if d in parameters})

    def shot(self, view: View, *, started: bool = False) -> Shot:
        """Return what is drawn of a view; ``started`` says whether the one run that it stands at goes on just now."""
        return self.camera.shot(self.slicer, view, started=started)

    def foreseen(self, view: View) -> Shot | None:
        """Return what will be drawn of a view if nothing changes until then; None where that cannot be told."""
        return self.camera.foreseen(self.slicer, view)

    def sketch(self, view: View) -> Shot | None:
        """Return what is drawn of a view while a slider moves; None where a shot is there soon."""
        return self.camera.sketch(self.slicer, view)

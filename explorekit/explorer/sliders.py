"""At which position is it looked at? A control for every dimension of which the picture shows one value."""

from collections.abc import Callable, Collection, Iterable

import ipywidgets
import xarray as xr

from explorekit.explorer.controls import index_of, index_trait, slice_control
from explorekit.explorer.following import alike
from explorekit.explorer.menus import Step
from explorekit.explorer.playing import Player
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.syncing import Syncing
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.view import View, slider_dims, with_index


class Sliders(ipywidgets.VBox):  # type: ignore[misc]
    """The controls of an explorer; those of dimensions that went into the picture are kept for later.

    Parameters
    ----------
    take
        Called with the step to another position, on the kernel's thread.
    """

    children: tuple[ipywidgets.Widget, ...]

    def __init__(self, take: Callable[[Step], None]) -> None:
        self._take = take
        self._syncing = Syncing()
        self._made: dict[str, ipywidgets.Widget] = {}
        self._lent: frozenset[str] = frozenset()
        self._player = Player()
        super().__init__()

    def of(self, dims: Iterable[str]) -> dict[str, ipywidgets.Widget]:
        """Return the controls of some dimensions."""
        return {dim: self._made[dim] for dim in dims}

    def arrange(self, slicer: Slicer, view: View) -> None:
        """Show the controls that a view needs, and make those that there were not."""
        dims = slider_dims(slicer.dataset, view)
        with self._syncing:
            for dim in dims:
                if dim not in self._made:
                    self._made[dim] = self._control(slicer, dim, view.index(dim))
            shown = tuple(
                self._player.beside(control) if dim == view.animate else control
                for dim, control in self.of(dims).items()
                if dim not in self._lent
            )
            if self.children != shown:
                self.children = shown

    def turn(self, view: View) -> None:
        """Turn every control to where a view is."""
        with self._syncing:
            for dim, control in self._made.items():
                setattr(control, index_trait(control), view.index(dim))

    def lend(self, dims: Collection[str]) -> bool:
        """Leave out the controls of some dimensions, from the next arrangement on; return whether they are others now."""
        before, self._lent = self._lent, frozenset(dims)
        return before != self._lent

    def renew(self, old: xr.Dataset, new: xr.Dataset) -> None:
        """Forget the controls of dimensions that have grown, have other values or are gone: they get others."""
        for dim in [dim for dim in self._made if not (dim in new.sizes and alike(old, new, dim))]:
            self._made.pop(dim).close()

    def close(self) -> None:
        """Remove the controls too, shown or not."""
        for widget in (*self._made.values(), self._player):
            widget.close()
        super().close()

    def _control(self, slicer: Slicer, dim: str, index: int) -> ipywidgets.Widget:
        control = slice_control(slicer, dim, index)
        control.observe(lambda _: on_kernel_thread(lambda: self._turned(dim)), index_trait(control))
        return control

    def _turned(self, dim: str) -> None:
        def step(dataset: xr.Dataset, view: View) -> View | None:
            if self._syncing or dim not in self._made:
                return None
            # Read here, not from the message: only the newest position matters, and it may have been drawn.
            index = index_of(self._made[dim])
            return None if index == view.index(dim) else with_index(dataset, view, dim, index)

        self._take(step)

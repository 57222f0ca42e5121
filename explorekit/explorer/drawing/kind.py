"""What is a kind of plot? A name, the roles that it gives to dimensions, how its frame is taken and how it is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import xarray as xr

from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

Axis = Literal["x", "y"]


class Painter(Protocol):
    """Draws frames of one kind on axes that it is given. It is made anew whenever the axes are."""

    axes: "Axes"

    @property
    def artists(self) -> "Sequence[Artist]":
        """What changes from frame to frame, in drawing order. All else is drawn once."""

    def update(self, frame: Frame, scale: Scale) -> None:
        """Set the artists to ``frame``; artists that cannot be set may be replaced by new ones."""

    def explain(self, beside: "Sequence[Axes]") -> None:
        """Add what says which colour means what, a colour bar or a legend; ``beside`` are all axes that share it."""


def any_variable(_dataset: xr.Dataset, _variable: str) -> bool:
    return True


def never(_dataset: xr.Dataset, _view: View) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of plot.

    Parameters
    ----------
    name
        What it is called in the menu and in ``explore(…, kind=name)``.
    painter
        Makes its painter from axes, the first frame and the scale.
    needs
        The axes that must have a dimension; another axis must have none.
    takes
        The roles that it can give besides; ``frame.hue`` is then the axis of its curves, and values have the shape (hue, x).
        Rows and columns of pictures take care of themselves.
    frame
        Takes its frame. `Slicer.frame` gives the values over the axes with the status of each run; what else a kind draws
        goes into ``Frame.extra``, and what its axes depend on besides into ``Frame.look``.
    suits
        Says of a Dataset and the name of one of its variables whether the kind is offered.
    natural
        Says of a Dataset and a View whether the kind is the one to show where nobody asked for any.
    """

    name: str
    painter: "Callable[[Axes, Frame, Scale], Painter]"
    needs: tuple[Axis, ...] = ()
    takes: tuple[Literal["hue"], ...] = ()
    frame: Callable[[Slicer, View], Frame] = Slicer.frame
    suits: Callable[[xr.Dataset, str], bool] = any_variable
    natural: Callable[[xr.Dataset, View], bool] = never

    def fits(self, dataset: xr.Dataset, view: View) -> bool:
        """Return whether the kind can draw a view as it is."""
        given = {"x": view.x, "y": view.y}
        placed = all((dim is not None) == (axis in self.needs) for axis, dim in given.items())
        placed = placed and (view.hue is None or "hue" in self.takes)
        return placed and view.variable is not None and self.suits(dataset, view.variable)

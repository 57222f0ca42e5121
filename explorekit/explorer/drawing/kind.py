"""What is a kind of plot? A name, the roles that it gives to dimensions, how its frame is taken and how it is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import xarray as xr

from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as MatplotlibAxis

Axis = Literal["x", "y"]


@runtime_checkable
class Clickable(Protocol):
    """A painter of pictures in which something can be picked with a click, although no browser draws them."""

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the place among the values of what lies nearest to a point of the figure, in dots; None for nothing."""


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


@runtime_checkable
class Levelled(Protocol):
    """A painter whose height depends on the frame: those of pictures beside each other are made the same."""

    need: float

    def level(self, need: float) -> None:
        """Make room for so much."""


@runtime_checkable
class Rescaled(Protocol):
    """A painter that can take other limits, so that nothing but the numbers beside its colours is drawn anew."""

    numbers_beside: "MatplotlibAxis"

    def rescale(self, frame: Frame, scale: Scale) -> None:
        """Draw between the limits of ``scale``."""


def any_variable(_dataset: xr.Dataset, _variable: str) -> bool:
    return True


def any_dim(_dataset: xr.Dataset, _dim: str) -> bool:
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
        The axes and roles that it can give besides; ``frame.hue`` is then the axis of its curves, and values have the shape
        (hue, x). Rows and columns of pictures take care of themselves.
    frame
        Takes its frame. `Slicer.frame` gives the values over the axes with the status of each run; what else a kind draws
        goes into ``Frame.extra``, and what its axes depend on besides into ``Frame.look``.
    along
        Says of a Dataset and the name of a dimension whether it can lie along an axis that the kind needs.
    suits
        Says of a Dataset and the name of one of its variables whether the kind is offered.
    natural
        Says of a Dataset and a View whether the kind is the one to show where nobody asked for any.
    """

    name: str
    painter: "Callable[[Axes, Frame, Scale], Painter]"
    needs: tuple[Axis, ...] = ()
    takes: tuple[Literal["hue", "y"], ...] = ()
    frame: Callable[[Slicer, View], Frame] = Slicer.frame
    along: Callable[[xr.Dataset, str], bool] = any_dim
    suits: Callable[[xr.Dataset, str], bool] = any_variable
    natural: Callable[[xr.Dataset, View], bool] = never

    def fits(self, dataset: xr.Dataset, view: View) -> bool:
        """Return whether the kind can draw a view as it is."""
        given: dict[Axis, str | None] = {"x": view.x, "y": view.y}
        placed = all(self._has_room(dataset, axis, dim) for axis, dim in given.items())
        placed = placed and (view.hue is None or "hue" in self.takes)
        return placed and view.variable is not None and self.suits(dataset, view.variable)

    def _has_room(self, dataset: xr.Dataset, axis: Axis, dim: str | None) -> bool:
        if dim is None:
            return axis not in self.needs
        return axis in self.takes or (axis in self.needs and self.along(dataset, dim))

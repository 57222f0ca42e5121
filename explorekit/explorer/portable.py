"""How is a view taken along? Its state, to come back to it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload


from explorekit.explorer.state import state_of, view_of

if TYPE_CHECKING:
    import threading

    from explorekit.explorer.slicing import Slicer
    from explorekit.explorer.view import View


class Portable:
    """What of an explorer can be kept."""

    if TYPE_CHECKING:
        lock: threading.RLock
        slicer: Slicer

        @property
        def view(self) -> View: ...

        def show(self, view: View, notes: Sequence[str] = ()) -> None: ...

    @property
    def state(self) -> dict[str, Any]:
        """What is shown as a small dict that JSON can hold, with values of coordinates in place of positions.

        `restore` goes there again, and ``explore(data, **state)`` opens another explorer there.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import explorekit as ek
        >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), coords={"tau": [5.0, 7.5, 10.0]}, name="rate")
        >>> state = ek.explore(rate, x="I", tau=7.5).state
        >>> state
        {'variable': 'rate', 'x': 'I', 'selection': {'tau': 7.5}}
        >>> ek.explore(2 * rate, **state).controls["tau"].value
        7.5
        """
        with self.lock:
            return state_of(self.slicer.dataset, self.view)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a view that was kept; a value that is not on the grid any more becomes the nearest, and a note says so.

        Parameters
        ----------
        state
            What `state` gave, of this or another explorer.

        Raises
        ------
        ValueError
            If the state names what is not there, where the text gives the nearest known name.
        """
        with self.lock:
            self.show(*view_of(self.slicer.dataset, state))

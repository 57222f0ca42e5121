"""How is a view taken along? As a dict, as code, as a file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from explorekit.explorer.code import code_of
from explorekit.explorer.page import MAX_BYTES, Dims
from explorekit.explorer.saving import save
from explorekit.explorer.state import state_of, view_of

if TYPE_CHECKING:
    import threading

    from explorekit.explorer.explorer import Explorer
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

    @property
    def code(self) -> str:
        """The lines of xarray and matplotlib that draw what is shown, from the file or the results alone.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import explorekit as ek
        >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), coords={"tau": [5.0, 7.5, 10.0]}, name="rate")
        >>> print(ek.explore(rate, x="I", tau=7.5).code.splitlines()[4])
        shown = results['rate'].sel(tau=7.5)
        """
        return code_of(cast("Explorer", self))

    def save(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write what is shown to a file, in the format that the end of its name says.

        ===================== ============================================== ==============================================
        ending                what is written                                options
        ===================== ============================================== ==============================================
        .png, .svg, .pdf      the figure                                     ``dpi``, 200 by default
        .nc, .csv             the numbers, with coordinates and run status
        .html                 a page with sliders, see `to_html`             ``dims``, ``max_bytes``
        .gif, .mp4            an animation along one dimension               ``dim``, ``fps`` (pictures a second)
        ===================== ============================================== ==============================================

        Parameters
        ----------
        path
            The file; one that is there is replaced, once the new one is whole.
        **options
            Those of the format.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ValueError
            If the name has another ending, or an option does not fit what is shown.
        RuntimeError
            If MP4 is asked for, and ffmpeg is not installed.

        Examples
        --------
        >>> explorer.save("rate.pdf")  # doctest: +SKIP
        >>> explorer.save("field.gif", dim="time")  # doctest: +SKIP
        """
        return save(cast("Explorer", self), path, **options)

    def to_html(
        self, path: str | os.PathLike[str], dims: Dims | None = None, *, max_bytes: int = MAX_BYTES
    ) -> Path:
        """Write a page with sliders that works without a kernel and without a network: every picture is in it.

        Parameters
        ----------
        path
            The file, which ends in ``.html``.
        dims
            The dimensions that get a slider; by default all that have a control. A mapping says how many of its values at
            most, spread evenly: ``{"I": 20, "tau_ref": 3}``. Along the others the page stays where the explorer is.
        max_bytes
            The size that the page may have, 20 MB by default.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ValueError
            If a dimension has no control, or the page would be too large; the text says what would fit.

        Examples
        --------
        >>> explorer.to_html("rate.html", dims=["tau_ref"])  # doctest: +SKIP
        """
        if Path(path).suffix.lower() != ".html":
            raise ValueError(f"a page ends in .html; got {Path(path).name!r}")
        return save(cast("Explorer", self), path, dims=dims, max_bytes=max_bytes)

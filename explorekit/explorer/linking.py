"""Which explorers move together? Those that are linked: what one of them stands at, the others show too."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import xarray as xr

from explorekit.explorer.explorer import Explorer
from explorekit.explorer.following import followed, standing

# Where there is no kernel, explorers draw on threads of their own, and with a lock each they would wait for each other.
_LOCK = threading.RLock()


def link(*explorers: Explorer) -> "Link":
    """Have explorers move together: a slider or a pick of one moves all that have the dimension.

    Labels decide, not positions: an explorer of other results goes to the nearest value that it has, and says so below its
    picture; where it has none, such as an unknown text, it says so and stays. Dimensions on the axes follow by a cross-hair.

    Parameters
    ----------
    *explorers : Explorer
        Two or more. At once, the others go to where the first one stands.

    Returns
    -------
    Link
        ``unlink()`` lets each go its own way again.

    Raises
    ------
    TypeError
        If something else is given, or fewer than two.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import explorekit as ek
    >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), coords={"tau": [5.0, 7.5, 10.0]}, name="rate")
    >>> one, other = ek.explore(rate, x="I"), ek.explore(rate[:, 1:], x="I")
    >>> both = ek.link(one, other)
    >>> one.controls["tau"].value = 10.0
    >>> other.controls["tau"].value
    10.0
    >>> both.unlink()
    """
    return Link(explorers)


def share_lock(explorers: Iterable[Explorer]) -> None:
    """Have explorers that move each other draw one at a time."""
    for explorer in explorers:
        with explorer.lock, _LOCK:
            explorer.lock = _LOCK


class Link:
    """Explorers that move together; `link` makes one.

    Parameters
    ----------
    explorers
        As in `link`.
    """

    def __init__(self, explorers: Sequence[Explorer]) -> None:
        others = [type(each).__name__ for each in explorers if not isinstance(each, Explorer)]
        if others or len(explorers) < 2:
            given = f"a {others[0]}" if others else "one" if explorers else "none"
            raise TypeError(f"a link is between two or more explorers, and {given} was given")
        self.explorers = tuple(explorers)
        self._moving = False
        share_lock(explorers)
        settled: set[str] = set()
        for explorer in explorers:
            with explorer.lock:
                where = _Stand.of(explorer).where
                self._lead(explorer, {dim: index for dim, index in where.items() if dim not in settled})
            settled |= set(where)
        self._stood = {explorer: _Stand.of(explorer) for explorer in self.explorers}
        self._stops = {each: each.on_shown(partial(self._shown, each)) for each in self.explorers}
        for explorer in self.explorers:
            explorer.observe(self._comm_changed, "comm")

    def unlink(self) -> None:
        """Let each explorer go its own way again."""
        for explorer in list(self._stops):
            self._let_go(explorer)

    def _let_go(self, explorer: Explorer) -> None:
        self._stops.pop(explorer)()
        explorer.unobserve(self._comm_changed, "comm")

    def _comm_changed(self, change: Any) -> None:
        """Forget an explorer that is closed, so that the others do not keep it."""
        explorer = change["owner"]
        if explorer.comm is None:
            self._let_go(explorer)
            self.explorers = tuple(each for each in self.explorers if each is not explorer)
            self._stood.pop(explorer)

    def _shown(self, explorer: Explorer) -> None:
        """Have the others follow where an explorer has moved; what it did not stand at before, it takes from them."""
        if self._moving:
            return
        before, now = self._stood[explorer], _Stand.of(explorer)
        led = {dim: index for dim, index in now.where.items() if now.moved(dim, before)}
        new = {dim for dim in now.where if dim not in before.where} - set(led)
        if led:
            self._lead(explorer, led)
        if new:
            self._take(explorer, new)
        self._stood = {each: _Stand.of(each) for each in self.explorers}

    def _lead(self, leader: Explorer, where: Mapping[str, int]) -> None:
        for explorer in self.explorers:
            if explorer is not leader:
                self._follow(explorer, leader, where)

    def _take(self, explorer: Explorer, dims: Iterable[str]) -> None:
        for dim in dims:
            for other, stand in self._stood.items():
                if other is not explorer and dim in stand.where:
                    self._follow(explorer, other, {dim: stand.where[dim]})
                    break

    def _follow(self, explorer: Explorer, leader: Explorer, where: Mapping[str, int]) -> None:
        if explorer.comm is None:
            return
        with explorer.lock:
            self._moving = True
            try:
                view, notes = followed(explorer.slicer.dataset, explorer.view, leader.slicer.dataset, where)
                if notes or view != explorer.view:
                    explorer.show(view, notes)
            finally:
                self._moving = False


@dataclass(frozen=True)
class _Stand:
    """Where an explorer stands: the index and the label along each dimension, and the dimensions along which it is picked."""

    where: Mapping[str, int]
    labels: Mapping[str, Any]
    picked: frozenset[str]

    @classmethod
    def of(cls, explorer: Explorer) -> "_Stand":
        dataset, view = explorer.slicer.dataset, explorer.view
        where = standing(dataset, view)
        labels = {dim: _label(dataset, dim, index) for dim, index in where.items()}
        return cls(where, labels, frozenset(view.pickable) & set(where))

    def moved(self, dim: str, before: "_Stand") -> bool:
        if dim not in before.labels:
            return dim in self.picked
        return bool(self.labels[dim] != before.labels[dim])


def _label(dataset: xr.Dataset, dim: str, index: int) -> Any:
    """Return what stays the same where a dimension grows."""
    return dataset.coords[dim].values[index] if dim in dataset.coords else index

"""What is looked at next? What lies beside it along the slider that moved last: the browser has it before it is asked for."""

from typing import TYPE_CHECKING

from explorekit.explorer.camera import Shot
from explorekit.explorer.resting import Rest
from explorekit.explorer.sketching import EVERY
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.threads import has_kernel
from explorekit.explorer.view import View, moved_dims, with_index

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

# Seconds without a move: sooner than a hand that steps comes to the next, later than one that drags.
MOMENT = 0.05
# Frames of more values, and those that took more seconds, are not worth a guess.
MOST_VALUES, LONGEST = 2**18, 0.05


class Foresight:
    """Has the picture hold the frames on both sides of the one that is shown, as soon as a slider has come to rest.

    Parameters
    ----------
    explorer
        Whose slider it is.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._rest = Rest(self.look)
        self._dim = ""
        self._base: tuple[Slicer, View, int] | None = None  # what else a frame depends on than on the slider
        self._serials: dict[int, int] = {}  # of frames on that base that were sent, by position

    def moved(self, before: View, seconds: float) -> None:
        """Begin to wait for the slider to rest.

        Parameters
        ----------
        before
            Where it was.
        seconds
            What it took to draw what is shown now.
        """
        moved = moved_dims(self._explorer.slicer.dataset, before, self._explorer.view)
        self._rest.stop()
        self._dim = moved[0] if len(moved) == 1 and seconds < LONGEST else ""
        if self._dim and has_kernel() and self._is_worth_it(self._explorer.latest):
            self._rest.moved(MOMENT)

    def stop(self) -> None:
        """Look ahead no more."""
        self._rest.stop()

    def look(self) -> None:
        """Send what lies on both sides, unless it was sent before."""
        explorer, dim = self._explorer, self._dim
        with explorer.lock:
            slicer, view, picture = explorer.slicer, explorer.view, explorer.picture
            if dim not in explorer.controls or not self._is_worth_it(explorer.latest):
                return
            self._rebase((slicer, with_index(slicer.dataset, view, dim, 0), picture.axes["number"]))
            index, last = view.index(dim), slicer.dataset.sizes[dim] - 1
            near = [i for i in (index + 1, index - 1) if 0 <= i <= last]
            known = {i: self._serials[i] for i in near if i in self._serials}
            shots = {
                i: explorer.foreseen(with_index(slicer.dataset, view, dim, i)) for i in near if i not in known
            }
            sent = picture.foresee(explorer.controls[dim], index, known, shots)
            self._serials = {**known, **sent, index: picture.serial}

    def _is_worth_it(self, shown: Shot) -> bool:
        frame = shown.frame
        small = frame.values.size <= MOST_VALUES and EVERY not in frame.extra  # what is sketched is large
        return small and self._explorer.screen.drawn_there and self._explorer.picture.draws(shown)

    def _rebase(self, base: tuple[Slicer, View, int]) -> None:
        """Forget what was sent, where more has changed since than the slider."""
        if self._base is None or self._base[0] is not base[0] or self._base[1:] != base[1:]:
            self._base = base
            self._serials = {}

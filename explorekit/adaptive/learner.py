"""A learner of python-adaptive as a strategy."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.adaptive.measured import measured
from explorekit.errors import StudyError
from explorekit.options import whole_number
from explorekit.space import Space, param
from explorekit.space.parameter import POINT

if TYPE_CHECKING:
    import xarray as xr


class Learner:
    """Samples an output with a learner of the package adaptive, such as ``Learner1D`` or ``Learner2D``.

    Needs adaptive: ``pip install 'explorekit[adaptive]'``.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged. Points
        that fail stay pending in the learner.
    learner : adaptive.BaseLearner
        A new learner; the function that it was made with is not called.
    names : str or sequence of str
        The parameters that the coordinates of its points are.
    n : int
        How many points there are to be, at most.
    goal : callable, optional
        Called with the learner before each turn; true is the end.
    at_once : int, default 8
        How many points a turn has.

    Raises
    ------
    StudyError
        If it is no learner, or has points already.

    Examples
    --------
    >>> import adaptive  # doctest: +SKIP
    >>> learner = adaptive.Learner1D(None, bounds=(-1.0, 1.0))  # doctest: +SKIP
    >>> strategy = ek.adaptive.Learner("rate", learner, "I", n=100, goal=lambda l: l.loss() < 0.01)  # doctest: +SKIP
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        learner: Any,
        names: str | Sequence[str],
        *,
        n: int,
        goal: Callable[[Any], bool] | None = None,
        at_once: int = 8,
    ) -> None:
        if not hasattr(learner, "ask") or not hasattr(learner, "tell"):
            raise StudyError(
                f"got {learner!r} as learner; expected one of the package adaptive: pip install 'explorekit[adaptive]'."
            )
        if getattr(learner, "npoints", 0):
            raise StudyError(
                f"got a learner with {learner.npoints} points; expected a new one: it is told again what is kept."
            )
        self.learner = learner
        self._output, self._goal = output, goal
        self._names = [names] if isinstance(names, str) else list(names)
        self._left, self._at_once = whole_number("n", n, 1), whole_number("at_once", at_once, 1)
        self._asked: list[Any] = []

    def ask(self) -> Space | None:
        n = min(self._at_once, self._left)
        if not n or (self._goal is not None and self._goal(self.learner)):
            return None
        self._asked = list(self.learner.ask(n)[0])
        if not self._asked:  # of a sequence, say
            return None
        self._left -= len(self._asked)
        values = np.array(self._asked, dtype=np.float64).reshape(len(self._asked), -1)
        if values.shape[1] != len(self._names):
            raise StudyError(
                f"the learner's points have {values.shape[1]} coordinates; got the names {self._names}. Name each coordinate."
            )
        return Space(**{n: param(values[:, i], dim=POINT) for i, n in enumerate(self._names)})

    def tell(self, results: "xr.Dataset") -> None:
        for point, value in zip(self._asked, measured(results, self._output).tolist(), strict=True):
            if not np.isnan(value):
                self.learner.tell(point, value)

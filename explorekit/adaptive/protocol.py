"""Who decides which points come next: the one protocol between a strategy and the study that it explores."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from explorekit.space import Space

if TYPE_CHECKING:
    import xarray as xr


@runtime_checkable
class Strategy(Protocol):
    """Decides which points come next by what came of the earlier ones; it runs nothing itself.

    `Study.explore_adaptively` asks, runs and tells by turns. All points of one ask run at the same time; the next ask
    comes when all have ended. A strategy that asks for the same points whenever it is told the same results is
    continued from the study alone: it is asked and told again from the beginning, and what the study has is not run again.

    A strategy with an attribute ``cumulative`` that is true is told each time all points that it ever asked for, not those
    of the last ask alone.

    Examples
    --------
    >>> import explorekit as ek
    >>> class Doubling:
    ...     def __init__(self):
    ...         self.n = 1
    ...     def ask(self):
    ...         return ek.Space(n=[self.n]) if self.n < 100 else None
    ...     def tell(self, results):
    ...         self.n *= 2 if float(results["error"].max()) > 1e-3 else 100
    >>> isinstance(Doubling(), ek.adaptive.Strategy)
    True
    """

    def ask(self) -> Space | None:
        """Return the points to run next, or None for the end.

        Any space: its points are taken one by one, in their order. Each must have all parameters of the study that vary.
        """

    def tell(self, results: "xr.Dataset") -> None:
        """Take in what came of the points of the last ask.

        Parameters
        ----------
        results : Dataset
            The results along ``point``, in the order asked, and ``repetition`` if the study has some. Lazy: what is not used is
            not read. ``status`` tells which points are ok, failed or timed out; results of the latter read as missing.
            The coordinate ``generation`` counts the asks from 0.
        """

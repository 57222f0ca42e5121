"""A study to look at: what a directory and an exported file have in common."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.space import Space
from explorekit.store.status import FAILED, OK, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from explorekit.explorer import Explorer
    from explorekit.inspecting import RunRecord
    from explorekit.space.selecting import Ranges
    from explorekit.store.ragged import Ragged, Sparse


class SavedStudy(ABC):
    """The results of a study, and where they come from; see `explorekit.open`."""

    path: Path

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the study, after its simulation."""

    @property
    @abstractmethod
    def space(self) -> Space:
        """The space that was explored."""

    @property
    @abstractmethod
    def results(self) -> "xr.Dataset":
        """All results on the coordinates of the space; nothing is read before it is used.

        Missing runs read as missing, and ``status`` tells which these are. A snapshot: ask again for newer results.
        """

    @property
    @abstractmethod
    def runs(self) -> "xr.Dataset":
        """The record of each run on the coordinates of the space.

        ``status``, ``started`` (UTC), ``duration`` and ``cpu_time`` (s), ``peak_memory`` (byte), ``attempts``, ``timed_together``,
        ``worker``, ``host``, ``code_version``, ``error`` and, of a study directory, ``seed_key``: what a run's random stream
        follows from beside the study's seed, as hexadecimal text.
        """

    @property
    @abstractmethod
    def failures(self) -> "pd.DataFrame":
        """One row a failed run: parameters, ``status``, ``error``, ``message`` and ``traceback``."""

    @property
    @abstractmethod
    def provenance(self) -> dict[str, Any]:
        """What made the numbers: source, code version, git commit, packages, platform, seed and times."""

    def inspect(self, position: int | None = None, /, **point: Any) -> "RunRecord":
        """Tell what is known of one run, without reading any other: its record, its error, and what it printed.

        Parameters
        ----------
        position : int, optional
            The point's flat position, in C order over the dimensions.
        **point
            Or a value of each parameter that has more than one.

        Returns
        -------
        RunRecord
            Shown, it is a list.

        Raises
        ------
        SpaceError
            If the values name no point, or more than one.

        Examples
        --------
        >>> study.inspect(width=2.0, height=5.0).duration  # doctest: +SKIP
        0.0132
        """
        from explorekit.space.finding import position_of

        return self._inspect(position_of(self.space, point if position is None else position))

    def next_failure(self, position: int | None = None) -> int | None:
        """Return the flat position of a point that failed or timed out: the first behind one, and at the end the first of all.

        Parameters
        ----------
        position : int, optional
            The flat position behind which to look; by default from the start.

        Returns
        -------
        int or None
            None if no point has failed.

        Examples
        --------
        >>> study.inspect(study.next_failure())  # doctest: +SKIP
        """
        from explorekit.inspecting import next_in

        return next_in(self._failed_points(), position)

    @abstractmethod
    def _inspect(self, position: int) -> "RunRecord":
        """Return what is known of the run at a flat position."""

    @abstractmethod
    def _failed_points(self) -> "Ranges":
        """Return the points that failed or timed out, as stretches of flat positions."""

    def ragged(self, name: str) -> "Ragged":
        """Return an output whose length differs between points as one array a point, without padding.

        Parameters
        ----------
        name : str
            The output.

        Returns
        -------
        Ragged
            ``sel(I=0.5)`` and ``isel(I=3)`` read the array of one point; ``to_list()`` reads all. Integers stay integers, and
            are None where the simulation returned none.

        Raises
        ------
        StudyError
            If there is no such output.
        """
        from explorekit.store.ragged import OTHERWISE, Ragged, ragged_parts, with_lengths

        parts = ragged_parts(self.results, name)
        results, otherwise = self._results_of(parts)
        results = with_lengths(results, parts)
        if results[name].dtype.kind in "biu":
            results = results.assign({OTHERWISE: otherwise[name].variable})
        return Ragged(results, name)

    def sparse(self, name: str) -> "Sparse":
        """Return an output that the simulation returned as sparse matrices.

        Parameters
        ----------
        name : str
            The output.

        Returns
        -------
        Sparse
            ``sel(I=0.5)`` and ``isel(I=3)`` read one point's `scipy.sparse.csr_array`; ``to_list()`` reads all.

        Raises
        ------
        StudyError
            If there is no such output.
        """
        from explorekit.store.ragged import Sparse, sparse_parts, with_lengths

        parts = sparse_parts(self.results, name)
        return Sparse(with_lengths(self._results_of(parts)[0], parts), name)

    @abstractmethod
    def _results_of(self, names: list[str]) -> "tuple[xr.Dataset, xr.Dataset]":
        """Return results in which some outputs keep their dtype, with one number for what is missing, and with another."""

    @property
    def generation(self) -> int:
        """A number that changes when there are new results; cheap to ask."""
        return 0

    @property
    def running(self) -> bool:
        """Whether a run of this study is going on in this process."""
        return False

    def sensitivity(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        *,
        confidence: float = 0.95,
        resamples: int = 100,
        seed: int = 0,
    ) -> "xr.Dataset":
        """Return how much an output depends on each parameter that was drawn.

        The space must be a design that was made for it. ``space.sample(n, "saltelli")`` gives the shares of the variance that
        a parameter explains alone (``S1``) and with its interactions (``ST``), each with the half width of its confidence interval
        (``S1_conf``, ``ST_conf``). ``space.sample(n, "morris")`` gives the elementary effects, of a step as wide as the distribution:
        their mean (``mu``), that of their absolute values (``mu_star``, ``mu_star_conf``) and their standard deviation
        (``sigma``); of categories, which have no order, the sign of ``mu`` means nothing. Needs SALib:
        ``pip install 'explorekit[sensitivity]'``.

        Parameters
        ----------
        output : str or callable
            The output: real numbers, of any dimensions. Or a function of the results that gives one:
            ``lambda results: results["V"].max("time")``.
        confidence : float, default 0.95
            The level of the confidence intervals, which are bootstrapped.
        resamples : int, default 100
            How often for that.
        seed : int, default 0
            What the bootstrap draws from.

        Returns
        -------
        xarray.Dataset
            The indices over ``parameter``, and over those dimensions of the output that are not ``sample``. Shares of an output that
            does not vary are NaN.

        Raises
        ------
        StudyError
            If the points are no such design, some are pending or failed, or the output has values that are no numbers.
        ImportError
            If SALib is not installed.

        References
        ----------
        Saltelli et al., Computer Physics Communications 181:259 (2010), doi:10.1016/j.cpc.2009.09.018.
        Campolongo, Cariboni and Saltelli, Environmental Modelling & Software 22:1509 (2007), doi:10.1016/j.envsoft.2006.10.004.

        Examples
        --------
        >>> study.sensitivity("rate")["ST"].to_series()  # doctest: +SKIP
        """
        from explorekit.sensitivity import sensitivity

        return sensitivity(self.space, self.results, output, confidence, resamples, seed)

    def plot_sensitivity(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        *,
        confidence: float = 0.95,
        resamples: int = 100,
        seed: int = 0,
    ) -> "Figure":
        """Draw how much an output depends on each parameter that was drawn, with the confidence intervals.

        Parameters
        ----------
        output, confidence, resamples, seed
            As for `sensitivity`. An output that is one number a point gives bars; one along a dimension of numbers, such as
            the time, gives curves over it.

        Returns
        -------
        matplotlib.figure.Figure
            The figure; as the last line of a cell it shows itself.

        Raises
        ------
        StudyError
            As for `sensitivity`, or if the output has more dimensions than can be drawn.

        Examples
        --------
        >>> study.plot_sensitivity("rate")  # doctest: +SKIP
        >>> study.plot_sensitivity(lambda results: results["V"].max("time"))  # doctest: +SKIP
        """
        from explorekit.sensitivity_plot import plot_indices

        return plot_indices(self.sensitivity(output, confidence=confidence, resamples=resamples, seed=seed))

    def explore(
        self, variable: str | None = None, *, x: str | None = None, y: str | None = None, **options: Any
    ) -> "Explorer":
        """Show the results with a slider or a menu for every dimension that is not on an axis.

        Parameters
        ----------
        variable : str, optional
            What to show first.
        x, y : str, optional
            The dimensions on the axes.
        **options
            As for `explorekit.explore`: the kind of plot, the roles of dimensions, and where the sliders start, by dimension.

        Returns
        -------
        Explorer
            A widget; as the last line of a cell it shows itself.
        """
        from explorekit.explorer import explore

        return explore(self, variable, x=x, y=y, **options)

    def __repr__(self) -> str:
        return f"<explorekit.{type(self).__name__} {self.name!r} at {str(self.path)!r}: {self._counts()}>"

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f"<div><b>{type(self).__name__}</b> {escape(self.name)} <code>{escape(str(self.path))}</code><br>{escape(self._counts())}</div>"
            + self.space._repr_html_()
        )

    def _counts(self) -> str:
        """Return how many points are ok, failed and pending, as text."""
        counts, total = self._recorded(), len(self.space)
        ok, failed = counts.get(OK, 0), counts.get(FAILED, 0) + counts.get(TIMED_OUT, 0)
        return f"{ok:,} ok, {failed:,} failed, {total - ok - failed:,} pending of {total:,} points"

    @abstractmethod
    def _recorded(self) -> "Mapping[int, int]":
        """Return how many points have a record of each status."""

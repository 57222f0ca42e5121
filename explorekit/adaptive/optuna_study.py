"""A study of optuna as a strategy."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.adaptive.measured import measured
from explorekit.errors import SpaceError, StudyError
from explorekit.options import whole_number
from explorekit.space import Space, param
from explorekit.space.parameter import POINT, named

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr


class Optuna:
    """Looks for the best value of an output with optuna. Needs optuna: ``pip install 'explorekit[optuna]'``.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged.
    distributions : mapping
        By parameter, a distribution of `optuna.distributions`. Categories are of one kind; None stands for the simulation's default.
    n : int
        How many trials there are to be.
    study : optuna.Study, optional
        A new study, whose sampler is seeded, so that the same results lead to the same trials; by default one in memory that
        minimises, with the sampler ``TPESampler(seed=0)``.
    at_once : int, default 8
        How many trials a turn has.

    Attributes
    ----------
    study : optuna.Study
        Has ``best_params``, ``trials`` and what optuna draws.

    Raises
    ------
    ImportError
        If optuna is not installed.
    SpaceError
        If there are no distributions, or categories that no parameter can have.
    StudyError
        If the study has trials already, or several objectives.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution, IntDistribution  # doctest: +SKIP
    >>> strategy = ek.adaptive.Optuna(
    ...     "loss", {"rate": FloatDistribution(1e-4, 1e-1, log=True), "layers": IntDistribution(1, 4)}, n=100
    ... )  # doctest: +SKIP
    >>> ek.explore_adaptively(train, strategy, "studies/tuned")  # doctest: +SKIP
    >>> strategy.study.best_params  # doctest: +SKIP
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        distributions: Mapping[str, Any],
        *,
        n: int,
        study: Any = None,
        at_once: int = 8,
    ) -> None:
        try:
            import optuna
        except ImportError as error:
            raise ImportError("this strategy needs optuna: pip install 'explorekit[optuna]'") from error
        if not distributions:
            raise SpaceError("got no distributions; expected one of each parameter to vary.")
        if study is None:
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
        if len(study.directions) > 1 or study.trials:
            raise StudyError(
                f"got a study of optuna with {len(study.trials)} trials and {len(study.directions)} objectives; expected a new one with one: "
                f"its trials are told to it again from the results that are kept."
            )
        self.study = study
        self._output, self._distributions = output, dict(distributions)
        self._dtypes = {name: _dtype(name, one) for name, one in distributions.items()}
        self._left, self._at_once = whole_number("n", n, 1), whole_number("at_once", at_once, 1)
        self._trials: list[Any] = []

    def ask(self) -> Space | None:
        n = min(self._at_once, self._left)
        if not n:
            return None
        self._left -= n
        self._trials = [self.study.ask(self._distributions) for _ in range(n)]
        return Space(
            **{
                n: param([trial.params[n] for trial in self._trials], dim=POINT, dtype=dtype)
                for n, dtype in self._dtypes.items()
            }
        )

    def tell(self, results: "xr.Dataset") -> None:
        from optuna.trial import TrialState

        for trial, value in zip(self._trials, measured(results, self._output).tolist(), strict=True):
            if np.isnan(value):
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, value)


def _dtype(name: str, distribution: Any) -> np.dtype[Any]:
    """Return the type of all values that a distribution may give, which those of one turn need not show."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        return named(name, param(choices, dim=POINT)).values.dtype
    return np.asarray(distribution.low).dtype

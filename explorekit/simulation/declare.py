"""What a simulation declares about itself that cannot be inferred."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from explorekit.errors import SimulationError
from explorekit.simulation.encoding import checked_encoding


@dataclass(frozen=True, eq=False)
class Simulation:
    """A function or generator function with what it declares; calling it calls the function.

    Made by `simulation`; a `Study` makes one from a plain function.
    """

    function: Callable[..., Any]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    long_names: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    vectorized: bool = False
    tolerance: float = 0.0
    timeout: float | None = None
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by parameter and label

    def __post_init__(self) -> None:
        copied: dict[str, Any] = {
            name: getattr(self.function, name, None) for name in functools.WRAPPER_ASSIGNMENTS
        }
        vars(self).update(copied, __wrapped__=self.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The function's name, or ``result`` for a lambda: what a lone returned value is called."""
        function = self.function
        while isinstance(function, functools.partial):
            function = function.func
        name = getattr(function, "__name__", type(function).__name__)
        return name if name.isidentifier() else "result"

    def attrs(self, variable: str) -> dict[str, str]:
        """Return the attributes declared for an output."""
        if not self.units and not self.long_names:
            return {}
        declared = {"units": self.units.get(variable), "long_name": self.long_names.get(variable)}
        return {key: value for key, value in declared.items() if value is not None}


def simulation(
    function: Callable[..., Any] | None = None,
    *,
    dims: Mapping[str, str | Sequence[str]] | None = None,
    units: Mapping[str, str] | None = None,
    long_names: Mapping[str, str] | None = None,
    version: str | None = None,
    vectorized: bool = False,
    tolerance: float = 0.0,
    timeout: float | None = None,
    encoding: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """Declare what cannot be inferred from a simulation; to be used as a decorator.

    Parameters
    ----------
    function : callable
        The simulation. It receives its parameters by keyword, and ``rng`` (a `numpy.random.Generator`), ``seed``
        (an int) or ``repetition`` if it asks for them.
    dims : mapping of str to str or sequence of str, optional
        Names of the dimensions of outputs that are returned as plain arrays.
    units, long_names : mapping of str to str, optional
        CF attributes of outputs.
    version : str, optional
        The code's version, where the code cannot be hashed.
    vectorized : bool, default False
        Whether a call receives the parameters of many points: arrays of shape (n,), fixed parameters as scalars, and
        ``rngs``, a list of generators, ``seeds`` or ``repetition``, one a point. Every output then has n values along its
        first axis, or, as DataArray or Dataset, along the dimension ``point``. How many points share a call is not defined.
    tolerance : float, default 0
        The relative difference that the company of other points in a call may make to a vectorised simulation's numbers.
    timeout : float, optional
        Seconds after which a run is ended and recorded as timed out, wherever it hangs.
    encoding : mapping of str to mapping, optional
        By output, how it lies in the files, in the words of `xarray.Dataset.to_netcdf`: ``compression``, ``complevel``,
        ``chunksizes`` (along its own dimensions) and so on. By default nothing is compressed.

    Returns
    -------
    Simulation
        Called like the function itself.

    Raises
    ------
    SimulationError
        If `timeout` or `tolerance` is no such number, or `encoding` has a word or value that xarray does not know.

    Examples
    --------
    >>> import numpy as np
    >>> import explorekit as ek
    >>> @ek.simulation(dims={"x": "time"}, units={"x": "m"})
    ... def fall(g):
    ...     return {"x": g * np.linspace(0, 1, 5) ** 2 / 2}
    >>> fall.dims
    {'x': ('time',)}
    """
    declared: dict[str, Any] = {
        "dims": {name: (d,) if isinstance(d, str) else tuple(d) for name, d in (dims or {}).items()},
        "units": dict(units or {}),
        "long_names": dict(long_names or {}),
        "version": version,
        "vectorized": vectorized,
        "tolerance": tolerance,
        "timeout": timeout,
        "encoding": checked_encoding(encoding or {}, SimulationError),
    }
    check_timeout(timeout)
    if isinstance(tolerance, bool) or not isinstance(tolerance, Real) or not 0 <= tolerance < 1:
        raise SimulationError(f"got tolerance={tolerance!r}; expected a number of at least 0, below 1.")
    if function is None:
        return functools.partial(Simulation, **declared)
    return Simulation(function, **declared)


def check_timeout(timeout: Any) -> None:
    """Raise `SimulationError` unless a timeout is None or a positive number of seconds."""
    number = isinstance(timeout, Real) and not isinstance(timeout, bool)
    if timeout is not None and not (number and 0 < timeout < float("inf")):
        raise SimulationError(
            f"got timeout={timeout!r}; expected a positive number of seconds, or None for no limit."
        )


def as_simulation(given: Any) -> Simulation:
    """Return a `Simulation`, wrapping a plain callable.

    Raises
    ------
    SimulationError
        If it cannot be called.
    """
    if isinstance(given, Simulation):
        return given
    if not callable(given):
        raise SimulationError(
            f"got {given!r} as simulation; expected a function. Give the function itself, not what it returns."
        )
    return Simulation(given)

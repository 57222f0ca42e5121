"""What a simulation declares about itself that cannot be inferred."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorekit.errors import SimulationError


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
        declared = {"units": self.units.get(variable), "long_name": self.long_names.get(variable)}
        return {key: value for key, value in declared.items() if value is not None}


def simulation(
    function: Callable[..., Any] | None = None,
    *,
    dims: Mapping[str, str | Sequence[str]] | None = None,
    units: Mapping[str, str] | None = None,
    long_names: Mapping[str, str] | None = None,
    version: str | None = None,
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

    Returns
    -------
    Simulation
        Called like the function itself.

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
    if function is None:
        return functools.partial(simulation, dims=dims, units=units, long_names=long_names, version=version)
    named = {name: (d,) if isinstance(d, str) else tuple(d) for name, d in (dims or {}).items()}
    return Simulation(function, named, dict(units or {}), dict(long_names or {}), version)


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

"""Sending a simulation to another process by value, with the user's own modules that it uses."""

import functools
import io
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cloudpickle

from explorekit.errors import SimulationError
from explorekit.simulation.declare import Simulation
from explorekit.simulation.ownership import is_users_own, users_modules
from explorekit.simulation.version import CodeVersion, code_version

_registry = threading.Lock()
_LRUCache = type(functools.cache(abs))


@dataclass(frozen=True)
class Captured:
    """A simulation as it was when captured.

    Parameters
    ----------
    payload
        Its pickle, the user's own modules by value; read only in children that run it.
    version
        The version of exactly this code.
    """

    payload: bytes
    version: CodeVersion


def capture(simulation: Simulation) -> Captured:
    """Pickle a simulation by value.

    Raises
    ------
    SimulationError
        If it, or something it refers to, cannot be pickled or hashed.
    """
    version = code_version(simulation)
    try:
        payload = _dumps(simulation)
    except Exception as error:
        raise SimulationError(
            f"simulation {simulation.name!r} cannot travel to a worker: {type(error).__name__}: {error}. Create open files, "
            f"locks, connections and the like inside the function instead of capturing them."
        ) from error
    return Captured(payload, version)


def _dumps(simulation: Simulation) -> bytes:
    with _registry:
        already = cloudpickle.list_registry_pickle_by_value()
        added = [module for module in users_modules() if module.__name__ not in already]
        for module in added:
            cloudpickle.register_pickle_by_value(module)
        try:
            with io.BytesIO() as file:
                _Pickler(file).dump(simulation)
                return file.getvalue()
        finally:
            for module in added:
                cloudpickle.unregister_pickle_by_value(module)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles modules in two steps, so that modules that refer to each other do not recurse for ever.

    Code keeps the name of its file, which cloudpickle leaves out from 3.1.3 on: tracebacks show lines of it.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, types.ModuleType) and is_users_own(obj) and obj is not sys.modules.get("__main__"):
            state = {
                k: v
                for k, v in vars(obj).items()
                if k not in ("__builtins__", "__loader__", "__spec__", "__cached__")
            }
            return types.ModuleType, (obj.__name__,), state, None, None, _fill_module
        if isinstance(obj, _LRUCache) and _is_users(obj):
            # By itself it pickles as a name, which means nothing where its module is not.
            return _cached, (obj.__wrapped__, obj.cache_parameters())
        if isinstance(obj, types.CodeType):
            return _code_of_file, (obj.co_filename, *self.dispatch_table[types.CodeType](obj))
        return super().reducer_override(obj)


def _is_users(function: Any) -> bool:
    module = sys.modules.get(getattr(function, "__module__", None) or "__main__")
    return module is None or is_users_own(module)


def _cached(function: Any, parameters: dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def _code_of_file(
    name: str, make: Callable[..., types.CodeType], arguments: tuple[Any, ...]
) -> types.CodeType:
    return make(*arguments).replace(co_filename=name)


def _fill_module(module: types.ModuleType, state: dict[str, Any]) -> None:
    vars(module).update(state)

"""The arguments of points: values from the space, random streams and repetitions as the simulation asks for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat, starmap
from typing import Any

import numpy as np

from explorekit.simulation.calling import NOT_GIVEN, Call, Default
from explorekit.simulation.declare import Simulation
from explorekit.simulation.objects import array_of, in_place_of_labels
from explorekit.space import Space
from explorekit.space.derived import dims_of
from explorekit.space.identity import point_key
from explorekit.space.parameter import REPETITION
from explorekit.space.positions import Positions
from explorekit.space.seeds import generator, integer_seed


@dataclass(frozen=True)
class Seeding:
    """What the points' random streams follow from.

    Parameters
    ----------
    root
        The study's seed.
    by
        The parameters that the streams depend on; None for all.
    baselines
        Canonical values at which a parameter stays out of a point's key.
    """

    root: int
    by: tuple[str, ...] | None
    baselines: Mapping[str, bytes]

    def key(self, space: Space, position: int) -> bytes:
        """Return what the stream of the point at a flat position follows from, beside the root."""
        labels = space.labels(position)
        if self.by is not None:
            labels = [label for label in labels if label[0] in self.by]
        return point_key(labels, self.baselines)


class Points:
    """Calls a simulation at points of a space.

    Parameters
    ----------
    simulation, call
        What to call, and which argument receives what.
    space
        The space that positions are counted in.
    seeding
        Where random streams come from.
    """

    def __init__(self, simulation: Simulation, call: Call, space: Space, seeding: Seeding) -> None:
        self._call = call
        self._space = space
        self._seeding = seeding
        self._objects = simulation.objects
        self.function: Callable[..., Any]
        self.function, self._order = call.by_position(simulation.function)

    def values(self, positions: Positions) -> Iterator[tuple[Any, ...]]:
        """Yield the values with which to call `function` at each point, in its order; lazily, block by block."""
        columns = self._columns(positions)
        # Without parameters there is nothing to zip.
        return zip(*columns, strict=True) if columns else iter([()] * len(positions))

    def seed(self, position: int) -> int:
        """Return the seed of the point at a flat position."""
        return integer_seed(self._seeding.root, self._seeding.key(self._space, position))

    def calls(self, positions: Positions, function: Callable[..., Any] | None = None) -> Iterator[Any]:
        """Yield what the function returns at each point; where it raises, the next item is that of the next point.

        Parameters
        ----------
        positions
            Flat positions.
        function
            What to call in the place of `function`, with the same values.
        """
        columns = self._columns(positions)
        called = function or self.function
        if not columns:
            return starmap(called, repeat((), len(positions)))
        return map(called, *columns)

    def alike(self, positions: Positions) -> int:
        """Return how many points from the first on have the same parameters, so that a vectorised `function` takes them in one call."""
        index = self._space.unravel(positions)
        n = len(positions)
        for p in self._space.passed.values():
            if p.given is not None:
                given = p.given[tuple(index[dim] for dim in dims_of(p))]
                n = min(n, int(np.argmax(np.append(given != given[0], True))))
        return n

    def arrays(self, positions: Positions) -> tuple[Any, ...]:
        """Return the values with which to call a vectorised `function` once for some points that have the same parameters."""
        index = self._space.unravel(positions)
        given: dict[str, Any] = {}
        for parameter, argument in self._call.direct:
            p = self._space.passed[parameter]
            varies, at = bool(dims_of(p)), tuple(index[dim] for dim in dims_of(p))
            if p.given is not None and not p.given[at].all():
                continue
            given[argument] = p.values[at]
            if p.arrays is not None:
                given[argument] = p.arrays.stacked(np.asarray(given[argument]))
            if p.name in self._objects:
                labels = given[argument]
                given[argument] = array_of(np.asarray(labels), self._objects[p.name])
                given[argument] = given[argument] if varies else given[argument][()]
            if varies:
                given[argument].flags.writeable = False
        for name in self._call.injected:
            given[name] = self._injected_array(name, positions, index)
        return tuple(given[name] if name in given else _value(default) for name, default in self._order)

    def _injected_array(self, name: str, positions: Positions, index: Mapping[str, Positions]) -> Any:
        if name == REPETITION:
            return index.get(REPETITION, np.zeros(len(positions), dtype=np.int64))
        streams = list(self._streams(name.removesuffix("s"), positions))
        return streams if name == "rngs" else np.array(streams, dtype=np.int64)

    def _columns(self, positions: Positions) -> list[Iterable[Any]]:
        columns = in_place_of_labels(self._space.columns(positions, missing=NOT_GIVEN), self._objects)
        given = self._call.values(columns)
        for name in self._call.injected:
            if name == REPETITION:
                given[name] = columns.get(REPETITION, [0] * len(positions))
            else:
                given[name] = self._streams(name, positions)
        for name, default in self._order:
            if default is not None and name not in given:
                given[name] = [default.value] * len(positions)
            elif default is not None and default.value is not NOT_GIVEN:
                given[name] = [default.value if value is NOT_GIVEN else value for value in given[name]]
        return [given[name] for name, _ in self._order]

    def _streams(self, name: str, positions: Positions) -> Iterator[Any]:
        make = generator if name == "rng" else integer_seed
        seeding, space = self._seeding, self._space
        return (make(seeding.root, seeding.key(space, position)) for position in positions.tolist())


def _value(default: Default | None) -> Any:
    return NOT_GIVEN if default is None else default.value

"""One dimension of a space: the parameters that vary along it together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.identity import canonical, occurrences, without_baseline
from explorekit.space.joining import is_same, positions_on
from explorekit.space.parameter import UNGRIDDED, Parameter

OCCURRENCE = "occurrence"
_FIRST = canonical(np.array(0))[0]
_FEW = 16  # times as many on the one side as on the other


@dataclass(frozen=True, eq=False)
class Axis:
    """A dimension and its parameters; the identity of a position is the tuple of their values.

    Raises
    ------
    SpaceError
        If the parameters differ in length, or a lone parameter repeats a value.
    """

    dim: str
    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        lengths = {parameter.name: parameter.values.size for parameter in self.parameters}
        if len(set(lengths.values())) > 1:
            raise SpaceError(
                f"the parameters paired along dimension {self.dim!r} differ in length: "
                + ", ".join(f"{name} has {length}" for name, length in lengths.items())
                + ". Give each the same number of values."
            )
        if not self.may_repeat:
            self._reject_duplicates(self.parameters[0])

    @property
    def size(self) -> int:
        return self.parameters[0].values.size

    @property
    def may_repeat(self) -> bool:
        """Whether a tuple of values may come again, as along a grid dimension it may not."""
        return len(self.parameters) > 1 or self.dim in UNGRIDDED

    @property
    def is_ragged(self) -> bool:
        """Whether some positions lack a parameter that others have."""
        return any(p.given is not None for p in self.parameters)

    @cached_property
    def occurrence(self) -> npt.NDArray[np.int64]:
        """How often each position's tuple came before; all zero on a grid dimension."""
        if not self.may_repeat:
            return np.zeros(self.size, dtype=np.int64)
        columns = [p.values for p in self.parameters if p.given is None]
        for p in self.parameters:
            if p.given is not None:  # a NaN would differ from another
                columns += [p.given, np.where(p.given, p.values, np.zeros((), p.values.dtype))]
        return occurrences(columns)

    @property
    def sorted_parameters(self) -> list[Parameter]:
        """The parameters in the order in which their values stand in `labels`."""
        return sorted(self.parameters, key=lambda p: p.name)

    @cached_property
    def labels(self) -> list[tuple[bytes, ...]]:
        """The canonical tuple at each position, the occurrence last."""
        columns = [p.labels for p in self.sorted_parameters]
        return list(zip(*columns, canonical(self.occurrence), strict=True))

    @cached_property
    def _lookup(self) -> dict[tuple[bytes, ...], int]:
        return {label: position for position, label in enumerate(self.labels)}

    def positions_of(self, other: "Axis") -> npt.NDArray[np.int64]:
        """Return where each position of another axis lies on this one, −1 where it does not."""
        if is_same(self, other):
            return np.arange(self.size)
        if other.size * _FEW > self.size:
            return positions_on(self, other)
        # Few beside this one, as the points of a shard: looked up in what is made once.
        mine, theirs = self.parameters[0].values, other.parameters[0].values
        if (
            not (self.may_repeat or other.may_repeat)
            and mine.dtype == theirs.dtype
            and mine.dtype.kind in "biufM"
        ):
            order = self._order
            nearest = order[np.minimum(np.searchsorted(mine, theirs, sorter=order), mine.size - 1)]
            return np.where(mine[nearest] == theirs, nearest, -1)
        return np.array([self._lookup.get(label, -1) for label in other.labels], dtype=np.int64)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
        return np.argsort(self.parameters[0].values, kind="stable")

    def position_of(self, values: Sequence[bytes], baselines: tuple[bytes, ...]) -> int:
        """Return where canonical values, sorted by parameter, first lie together; −1 where they do not.

        Where they do not as they are, a parameter that is missing counts as one at its baseline.
        """
        found = self._lookup.get((*values, _FIRST), -1)
        if found < 0 and (self.is_ragged or b"" in values):
            return self._without(baselines).get(tuple(map(without_baseline, values, baselines)), -1)
        return found

    def _without(self, baselines: tuple[bytes, ...]) -> dict[tuple[bytes, ...], int]:
        """Return where tuples first lie, by the form in which what is missing equals its baseline."""
        if baselines not in self._by_baselines:
            known: dict[tuple[bytes, ...], int] = {}
            for position, (*label, occurrence) in enumerate(self.labels):
                if occurrence == _FIRST:
                    known.setdefault(tuple(map(without_baseline, label, baselines)), position)
            self._by_baselines[baselines] = known
        return self._by_baselines[baselines]

    @cached_property
    def _by_baselines(self) -> dict[tuple[bytes, ...], dict[tuple[bytes, ...], int]]:
        return {}

    def take(self, positions: Any) -> "Axis":
        """Return the axis at some positions, in their order.

        Occurrences are kept rather than counted anew: they belong to the point.
        """
        taken = tuple(parameter.take(positions) for parameter in self.parameters)
        occurrence = self.occurrence[positions]
        if isinstance(positions, (np.ndarray, list)) and not _increasing(np.asarray(positions)):
            there = np.zeros(self.size, dtype=np.bool_)
            there[positions] = True
            if there.sum() < occurrence.size:
                Axis(self.dim, taken)  # says of a grid dimension which value it is
                raise SpaceError(
                    f"got positions along {self.dim!r} of which some are the same; expected each point once. "
                    f"Select each once, or use .repeat(n) for repetitions."
                )
        axis = object.__new__(Axis)  # distinct values of distinct ones need no look
        axis.__dict__.update(dim=self.dim, parameters=taken, occurrence=occurrence)
        return axis

    def with_occurrence(self, occurrence: npt.NDArray[np.int64]) -> "Axis":
        """Return the axis with occurrences that were counted elsewhere."""
        axis = Axis(self.dim, self.parameters)
        axis.__dict__["occurrence"] = occurrence  # the slot of the cached property
        return axis

    def with_parameters(self, parameters: tuple[Parameter, ...]) -> "Axis":
        """Return the axis with parameters that stand for the same values, with its occurrences."""
        axis = Axis(self.dim, parameters)
        return axis.with_occurrence(self.occurrence) if self.may_repeat else axis

    def _reject_duplicates(self, parameter: Parameter) -> None:
        values = parameter.values
        if values.dtype.kind in "iufM" and _increasing(values):  # as most are; quicker than to sort them
            return
        unique, counts = np.unique(values, return_counts=True)
        if unique.size < values.size:
            repeated = unique[np.argmax(counts > 1)]
            positions = np.flatnonzero(values == repeated)[:2]
            raise SpaceError(
                f"parameter {parameter.name!r} has the value {parameter.text_of(repeated)} at positions {positions[0]} and "
                f"{positions[1]}; expected distinct values on a grid dimension. Remove one, use .repeat(n) for repetitions, "
                f"or pair them with other values along one dimension: param(…, dim='pair')."
            )


def _increasing(values: npt.NDArray[Any]) -> bool:
    return bool(np.all(values[1:] > values[:-1]))

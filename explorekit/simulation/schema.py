"""The one schema of a study's outputs: joined over all points, never taken from the first alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.errors import OutputError

if TYPE_CHECKING:
    from explorekit.simulation.outputs import Output

# What stands where there is no value.
FILL: dict[str, Any] = {
    "f": np.nan,
    "c": complex(np.nan, np.nan),
    "M": np.datetime64("NaT"),
    "m": np.timedelta64("NaT"),
    "U": "",
    "b": False,
}


@dataclass(frozen=True)
class Field:
    """What is known of one output: its dimensions, its family of kinds, and the dtype that holds all values so far."""

    dims: tuple[str, ...]
    family: str
    dtype: str
    attrs: Mapping[str, Any] = field(default_factory=dict)
    coordinate: bool = False

    @classmethod
    def of(cls, output: "Output", *, coordinate: bool = False) -> "Field":
        return cls(output.dims, output.family, output.values.dtype.str, output.attrs, coordinate)

    def is_of(self, output: "Output", *, coordinate: bool = False) -> bool:
        """Return whether an output joins without changing anything."""
        same = self.dims == output.dims and self.coordinate == coordinate
        return same and self.dtype == output.values.dtype.str


Schema = Mapping[str, Field]


def join(name: str, known: Field, new: Field) -> Field:
    """Return the field that holds both; numeric kinds promote.

    Raises
    ------
    OutputError
        If the dimensions or the family of kinds differ.
    """
    if (known.dims, known.family, known.coordinate) != (new.dims, new.family, new.coordinate):
        raise OutputError(
            f"output {name!r} is a {_describe(new)} here; expected a {_describe(known)}, as at other points. "
            f"Return the same kind and dimensions at every point."
        )
    return replace(known, dtype=promote([known.dtype, new.dtype]))


def promote(dtypes: Iterable[Any]) -> str:
    """Return the dtype that holds values of all; bool < int < float < complex."""
    distinct = {np.dtype(dtype) for dtype in dtypes}
    return str(np.result_type(*distinct).str)


def _describe(one: Field) -> str:
    kind = "coordinate" if one.coordinate else "variable"
    return f"{one.family} {kind} with dimensions {one.dims}"

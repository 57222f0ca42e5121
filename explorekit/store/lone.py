"""What one point returned, by itself: neither padded to the lengths of others, nor in a dtype that can say *missing*."""

from typing import Any

import numpy as np

from explorekit.simulation.outputs import Output, Outputs
from explorekit.store.reader import SizeArray, read_outer, read_output, visit_shards
from explorekit.store.snapshot import Snapshot
from explorekit.store.table import Entry, Ints


def outputs_at(snapshot: Snapshot, position: int) -> Outputs:
    """Return the outputs of the point at a flat position, each of its own length; none of one without a result."""
    point = np.array([position])
    lengths = {dim: int(SizeArray(snapshot, dim).read_points(point, [])[0]) for dim in snapshot.sizes}
    variables: dict[str, Output] = {}
    coords: dict[str, Output] = {}

    def visit(file: Any, shard: Entry, rows: Ints, _: Ints) -> None:
        for name, stored in shard.outputs.items():
            if stored.given and not read_outer(file, f"{name}_given", bool, [rows])[0]:
                continue
            field = stored.field
            shape = [lengths[dim] for dim in field.dims]
            if all(shape):
                values = read_output(file, shard, name, rows, [np.arange(length) for length in shape])[0]
            else:
                values = np.empty(shape, dtype=field.dtype)
            found = coords if field.coordinate else variables
            found[name] = Output(field.dims, np.asarray(values), field.attrs)

    visit_shards(snapshot, point, visit, only_ok=True)
    return Outputs(variables, coords)

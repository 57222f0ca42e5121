"""Sparse matrices as the three vectors of compressed sparse rows (CSR), which netCDF can hold."""

from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError

SPARSE = "explorekit_sparse"

Parts = dict[str, tuple[tuple[str, ...], npt.NDArray[Any], dict[str, str]]]


def is_sparse(value: Any) -> bool:
    """Return whether a value is a sparse matrix or array of scipy."""
    # By name, so that a child whose simulation does without scipy need not import it.
    return hasattr(value, "tocsr") and any(
        base.__module__.startswith("scipy.sparse") for base in type(value).__mro__
    )


def part_names(name: str) -> tuple[str, str, str, str]:
    """Return the names under which the parts of a sparse output are kept."""
    return f"{name}_data", f"{name}_indices", f"{name}_indptr", f"{name}_shape"


def csr_parts(name: str, matrix: Any) -> Parts:
    """Return the dimensions, values and attributes of a sparse matrix's parts, by name.

    Raises
    ------
    OutputError
        If it has not two dimensions.
    """
    if matrix.ndim != 2:
        raise OutputError(
            f"the simulation returned the sparse array {name!r} of shape {matrix.shape}; expected two dimensions."
        )
    csr = matrix.tocsr(copy=True)
    csr.sum_duplicates()  # sorts the columns of each row too
    data, indices, indptr, shape = part_names(name)
    nonzero = (f"{name}_nonzero",)
    return {
        data: (nonzero, csr.data, {SPARSE: name, "long_name": f"values of the sparse matrix {name}"}),
        indices: (nonzero, csr.indices, {SPARSE: name, "long_name": f"columns of {data}"}),
        indptr: ((f"{name}_bound",), csr.indptr, {SPARSE: name, "long_name": f"bounds of rows in {data}"}),
        shape: (
            (f"{name}_axis",),
            np.array(csr.shape, dtype=np.int64),
            {SPARSE: name, "long_name": f"shape of the sparse matrix {name}"},
        ),
    }

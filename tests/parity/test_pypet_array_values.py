"""What arrays as parameters of pypet could do, here; each test is named for what it was called there."""

import numpy as np
import pytest
from scipy import sparse

import explorekit as ek
from explorekit.errors import SpaceError

EYE = np.eye(2)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6).reshape(2, 3),
        np.array([[0.1, np.nan], [np.inf, -0.0]]),
        np.array([[1 + 2j, 3j]]),
        np.array([["a", "bcd"]]),
        np.array([[True, False]]),
        np.arange(24, dtype=np.int8).reshape(2, 3, 4),
        [1, 2, 3],
    ],
    ids=["int", "float", "complex", "text", "bool", "three dimensions", "list"],
)
def test_an_array_comes_back_with_its_values_and_dtype(tmp_path, value) -> None:
    # ArrayParameter; lists and tuples came back as such, and are arrays here.
    def model(w):
        return 1.0

    if np.asarray(value).dtype.kind == "f":
        with pytest.raises(
            SpaceError, match="'w'"
        ):  # NaN means nothing that could be told from a missing value
            ek.Space(w=ek.param(value, fixed=True))
        value = np.nan_to_num(value)
    ek.Study(model, ek.Space(w=ek.param(value, fixed=True)), tmp_path)
    again = next(ek.open(tmp_path).space.points())["w"]
    np.testing.assert_array_equal(again, value)
    assert again.dtype.kind == np.asarray(value).dtype.kind


def test_explored_arrays_have_one_shape_and_one_dtype() -> None:
    """There this was not checked at all."""
    assert ek.Space(w=[EYE, 2 * EYE]).sizes == {"w": 2}
    with pytest.raises(SpaceError, match="'w'"):
        ek.Space(w=[EYE, np.eye(3)])
    with pytest.raises(SpaceError, match="'w'"):
        ek.Space(w=[np.eye(2).astype(str), EYE])


def test_array_parameter_keeps_each_distinct_array_once() -> None:
    first, second = ek.Space(w=[EYE, 2 * EYE], x=[1.0]), ek.Space(w=[2 * EYE, EYE], x=[2.0])
    both = first + second
    assert len(both) == 4
    assert [p["w"].trace() for p in both.points()] == [2.0, 4.0, 4.0, 2.0]
    assert len(both.unique("w")) == 2


def test_find_idx_with_arrays_and_parameters_that_are_not_explored() -> None:
    # traj.f_find_idx(['x', 'ar', 'z', 'scalar'], predicate) gave [1, 3] there.
    arrays = [EYE, 3 * EYE, EYE, 3 * EYE]
    space = ek.Space(x=ek.param([1, 2, 3, 4], dim="run"), ar=ek.param(arrays, dim="run"), scalar=42)
    found = space.find(lambda p: p.ar[0, 0] == 3.0 and p.scalar == 42)
    assert [point["x"] for point in found.points()] == [2, 4]


def test_find_unique_points_of_arrays() -> None:
    space = ek.Space(A=ek.param([EYE, EYE, 2 * EYE], dim="run"), B=ek.param(["a", "a", "b"], dim="run"))
    assert space.unique("A", "B").tolist() == [2, 1]


def test_an_array_is_locked_in_a_run_too() -> None:
    received = next(ek.Space(w=ek.param(EYE, fixed=True)).points())["w"]
    with pytest.raises(ValueError, match="read-only"):
        received[0, 0] = 7.0


def test_a_sparse_matrix_is_a_labelled_object() -> None:
    # SparseParameter
    matrix = sparse.csr_matrix(EYE)
    point = next(ek.Space(w={"eye": matrix}).points())
    assert (point["w"] != matrix).nnz == 0


def test_a_quantity_of_arrays_keeps_its_units() -> None:
    # It was Brian2Parameter('tau', [[1, 2], [3, 4]] * ms) there.
    space = ek.Space(tau=ek.param([[1.0, 2.0], [3.0, 4.0]], units="ms"))
    assert [point["tau"].tolist() for point in space.points()] == [[1.0, 2.0], [3.0, 4.0]]
    assert space.parameters["tau"].attrs["units"] == "ms"

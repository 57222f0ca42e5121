"""Missing is missing: runs without a result read as that, whatever the type, and status tells which these are."""

import numpy as np
import pytest
from batches import Failed, make_study, results_of, study_with
from store.samples import result_at

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store.status import FAILED, OK, PENDING


def test_missing_runs_read_as_missing_and_status_tells_which(tmp_path):
    space = ek.Space(a=range(4))
    results = results_of(study_with(tmp_path, space, {1: result_at(1), 2: Failed("no")}))

    assert results["status"].values.tolist() == [PENDING, OK, FAILED, PENDING]
    np.testing.assert_array_equal(results["x"].values, [np.nan, 1 / 3, np.nan, np.nan])
    np.testing.assert_array_equal(results["n"].values, [np.nan, -1.0, np.nan, np.nan])
    np.testing.assert_array_equal(results["on"].values, [np.nan, 0.0, np.nan, np.nan])
    assert results["s"].values.tolist() == ["", "é", "", ""]
    assert np.isnat(results["when"].values).tolist() == [True, False, True, True]
    assert results["x"].attrs["ancillary_variables"] == "status"


def test_integers_that_float64_cannot_hold_say_so_when_some_are_missing(tmp_path):
    space = ek.Space(a=range(2))
    directory = study_with(tmp_path, space, {0: {"n": 2**53 + 1, "k": 2**53}})

    assert results_of(directory)["k"].values[0] == 2**53
    with pytest.raises(StudyError, match=r"9007199254740993.*fill=\{'n': <a number>\}.*'status'"):
        results_of(directory)["n"].load()
    filled = results_of(directory, fill={"n": -1})["n"]
    assert filled.dtype == np.int64
    assert filled.values.tolist() == [2**53 + 1, -1]


def test_signed_and_unsigned_integers_of_two_batches_are_not_rounded_in_silence(tmp_path):
    space = ek.Space(a=range(2))
    directory = study_with(tmp_path, space, {0: {"n": np.uint64(2**64 - 1)}}, {1: {"n": -1}})

    with pytest.raises(StudyError, match="18446744073709551615"):
        results_of(directory)["n"].load()


@pytest.mark.parametrize(
    ("value", "fill", "dtype", "read"),
    [
        (np.int8(5), -1, "i1", -1),
        (np.uint8(5), -1, "i2", -1),
        (np.uint8(5), 300, "u2", 300),
        (np.uint64(5), 0, "u8", 0),
        (5, 0.5, "f8", 0.5),
        (np.int8(5), np.nan, "f8", np.nan),
        (True, False, "bool", False),
        (True, -1, "i1", -1),
        (1.5, -1, "f8", -1.0),
        (np.float32(1.5), 0.5, "f4", 0.5),
        ("a", "none", "<U4", "none"),
        (1j, 0, "c16", 0j),
        (np.datetime64(5, "ns"), np.datetime64("2000-01-01"), "M8[ns]", np.datetime64("2000-01-01", "ns")),
    ],
)
def test_a_fill_value_stands_for_missing_runs_and_the_type_stays_where_it_can(
    tmp_path, value, fill, dtype, read
):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": value}})
    array = results_of(directory, fill={"x": fill})["x"]

    assert array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(array.values, np.array([value, read], dtype))


@pytest.mark.parametrize(
    ("fill", "named"),
    [
        ({"y": 1}, "fill for 'y'; the outputs are 'x'"),
        ({"x": "a"}, "of the kind that 'x' has"),
        ({"x": [1, 2]}, "one value"),
    ],
)
def test_a_fill_value_must_fit(tmp_path, fill, named):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": 1}})

    with pytest.raises(StudyError, match=named):
        results_of(directory, fill=fill)


def test_a_fill_value_may_be_given_before_the_first_result(tmp_path):
    assert list(results_of(make_study(tmp_path, ek.Space(a=[1])), fill={"x": 1}).data_vars) == ["status"]

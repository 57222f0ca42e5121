"""Bounds, allowed values and types that parameters declare; units that values carry."""

import re
from pathlib import Path

import numpy as np
import pint
import pytest
import xarray as xr
from drawn import grid_values
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.parameter import Parameter
from explorekit.store.spaces import read_space, write_space

ureg = pint.UnitRegistry()


# ---- bounds


def test_one_value_of_a_million_outside_of_the_bounds_is_named_with_its_position() -> None:
    values = np.linspace(0.0, 1.0, 1_000_000)
    values[734_512] = 1.5
    with pytest.raises(SpaceError, match=r"'p' has the value 1\.5 at position 734512; expected 0 ≤ p ≤ 1"):
        ek.Space(p=ek.param(values, bounds=(0, 1)))


@given(grid_values(dtypes=("f4", "f8", "i1", "i8", "u1", "u8")))
def test_values_lie_within_bounds_that_are_their_own_ends(values) -> None:
    ends = values.min(), values.max()
    attrs = ek.Space(a=ek.param(values, bounds=ends)).parameters["a"].attrs

    finite = [end for end in ends if np.isfinite(end)]
    assert [
        attrs[key] for key in ("valid_min", "valid_max") if key in attrs and np.isfinite(attrs[key])
    ] == finite


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6, unique=True), st.floats(-1e6, 1e6))
def test_a_space_is_refused_if_and_only_if_a_value_lies_outside(values, bound) -> None:
    given = ek.param(values, bounds=(None, bound))
    if max(values) <= bound:
        ek.Space(a=given)
    else:
        with pytest.raises(SpaceError, match="as its bounds declare"):
            ek.Space(a=given)


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([0.0, 1.0], (0, 1)),
        ([5.0], (0, None)),
        (3, (3, 3)),
        (np.float32([0.1, 0.2]), (0.1, 0.2)),
        ([1, 2], (0.5, 2.5)),
        (np.array([0, 255], "u1"), (0, 1000)),
        ([1, 2], (0, np.inf)),
    ],
)
def test_bounds_include_their_ends_in_the_type_of_the_values(values, bounds) -> None:
    space = ek.Space(a=ek.param(values, bounds=bounds))
    lower = space.parameters["a"].attrs["valid_min"]
    assert np.asarray(lower).dtype == space.parameters["a"].values.dtype


def test_a_whole_number_s_bounds_are_whole() -> None:
    attrs = ek.Space(a=ek.param([1, 2], bounds=(0.5, 2.5))).parameters["a"].attrs
    assert (attrs["valid_min"], attrs["valid_max"]) == (1, 2)


@pytest.mark.parametrize("bounds", [(1, 0), (0, 1, 2), 1, "01", (0, np.nan), (True, 2), (0, "a")])
def test_what_is_no_pair_of_numbers_is_no_bounds(bounds) -> None:
    with pytest.raises(SpaceError, match=r"got bounds=.*expected"):
        ek.Space(a=ek.param([0.5], bounds=bounds))


@pytest.mark.parametrize("values", [["x"], [True], [1j], np.array(["2020-01-01"], "M8[D]")])
def test_bounds_are_for_numbers(values) -> None:
    with pytest.raises(SpaceError, match=r"List the values that may be: allowed="):
        ek.Space(a=ek.param(values, bounds=(0, 1)))


def test_a_valid_range_that_an_array_carries_is_heeded() -> None:
    array = xr.DataArray([0.5, 2.0], dims="a", attrs={"valid_range": [0.0, 1.0]})
    with pytest.raises(SpaceError, match="'a' has the value 2 at position 1"):
        ek.Space(a=array)


# ---- allowed values


def test_a_value_that_is_not_allowed_is_named_with_its_position_and_those_that_are() -> None:
    with pytest.raises(
        SpaceError, match=r"'kind' has the value 'eular' at position 1; expected one of 'euler', 'rk4'"
    ):
        ek.Space(kind=ek.param(["euler", "eular"], allowed=["euler", "rk4"]))


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        (["rk4"], ["euler", "rk4"]),
        ([16, 32], (8, 16, 32)),
        (np.float32([0.1]), [0.1, 0.2]),
        ([1.0, 2.0], [1, 2, 3]),
        (2, {1, 2}),
        (np.array(["2020-01-01"], "M8[D]"), ["2020-01-01", "2021-01-01"]),
    ],
)
def test_values_that_are_allowed_pass(values, allowed) -> None:
    assert len(ek.Space(a=ek.param(values, allowed=allowed))) >= 1


@pytest.mark.parametrize(
    ("values", "allowed"), [([1], ["1"]), (["1"], [1]), ([True], [True]), (["a"], "abc"), ([1], 1)]
)
def test_allowed_values_are_a_list_of_the_same_kind(values, allowed) -> None:
    with pytest.raises(SpaceError, match="allowed="):
        ek.Space(a=ek.param(values, allowed=allowed))


# ---- types


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2], "float32", np.float32([1, 2])),
        ([0.1, 0.2], "float32", np.float32([0.1, 0.2])),
        ([1.0, 2.0], int, np.array([1, 2])),
        ([1, 2], float, np.array([1.0, 2.0])),
        ([1, 200], "uint8", np.array([1, 200], "u1")),
        ([1.0], complex, np.array([1 + 0j])),
        (["2020-01-01"], "datetime64[ns]", np.array(["2020-01-01"], "M8[ns]")),
        ("x", str, np.array("x")),
    ],
)
def test_values_get_the_type_that_is_declared(values, dtype, expected) -> None:
    got = ek.Space(a=ek.param(values, dtype=dtype)).parameters["a"].values
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("values", "dtype", "named"),
    [
        ([1.0, 1.5], int, r"1\.5 at position 1"),
        ([1, 300], "int8", "300 at position 1"),
        ([-1], "uint64", "-1 at position 0"),
        ([2**53 + 1], float, "9007199254740993 at position 0"),
        ([1e300], "float32", r"1e\+300 at position 0"),
        (["1"], int, "'1'"),
        ([1], str, "got 1"),
        ([1j], float, "got"),
        ([1], "flaot", "dtype='flaot'; expected"),
        (["someday"], "datetime64[ns]", "declared as times"),
        ([1.0], np.longdouble, "float128|cannot be held"),
    ],
)
def test_a_value_that_a_declared_type_cannot_hold_is_named(values, dtype, named) -> None:
    with pytest.raises(SpaceError, match=named):
        ek.Space(a=ek.param(values, dtype=dtype))


# ---- words


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("unit", "units"),
        ("Units", "units"),
        ("longname", "long_name"),
        ("dims", "dim"),
        ("bound", "bounds"),
        ("alowed", "allowed"),
    ],
)
def test_a_misspelt_keyword_does_not_pass_for_an_attribute(word, meant) -> None:
    with pytest.raises(SpaceError, match=f"got '{word}'.*Did you mean '{meant}'"):
        ek.param([1.0], **{word: "ms"})


def test_attributes_of_one_s_own_are_kept() -> None:
    given = {"standard_name": "time", "comment": "a guess", "name": "x", "label": "L", "source": "paper"}
    assert ek.Space(a=ek.param([1.0], **given)).parameters["a"].attrs == given


# ---- quantities


def test_a_quantity_keeps_its_magnitudes_and_its_units() -> None:
    tau = ek.Space(tau=ureg.Quantity([5.0, 10.1], "ms")).parameters["tau"]
    assert tau.values.tolist() == [5.0, 10.1]
    assert tau.attrs["units"] == "ms"


@pytest.mark.parametrize(
    ("given", "values", "units"),
    [
        (ureg.Quantity(5, "ms"), 5, "ms"),
        (ureg.Quantity(np.array([1, 2]), "m/s**2"), [1, 2], "m/s**2"),
        ([ureg.Quantity(1.0, "mV"), ureg.Quantity(2.0, "mV")], [1.0, 2.0], "mV"),
        (ek.param(ureg.Quantity([1.0], "ms"), units="ms", long_name="time constant"), [1.0], "ms"),
        (ureg.Quantity([0.5], ""), [0.5], None),
    ],
)
def test_quantities_of_every_form_are_taken_apart(given, values, units) -> None:
    parameter = ek.Space(a=given).parameters["a"]
    assert parameter.values.tolist() == values
    assert parameter.attrs.get("units") == units


@pytest.mark.parametrize(
    "given",
    [
        ek.param(ureg.Quantity([1.0], "ms"), units="s"),
        [ureg.Quantity(1.0, "ms"), ureg.Quantity(2.0, "s")],
        [ureg.Quantity(1.0, "ms"), 2.0],
    ],
)
def test_two_units_of_one_parameter_are_refused(given) -> None:
    with pytest.raises(SpaceError, match=r"expected one unit\. Convert"):
        ek.Space(a=given)


# ---- kept


declaring = {
    "p": ek.param([0.0, 0.5], bounds=(0, 1)),
    "kind": ek.param(["rk4"], allowed=["euler", "rk4"]),
    "only": ek.param(["x"], allowed=["x"]),
    "n": ek.param([1, 2], bounds=(1, None), allowed=[1, 2, 4], dtype="uint8"),
    "day": ek.param(np.array(["2020-01-01"], "M8[D]"), allowed=["2020-01-01", "2020-01-02"]),
}


def test_what_is_declared_survives_a_file(tmp_path: Path) -> None:
    space = ek.Space(declaring) * ek.Space(tau=ureg.Quantity([5, 10], "ms"))
    write_space(tmp_path / "space.nc", space)
    again = read_space(tmp_path / "space.nc")

    assert again == space
    for name, parameter in space.parameters.items():
        kept = again.parameters[name].attrs
        assert {k: np.ravel(v).tolist() for k, v in kept.items()} == {
            k: np.ravel(v).tolist() for k, v in parameter.attrs.items()
        }


def test_a_study_checks_what_is_added_to_it_when_it_is_opened_again(tmp_path: Path) -> None:
    def model(p, kind, only, n, day):
        return p

    ek.Study(model, ek.Space(declaring), tmp_path)
    study = ek.Study(model, path=tmp_path)
    before = study.space
    for added, named in [
        ({"p": [0.75, 1.25]}, r"'p' has the value 1\.25"),
        ({"p": ek.param(1.25, bounds=(0, 2))}, r"'p' has the value 1\.25"),
        ({"kind": ["rk5"]}, "'kind' has the value 'rk5'.*expected one of 'euler', 'rk4'"),
        ({"only": ["y"]}, "expected one of 'x'"),
        ({"n": [3]}, "expected one of 1, 2, 4"),
        ({"day": np.array(["2020-01-03"], "M8[D]")}, "2020-01-03"),
    ]:
        with pytest.raises(SpaceError, match=named):
            study.extend(**added)
        with pytest.raises(SpaceError, match=named):
            study.extend(
                ek.Space({name: np.atleast_1d(getattr(v, "values", v)) for name, v in added.items()})
            )
    assert study.space == before
    study.extend(p=[1.0], kind="euler", n=[4])
    assert study.space.parameters["p"].values.tolist() == [0.0, 0.5, 1.0]
    assert study.refine("p", around=0.5, n=2).space.sizes["p"] == 5


def test_paired_and_fixed_parameters_are_checked_too(tmp_path: Path) -> None:
    space = ek.Space(
        a=ek.param([1, 2], dim="pair", bounds=(0, 5)),
        b=ek.param([3, 4], dim="pair"),
        c=ek.param(1, bounds=(0, 2)),
    )
    study = ek.Study(lambda a, b, c: a + b + c, space, tmp_path)
    with pytest.raises(SpaceError, match="'a' has the value 9"):
        study.extend(a=[9], b=[9])
    with pytest.raises(SpaceError, match="'c' has the value 3"):
        study.extend(c=[3])
    study.extend(a=[5], b=[9], c=[2])
    assert study.space.sizes == {"pair": 3, "c": 2}


def test_bounds_are_read_by_whoever_reads_the_file(tmp_path: Path) -> None:
    study = ek.Study(
        lambda p: p, ek.Space(p=ek.param([0.0, 0.5], bounds=(0, 1), units="1")), tmp_path / "study"
    )
    with xr.open_dataset(study.to_netcdf(tmp_path / "p.nc")) as dataset:
        assert (dataset["p"].attrs["valid_min"], dataset["p"].attrs["valid_max"]) == (0.0, 1.0)
        assert dataset["p"].values.tolist() == [0.0, 0.5]


def test_a_part_of_a_space_keeps_what_it_declares() -> None:
    space = ek.Space(p=ek.param([0.0, 0.5, 1.0], bounds=(0, 1))) * ek.Space(b=[1, 2])
    for part in (space.sel(p=[0.5]), space.isel(p=0), space.repeat(2), space.isel(p=slice(1))):
        assert part.parameters["p"].attrs["valid_max"] == 1.0
    paired = ek.Space(b=[1, 2]) @ ek.Space(p=ek.param([0.0, 0.5], bounds=(0, 1)))
    assert re.search("valid_max", str(dict(paired.parameters["p"].attrs)))


def test_what_is_declared_is_written_in_the_expression_of_a_space(tmp_path: Path) -> None:
    space = ek.Space(declaring)
    write_space(tmp_path / "space.nc", space)
    for one in (space, read_space(tmp_path / "space.nc")):
        again = eval(repr(one), {"ek": ek, "np": np, "xr": xr})
        assert again == space
        for name, parameter in space.parameters.items():
            kept = again.parameters[name].attrs
            assert {k: np.ravel(v).tolist() for k, v in kept.items()} == {
                k: np.ravel(v).tolist() for k, v in parameter.attrs.items()
            }


@pytest.mark.parametrize("attrs", [{"unit": "ms"}, {"bounds": "a_bnds"}, {"allowed": "always"}, {"Dim": 3}])
def test_attributes_of_an_array_that_are_near_to_keywords_are_kept(attrs) -> None:
    space = ek.Space(a=xr.DataArray([1.0, 2.0], dims="a", attrs=attrs))
    again = eval(repr(space), {"ek": ek, "np": np, "xr": xr})
    assert again == space
    assert again.parameters["a"].attrs == attrs


def test_where_a_parameter_is_not_given_nothing_is_checked() -> None:
    values, attrs = np.array([0.5, np.nan, 9.0]), {"valid_max": 1.0, "allowed": [0.5]}
    Parameter("a", "point", values, attrs, np.array([True, False, False]))
    with pytest.raises(SpaceError, match="9 at position 2"):
        Parameter("a", "point", values, attrs, np.array([True, False, True]))


def test_what_is_declared_of_arrays_holds_for_those_that_take_their_place():
    space = ek.Space(m=ek.param([[0, 2], [3, 4]], bounds=(0, 5), allowed=[0, 2, 3, 4, 9]))

    with pytest.raises(SpaceError, match=r"the value 1 at \[1, 0\]; expected one of 0, 2"):
        ek.Space(m=ek.param([[0, 2], [1, 4]], allowed=[0, 2, 3, 4]))
    with pytest.raises(SpaceError, match=r"the value 9 at \[0, 1\]; expected 0 ≤ m ≤ 5"):
        space.override(m=[[0, 9]])


def test_times_have_no_units():
    with pytest.raises(SpaceError, match="got units='ms' for times"):
        ek.Space(t=ek.param([np.datetime64("2020")], units="ms"))

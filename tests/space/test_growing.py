"""Spaces that grow: what was there keeps its place and its identity, whatever is added in whatever order."""

import logging

import numpy as np
import pytest
from drawn import grid_values, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.growing import additions, grown, refinement
from explorekit.space.identity import as_kind, canonical, label_value, point_key
from explorekit.space.parameter import Parameter
from explorekit.space.space import Space
from explorekit.space.values import as_values


def label(value):
    return canonical(as_values("x", value))[0]


BASELINES = {"repetition": label(0), "h": label(1), "t": label(0.3), "mode": label("plain")}


def extended(space, added=None, **parameters):
    return grown(space, additions(space, added, parameters), BASELINES)


def values(space, name):
    return space.parameters[name].values.tolist()


# ---- laws


@given(st.data())
def test_growing_keeps_the_order_and_the_identity_of_what_is_there(data):
    whole = data.draw(spaces())
    part, other = (
        whole.isel(
            {
                dim: data.draw(st.lists(st.integers(0, size - 1), min_size=1, unique=True))
                for dim, size in whole.sizes.items()
            }
        )
        for _ in range(2)
    )
    space = grown(part, other, BASELINES)

    def identities(one):
        return {frozenset(one.labels(position)) for position in range(len(one))}

    assert identities(part) | identities(other) <= identities(space) <= identities(whole)
    for dim in part.dims:
        places = space.axes[dim].positions_of(part.axes[dim])
        assert np.all(np.diff(places) > 0)
    assert grown(grown(space, part, BASELINES), other, BASELINES) == space


@given(grid_values(dtypes=("f8", "i8", "M8[ns]", "bool")), st.data())
def test_new_values_go_in_sorted_where_a_dimension_is_monotonic_and_else_at_the_end(known, data):
    more = data.draw(grid_values(dtypes=("bool" if known.dtype.kind == "b" else known.dtype.str[1:],)))
    result = grown(ek.Space(a=known), ek.Space(a=more), {}).parameters["a"].values
    rising = np.all(known[1:] > known[:-1])
    falling = np.all(known[1:] < known[:-1])

    if rising:
        assert np.all(result[1:] > result[:-1])
    elif falling:
        assert np.all(result[1:] < result[:-1])
    else:
        assert result[: known.size].tolist() == known.tolist()


@given(spaces(), grid_values(dtypes=("f8", "i8", "U")))
def test_a_further_parameter_leaves_the_keys_of_old_points_alone(space, new):
    baselines = {**BASELINES, "new": canonical(new)[0]}
    bigger = grown(space, ek.Space(new=new), baselines)

    old = {point_key(space.labels(position), baselines) for position in range(len(space))}
    assert {point_key(bigger.labels(position), baselines) for position in range(len(bigger))} >= old
    assert len(bigger) == len(space) * new.size


# ---- longer dimensions


def test_a_longer_grid():
    space = ek.Space(a=[0.1, 0.3], b=["y", "x"], c=5)

    assert values(extended(space, a=[0.5, 0.2]), "a") == [0.1, 0.2, 0.3, 0.5]
    assert values(extended(space, a=0.2), "a") == [0.1, 0.2, 0.3]
    assert values(extended(space, a=[1]), "a") == [0.1, 0.3, 1.0]
    assert values(extended(space, b=["longer", "y"]), "b") == ["y", "x", "longer"]
    assert values(extended(ek.Space(a=[3, 1, 2]), a=[0, 5]), "a") == [3, 1, 2, 0, 5]
    assert values(extended(ek.Space(a=[3, 1]), a=[0, 5, 2]), "a") == [5, 3, 2, 1, 0]
    assert values(extended(ek.Space(a=[1 + 1j]), a=[0j]), "a") == [1 + 1j, 0j]
    assert extended(space, ek.Space(b=["z"], a=0.2)).sizes == {"a": 3, "b": 3}
    assert extended(space, ek.Space(b=["z"]), a=0.2).sizes == {"a": 3, "b": 3}
    assert extended(space, a=[0.3, 0.1]) == space


def test_a_float_that_rounding_alone_tells_apart_is_no_new_value(caplog):
    space = ek.Space(a=[0.1, 0.3])
    with caplog.at_level(logging.WARNING, "explorekit"):
        assert values(extended(space, a=[0.1 + 0.2, 0.2, 0.3]), "a") == [0.1, 0.2, 0.3]
    assert "a=0.30000000000000004 was taken as the existing 0.3" in caplog.text
    assert values(extended(ek.Space(a=0.3), a=[0.1 + 0.2, 0.4]), "a") == [0.3, 0.4]
    assert values(extended(ek.Space(b=1), t=[0.1 + 0.2, 0.4]), "t") == [0.3, 0.4]


def test_a_dimension_keeps_its_type_units_and_name():
    space = ek.Space(a=ek.param(np.array([0.1, 0.3], "f4"), units="s"))
    longer = extended(space, a=ek.param([0.1, 0.5], units="s")).parameters["a"]
    assert longer.values.dtype == "f4"
    assert longer.values.size == 3
    assert longer.attrs == {"units": "s"}
    with pytest.raises(SpaceError, match=r"float32, which cannot hold 0\.7"):
        extended(space, a=[0.7])
    with pytest.raises(SpaceError, match="uint8, which cannot hold 300"):
        extended(ek.Space(a=np.array([1], "u1")), a=[300])
    with pytest.raises(SpaceError, match="are in s, those to add in ms"):
        extended(space, a=ek.param([0.5], units="ms"))
    with pytest.raises(SpaceError, match=r"'a' are int, not float; got 2\.5"):
        extended(ek.Space(a=[1, 2]), a=[2.5])
    with pytest.raises(SpaceError, match="'a' are float, not str; got 'x'"):
        extended(space, a="x")


def test_along_samples_nothing_snaps_and_nothing_is_sorted(caplog):
    def samples(values):
        return Space.from_parameters([Parameter("a", "sample", np.array(values), {})])

    longer = grown(samples([0.3, 0.4]), samples([0.1 + 0.2, 0.3, 0.1]), {})
    assert longer.parameters["a"].values.tolist() == [0.3, 0.4, 0.1 + 0.2, 0.1]
    assert caplog.text == ""


def test_paired_parameters_grow_by_tuples():
    space = ek.Space(u=ek.param([1, 2], dim="n"), v=ek.param(["a", "b"], dim="n"), w=[1.0])
    longer = extended(space, u=[2, 0], v=["b", "long"])

    assert longer.dims == ("n", "w")
    assert (values(longer, "u"), values(longer, "v")) == ([1, 2, 0], ["a", "b", "long"])
    assert values(extended(space, u=5, v="q"), "u") == [1, 2, 5]
    assert values(extended(space, ek.Space(u=[5]) @ ek.Space(v=["q"])), "u") == [1, 2, 5]
    twice = extended(space, u=[1, 1], v=["a", "a"])
    assert twice.axes["n"].occurrence.tolist() == [0, 0, 1]
    assert extended(twice, u=[1, 1], v=["a", "a"]) == twice
    with pytest.raises(SpaceError, match=r"u, v lie on dimension 'n' together.*without v"):
        extended(space, u=[5])
    with pytest.raises(SpaceError, match="paired along dimension 'n'; got them along u, v"):
        extended(space, ek.Space(u=[1, 2], v=["a", "b"]))
    with pytest.raises(SpaceError, match="differ in length"):
        extended(space, u=[5, 6], v=["q"])


def test_more_repetitions():
    space = ek.Space(a=[1, 2])
    assert extended(space, repetition=3).sizes == {"a": 2, "repetition": 3}
    assert values(extended(space.repeat(2), repetition=4), "repetition") == [0, 1, 2, 3]
    assert extended(space.repeat(3), repetition=2) == space.repeat(3)
    assert extended(space.repeat(2), a=[3], h=[1, 2]).dims == ("a", "h", "repetition")
    for wrong in (0, 1.5, True, [0, 1]):
        with pytest.raises(SpaceError, match="number of repetitions"):
            extended(space, repetition=wrong)


# ---- further dimensions


def test_a_fixed_parameter_becomes_a_dimension():
    space = ek.Space(c=5, a=[1, 2]).repeat(2)

    assert extended(space, c=[6, 4]).dims == ("a", "c", "repetition")
    assert values(extended(space, c=[6, 4]), "c") == [4, 5, 6]
    assert values(extended(space, c=6), "c") == [5, 6]
    assert extended(space, c=5) == space


def test_a_further_parameter_is_a_dimension_that_has_the_old_points():
    space = ek.Space(a=[1, 2])

    assert values(extended(space, h=[3, 1, 2]), "h") == [3, 1, 2]
    assert extended(space, h=[1.0, 1.5]).dims == ("a", "h")
    assert extended(space, h=1).dims == ("a",)
    assert extended(space, t=[0.3, 1]).sizes == {"a": 2, "t": 2}
    pair = ek.Space(h=ek.param([1, 2], dim="k"), mode=ek.param(["plain", "other"], dim="k"))
    assert extended(space, pair).dims == ("a", "k")
    for wrong in ({"h": [2, 3]}, {"h": 2}, {"mode": ["Plain"]}):
        with pytest.raises(SpaceError, match=r"the points that are there have .*does not contain\. Add it"):
            extended(space, **wrong)
    with pytest.raises(SpaceError, match=r"nobody knows what 'unknown' was.*fork"):
        extended(space, unknown=[1])


def test_another_structure_is_refused_and_points_to_fork():
    space = ek.Space(a=[1, 2], b=[3, 4])
    for added in (
        ek.Space(a=ek.param([1, 2], dim="n"), h=ek.param([1, 2], dim="n")),
        ek.Space(a=ek.param([1, 2], dim="n"), b=ek.param([3, 4], dim="n")),
        ek.Space(h=ek.param([1, 2], dim="a")),
    ):
        with pytest.raises(SpaceError):
            extended(space, added)
    with pytest.raises(SpaceError, match="got list as what to add"):
        extended(space, [1, 2])


# ---- values in between


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True),
    st.integers(1, 12),
    st.floats(0, 1),
)
def test_refining_adds_new_values_around_one_between_its_neighbours(known, n, share):
    known = np.sort(known)
    around = known[0] + share * (known[-1] - known[0])
    try:
        new = refinement(ek.Space(a=known), "a", around, n)
    except SpaceError:  # the neighbours are too near, or rounding put it outside
        return
    assert not np.isin(new, known).any()
    assert np.all(np.diff(new) > 0)
    assert new.size in (n, n + 1)
    below, above = known[known < around], known[known > around]
    assert not below.size or new[0] >= below[-1]
    assert not above.size or new[-1] <= above[0]


def test_refining_is_symmetric():
    space = ek.Space(beta=[0.0, 0.4, 1.0])
    np.testing.assert_allclose(refinement(space, "beta", 0.5, 3), [0.45, 0.5, 0.55])
    np.testing.assert_allclose(refinement(space, "beta", 0.4, 2), [0.2, 0.6])
    np.testing.assert_allclose(refinement(space, "beta", 0.4, 3), [0.4 / 3, 0.8 / 3, 1.6 / 3, 2 / 3])
    np.testing.assert_allclose(refinement(space, "beta", 0.0, 3), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(refinement(space, "beta", 1, 2), [0.6, 0.8])


@pytest.mark.parametrize(
    ("name", "around", "n", "text"),
    [
        ("gamma", 0.5, 3, "no parameter 'gamma'"),
        ("beta", 2.0, 3, "outside of 'beta'"),
        ("beta", "x", 3, "expected one number"),
        ("beta", [0.5], 3, "expected one number"),
        ("beta", 0.5, 0, "n=0"),
        ("beta", 0.5, 1.5, r"n=1\.5"),
        ("k", 1, 3, "cannot refine 'k'"),
        ("fixed", 0.5, 3, "cannot refine 'fixed'"),
        ("u", 0.5, 3, "cannot refine 'u'"),
        ("near", 1.0, 9, "no room for 9 values"),
    ],
)
def test_what_cannot_be_refined(name, around, n, text):
    space = ek.Space(
        beta=[0.0, 1.0],
        k=[1, 2],
        fixed=0.5,
        u=ek.param([0.0, 1.0], dim="n"),
        v=ek.param([0.0, 1.0], dim="n"),
        near=[1.0, 1.0 + 1e-15],
    )
    with pytest.raises(SpaceError, match=text):
        refinement(space, name, around, n)


# ---- baselines


@given(grid_values(max_size=1))
def test_a_canonical_value_comes_back(one):
    assert label(label_value(canonical(one)[0])) == canonical(one)[0]


@pytest.mark.parametrize(
    ("default", "dtype", "same"),
    [
        (1, "f8", 1.0),
        (1, "f4", 1.0),
        (1.0, "i8", 1),
        (1.5, "i8", 1.5),
        (np.inf, "i8", np.inf),
        (2**63 - 1, "f8", 2**63 - 1),
        (True, "f8", True),
        ("1", "f8", "1"),
        (1, "U1", 1),
    ],
)
def test_a_default_is_the_same_number_as_float_and_as_integer(default, dtype, same):
    assert as_kind(label(default), np.dtype(dtype)) == label(same)

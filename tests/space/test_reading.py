"""Spaces from files and words, and presets in the place of values."""

from datetime import date

import numpy as np
import pytest
from drawn import spaces
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError

# ---- words


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a=0:1:11", np.linspace(0, 1, 11)),
        ("a=0:10:11", np.arange(11)),
        ("a=10:0:3", [10, 5, 0]),
        ("a=0:10:4", np.linspace(0, 10, 4)),
        ("a=0.0:10:11", np.linspace(0, 10, 11)),
        ("a=log:1e-4:1e-1:20", np.geomspace(1e-4, 1e-1, 20)),
        ("a=log:1:100:3", np.geomspace(1, 100, 3)),
        ("a=1,2,3", [1, 2, 3]),
        ("a=1, 2.5", [1.0, 2.5]),
        ("a=-1e-3,.5,inf", [-1e-3, 0.5, np.inf]),
        ("a=5", 5),
        ("a=5,", [5]),
        ("a=true,False", [True, False]),
        ("a=fast,very slow", ["fast", "very slow"]),
        ("a=fast", "fast"),
        ("a='1','x,y'", ["1", "x,y"]),
        ("a='1'", "1"),
        ("a=''", ""),
        ("a=C:temp", "C:temp"),
        ("a=it=is", "it=is"),
        ("a=1+2j,-2j", [1 + 2j, -2j]),
        ("a=2020-01-31,2020-02-01T12:30", np.array(["2020-01-31T00:00", "2020-02-01T12:30"], dtype="M8[ns]")),
        ("a=1_000", "1_000"),
        ("a=007", "007"),
        ("a=1.2.3", "1.2.3"),
        ("a=1..2j", "1..2j"),
        ("a=0:9007199254740994:3", [0, 2**52 + 1, 2**53 + 2]),
        ("neuron.tau=1,2", [1, 2]),
    ],
)
def test_a_word_declares_a_parameter(word, value):
    name = word.partition("=")[0]

    assert ek.Space.from_words([word]) == ek.Space({name: value})


@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=6, unique=True))
def test_floats_in_words_are_exact(values):
    space = ek.Space.from_words(["a=" + ",".join(map(repr, values))])

    assert space.parameters["a"].values.tobytes() == np.array(values).tobytes()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["a"], "the word 'a'; expected a name and values, such as a=0:1:11"),
        (["=1"], "the word '=1'"),
        (["a= "], "the word 'a= '"),
        (["a=1", "a=2"], "declare 'a' twice"),
        (["a=0:1"], "a=0:1; expected the first value, the last, and how many"),
        (["a=0:1:2:3"], "a=0:1:2:3; expected the first value"),
        (["a=log:0.1:1"], "a=log:0.1:1; expected the first value"),
        (["a=log:x:1:3"], "a=log:x:1:3; expected the first value"),
        (["a=0:1:1"], "from 0 to 1 in 1 values; .* at least 2"),
        (["a=0:1:2.5"], "from 0 to 1 in 2.5 values"),
        (["a=1:1:3"], "two different numbers"),
        (["a=0:inf:3"], "two different numbers"),
        (["a=log:0:1:3"], "logarithmic range from 0 to 1; expected both ends above 0"),
        (["a=1,,2"], "no value can be read from ',2' on"),
        (["a='x"], 'no value can be read from "\'x" on'),
        (["a=1,x"], "mixed types"),
        (["a=nan"], "missing value"),
        (["a=1e400"], "1e400, which is larger than any float. Write inf"),
        (["a=0:9007199254740993:3"], "from 0 to 9007199254740993 .* would be 0.0 and 9007199254740992.0"),
        (["a=-1e308:1e308:3"], "which floats cannot hold"),
        (["a=2020-13-45"], "the time 2020-13-45: Month out of range.*quotes if it is text: \"'2020-13-45'\""),
        (["a b=1"], "'a b'; expected an identifier"),
        ("a=1 b=2", r"expected a list of words, one a parameter: \['a=1', 'b=2'\]"),
    ],
)
def test_a_word_that_declares_nothing_is_an_error_that_says_what_to_write(words, named):
    with pytest.raises(SpaceError, match=named):
        ek.Space.from_words(words)


# ---- files

TOML = """
dt = 0.1
kind = ["fast", "exact"]
start = 2020-01-31
tol = {geomspace = [1e-4, 1e-1, 20]}

[neuron]
tau = {values = [5.0, 7.5], units = "ms", long_name = "time constant"}
n = {linspace = [0, 10, 11], bounds = [0, 10]}

[neuron.soma]
area = 3
"""
YAML = """
dt: 0.1
kind: [fast, exact]
start: 2020-01-31
tol: {geomspace: [1e-4, 1e-1, 20]}
neuron:
  tau:
    values: [5.0, 7.5]
    units: ms
    long_name: time constant
  n: {linspace: [0, 10, 11], bounds: [0, 10]}
  soma:
    area: 3
"""


@pytest.mark.parametrize(("read", "text"), [(ek.Space.from_toml, TOML), (ek.Space.from_yaml, YAML)])
def test_a_file_declares_values_ranges_groups_and_units(tmp_path, read, text):
    path = tmp_path / "space"
    path.write_text(text)
    space = read(path)

    assert space == ek.Space(
        {
            "dt": 0.1,
            "kind": ["fast", "exact"],
            "start": date(2020, 1, 31),
            "tol": np.geomspace(1e-4, 1e-1, 20),
            "neuron.tau": [5.0, 7.5],
            "neuron.n": range(11),
            "neuron.soma.area": 3,
        }
    )
    assert space.parameters["neuron.tau"].attrs == {"units": "ms", "long_name": "time constant"}


def test_yaml_has_the_numbers_and_words_of_python(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "a: [1e-4, 1.5e3, .5, -2.]\nb: no\nc: 1:30\nd: '007'\ne: 010\nf: [true, False]\ng: [1, -2]\n"
    )

    assert ek.Space.from_yaml(path) == ek.Space(
        a=[1e-4, 1.5e3, 0.5, -2.0], b="no", c="1:30", d="007", e="010", f=[True, False], g=[1, -2]
    )


def test_yaml_has_integers_of_other_bases_and_times_to_the_nanosecond(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("a: [0x1F, 0o17]\nb: [2020-01-31T12:00:00.123456789, 2020-02-01 00:00:00.5]\n")

    times = np.array(["2020-01-31T12:00:00.123456789", "2020-02-01T00:00:00.5"], dtype="M8[ns]")
    assert ek.Space.from_yaml(path) == ek.Space(a=[31, 15], b=times)


@given(spaces(max_dims=2, max_size=3))
def test_what_a_file_declares_is_exact(tmp_path_factory, space):
    path = tmp_path_factory.mktemp("yaml") / "space.yaml"
    floats = {n: p for n, p in space.parameters.items() if p.values.dtype == np.float64 and p.dim == n}
    path.write_text(
        "".join(f"{n}: [{', '.join(map(yaml_float, p.values.tolist()))}]\n" for n, p in floats.items())
        or "{}"
    )

    again = ek.Space.from_yaml(path)
    assert all(again.parameters[n].values.tobytes() == p.values.tobytes() for n, p in floats.items())


def yaml_float(value):
    return repr(value) if np.isfinite(value) else f"{'-' if value < 0 else ''}.inf"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a = [1, 2", "is no TOML"),
        ("a = 1\na = 2", "is no TOML.*"),
        ("a = {}", "'a' in .* is an empty table"),
        ("a = {values = [1], linspace = [0, 1, 2]}", "has 'values', 'linspace'; expected one of them"),
        ("a = {linspace = [0, 1]}", r"linspace = \[0, 1\]; expected the first value, the last, and how many"),
        ('a = {linspace = ["x", 1, 2]}', "from 'x' to 1 in 2 values"),
        ('a = {values = [1], unit = "s"}', "Did you mean 'units'"),
        ("a = {values = [1, 7], bounds = [0, 5]}", "the value 7"),
        ('a = [1, "x"]', "mixed types"),
        ("a = nan", "missing value"),
        ('"a b" = 1', "identifier"),
        ("a = 1e400", "1e400, which is larger than any float"),
        (
            "a = 2020-01-31T12:00:00.123456789",
            'without. Write it as text: .values = "2020-01-31T12:00:00.123456789", dtype',
        ),
        ("a = 2020-01-31T12:00:00Z", "time zone"),
    ],
)
def test_a_file_that_declares_no_space_is_an_error_that_says_why(tmp_path, text, named):
    path = tmp_path / "space.toml"
    path.write_text(text)

    with pytest.raises(SpaceError, match=named):
        ek.Space.from_toml(path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a: [1, 2", "is no YAML"),
        ("a: 1\na: 2", "'a' occurs twice"),
        ("[1, 2]", "holds list; expected values by parameter"),
        ("", "holds NoneType"),
        ("a: !!python/object/apply:os.getcwd []", "is no YAML"),
        ("a: 1e400", "1e400, which is larger than any float"),
        ("a: 2020-13-45", "the time 2020-13-45: month must be"),
        ("a: [1, null]", "got 1, None; None means"),
        ("true: 1", r"the name True \(bool\); expected text"),
    ],
)
def test_yaml_that_declares_no_space_is_an_error_that_says_why(tmp_path, text, named):
    path = tmp_path / "space.yaml"
    path.write_text(text)

    with pytest.raises(SpaceError, match=named):
        ek.Space.from_yaml(path)


# ---- presets


def test_presets_take_the_place_of_values_and_keep_what_the_space_says_of_them():
    space = ek.Space(a=[1, 2], tau=ek.param([5.0, 10.0], units="ms"), dt=0.1)

    assert space.override({"a": 3}, dt=[0.1, 0.2]) == ek.Space(a=3, tau=[5.0, 10.0], dt=[0.1, 0.2])
    assert space.override(tau=7.5).parameters["tau"].attrs == {"units": "ms"}
    assert space.override(ek.Space.from_words(["a=5,6", "dt=0.5"])) == ek.Space(
        a=[5, 6], tau=[5.0, 10.0], dt=0.5
    )
    assert space.override() == space


def test_presets_of_paired_parameters_stay_paired():
    space = ek.Space(a=ek.param([1, 2], dim="n"), b=ek.param([3, 4], dim="n"), c=[0, 1]).repeat(2)

    assert list(space.override(b=[5, 6]).isel(c=0, repetition=0).points())[1] == {
        "a": 2,
        "b": 6,
        "c": 0,
        "repetition": 0,
    }
    assert space.override(b=5).sizes == {"n": 2, "c": 2, "repetition": 2}
    with pytest.raises(SpaceError, match="differ in length"):
        space.override(b=[5, 6, 7])


def test_presets_of_distributions_and_with_them():
    space = ek.Space(a=ek.param(stats.norm(0, 1), units="m"), b=[1, 2])

    assert space.override(a=1.5) == ek.Space(a=1.5, b=[1, 2])
    assert space.override(a=1.5).parameters["a"].attrs == {"units": "m"}
    assert space.override(b=stats.norm(0, 2)).distributions.keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("override", "named"),
    [
        (lambda s: s.override(taau=1), "nothing consumes the preset 'taau'.*Did you mean 'tau'"),
        (lambda s: s.override(tau=11.0), "the value 11"),
        (lambda s: s.override(repetition=3), "reserved"),
        (lambda s: s.override(ek.Space(tau=1.0).repeat(2)), r"use .repeat\(n\)"),
        (lambda s: s.override([1, 2]), "got list as presets"),
    ],
)
def test_a_preset_that_nothing_consumes_is_an_error_with_the_nearest_name(override, named):
    with pytest.raises(SpaceError, match=named):
        override(ek.Space(tau=ek.param([5.0, 10.0], bounds=(0, 10))).repeat(2))


def test_presets_of_labelled_objects_are_their_labels():
    space = ek.Space(solver={"fast": min, "exact": max}, n=[1, 2])

    assert space.override(solver="exact").parameters["solver"].objects["exact"] is max
    assert space.override(ek.Space.from_words(["solver=exact,fast"])).sizes == {"solver": 2, "n": 2}
    with pytest.raises(SpaceError, match=r"has no object 'exat'.*Did you mean 'exact'"):
        space.override(solver="exat")


def test_presets_are_of_the_type_that_they_take_the_place_of():
    space = ek.Space(
        a=np.float32([0.1, 0.2]),
        i=ek.param([1, 2], dtype="int8"),
        f=[0.5],
        r=ek.param(stats.norm(), dtype="f4"),
    )

    assert space.override(a=0.3).parameters["a"].values.dtype == np.float32
    assert space.override(i=3).parameters["i"].values.dtype == np.int8
    assert space.override(ek.Space.from_words(["f=1,2"])).parameters["f"].values.dtype == np.float64
    assert space.override(r=1).parameters["r"].values.dtype == np.float32
    assert space.override(r=stats.uniform()).sample(1).parameters["r"].values.dtype == np.float32
    assert space.override(i=np.int16(300)).parameters["i"].values.dtype == np.int16
    assert space.override(i=0.5).parameters["i"].values == 0.5


@pytest.mark.parametrize(
    ("preset", "named"),
    [
        ({"i": 300}, "the value 300, which int8"),
        ({"f": 2**53 + 1}, "the value 9007199254740993, which float64"),
        ({"f": "fast"}, r"the values of 'f' are float \(0.5\); got the preset 'fast' \(str\)"),
        ({"flag": 1}, r"are bool \(True\); got the preset 1"),
        ({"r": "x"}, r"are float \(norm\(\)\); got the preset 'x'"),
        ({"r": 7.0}, r"expected -3 ≤ r ≤ 3"),
    ],
)
def test_a_preset_of_another_type_is_an_error_that_shows_both(preset, named):
    space = ek.Space(
        i=ek.param([1, 2], dtype="int8"), f=0.5, flag=True, r=ek.param(stats.norm(), bounds=(-3, 3))
    )
    with pytest.raises(SpaceError, match=named):
        space.override(preset)


def test_a_preset_of_labelled_objects_that_are_to_be_drawn_is_a_label_too():
    space = ek.Space(solver=ek.categorical({"fast": min, "exact": max}))

    assert next(space.override(solver="exact").points()) == {"solver": max}
    drawn = space.override(solver=ek.categorical(["exact"])).sample(1)
    assert next(drawn.points()) == {"solver": max}
    with pytest.raises(SpaceError, match=r"has no object 'exat'.*Did you mean 'exact'"):
        space.override(solver=ek.categorical(["exat"]))

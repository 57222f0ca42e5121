"""Parameters reach arguments by name; what does not fit is named before anything runs."""

import functools
import inspect
from types import MappingProxyType

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SimulationError
from explorekit.simulation.calling import bind
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.points import Points, Seeding


def bound(function, space):
    return bind(as_simulation(function), space.parameters)


class Recorder:
    """Called like another function; keeps what it receives by keyword."""

    def __init__(self, function):
        self.__signature__ = inspect.signature(function)
        self.received = []

    def __call__(self, **kwargs):
        self.received.append(kwargs)


def points_of(function, space):
    simulation = as_simulation(function)
    return Points(simulation, bind(simulation, space.parameters), space, Seeding(0, None, {}))


def calls(function, space):
    """The keyword arguments of every point."""
    recorder = Recorder(function)
    for _ in points_of(recorder, space).calls(np.arange(len(space))):
        pass
    return recorder.received


SPACE = ek.Space(a=[1, 2], b="x")


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: None,
        lambda b, a: None,
        lambda a, b, c=3: None,
        lambda *, a, b: None,
        lambda *args, a, b: None,
        lambda **kwargs: None,
        lambda a, **rest: None,
        lambda x=1, /, *, a, b: None,
        functools.partial(lambda c, a, b: None, 1),
    ],
)
def test_every_parameter_is_passed_by_keyword(function):
    assert calls(function, SPACE) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]


@pytest.mark.parametrize(
    ("function", "space", "expected"),
    [
        (lambda a, b: (a, b), SPACE, [(1, "x"), (2, "x")]),
        (lambda b, a: (a, b), SPACE, [(1, "x"), (2, "x")]),
        (lambda c=3, b=4, a=5, d=6: (a, b, c, d), SPACE, [(1, "x", 3, 6), (2, "x", 3, 6)]),
        (lambda *args, a, b: (args, a, b), SPACE, [((), 1, "x"), ((), 2, "x")]),
        (lambda x=1, /, *, a, b: (x, a, b), SPACE, [(1, 1, "x"), (1, 2, "x")]),
        (lambda a, repetition, b="y": (a, b, repetition), ek.Space(a=[1, 2]), [(1, "y", 0), (2, "y", 0)]),
        (functools.partial(lambda c, a, b: (a, b, c), 1), SPACE, [(1, "x", 1), (2, "x", 1)]),
    ],
)
def test_values_by_position_reach_the_same_arguments(function, space, expected):
    points = points_of(function, space)

    assert list(points.calls(np.arange(len(space)))) == expected
    assert [points.function(*values) for values in points.values(np.arange(len(space)))] == expected


def test_a_wrapper_that_takes_keywords_only_is_called_with_keywords():
    def inner(a, b):
        return a, b

    @functools.wraps(inner)
    def wrapper(**kwargs):
        return inner(**kwargs)

    assert list(points_of(wrapper, SPACE).calls(np.arange(2))) == [(1, "x"), (2, "x")]


def test_a_call_that_raises_costs_its_own_point_only():
    def inverse(a):
        return 1 / a

    calls = points_of(inverse, ek.Space(a=[1.0, 0.0, 2.0])).calls(np.arange(3))
    assert next(calls) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(calls)
    assert next(calls) == 0.5


def test_a_space_without_parameters_gives_every_point_a_call_of_its_own():
    space = ek.Space().repeat(3)
    arguments = calls(lambda: None, space)

    assert arguments == [{}, {}, {}]
    assert len({id(one) for one in arguments}) == 3
    assert calls(lambda: None, ek.Space()) == [{}]


def test_dotted_parameters_reach_one_argument_as_a_frozen_mapping():
    space = ek.Space({"neuron.tau": [1.0, 2.0], "neuron.gate.m": 3, "neuron.gate.h": 4, "dt": 0.1})
    first, second = calls(lambda neuron, dt: None, space)

    assert first == {"neuron": {"tau": 1.0, "gate": {"m": 3, "h": 4}}, "dt": 0.1}
    assert second["neuron"]["tau"] == 2.0
    assert isinstance(first["neuron"], MappingProxyType)
    for mapping in (first["neuron"], first["neuron"]["gate"]):
        with pytest.raises(TypeError):
            mapping["new"] = 1


def test_dotted_parameters_reach_an_argument_of_the_flat_name():
    space = ek.Space({"neuron.tau_V": [1.0]})

    assert calls(lambda neuron_tau_V: None, space) == [{"neuron_tau_V": 1.0}]
    assert calls(lambda **kwargs: None, space) == [{"neuron": {"tau_V": 1.0}}]


def test_some_of_a_group_may_be_flat():
    space = ek.Space({"neuron.tau": [1.0], "neuron.V": [2.0], "neuron.W": [3.0]})

    assert calls(lambda neuron_tau, **kwargs: None, space) == [
        {"neuron_tau": 1.0, "neuron": {"V": 2.0, "W": 3.0}}
    ]


def test_random_streams_and_repetition_are_injected_only_where_they_are_no_parameters():
    def f(a, rng, seed, repetition):
        pass

    assert bound(f, ek.Space(a=[1])).injected == {"rng", "seed", "repetition"}
    assert bound(f, ek.Space(a=[1], seed=[7], rng=3)).injected == {"repetition"}
    assert bound(lambda a: None, ek.Space(a=[1]).repeat(2)).injected == frozenset()
    assert bound(lambda a, rng=None: None, ek.Space(a=[1])).injected == {"rng"}
    assert bound(lambda **kwargs: None, ek.Space(a=[1])).injected == frozenset()
    assert calls(lambda a, seed: None, ek.Space(a=[1], seed=[7, 8])) == [
        {"a": 1, "seed": 7},
        {"a": 1, "seed": 8},
    ]


def test_defaults_are_recorded_but_for_what_is_injected():
    def f(a, b=2, c="x", *, d=0.5, rng=None):
        pass

    call = bound(f, ek.Space(a=[1], b=[3]))
    assert call.defaults == {"b": 2, "c": "x", "d": 0.5}
    assert call.without_defaults().defaults == {}


def test_methods_and_callable_objects_are_simulations_too():
    class Model:
        def run(self, a):
            return a

        def __call__(self, a, b):
            return a

    assert list(points_of(Model().run, ek.Space(a=[1])).calls(np.arange(1))) == [1]
    assert list(points_of(Model(), SPACE).calls(np.arange(2))) == [1, 2]


def f(alpha, beta=1):
    return alpha


@pytest.mark.parametrize(
    ("function", "space", "named"),
    [
        (
            f,
            ek.Space(alpha=[1], betta=[2]),
            "has no argument 'betta'; it takes 'alpha', 'beta'. Did you mean 'beta'",
        ),
        (f, ek.Space(beta=[1]), "needs 'alpha', which the space does not give"),
        (f, ek.Space(beta=[1], alpah=[1]), "Did you mean 'alpha'"),
        (f, ek.Space({"alpha.x": [1]}) * ek.Space(alpha_x=1), "has no argument 'alpha_x'"),
        (
            lambda n_x: 0,
            ek.Space({"n.x": [1]}) * ek.Space(n_x=1),
            "'n.x', 'n_x' all reach the argument 'n_x'",
        ),
        (lambda n, n_x: 0, ek.Space({"n.x": [1]}), "fits two arguments .* 'n' and 'n_x'"),
        (lambda a, /: 0, ek.Space(a=[1]), "'a' of 'result' is positional-only.*Remove the '/'"),
        (lambda a, /: 0, ek.Space(b=[1]), "positional-only"),
        (lambda: 0, ek.Space(a=[1]), "has no argument 'a'; it takes none"),
        (dict, ek.Space(a=[1]), "no signature"),
    ],
)
def test_refuses_before_anything_runs_and_says_why(function, space, named):
    with pytest.raises(SimulationError, match=named):
        bound(function, space)


@pytest.mark.parametrize("given", [3, None, "f", f(1)])
def test_a_simulation_must_be_callable(given):
    with pytest.raises(SimulationError, match=r"expected a function. Give the function itself"):
        as_simulation(given)


def test_a_declared_simulation_is_still_the_function():
    @ek.simulation(dims={"x": "time"}, units={"x": "m"}, long_names={"x": "height"})
    def fall(g, t=1):
        """How far it falls."""
        return g * t

    assert fall(2, t=3) == 6
    assert fall.name == fall.__name__ == "fall"
    assert fall.__doc__ == "How far it falls."
    assert fall.dims == {"x": ("time",)}
    assert fall.attrs("x") == {"units": "m", "long_name": "height"}
    assert as_simulation(fall) is fall
    assert calls(fall, ek.Space(g=[1])) == [{"g": 1}]


def test_a_lone_result_is_named_after_the_function():
    class Model:
        def __call__(self):
            return 1

    assert as_simulation(f).name == "f"
    assert as_simulation(lambda: 1).name == "result"
    assert as_simulation(functools.partial(functools.partial(f, 1), beta=2)).name == "f"
    assert as_simulation(Model()).name == "Model"

"""A simulation travels by value, with the user's own modules, or an error says why it cannot."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest

import explorekit as ek
from explorekit.errors import SimulationError
from explorekit.simulation.capture import capture
from explorekit.simulation.declare import as_simulation

CHILD = """
import pickle, sys
simulation = pickle.loads(sys.stdin.buffer.read())
print(simulation(**{arguments!r}))
loaded = {names!r} & sys.modules.keys()
assert not loaded, loaded
"""


def in_a_fresh_process(payload, names=(), **arguments):
    """Call a captured simulation where the user's modules cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(arguments=arguments, names=set(names))],
        input=payload,
        capture_output=True,
        check=False,
        timeout=240,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    names = set()

    def write(**sources):
        import importlib

        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
            names.add(name)
        importlib.invalidate_caches()
        return importlib.import_module(next(iter(sources)))

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_modules_of_the_user_travel_by_value(write):
    module = write(
        travelling="import companion\nfrom companion import K\ndef f(a):\n    return a + companion.g(a) + K\n",
        companion="K = 100\ndef g(a):\n    return 10 * a\n",
    )
    payload = capture(as_simulation(module.f)).payload

    assert in_a_fresh_process(payload, {"travelling", "companion"}, a=1) == "111"


def test_modules_that_import_each_other_travel(write):
    module = write(
        here="import there\nSTEP = 1\ndef f(n):\n    return 0 if n == 0 else there.g(n - STEP)\n",
        there="import here\ndef g(n):\n    return 'there' if n == 0 else here.f(n)\n",
    )
    payload = capture(as_simulation(module.f)).payload

    assert in_a_fresh_process(payload, {"here", "there"}, n=3) == "there"


def test_the_code_that_travels_is_that_of_now(write):
    module = write(edited="K = 1\ndef f(a):\n    return a + K\n")
    old = capture(as_simulation(module.f))
    module.K = 5
    new = capture(as_simulation(module.f))

    assert in_a_fresh_process(old.payload, a=1) == "2"
    assert in_a_fresh_process(new.payload, a=1) == "6"
    assert old.version.id != new.version.id


def test_declared_simulations_lambdas_and_objects_travel():
    class Model:
        def __init__(self, k):
            self.k = k

        def __call__(self, a):
            return a + self.k

    k = 3
    for simulation in (lambda a: a + k, Model(3), ek.simulation(units={"x": "m"})(lambda a: a + k)):
        assert in_a_fresh_process(capture(as_simulation(simulation)).payload, a=1) == "4"


def test_what_cannot_travel_says_what_to_do():
    lock = threading.Lock()

    @ek.simulation(version="1")
    def f(a):
        with lock:
            return a

    with pytest.raises(
        SimulationError, match=r"'f' cannot travel to a worker.*inside the function instead of capturing"
    ):
        capture(f)


def test_capturing_leaves_cloudpickle_as_it_was(write):
    import cloudpickle

    module = write(lonely="def f(a):\n    return a\n")
    before = set(cloudpickle.list_registry_pickle_by_value())
    capture(as_simulation(module.f))

    assert set(cloudpickle.list_registry_pickle_by_value()) == before

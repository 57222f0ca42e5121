"""The code version: the same for the same code in any process, another for other code."""

import functools
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SimulationError
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.version import code_version


def version(function):
    return code_version(as_simulation(function)).id


class Modules:
    """Writes the user's own modules and loads them afresh."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.names: set[str] = set()
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits in a second would look like one

    def write(self, name: str, source: str) -> None:
        file = self.folder / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))
        self.names.add(name.partition(".")[0])

    def forget(self) -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] in self.names:
                del sys.modules[name]

    def load(self, name: str, function: str = "f"):
        import importlib
        import linecache

        self.forget()
        importlib.invalidate_caches()
        linecache.clearcache()
        return getattr(importlib.import_module(name), function)

    def version(self, source: str, **others: str) -> str:
        self.write("model", source)
        for name, text in others.items():
            self.write(name, text)
        return version(self.load("model"))


@pytest.fixture
def modules(tmp_path, monkeypatch):
    modules = Modules(tmp_path, monkeypatch)
    yield modules
    modules.forget()


SOURCE = """
    import math
    SCALE = 2.0
    UNUSED = 1

    def helper(x):
        return x + 1

    class Neuron:
        tau = SCALE
        def fire(self, x):
            return helper(x)
        @property
        def rate(self):
            return 3
        @staticmethod
        def rest():
            return 4

    def f(a, b=1, *, c=2):
        '''What it does.'''
        # why
        n = Neuron()
        return SCALE * math.sin(a) + b + n.fire(c) + sum(i for i in range(3))
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# why not"),
        ("'''What it does.'''", "'''What it does, and why.'''"),
        ("'''What it does.'''", ""),
        ("SCALE * math.sin(a) + b", "( SCALE*math.sin( a )+b )"),
        ("UNUSED = 1", "UNUSED = 2"),
        ("UNUSED = 1", "a = 5; b = 7; c = 8; n = 9; x = 10; fire = 11"),
        ("def helper(x):", "def stranger():\n        return 5\n\n    def helper(x):"),
    ],
)
def test_comments_docstrings_formatting_and_unused_names_do_not_count(modules, old, new):
    assert old in SOURCE
    assert modules.version(SOURCE) == modules.version(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ b", "- b"),
        ("b=1", "b=2"),
        ("c=2", "c=3"),
        ("SCALE = 2.0", "SCALE = 2.5"),
        ("SCALE = 2.0", "SCALE = 2"),
        ("return x + 1", "return x + 2"),
        ("return helper(x)", "return 2 * helper(x)"),
        ("tau = SCALE", "tau = 1.5 * SCALE"),
        ("return 3", "return 5"),
        ("return 4", "return 5"),
        ("range(3)", "range(4)"),
        ("math.sin", "math.cos"),
    ],
)
def test_whatever_the_simulation_reaches_counts(modules, old, new):
    assert old in SOURCE
    assert modules.version(SOURCE) != modules.version(SOURCE.replace(old, new))


def test_other_modules_of_the_user_are_followed(modules):
    through_module = "import tools\ndef f(a):\n    return tools.helper(a)\n"
    through_name = "from tools import helper\ndef f(a):\n    return helper(a)\n"
    through_package = "import pack.inner\ndef f(a):\n    return pack.inner.helper(a)\n"
    inside = "def f(a):\n    import tools\n    return tools.helper(a)\n"
    inside_from = "def f(a):\n    from pack import inner\n    return inner.helper(a)\n"
    one, other = (f"UNUSED = {n}\ndef helper(x):\n    return x + {n}\n" for n in (1, 2))
    for source in (through_module, through_name, through_package, inside, inside_from):
        versions = {
            modules.version(source, **{"tools": text, "pack.__init__": "", "pack.inner": text})
            for text in (one, other)
        }
        assert len(versions) == 2, source


def test_what_an_imported_module_imports_counts_too(modules):
    inside = "def f(a):\n    import first\n    return first.g(a)\n"
    versions = {
        modules.version(
            inside,
            first="import second\ndef g(a):\n    return second.h(a)\n",
            second=f"def h(a):\n    return a + {n}\n",
        )
        for n in (1, 2)
    }

    assert len(versions) == 2


def test_a_module_that_a_body_imports_counts_the_same_before_and_after_it_is_loaded(modules):
    modules.write("tools", "def helper(x):\n    return x + 1\n")
    modules.write("model", "def f(a):\n    import tools\n    return tools.helper(a)\n")
    f = modules.load("model")

    before = version(f)
    f(1)
    assert "tools" in sys.modules
    assert version(f) == before


def test_an_edit_that_is_not_loaded_does_not_pass_for_the_loaded_code(modules):
    modules.write("model", "def f(a):\n    return a + 1.0\n")
    f = modules.load("model")
    modules.write("model", "def f(a):\n    return a + 2.0\n")
    stale = version(f)

    assert stale != version(modules.load("model"))
    assert f(0) == 1.0


def test_an_edit_of_a_closure_that_is_not_loaded_does_not_pass_for_the_loaded_code(modules):
    source = "def make(k):\n    def f(a):\n        return a + k + {}\n    return f\nf = make(3)\n"
    modules.write("model", source.format("1.0"))
    f = modules.load("model")
    fresh = version(f)
    assert version(f) == fresh
    modules.write("model", source.format("2.0"))

    assert version(f) != version(modules.load("model"))


def test_a_decorator_of_the_user_counts(modules):
    source = """
        import functools
        def twice(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return {} * function(*args, **kwargs)
            return wrapper

        @twice
        def f(a):
            return a
    """
    assert modules.version(source.format(2)) != modules.version(source.format(3))
    assert modules.version(source.format(2)) == modules.version(
        source.format(2).replace("@twice", "@twice  # so")
    )


@pytest.mark.parametrize("cache", ["functools.cache", "functools.lru_cache(maxsize=3)"])
def test_the_inside_of_a_cached_function_counts(modules, cache):
    source = "import functools\n@{}\ndef helper(x):\n    return x + {}\ndef f(a):\n    return helper(a)\n"

    assert modules.version(source.format(cache, 1)) != modules.version(source.format(cache, 2))


def test_calls_and_caches_do_not_count(modules):
    modules.write(
        "model",
        """
        import functools, random
        from random import gauss
        from numpy.random import normal
        @functools.cache
        def helper(x):
            return x
        @functools.singledispatch
        def kind(x):
            return "any"
        def f(a):
            return helper(a), kind(a), gauss(0, 1), normal(), random.random()
        """,
    )
    f = modules.load("model")
    before = version(f)
    f(1.0)

    assert version(f) == before


def test_captured_values_count():
    def make(k):
        return lambda a: a + k

    assert version(make(1)) == version(make(1))
    assert (
        len({version(make(k)) for k in (1, 1.0, True, "1", None, 2, 1j, b"1", (1,), [1], {1}, {1: 1})}) == 12
    )
    assert version(make(np.arange(3))) == version(make(np.arange(3)))
    assert version(make(np.arange(3))) != version(make(np.arange(3) * 1.0))
    assert version(make({"a": [1, {2, 3}]})) == version(make({"a": [1, {3, 2}]}))


def test_whether_equal_values_are_one_object_does_not_count():
    shared = [1, 2]

    def make(x, y):
        return lambda a: (a, x, y)

    assert version(make(shared, shared)) == version(make([1, 2], [1, 2]))


def test_values_that_hold_themselves_have_a_version():
    loop: list = [1]
    loop.append(loop)
    other: list = [2]
    other.append(other)

    def make(x):
        return lambda a: (a, x)

    assert version(make(loop)) != version(make(other))


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def test_functions_that_call_each_other_have_a_version():
    assert len({version(even), version(odd)}) == 2
    assert version(even) == version(even)


class Adder:
    def __init__(self, k):
        self.k = k

    def __call__(self, a):
        return a + self.k

    def add(self, a):
        return a + self.k


class Slotted:
    __slots__ = ("k",)

    def __init__(self, k):
        self.k = k

    def __call__(self, a):
        return a + self.k


@pytest.mark.parametrize(
    "make",
    [
        lambda k: lambda a: a + k,
        lambda k: functools.partial(pow, exp=k),
        lambda k: functools.partial(lambda a, b: a + b, b=k),
        Adder,
        Slotted,
        lambda k: Adder(k).add,
        lambda k: {"a": k}.get,
        lambda k: as_simulation(Adder(k)),
        lambda k: ek.simulation(units={"x": str(k)})(even),
    ],
    ids=[
        "lambda",
        "partial of builtin",
        "partial",
        "object",
        "slots",
        "method",
        "builtin method",
        "simulation",
        "declared",
    ],
)
def test_every_kind_of_callable_has_a_version_that_follows_its_state(make):
    assert version(make(1)) == version(make(1))
    assert version(make(1)) != version(make(2))


def test_functions_without_source_have_a_version():
    def compiled(body):
        names: dict = {}
        exec(compile(body, "<nowhere>", "exec"), names)
        return names["f"]

    one = compiled("def f(a):\n 'text'\n return a in {'x', 'y', 'z'}")
    assert version(one) == version(compiled("def f(a):\n 'other text'\n return a in {'z', 'y', 'x'}"))
    assert version(one) != version(compiled("def f(a):\n 'text'\n return a in {'x', 'y', 'w'}"))


def test_classes_without_source_have_a_version():
    def made(body):
        names: dict = {"__name__": "__main__"}
        exec(body, names)
        return names["f"]

    body = "class A:\n  __slots__ = ('k',)\n  @property\n  def p(self): return {}\n  @classmethod\n  def c(cls): return 1\ndef f(a): return A().p"
    assert version(made(body.format(1))) == version(made(body.format(1)))
    assert version(made(body.format(1))) != version(made(body.format(2)))


def test_dataclasses_enums_and_named_tuples_have_a_version(modules):
    source = """
        import abc, collections, dataclasses, enum, logging, re, typing
        log = logging.getLogger(__name__)
        pattern = re.compile("a+")
        MISSING = object()
        class Colour(enum.Enum):
            RED = {}
        Pair = collections.namedtuple("Pair", "x y")
        class Typed(typing.NamedTuple):
            z: int = 1
        @dataclasses.dataclass(frozen=True)
        class Config:
            k: float = 2.0
            colour: Colour = Colour.RED
        class Base(abc.ABC):
            @abc.abstractmethod
            def go(self): ...
        class Child(Base):
            def go(self): return 1
        config = Config()
        def f(a):
            log.debug("x"); pattern.match("a")
            return Colour.RED, Pair(1, 2), Typed(), config.k, Config(1.0), Child().go(), MISSING
    """
    assert modules.version(source.format(1)) == modules.version(source.format(1))
    assert modules.version(source.format(1)) != modules.version(source.format(2))


def test_installed_libraries_count_by_name_alone():
    import xarray as xr

    def f(a):
        return np.sin(a) + xr.DataArray(a)

    assert version(f) == version(f)
    assert "def sin" not in code_version(as_simulation(f)).source


def test_what_cannot_be_hashed_asks_for_a_declared_version(tmp_path):
    with (tmp_path / "file").open("w") as file:

        def f(a):
            return file.name, a

        with pytest.raises(
            SimulationError, match=r"cannot be hashed.*@explorekit\.simulation\(version='1'\)"
        ):
            version(f)
        declared = ek.simulation(version="1")(f)
        assert version(declared) == version(declared) != version(ek.simulation(version="2")(f))


def test_the_source_of_all_that_counts_is_kept(modules):
    modules.write("model", SOURCE)
    source = code_version(as_simulation(modules.load("model"))).source

    assert "def helper(x)" in source
    assert "class Neuron" in source
    assert "# why" in source


SCRIPT = """
import dataclasses, functools, sys
import numpy as np
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.version import code_version
import model
print(code_version(as_simulation(model.f)).id)
"""

MODEL = """
    import collections, dataclasses, enum, functools, re
    NAMES = {"alpha", "beta", "gamma", "delta"}
    FROZEN = frozenset({("a", 1), ("b", 2), ("c", 3)})
    FUNCTIONS = {len, sum, max, print}
    COUNTS = collections.Counter("abracadabra")
    ORDERED = collections.OrderedDict(a={"x", "y", "z"})
    class Kind(enum.Flag):
        A = 1
        B = 2
    @dataclasses.dataclass
    class Config:
        tags: set
        kind: Kind = Kind.A | Kind.B
    CONFIG = Config({"x", "y", "zz"})
    def one(a): return a
    def two(a): return one(a)
    TABLE = {one, two}
    @functools.cache
    def cached(a): return a in {"p", "q", "r"}
    exec("def hidden(a): return a in {'u', 'v', 'w', 'q', 'r'}")
    def f(a):
        hidden(a)
        return NAMES, FROZEN, FUNCTIONS, COUNTS, ORDERED, CONFIG, TABLE, cached(a), a in {"u", "v", "w"}
"""


def test_the_version_is_the_same_in_a_fresh_process(modules):
    here = modules.version(MODEL)
    there = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(modules.folder)},
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert there == {here}

"""The code version: a hash of what the simulation is and of the user's own code that it reaches.

Comments, docstrings and formatting do not count; the bodies of functions, their defaults, and every global and
captured value that they use do. Installed libraries count by name: their versions are in the environment record.
"""

import ast
import dis
import functools
import hashlib
import inspect
import pickle
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorekit.errors import SimulationError
from explorekit.simulation.declare import Simulation
from explorekit.simulation.ownership import is_users_own, users_source

VERSION_LENGTH = 16


@dataclass(frozen=True)
class CodeVersion:
    """The version of a simulation's code.

    Parameters
    ----------
    id
        Hexadecimal digits of its hash.
    source
        The text of all functions and classes that went into it, by qualified name.
    """

    id: str
    source: str


def code_version(simulation: Simulation) -> CodeVersion:
    """Return the version of a simulation's code.

    Raises
    ------
    SimulationError
        If it holds a value that cannot be hashed, and declares no version.
    """
    walker = _Walker()
    if simulation.version is not None:
        tree = f"declared {simulation.version!r}"
        walker.note(simulation.function)
    else:
        tree = walker.describe(simulation)
    source = "\n\n".join(f"# {name}\n{text.rstrip()}" for name, text in sorted(walker.sources.items())) + "\n"
    return CodeVersion(hashlib.sha256(tree.encode()).hexdigest()[:VERSION_LENGTH], source)


class _Walker:
    """Describes a value, and all it reaches, as text that is equal for equal code."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self._seen: dict[int, int] = {}
        self._alive: list[Any] = []  # an id means nothing once its object is gone

    def describe(self, value: Any) -> str:
        simple = _describe_simple(value)
        if simple is not None:
            return simple
        if id(value) in self._seen:
            return f"again {self._seen[id(value)]}"
        self._seen[id(value)] = len(self._seen)
        self._alive.append(value)
        return self._describe_compound(value)

    def note(self, function: Any) -> str | None:
        """Keep and return a function's or class's source, if it can be had."""
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):
            return None
        self.sources[f"{function.__module__}.{function.__qualname__}"] = text
        return text

    def _describe_compound(self, value: Any) -> str:
        if isinstance(value, Simulation):
            declared = (
                sorted(value.dims.items()),
                sorted(value.units.items()),
                sorted(value.long_names.items()),
            )
            return f"simulation({self.describe(value.function)}, {declared})"
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return f"method({self.describe(value.__func__)}, {self.describe(value.__self__)})"
        if isinstance(value, functools.partial):
            return f"partial({self.describe(value.func)}, {self.describe(value.args)}, {self.describe(value.keywords)})"
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}"
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, (list, tuple)):
            return f"{type(value).__name__}[{', '.join(map(self.describe, value))}]"
        if isinstance(value, (set, frozenset)):
            return f"set{sorted(map(self.describe, value))}"
        if isinstance(value, dict):
            return f"dict{[(self.describe(k), self.describe(v)) for k, v in value.items()]}"
        return self._object(value)

    def _function(self, function: types.FunctionType) -> str:
        module = sys.modules.get(function.__module__ or "")
        if module is not None and not is_users_own(module):
            return f"library {function.__module__}.{function.__qualname__}"
        parts = [
            _body(function, self.note(function)),
            self.describe(function.__defaults__),
            self.describe(function.__kwdefaults__),
        ]
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        parts += [f"{name}={self._cell(cell)}" for name, cell in cells]
        parts += [f"{name}={text}" for name, text in self._reached(function)]
        return f"function({'; '.join(parts)})"

    def _cell(self, cell: types.CellType) -> str:
        try:
            return self.describe(cell.cell_contents)
        except ValueError:  # a name that is not bound yet
            return "unbound"

    def _reached(self, function: types.FunctionType) -> Iterator[tuple[str, str]]:
        """Yield what a function's body uses of its globals, and of the user's modules."""
        names = sorted({name for code in _codes(function.__code__) for name in code.co_names})
        for name in names:
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            yield name, self.describe(value)
            if isinstance(value, types.ModuleType):
                yield from self._attributes(value, names)
        for imported in sorted(_imports(function.__code__)):
            module = sys.modules.get(imported)
            if module is not None:
                yield from self._attributes(module, names)
            elif (source := users_source(imported)) is not None:
                self.sources[imported] = source
                yield imported, _tree(source) or source

    def _attributes(self, module: types.ModuleType, names: list[str]) -> Iterator[tuple[str, str]]:
        if is_users_own(module):
            for name in names:
                if name in vars(module):
                    yield f"{module.__name__}.{name}", self.describe(vars(module)[name])

    def _class(self, cls: type) -> str:
        module = sys.modules.get(cls.__module__)
        if module is not None and not is_users_own(module):
            return f"library {cls.__module__}.{cls.__qualname__}"
        source = self.note(cls)
        members = {
            name: getattr(member, "__func__", member)
            for name, member in sorted(vars(cls).items())
            if not (name.startswith("__") and name.endswith("__")) or callable(member)
        }
        parts = [] if source is None else [_tree(source) or source]
        parts += [self.describe(base) for base in cls.__bases__]
        parts += [
            f"{n}={self.describe(m)}"
            for n, m in members.items()
            if isinstance(m, types.FunctionType) or source is None
        ]
        return f"class({'; '.join(parts)})"

    def _object(self, value: Any) -> str:
        kind = type(value)
        module = sys.modules.get(kind.__module__)
        if (
            module is not None
            and is_users_own(module)
            and vars(kind).keys().isdisjoint({"__reduce__", "__reduce_ex__", "__getstate__"})
            and hasattr(value, "__dict__")
        ):
            return f"object({self.describe(kind)}, {self.describe(vars(value))})"
        try:
            # Once through pickle first: it settles which equal parts are one object, which differs from copy to copy.
            state = pickle.dumps(pickle.loads(pickle.dumps(value)))  # noqa: S301
        except Exception as error:  # noqa: BLE001 - any class may fail at this in its own way
            raise SimulationError(
                f"the simulation uses {value!r}, which cannot be hashed ({error}), so that a change in it would go unnoticed; "
                f"declare @explorekit.simulation(version='1') and change the version by hand."
            ) from None
        return f"pickled({self.describe(kind)}, {hashlib.sha256(state).hexdigest()})"


def _describe_simple(value: Any) -> str | None:
    if value is None or isinstance(value, (bool, int, complex, str, bytes, type(...))):
        return repr(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O":
        return f"array({value.dtype.str}, {value.shape}, {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()})"
    if isinstance(value, (types.BuiltinFunctionType, np.ufunc)):
        return f"builtin {getattr(value, '__module__', '')}.{value.__name__}"
    return None


def _body(function: types.FunctionType, source: str | None) -> str:
    tree = None if source is None else _tree(source, name=function.__name__)
    if tree is None or (source is not None and _is_stale(function, source)):
        return _bytecode(function.__code__)
    return tree


def _tree(source: str, name: str | None = None) -> str | None:
    """Return the syntax tree without docstrings, or None where the text is no whole statement."""
    try:
        tree: ast.AST = ast.parse(source)
    except SyntaxError:
        return None
    if name == "<lambda>":
        lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        if len(lambdas) != 1:
            return None
        tree = lambdas[0]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module))
        ):
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return ast.dump(tree)


def _is_stale(function: types.FunctionType, source: str) -> bool:
    """Return whether the file was edited after the function was loaded: what is sent is what is loaded."""
    if function.__code__.co_freevars or function.__name__ == "<lambda>":
        return False
    try:
        codes = _codes(compile(source, "<source>", "exec", dont_inherit=True))
    except SyntaxError:
        return True
    return all(
        code.co_code != function.__code__.co_code for code in codes if code.co_name == function.__name__
    )


def _bytecode(code: types.CodeType) -> str:
    constants = [c.co_code.hex() if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    nested = [_bytecode(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return f"bytecode({code.co_code.hex()}, {constants}, {code.co_names}, {code.co_varnames}, {nested})"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _imports(code: types.CodeType) -> set[str]:
    return {
        str(i.argval)
        for each in _codes(code)
        for i in dis.get_instructions(each)
        if i.opname == "IMPORT_NAME" and i.argval
    }

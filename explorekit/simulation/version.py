"""The code version: a hash of what the simulation is and of the user's own code that it reaches.

Comments, docstrings and formatting do not count; the bodies of functions, their defaults, and every global and
captured value that they use do. Installed libraries count by name: their versions are in the environment record.
"""

import ast
import contextlib
import copyreg
import dis
import functools
import hashlib
import importlib.util
import inspect
import sys
import textwrap
import types
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explorekit.errors import SimulationError
from explorekit.simulation.declare import Simulation
from explorekit.simulation.ownership import is_users_own, users_source

VERSION_LENGTH = 16
_HAS_DOCSTRING = 0x4000000  # of a code object, since Python 3.13
_MACHINERY = frozenset(
    {"_abc_impl", "__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__"}
)


@dataclass(frozen=True)
class CodeVersion:
    """The version of a simulation's code.

    Parameters
    ----------
    id
        Hexadecimal digits of its hash.
    source
        The text of all functions and classes that went into it, by qualified name.
    simulation
        The hash without labelled objects; the same as `id` where there are none.
    objects
        By ``parameter=label``, the hash of the object that the label stands for.
    """

    id: str
    source: str
    simulation: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)


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
    objects = {
        f"{name}={label}": _hash("" if simulation.version is not None else walker.describe(one))
        for name, labelled in simulation.objects.items()
        for label, one in labelled.items()
    }
    source = "\n\n".join(f"# {name}\n{text.rstrip()}" for name, text in sorted(walker.sources.items())) + "\n"
    bare = _hash(tree)
    return CodeVersion(_hash(f"{tree} {sorted(objects.items())}") if objects else bare, source, bare, objects)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_LENGTH]


class _Walker:
    """Describes a value, and all it reaches, as text that is equal for equal code.

    Equal in another process too: nothing follows from addresses, from the order of sets, or from which equal values
    happen to be one object.
    """

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self._known: dict[int, str] = {}
        self._open: dict[int, int] = {}
        self._alive: list[Any] = []  # an id means nothing once its object is gone

    def describe(self, value: Any) -> str:
        simple = _describe_simple(value)
        if simple is not None:
            return simple
        key = id(value)
        if key in self._open:
            return f"around {len(self._open) - self._open[key]}"
        if key not in self._known:
            self._open[key] = len(self._open)
            self._alive.append(value)
            try:
                self._known[key] = hashlib.sha256(self._describe_compound(value).encode()).hexdigest()
            finally:
                del self._open[key]
        return self._known[key]

    def note(self, function: Any) -> str | None:
        """Keep and return a function's or class's source, if it can be had."""
        # By its code: a function that wraps another would show that one's source.
        target = function.__code__ if isinstance(function, types.FunctionType) else function
        try:
            text = textwrap.dedent(inspect.getsource(target))
        except (OSError, TypeError, IndentationError, SyntaxError):
            return None
        name = getattr(function, "__qualname__", type(function).__qualname__)
        self.sources[f"{getattr(function, '__module__', '')}.{name}"] = text
        return text

    def _describe_compound(self, value: Any) -> str:  # noqa: C901 - one line a kind
        if isinstance(value, Simulation):
            declared = (
                sorted(value.dims.items()),
                sorted(value.units.items()),
                sorted(value.long_names.items()),
            )
            return f"simulation({self.describe(value.function)}, {declared})"
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, (types.MethodType, types.BuiltinMethodType)) and (name := _library_name(value)):
            return name
        if isinstance(value, types.MethodType):
            return f"method({self.describe(value.__func__)}, {self.describe(value.__self__)})"
        if isinstance(value, types.BuiltinMethodType):
            return f"builtin method({value.__name__}, {self.describe(value.__self__)})"
        if isinstance(value, functools.partial):
            return f"partial({self.describe(value.func)}, {self.describe(value.args)}, {self.describe(value.keywords)})"
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}"
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, (classmethod, staticmethod)):
            return f"{type(value).__name__}({self.describe(value.__func__)})"
        if isinstance(value, property):
            return f"property({self.describe((value.fget, value.fset, value.fdel))})"
        if isinstance(value, functools.cached_property):
            return f"cached property({self.describe(value.func)})"
        if callable(value) and callable(wrapped := _wrapped(value)):
            return f"wrapped({type(value).__qualname__}, {self.describe(wrapped)})"
        if type(value) in (list, tuple):
            return f"{type(value).__name__}[{', '.join(map(self.describe, value))}]"
        if type(value) in (set, frozenset):
            return f"set{sorted(map(self.describe, value))}"
        if type(value) is dict:
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
        parts += [f"{name}={self._cell(cell, function.__code__)}" for name, cell in cells]
        parts += [f"{name}={text}" for name, text in self._reached(function)]
        return f"function({'; '.join(parts)})"

    def _cell(self, cell: types.CellType, code: types.CodeType) -> str:
        try:
            value = cell.cell_contents
        except ValueError:  # a name that is not bound yet
            return "unbound"
        if isinstance(value, types.ModuleType):
            return f"{self.describe(value)}{list(self._attributes(value, _attribute_names(code)))}"
        return self.describe(value)

    def _reached(self, function: types.FunctionType) -> Iterator[tuple[str, str]]:
        """Yield what a function's body uses of its globals, and of the user's modules."""
        code = function.__code__
        attributes = _attribute_names(code)
        for name in _global_names(code):
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            yield name, self.describe(value)
            if isinstance(value, types.ModuleType):
                yield from self._attributes(value, attributes)
        # What a body imports, the child reads from its file, whether this process has loaded it or not.
        for imported in _imports(code, function.__globals__.get("__package__") or ""):
            yield from self._imported(imported)

    def _imported(self, name: str) -> Iterator[tuple[str, str]]:
        source = users_source(name)
        if source is None or name in self.sources:
            return
        self.sources[name] = source
        tree = _tree(source)
        yield name, source if tree is None else tree
        with contextlib.suppress(SyntaxError):
            for further in _imports(
                compile(source, name, "exec", dont_inherit=True), name.rpartition(".")[0]
            ):
                yield from self._imported(further)

    def _attributes(self, module: types.ModuleType, names: list[str]) -> Iterator[tuple[str, str]]:
        """Yield those attributes of one of the user's modules, and of its submodules, that a body may mean."""
        if not is_users_own(module) or id(module) in self._open:
            return
        self._open[id(module)] = len(self._open)
        try:
            for name in names:
                if name in vars(module):
                    value = vars(module)[name]
                    yield f"{module.__name__}.{name}", self.describe(value)
                    if isinstance(value, types.ModuleType):
                        yield from self._attributes(value, names)
        finally:
            del self._open[id(module)]

    def _class(self, cls: type) -> str:
        module = sys.modules.get(cls.__module__)
        if module is not None and not is_users_own(module):
            return f"library {cls.__module__}.{cls.__qualname__}"
        self.note(cls)
        parts = [cls.__name__, *(self.describe(base) for base in cls.__bases__)]
        for name, member in sorted(vars(cls).items()):
            data_of_class = name.startswith("__") and name.endswith("__") and not callable(member)
            if name not in _MACHINERY and not data_of_class:
                parts.append(f"{name}={self._member(member)}")
        return f"class({'; '.join(parts)})"

    def _member(self, member: Any) -> str:
        if isinstance(
            member, (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType)
        ):
            return "slot"
        return self.describe(member)

    def _object(self, value: Any) -> str:
        """Describe an object by what pickle would keep of it."""
        kind = type(value)
        try:
            reduced = (
                copyreg.dispatch_table[kind](value)
                if kind in copyreg.dispatch_table
                else value.__reduce_ex__(4)
            )
        except Exception as error:  # noqa: BLE001 - any class may fail at this in its own way
            raise _unhashable(value, str(error)) from None
        if isinstance(reduced, str):
            return f"named {kind.__module__}.{reduced}"
        parts = [self.describe(kind), self.describe(reduced[0]), self.describe(reduced[1])]
        parts += [self.describe(state) for state in reduced[2:3]]
        parts += [self.describe(list(items)) for items in reduced[3:5] if items is not None]
        return f"object({', '.join(parts)})"


def _wrapped(value: Any) -> Any:
    """Return the Python function inside what `functools.cache`, Numba and the like make of one."""
    static = inspect.getattr_static
    return static(value, "__wrapped__", None) or static(value, "py_func", None)


def _library_name(method: Any) -> str | None:
    """Return the name of a bound method that a library offers as a function, such as ``random.gauss``.

    What it is bound to is the library's own state, which is not the user's code.
    """
    owner = getattr(method, "__func__", type(method.__self__))
    module: types.ModuleType | None = sys.modules.get(getattr(owner, "__module__", None) or "")
    name = str(method.__name__)
    if module is None or is_users_own(module) or vars(module).get(name) is not method:
        return None
    return f"library {module.__name__}.{name}"


def _unhashable(value: Any, reason: str) -> SimulationError:
    return SimulationError(
        f"the simulation uses {value!r}, which cannot be hashed ({reason}), so that a change in it would go unnoticed; "
        f"declare @explorekit.simulation(version='1') and change the version by hand."
    )


def _describe_simple(value: Any) -> str | None:
    if value is None or isinstance(value, (bool, int, complex, str, bytes, type(...))):
        return repr(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (weakref.ReferenceType, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)):
        return "weak"  # a cache, which others fill and empty
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O":
        return f"array({value.dtype.str}, {value.shape}, {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()})"
    if isinstance(value, np.ufunc) or (
        isinstance(value, types.BuiltinFunctionType)
        and isinstance(value.__self__, (types.ModuleType, type(None)))
    ):
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
    free = function.__code__.co_freevars
    if free:  # compiled by itself, its captured names would be globals
        source = f"def _around():\n {' = '.join(free)} = None\n{textwrap.indent(source, ' ')}"
    try:
        codes = _codes(compile(source, "<source>", "exec", dont_inherit=True))
    except SyntaxError:
        return False
    loaded = _bytecode(function.__code__)
    return all(_bytecode(code) != loaded for code in codes if code.co_name == function.__code__.co_name)


def _bytecode(code: types.CodeType) -> str:
    """Return a code object as text, but for its docstring, line numbers and file."""
    constants = code.co_consts
    if sys.version_info < (3, 13) or code.co_flags & _HAS_DOCSTRING:
        constants = constants[1:]
    texts = [_bytecode(c) if isinstance(c, types.CodeType) else _constant(c) for c in constants]
    return f"bytecode({code.co_code.hex()}, {texts}, {code.co_names}, {code.co_varnames}, {code.co_freevars})"


def _constant(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(_constant, value))})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    return repr(value)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _global_names(code: types.CodeType) -> list[str]:
    """Return the names that a body looks up among its globals."""
    loads = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
    return sorted({str(i.argval) for c in _codes(code) for i in dis.get_instructions(c) if i.opname in loads})


def _attribute_names(code: types.CodeType) -> list[str]:
    """Return the names that a body looks up on anything."""
    loads = ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM", "LOAD_SUPER_ATTR")
    return sorted({str(i.argval) for c in _codes(code) for i in dis.get_instructions(c) if i.opname in loads})


def _imports(code: types.CodeType, package: str) -> list[str]:
    """Return the modules that a body imports, with the packages around them and what may be submodules."""
    found: set[str] = set()
    for each in _codes(code):
        before: list[Any] = [0, None]
        for instruction in dis.get_instructions(each):
            if instruction.opname == "IMPORT_NAME":
                level, names = before
                name = "." * (level or 0) + str(instruction.argval)
                with contextlib.suppress(ImportError):
                    name = importlib.util.resolve_name(name, package) if level else name
                    parts = name.split(".")
                    found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
                    found |= {f"{name}.{one}" for one in names or () if one != "*"}
            before = [before[1], instruction.argval]
    return sorted(found)

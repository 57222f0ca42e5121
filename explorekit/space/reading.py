"""Parameters from files and from the words of a command line."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing
from explorekit.space.parameter import param

_RANGES: Mapping[str, Any] = {"linspace": np.linspace, "geomspace": np.geomspace}
_VALUES = ("values", *_RANGES)
_ITEM = re.compile(r"""\s*('[^']*'|"[^"]*"|[^,'"][^,]*)\s*(?:,|$)""")
# As Python writes them: 007 is a name of something, and 1.2.3 a version.
_REAL = r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(rf"[-+]?(?:{_REAL}|inf|nan)", re.IGNORECASE)
_COMPLEX = re.compile(rf"[-+]?{_REAL}(?:[-+]{_REAL})?j", re.IGNORECASE)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?)?")
_FINER_THAN_PYTHONS = re.compile(
    r"""(?<!["'\w])[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{7,}"""
)


# ---- files


def from_toml(path: str | Path) -> dict[str, Any]:
    """Return the values by parameter that a TOML file declares; see `Space.from_toml`."""
    try:
        text = Path(path).read_text("utf-8")
        table = tomllib.loads(text, parse_float=_float)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpaceError(f"{str(path)!r} is no TOML: {error}. Expected lines such as a = [1, 2].") from None
    if finer := _FINER_THAN_PYTHONS.search(text):
        raise SpaceError(
            f"{str(path)!r} has the time {finer[0]}, whose nanoseconds TOML is read without. Write it as text: "
            f'{{values = "{finer[0]}", dtype = "datetime64[ns]"}}.'
        )
    return dict(_declared(table, str(path)))


def from_yaml(path: str | Path) -> dict[str, Any]:
    """Return the values by parameter that a YAML file declares; see `Space.from_yaml`."""
    import yaml

    try:
        table = yaml.load(Path(path).read_text("utf-8"), _loader())  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpaceError(f"{str(path)!r} is no YAML: {error}. Expected lines such as a: [1, 2].") from None
    if not isinstance(table, Mapping):
        raise SpaceError(
            f"{str(path)!r} holds {type(table).__name__}; expected values by parameter, in lines such as a: [1, 2]."
        )
    return dict(_declared(table, str(path)))


def _declared(table: Mapping[Any, Any], path: str, group: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if not isinstance(key, str):
            raise SpaceError(
                f"{path!r} has the name {key!r} ({type(key).__name__}); expected text. Put it in quotes."
            )
        name = f"{group}{key}"
        if not isinstance(value, Mapping):
            yield name, value
        elif given := [one for one in _VALUES if one in value]:
            yield name, _described(name, value, given, path)
        elif value:
            yield from _declared(value, path, f"{name}.")
        else:
            raise SpaceError(
                f"{name!r} in {path!r} is an empty table; expected values = […], or parameters of a group."
            )


def _described(name: str, table: Mapping[str, Any], given: list[str], path: str) -> Any:
    if len(given) > 1:
        raise SpaceError(
            f"{name!r} in {path!r} has {listing(given)}; expected one of them. Remove the others."
        )
    values = table[given[0]]
    if given[0] in _RANGES:
        if not isinstance(values, list) or len(values) != 3:
            raise SpaceError(
                f"{name!r} in {path!r} has {given[0]} = {values!r}; expected the first value, the last, and how many: [0.0, 1.0, 11]."
            )
        values = _range(name, given[0], *values)
    return param(values, **{key: value for key, value in table.items() if key != given[0]})


@cache
def _loader() -> Any:
    """Return a loader in which numbers and words are what they are in YAML 1.2 and in Python.

    PyYAML follows 1.1, where 1e-4 is text, 1:30 is 90, 010 is 8, and "no" is false; and it takes the last of two equal keys.
    """
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [
                self.construct_object(key, deep=True)
                for key, _ in node.value
                if key.tag != "tag:yaml.org,2002:merge"
            ]
            for position, key in enumerate(keys):
                if key in keys[:position]:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key!r} occurs twice", node.start_mark
                    )
            return super().construct_mapping(node, deep)

        def construct_yaml_float(self, node: Any) -> float:
            value = super().construct_yaml_float(node)
            return value if "inf" in node.value.lower() or value != value else _float(node.value)

        def construct_yaml_timestamp(self, node: Any) -> Any:
            try:
                time = super().construct_yaml_timestamp(node)
            except ValueError as error:
                raise SpaceError(
                    f"got the time {node.value}: {error}. Put it in quotes if it is text."
                ) from None
            if getattr(time, "tzinfo", None) is not None:
                return time
            # Python's own times end at microseconds.
            finer = _FINER_THAN_PYTHONS.fullmatch(node.value)
            return np.datetime64(node.value.replace(" ", "T").upper() if finer else time)

    Loader.add_constructor("tag:yaml.org,2002:float", Loader.construct_yaml_float)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_timestamp)
    Loader.yaml_implicit_resolvers = {
        first: [one for one in resolvers if one[0].rpartition(":")[2] not in ("bool", "int", "float")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    digits = list("-+0123456789.")
    for tag, pattern, first in (
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
        ("int", r"^(?:[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+)$", digits),
        (
            "float",
            r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))$",
            digits,
        ),
        ("float", r"^\.(?:nan|NaN|NAN)$", ["."]),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
    return Loader


# ---- words


def from_words(words: Iterable[str]) -> dict[str, Any]:
    """Return the values by parameter that words such as ``a=0:1:11`` declare; see `Space.from_words`."""
    if isinstance(words, str):
        raise SpaceError(
            f"got the text {words!r}; expected a list of words, one a parameter: {words.split()!r}."
        )
    given: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name or not text.strip():
            raise SpaceError(
                f"got the word {word!r}; expected a name and values, such as a=0:1:11, b=1,2,3 or kind=fast."
            )
        if name in given:
            raise SpaceError(
                f"the words declare {name!r} twice; expected each parameter once. Write a=1,2 for two values."
            )
        given[name] = _from_word(name, text.strip())
    return given


def _from_word(name: str, text: str) -> Any:
    parts = text.split(":")
    kind = "geomspace" if parts[0] == "log" and len(parts) > 1 else "linspace"
    ends = parts[1:] if kind == "geomspace" else parts
    if kind == "geomspace" or (len(ends) > 1 and all(_NUMBER.fullmatch(end) for end in ends)):
        if len(ends) != 3 or not all(_NUMBER.fullmatch(end) for end in ends):
            raise SpaceError(
                f"got {name}={text}; expected the first value, the last, and how many: {name}=0:1:11, or {name}=log:1e-4:1e-1:20. "
                f"Put text in quotes: {name}=\"'{text}'\"."
            )
        return _range(name, kind, *(_value(end) for end in ends))
    items, end = [], 0
    while end < len(text):
        match = _ITEM.match(text, end)
        if match is None:
            raise SpaceError(
                f"got {name}={text}, where no value can be read from {text[end:]!r} on; expected values between commas. "
                f"Put text that has commas in quotes."
            )
        items.append(_value(match[1].strip()))
        end = match.end()
    return items[0] if len(items) == 1 and not text.endswith(",") else items


def _value(text: str) -> Any:
    """Return the value of a word: a number, true or false, a date or time as ISO 8601 writes it, or text."""
    if text[0] in "'\"" and text[-1] == text[0] and len(text) > 1:
        return text[1:-1]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for pattern, kind in ((_WHOLE, int), (_NUMBER, _float), (_COMPLEX, complex), (_TIME, _time)):
        if pattern.fullmatch(text):
            return kind(text)
    return text


def _float(text: str) -> float:
    value = float(text)
    if np.isinf(value) and "inf" not in text.lower():
        raise SpaceError(
            f"got the number {text}, which is larger than any float. Write inf, if it is to be infinite."
        )
    return value


def _time(text: str) -> np.datetime64:
    try:
        return np.datetime64(text)
    except ValueError as error:
        raise SpaceError(
            f"got the time {text}: {error}. Put it in quotes if it is text: \"'{text}'\"."
        ) from None


def _range(name: str, kind: str, first: Any, last: Any, n: Any) -> Any:
    """Return evenly spaced values with both ends; whole numbers if both ends are written as such and the steps are whole."""
    numbers = [
        isinstance(end, (int, float)) and not isinstance(end, bool) and np.isfinite(end)
        for end in (first, last)
    ]
    if not all(numbers) or not isinstance(n, int) or isinstance(n, bool) or n < 2 or first == last:
        raise SpaceError(
            f"parameter {name!r} has the range from {first!r} to {last!r} in {n!r} values; expected two different numbers, and how many "
            f"values there are from one to the other, at least 2."
        )
    if kind == "geomspace" and (first <= 0 or last <= 0):
        raise SpaceError(
            f"parameter {name!r} has the logarithmic range from {first!r} to {last!r}; expected both ends above 0. Give a linear range."
        )
    if (
        kind == "linspace"
        and isinstance(first, int)
        and isinstance(last, int)
        and (last - first) % (n - 1) == 0
    ):
        step = (last - first) // (n - 1)
        return [first + step * i for i in range(n)]
    with np.errstate(over="ignore", invalid="ignore"):
        values = _RANGES[kind](float(first), float(last), n)
    ends = values[[0, -1]].tolist()  # Python's own, which compare with integers exactly
    if not np.isfinite(values).all() or ends != [first, last]:
        raise SpaceError(
            f"parameter {name!r} has the range from {first!r} to {last!r} in {n!r} values, which floats cannot hold: the ends would be "
            f"{ends[0]!r} and {ends[1]!r}. List the values."
        )
    return values

"""Points from the paths of files: what other programs left is explored where it lies."""

import os
import re
from collections.abc import Callable
from glob import escape, glob
from pathlib import Path
from string import Formatter
from typing import Any

from explorekit.errors import SpaceError
from explorekit.space.parameter import POINT, Param, Parameter, named

_REAL = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "": (r"[^/]+?", str),
    "d": (r"[-+]?[0-9]+", int),
    **dict.fromkeys("efg", (_REAL, float)),
}
_WILDCARDS = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}


def from_paths(pattern: str | Path, name: str) -> list[Parameter]:
    """Return the fields in the paths of files as parameters along ``point``, and the paths; see `Space.from_paths`."""
    fields, wildcard, expression = _read(os.fspath(pattern))
    if name in fields:
        raise SpaceError(
            f"the pattern {str(pattern)!r} has a field {name!r}, which is what the path itself is called; give it another name: "
            f"from_paths(…, name='file')."
        )
    rows = []
    for path in glob(wildcard, recursive=True):  # noqa: PTH207 - a Path's own takes no absolute pattern
        if (match := expression.fullmatch(path)) and Path(path).is_file():
            texts = zip(fields.values(), match.groups(), strict=True)
            rows.append((*(convert(text) for convert, text in texts), path))
    if not rows:
        raise SpaceError(
            f"no file matches {str(pattern)!r} in {Path.cwd()}; expected a path with a field for each parameter: "
            f"'runs/r-{{day:d}}.npz'. :d is a whole number, :g any number, and a field without either is text."
        )
    columns = zip(*sorted(rows), strict=True)
    return [
        named(one, Param(list(values), {}, POINT))
        for one, values in zip([*fields, name], columns, strict=True)
    ]


def _read(pattern: str) -> tuple[dict[str, Callable[[str], Any]], str, re.Pattern[str]]:
    """Return how to read each field of a pattern, and the pattern for `glob` and as a regular expression."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise SpaceError(
            f"cannot read the pattern {pattern!r}: {error}. Expected fields in braces: 'r-{{day:d}}.npz'."
        ) from None
    fields: dict[str, Callable[[str], Any]] = {}
    wildcard = expression = ""
    for literal, field, code, conversion in parts:
        for text in re.split(r"(\*\*/|\*\*|\*|\?)", literal):
            wildcard += text if text in _WILDCARDS else escape(text)
            expression += _WILDCARDS.get(text, re.escape(text))
        if field is None:
            continue
        if not field or field in fields or conversion or code not in _FIELDS:
            given = field + (f"!{conversion}" if conversion else "") + (f":{code}" if code else "")
            raise SpaceError(
                f"the pattern {pattern!r} has the field {{{given}}}; expected a name, once, and at most one of :d, :e, :f or :g behind it."
            )
        one, fields[field] = _FIELDS[code or ""]
        wildcard += "*"
        expression += f"({one})"
    return fields, wildcard, re.compile(expression)

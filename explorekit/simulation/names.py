"""Names that outputs may have: netCDF takes them, and neither the space nor the results need them."""

import re
import unicodedata
from functools import lru_cache

from explorekit.errors import OutputError

POINT = "point"
RESERVED = frozenset(
    {POINT, "sample", "repetition", "occurrence", "status"}
    | {"runs", "failures", "provenance", "checksums", "origins", "layouts"}  # groups of our files
)
_LONGEST_NAME = 240  # bytes; netCDF takes 256, of which our endings need a few

Structure = tuple[tuple[str, tuple[str, ...], str, bool], ...]


@lru_cache(maxsize=64)  # mostly the same for every point
def check_names(structure: Structure, taken: frozenset[str]) -> None:
    """Check the names of what a point returned.

    Parameters
    ----------
    structure
        Name, dimensions and kind of dtype of each array, and whether it is a coordinate.
    taken
        The names of parameters and dimensions of the space, which no output may have.

    Raises
    ------
    OutputError
        If one cannot be used.
    """
    for name, dims, _, _ in structure:
        _check_name("output", name)
        if name in taken or name in RESERVED:
            raise OutputError(
                f"the simulation returned {name!r}, a name that is taken by the space or by the study's files; rename the output."
            )
        if len(set(dims)) < len(dims):
            raise OutputError(
                f"the simulation returned {name!r} with the dimensions {dims}; expected distinct ones. Rename one."
            )
        for dim in dims:
            _check_name("dimension", dim)
            if dim in taken or dim in RESERVED:
                raise OutputError(
                    f"the simulation returned {name!r} with dimension {dim!r}, which is taken by the space or by the study's files; rename the "
                    f"dimension."
                )
    _check_derived(structure, taken)


def is_usable(name: str) -> bool:
    """Return whether netCDF takes a name, also with an ending of ours."""
    return bool(
        re.fullmatch(r"\w[^\x00-\x1f\x7f/]*(?<! )", name)
        and len(name.encode("utf-8", "replace")) <= _LONGEST_NAME
        and unicodedata.normalize("NFC", name) == name
        and name.isprintable()
    )


def _check_name(what: str, name: str) -> None:
    if not is_usable(name):
        raise OutputError(
            f"the simulation returned the {what} {name!r}, which netCDF does not take as a name; expected a letter or digit, "
            f"then printable characters but '/', at most {_LONGEST_NAME} bytes. Rename it."
        )


def _check_derived(structure: Structure, taken: frozenset[str]) -> None:
    """Reject names that the results give to what stands beside an output: its lengths, halves, and absences."""
    names = {name for name, _, _, _ in structure}
    derived = {f"{name}_given": name for name in names}
    derived |= {f"{dim}_size": dim for _, dims, _, _ in structure for dim in dims}
    for name, dims, kind, coordinate in structure:
        if coordinate and name in dims:
            derived[f"{name}_values"] = name
        if kind == "c":
            derived |= {f"{name}_real": name, f"{name}_imag": name}
    for name, source in derived.items():
        if name in names or name in taken:
            raise OutputError(
                f"the simulation returned {source!r}, for which the results need the name {name!r} too, and that is taken; "
                f"rename one of them."
            )

"""How outputs are to lie in files, in xarray's words: compression and chunks, by output."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from explorekit.errors import ExplorekitError, listing, suggest

Encoding = Mapping[str, Any]

# Those that write whatever they are given: blosc fails at chunks that it cannot make smaller (Unidata/netcdf-c#3441), which
# costs the whole file, and szip at texts and at chunks of fewer than eight values.
COMPRESSIONS = ("zlib", "zstd", "bzip2")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_lengths(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(map(_is_count, value))
        and 0 not in value
    )


_WORDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "compression": (
        lambda value: value is None or value in COMPRESSIONS,
        "one of " + ", ".join(COMPRESSIONS),
    ),
    "zlib": (_is_flag, "True or False"),
    "complevel": (_is_count, "an int of at least 0"),
    "shuffle": (_is_flag, "True or False"),
    "fletcher32": (_is_flag, "True or False"),
    "contiguous": (_is_flag, "True or False"),
    "chunksizes": (_are_lengths, "a length of at least 1 for each dimension"),
    "least_significant_digit": (lambda value: _is_count(value) and value <= 300, "an int from 0 to 300"),
    "significant_digits": (lambda value: _is_count(value) and 1 <= value <= 15, "an int from 1 to 15"),
}


def checked_encoding(given: Any, error: type[ExplorekitError]) -> dict[str, dict[str, Any]]:
    """Return encodings by output, as plain values.

    Raises
    ------
    ExplorekitError
        Of the type `error`, if a word is unknown or its value is none that it takes.
    """
    if not isinstance(given, Mapping):
        raise error(f"got encoding={given!r}; expected a dict by output: {{'V': {{'compression': 'zstd'}}}}.")
    checked = {}
    for name, words in given.items():
        if not isinstance(words, Mapping):
            raise error(
                f"got encoding={{{name!r}: {words!r}}}; expected a dict of xarray's words, such as {{'compression': 'zstd'}}."
            )
        for word, value in words.items():
            if word not in _WORDS:
                raise error(
                    f"got {word!r} in the encoding of {name!r}; expected one of {listing(_WORDS, len(_WORDS))}."
                    f"{suggest(str(word), _WORDS)}"
                )
            fits, expected = _WORDS[word]
            if not fits(value):
                raise error(f"got {word}={value!r} in the encoding of {name!r}; expected {expected}.")
        if words.get("contiguous") and (words.keys() & {"compression", "zlib", "chunksizes", "fletcher32"}):
            raise error(
                f"got contiguous=True in the encoding of {name!r} beside {listing(words)}; only chunks can be compressed."
            )
        _check_level(name, words, error)
        checked[str(name)] = {
            word: [int(n) for n in value] if word == "chunksizes" else value for word, value in words.items()
        }
    return checked


def _check_level(name: str, words: Encoding, error: type[ExplorekitError]) -> None:
    compression = words.get("compression") or "zlib"
    highest = 22 if compression == "zstd" else 9
    if words.get("complevel", 0) > highest:
        raise error(
            f"got complevel={words['complevel']!r} in the encoding of {name!r}; {compression} takes 0 to {highest}."
        )


def check_available(encoding: Mapping[str, Encoding], error: type[ExplorekitError]) -> None:
    """Raise if this installation of netCDF lacks a compression that is asked for."""
    import netCDF4

    supported = {
        "zstd": netCDF4.__has_zstandard_support__,
        "bzip2": netCDF4.__has_bzip2_support__,
    }
    for name, words in encoding.items():
        compression = words.get("compression") or "zlib"
        if not supported.get(compression, True):
            raise error(
                f"got compression={compression!r} in the encoding of {name!r}, which the netCDF library here lacks; "
                f"take 'zlib', or install netCDF4 from PyPI or conda-forge, which have it."
            )


def encoding_of(name: str, encoding: Mapping[str, Encoding]) -> Encoding:
    """Return the encoding of an output: its own, or that of the sparse matrix it is a part of."""
    from explorekit.simulation.sparse import part_names  # it needs numpy, and `import explorekit` must not

    if name in encoding or not encoding:
        return encoding.get(name, {})
    for whole, words in encoding.items():
        if name in part_names(whole):
            return {word: value for word, value in words.items() if word != "chunksizes"}
    return {}

"""Into which file does what is shown go? One format for each ending of its name; a file is whole or not there."""

import math
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.explorer.animation import animate
from explorekit.explorer.drawing.canvas import DPI, quietly
from explorekit.explorer.labels import nearest, unknown
from explorekit.explorer.page import MAX_BYTES, Dims, html_page
from explorekit.explorer.slices import slice_of

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

Write = Callable[..., None]

MAX_ROWS = 2_000_000  # of a table: some seconds, and 100 MB


@dataclass(frozen=True)
class Format:
    """A format of a file.

    Parameters
    ----------
    what
        What is kept, and how, for a menu.
    write
        Writes an explorer to a path, with the format's own options.
    """

    what: str
    write: Write


def save(explorer: "Explorer", path: str | os.PathLike[str], **options: Any) -> Path:
    """Write what an explorer shows to a file, in the format that the end of its name says.

    ===================== ============================================== ==============================================
    ending                what is written                                options
    ===================== ============================================== ==============================================
    .png, .svg, .pdf      the figure                                     ``dpi``, 200 by default
    .nc                   the numbers, with coordinates and run status
    .csv                  the same, a line a value                       ``max_rows``, 2,000,000 by default
    .html                 a page with sliders, see `save_page`           ``dims``, ``max_bytes``
    .gif, .mp4            an animation along one dimension               ``dim``, ``fps`` (pictures a second)
    ===================== ============================================== ==============================================

    Parameters
    ----------
    explorer
        What to save.
    path
        The file; one that is there is replaced, once the new one is whole.
    **options
        Those of the format.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If the name has another ending, an option does not fit what is shown, or a table would have too many rows.
    RuntimeError
        If MP4 is asked for, and ffmpeg is not installed.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        guess = nearest(ending, FORMATS)
        hint = f" Did you mean {guess!r}?" if guess else ""
        raise ValueError(f"got {target.name!r}; expected a name that ends in {', '.join(FORMATS)}.{hint}")
    write = FORMATS[ending].write
    known = [name for name, one in signature(write).parameters.items() if one.kind is one.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise TypeError(unknown(f"option of {ending} files:", name, known))
    folder = target.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; make it, or give another path.")
    # The name has the same ending, for writers that go by it.
    temporary = folder / f".{secrets.token_hex(8)}{ending}"
    try:
        with explorer.lock:
            write(explorer, temporary, **options)
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    return target


def save_page(
    explorer: "Explorer",
    path: str | os.PathLike[str],
    dims: Dims | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """Write a page with sliders that works without a kernel and without a network: every picture is in it.

    Parameters
    ----------
    explorer
        What to save.
    path
        The file, which ends in ``.html``.
    dims
        The dimensions that get a slider; by default all that have a control. A mapping says how many of its values at
        most, spread evenly: ``{"I": 20, "tau_ref": 3}``. Along the others the page stays where the explorer is.
    max_bytes
        The size that the page may have, 20 MB by default.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If a dimension has no control, or the page would be too large; the text says what would fit.
    """
    if Path(path).suffix.lower() != ".html":
        raise ValueError(f"a page ends in .html; got {Path(path).name!r}")
    return save(explorer, path, dims=dims, max_bytes=max_bytes)


def _figure(explorer: "Explorer", path: Path, *, dpi: float = 2 * DPI) -> None:
    with quietly():
        explorer.figure.savefig(path, dpi=dpi)


def _netcdf(explorer: "Explorer", path: Path) -> None:
    numbers = slice_of(explorer, for_netcdf=True)
    try:
        numbers.to_netcdf(path)
    except (RuntimeError, TypeError, ValueError) as error:  # it has no such name, attribute or type
        message = f"netCDF cannot hold this as it is; save it as CSV, or change what it says: {error}"
        raise ValueError(message) from error


def _csv(explorer: "Explorer", path: Path, *, max_rows: int = MAX_ROWS) -> None:
    numbers = slice_of(explorer)
    rows = math.prod(numbers.sizes.values())
    if rows > max_rows:
        raise ValueError(
            f"the table would have {rows:,} rows, more than {max_rows:,}; save it as netCDF (.nc), or choose a part, "
            f"or ask for it with max_rows={rows}."
        )
    if numbers.sizes:
        numbers.to_dataframe().to_csv(path)
    else:
        numbers.expand_dims("row").to_dataframe().to_csv(path, index=False)


def _html(explorer: "Explorer", path: Path, *, dims: Dims | None = None, max_bytes: int = MAX_BYTES) -> None:
    path.write_text(html_page(explorer, dims, max_bytes), encoding="utf-8")


FORMATS: Mapping[str, Format] = {
    ".png": Format("figure (PNG)", _figure),
    ".svg": Format("figure (SVG)", _figure),
    ".pdf": Format("figure (PDF)", _figure),
    ".nc": Format("numbers (netCDF)", _netcdf),
    ".csv": Format("numbers (CSV)", _csv),
    ".html": Format("page with sliders (HTML)", _html),
    ".gif": Format("animation (GIF)", animate),
    ".mp4": Format("animation (MP4)", animate),
}

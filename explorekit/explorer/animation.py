"""How does it move along one dimension? A picture at each position, one after the other, as GIF or MP4."""

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import animation, rc_context

from explorekit.explorer.drawing import Canvas
from explorekit.explorer.shots import controlled, shots
from explorekit.explorer.view import slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

FRAMES_PER_SECOND = 8


def animate(
    explorer: "Explorer", path: Path, *, dim: str | None = None, fps: int = FRAMES_PER_SECOND
) -> None:
    """Write one picture after the other, along one dimension, to a file that ends in ``.gif`` or ``.mp4``.

    Parameters
    ----------
    explorer
        What to show; the other dimensions stay where they are.
    path
        The file.
    dim
        The dimension; may be left out where only one has a control that moves.
    fps
        Pictures a second.

    Raises
    ------
    ValueError
        If the dimension has no control.
    RuntimeError
        If MP4 is asked for and there is no ffmpeg.
    """
    dataset = explorer.slicer.dataset
    if dim is None:
        moving = [dim for dim in slider_dims(dataset, explorer.view) if dataset.sizes[dim] > 1]
        if len(moving) != 1:
            known = ", ".join(map(repr, moving)) or "none that has more than one value"
            raise ValueError(f"an animation goes along one dimension: give dim; there is {known}.")
        (dim,) = moving
    controlled(explorer, [dim])
    pictures = shots(explorer, {dim: range(dataset.sizes[dim])})
    writer, canvas = _writer(path, fps), Canvas()
    # A user's setting that cuts margins off would make pictures of different sizes.
    with rc_context({"savefig.bbox": None}), writer.saving(canvas.figure, str(path), canvas.figure.dpi):
        for shot in pictures:
            canvas.draw(*shot)
            writer.grab_frame()


def _writer(path: Path, fps: int) -> animation.AbstractMovieWriter:
    if path.suffix.lower() == ".gif":
        return animation.PillowWriter(fps=fps)
    if not animation.FFMpegWriter.isAvailable():
        raise RuntimeError(
            "an MP4 is made by ffmpeg, which is not on the PATH: install it (apt install ffmpeg, brew install ffmpeg, "
            "conda install ffmpeg), or save a GIF, which needs nothing."
        )
    return animation.FFMpegWriter(fps=fps)

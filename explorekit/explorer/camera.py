"""What is drawn of a view? Its numbers, the scale that they are on, and a message where there is nothing to see."""

import logging
from typing import NamedTuple

from explorekit.explorer import flags
from explorekit.explorer.captions import message_for
from explorekit.explorer.drawing.kinds import frame_of
from explorekit.explorer.pinning import Pin
from explorekit.explorer.reading import why_unread
from explorekit.explorer.running import flat_position, run_index
from explorekit.explorer.scale import Scale
from explorekit.explorer.scales import Scales
from explorekit.explorer.sketching import Sketches
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.source import Source, error_text
from explorekit.explorer.view import View

logger = logging.getLogger(__name__)


class Shot(NamedTuple):
    """What is drawn of a view."""

    frame: Frame
    scale: Scale
    message: str = ""


NOTHING = Shot(Frame("nothing"), Scale())


class Camera:
    """Takes shots of a source, on scales that stay, beside what is pinned.

    Parameters
    ----------
    source
        Where the results come from.

    Attributes
    ----------
    scales
        Those of what was shot.
    pin
        What is pinned.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.scales = Scales()
        self.pin = Pin()
        self._sketches = Sketches()

    def shot(self, slicer: Slicer, view: View, *, started: bool = False) -> Shot:
        """Return what is drawn of a view.

        Parameters
        ----------
        slicer
            What it is a view of.
        view
            The view.
        started
            Whether the one run that it stands at goes on just now.
        """
        try:
            frame = frame_of(slicer, view)
            scale = self.scales.scale(slicer, view, frame)
            frame, scale = self.pin.compared(slicer, view, frame, scale)
            error = self._error(slicer, view, frame)
            message = message_for(frame, error, running=self._source.running, started=started)
        except Exception as error:
            # The controls have moved already: beside them, the picture of before would be a wrong one.
            logger.debug("could not read %s", view, exc_info=True)
            frame = Frame("nothing", title=slicer.title(view))
            reason = why_unread(slicer.dataset, str(view.variable), error)
            return Shot(frame, Scale(), f"{view.variable} cannot be read: {reason}")
        return Shot(frame, scale, message)

    def sketch(self, slicer: Slicer, view: View) -> Shot | None:
        """Return what is drawn of a large image while a slider moves; None where the whole is there soon, or says more."""
        if self.pin.view is not None:
            return None
        try:
            frame = self._sketches.frame(slicer, view)
            if frame is None or frame.outcome not in (None, flags.OK):
                return None
            return Shot(frame, self.scales.scale(slicer, view, frame))
        except Exception:
            logger.debug("could not sketch %s", view, exc_info=True)
            return None

    def foreseen(self, slicer: Slicer, view: View) -> Shot | None:
        """Return what will be drawn of a view if nothing changes until then; None where that cannot be told."""
        if self.pin.view is not None:
            return None
        try:
            frame = frame_of(slicer, view)
            if frame.outcome not in (None, flags.OK):
                return None
            message = message_for(frame, "", running=self._source.running, started=False)
            return Shot(frame, self.scales.foreseen(view, frame), message)
        except Exception:
            logger.debug("could not foresee %s", view, exc_info=True)
            return None

    def _error(self, slicer: Slicer, view: View, frame: Frame) -> str:
        """Return why the one run that a frame comes from failed; empty where it did not."""
        if frame.outcome not in (flags.FAILED, flags.TIMED_OUT):
            return ""
        where = run_index(slicer.dataset, view)
        return error_text(self._source, where, flat_position(slicer.dataset, where))

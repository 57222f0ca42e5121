"""How does a control turn by itself? With a play button beside it; where drawing takes long, steps are left out."""

from typing import Any

import ipywidgets

from explorekit.explorer.controls import index_of, index_trait
from explorekit.explorer.threads import on_kernel_thread

# Milliseconds between two steps. A browser sends the latest only, once the kernel is done with the one before.
STEP = 150


class Player(ipywidgets.HBox):  # type: ignore[misc]
    """A play button and the control that it turns."""

    def __init__(self) -> None:
        self.play = ipywidgets.Play(interval=STEP, show_repeat=True, tooltip="Step through all values")
        self.play.observe(lambda _: on_kernel_thread(self._step), "value")
        self._control: ipywidgets.Widget | None = None
        super().__init__(children=[self.play])
        self.add_class("explorekit-player")

    def beside(self, control: ipywidgets.Widget) -> "Player":
        """Return the player itself, which turns a control from now on."""
        if control is not self._control:
            if self._control is not None:
                self._control.unobserve(self._turned, index_trait(self._control))
            self._control = control
            last = control.max if hasattr(control, "max") else len(control.options) - 1
            self.play.set_trait("playing", False)
            with self.play.hold_trait_notifications():
                self.play.min, self.play.max, self.play.value = 0, max(last, 0), index_of(control)
            control.observe(self._turned, index_trait(control))
            control.layout.flex = "1 1 auto"
            self.children = [self.play, control]
        return self

    def close(self) -> None:
        """Remove the button; the control is somebody else's."""
        self.play.close()
        super().close()

    def _step(self) -> None:
        if self._control is not None and index_of(self._control) != self.play.value:
            setattr(self._control, index_trait(self._control), self.play.value)

    def _turned(self, change: Any) -> None:
        if self.play.value != change["new"]:
            self.play.value = int(change["new"] or 0)

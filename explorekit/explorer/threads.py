"""On which thread are results read and drawn? In a notebook, on the kernel's own, where cells run.

HDF5 is not thread-safe, and xarray opens files without holding the lock that it reads them under: a thread of ours that
reads while a cell opens a file ends the kernel. So what another thread finds to be done waits for the kernel's thread:
until its event loop is free, or a cell that waits for a run lets it in.
"""

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

_waiting: deque[Callable[[], None]] = deque()


def on_kernel_thread(function: Callable[[], None]) -> None:
    """Call a function on the kernel's thread: now, where this is it or there is no kernel, else when it is free."""
    loop = None if threading.current_thread() is threading.main_thread() else _kernel_loop()
    if loop is None:
        function()
        return
    _waiting.append(function)
    loop.add_callback(run_waiting)


def run_waiting() -> None:
    """Call what waits for this thread, which is the kernel's."""
    while _waiting:
        function = _waiting.popleft()
        try:
            function()
        except Exception:
            # A file that is being moved, a widget that is being closed: the next look may do better.
            logger.warning("could not bring the screen up to date", exc_info=True)


def when_free(function: Callable[[], None]) -> None:
    """Call a function as soon as the kernel runs no cell; at once where there is no kernel."""
    loop = _kernel_loop()
    if loop is None:
        function()
    else:
        loop.add_callback(function)


def has_kernel() -> bool:
    """Return whether this process is a notebook's kernel."""
    return _kernel_loop() is not None


def _kernel_loop() -> Any:
    """Return the event loop of the notebook's kernel that this process is, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(getattr(shell, "kernel", None), "io_loop", None)

"""The child: the process in which user code runs, one point at a time.

A fresh interpreter in its own session, without Dask. It tells where it is in shared memory, so that whoever supervises
it knows the culprit when it dies, and spools finished rows, so that these survive.
"""

import contextlib
import faulthandler
import fcntl
import os
import pickle
import signal
import sys
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from explorekit.engine.cursor import Cursor
from explorekit.engine.interrupts import Interrupts
from explorekit.engine.messages import Job
from explorekit.engine.runner import Runner


def main(connection: int, cursor: int, lifeline: int) -> None:
    """Serve a worker over an inherited connection until it closes.

    Parameters
    ----------
    connection, cursor, lifeline
        File descriptors: of the connection, of the shared cursor, and of a pipe that ends when the worker does.
    """
    faulthandler.enable()
    _die_with(lifeline)
    _be_first_to_go()
    interrupts, shared = Interrupts(), Cursor(cursor)
    runner: Runner | None = None
    with contextlib.suppress(EOFError), Connection(connection) as peer:
        while True:
            message = peer.recv()
            if isinstance(message, Job):
                runner = _runner(message, shared, interrupts)
                continue
            assert runner is not None
            peer.send(replace(runner.work(message), cut=interrupts.cut))


def _runner(job: Job, cursor: Cursor, interrupts: Interrupts) -> Runner:
    """Unpickle the user's code where it finds what it found in the driver."""
    with contextlib.suppress(OSError):
        os.chdir(job.working_directory)
    sys.path.extend(entry for entry in job.sys_path if entry not in sys.path)
    simulation, call, version = pickle.loads(job.payload)  # noqa: S301 - what this very run sent
    return Runner(job, simulation, call, version, cursor, interrupts)


def _be_first_to_go() -> None:
    """Where memory runs out, the kernel is to end this process rather than the worker, or somebody else's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _die_with(lifeline: int) -> None:
    """End this process, and what the simulation started, when the worker's end of a pipe closes, however it went."""
    if hasattr(fcntl, "F_SETSIG"):
        # The kernel's own signal: it ends the group even while C code holds the interpreter's lock.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_watch, args=(lifeline,), name="explorekit-lifeline", daemon=True).start()


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

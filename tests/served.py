"""A study that is served, as from a shell."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(*arguments: str, scratch: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run ``explorekit serve`` in a folder, with another for temporary files, until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "explorekit", "serve", "--no-browser", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A process in the background of a shell inherits that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as server:
        try:
            yield server
        finally:
            server.kill()

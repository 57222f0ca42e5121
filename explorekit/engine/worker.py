"""A worker process of the private cluster: a fresh interpreter that ends with the process that started it."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

_ATTEMPTS = 100
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.system-monitor.interval": "2s",
    "distributed.worker.memory.monitor-interval": "2s",  # it holds replies; results are in its child, which is watched
}


def main(folder: Path) -> None:
    """Read what to do as one line of JSON on standard input, and work until told to stop.

    Parameters
    ----------
    folder
        This worker's own, within one that all workers of the cluster share.
    """
    line = sys.stdin.readline()
    if not line.endswith("\n"):  # killed before it had said all
        _end_with_parent(folder)
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    asyncio.run(_work(json.loads(line), str(folder)))
    os._exit(0)  # at once: threads of Dask's own may linger


def _end_with_parent(folder: Path) -> None:
    """Wait for the end of standard input: the parent says goodbye, or is dead, and nobody else tidies up after all workers."""
    rest = folder if sys.stdin.read() else folder.parent
    for _ in range(_ATTEMPTS):  # what is just being started may make files meanwhile
        shutil.rmtree(rest, ignore_errors=True)
        if not rest.exists():
            break
        time.sleep(0.01)
    os._exit(0)


async def _work(spec: dict[str, Any], folder: str) -> None:
    import dask
    from distributed.security import Security

    from explorekit.engine.serving import PrivateWorker
    from explorekit.engine.task import prestart_child

    prestart_child(folder)
    dask.config.set(QUIET)
    worker = PrivateWorker(
        spec["scheduler"],
        name=spec["name"],
        nthreads=1,
        memory_limit=spec["memory_limit"],
        local_directory=folder,
        security=Security(**spec["security"]),
        host="127.0.0.1",
        death_timeout=120,  # the end of its starter it notices otherwise
    )
    with contextlib.suppress(asyncio.CancelledError):
        async with worker:
            await worker.finished()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

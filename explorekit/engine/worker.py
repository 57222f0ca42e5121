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
}


def main() -> None:
    """Read what to do as one line of JSON on standard input, and work until told to stop."""
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(spec["local_directory"],), daemon=True).start()
    asyncio.run(_work(spec))
    os._exit(0)  # at once: threads of Dask's own may linger


def _end_with_parent(local_directory: str) -> None:
    """Wait for the end of standard input: the parent closes it, or is dead."""
    sys.stdin.read()
    folder = Path(local_directory)
    for _ in range(_ATTEMPTS):  # what is just being started may make files meanwhile
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.01)
    with contextlib.suppress(OSError):  # the last worker removes what is around its folder too
        folder.parent.rmdir()
    os._exit(0)


async def _work(spec: dict[str, Any]) -> None:
    import dask
    from distributed.security import Security

    from explorekit.engine.serving import PrivateWorker
    from explorekit.engine.task import prestart_child

    prestart_child(spec["local_directory"])
    dask.config.set(QUIET)
    worker = PrivateWorker(
        spec["scheduler"],
        name=spec["name"],
        nthreads=1,
        memory_limit=spec["memory_limit"],
        local_directory=spec["local_directory"],
        security=Security(**spec["security"]),
        host="127.0.0.1",
        death_timeout=30,
    )
    with contextlib.suppress(asyncio.CancelledError):
        async with worker:
            await worker.finished()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()

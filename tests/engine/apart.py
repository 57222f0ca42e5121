"""Workers that see another disk than the driver: processes in a mount namespace of their own."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

_UNSHARE = ("unshare", "--map-root-user", "--mount")
_HIDE = 'mount -t tmpfs tmpfs "$0" && exec "$@"'


def _can_unshare() -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    )


needs_namespaces = pytest.mark.skipif(
    not _can_unshare(), reason="this system gives no mount namespace to its users"
)


@contextlib.contextmanager
def workers_apart(
    hidden: Path, scratch: Path, n: int = 2
) -> Iterator[tuple[Client, list[subprocess.Popen[bytes]]]]:
    """A cluster whose workers find an empty disk where the driver has a folder."""
    processes: list[subprocess.Popen[bytes]] = []
    with (
        (scratch / "log.txt").open("wb") as log,
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        try:
            for _ in range(n):
                worker = (sys.executable, "-m", "dask", "worker", cluster.scheduler_address, "--no-nanny")
                options = ("--nthreads", "1", "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
                folder = ("--local-directory", str(scratch))
                processes.append(
                    subprocess.Popen(
                        [*_UNSHARE, "sh", "-c", _HIDE, str(hidden), *worker, *options, *folder],
                        cwd=scratch,
                        stdout=log,
                        stderr=log,
                    )
                )
            client.wait_for_workers(n, timeout=120)
            yield client, processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()

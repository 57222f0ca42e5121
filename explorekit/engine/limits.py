"""How many workers, of how much memory, this process may use on a machine that it shares."""

import math
import os
from dataclasses import dataclass

from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT

_CPU_VARIABLES = ("CPU_LIMIT", "SLURM_CPUS_PER_TASK", "PBS_NP", "NSLOTS", "LSB_DJOB_NUMPROC")
_MEMORY_VARIABLES = ("MEM_LIMIT",)
_SHARE = 0.8  # the rest is for the notebook's own process and its server


@dataclass(frozen=True)
class Limits:
    """What was chosen, and why.

    Parameters
    ----------
    workers
        Number of worker processes.
    memory
        Bytes for each.
    reason
        Where the numbers come from.
    """

    workers: int
    memory: int
    reason: str


def choose(n_workers: int | None = None) -> Limits:
    """Return the number of workers and the memory of each.

    Honours CPU affinity and cgroups as Dask does, and the variables of JupyterHub and of batch schedulers, which Dask
    does not read.

    Parameters
    ----------
    n_workers
        A number that the user asks for.
    """
    cpus, cpu_reason = _smallest(_CPU_VARIABLES, CPU_COUNT, "CPUs")
    memory, memory_reason = _smallest(_MEMORY_VARIABLES, MEMORY_LIMIT, "memory")
    workers = max(1, math.floor(cpus)) if n_workers is None else n_workers
    reason = ", ".join(filter(None, [cpu_reason if n_workers is None else "as asked", memory_reason]))
    return Limits(workers, int(_SHARE * memory / workers), reason)


def _smallest(variables: tuple[str, ...], available: float, what: str) -> tuple[float, str]:
    limit, reason = float(available), f"{available} CPUs" if what == "CPUs" else ""
    for name in variables:
        try:
            value = float(os.environ[name])
        except (KeyError, ValueError):
            continue
        if 0 < value < limit:
            limit, reason = value, f"{name}={os.environ[name]}"
    return limit, reason

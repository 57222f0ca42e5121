"""How many workers, of how much memory, this process may use on a machine that it shares."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dask.system import cpu_count
from dask.utils import format_bytes
from distributed.system import memory_limit

from explorekit.engine import cgroups

LEAST_MEMORY = 256 * 2**20  # a worker and its child take half of it before the simulation has begun
_SHARE = 0.8  # the rest is for the notebook's own process and its server

_CPU_VARIABLES = (
    "SLURM_CPUS_PER_TASK",
    "SLURM_CPUS_ON_NODE",
    "PBS_NCPUS",
    "NCPUS",
    "PBS_NUM_PPN",
    "PBS_NP",
    "NSLOTS",
    "LSB_DJOB_NUMPROC",
)
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Limits:
    """What was chosen, and why.

    Parameters
    ----------
    workers
        Number of worker processes; each runs one point at a time.
    memory
        Bytes for each.
    reason
        Where the numbers come from.
    """

    workers: int
    memory: int
    reason: str

    def __str__(self) -> str:
        processes = "worker process" if self.workers == 1 else "worker processes"
        return f"{self.workers} {processes} of at most {format_bytes(self.memory)} ({self.reason})"


@dataclass(frozen=True, order=True)
class _Bound:
    """A number that must not be exceeded, and who says so."""

    value: float
    source: str


def choose(
    n_workers: int | None = None, *, environ: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> Limits:
    """Return the number of workers and the memory of each; of all limits the smallest counts.

    Honours what Dask does (processors, CPU affinity, resource limits), all control groups of the process, and the
    variables that JupyterHub and batch schedulers set. What others use at the moment is not subtracted: it says nothing
    about the next hour.

    Parameters
    ----------
    n_workers
        A number that the user asks for; memory is divided among as many.
    environ, root
        Where to look: the environment, and the folder with ``proc`` and ``sys``.
    """
    cpus = min(_cpu_bounds(environ, root))
    memory = min(_memory_bounds(environ, root, cpus.value))
    if n_workers is not None:
        workers, reason = n_workers, "as asked"
    else:
        workers, reason = max(1, math.floor(cpus.value)), cpus.source
        room = max(1, int(_SHARE * memory.value / LEAST_MEMORY))
        if room < workers:
            workers, reason = room, f"at least {format_bytes(LEAST_MEMORY)} each"
    return Limits(workers, int(_SHARE * memory.value / workers), f"{reason}, {memory.source}")


def _cpu_bounds(environ: Mapping[str, str], root: Path) -> Iterator[_Bound]:
    available = cpu_count()
    processors = os.cpu_count() or available
    yield _Bound(
        available, f"{available} CPUs" if available == processors else f"{available} of {processors} CPUs"
    )
    if (quota := cgroups.cpus(root)) is not None:
        yield _Bound(quota[0], f"{quota[0]:g} CPUs by {quota[1]}")
    # A guarantee without a limit means: more only as long as nobody else wants it.
    yield from _variables(environ, ["CPU_LIMIT"] if _number(environ, "CPU_LIMIT") else ["CPU_GUARANTEE"])
    yield from _variables(environ, _CPU_VARIABLES)


def _memory_bounds(environ: Mapping[str, str], root: Path, cpus: float) -> Iterator[_Bound]:
    available = memory_limit()
    yield _Bound(available, f"{format_bytes(available)} of memory")
    if (limit := cgroups.memory(root)) is not None:
        yield _Bound(limit[0], f"{format_bytes(int(limit[0]))} by {limit[1]}")
    yield from _variables(environ, ["MEM_LIMIT"] if _number(environ, "MEM_LIMIT") else ["MEM_GUARANTEE"])
    yield from _variables(environ, ["SLURM_MEM_PER_NODE"], 2**20)
    allocated = _number(environ, "SLURM_CPUS_ON_NODE") or max(1, math.floor(cpus))
    yield from _variables(environ, ["SLURM_MEM_PER_CPU"], 2**20 * allocated)


def _variables(
    environ: Mapping[str, str], names: tuple[str, ...] | list[str], unit: float = 1
) -> Iterator[_Bound]:
    for name in names:
        if (number := _number(environ, name)) is not None:
            yield _Bound(number * unit, f"{name}={environ[name]}")


def _number(environ: Mapping[str, str], name: str) -> float | None:
    """Return a variable's value, or None if it sets no limit; suffixes are JupyterHub's."""
    text = environ.get(name, "").strip()
    unit = _UNITS.get(text[-1:].upper())
    try:
        number = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None

"""What driver, worker and child tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorekit.simulation.schema import Schema
from explorekit.space import Space
from explorekit.store.shard import Failure, Header, Positions

Ranges = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Job:
    """What every batch of a run has in common; sent to each worker once.

    Parameters
    ----------
    id
        Names the run in the cluster.
    payload
        The pickled simulation, how to call it, and its code version; unpickled in children only.
    space
        The space that positions are counted in.
    seed, seed_by, baselines
        What the points' random streams follow from.
    folder
        The study directory.
    epoch
        The driver's number.
    sys_path
        Where the driver finds modules; tried last, for imports inside functions.
    working_directory
        The driver's, which children share where it exists.
    """

    id: str
    payload: bytes
    space: Space
    seed: int
    seed_by: tuple[str, ...] | None
    baselines: Mapping[str, bytes]
    folder: str
    epoch: int
    sys_path: tuple[str, ...]
    working_directory: str


@dataclass(frozen=True, eq=False)
class Batch:
    """The points of one task.

    Parameters
    ----------
    sequence
        The batch's number within the epoch.
    ranges
        Array of shape (n, 2): stretches of flat positions, in increasing order.
    expected
        The schema known so far.
    budget
        Seconds after which the child hands in what it has.
    """

    sequence: int
    ranges: Ranges
    expected: Schema
    budget: float

    def positions(self) -> Positions:
        return np.concatenate([np.arange(start, stop) for start, stop in self.ranges.tolist()])


@dataclass(frozen=True, eq=False)
class Assignment:
    """A batch, or the rest of one, for one child.

    Parameters
    ----------
    batch
        The whole batch.
    shard
        Where to write the shard, under its temporary name.
    spool
        Where finished rows are kept in case the child dies; read back first, if it exists.
    culprits
        By row, the failure of points that a child died on.
    stop
        One past the last row to run.
    """

    batch: Batch
    shard: str
    spool: str
    culprits: Mapping[int, Failure]
    stop: int


@dataclass(frozen=True)
class Handed:
    """A child's reply: what it wrote.

    Parameters
    ----------
    done
        Number of leading rows of the batch that are finished.
    seconds
        Time spent in the simulation.
    header
        Of the shard, or None if no row is finished.
    digest
        First digits of the shard's SHA-256.
    failures
        The latest few.
    trouble
        Why the shard could not be written, or an empty text; with it, the errno.
    """

    done: int
    seconds: float
    header: Header | None = None
    digest: str = ""
    failures: tuple[Failure, ...] = ()
    trouble: str = ""
    errno: int = 0


@dataclass(frozen=True)
class Reply:
    """A task's reply to the driver: what was delivered under which name."""

    sequence: int
    handed: Handed
    name: str = ""


@dataclass
class Spooled:
    """Rows that a child finished, as its spool file keeps them."""

    stop: int
    columns: Mapping[str, object]
    failures: list[Failure]
    timings: list[tuple[float, ...]]
    status: bytes

"""What driver, worker and child tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from explorekit.engine.reasons import Reason
from explorekit.simulation.points import Seeding
from explorekit.simulation.schema import Schema
from explorekit.space import Space
from explorekit.space.positions import Positions
from explorekit.store.failures import Failure
from explorekit.store.header import Header

Ranges = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Policy:
    """What to do about runs that fail.

    Parameters
    ----------
    retries
        How often a run that fails is tried again.
    timeout
        Seconds after which a run is ended, or None.
    stop_at_failure
        Whether a batch ends with its first failure.
    """

    retries: int = 0
    timeout: float | None = None
    stop_at_failure: bool = False


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
    seeding
        What the points' random streams follow from.
    folder
        The study directory.
    epoch
        The driver's number.
    sys_path
        Where the driver finds modules; tried last, for imports inside functions.
    working_directory
        The driver's, which children share where it exists.
    policy
        What to do about runs that fail.
    """

    id: str
    payload: bytes
    space: Space
    seeding: Seeding
    folder: str
    epoch: int
    sys_path: tuple[str, ...]
    working_directory: str
    policy: Policy = Policy()


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

    @property
    def size(self) -> int:
        return int((self.ranges[:, 1] - self.ranges[:, 0]).sum())

    def positions(self, first: int = 0, last: int | None = None) -> Positions:
        """Return the flat positions of the rows from one to before another."""
        start, length = self.ranges[:, 0], self.ranges[:, 1] - self.ranges[:, 0]
        before = np.cumsum(length) - length
        low = np.clip(first - before, 0, length)
        high = length if last is None else np.clip(last - before, 0, length)
        used = np.flatnonzero(high > low)
        return np.concatenate([np.arange(start[i] + low[i], start[i] + high[i]) for i in used])


@dataclass(frozen=True, eq=False)
class Assignment:
    """A batch, or the rest of one, for one child.

    Parameters
    ----------
    batch
        The whole batch.
    shard, log
        Where to write the shard, under its temporary name, and what the points print.
    spool
        Where finished rows are kept in case the child dies; read back first, if it exists.
    stop
        One past the last row to run; those behind it that are in the spool run again.
    room
        Bytes of results after which to hand in what there is.
    culprits
        By row, the failure of points that a child died on, or was killed for.
    tries
        By row, how often a child died on points that are to be tried again.
    careful
        The rows among which a child died, not known which: to be run one at a time.
    """

    batch: Batch
    shard: str
    log: str
    spool: str
    stop: int
    room: int
    culprits: Mapping[int, Failure] = field(default_factory=dict)
    tries: Mapping[int, int] = field(default_factory=dict)
    careful: tuple[int, int] = (0, 0)


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
    reasons
        All, by kind.
    trouble
        Why the shard could not be written, or an empty text; with it, the errno.
    spread
        How much the finished rows differ in the time that each takes: variance / mean².
    cut
        Whether a point was given up, so that the child is not to be trusted with another.
    """

    done: int
    seconds: float
    header: Header | None = None
    digest: str = ""
    failures: tuple[Failure, ...] = ()
    reasons: tuple[Reason, ...] = ()
    trouble: str = ""
    errno: int = 0
    spread: float = 1.0
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Parcel:
    """What a worker that does not share the study's disk sends to the driver.

    Parameters
    ----------
    worker
        Its address.
    size
        Bytes of the shard.
    content
        The shard, if it is small.
    path
        Else, where it lies on the worker.
    log
        What the batch printed.
    """

    worker: str
    size: int = 0
    content: bytes = b""
    path: str = ""
    log: bytes = b""


@dataclass(frozen=True)
class Reply:
    """A task's reply to the driver.

    Parameters
    ----------
    sequence
        The batch's.
    handed
        The child's reply.
    name
        Under which the shard was delivered, or is to be; empty if there is none, or a newer driver has taken over.
    parcel
        What has yet to be delivered, or None.
    """

    sequence: int
    handed: Handed
    name: str = ""
    parcel: Parcel | None = None

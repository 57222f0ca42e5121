"""How what a batch leaves reaches the study: renamed into place on a shared disk, else sent to the driver as bytes.

What is small travels with the task's reply; the rest in pieces that the driver asks for, one after the other, so that
neither it nor the scheduler holds more than a few of them. Either way a file is durable under its final name before it
counts.
"""

import contextlib
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

from explorekit.engine.messages import Batch, Handed, Job, Parcel, Reply
from explorekit.store import durable
from explorekit.store.directory import StudyDirectory

SMALL = 2**20
PIECE = 2**23
_ARRIVES = 30.0  # seconds for a piece to arrive; its worker may be frozen
_HEARD = 3.0  # seconds for a worker to hear that the driver has a shard
AT_ONCE = 16  # replies that are fetched together, where each may carry a shard and a log of `SMALL`


class LostParcelError(Exception):
    """A shard did not arrive as it was sent; its batch has to run again."""


# ---- on a worker


@dataclass(frozen=True)
class Desk(ABC):
    """Where the child that runs a batch writes what it leaves, and how that goes on from there.

    Parameters
    ----------
    shard, log
        Where to write them; the shard under a temporary name.
    """

    job: Job
    batch: Batch
    shard: Path
    log: Path

    @abstractmethod
    def deliver(self, handed: Handed) -> Reply:
        """Hand over what was written."""

    def clear(self) -> None:
        """Remove what was not delivered."""
        self.shard.unlink(missing_ok=True)


class SharedDesk(Desk):
    """In the study directory itself."""

    @classmethod
    def at(cls, job: Job, batch: Batch) -> "SharedDesk":
        directory = StudyDirectory(job.folder)
        return cls(
            job, batch, durable.temporary_name(directory.runs), directory.path / "logs" / log_name(job, batch)
        )

    def deliver(self, handed: Handed) -> Reply:
        """Give the shard its final name, unless a newer driver has taken over."""
        directory = StudyDirectory(self.job.folder)
        if handed.header is None or directory.last_epoch() > self.job.epoch:
            return Reply(self.batch.sequence, handed)
        name = shard_name(self.job, self.batch, handed)
        durable.rename(self.shard, directory.runs / name)
        return Reply(self.batch.sequence, handed, name)


@dataclass(frozen=True)
class Outbox(Desk):
    """In a folder of the worker's, from where the driver fetches it."""

    worker: str

    @classmethod
    def at(cls, job: Job, batch: Batch, worker: str, folder: str) -> "Outbox":
        place = outbox_folder(folder, job.id)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(job, batch, durable.temporary_name(place), place / log_name(job, batch), worker)

    def deliver(self, handed: Handed) -> Reply:
        """Send what is small, and say where the rest lies."""
        log = self.log.read_bytes() if self.log.exists() else b""
        self.log.unlink(missing_ok=True)
        if handed.header is None:
            return Reply(self.batch.sequence, handed, parcel=Parcel(self.worker, log=log))
        size = self.shard.stat().st_size
        name = shard_name(self.job, self.batch, handed)
        if size <= SMALL:
            parcel = Parcel(self.worker, size, self.shard.read_bytes(), log=log)
        else:
            kept = self.shard.with_name(name)
            self.shard.rename(kept)
            parcel = Parcel(self.worker, size, path=str(kept), log=log)
        return Reply(self.batch.sequence, handed, name, parcel)


def outbox_folder(folder: str, job: str) -> Path:
    return Path(folder, f"explorekit-outbox-{job}")


def clear_outbox(folder: str, job: str) -> None:
    shutil.rmtree(outbox_folder(folder, job), ignore_errors=True)


def read_piece(path: str, offset: int) -> bytes:
    """Return the next bytes of a file in this worker's outbox."""
    with Path(path).open("rb") as file:
        file.seek(offset)
        return file.read(PIECE)


def discard(path: str) -> None:
    """Remove a file from this worker's outbox: the driver has it."""
    Path(path).unlink(missing_ok=True)


def shard_name(job: Job, batch: Batch, handed: Handed) -> str:
    return f"{job.epoch:06d}-{batch.sequence:08d}-{handed.digest}.nc"


def log_name(job: Job, batch: Batch) -> str:
    return f"{job.epoch:06d}-{batch.sequence:08d}.log"


# ---- in the driver


def receive(client: Client, directory: StudyDirectory, job: Job, batch: Batch, reply: Reply) -> str:
    """Write a batch's files into the study; returns the shard's name, empty if there is none or a newer driver is at it.

    Raises
    ------
    LostParcelError
        If the shard did not arrive.
    OSError
        If it cannot be written.
    """
    parcel = reply.parcel
    assert parcel is not None
    if reply.handed.trouble:
        raise LostParcelError(
            f"the worker at {parcel.worker} cannot write to its own disk: {reply.handed.trouble}"
        )
    if directory.last_epoch() > job.epoch:
        return ""
    if parcel.log:
        with contextlib.suppress(OSError):
            (directory.path / "logs" / log_name(job, batch)).write_bytes(parcel.log)
    if not reply.name:
        return ""
    temporary = durable.temporary_name(directory.runs)
    try:
        with temporary.open("xb") as file:
            file.write(parcel.content)
            while file.tell() < parcel.size:
                file.write(_fetch(client, parcel, file.tell()))
        if durable.content_hash(temporary) != reply.handed.digest:
            raise LostParcelError(f"a shard from {parcel.worker} was damaged on its way")
        durable.sync(temporary)
        durable.rename(temporary, directory.runs / reply.name)
    finally:
        temporary.unlink(missing_ok=True)
    if parcel.path:
        with contextlib.suppress(Exception):
            # Dask runs no plain function with wait=False.
            client.sync(client.run, discard, parcel.path, workers=[parcel.worker], callback_timeout=_HEARD)
    return reply.name


def _fetch(client: Client, parcel: Parcel, offset: int) -> bytes:
    try:
        pieces = client.sync(
            client.run, read_piece, parcel.path, offset, workers=[parcel.worker], callback_timeout=_ARRIVES
        )
        piece: bytes = pieces[parcel.worker]
    except TimeoutError as error:
        raise LostParcelError(f"the worker at {parcel.worker} does not send its shard") from error
    except Exception as error:
        raise LostParcelError(f"the worker at {parcel.worker} is gone with a shard: {error}") from error
    if not piece:
        raise LostParcelError(f"the worker at {parcel.worker} has lost a part of a shard")
    return piece

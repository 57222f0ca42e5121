"""What can go wrong: processes killed, files damaged, the disk full."""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.chaos.plan import Damage
from benchmarks.chaos.processes import kill, running

LARGE = "64m"
ROOM = 64 * 1024


class SmallDisk:
    """A file system of a few kilobytes that grows when asked; only root can mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._mounted = False

    @staticmethod
    def possible() -> bool:
        return os.name == "posix" and os.geteuid() == 0 and shutil.which("mount") is not None

    def mount(self) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", self.folder], check=True)
        self._mounted = True

    def shrink(self) -> None:
        """Leave little room beside what is there already."""
        disk = os.statvfs(self.folder)  # of files that come and go meanwhile, some could not be looked at
        self._resize(str((disk.f_blocks - disk.f_bfree) * disk.f_frsize + ROOM))

    def grow(self) -> None:
        self._resize(LARGE)

    def unmount(self) -> None:
        if self._mounted:
            subprocess.run(["umount", "-l", self.folder], check=True)

    def _resize(self, size: str) -> None:
        # Refused where more is in use by then; the next fault finds the disk as it is.
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        subprocess.run(command, check=False, capture_output=True)


def kill_one(mark: str, module: str, generator: random.Random) -> bool:
    """Kill one of a round's processes that run a module; returns whether there was one."""
    found = running(mark, module)
    if found:
        kill(generator.choice(found))
    return bool(found)


def kill_one_of(processes: Sequence[psutil.Process], generator: random.Random) -> bool:
    if processes:
        kill(generator.choice(processes))
    return bool(processes)


def tell(process: psutil.Process, number: signal.Signals) -> bool:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def damage(study: Path, kind: Damage, generator: random.Random) -> str:
    """Do something to the files of a study; returns the name of the shard that was hit, or an empty text."""
    runs, index = study / "runs", study / "index"
    if kind == "index":
        for entry in index.iterdir() if index.exists() else ():
            entry.unlink() if entry.is_file() else shutil.rmtree(entry)
        return ""
    if kind == "leftovers":
        (runs / ".0123456789abcdef.tmp").write_bytes(b"CDF\x01 what a writer left that died")
        return ""
    shards = sorted(path for path in runs.glob("*.nc") if not path.name.startswith("."))
    if not shards:
        return ""
    hit = generator.choice(shards)
    content = bytearray(hit.read_bytes())
    place = generator.randrange(len(content))
    if kind == "truncate":
        content = content[:place]
    elif kind == "flip":
        content[place] ^= 1 << generator.randrange(8)
    else:
        end = min(len(content), place + generator.choice([1, 16, 512]))
        if not any(content[place:end]):
            return ""
        content[place:end] = bytes(end - place)
    # In place, as rot does: same file, same time of change if it can be had.
    stat = hit.stat()
    hit.chmod(0o600)
    with hit.open("r+b") as file:
        file.write(content)
        file.truncate(len(content))
    hit.chmod(stat.st_mode & 0o777)
    if generator.random() < 0.5:
        os.utime(hit, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return hit.name

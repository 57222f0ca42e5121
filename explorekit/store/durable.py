"""Files that are whole or absent: written aside, synced, renamed, the directory synced.

A process that dies at any instant leaves either the old file or the new one. Holds on local file systems and on
those that rename atomically (NFS, Lustre, GPFS).
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HASH_LENGTH = 12
SMALL_BYTES = 256 * 1024


def temporary_name(folder: Path) -> Path:
    """Return a fresh name beside the final one, which no listing of results takes for a result."""
    return folder / f".{secrets.token_hex(8)}.tmp"


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file's content durably."""
    write_files(path.parent, {path.name: data})


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace the contents of some files of a folder durably; each by itself is whole or as it was."""
    temporary = {name: temporary_name(folder) for name in contents}
    try:
        for name, data in contents.items():
            with temporary[name].open("xb") as file:
                file.write(data)
        for name in contents:  # all are written before the disk is waited for, as it takes several at once
            sync(temporary[name])
        for name in contents:
            temporary[name].replace(folder / name)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
    sync(folder)


def sync(path: Path) -> None:
    """Wait until a file, or a directory's entries, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(path: Path) -> str:
    """Wait until a file is on disk, and hash it meanwhile if that takes long; returns what `content_hash` does."""
    if path.stat().st_size <= SMALL_BYTES:
        sync(path)
        return content_hash(path)
    with ThreadPoolExecutor(1) as pool:
        synced = pool.submit(sync, path)
        digest = content_hash(path)
        synced.result()
    return digest


def rename(temporary: Path, final: Path) -> None:
    """Give a synced file its final name durably."""
    temporary.replace(final)
    sync(final.parent)


def content_hash(path: Path) -> str:
    """Return the first digits of a file's SHA-256, which its final name ends in."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:HASH_LENGTH]


def check_small(path: Path) -> None:
    """Raise OSError if a file of at most `SMALL_BYTES` is not what its name says; others have checksums inside."""
    if path.stat().st_size <= SMALL_BYTES and path.stem.rsplit("-", 1)[-1] != content_hash(path):
        raise OSError("its content does not have the checksum that its name ends in")

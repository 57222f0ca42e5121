"""The study directory: what lies where, and how it is made and opened.

Nothing in it is a pickle, and nothing is an absolute path: it can be moved, renamed, zipped, and opened read-only.
"""

import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorekit.errors import StudyError, listing
from explorekit.space import Space
from explorekit.store import durable
from explorekit.store.spaces import read_space, space_hash, write_space
from explorekit.store.superseded import FOLDER as SUPERSEDED

FORMAT = 1
MARKER = "study.json"
FOLDERS = ("spaces", "code", "runs", SUPERSEDED, "index", "logs", "epochs")
TRASH = "trash"
# All that may lie in a study; `StudyDirectory.remove` removes nothing else.
ENTRIES = frozenset({MARKER, *FOLDERS, TRASH, "artifacts", "checkpoints", "lock", "quarantine", "views"})
_PRIVATE = 0o700


@dataclass(frozen=True)
class StudyRecord:
    """What ``study.json`` holds: data only.

    Parameters
    ----------
    name
        The study's name, from its simulation.
    seed
        The root of all random streams.
    seed_by
        The parameters that the streams depend on; None for all.
    space
        Hash of the current space.
    baselines
        Canonical values, as hexadecimal text, at which a parameter stays out of a point's key.
    code
        The current code version, or an empty text before the first run.
    kept
        Older code versions whose results count.
    created
        When the study was made, ISO 8601.
    sources
        The studies that results were taken over from: the folder's ``name``, and when that study was ``created``.
    """

    name: str
    seed: int
    space: str
    seed_by: tuple[str, ...] | None = None
    baselines: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    kept: tuple[str, ...] = ()
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    sources: tuple[Mapping[str, str], ...] = ()
    format: int = FORMAT


class StudyDirectory:
    """A directory that holds a study."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()  # whatever becomes of the working directory

    @classmethod
    def exists(cls, path: str | os.PathLike[str]) -> bool:
        """Return whether a study lies at a path.

        Raises
        ------
        StudyError
            If something else lies there.
        """
        folder = Path(path)
        if (folder / MARKER).is_file():
            return True
        if not folder.exists():
            return False
        if not folder.is_dir():
            raise StudyError(
                f"{folder} is a file; expected a study directory, or a path where nothing is yet. Give another path."
            )
        if any(not _is_leftover(entry) for entry in folder.iterdir()):
            raise StudyError(
                f"{folder} holds something other than a study ({_first_entry(folder)}, …); expected a study directory, an empty "
                f"one, or a path where nothing is yet. Nothing was changed; give another path."
            )
        return False

    @classmethod
    def create(cls, path: str | os.PathLike[str], record: StudyRecord, space: Space) -> "StudyDirectory":
        """Make a study directory, private to the user; the record is completed with the space.

        Raises
        ------
        StudyError
            If the place cannot be written.
        """
        directory = cls(path)
        try:
            directory.path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            for name in FOLDERS:
                (directory.path / name).mkdir(mode=_PRIVATE, exist_ok=True)
            directory.write_record(replace(record, space=directory.add_space(space)))
        except OSError as error:
            raise storage_error(error, directory.path) from error
        return directory

    # ---- the record

    def read_record(self) -> StudyRecord:
        """Read ``study.json``.

        Raises
        ------
        StudyError
            If it is damaged, or of a newer format.
        """
        file = self.path / MARKER
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["format"] > FORMAT:
                raise StudyError(
                    f"{file} has format {content['format']}; this explorekit reads up to {FORMAT}. Install a newer explorekit."
                )
            seed_by = content.pop("seed_by")
            return StudyRecord(
                **{
                    **content,
                    "kept": tuple(content["kept"]),
                    "sources": tuple(content.get("sources", ())),
                    "seed_by": None if seed_by is None else tuple(seed_by),
                }
            )
        except FileNotFoundError:
            raise StudyError(f"{self.path} holds no study: there is no {MARKER}. Check the path.") from None
        except OSError as error:
            raise StudyError(
                f"cannot read {file}: {error.strerror or error}. Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StudyError(
                f"{file} is damaged ({error}); restore it from a copy. Results in {self.path / 'runs'} are untouched."
            ) from None

    def write_record(self, record: StudyRecord) -> None:
        durable.write_bytes(self.path / MARKER, _pretty(asdict(record)).encode())

    def update_record(self, **changes: Any) -> StudyRecord:
        record = replace(self.read_record(), **changes)
        self.write_record(record)
        return record

    # ---- spaces

    def add_space(self, space: Space) -> str:
        """Keep a coordinate set; returns its hash."""
        name = space_hash(space)
        final = self.path / "spaces" / f"{name}.nc"
        if not final.exists():
            temporary = durable.temporary_name(final.parent)
            try:
                write_space(temporary, space)
                durable.sync(temporary)
                durable.rename(temporary, final)
            finally:
                temporary.unlink(missing_ok=True)
        return name

    def remove_spaces(self, names: Iterable[str]) -> None:
        """Delete coordinate sets that the study has grown beyond; for whoever holds the study's lock."""
        for name in names:
            (self.path / "spaces" / f"{name}.nc").unlink(missing_ok=True)

    def read_space(self, name: str) -> Space:
        """Read a coordinate set.

        Raises
        ------
        StudyError
            If it is missing or damaged.
        """
        file = self.path / "spaces" / f"{name}.nc"
        try:
            return read_space(file)
        except (OSError, RuntimeError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise StudyError(
                f"{file} is missing or damaged ({type(error).__name__}: {error}); restore it from a copy. "
                f"Results in {self.runs} are untouched."
            ) from error

    # ---- shards

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def shard_files(self) -> list[Path]:
        """Return the shards on disk, oldest epoch and sequence first."""
        return sorted(path for path in self.runs.glob("*.nc") if not path.name.startswith("."))

    def shard_names(self) -> set[bytes]:
        """Return the names of the shards on disk, of which there may be very many."""
        try:
            names = os.listdir(os.fsencode(self.runs))  # noqa: PTH208 - ten times as fast as paths
        except FileNotFoundError:
            return set()
        return {name for name in names if name.endswith(b".nc") and not name.startswith(b".")}

    def move_to_trash(self, names: Iterable[str]) -> None:
        """Move shards of which nothing counts any more away, durably."""
        trash = self.path / TRASH
        trash.mkdir(mode=_PRIVATE, exist_ok=True)
        for name in names:
            (self.runs / name).rename(trash / name)
        durable.sync(trash)
        durable.sync(self.runs)

    def superseded_files(self) -> list[Path]:
        """Return the files that name records which no longer count."""
        return sorted(path for path in (self.path / SUPERSEDED).glob("*.json") if path.name[0] != ".")

    def remove_leftovers(self) -> None:
        """Delete files that were being written when their writer died."""
        versions = self.path.glob("code/*")
        for folder in (self.path, *(self.path / name for name in FOLDERS), *versions):
            for leftover in folder.glob(".*.tmp"):
                if not leftover.is_dir():  # directories are locks, and another process may be at them
                    leftover.unlink(missing_ok=True)

    # ---- epochs

    def next_epoch(self) -> int:
        """Take the next number for a driver, which no other driver has."""
        folder = self.path / "epochs"
        number = self.last_epoch() + 1
        while True:
            try:
                os.close(os.open(folder / str(number), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                number += 1
            else:
                durable.sync(folder)
                return number

    def last_epoch(self) -> int:
        return max(
            (int(entry.name) for entry in (self.path / "epochs").iterdir() if entry.name.isdigit()), default=0
        )

    # ---- code versions

    def code_folder(self, version: str) -> Path:
        return self.path / "code" / version

    def code_versions(self) -> Iterator[str]:
        yield from sorted(entry.name for entry in (self.path / "code").iterdir() if entry.is_dir())

    def add_code(
        self,
        version: str,
        source: str,
        environment: Callable[[], Mapping[str, Any]],
        defaults: Mapping[str, str] | None = None,
        further: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Keep the source of a code version, its environment, and canonical values of its defaults as hexadecimal text.

        Further records are kept by name: ``objects``, the hashes of labelled objects, and ``arguments``, defaults to be read by people.
        Empty ones are left out.

        The environment is asked for only if the version is not kept yet.
        """
        folder = self.code_folder(version)
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
        records = {f"{name}.json": record for name, record in (further or {}).items() if record}
        names = ["source.py", "defaults.json", *records, "environment.json"]
        lacking = [name for name in names if not (folder / name).exists()]
        if not lacking:
            return
        texts = {"source.py": source, "defaults.json": _pretty(defaults or {})}
        texts |= {name: _pretty(record) for name, record in records.items()}
        if "environment.json" in lacking:
            texts["environment.json"] = _pretty(environment())
        durable.write_files(folder, {name: texts[name].encode() for name in lacking})

    def read_source(self, version: str) -> str:
        file = self.code_folder(version) / "source.py"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def has_environment(self, version: str) -> bool:
        return (self.code_folder(version) / "environment.json").exists()

    def read_environment(self, version: str) -> dict[str, Any]:
        file = self.code_folder(version) / "environment.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def read_defaults(self, version: str) -> dict[str, str]:
        file = self.code_folder(version) / "defaults.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def read_further(self, version: str, name: str) -> dict[str, Any]:
        """Return a further record of a code version; see `add_code`."""
        file = self.code_folder(version) / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8")) if version and file.exists() else {}

    def baselines(self, version: str) -> dict[str, bytes]:
        """Return the canonical values at which results of a code version lie along parameters that they were not given.

        The recorded baselines, but for those where that version's default is another: its results lie nowhere there.
        """
        defaults = self.read_defaults(version) if version else {}
        return {
            name: bytes.fromhex(value)
            for name, value in self.read_record().baselines.items()
            if defaults.get(name, value) == value
        }

    # ---- the end

    def remove(self) -> None:
        """Delete the directory, from one instant to the next for whoever looks; for whoever holds the study's lock.

        Raises
        ------
        StudyError
            If something lies in it that is no part of a study; nothing is deleted then.
        """
        entries = [entry.name for entry in self.path.iterdir()]
        foreign = sorted(n for n in entries if n not in ENTRIES and not n.endswith(".tmp"))
        if MARKER not in entries or foreign:
            raise StudyError(
                f"{self.path} holds more than a study: {listing(foreign)}. Nothing was deleted; move that elsewhere first."
                if foreign
                else f"{self.path} holds no study: there is no {MARKER}. Nothing was deleted."
            )
        real = self.path.resolve()
        aside = real.with_name(f".{real.name}.{secrets.token_hex(4)}.deleted")
        real.rename(aside)
        if self.path.is_symlink():
            self.path.unlink()
        shutil.rmtree(aside)

    # ---- room

    def check_writable(self) -> None:
        """Raise `StudyError` now if runs could not be written."""
        try:
            for name in FOLDERS:  # an archive may have dropped those that were empty
                (self.path / name).mkdir(mode=_PRIVATE, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.runs, prefix=".", suffix=".tmp") as file:
                file.write(b"\0" * 65536)
        except OSError as error:
            raise storage_error(error, self.path) from error


def _pretty(content: Any) -> str:
    return json.dumps(content, indent=1) + "\n"


def storage_error(error: OSError, path: Path) -> StudyError:
    """Return an operating system's error as one that says what to do."""
    remedies = {
        errno.ENOSPC: "the disk is full. Free some space; what is finished is kept, and running again continues.",
        errno.EDQUOT: "your quota is used up. Free some space; what is finished is kept, and running again continues.",
        errno.EROFS: "the file system is read-only. Give a path that you can write, or open the study with explorekit.open.",
        errno.EACCES: "you may not write there. Give a path that you can write, or open the study with explorekit.open.",
        errno.EPERM: "you may not write there. Give a path that you can write, or open the study with explorekit.open.",
    }
    remedy = remedies.get(error.errno or 0, f"{error.strerror or error}.")
    return StudyError(f"cannot write the study at {path}: {remedy}")


def _is_leftover(entry: Path) -> bool:
    """Return whether an entry is what an interrupted creation leaves: our own folders, without results."""
    if entry.name in FOLDERS and entry.is_dir():
        return not any(entry.glob("*.nc")) or entry.name == "spaces"
    return entry.name.startswith(".") and entry.name.endswith(".tmp")


def _first_entry(folder: Path) -> str:
    return min(entry.name for entry in folder.iterdir() if not _is_leftover(entry))

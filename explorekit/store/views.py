"""Views of a study that somebody marked: one small file each, in ``views/``."""

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorekit.errors import StudyError, suggest
from explorekit.store import durable
from explorekit.store.directory import storage_error

logger = logging.getLogger(__name__)

FOLDER = "views"
LONGEST_NAME = 80


class Views(MutableMapping[str, dict[str, Any]]):
    """Marked views of a study by name, oldest first: what `Explorer.state` gives, kept in the study.

    A dict in use. Each view is written as a whole or not at all, and another process sees it at once.

    Parameters
    ----------
    folder
        The study directory.
    """

    def __init__(self, folder: Path) -> None:
        self._study = folder
        self._folder = folder / FOLDER

    def __setitem__(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep a view, in place of one of the same name.

        Raises
        ------
        StudyError
            If the name is empty or too long, or the study cannot be written.
        TypeError
            If the state holds what JSON does not.
        """
        file = self._file(name)
        created = self._read(file)["created"] if file.exists() else datetime.now(UTC).isoformat()
        content = json.dumps({"name": name, "created": created, "state": dict(state)}, indent=1) + "\n"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            durable.write_bytes(file, content.encode())
        except OSError as error:
            raise storage_error(error, self._study) from error

    def __getitem__(self, name: str) -> dict[str, Any]:
        file = self._file(name)
        if not file.exists():
            raise KeyError(f"the study at {self._study} has no view {name!r}.{suggest(name, list(self))}")
        state: dict[str, Any] = self._read(file)["state"]
        return state

    def __delitem__(self, name: str) -> None:
        self[name]
        try:
            self._file(name).unlink(missing_ok=True)
            durable.sync(self._folder)
        except OSError as error:
            raise storage_error(error, self._study) from error

    def __iter__(self) -> Iterator[str]:
        files = [file for file in self._folder.glob("*.json") if not file.name.startswith(".")]
        contents = []
        for file in files:
            try:
                contents.append(self._read(file))
            except StudyError as error:  # one damaged file hides none of the others
                logger.warning("%s", error)
        return iter([one["name"] for one in sorted(contents, key=lambda one: (one["created"], one["name"]))])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<views of {self._study.name}: {', '.join(map(repr, self)) or 'none'}>"

    def _file(self, name: str) -> Path:
        if not isinstance(name, str) or not name.strip():
            raise StudyError(f"got {name!r}; expected the name of a view, a text that is not empty.")
        if len(name) > LONGEST_NAME:
            raise StudyError(
                f"the name of a view has at most {LONGEST_NAME} letters; got {len(name)}. Give a shorter one."
            )
        # Any text is a name of a view, and not of a file; two that differ in case alone are two.
        readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return self._folder / f"{readable}-{digest}.json"

    @staticmethod
    def _read(file: Path) -> dict[str, Any]:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            kept = {key: content[key] for key in ("name", "created", "state")}
        except OSError as error:
            raise StudyError(
                f"cannot read {file}: {error.strerror or error}. Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StudyError(f"{file} is damaged ({error}); delete it.") from None
        return kept

"""A strategy that knows beforehand what it asks for."""

from typing import Any

import explorekit as ek


class Listed:
    """Asks for spaces that are listed, and keeps what it is told."""

    def __init__(self, *spaces: Any) -> None:
        self.spaces = list(spaces)
        self.told: list[Any] = []

    def ask(self) -> ek.Space | None:
        return self.spaces.pop(0) if self.spaces else None

    def tell(self, results: Any) -> None:
        self.told.append(results.load())

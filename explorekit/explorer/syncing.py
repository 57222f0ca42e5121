"""Who turned a control? Somebody, or the explorer, which sets it to what is shown."""

from types import TracebackType


class Syncing:
    """True while controls are set to what is shown, so that it is not taken for somebody's choice.

    Examples
    --------
    >>> syncing = Syncing()
    >>> with syncing:
    ...     bool(syncing)
    True
    >>> bool(syncing)
    False
    """

    def __init__(self) -> None:
        self._depth = 0

    def __bool__(self) -> bool:
        return self._depth > 0

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1

"""Why did runs fail? Failures of the same kind together, with their number and a few examples."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from explorekit.engine.progress import FailureGroup
from explorekit.store.failures import Failure

MOST_KINDS = 20
MOST_EXAMPLES = 10
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Reason:
    """One kind of failure among the rows of a batch.

    Parameters
    ----------
    kind
        Type and first line of the message, numbers left out: what its failures have in common.
    error
        Type and message of the latest.
    count
        Number of rows.
    rows
        The latest few.
    traceback
        Of the latest.
    """

    kind: str
    error: str
    count: int
    rows: tuple[int, ...]
    traceback: str


def reasons(failures: Iterable[Failure]) -> tuple[Reason, ...]:
    """Return the kinds of some failures, the most frequent first; of very many kinds only these."""
    found: dict[str, list[Failure]] = {}
    for failure in failures:
        found.setdefault(_kind(failure), []).append(failure)
    frequent = sorted(found.items(), key=lambda item: -len(item[1]))[:MOST_KINDS]
    return tuple(
        Reason(kind, _text(same[-1]), len(same), _latest_rows(same), same[-1].traceback)
        for kind, same in frequent
    )


def _kind(failure: Failure) -> str:
    return f"{failure.error}: {_NUMBER.sub('…', failure.message.partition(chr(10))[0])}"


def _text(failure: Failure) -> str:
    return f"{failure.error}: {failure.message}"


def _latest_rows(failures: Sequence[Failure]) -> tuple[int, ...]:
    return tuple(failure.row for failure in failures[-MOST_EXAMPLES:])


class Reasons:
    """The kinds of failures that a run has met."""

    def __init__(self) -> None:
        self._groups: dict[str, FailureGroup] = {}
        self.groups: tuple[FailureGroup, ...] = ()

    def add(self, reasons: Iterable[Reason], describe: Callable[[int], str]) -> None:
        """Take in those of a batch.

        Parameters
        ----------
        reasons
            Theirs.
        describe
            Returns the point of a row as text.
        """
        for reason in reasons:
            before = self._groups.get(reason.kind)
            if before is None and len(self._groups) >= MOST_KINDS:
                continue
            points = tuple(describe(row) for row in reason.rows)
            same = before is None or before.error == reason.error
            self._groups[reason.kind] = FailureGroup(
                kind=reason.kind,
                error=reason.error if same else reason.kind,
                count=reason.count + (before.count if before else 0),
                points=((before.points if before else ()) + points)[-MOST_EXAMPLES:],
                traceback=reason.traceback,
            )
        self.groups = tuple(sorted(self._groups.values(), key=lambda group: -group.count))

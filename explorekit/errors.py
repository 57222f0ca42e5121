"""The errors that explorekit raises; each names what was given, what was expected and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class ExplorekitError(Exception):
    """Base of every error that explorekit raises on purpose."""


class SpaceError(ExplorekitError, ValueError):
    """A space, or a parameter in it, that cannot be explored."""


class SimulationError(ExplorekitError, TypeError):
    """A simulation that cannot be called with the parameters of its space, or cannot travel to a worker."""


class OutputError(ExplorekitError, TypeError):
    """A simulation returned something that has no place in the results."""


class StudyError(ExplorekitError):
    """A study directory that cannot be used as asked."""


class SpaceMismatchError(StudyError, ValueError):
    """A study directory already holds another space."""


class StudyBusyError(StudyError):
    """Another process is running the study."""


class ShardError(StudyError):
    """A file below ``runs/`` is damaged, or is not a shard."""


class CodeChangedError(StudyError):
    """The simulation's code differs from the code that made the results at hand."""


class MergeConflictError(StudyError):
    """Studies that are to be merged have different numbers at a point."""


class RunError(ExplorekitError, RuntimeError):
    """A run ended before its last point for a reason other than the simulation."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name nearest to a misspelled one, or an empty text."""
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def listing(items: Iterable[object], limit: int = 5) -> str:
    """Return the first items, comma separated, with a count of those left out."""
    texts = [repr(item) for item in items]
    more = f", … ({len(texts) - limit} more)" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more

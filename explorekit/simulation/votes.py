"""Which structure each output has, where points disagree: that of most of them.

Not that of the first point, which may be the odd one, nor that of the first batch to arrive, which is a matter of luck.
"""

from collections.abc import Mapping

from explorekit.errors import OutputError
from explorekit.simulation.schema import Field, join

Structure = tuple[tuple[str, ...], str, bool]


class Votes:
    """Counts the points that returned each output in each structure; equal votes go to the one that came first."""

    def __init__(self) -> None:
        self._points: dict[str, dict[Structure, int]] = {}
        self._fields: dict[tuple[str, Structure], Field] = {}

    def add(self, fields: Mapping[str, Field], points: int) -> None:
        """Count the points of a shard."""
        for name, one in fields.items():
            structure = one.dims, one.family, one.coordinate
            counts = self._points.setdefault(name, {})
            counts[structure] = counts.get(structure, 0) + points
            known = self._fields.get((name, structure))
            self._fields[name, structure] = one if known is None or known == one else join(name, known, one)

    def schema(self, minimum: int = 0) -> dict[str, Field]:
        """Return each output's leading field, of those that at least `minimum` points and more than half agree on."""
        leading = {}
        for name, counts in self._points.items():
            structure = max(counts, key=lambda s: counts[s])  # the first of equals
            if counts[structure] >= minimum and (not minimum or 2 * counts[structure] > sum(counts.values())):
                leading[name] = self._fields[name, structure]
        return leading


def contradiction(schema: Mapping[str, Field], fields: Mapping[str, Field]) -> str:
    """Return why some fields do not fit a schema, or an empty text."""
    try:
        for name, one in fields.items():
            if name in schema:
                join(name, schema[name], one)
    except OutputError as error:
        return str(error)
    return ""

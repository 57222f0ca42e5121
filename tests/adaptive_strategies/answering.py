"""A strategy that is answered by a function in this process, without a study."""

import numpy as np

from explorekit.adaptive.asked import asked


def answer(strategy, function, most=10_000):
    """Ask and tell until the end; return the points in their order, none of which is asked for twice, and each ask's number."""
    points, asks = [], []
    while (space := strategy.ask()) is not None:
        wanted = asked(space)
        rows = list(wanted.points.points())
        assert all(row not in points for row in rows)
        points += rows
        asks.append(len(rows))
        assert len(points) <= most
        values = np.array([function(**rows[i]) for i in wanted.order.tolist()], dtype=float)
        failed = np.isnan(values)
        results = wanted.points.to_dataset().isel(point=wanted.order)
        strategy.tell(results.assign(y=("point", values), status=("point", np.where(failed, 2, 1))))
    return points, asks

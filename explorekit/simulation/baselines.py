"""The values that parameters have where a space does not give them: there they stay out of a point's key."""

from collections.abc import Mapping

import numpy as np

from explorekit.errors import SpaceError
from explorekit.simulation.calling import Call
from explorekit.space.identity import canonical
from explorekit.space.parameter import REPETITION, Param, named
from explorekit.space.values import as_values


def baselines_with(recorded: Mapping[str, str], call: Call) -> dict[str, str]:
    """Return recorded baselines and, for names that have none, the signature's defaults; canonical, as hexadecimal text.

    Parameters
    ----------
    recorded
        What stays, whatever the defaults have become.
    call
        How the simulation receives its parameters. One that reaches an argument of another name has that one's default.
    """
    baselines = {REPETITION: canonical(as_values(REPETITION, 0))[0].hex()}
    for name, value in call.defaults.items():
        try:
            whole = isinstance(value, np.ndarray) and value.ndim > 0
            values = named(name, Param(value, fixed=True)).values if whole else as_values(name, value)
        except SpaceError:
            continue
        if values.ndim == 0:
            baselines[name] = canonical(values)[0].hex()
    baselines |= recorded
    for parameter, argument in call.direct:
        if argument in baselines:
            baselines.setdefault(parameter, baselines[argument])
    return baselines

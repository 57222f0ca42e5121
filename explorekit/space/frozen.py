"""A distribution of SciPy as the Python expression that makes it again."""

import re
import sys
from typing import Any

import numpy as np

_PLAIN = re.compile(r"(\w+)\(((?:\w+=np\.float64\([-+.0-9e]+\)(?:, )?)*)\)")


def family(frozen: Any) -> str:
    """Return the name of a distribution's family; of one that is none of SciPy's own, that of its class."""
    if not hasattr(frozen, "dist"):
        return type(frozen).__name__
    name = str(frozen.dist.name)
    known = type(getattr(sys.modules.get("scipy.stats"), name, None)) is type(frozen.dist)
    return name if known else type(frozen.dist).__name__


def expression(frozen: Any) -> str:
    """Return the expression of a distribution, in which ``stats`` is `scipy.stats` and ``np`` is NumPy.

    Distributions of a class of one's own, and what SciPy makes of others by arithmetic, have none: they are text in angle brackets.
    """
    stats = sys.modules.get("scipy.stats")
    if not hasattr(frozen, "dist"):
        text = " ".join(repr(frozen).split())
        plain = _PLAIN.fullmatch(text.replace("StandardNormal", "Normal"))
        if plain is None or not isinstance(frozen, getattr(stats, plain[1], ())):
            return f"<{text}>"
        numbers = re.sub(r"np\.float64\((.*?)\)", r"\1", plain[2])
        return f"stats.{plain[1]}({numbers})"
    arguments = _arguments(frozen)
    name = family(frozen)
    if type(frozen.dist) is type(getattr(stats, name, None)):
        return f"stats.{name}({arguments})"
    made = _made_of_numbers(frozen.dist, name)
    if not made:
        return f"<{name}({arguments})>"
    return f"{made}({arguments})" if arguments else made


def _arguments(frozen: Any) -> str:
    from explorekit.space.expression import scalar_expression

    texts = [scalar_expression(np.asarray(value)[()]) for value in frozen.args]
    return ", ".join(texts + [f"{k}={scalar_expression(np.asarray(v)[()])}" for k, v in frozen.kwds.items()])


def _made_of_numbers(dist: Any, name: str) -> str:
    """Return the call that makes a distribution of a histogram, or of values with a probability each; otherwise nothing."""
    from explorekit.space.expression import values_expression

    if name == "rv_histogram":
        counts, edges = (values_expression(np.asarray(part)) for part in dist._histogram)  # noqa: SLF001
        return f"stats.rv_histogram(({counts}, {edges}), density={bool(dist._density)})"  # noqa: SLF001
    if name == "rv_sample":
        values, p = (values_expression(np.asarray(part)) for part in (dist.xk, dist.pk))
        return f"stats.rv_discrete(values=({values}, {p}))"
    return ""

"""Which points come next? Strategies that decide by what came of the earlier ones, and what drives them."""

from explorekit.adaptive.bisect import Bisect
from explorekit.adaptive.exploring import explore_adaptively, explore_study
from explorekit.adaptive.learner import Learner
from explorekit.adaptive.minimize import Minimize
from explorekit.adaptive.optuna_study import Optuna
from explorekit.adaptive.protocol import Strategy
from explorekit.adaptive.refine import Refine
from explorekit.adaptive.search import PatternSearch
from explorekit.adaptive.update import Update

__all__ = [
    "Bisect",
    "Learner",
    "Minimize",
    "Optuna",
    "PatternSearch",
    "Refine",
    "Strategy",
    "Update",
    "explore_adaptively",
    "explore_study",
]

"""Which points come next? Strategies that decide by what came of the earlier ones, and what drives them."""

from explorekit.adaptive.exploring import explore_adaptively, explore_study
from explorekit.adaptive.protocol import Strategy
from explorekit.adaptive.update import Update

__all__ = ["Strategy", "Update", "explore_adaptively", "explore_study"]

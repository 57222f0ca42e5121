"""What is explored? Parameters as labelled coordinates, and the algebra that combines them."""

from explorekit.space.distributions import categorical
from explorekit.space.parameter import param
from explorekit.space.space import Space

__all__ = ["Space", "categorical", "param"]

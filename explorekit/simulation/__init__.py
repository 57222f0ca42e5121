"""How does one point run? The calling convention, outputs and their dimensions, and the code's identity."""

from explorekit.simulation.declare import Simulation, simulation

__all__ = ["Simulation", "simulation"]

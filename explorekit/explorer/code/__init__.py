"""Which lines draw it again? xarray and matplotlib, and nothing of ours."""

from explorekit.explorer.code.script import code_of

__all__ = ["code_of"]

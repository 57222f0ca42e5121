"""``python -m explorekit``: see `explorekit.cli`."""

from explorekit.cli import main

main(prog_name="explorekit")

"""Kill drivers, workers and children at random moments, many rounds: ``python -m benchmarks.chaos``."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests" / "engine" / "test_kill.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=20, help="studies that are run through five kills each (default: 20)"
    )
    environment = {**os.environ, "EXPLOREKIT_KILLS": str(parser.parse_args().rounds)}
    command = [sys.executable, "-m", "pytest", str(TESTS), "-q", "--timeout=600"]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()

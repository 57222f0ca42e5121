"""Run the benchmarks and print their figures: ``python -m benchmarks``."""

import argparse
import statistics

from benchmarks import sweep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="runs of each, in turn (default: 11)")
    pairs = sweep.compare(parser.parse_args().pairs)
    points = sweep.SHAPE[0] * sweep.SHAPE[1]
    print(f"a trivial function over {points:,} points into netCDF, {sweep.WORKERS} workers, seconds:")
    print("  explorekit  joblib by hand  ratio")
    for ours, theirs in pairs:
        print(f"  {ours:10.3f}  {theirs:14.3f}  {ours / theirs:5.2f}")
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"median ratio explorekit / joblib: {ratio:.2f} (at most 1.00 is the aim)")


if __name__ == "__main__":
    main()

"""Play rounds of chaos and say what came of them."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from benchmarks.chaos.plan import draw
from benchmarks.chaos.processes import Forker
from benchmarks.chaos.reference import Reference
from benchmarks.chaos.round import Outcome, Round


def play(seeds: range, jobs: int) -> Iterator[tuple[int, Outcome | Exception]]:
    """Play a round for every seed, a few at once; yields what came of each."""
    forker = Forker()
    reference = Reference(forker)

    def one(seed: int) -> Outcome:
        return Round(draw(seed), forker, reference).play()

    pool = ThreadPoolExecutor(jobs)
    try:
        rounds = {pool.submit(one, seed): seed for seed in seeds}
        for done in as_completed(rounds):
            error = done.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield rounds[done], error or done.result()
    finally:
        # An interrupt lets the rounds that go on clean up after themselves.
        pool.shutdown(cancel_futures=True)
        reference.close()
        forker.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first round; the next has the next (default: 1)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="rounds at once (default: 2)")
    given = parser.parse_args()
    began, failed = time.monotonic(), []
    totals: dict[str, Counter[str]] = {"struck": Counter(), "ended": Counter(), "left out": Counter()}
    for seed, outcome in play(range(given.seed, given.seed + given.rounds), given.jobs):
        if isinstance(outcome, Exception):
            failed.append(seed)
            print(f"seed {seed} FAILED: {type(outcome).__name__}: {outcome}\n{draw(seed)}", flush=True)
            continue
        totals["struck"] += outcome.struck
        totals["ended"] += outcome.ended
        totals["left out"] += outcome.left_out
        what = ", ".join(f"{name} {count}" for name, count in outcome.struck.items()) or "nothing"
        print(f"seed {seed}: {outcome.seconds:.1f} s, {outcome.plan.points} points; {what}", flush=True)
    for title, counts in totals.items():
        print(f"{title}: {', '.join(f'{name} {count}' for name, count in counts.most_common()) or 'nothing'}")
    print(f"{given.rounds} rounds in {time.monotonic() - began:.0f} s, {len(failed)} failed")
    if failed:
        again = " ".join(map(str, sorted(failed)))
        print(f"replay one alone: python -m benchmarks.chaos --rounds 1 --seed SEED, of {again}")
        sys.exit(1)


if __name__ == "__main__":
    main()

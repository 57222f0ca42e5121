"""A slider has come to rest when it has not moved for a moment, as far as the kernel could hear of it."""

import time

from explorekit.explorer import threads
from explorekit.explorer.resting import Rest


class Counter:
    def __init__(self):
        self.times = []

    def count(self):
        self.times.append(time.monotonic())


def test_it_is_called_once_a_moment_after_the_last_move(loop, eventually):
    counter = Counter()
    rest = Rest(counter.count)
    for _ in range(5):
        last = time.monotonic()
        rest.moved(0.05)
    eventually(lambda: threads.run_waiting() or counter.times)
    time.sleep(0.2)
    threads.run_waiting()
    assert [late >= last + 0.05 for late in counter.times] == [True]


def test_a_kernel_that_was_busy_may_hear_of_a_move_first(loop):
    counter = Counter()
    rest = Rest(counter.count)
    rest.moved(0.05)
    time.sleep(0.2)  # draws what is linked, while the next move waits to be heard
    threads.run_waiting()
    assert not counter.times
    time.sleep(0.2)
    threads.run_waiting()
    assert len(counter.times) == 1


def test_what_is_stopped_or_freed_is_not_called(loop):
    stopped, freed = Counter(), Counter()
    first, second = Rest(stopped.count), Rest(freed.count)
    first.moved(0.02)
    second.moved(0.02)
    first.stop()
    times = freed.times
    del freed
    for _ in range(2):  # as who is late waits once more
        time.sleep(0.1)
        threads.run_waiting()
    assert not stopped.times
    assert not times

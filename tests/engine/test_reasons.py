"""Failures of the same kind, together."""

from explorekit.engine.reasons import MOST_EXAMPLES, MOST_KINDS, Reasons, reasons
from explorekit.store.failures import Failure


def failures_of(messages, error="ValueError"):
    return [Failure(row, error, message, f"Traceback {row}") for row, message in enumerate(messages)]


def test_errors_that_differ_by_numbers_only_are_of_one_kind():
    found = reasons(failures_of(["rate -0.5 is negative", "rate -1e-3 is negative", "no such file: run2"]))

    assert [(reason.kind, reason.count) for reason in found] == [
        ("ValueError: rate … is negative", 2),
        ("ValueError: no such file: run2", 1),
    ]
    assert found[0].error == "ValueError: rate -1e-3 is negative"
    assert found[0].traceback == "Traceback 1"


def test_kinds_of_several_batches_add_up():
    known = Reasons()
    for message in ("bad: 1", "bad: 2"):
        known.add(reasons(failures_of([message] * 30)), lambda row: f"a={row}")

    (group,) = known.groups
    assert (group.count, group.error) == (60, "ValueError: bad: …")
    assert len(group.points) == MOST_EXAMPLES
    assert group.points[-1] == "a=29"


def test_an_error_whose_text_never_differs_is_told_as_it_is():
    known = Reasons()
    for _ in range(2):
        known.add(reasons(failures_of(["the limit is 5\nand more"])), str)

    assert known.groups[0].error == "ValueError: the limit is 5\nand more"


def test_very_many_kinds_take_no_more_room_and_the_frequent_stay():
    words = [chr(ord("a") + i // 26) + chr(ord("a") + i % 26) for i in range(3 * MOST_KINDS)]
    known = Reasons()
    known.add(reasons(failures_of([*words, "again", "again"])), str)
    known.add(reasons(failures_of(["later"])), str)

    assert len(known.groups) == MOST_KINDS
    assert known.groups[0].error == "ValueError: again"

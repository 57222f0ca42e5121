"""In a kernel, results are read on the thread that runs cells, and nowhere else: HDF5 is not thread-safe."""

import threading

from explorekit.explorer import explore, threads


def in_another_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_what_another_thread_finds_waits_for_the_kernels_thread(loop):
    called_in = []
    in_another_thread(lambda: threads.on_kernel_thread(lambda: called_in.append(threading.current_thread())))
    assert called_in == []
    for callback in loop.callbacks:
        callback()
    assert called_in == [threading.main_thread()]


def test_on_the_kernels_thread_it_is_done_at_once(loop):
    called = []
    threads.on_kernel_thread(lambda: called.append(1))
    assert called == [1]
    assert loop.callbacks == []


def test_a_failure_is_logged_and_the_rest_is_done(loop, caplog):
    called = []
    in_another_thread(lambda: threads.on_kernel_thread(lambda: 1 / 0))
    in_another_thread(lambda: threads.on_kernel_thread(lambda: called.append(1)))
    threads.run_waiting()
    assert called == [1]
    assert "ZeroDivisionError" in caplog.text


def test_without_a_kernel_it_is_done_at_once():
    called = []
    in_another_thread(lambda: threads.on_kernel_thread(lambda: called.append(1)))
    assert called == [1]


def test_positions_that_a_slider_only_passed_through_are_not_drawn(loop, results):
    explorer = explore(results, "V", x="time")
    slider, shown = explorer.controls["I"], []
    explorer.on_shown(lambda: shown.append(explorer.view.index("I")))
    # A subshell takes message after message while the kernel's thread is drawing.
    in_another_thread(lambda: [setattr(slider, "index", at) for at in (1, 2, 3, 9)])
    assert shown == []
    threads.run_waiting()
    assert shown == [9]


def test_a_pick_that_is_heard_while_another_is_drawn_is_not_lost(loop, results, monkeypatch):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    picture = explorer.picture
    picture._handle_custom_msg("ready", [])
    drawn = picture._state

    def meanwhile(*shot):
        monkeypatch.setattr(picture, "_state", drawn)
        in_another_thread(lambda: picture.set_state({"pick": []}))
        return drawn(*shot)

    monkeypatch.setattr(picture, "_state", meanwhile)
    in_another_thread(lambda: picture.set_state({"pick": [1, 0]}))
    threads.run_waiting()
    threads.run_waiting()
    assert picture.pick == []
    assert not explorer.shown.frame.pick


def test_a_pick_elsewhere_is_told_to_the_browser(loop, results):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    explorer.picture._handle_custom_msg("ready", [])
    for places in ([1, 0], [], [0, 1]):
        explorer.pick(places)
        assert explorer.picture.pick == places
        explorer.picture.set_state({"pick": [1, 1]})
        assert list(explorer.shown.frame.pick) == [1, 1]
